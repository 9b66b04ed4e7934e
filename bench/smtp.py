"""How fast mails are handed over: to Postfix's ``smtp-sink``, against others in the same minutes.

Ours without signing, Postfix's own ``smtp-source``, smtplib and aiosmtplib take turns with the
same mails over as many sessions; ours and aiosmtplib once more to a relay that is 20 ms away;
and the whole engine, from a store on SQLite to the last row in it.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import insert, text

from bench import archive, senders
from bench.conditions import libraries, program
from bench.processes import cpu_seconds, free_port, running
from publisher import press
from publisher.config import Config
from publisher.delivery import engine
from publisher.ingest import intake
from publisher.mail import keys
from store import tables
from store.database import Database, open_database
from store.records import Status

SESSIONS = 10
#: Milliseconds of the way to the relay that is far away, each way.
_WAY = 10

CONDITIONS = {
    "smtp-source": "-d: mails follow each other on a connection, which is its fastest way; "
    f"Postfix {program('postconf', '-dh', 'mail_version')}",
    **libraries("aiosmtplib", "uvloop", "cryptography"),
    "mails": f"{senders.SIZE} bytes behind the headers; no TLS, no signature but the engine's",
    "relay": "smtp-sink: one process; it offers PIPELINING, not CHUNKING",
    "engine": "SQLite, a file; a digest of 16 items in four languages, signed with "
    "RSA-2048; bare_rsa: one thread that does nothing else, before and after",
    "sessions": f"{SESSIONS} at once, for everybody; ours and aiosmtplib on uvloop",
    "smtplib": f"{SESSIONS} threads",
    "rtt20": f"through a process that hands on everything {_WAY} ms later, both ways",
    "figures": "median of the ratios of rounds that take turns; mails a second by the clock",
    "processor": "keys with cpu: mails a second of processor time, the sender's and smtp-sink's",
}

#: Mails a round; the slow ones get fewer.
_NEAR = {"tidings": 10_000, "smtp_source": 10_000, "smtplib": 4_000, "aiosmtplib": 2_000}
#: Far away: as many as take equally long, and so long that hello and goodbye are little of it.
_FAR = {"tidings": 6_000, "aiosmtplib": 1_500}
#: What the engine's mails tell of.
_ITEMS = 16


@dataclass(frozen=True, kw_only=True)
class Round:
    """What it took to hand over some mails."""

    mails: int
    seconds: float
    #: Seconds that processors worked for it, the sender's and the relay's.
    cpu: float


#: By the name of the sender, what each round took.
Rounds = dict[str, list[Round]]


def measure(*, quick: bool) -> dict[str, object]:
    """Return ratios to others, and the mails a second that they come from."""
    missing = [name for name in ("smtp-sink", "smtp-source") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(
            f"bench smtp needs {' and '.join(missing)}; on Debian and Ubuntu: "
            "apt-get install --no-install-recommends postfix\n"
        )
        sys.exit(1)
    rounds = 5 if quick else 15
    with _sink() as (sink, port):
        near = _rounds(_NEAR, port, sink, rounds)
        with _distance(port) as far:
            less = 3 if quick else 1
            counts = {name: mails // less for name, mails in _FAR.items()}
            distant = _rounds(counts, far, sink, max(3, rounds // 3))
        turns = [
            _engine_and_rsa(port, sink, 3_000 if quick else 20_000)
            for _ in range(1 if quick else 3)
        ]
    return {
        **{f"vs_{peer}": _ratio(near, peer, _rate) for peer in near if peer != "tidings"},
        "rtt20_vs_aiosmtplib": _ratio(distant, "aiosmtplib", _rate),
        "engine_vs_bare_rsa": round(median(_rate(whole) / bare for whole, bare in turns), 3),
        "cpu_vs_smtp_source": _ratio(near, "smtp_source", _cpu_rate),
        "per_s": {
            **{name: round(median(map(_rate, found))) for name, found in near.items()},
            **{f"rtt20_{name}": round(median(map(_rate, them))) for name, them in distant.items()},
            "engine": round(median(_rate(whole) for whole, _ in turns)),
            "bare_rsa": round(median(bare for _, bare in turns)),
        },
        "per_cpu_s": {
            **{name: round(median(map(_cpu_rate, found))) for name, found in near.items()},
            "engine": round(median(_cpu_rate(whole) for whole, _ in turns)),
        },
    }


def _rate(of: Round) -> float:
    return of.mails / of.seconds


def _cpu_rate(of: Round) -> float:
    return of.mails / max(of.cpu, 0.01)


def _ratio(rounds: Rounds, peer: str, rate: Callable[[Round], float]) -> float:
    pairs = zip(rounds["tidings"], rounds[peer], strict=True)
    return round(median(rate(ours) / rate(theirs) for ours, theirs in pairs), 3)


def _rounds(counts: Mapping[str, int], port: int, sink: int, rounds: int) -> Rounds:
    found: Rounds = {name: [] for name in counts}
    for _ in range(rounds):
        for name, mails in counts.items():
            before = cpu_seconds(sink)
            took = (_source if name == "smtp_source" else _sender)(name, port, mails)
            relay = cpu_seconds(sink) - before
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
    started, used = perf_counter(), _of_children()
    _run("smtp-source", "-d", *lengths, *people, f"127.0.0.1:{port}")
    return Round(mails=mails, seconds=perf_counter() - started, cpu=_of_children() - used)


def _of_children() -> float:
    """Return the seconds that processes which have ended worked for us."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout  # noqa: S603


@contextmanager
def _sink() -> Iterator[tuple[int, int]]:
    """Run smtp-sink; give its process id and its port."""
    port = free_port()
    # It does not like to be root.
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    command = ("smtp-sink", *user, f"127.0.0.1:{port}", "100")
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


def _engine(port: int, sink: int, people: int) -> Round:
    """Return what it took the whole engine to hand over mails: from a store and into it."""
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as name:
        folder = Path(name)
        config = archive.found(folder, f"sqlite:///{folder / 'tidings.db'}")
        keys.make(config, config.sender.rpartition("@")[2], "bench", ed25519=False)
        mail = {"host": "127.0.0.1", "port": port, "tls": "none", "connections": SESSIONS}
        sections = {
            "mail": config.mail.model_copy(update=mail),
            "dkim": config.dkim.model_copy(update={"selectors": ("bench",)}),
        }
        config = config.model_copy(update=sections)
        database = open_database(config.database_url)
        database.migrate()
        slot = _queue(database, config, people)
        started, used = perf_counter(), _worked(sink)
        outcome = engine.deliver(database, config, now=slot)
        seconds, cpu = perf_counter() - started, _worked(sink) - used
        database.close()
    if outcome.sent != people:
        raise RuntimeError(f"{outcome.sent} of {people} mails were sent: {outcome}")
    return Round(mails=people, seconds=seconds, cpu=cpu)


def _worked(sink: int) -> float:
    """Return the seconds that this process, those it started and the relay have worked."""
    return process_time() + _of_children() + cpu_seconds(sink)


def _queue(database: Database, config: Config, people: int) -> datetime:
    """Have an issue queued for so many people in four languages; return when it is due."""
    archive.fill(database, 100)
    for number in range(_ITEMS):
        topics = archive.TOPICS[number : number + 1]
        intake.take(
            database, config, archive.drafts(f"new-{number}", topics=topics), now=archive.NOW
        )
    with database.write() as tx:
        tx.run(insert(tables.subscribers), [_reader(number) for number in range(people)])
        tx.run(
            text(
                "insert into subscriptions (newsletter, subscriber_id, topics, topic_key)"
                " select :newsletter, id, '[]', '' from subscribers"
            ).bindparams(newsletter=archive.DIGEST.key)
        )
    slot = archive.NOW + timedelta(hours=1)
    (issue_id,) = press.plan(database, archive.DIGEST, [slot])
    pressed = press.press(database, issue_id, config, now=slot)
    if pressed.queued != people:
        raise RuntimeError(f"{pressed.queued} of {people} are to get a mail: {pressed}")
    return slot


def _reader(number: int) -> dict[str, object]:
    return {
        "email": f"reader{number}@example.org",
        "name": "",
        "language": archive.LANGUAGES[number % len(archive.LANGUAGES)],
        "timezone": "UTC",
        "status": Status.ACTIVE,
        "consent_source": "bench",
    }


def _engine_and_rsa(port: int, sink: int, people: int) -> tuple[Round, float]:
    """Return what the engine took, and the signatures a second, before and after: both change."""
    before = _bare_rsa()
    whole = _engine(port, sink, people)
    return whole, (before + _bare_rsa()) / 2


def _bare_rsa() -> float:
    """Return the signatures a second that one thread makes and does nothing else."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    rates = []
    for _ in range(5):
        started = perf_counter()
        for _ in range(500):
            key.sign(b"\0" * 32, PKCS1v15(), SHA256())
        rates.append(500 / (perf_counter() - started))
    return median(rates)
