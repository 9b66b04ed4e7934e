"""The outside world, by hand, once: a relay, a web site, a mailbox, a name server.

They do as they are told.
"""

import asyncio
import base64
import re
import socketserver
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Self
from urllib.parse import parse_qs

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from publisher.cli.mailbox import LocalRelay, free_port
from publisher.config import Config

__all__ = ["Answer", "Imap", "Names", "Relay", "Silent", "Web", "free_port"]


@dataclass
class Relay(LocalRelay):
    """A real SMTP server on loopback; what it accepts it keeps, in order."""

    #: What it answers to RCPT TO, by recipient.
    rcpt: dict[str, str] = field(default_factory=dict)
    #: What it answers to the text, by recipient; ``drop`` breaks the connection off instead.
    data: dict[str, str] = field(default_factory=dict)
    #: Seconds that it takes to answer the text.
    takes: float = 0.0
    #: Recipient and message, as accepted.
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    #: Whom each of them comes back to.
    senders: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def port(self) -> int:
        return self.address[1]

    def serves(self, settings: Config, **mail: Any) -> Config:
        """Return a configuration that hands its mail to this relay."""
        values = {"host": "127.0.0.1", "port": self.port, "tls": "none", **mail}
        return settings.model_copy(update={"mail": settings.mail.model_copy(update=values)})

    @property
    def counts(self) -> Counter[str]:
        """Return how many messages each recipient's mailbox holds."""
        return Counter(recipient for recipient, _ in self.accepted)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        reply = self.rcpt.get(address, "250 2.1.5 yes")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.takes)
        recipient = envelope.rcpt_tos[0]
        reply = self.data.get(recipient, "250 2.0.0 kept")
        if reply == "drop":
            server.transport.abort()
            return "421 never seen"
        if reply.startswith("2"):
            self.accepted.append((recipient, envelope.content))
            self.senders.append(envelope.mail_from)
        return reply


class Silent(Relay):
    """It takes mails and says nothing to that before it is told to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.answers = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        reply = await super().handle_DATA(server, session, envelope)
        while not self.answers.is_set():  # noqa: ASYNC110  (it is told in another thread)
            await asyncio.sleep(0.01)
        return reply


class _Server(socketserver.TCPServer):
    """A server that listens on loopback, in a thread, for as long as a block lasts."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def open(self) -> Iterator[Self]:
        thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class Names(_Server, socketserver.ThreadingUDPServer):
    """A real name server on loopback: it knows these texts and that nothing else is there."""

    daemon_threads = True
    max_packet_size = 65_535

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Naming)
        #: The texts at a name, in lower case and without the dot at its end.
        self.texts: dict[str, list[str]] = {}
        #: Whether it says that it cannot help, whatever it is asked.
        self.fails = False

    def serves(self, settings: Config) -> Config:
        """Return a configuration that asks this server."""
        dns_section = settings.dns.model_copy(update={"servers": (self.host,), "timeout": 30.0})
        return settings.model_copy(update={"dns": dns_section})


class _Naming(socketserver.BaseRequestHandler):
    server: Names

    def handle(self) -> None:
        packed, socket = self.request
        query = dns.message.from_wire(packed)
        answer = dns.message.make_response(query)
        (asked,) = query.question
        texts = self.server.texts.get(asked.name.to_text(omit_final_dot=True).lower())
        if self.server.fails:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            strings = [_strings(text) for text in texts]
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "TXT", *strings))
        socket.sendto(answer.to_wire(), self.client_address)


def _strings(text: str) -> str:
    """Return a text as a zone file has it: no string is longer than 255 (RFC 1035, 3.3.14)."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a web site gives for one address."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Given instead of all else, exactly so; then the connection ends.
    raw: bytes | None = None
    #: Whether each byte of the body, or of ``raw``, comes a while after the one before.
    drips: bool = False
    #: Seconds before the answer begins; it never does where the site ends first.
    waits: float = 0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question that came to a web site."""

    path: str
    #: By their names in lower case.
    headers: Mapping[str, str]
    #: What was posted, the values of each name in their order.
    form: Mapping[str, list[str]] = field(default_factory=dict)


class Web(_Server, ThreadingHTTPServer):
    """A real HTTP server on loopback, with a page for each path; it keeps what it was asked.

    A page with an ETag answers 304 to who has it.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asking)
        self.pages: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.over = threading.Event()

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}{path}"

    @property
    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order, without robots.txt."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up on us: many tests are about that."""

    def shutdown(self) -> None:
        self.over.set()
        super().shutdown()


class _Asking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Web

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        form = parse_qs(self.rfile.read(int(headers.get("content-length", 0))).decode())
        self.server.asked.append(Asked(path=self.path, headers=headers, form=form))
        answer = self.server.pages.get(self.path, Answer(status=404))
        if answer.waits and self.server.over.wait(answer.waits):
            self.close_connection = True
            return
        etag = answer.headers.get("ETag")
        if etag and headers.get("if-none-match") == etag:
            answer = Answer(status=304, headers={"ETag": etag})
        if answer.raw is not None:
            self.close_connection = True
            self._give(answer.raw, answer)
            return
        self.send_response(answer.status)
        given = {"Content-Length": str(len(answer.body)), **answer.headers}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self._give(answer.body, answer)

    def _give(self, content: bytes, answer: Answer) -> None:
        for part in [bytes([byte]) for byte in content] if answer.drips else [content]:
            if answer.drips and self.server.over.wait(0.02):
                return
            self.wfile.write(part)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


#: Key and certificate of 127.0.0.1, for whoever trusts it.
LOCALHOST = Path(__file__).parent / "data" / "tls" / "localhost.pem"


class Imap(_Server, ThreadingTCPServer):
    """A real IMAP server on loopback, over TLS, with one folder that is read."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mailing)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(LOCALHOST)
        self.password = "secret"
        #: Whether it can move messages (RFC 6851).
        self.moves = True
        #: The messages that are there, by their UID.
        self.inbox: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.done: list[bytes] = []
        #: What it does not hand out now, and what has been taken out of it since it was searched.
        self.keeps: set[int] = set()
        self.gone: set[int] = set()
        #: The command that it hangs up at, and what it was told.
        self.hangs_up_at = ""
        self.told: list[str] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that do not trust us: some tests are about that."""


class _Mailing(StreamRequestHandler):
    server: Imap

    def setup(self) -> None:
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.request.settimeout(60)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline().decode():
            tag, _, rest = line.strip().partition(" ")
            self.server.told.append(rest)
            command = re.sub(r"^UID ", "", rest.upper()).partition(" ")[0]
            if command == self.server.hangs_up_at:
                return
            result = getattr(self, f"_{command.lower()}", lambda _rest: "OK done")(rest)
            self._say(f"{tag} {result}")
            if command == "LOGOUT":
                return

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _capability(self, _rest: str) -> str:
        self._say(f"* CAPABILITY IMAP4rev1{' MOVE' if self.server.moves else ''}")
        return "OK done"

    def _login(self, rest: str) -> str:
        return "OK done" if f'"{self.server.password}"' in rest else "NO wrong password"

    def _authenticate(self, _rest: str) -> str:
        self._say("+ ")
        given = base64.b64decode(self.rfile.readline()).decode()
        return "OK done" if given.endswith(f"\0{self.server.password}") else "NO wrong password"

    def _select(self, rest: str) -> str:
        self._say(f"* {len(self.server.inbox)} EXISTS")
        return "OK [READ-WRITE] done" if "INBOX" in rest else "NO no such folder"

    def _search(self, rest: str) -> str:
        unseen = "UNSEEN" in rest
        found = [uid for uid in self.server.inbox if not (unseen and uid in self.server.seen)]
        self._say(f"* SEARCH {' '.join(map(str, sorted(found)))}")
        return "OK done"

    def _fetch(self, rest: str) -> str:
        uid = int(rest.split()[2])
        if uid in self.server.keeps:
            return "NO not now"
        if uid in self.server.gone:
            return "OK done"
        length = int(re.search(r"<0\.(\d+)>", rest)[1])  # type: ignore[index]
        body = self.server.inbox[uid][:length]
        self.wfile.write(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(body)}}}\r\n".encode())
        self.wfile.write(body + b")\r\n")
        return "OK done"

    def _store(self, rest: str) -> str:
        uid = int(rest.split()[2])
        if "Deleted" in rest:
            del self.server.inbox[uid]
        else:
            self.server.seen.add(uid)
        return "OK done"

    def _copy(self, rest: str) -> str:
        self.server.done.append(self.server.inbox[int(rest.split()[2])])
        return "OK done"

    def _move(self, rest: str) -> str:
        self.server.done.append(self.server.inbox.pop(int(rest.split()[2])))
        return "OK done"

    def _logout(self, _rest: str) -> str:
        self._say("* BYE")
        return "OK done"
