"""The whole engine, from a store on SQLite to the last row in it, and the bare signature."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import insert, text

from bench import archive
from bench.processes import cpu_seconds
from bench.rounds import Round, of_children
from publisher import press
from publisher.config import Config
from publisher.delivery import engine
from publisher.ingest import intake
from publisher.mail import keys
from store import tables
from store.database import Database, open_database
from store.records import Status

#: What the engine's mails tell of.
_ITEMS = 16


def engine_and_rsa(port: int, sink: int, people: int, sessions: int) -> tuple[Round, float]:
    """Return what the engine took, and the signatures a second, before and after: both change."""
    before = _bare_rsa()
    whole = _engine(port, sink, people, sessions)
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


def _engine(port: int, sink: int, people: int, sessions: int) -> Round:
    """Return what it took the whole engine to hand over mails: from a store and into it."""
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as name:
        folder = Path(name)
        config = archive.found(folder, f"sqlite:///{folder / 'tidings.db'}")
        keys.make(config, config.sender.rpartition("@")[2], "bench", ed25519=False)
        mail = {"host": "127.0.0.1", "port": port, "tls": "none", "connections": sessions}
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
    return process_time() + of_children() + cpu_seconds(sink)


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
