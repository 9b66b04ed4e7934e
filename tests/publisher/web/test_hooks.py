"""The hook where programs hand in what came back: who knows the secret, and within bounds."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.config import Config
from publisher.errors import ConfigError
from publisher.web import public
from publisher.web.hooks import LONGEST
from store.database import Database, open_database
from store.records import Status
from tests import bounced, make, served
from tests.publisher.bounces.conftest import ZOE, Post, a_post
from tests.served import Reply

MESSAGE = "message/rfc822"


class Hook:
    """A site that is served, and what its hook says."""

    def __init__(self, post: Post, port: int) -> None:
        self.post, self.port = post, port

    def give(self, raw: bytes, *, secret: str = "Bearer open sesame", kind: str = MESSAGE) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"content-type": kind, **({"authorization": secret} if secret else {})}
        connection.request("POST", "/hooks/bounce", body=raw, headers=headers)
        reply = connection.getresponse()
        names = {name.lower(): value for name, value in reply.getheaders()}
        found = Reply(status=reply.status, headers=names, body=reply.read())
        connection.close()
        return found


def with_secret(config: Config, secret: str) -> Config:
    (config.folder / "hook").write_text(f"{secret}\n", encoding="utf-8")
    section = config.bounces.model_copy(update={"hook_secret_file": Path("hook")})
    return config.model_copy(update={"bounces": section})


@pytest.fixture
def store(migrated: bytes, config: Config) -> Iterator[Database]:
    path = config.folder / "tidings.db"
    path.write_bytes(migrated)
    database = open_database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def hook(store: Database, config: Config) -> Iterator[Hook]:
    post = a_post(store, with_secret(config, "open sesame"))
    behind = public.application(store, post.config, clock=lambda: make.NOW)
    with served.server(post.config, rest=behind) as server:
        yield Hook(post, server.port)


def test_what_is_handed_in_counts_once(hook: Hook) -> None:
    raw = bounced.dsn(hook.post.path(hook.post.send()[ZOE]), ZOE)
    reply = hook.give(raw)
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    told = json.loads(reply.body)
    assert (told["kind"], told["again"]) == ("hard", False)
    assert hook.post.status() is Status.BOUNCED
    assert json.loads(hook.give(raw).body)["again"] is True


@pytest.mark.parametrize(
    "secret", ["", "open sesame", "Bearer", "Bearer open", "Basic open sesame", "Bearer \xe9", "é"]
)
def test_who_does_not_know_the_secret_changes_nothing(hook: Hook, secret: str) -> None:
    raw = bounced.dsn(hook.post.path(hook.post.send()[ZOE]), ZOE)
    reply = hook.give(raw, secret=secret)
    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert (hook.post.status(), hook.post.rows()) == (Status.ACTIVE, [])


def test_a_secret_may_have_letters_of_any_language(store: Database, config: Config) -> None:
    secret = "sésame, ouvre-toi là"
    with_it = with_secret(config, secret)
    behind = public.application(store, with_it, clock=lambda: make.NOW)
    with served.server(with_it, rest=behind) as server:
        hook = Hook(Post(database=store, config=with_it), server.port)
        as_sent = f"Bearer {secret}".encode().decode("latin-1")
        assert hook.give(b"Subject: hello\r\n\r\n", secret=as_sent).status == 200


def test_a_whole_mail_may_come_back_but_no_more(hook: Hook) -> None:
    raw = bounced.dsn(hook.post.path(hook.post.send()[ZOE]), ZOE)
    assert hook.give(raw + b"x" * (LONGEST + 1 - len(raw))).status == 413
    assert hook.post.status() is Status.ACTIVE
    assert hook.give(raw + b"x" * (LONGEST - len(raw))).status == 200
    assert hook.post.status() is Status.BOUNCED


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", ""])
def test_what_is_no_message_is_not_taken(hook: Hook, kind: str) -> None:
    reply = hook.give(b"{}", kind=kind)
    assert (reply.status, reply.headers["accept"]) == (415, "message/global, message/rfc822")


def test_without_a_secret_there_is_no_hook(store: Database, config: Config) -> None:
    behind = public.application(store, config, clock=lambda: make.NOW)
    with served.server(config, rest=behind) as server:
        hook = Hook(Post(database=store, config=config), server.port)
        assert hook.give(b"Subject: x\n\n").status == 404


@pytest.mark.parametrize("secret", ["", "  "])
def test_a_secret_that_is_none_is_refused(store: Database, config: Config, secret: str) -> None:
    site = with_secret(config, secret)
    with pytest.raises(ConfigError, match=r"bounces\.hook_secret_file: is empty"):
        public.application(store, site, clock=lambda: make.NOW)


def test_a_secret_that_cannot_be_read_is_said(store: Database, config: Config) -> None:
    site = with_secret(config, "x")
    (config.folder / "hook").unlink()
    with pytest.raises(ConfigError, match=r"bounces\.hook_secret_file"):
        public.application(store, site, clock=lambda: make.NOW)
