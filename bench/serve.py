"""What a request costs the server, by processor time: ours against nginx, on the same files.

Feeds and front pages in four languages, as the scheduled job wrote them; nginx runs with
``docs/nginx.conf`` as it stands but for its addresses, and once more with next to nothing in
its configuration, as the fastest it can be. They take turns, on the same machine in the same
minutes; the load generator's own time is not counted.
"""

import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.conditions import libraries, program
from bench.processes import cpu_seconds, free_port, running
from bench.published import GONE, LANGUAGES, MOVED, ROOT, environment, make_site

CONNECTIONS = 64
PATHS = tuple(
    f"/{language}/{name}" for language in LANGUAGES for name in ("feed.atom", "feed.rss", "")
)
#: What readers say, by the key of the figure.
CASES = ("200", "gzip", "304")

CONDITIONS = {
    **libraries("uvicorn", "httptools", "uvloop"),
    "nginx": program("nginx", "-v"),
    "wrk": program("wrk", "-v").partition(" Copyright")[0],
    "files": f"{len(PATHS)}: two feeds and the front page in {', '.join(LANGUAGES)}, in turn",
    "load": f"wrk, 1 thread, {CONNECTIONS} connections that stay open",
    "servers": "one process each; nginx with docs/nginx.conf, bare_nginx without its headers",
    "figures": "requests per second of processor time; median of rounds that take turns",
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """One of those that are compared, while it runs."""

    name: str
    pid: int
    port: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a load took."""

    requests: int
    #: Of the server's processor time.
    seconds: float

    @property
    def per_second(self) -> float:
        """Requests per second of processor time."""
        return self.requests / max(self.seconds, 0.01)


def measure(*, quick: bool) -> dict[str, object]:
    """Return ratios to nginx, and the requests per second that they come from."""
    missing = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(
            f"bench serve needs {' and '.join(missing)}; on Debian and Ubuntu: "
            "apt-get install --no-install-recommends nginx wrk\n"
        )
        sys.exit(1)
    rounds, seconds = (3, 2) if quick else (7, 6)
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as name:
        home = Path(name)
        make_site(home)
        with _all(home) as servers:
            # With so little configuration it says less: only the others are alike.
            _compare(servers[:2])
            costs = {case: _rounds(servers, home, case, rounds, seconds) for case in CASES}
    return _figures(costs)


#: By the name of the server, what each round took.
Costs = dict[str, list[Cost]]


def _figures(costs: Mapping[str, Costs]) -> dict[str, object]:
    figures: dict[str, object] = {}
    for peer in ("nginx", "bare_nginx"):
        for case, of in costs.items():
            rounds = zip(of["ours"], of[peer], strict=True)
            ratio = median(ours.per_second / theirs.per_second for ours, theirs in rounds)
            figures[f"vs_{peer}_{case}"] = round(ratio, 3)
    for name in ("ours", "nginx", "bare_nginx"):
        figures[f"{name}_per_cpu_s"] = {
            case: round(median(cost.per_second for cost in of[name])) for case, of in costs.items()
        }
    return figures


def _rounds(servers: Sequence[Server], home: Path, case: str, rounds: int, seconds: int) -> Costs:
    scripts = {server: _script(home, server, case) for server in servers}
    for server, script in scripts.items():
        _load(server, script, 1)
    found: Costs = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server, script in scripts.items():
            found[server.name].append(_load(server, script, seconds))
    return found


def _load(server: Server, script: Path, seconds: int) -> Cost:
    before = cpu_seconds(server.pid)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    said = subprocess.run(  # noqa: S603
        [*command, f"http://127.0.0.1:{server.port}/"], capture_output=True, text=True, check=True
    ).stdout
    worked = cpu_seconds(server.pid) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{server.name} did not answer well:\n{said}")
    found = re.search(r"(\d+) requests in", said)
    return Cost(requests=int(found[1]) if found else 0, seconds=worked)


def _script(home: Path, server: Server, case: str) -> Path:
    """Write what wrk shall send: the same requests in turn, made beforehand."""
    lines = []
    for path in PATHS:
        headers = {"Host": "news.example.org", "User-Agent": "reader/1.0", "Accept": "*/*"}
        if case != "200":
            headers["Accept-Encoding"] = "gzip"
        if case == "304":
            headers["If-None-Match"] = _get(server, path, **headers)[1]["etag"]
        request = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        lines.append(f"[=[GET {path} HTTP/1.1\r\n{request}\r\n]=]")
    place = home / f"{server.name}-{case}.lua"
    # Lua reads line ends in long brackets as one character: they are put back.
    text = ",\n".join(lines).replace("\r\n", "\\r\\n").replace("[=[", '"').replace("]=]", '"')
    place.write_text(
        f"local requests = {{\n{text}\n}}\nlocal turn = 0\n"
        "request = function()\n  turn = turn % #requests + 1\n  return requests[turn]\nend\n",
        encoding="utf-8",
    )
    return place


def _get(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": "news.example.org", **headers})
        reply = connection.getresponse()
        fields = {name.lower(): value for name, value in reply.getheaders()}
        return reply.status, fields, reply.read()


#: Headers that both must say alike.
_ALIKE = (
    "content-type",
    "content-encoding",
    "cache-control",
    "vary",
    "link",
    "access-control-allow-origin",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
)


def _compare(servers: Sequence[Server]) -> None:
    """Raise RuntimeError unless both servers answer alike, so that like is compared with like."""
    for path in PATHS:
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            replies = [_get(server, path, **headers) for server in servers]
            told = [
                (status, [fields.get(name) for name in _ALIKE], body)
                for status, fields, body in replies
            ]
            if told[0] != told[1]:
                raise RuntimeError(f"two answers for {path} {headers}: {replies}")
    for path, status in ((GONE, 410), (MOVED, 301), ("/none", 404), ("/en/.x", 404)):
        found = [_get(server, path)[0] for server in servers]
        if found != [status, status]:
            raise RuntimeError(f"{path} is answered with {found}")


@contextmanager
def _all(home: Path) -> Iterator[tuple[Server, Server, Server]]:
    """Run the servers: ours as ``tidings serve``, and nginx twice."""
    port, other, third = free_port(), free_port(), free_port()
    serve = (sys.executable, "-m", "publisher", "serve", "--no-scheduler", "--port", str(port))
    with (
        running(serve, port=port, folder=home, environment=environment()) as ours,
        _nginx(home, "nginx", port=other, about=_documented(home, port=other, ours=port)) as nginx,
        _nginx(home, "bare_nginx", port=third, about=_bare(home, port=third)) as bare,
    ):
        # Files that are as young as these are not trusted yet (publisher/web/disk.py).
        time.sleep(2.5)
        yield Server(name="ours", pid=ours, port=port), nginx, bare


@contextmanager
def _nginx(home: Path, name: str, *, port: int, about: str) -> Iterator[Server]:
    """Run nginx, with what must stand around a configuration of its http block."""
    place = home / f"{name}.conf"
    # Started by root it would give itself to a user who may not look into this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {home}/{name}-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    place.write_text(
        f"{user}\nworker_processes 1;\ndaemon off;\npid {home}/{name}.pid;\n"
        f"error_log {home}/{name}.log;\nevents {{ }}\nhttp {{\naccess_log off;\nsendfile on;\n"
        f"tcp_nopush on;\n{temporary}\n{about}\n}}\n",
        encoding="utf-8",
    )
    command = ("nginx", "-p", str(home), "-c", str(place))
    with running(command, port=port, folder=home, environment={}) as pid:
        yield Server(name=name, pid=pid, port=port)


def _documented(home: Path, *, port: int, ours: int) -> str:
    """Return the documented configuration with other addresses."""
    text = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    for before, after in (
        (r"listen 80;", f"listen 127.0.0.1:{port};"),
        (r"root [^;]+;", f"root {home / 'public'};"),
        (r"http://127\.0\.0\.1:8000", f"http://127.0.0.1:{ours}"),
    ):
        text, count = re.subn(before, after, text)
        if not count:
            raise RuntimeError(f"docs/nginx.conf has no {before}")
    return text


def _bare(home: Path, *, port: int) -> str:
    return (
        f"server {{ listen 127.0.0.1:{port}; root {home / 'public'}; index index.html; "
        "gzip_static on; types { text/html html; application/xml atom rss; } }"
    )
