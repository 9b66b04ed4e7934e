"""The process beside us signs as we do; without it everything is signed all the same."""

from dataclasses import replace
from time import monotonic

import pytest

import scheduler
from publisher.config import Config
from publisher.delivery import feeding
from publisher.delivery.signer import Signer
from publisher.mail import keys
from publisher.mail.compiled import Draft, compiled
from publisher.mail.signing import sign
from store.database import Database
from tests import make
from tests.fakes import Relay
from tests.publisher.mail.test_signing import DATE, KEYS
from tests.publisher.mail.test_wire import LINKS, delivery, edition, sender


def drafts(count: int) -> list[Draft]:
    """Return drafts of messages that two keys are to sign."""
    ready = compiled(edition(), sender(), date=DATE, keys=KEYS)
    return [ready.draft(delivery(id=number), LINKS) for number in range(1, count + 1)]


def here(some: list[Draft]) -> list[list[bytes]]:
    return [sign(draft.seal.keys, draft.digests) for draft in some]


def started() -> Signer:
    """Return a signer whose process is ready."""
    signer = Signer(KEYS, many=0)
    latest = monotonic() + 60
    while not signer._is_ready:
        assert monotonic() < latest
        signer.sign(drafts(1))
    return signer


def test_the_process_signs_as_we_do_by_all_keys_in_their_order() -> None:
    signer = started()
    some = drafts(3)
    assert signer.sign(some) == here(some)
    assert signer.sign([]) == []
    unsigned = [replace(some[0], seal=replace(some[0].seal, keys=()), digests=())]
    assert signer.sign(unsigned) == [[]]
    signer.close()
    assert signer._process is not None
    assert signer._process.returncode == 0


def test_what_a_process_that_was_killed_should_have_signed_is_signed_here() -> None:
    signer = started()
    assert signer._process is not None
    signer._process.kill()
    signer._process.wait()
    some = drafts(2)
    assert [signer.sign(some) for _ in range(2)] == [here(some)] * 2
    signer.close()


def test_for_a_few_mails_no_process_is_started() -> None:
    signer = Signer(KEYS, many=3)
    some = drafts(3)
    assert signer.sign(some) == here(some)
    assert signer._process is None
    signer.close()


def test_where_none_can_be_started_everything_is_signed_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    signer = Signer(KEYS, many=0)
    some = drafts(2)
    assert [signer.sign(some) for _ in range(2)] == [here(some)] * 2
    signer.close()


def test_an_issue_is_signed_by_the_process(
    database: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = started()
    monkeypatch.setattr(feeding, "Signer", lambda _, many: signer)  # noqa: ARG005
    monkeypatch.setattr(keys, "load", lambda _: keys.Keys(keys=KEYS))
    make.start(database, config, languages=("en",))
    people = {f"p{number}@example.org" for number in range(50)}
    make.subscribe(database, sorted(people))
    make.take(database, config, make.draft("en"))
    with Relay() as relay:
        assert scheduler.tick(database, relay.serves(config), now=make.NOW).sent == 50
    assert {to for to, _ in relay.accepted} == people
    assert {message.count(b"DKIM-Signature: ") for _, message in relay.accepted} == {len(KEYS)}
    assert signer._process is not None
    assert signer._process.returncode == 0
