"""Encryption and login (RFC 3207, RFC 4954), with aiosmtpd, which offers no pipelining."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from publisher.delivery.outgoing import Relay, Verdict
from publisher.delivery.smtp import rehearse, send
from publisher.errors import RefusedError, UnreachableError
from tests import postfix
from tests.fakes import free_port
from tests.relay_hostile import Post, mails

Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of 127.0.0.1 with its key, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "relay.pem"
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, pkcs8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Kept:
    """What aiosmtpd accepted, and whether that was encrypted."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes, bool]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        encrypted = session.ssl is not None
        self.mails.append((envelope.rcpt_tos[0], envelope.original_content, encrypted))
        return "250 2.0.0 kept"


class Watched(Controller):
    """A relay that knows its connections: its loop must not end before they have."""

    made: list[Any]

    def factory(self) -> Any:
        self.made = getattr(self, "made", [])
        self.made.append(super().factory())  # type: ignore[no-untyped-call]
        return self.made[-1]

    def finish(self) -> None:
        for _ in range(3_000):
            if all(each.transport is None for each in getattr(self, "made", [])):
                break
            time.sleep(0.01)
        self.stop()


@contextmanager
def relay(certificate: Path | None, **about: Any) -> Iterator[tuple[Kept, int]]:
    """Give what a relay keeps, and the port that it listens at."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    kept, port = Kept(), free_port()
    about = {"tls_context": context, **about}
    controller = Watched(kept, hostname="127.0.0.1", port=port, ready_timeout=60.0, **about)
    controller.start()
    try:
        yield kept, port
    finally:
        controller.finish()


def deliver(port: int, *, loop: Loop = asyncio.new_event_loop, **about: Any) -> Post:
    """Send three mails."""
    post = Post(waiting=mails(3))
    to = Relay(**{"host": "127.0.0.1", "port": port, **about})
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(send(to, post, post)) == ""
    return post


def rehearsed(port: int, **about: Any) -> bool:
    """Go as far as the sender of a mail."""
    to = Relay(**{"host": "127.0.0.1", "port": port, **about})
    return asyncio.run(rehearse(to, "news@example.org")).encrypted


def accepted(post: Post) -> bool:
    return [answer.verdict for answer in post.answers.values()] == [Verdict.ACCEPTED] * 3


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_encryption_is_taken_where_it_is_offered_also_from_a_stranger(
    certificate: Path, loop: Loop
) -> None:
    with relay(certificate) as (kept, port):
        assert accepted(deliver(port, loop=loop, tls="opportunistic"))
        assert kept.mails == [(mail.recipient, mail.message, True) for mail in mails(3)]


def test_without_an_offer_it_goes_in_plain_text_where_that_is_allowed(certificate: Path) -> None:
    with relay(None) as (kept, port):
        assert accepted(deliver(port, tls="opportunistic"))
        with pytest.raises(UnreachableError):
            deliver(port, tls="required")
        assert [encrypted for _, _, encrypted in kept.mails] == [False] * 3
    with relay(certificate) as (kept, port):
        assert accepted(deliver(port, tls="none"))
        assert [encrypted for _, _, encrypted in kept.mails] == [False] * 3


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_where_encryption_is_offered_and_fails_it_goes_in_plain_text_where_that_is_allowed(
    loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    # Without a certificate no handshake comes to an end.
    with relay(None, tls_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as (kept, port):
        assert accepted(deliver(port, loop=loop, tls="opportunistic"))
        for insists in ({"tls": "required"}, {"username": "news", "password": "secret"}):
            with pytest.raises(UnreachableError, match="STARTTLS"):
                deliver(port, loop=loop, **insists)
        assert [encrypted for _, _, encrypted in kept.mails] == [False] * 3
    assert f"127.0.0.1:{port}" in caplog.text
    assert "plain text" in caplog.text


def test_no_password_goes_in_plain_text_since_encryption_fails() -> None:
    told: list[Any] = []

    def check(_: Any, __: Any, ___: Any, ____: Any, said: Any) -> AuthResult:
        told.append(said)
        return AuthResult(success=True)

    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    login = {"authenticator": check, "auth_require_tls": False}
    insists = pytest.raises(UnreachableError, match="STARTTLS")
    with relay(None, tls_context=broken, **login) as (_, port), insists:
        deliver(port, username="news", password="secret")
    assert not told


def test_a_relay_that_cannot_encrypt_at_the_moment_gets_its_mails_and_that_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/nonexistent.pem"}
    with postfix.server(**settings) as server:
        assert accepted(deliver(server.port))
        assert accepted(deliver(server.port))
    (record,) = caplog.records
    assert "454" in record.message or "TLS" in record.message


def test_where_it_is_required_the_relay_must_be_who_it_says(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with relay(certificate) as (kept, port):
        with pytest.raises(UnreachableError, match="certificate"):
            deliver(port, tls="required")
        with pytest.raises(UnreachableError, match="certificate"):
            rehearsed(port, tls="required")
        assert not kept.mails
        # OpenSSL's own way to trust somebody.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert accepted(deliver(port, tls="required"))
        assert [encrypted for _, _, encrypted in kept.mails] == [True] * 3


def test_a_relay_wants_to_know_who_we_are(certificate: Path) -> None:
    def check(_: Any, __: Any, ___: Any, ____: Any, said: Any) -> AuthResult:
        right = LoginPassword(login=b"news", password="pâss".encode())
        return AuthResult(success=said == right, handled=False)

    with relay(certificate, authenticator=check, auth_required=True) as (kept, port):
        assert rehearsed(port, username="news", password="pâss")
        with pytest.raises(UnreachableError, match=r"refuses the login \(mail.username, .*: 535 "):
            rehearsed(port, name="mail", username="news", password="other")
        with pytest.raises(RefusedError, match=r"takes no mail from news@example\.org: 530 "):
            rehearsed(port)
        assert accepted(deliver(port, username="news", password="pâss"))
        with pytest.raises(UnreachableError) as wrong:
            deliver(port, username="news", password="other")
        assert wrong.value.code == 535
        # A relay that was not told refuses us, not our readers.
        unknown = deliver(port)
        assert {answer.verdict for answer in unknown.answers.values()} == {Verdict.UNWELCOME}
        assert len(kept.mails) == 3


def test_a_mail_that_is_too_long_for_a_relay_is_refused_before_it_goes() -> None:
    with relay(None, data_size_limit=10) as (kept, port):
        post = deliver(port)
        assert {answer.code for answer in post.answers.values()} == {552}
        assert not post.started
        assert not kept.mails
