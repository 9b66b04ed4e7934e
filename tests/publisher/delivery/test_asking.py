"""What a Postfix's log says of mails: lines written by hand, and a real Postfix."""

import bz2
import gzip
import lzma
import os
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.delivery import logfiles
from publisher.delivery.asking import Found, Question, ask, knock
from publisher.delivery.outgoing import Relay
from tests import postfix
from tests.postfix import Postfix

ACCEPTED, REFUSED, NOT_YET = Found.ACCEPTED, Found.REFUSED, Found.NOT_YET
MINE = "<1.7.0123456789abcdef@news.example.org>"
#: The mail was frozen at six; our process was dead at ten past.
SINCE = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
OVER = SINCE + timedelta(minutes=10)
NOW = SINCE + timedelta(hours=1)


def rfc3339(at: str) -> str:
    return f"2026-11-27T{at}.250000+00:00"


def traditional(at: str) -> str:
    local = datetime.fromisoformat(f"2026-11-27T{at}+00:00").astimezone()
    return f"{local:%b} {local.day:2d} {local:%H:%M:%S}"


@pytest.fixture(params=[rfc3339, traditional])
def stamp(request: pytest.FixtureRequest) -> Callable[[str], str]:
    found: Callable[[str], str] = request.param
    return found


@pytest.fixture(params=["6F1D2180A5", "4jcvVW67bHz1SCX3"])
def qid(request: pytest.FixtureRequest) -> str:
    return str(request.param)


#: Who writes which line; our connection is that of the process 11.
CONNECT = "smtpd[11]: connect from host.example[192.0.2.1]"
CLIENT = "smtpd[11]: QID: client=host.example[192.0.2.1]"
HEADERS = f"cleanup[12]: QID: message-id={MINE}"
ACTIVE = "qmgr[13]: QID: from=<news@example.org>, size=4711, nrcpt=1 (queue active)"
LOST = "smtpd[11]: lost connection after DATA (2048 bytes) from host.example[192.0.2.1]"
LEFT = "smtpd[11]: disconnect from host.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 commands=3"
BEFORE, AFTER = "smtpd[20]: connect from a[::1]", "smtpd[20]: disconnect from a[::1] quit=1"
WHOLE = [CONNECT, CLIENT, HEADERS, ACTIVE]


def written(folder: Path, lines: list[tuple[str, str]]) -> Path:
    """Write a log: of each line when it is written and what it says."""
    log = folder / "mail.log"
    text = "".join(f"{at} mx postfix/{line}\n" for at, line in lines)
    log.write_text(text, encoding="utf-8")
    return log


def asked(log: Path) -> Found:
    return ask(log, [Question(message_id=MINE, since=SINCE, over=OVER)], now=NOW)[MINE]


def told(
    folder: Path,
    stamp: Callable[[str], str],
    *said: str,
    qid: str = "6F1D2180A5",
    begins: str = "05:00:00",
    ends: str = "06:10:30",
) -> Found:
    """Ask a log in which these lines stand at nine past, between an older and a newer one."""
    lines = [begins, *["06:09:00"] * len(said), ends]
    text = [line.replace("QID", qid) for line in (BEFORE, *said, AFTER)]
    if not ends:
        lines, text = lines[:-1], text[:-1]
    return asked(written(folder, list(zip(map(stamp, lines), text, strict=True))))


def test_a_message_that_is_in_the_active_queue_was_accepted(
    tmp_path: Path, stamp: Callable[[str], str], qid: str
) -> None:
    assert told(tmp_path, stamp, *WHOLE, LEFT, qid=qid) is ACCEPTED


def test_a_yes_needs_no_end_of_the_connection_and_no_later_line(
    tmp_path: Path, stamp: Callable[[str], str]
) -> None:
    assert told(tmp_path, stamp, *WHOLE, begins="06:08:00", ends="") is ACCEPTED


def test_headers_alone_promise_nothing(
    tmp_path: Path, stamp: Callable[[str], str], qid: str
) -> None:
    assert told(tmp_path, stamp, CONNECT, CLIENT, HEADERS, LOST, LEFT, qid=qid) is REFUSED
    # What is short reaches cleanup only when the connection has ended.
    assert told(tmp_path, stamp, CONNECT, CLIENT, LOST, LEFT, HEADERS, qid=qid) is REFUSED


@pytest.mark.parametrize(
    "said",
    [
        [],
        [CONNECT, LEFT],
        [CONNECT, CLIENT, LEFT],
        [CONNECT, CLIENT, "smtpd[11]: timeout after BDAT (99 bytes) from host.example", LEFT],
        [CONNECT, CLIENT, HEADERS, "cleanup[12]: QID: reject: header X: from h; <a>: no", LEFT],
        [CONNECT, CLIENT, HEADERS, "cleanup[12]: QID: milter-reject: END-OF-MESSAGE from h", LEFT],
        [CONNECT, CLIENT, HEADERS, "smtpd[11]: QID: reject: END-OF-MESSAGE from h: 552 no", LEFT],
    ],
)
def test_what_the_relay_never_had_whole_or_refused_it_does_not_have(
    tmp_path: Path, stamp: Callable[[str], str], said: list[str]
) -> None:
    assert told(tmp_path, stamp, *said) is REFUSED


@pytest.mark.parametrize(
    "said",
    [
        # The connection is still open: what lies in its buffers may yet be accepted.
        [CONNECT],
        [CONNECT, CLIENT],
        [CONNECT, CLIENT, HEADERS],
        # It came whole: the queue manager may have too much to do.
        [CONNECT, CLIENT, HEADERS, LEFT],
        [CONNECT, CLIENT, HEADERS, "smtpd[11]: lost connection after END-OF-MESSAGE from h", LEFT],
        # The connection went on to the next message, and broke off in that.
        [CONNECT, CLIENT, HEADERS, "smtpd[11]: 7ABCDE: client=h[192.0.2.1]", LOST, LEFT],
        # Another that broke off had the queue id before.
        [CONNECT, CLIENT, LOST, LEFT, CONNECT, CLIENT, HEADERS, LEFT],
        # Somebody else's, that was open before ours ended.
        ["smtpd[14]: connect from other.example[192.0.2.2]", CONNECT, LEFT],
    ],
)
def test_what_may_yet_come_is_no_no(
    tmp_path: Path, stamp: Callable[[str], str], said: list[str]
) -> None:
    assert told(tmp_path, stamp, *said) is NOT_YET


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([CONNECT], REFUSED),
        ([CONNECT, CLIENT], REFUSED),
        ([CONNECT, CLIENT, HEADERS], NOT_YET),
        ([CONNECT, CLIENT, HEADERS, LEFT], NOT_YET),
    ],
)
def test_after_a_quiet_time_a_connection_counts_as_over_but_what_came_whole_does_not_get_lost(
    tmp_path: Path, stamp: Callable[[str], str], said: list[str], found: Found
) -> None:
    # A connection that nobody speaks on ends after five minutes by itself.
    assert told(tmp_path, stamp, *said, ends="06:15:40") is found
    assert told(tmp_path, stamp, *said, ends="06:15:20") is NOT_YET


def test_a_connection_that_began_after_our_end_is_none_of_ours(
    tmp_path: Path, stamp: Callable[[str], str]
) -> None:
    lines = [("05:00:00", BEFORE), ("05:00:01", AFTER), ("06:09:00", LEFT)]
    lines += [("06:10:10", "smtpd[14]: connect from other.example[192.0.2.2]")]
    log = written(tmp_path, [(stamp(at), line) for at, line in lines])
    assert asked(log) is REFUSED


@pytest.mark.parametrize("ends", ["", "06:09:59", "06:10:01"])
def test_a_log_that_does_not_go_on_after_our_end_says_no_to_nothing(
    tmp_path: Path, stamp: Callable[[str], str], ends: str
) -> None:
    assert told(tmp_path, stamp, ends=ends) is NOT_YET


def test_a_log_that_begins_after_the_mail_went_out_says_no_to_nothing(
    tmp_path: Path, stamp: Callable[[str], str]
) -> None:
    assert told(tmp_path, stamp, begins="06:00:01") is NOT_YET
    assert told(tmp_path, stamp, begins="05:59:59") is REFUSED


def test_an_empty_log_says_nothing_and_none_at_all_is_an_error(tmp_path: Path) -> None:
    assert asked(written(tmp_path, [])) is NOT_YET
    (tmp_path / "mail.log").unlink()
    with pytest.raises(FileNotFoundError):
        asked(tmp_path / "mail.log")


def test_a_second_attempt_counts_by_itself(tmp_path: Path, stamp: Callable[[str], str]) -> None:
    broken = [CONNECT, CLIENT.replace("QID", "A0"), HEADERS.replace("QID", "A0"), LOST, LEFT]
    assert told(tmp_path, stamp, *broken, *WHOLE, LEFT) is ACCEPTED
    assert told(tmp_path, stamp, *broken, *broken) is REFUSED


def test_a_queue_id_that_is_given_again_is_another_message(
    tmp_path: Path, stamp: Callable[[str], str]
) -> None:
    theirs = [CLIENT, HEADERS.replace(MINE, "<theirs@example.com>"), ACTIVE]
    ours = [CONNECT, CLIENT, HEADERS, LOST, LEFT]
    assert told(tmp_path, stamp, *ours, CONNECT, *theirs, LEFT) is not ACCEPTED
    # A mail of this machine itself comes by pickup, without an smtpd.
    assert told(tmp_path, stamp, *ours, *theirs[1:]) is not ACCEPTED


def test_lines_of_others_and_half_a_line_are_passed_over(
    tmp_path: Path, stamp: Callable[[str], str]
) -> None:
    log = written(tmp_path, [(stamp("05:00:00"), BEFORE), (stamp("05:00:01"), AFTER)])
    with log.open("ab") as more:
        more.write(b"\xff\x00 nonsense\n\n")
        more.write(f"{stamp('06:09:00')} mx sshd[1]: message-id={MINE}\n".encode())
        for line in (*WHOLE[:-1], LEFT):
            more.write(f"{stamp('06:09:00')} mx postfix/submission/{line}\n".encode())
        more.write(f"{stamp('06:10:30')} mx postfix/{ACTIVE}".encode())
    assert asked(log) is NOT_YET
    with log.open("ab") as more:
        more.write(b"\n")
    assert asked(log) is ACCEPTED


def of_hosts(folder: Path, *lines: tuple[str, str, str]) -> Found:
    """Ask one log of several hosts: of each line when, where and what it says."""
    every = [("05:00:00", host, line) for host in ("mx1", "mx2") for line in (BEFORE, AFTER)]
    text = "".join(f"{rfc3339(at)} {host} postfix/{said}\n" for at, host, said in [*every, *lines])
    log = folder / "mail.log"
    log.write_text(text.replace("QID", "4ABC"), encoding="utf-8")
    return asked(log)


def test_processes_of_several_hosts_with_one_number_are_told_apart(tmp_path: Path) -> None:
    theirs = [("06:09:01", "mx2", CONNECT), ("06:10:30", "mx2", LEFT)]
    later = ("06:10:30", "mx1", AFTER)
    assert of_hosts(tmp_path, ("06:09:00", "mx1", CONNECT), *theirs, later) is NOT_YET
    # A message of theirs that breaks off, at the same time and under the same number, is not ours.
    ours = [("06:09:00", "mx1", line) for line in (CONNECT, CLIENT, HEADERS)]
    assert of_hosts(tmp_path, *ours, ("06:09:01", "mx2", LOST), *theirs, later) is NOT_YET


def test_messages_of_several_hosts_under_one_queue_id_are_told_apart(tmp_path: Path) -> None:
    ours = [("06:09:00", "mx1", line) for line in (CONNECT, CLIENT, HEADERS, LOST, LEFT)]
    theirs = [("06:09:00", "mx2", line) for line in (CLIENT, ACTIVE)]
    ends = [("06:10:30", host, AFTER) for host in ("mx1", "mx2")]
    mixed = [*ours[:3], *theirs, *ours[3:]]
    assert of_hosts(tmp_path, *mixed, *ends) is REFUSED
    assert of_hosts(tmp_path, *ours[:3], *theirs[:1], ("06:09:00", "mx1", ACTIVE)) is ACCEPTED


@pytest.mark.parametrize("behind", ["mx1", "mx2"])
def test_in_one_log_of_several_hosts_each_has_to_have_come_so_far(
    tmp_path: Path, behind: str
) -> None:
    # Their lines come by the network: those of one may be late.
    ends = [("06:10:30", host, AFTER) for host in ("mx1", "mx2") if host != behind]
    assert of_hosts(tmp_path, *ends) is NOT_YET
    assert of_hosts(tmp_path, *ends, ("06:10:30", behind, AFTER)) is REFUSED


def put(path: Path, lines: list[tuple[str, str]], written_at: datetime) -> None:
    """Write a rotated file, packed as its name says, to which nobody writes since."""
    data = "".join(f"{rfc3339(at)} mx postfix/{line}\n" for at, line in lines).encode()
    packing: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".xz": lzma.compress,
        ".bz2": bz2.compress,
    }
    path.write_bytes(packing[path.suffix](data) if path.suffix in packing else data)
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))


@pytest.mark.parametrize(
    "name", ["mail.log.1", "mail.log-20261127.gz", "mail.log.2.xz", "mail.log.2.bz2"]
)
def test_rotated_files_are_read_packed_or_not(tmp_path: Path, name: str) -> None:
    said = [("06:02:00", CONNECT), ("06:02:01", CLIENT)]
    put(tmp_path / "mail.log.3.gz", said, SINCE + timedelta(seconds=121))
    put(tmp_path / name, [("06:09:00", HEADERS), ("06:09:00", ACTIVE)], OVER)
    assert asked(written(tmp_path, [(rfc3339("06:10:30"), AFTER)])) is ACCEPTED


def test_a_rotated_file_says_no_if_it_tells_of_all_the_time_that_is_asked_for(
    tmp_path: Path,
) -> None:
    log = written(tmp_path, [(rfc3339("06:40:00"), BEFORE)])
    rotated = [("05:00:00", BEFORE), ("05:00:01", AFTER), ("06:10:30", AFTER)]
    put(tmp_path / "mail.log.1", rotated, SINCE + timedelta(minutes=11))
    assert asked(log) is REFUSED
    put(tmp_path / "mail.log.1", [*rotated[:2], ("06:09:00", CONNECT), rotated[2]], OVER)
    assert asked(log) is NOT_YET
    # Nor does the end of that connection help which stands in another file.
    log = written(tmp_path, [(rfc3339("06:11:00"), LEFT), (rfc3339("06:40:00"), BEFORE)])
    assert asked(log) is NOT_YET


def test_a_log_that_was_emptied_says_no_to_nothing(tmp_path: Path) -> None:
    older = [("04:00:00", BEFORE), ("05:00:00", AFTER)]
    put(tmp_path / "mail.log.1", older, SINCE - timedelta(hours=1))
    assert asked(written(tmp_path, [(rfc3339("06:10:30"), AFTER)])) is NOT_YET
    # Also where it was rotated in the course of it: some of it may be missing in between.
    put(tmp_path / "mail.log.1", [*older, ("06:08:00", CONNECT), ("06:08:01", LEFT)], OVER)
    assert asked(written(tmp_path, [(rfc3339("06:10:30"), AFTER)])) is NOT_YET


@pytest.mark.parametrize("name", ["mail.log.2.zst", "mail.log.old", "mail.log-new"])
def test_where_a_file_lies_beside_the_log_that_nobody_can_read_it_says_no_to_nothing(
    tmp_path: Path, name: str
) -> None:
    log = written(tmp_path, [(rfc3339("05:00:00"), AFTER), (rfc3339("06:10:30"), AFTER)])
    put(tmp_path / name, [], OVER)
    assert logfiles.unread(log, SINCE) == [tmp_path / name]
    assert asked(log) is NOT_YET
    # What is older than the mail is none of its business.
    put(tmp_path / name, [], SINCE - timedelta(minutes=5))
    assert asked(log) is REFUSED


def test_traditional_dates_are_of_the_last_year_that_they_can_be_of(tmp_path: Path) -> None:
    now = datetime(2027, 1, 1, 12, tzinfo=UTC)
    over = datetime(2026, 12, 31, 12, tzinfo=UTC)
    lines = [("Feb 29 10:00:00", BEFORE), ("Dec 31 23:00:00", AFTER)]
    question = Question(message_id=MINE, since=over - timedelta(hours=1), over=over)
    assert ask(written(tmp_path, lines), [question], now=now)[MINE] is REFUSED
    later = Question(message_id=MINE, since=over, over=over + timedelta(days=1))
    assert ask(written(tmp_path, lines), [later], now=now)[MINE] is NOT_YET


def test_many_mails_are_asked_for_in_one_reading(tmp_path: Path) -> None:
    questions = [
        Question(message_id=f"<{number}@x.example>", since=SINCE, over=OVER)
        for number in range(2000)
    ]
    lines = [(rfc3339("05:00:00"), BEFORE)]
    for number in range(0, 2000, 2):
        for line in (*WHOLE, LEFT):
            said = line.replace("QID", f"Q{number}").replace(MINE, f"<{number}@x.example>")
            lines.append((rfc3339("06:09:00"), said))
    lines.append((rfc3339("06:10:30"), AFTER))
    found = ask(written(tmp_path, lines), questions, now=NOW)
    assert list(found.values()) == [ACCEPTED, REFUSED] * 1000
    assert ask(written(tmp_path, lines), [], now=NOW) == {}


@pytest.fixture(scope="module", params=["no", "yes"])
def relay(request: pytest.FixtureRequest) -> Iterator[Postfix]:
    """Give a real Postfix, with short queue ids and with long ones."""
    with postfix.server(enable_long_queue_ids=request.param) as server:
        yield server


class Dialogue:
    """Somebody who speaks SMTP by hand, and stops where it is told to."""

    def __init__(self, port: int, name: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.answers = self.socket.makefile("rb")
        self.id = f"<{name}@news.example.org>"
        self.text = f"From: a@example.org\r\nMessage-ID: {self.id}\r\nSubject: x\r\n\r\n"
        self.answer()
        for line in ("EHLO tests", "MAIL FROM:<a@example.org>", f"RCPT TO:<{name}@example.com>"):
            self.say(f"{line}\r\n")
            self.answer()

    def say(self, words: str) -> None:
        self.socket.sendall(words.encode())

    def answer(self) -> bytes:
        while (line := self.answers.readline())[3:4] == b"-":
            pass
        return line

    def data(self, lines: int) -> None:
        """Send a message but for its final dot."""
        self.say("DATA\r\n")
        assert self.answer().startswith(b"354")
        self.say(self.text + "all the news\r\n" * lines)

    def die(self, *, hard: bool = False) -> None:
        """Be gone as a process that is killed is; ``hard`` as one whose buffers were not empty."""
        if hard:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.answers.close()
        self.socket.close()


def settled(relay: Postfix, questions: list[Question]) -> dict[str, Found]:
    """Ask until there is an answer to each, for a minute at the most."""
    end = time.monotonic() + 60
    while True:
        knock(Relay(host="127.0.0.1", port=relay.port))
        found = ask(relay.log, questions, now=datetime.now(UTC))
        if NOT_YET not in found.values() or time.monotonic() > end:
            return found
        time.sleep(0.1)


def after_the_headers(dialogue: Dialogue) -> None:
    dialogue.data(1)


def in_the_middle(dialogue: Dialogue) -> None:
    dialogue.data(2000)


def before_the_text(dialogue: Dialogue) -> None:
    dialogue.say("DATA\r\n")


def in_a_chunk(dialogue: Dialogue) -> None:
    dialogue.say(f"BDAT {len(dialogue.text) + 1}\r\n{dialogue.text}")


def between_chunks(dialogue: Dialogue) -> None:
    dialogue.say(f"BDAT {len(dialogue.text)}\r\n{dialogue.text}")
    assert dialogue.answer().startswith(b"250")


def after_the_dot(dialogue: Dialogue) -> None:
    dialogue.data(2000)
    dialogue.say(".\r\n")


def after_the_last_chunk(dialogue: Dialogue) -> None:
    dialogue.say(f"BDAT {len(dialogue.text)} LAST\r\n{dialogue.text}")


def in_the_next_message(dialogue: Dialogue) -> None:
    dialogue.data(3)
    dialogue.say(".\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<next@example.com>\r\nDATA\r\n")
    dialogue.answer()


#: Where somebody dies, and whether Postfix then has the message.
MOMENTS = {
    before_the_text: REFUSED,
    after_the_headers: REFUSED,
    in_the_middle: REFUSED,
    in_a_chunk: REFUSED,
    between_chunks: REFUSED,
    after_the_dot: ACCEPTED,
    after_the_last_chunk: ACCEPTED,
    in_the_next_message: ACCEPTED,
}


def test_a_real_postfix_is_asked_about_those_who_died_at_any_moment(relay: Postfix) -> None:
    begins, expected = datetime.now(UTC), dict[str, Found]()
    for until, found in MOMENTS.items():
        for hard in (False, True):
            dialogue = Dialogue(relay.port, f"{until.__name__}.{hard}")
            until(dialogue)
            if hard and found is ACCEPTED and until is not in_the_next_message:
                # A reset throws away what the relay has not read yet: let it read.
                dialogue.answer()
            dialogue.die(hard=hard)
            expected[dialogue.id] = found
    over = datetime.now(UTC)
    questions = [Question(message_id=name, since=begins, over=over) for name in expected]
    assert settled(relay, questions) == expected
    # What Postfix took it has handed on, or will.
    taken = {name.partition("@")[0] for name, found in expected.items() if found is ACCEPTED}
    end = time.monotonic() + 60
    while handed_on(relay) & {"<next", *(name.partition("@")[0] for name in expected)} != taken:
        assert time.monotonic() < end
        time.sleep(0.1)


def handed_on(relay: Postfix) -> set[str]:
    """Return the recipients whose mail was handed on, as far as their @."""
    said = relay.log.read_text(encoding="utf-8")
    return set(re.findall(r"postfix/discard\S+ \w+: to=(<[^@]+)@.*status=sent", said))


def test_a_real_postfix_says_nothing_while_the_message_is_under_way(relay: Postfix) -> None:
    begins = datetime.now(UTC)
    dialogue = Dialogue(relay.port, "slow")
    with closing(dialogue.socket):
        dialogue.data(2000)
        # Whoever believes that it is over before it is gets no wrong answer.
        over = datetime.now(UTC) - timedelta(seconds=2)
        early = Question(message_id=dialogue.id, since=begins, over=over)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            knock(Relay(host="127.0.0.1", port=relay.port))
            assert ask(relay.log, [early], now=datetime.now(UTC))[dialogue.id] is NOT_YET
        dialogue.say(".\r\n")
        assert dialogue.answer().startswith(b"250")
    assert settled(relay, [early]) == {early.message_id: ACCEPTED}


def test_nobody_is_bothered_by_a_knock_where_nobody_is() -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        knock(Relay(host="127.0.0.1", port=nobody.getsockname()[1]))
