"""How fast mails are handed over, against others in the same minutes.

To Postfix's ``smtp-sink``: ours without signing, Postfix's own ``smtp-source``, smtplib and
aiosmtplib take turns with the same mails over as many sessions. Ours and aiosmtplib also to a
whole Postfix, and to both of them from 20 ms away. Last the whole engine, with its signatures.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import senders
from bench.conditions import libraries, program
from bench.processes import cpu_seconds, free_port, running
from bench.rounds import Round, Rounds, of_children, rates, ratio
from bench.whole import engine_and_rsa
from tests import postfix

SESSIONS = 10
#: Milliseconds of the way to the relay that is far away, each way.
_WAY = 10

CONDITIONS = {
    "smtp-source": "-d: mails follow each other on a connection, which is its fastest way; "
    f"Postfix {program('postconf', '-dh', 'mail_version')}",
    **libraries("aiosmtplib", "uvloop", "cryptography"),
    "mails": f"{senders.SIZE} bytes behind the headers; no TLS, no signature but the engine's",
    "relay": "smtp-sink: one process; it offers PIPELINING, not CHUNKING",
    "postfix": "a whole one, which offers CHUNKING and discards what is in its queue",
    "engine": "to smtp-sink; SQLite, a file; a digest of 16 items in four languages, signed with "
    "RSA-2048; bare_rsa: one thread that does nothing else, before and after",
    "sessions": f"{SESSIONS} at once, for everybody; ours and aiosmtplib on uvloop",
    "smtplib": f"{SESSIONS} threads",
    "rtt20": f"to that Postfix, through a process that hands on everything {_WAY} ms later, both "
    f"ways; ours with mail.window = {senders.WINDOW}; _window1: with 1, the default; "
    "_sink: to smtp-sink, where no window can be",
    "figures": "median of the ratios of rounds that take turns; mails a second by the clock",
    "processor": "keys with cpu: mails a second of processor time, the sender's and smtp-sink's",
}

#: Mails a round; the slow ones get fewer.
_NEAR = {"tidings": 10_000, "smtp_source": 10_000, "smtplib": 4_000, "aiosmtplib": 2_000}
_POSTFIX = {"tidings": 6_000, "aiosmtplib": 4_000}
#: Far away: as many as take equally long, and so long that hello and goodbye are little of it.
_FAR_SINK = {"tidings": 6_000, "aiosmtplib": 1_500}
_FAR_POSTFIX = {"tidings_window": 12_000, "tidings": 5_000, "aiosmtplib": 1_400}


def measure(*, quick: bool) -> dict[str, object]:
    """Return ratios to others, and the mails a second that they come from."""
    _insist("smtp-sink", "smtp-source", "postfix")
    few, rounds, less = (3, 5, 2) if quick else (5, 15, 1)
    far_sink = {name: mails // less for name, mails in _FAR_SINK.items()}
    far_postfix = {name: mails // less for name, mails in _FAR_POSTFIX.items()}
    with _sink() as (sink, port):
        near = _rounds(_NEAR, port, rounds, sink=sink)
        with _distance(port) as far:
            distant_sink = _rounds(far_sink, far, few)
        turns = [
            engine_and_rsa(port, sink, 3_000 if quick else 20_000, SESSIONS)
            for _ in range(1 if quick else 3)
        ]
    with postfix.server(default_transport="discard:") as relay:
        at_postfix = _rounds(_POSTFIX, relay.port, few)
        with _distance(relay.port) as far:
            distant = _rounds(far_postfix, far, few)
    return {
        **{f"vs_{peer}": ratio(near, peer) for peer in near if peer != "tidings"},
        "postfix_vs_aiosmtplib": ratio(at_postfix, "aiosmtplib"),
        "rtt20_vs_aiosmtplib": ratio(distant, "aiosmtplib", ours="tidings_window"),
        "rtt20_window1_vs_aiosmtplib": ratio(distant, "aiosmtplib"),
        "rtt20_sink_vs_aiosmtplib": ratio(distant_sink, "aiosmtplib"),
        "engine_vs_bare_rsa": round(median(whole.rate / bare for whole, bare in turns), 3),
        "cpu_vs_smtp_source": ratio(near, "smtp_source", lambda each: each.cpu_rate),
        "per_s": {
            **rates(near),
            **rates(at_postfix, "postfix_"),
            **rates(distant, "rtt20_"),
            **rates(distant_sink, "rtt20_sink_"),
            "engine": round(median(whole.rate for whole, _ in turns)),
            "bare_rsa": round(median(bare for _, bare in turns)),
        },
        "per_cpu_s": {
            **{name: round(median(each.cpu_rate for each in them)) for name, them in near.items()},
            "engine": round(median(whole.cpu_rate for whole, _ in turns)),
        },
    }


def _insist(*programs: str) -> None:
    """Say what is missing, and end."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        sys.stderr.write(
            f"bench smtp needs {', '.join(missing)}; on Debian and Ubuntu: "
            "apt-get install --no-install-recommends postfix\n"
        )
    if os.geteuid() != 0:
        sys.stderr.write("bench smtp needs root: nobody else can start a Postfix\n")
    if missing or os.geteuid() != 0:
        sys.exit(1)


def _rounds(
    counts: Mapping[str, int], port: int, rounds: int, *, sink: int | None = None
) -> Rounds:
    """Have the senders take turns; a sink's work counts as theirs."""
    found: Rounds = {name: [] for name in counts}
    for _ in range(rounds):
        for name, mails in counts.items():
            before = cpu_seconds(sink) if sink else 0.0
            took = (_source if name == "smtp_source" else _sender)(name, port, mails)
            relay = cpu_seconds(sink) - before if sink else 0.0
            found[name].append(replace(took, cpu=took.cpu + relay))
    return found


def _sender(name: str, port: int, mails: int) -> Round:
    numbers = map(str, (port, mails, SESSIONS))
    return Round(
        mails=mails, **json.loads(_run(sys.executable, "-m", "bench.senders", name, *numbers))
    )


def _source(_: str, port: int, mails: int) -> Round:
    lengths = ("-l", str(senders.SIZE), "-m", str(mails), "-s", str(SESSIONS))
    people = ("-f", senders.SENDER, "-t", senders.RECIPIENT)
    started, used = perf_counter(), of_children()
    _run("smtp-source", "-d", *lengths, *people, f"127.0.0.1:{port}")
    return Round(mails=mails, seconds=perf_counter() - started, cpu=of_children() - used)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout  # noqa: S603


@contextmanager
def _sink() -> Iterator[tuple[int, int]]:
    """Run smtp-sink; give its process id and its port."""
    port = free_port()
    # It does not like to be root.
    # It does not like to be root.
    command = ("smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100")
    with running(command, port=port, folder=Path("/"), environment={}) as pid:
        yield pid, port


@contextmanager
def _distance(target: int) -> Iterator[int]:
    """Give a port that is as far from us as the target is not."""
    port = free_port()
    numbers = map(str, (port, target, _WAY))
    command = (sys.executable, "-m", "bench.distant", *numbers)
    with running(command, port=port, folder=Path.cwd(), environment={}):
        yield port
