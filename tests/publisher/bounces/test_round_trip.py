"""From the relay and back: what the mail itself says is enough to know it again."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from urllib.parse import unquote

import pytest

from publisher.config import Config
from publisher.delivery import engine
from publisher.delivery.letters import send
from publisher.mail.returned import Kind
from store.database import Database
from store.records import Status
from tests import bounced, make, people
from tests.fakes import Relay
from tests.publisher.bounces.conftest import ALI, ZOE, Post, a_post


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


@pytest.fixture
def sent(post: Post, relay: Relay) -> dict[str, tuple[str, bytes]]:
    """Send an issue; return by its readers where their mails come back to, and the mails."""
    post.queue(make.NOW)
    engine.deliver(post.database, relay.serves(post.config), now=make.NOW)
    return {to: (back, raw) for back, (to, raw) in zip(relay.senders, relay.accepted, strict=True)}


def test_each_mail_has_a_return_path_of_its_own(
    post: Post, sent: dict[str, tuple[str, bytes]]
) -> None:
    assert len({back for back, _ in sent.values()}) == 2
    back, _ = sent[ZOE]
    assert re.fullmatch(r"bounces\+d1-\d+-[a-z2-7]{20}@news\.example\.org", back)
    assert post.take(bounced.qmail(back, ZOE)).became is Status.BOUNCED
    assert post.status(ALI) is Status.ACTIVE


def test_the_mail_as_it_went_out_names_itself_in_its_copy(
    post: Post, sent: dict[str, tuple[str, bytes]]
) -> None:
    _, raw = sent[ZOE]
    whole = raw.decode("ascii").replace("\r\n", "\n")
    assert post.take(bounced.dsn("bounces@news.example.org", ZOE, whole)).kind is Kind.HARD
    _, raw = sent[ALI]
    whole = raw.decode("ascii").replace("\r\n", "\n").replace(ALI, "redacted@example.com")
    taken = post.take(bounced.arf("bounces@news.example.org", whole))
    assert taken.became is Status.COMPLAINED


def test_the_address_to_leave_by_mail_leaves(
    post: Post, sent: dict[str, tuple[str, bytes]]
) -> None:
    _, raw = sent[ZOE]
    header = str(message_from_bytes(raw, policy=default)["List-Unsubscribe"])
    found = re.search(r"<mailto:([^?]+)\?subject=([^>]+)>", header)
    assert found
    assert found[1] == "bounces@news.example.org"
    taken = post.take(bounced.leave(found[1], unquote(found[2]), sender="anybody@example.net"))
    assert (taken.kind, post.status()) == (Kind.LEAVE, Status.UNSUBSCRIBED)


def test_a_letter_has_a_return_path_too(database: Database, config: Config, relay: Relay) -> None:
    post = a_post(database, config)
    people.ask(database, post.config, "new@example.org", language="ar", now=make.NOW)
    send(database, relay.serves(post.config), now=make.NOW)
    (back,) = relay.senders
    assert back.startswith("bounces+l1-")
    assert post.take(bounced.dsn(back, "new@example.org")).became is Status.BOUNCED
    (letter,) = people.written(database, "confirm")
    assert letter.detail.startswith("came back, hard: 5.1.1")


def test_without_the_setting_mail_comes_back_to_the_sender_and_is_known_all_the_same(
    database: Database, config: Config, relay: Relay
) -> None:
    post = a_post(database, config)
    post.config = config
    post.queue(make.NOW)
    engine.deliver(database, relay.serves(config), now=make.NOW)
    assert set(relay.senders) == {config.sender}
    raw = dict(relay.accepted)[ZOE].decode("ascii").replace("\r\n", "\n")
    assert post.take(bounced.exim(config.sender, ZOE, raw)).became is Status.BOUNCED
