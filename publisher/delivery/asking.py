"""Ask a Postfix, by its log, whether it has the mails that nobody can say of.

Of each message it takes, the log says in this order:

    smtpd    connect from ...
    smtpd    QUEUEID: client=...                       somebody may begin to send it
    cleanup  QUEUEID: message-id=<...>                 its headers have come; no more is promised
    qmgr     QUEUEID: from=<...>, ... (queue active)   it was accepted: only now it has the mail
    smtpd    disconnect from ...

So "queue active" is a yes at any time. A no takes more: that the connection was over by the log
itself, since what lies in its buffers may be accepted long after our process has died, and that
one file tells of all the time from before the mail went out until then. Between two files lines
may be missing, where one was emptied, or copied before it was; and nobody knows what stands in
those that we cannot read. Where any of this is missing the answer is not there yet. A message
that came whole, and was neither refused nor taken out of the incoming queue so far, stays without
one: a person has to look.

One log may tell of several Postfixes, each on a host of its own: queue ids and processes are known
by their hosts, and the lines of one host say nothing of how far those of another have come.

The log may be that of syslog, with RFC 3339 or with traditional dates, or Postfix's own
(``maillog_file``), with the rotated files beside it (:mod:`publisher.delivery.logfiles`).
"""

import re
import socket
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from publisher.delivery import logfiles
from publisher.delivery.outgoing import Relay

#: The clock of the log and ours may differ by so much, and its seconds are whole.
SLACK = timedelta(seconds=2)

#: A connection that nobody speaks on any more is over after ``smtpd_timeout``, five minutes.
_QUIET = timedelta(seconds=330)

#: Seconds that a relay may take to greet us.
_GREETING = 10.0

_STAMP = rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"
_LINE = re.compile(
    rb"(?P<stamp>" + _STAMP + rb") (?P<host>\S+) (?P<tag>\S+/(?P<service>[\w-]+)\[\d+\]): "
    rb"(?P<said>.*)"
)
_QUEUED = re.compile(rb"(?P<qid>\w+): (?P<said>.*)")
_BROKEN_OFF = re.compile(rb"(?:lost connection|timeout) after (?:DATA|BDAT)\b")
_REFUSED = (b"reject: ", b"milter-reject: ")


#: A process or a queue id, of a host.
_Of = tuple[bytes, bytes]


class Found(StrEnum):
    """What a relay says of a mail."""

    ACCEPTED = "accepted"
    #: It certainly does not have it, and never will by itself.
    REFUSED = "refused"
    #: It does not say yet.
    NOT_YET = "not_yet"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A mail that nobody can say of whether the relay has it."""

    #: With its angle brackets.
    message_id: str
    #: Before that instant it was with no relay.
    since: datetime
    #: From that instant on nobody of us was sending it any more.
    over: datetime


@dataclass(frozen=True, kw_only=True)
class _Span:
    """From when until when a file tells all, and how matters stood at its end."""

    first: bytes
    last: bytes
    reached: Mapping[bytes, bytes]
    opened: Mapping[_Of, bytes]


@dataclass(kw_only=True)
class _Log:
    """What was read so far, of the messages that are asked for and of connections."""

    wanted: frozenset[bytes]
    spans: list[_Span] = field(default_factory=list)
    #: The last line of all.
    last: bytes = b""
    #: The host of the line that is read, and the last instant of each that mail comes to.
    host: bytes = b""
    reached: dict[bytes, bytes] = field(default_factory=dict)
    accepted: set[bytes] = field(default_factory=set)
    #: Under which queue ids the messages came; one that is sent again has another.
    came: dict[bytes, list[_Of]] = field(default_factory=dict)
    #: Which message has a queue id now: Postfix gives short ones again.
    message: dict[_Of, bytes] = field(default_factory=dict)
    #: Queue ids that broke off before their message was whole, or were refused.
    void: set[_Of] = field(default_factory=set)
    #: By process: since when its connection is open, and the queue id it is at.
    opened: dict[_Of, bytes] = field(default_factory=dict)
    at: dict[_Of, _Of] = field(default_factory=dict)

    def read(self, lines: Iterable[bytes]) -> None:
        """Read on, in the next file."""
        services = {b"smtpd": self._smtpd, b"cleanup": self._cleanup, b"qmgr": self._qmgr}
        first = b""
        for line in lines:
            # The last one may be half written.
            if (found := _LINE.match(line)) and line.endswith(b"\n"):
                self.last, self.host = found["stamp"], found["host"]
                first = first or self.last
                if found["service"] == b"smtpd" or self.host in self.reached:
                    self.reached[self.host] = self.last
                if service := services.get(found["service"]):
                    service((self.host, found["tag"]), found["said"])
        if first:
            reached, opened = dict(self.reached), dict(self.opened)
            self.spans.append(_Span(first=first, last=self.last, reached=reached, opened=opened))

    def _smtpd(self, process: _Of, said: bytes) -> None:
        if said.startswith(b"connect from "):
            self.opened[process] = self.last
            self.at.pop(process, None)
        elif said.startswith(b"disconnect from "):
            self.opened.pop(process, None)
            self.at.pop(process, None)
        elif _BROKEN_OFF.match(said):
            # Cleanup names the message only afterwards, when its buffer was short.
            if process in self.at:
                self.void.add(self.at[process])
        elif queued := _QUEUED.match(said):
            self._of_queue(process, (self.host, queued["qid"]), queued["said"])

    def _of_queue(self, process: _Of, queued: _Of, said: bytes) -> None:
        if said.startswith(b"client="):
            self.at[process] = queued
            self.void.discard(queued)
            self.message.pop(queued, None)
        elif said.startswith(_REFUSED):
            self.void.add(queued)

    def _cleanup(self, process: _Of, said: bytes) -> None:
        found = _QUEUED.match(said)
        if found is None:
            return
        queued = (self.host, found["qid"])
        name, _, identity = found["said"].partition(b"=")
        if name != b"message-id":
            self._of_queue(process, queued, found["said"])
        elif identity in self.wanted:
            self.message[queued] = identity
            self.came.setdefault(identity, []).append(queued)
        else:
            self.message.pop(queued, None)

    def _qmgr(self, _process: _Of, said: bytes) -> None:
        if said.endswith(b"(queue active)"):
            message = self.message.get((self.host, said.partition(b":")[0]))
            if message:
                self.accepted.add(message)


def ask(log: Path, questions: Sequence[Question], *, now: datetime) -> dict[str, Found]:
    """Return what a relay's log says of mails, by their Message-IDs. Reads it once for all.

    Raises OSError when it cannot be read, or is damaged.
    """
    told = _Log(wanted=frozenset(question.message_id.encode() for question in questions))
    since = min((question.since for question in questions), default=now)
    for lines in logfiles.files(log, since):
        told.read(lines)
    if logfiles.unread(log, since):
        # It may be a part, and others would not follow each other any more.
        told.spans.clear()
    try:
        return {each.message_id: _judge(told, each, now) for each in questions}
    except ValueError as error:
        # What stands in the place of a date is none.
        raise OSError(f"{log}: {error}") from error


def _judge(told: _Log, question: Question, now: datetime) -> Found:
    identity = question.message_id.encode()
    if identity in told.accepted:
        return Found.ACCEPTED
    is_whole_somewhere = any(queued not in told.void for queued in told.came.get(identity, ()))
    is_told_of = any(_covers(span, question, now) for span in told.spans)
    return Found.REFUSED if is_told_of and not is_whole_somewhere else Found.NOT_YET


def _covers(span: _Span, question: Question, now: datetime) -> bool:
    """Return whether a file tells of a mail from before it went out until it was over."""
    over = question.over + SLACK
    if _instant(span.first, now) > question.since or _instant(span.last, now) < over:
        return False
    last = {host: _instant(stamp, now) for host, stamp in span.reached.items()}
    # Nobody knows which of them is ours, and what they write may come late.
    is_behind = any(each < over for each in last.values())
    may_be_open = any(
        _instant(stamp, now) <= over and last[host] < over + _QUIET
        for (host, _), stamp in span.opened.items()
    )
    return not is_behind and not may_be_open


def _instant(stamp: bytes, now: datetime) -> datetime:
    """Return the instant of a line. Traditional dates have no year, and are of this host's zone."""
    text = stamp.decode()
    if text[0].isdigit():
        return datetime.fromisoformat(text)
    # A leap year, so that no day is missing.
    told = datetime.strptime(f"2000 {text}", "%Y %b %d %H:%M:%S")  # noqa: DTZ007
    newest = (now + timedelta(days=1)).astimezone()
    # In January the last lines are of December.
    year = newest.year - ((told.month, told.day) > (newest.month, newest.day))
    day = min(told.day, monthrange(year, told.month)[1])
    return told.replace(year=year, day=day).astimezone()


def knock(relay: Relay) -> None:
    """Have a relay write a line into its log, so that the log tells of the time until now."""
    place = (relay.host, relay.port)
    with suppress(OSError), socket.create_connection(place, timeout=_GREETING) as connection:
        connection.recv(512)
        connection.sendall(b"QUIT\r\n")
        connection.recv(512)
