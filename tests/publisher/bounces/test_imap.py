"""The mailbox of what comes back: read over TLS, and nothing in it is lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import scheduler
from publisher.bounces import Taken, identity, imap
from publisher.bounces.identity import About, Nobody
from publisher.config import Config
from publisher.errors import ConfigError, MailboxError, StoreError
from publisher.mail.received import LONGEST
from publisher.mail.returned import Kind, Returned
from store import bounces as kept
from store.database import Transaction
from store.records import Status
from tests import bounced, make
from tests.fakes import LOCALHOST, Imap, Relay, free_port
from tests.publisher.bounces.conftest import ALI, DAY, ZOE, Post


@pytest.fixture
def server() -> Iterator[Imap]:
    with Imap().open() as server:
        yield server


@pytest.fixture
def there(post: Post, server: Imap, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Give the site with its mailbox at the server, whose certificate it trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(LOCALHOST))
    return at(post, server.port)


def at(post: Post, port: int, **settings: object) -> Post:
    secret = post.config.folder / "password"
    secret.write_text("secret\n", encoding="utf-8")
    values = {
        "imap_host": "127.0.0.1",
        "imap_port": port,
        "imap_user": "bounces",
        "imap_password_file": Path("password"),
        **settings,
    }
    section = post.config.bounces.model_copy(update=values)
    return replace(post, config=post.config.model_copy(update={"bounces": section}))


def fetch(post: Post, **about: int) -> list[Taken]:
    found: list[Taken] = []
    take = lambda _source, taken: found.append(taken)  # noqa: E731
    imap.fetch(post.database, post.config, take, now=make.NOW, **about)
    return found


def test_what_is_new_is_read_once_and_flagged(there: Post, server: Imap) -> None:
    mails = there.send()
    server.inbox = {
        3: bounced.dsn(there.path(mails[ZOE]), ZOE),
        5: b"Subject: hello\r\n\r\nhello",
    }
    assert [taken.kind for taken in fetch(there)] == [Kind.HARD, Kind.UNKNOWN]
    assert (there.status(), server.seen) == (Status.BOUNCED, {3, 5})
    assert fetch(there) == []
    assert sorted(row.source for row in there.rows()) == [
        "imaps://127.0.0.1/INBOX, message 3",
        "imaps://127.0.0.1/INBOX, message 5",
    ]


@pytest.mark.parametrize("moves", [True, False])
def test_what_is_read_is_moved_where_a_folder_is_given(
    there: Post, server: Imap, *, moves: bool
) -> None:
    server.moves = moves
    raw = bounced.dsn(there.path(there.send()[ZOE]), ZOE)
    server.inbox = {3: raw}
    assert len(fetch(at(there, server.port, imap_done="Done"))) == 1
    assert (server.inbox, server.done) == ({}, [raw])


def test_a_message_is_put_away_only_once_it_is_stored(there: Post, server: Imap) -> None:
    mails = there.send()
    server.inbox = {
        3: bounced.dsn(there.path(mails[ZOE]), ZOE),
        4: bounced.dsn(there.path(mails[ALI]), ALI, number=2),
    }
    server.hangs_up_at = "STORE"
    with pytest.raises(MailboxError, match="127"):
        fetch(there)
    assert (server.seen, there.status()) == (set(), Status.BOUNCED)
    server.hangs_up_at = ""
    assert [(taken.kind, taken.again) for taken in fetch(there)] == [
        (Kind.HARD, True),
        (Kind.HARD, False),
    ]
    assert server.seen == {3, 4}


def test_a_long_message_is_fetched_as_far_as_it_is_read(there: Post, server: Imap) -> None:
    mail = there.send()[ZOE]
    server.inbox = {3: bounced.dsn(there.path(mail), ZOE) + b"x" * 3_000_000}
    assert fetch(there)[0].kind is Kind.HARD
    assert f"<0.{LONGEST}>" in next(told for told in server.told if "FETCH" in told)


@pytest.mark.parametrize("folder", ["", "Done"])
def test_what_the_server_does_not_hand_out_stays_and_holds_up_nothing(
    there: Post, server: Imap, folder: str
) -> None:
    there = at(there, server.port, imap_done=folder)
    mail = there.send()[ZOE]
    server.inbox = {3: b"Subject: kept\r\n\r\n", 5: bounced.dsn(there.path(mail), ZOE)}
    server.keeps = {3}
    with pytest.raises(MailboxError, match="message 3 cannot be fetched: NO not now"):
        fetch(there)
    assert there.status() is Status.BOUNCED
    assert (3 in server.inbox, 3 in server.seen) == (True, False)
    assert [row.source for row in there.rows()] == ["imaps://127.0.0.1/INBOX, message 5"]
    server.keeps = set()
    assert [taken.kind for taken in fetch(there)] == [Kind.UNKNOWN]


def test_a_message_that_breaks_us_is_shown_and_read_no_more(
    there: Post, server: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = there.send()[ZOE]
    server.inbox = {
        3: bounced.dsn(there.path(mail), ALI, status="4.2.2", reply="550 5.1.1", number=2),
        5: bounced.dsn(there.path(mail), ZOE),
    }
    find = identity.find

    def breaks(tx: Transaction, config: Config, said: Returned) -> About | Nobody:
        if ALI in said.addresses:
            raise ZeroDivisionError
        return find(tx, config, said)

    monkeypatch.setattr(identity, "find", breaks)
    assert [taken.kind for taken in fetch(there)] == [Kind.UNKNOWN, Kind.HARD]
    assert server.seen == {3, 5}
    (row,) = (row for row in there.rows() if row.kind == Kind.UNKNOWN)
    assert row.detail == "cannot be taken in: ZeroDivisionError (soft: 550 5.1.1)"
    assert fetch(there) == []


def test_a_message_is_not_put_away_where_the_store_refuses(
    there: Post, server: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.inbox = {3: b"Subject: hello\r\n\r\nhello"}

    def refuses(*_about: object, **_more: object) -> None:
        raise StoreError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(kept, "add", refuses)
        with pytest.raises(StoreError, match="gone"):
            fetch(there)
    assert server.seen == set()
    assert [taken.kind for taken in fetch(there)] == [Kind.UNKNOWN]


def test_what_others_have_taken_out_of_the_mailbox_meanwhile_is_none(
    there: Post, server: Imap
) -> None:
    server.inbox = {3: b"Subject: gone\r\n\r\n", 5: b"Subject: hello\r\n\r\nhello"}
    server.gone = {3}
    assert [taken.kind for taken in fetch(there)] == [Kind.UNKNOWN]
    assert (server.seen, len(there.rows())) == ({5}, 1)


def test_a_look_takes_in_no_more_than_it_may(there: Post, server: Imap) -> None:
    server.inbox = {uid: b"Subject: %d\r\n\r\nhello" % uid for uid in range(1, 6)}
    assert len(fetch(there, most=2)) == 2
    assert len(fetch(there)) == 3


def test_a_server_that_nobody_vouches_for_is_told_nothing(
    there: Post, server: Imap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MailboxError, match="certificate"):
        fetch(there)
    assert server.told == []


@pytest.mark.parametrize("password", ["other", "كلمة"])
def test_a_wrong_password_is_said(there: Post, server: Imap, password: str) -> None:
    (there.config.folder / "password").write_text(password, encoding="utf-8")
    server.password = "another"
    with pytest.raises(MailboxError, match="imaps://127"):
        fetch(there)


def test_a_password_may_be_in_any_letters(there: Post, server: Imap) -> None:
    server.password = "كلمة السر"
    (there.config.folder / "password").write_text(server.password, encoding="utf-8")
    assert fetch(there) == []


def test_a_mailbox_that_is_not_there_is_said(there: Post) -> None:
    with pytest.raises(MailboxError, match="imaps://127"):
        fetch(at(there, free_port()))
    with pytest.raises(MailboxError, match="no such folder"):
        fetch(at(there, there.config.bounces.imap_port, imap_folder="Elsewhere"))


def test_without_a_mailbox_there_is_nothing_to_fetch(post: Post) -> None:
    with pytest.raises(ConfigError, match=r"bounces\.imap_host"):
        fetch(post)
    assert imap.fetch_due(post.database, post.config, now=make.NOW) == []


def test_the_tick_looks_every_few_minutes_and_others_do_not_wait(there: Post, server: Imap) -> None:
    mails = there.send()
    server.inbox = {3: bounced.dsn(there.path(mails[ZOE]), ZOE)}
    with Relay() as relay:
        site = relay.serves(there.config)
        done = scheduler.tick(there.database, site, now=make.NOW)
        assert (done.bounced, done.complained, done.problems) == (1, 0, [])
        copy = there.copy(mails[ALI])
        server.inbox[4] = bounced.arf("bounces@news.example.org", copy)
        # Not yet.
        assert scheduler.tick(there.database, site, now=make.NOW + DAY / 1_000).complained == 0
        done = scheduler.tick(there.database, site, now=make.NOW + DAY / 200)
        assert (done.complained, there.status(ALI)) == (1, Status.COMPLAINED)
        server.hangs_up_at = "SELECT"
        done = scheduler.tick(there.database, site, now=make.NOW + DAY / 100)
        assert [problem.partition(":")[0] for problem in done.problems] == ["imaps"]
