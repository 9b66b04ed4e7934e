"""What follows from a mail that comes back, and from what nobody can be sure of: nothing."""

import random
import re
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import bounces
from publisher.bounces.taking import in_a_row
from publisher.config import Config
from publisher.mail import returned
from publisher.mail.returned import Kind
from publisher.subscriptions import address_change, erasure
from publisher.tokens import Mail, Tokens
from store import bounces as kept
from store import consents, deliveries, letters, subscribers
from store.database import Database
from store.records import Act, DeliveryState, SigningKey, Status
from tests import bounced, make, people
from tests.publisher.bounces.conftest import ALI, DAY, ZOE, Post, a_post

HOME = "bounces@news.example.org"


def test_a_dead_address_is_written_to_no_more(either_post: Post) -> None:
    post = either_post
    mail = post.send()[ZOE]
    issue = post.queue(make.NOW + DAY)
    taken = post.take(bounced.dsn(post.path(mail), ZOE))
    assert (taken.kind, taken.became) == (Kind.HARD, Status.BOUNCED)
    assert (post.status(), post.suppressed()) == (Status.BOUNCED, Status.BOUNCED)
    assert (post.status(ALI), post.suppressed(ALI)) == (Status.ACTIVE, None)
    with post.database.read() as tx:
        states = {row.email: row.state for row in deliveries.listing(tx, issue)}
        said = consents.of(tx, mail.subscriber_id)[-1]
    assert states == {ZOE: DeliveryState.CANCELLED, ALI: DeliveryState.QUEUED}
    assert (said.act, said.how) == (Act.STOPPED, "bounce")
    assert set(said.choice["newsletters"]) == {"digest"}


def test_a_delivery_that_came_back_says_so(post: Post) -> None:
    mail = post.send()[ZOE]
    post.take(bounced.dsn(post.path(mail), ZOE))
    with post.database.read() as tx:
        found = deliveries.find(tx, mail.id)
    assert found is not None
    assert found.state is DeliveryState.SENT
    assert found.detail.startswith("came back, hard: 5.1.1 550 5.1.1 <zoe@example.org>")
    (row,) = post.rows()
    assert (row.email, row.delivery_id, row.status, row.source) == (ZOE, mail.id, "5.1.1", "test")


@pytest.mark.parametrize("system", bounced.DEAD)
def test_mail_systems_are_understood_by_the_return_path(post: Post, system: str) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.DEAD[system](post.path(mail).upper(), ZOE, bounced.STRANGE))
    assert (taken.kind, post.status()) == (Kind.HARD, Status.BOUNCED)


@pytest.mark.parametrize("system", bounced.DEAD)
def test_mail_systems_are_understood_by_the_copy_of_the_mail(post: Post, system: str) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.DEAD[system](HOME, ZOE, post.copy(mail)))
    assert (taken.kind, post.status()) == (Kind.HARD, Status.BOUNCED)


@pytest.mark.parametrize("system", bounced.DEAD)
def test_a_message_stays_what_it_is_whatever_its_subject_is_written_in(
    post: Post, system: str
) -> None:
    mail = post.send()[ZOE]
    raw = bounced.DEAD[system](post.path(mail), ZOE, bounced.STRANGE)
    raw = re.sub(rb"^Subject:.*$", b"Subject: =?\xc3\xa9?q?x?=", raw, flags=re.MULTILINE)
    assert (post.take(raw).kind, post.status()) == (Kind.HARD, Status.BOUNCED)


def test_the_version_of_a_mail_system_is_no_status(post: Post) -> None:
    mail = post.send()[ZOE]
    raw = bounced.exim(post.path(mail), ZOE).replace(
        b"by mail delivery software.", b"by mail delivery software (Exim 4.97.1)."
    )
    assert (post.take(raw).kind, post.rows()[0].status) == (Kind.HARD, "5.1.1")


@pytest.mark.parametrize("system", bounced.DEAD)
def test_a_stranger_can_make_nobody_bounce(post: Post, system: str) -> None:
    mail = post.send()[ZOE]
    post.send(make.NOW + DAY)
    # All that a stranger can know: the address, ours, and how our Message-IDs look.
    forged = bounced.STRANGE + (
        f"Message-ID: <{mail.issue_id}.{mail.id}.0123456789abcdef@news.example.org>\n"
        f"List-Unsubscribe: <https://news.example.org/leave/l1.WzEsImRpZ2VzdCIsMF0.{'A' * 43}>\n"
    )
    for to in (HOME, f"bounces+d1-{mail.id}-{'a' * 20}@news.example.org"):
        taken = post.take(bounced.DEAD[system](to, ZOE, forged))
        assert (taken.kind, taken.became, post.status()) == (Kind.UNKNOWN, None, Status.ACTIVE)
        assert "names no mail of ours" in taken.reason
    assert len(post.rows()) == 2


def test_who_had_a_mail_can_only_return_that_one(post: Post) -> None:
    mails = post.send()
    # Ali's mail, and the claim that Zoe's address is dead.
    for raw in (
        bounced.dsn(HOME, ZOE, post.copy(mails[ALI])),
        bounced.dsn(HOME, ZOE, post.copy(mails[ALI]) + post.copy(mails[ZOE]), number=2),
    ):
        assert post.take(raw).kind is Kind.UNKNOWN
    # By the return path the mail is certain; but it is not Ali's address that is dead.
    assert post.take(bounced.dsn(post.path(mails[ALI]), ZOE, number=3)).kind is Kind.SOFT
    assert (post.status(), post.status(ALI)) == (Status.ACTIVE, Status.ACTIVE)


def moved(post: Post) -> Post:
    """Return a site as it is once it has another host."""
    site = post.config.site.model_copy(update={"url": "https://tidings.example.net"})
    return Post(post.database, post.config.model_copy(update={"site": site}))


def only_id(copy: str) -> str:
    """Return a copy of which a gateway has left nothing that we sign but the Message-ID."""
    return "".join(line for line in copy.splitlines(True) if line.startswith("Message-ID: "))


def test_a_mail_that_went_out_before_the_site_moved_is_known_by_its_message_id(post: Post) -> None:
    mail = post.send()[ZOE]
    taken = moved(post).take(bounced.dsn(HOME, ZOE, only_id(post.copy(mail))))
    assert (taken.kind, post.status()) == (Kind.HARD, Status.BOUNCED)
    assert [row.delivery_id for row in post.rows()] == [mail.id]


def test_a_letter_that_went_out_before_the_site_moved_is_known_by_its_message_id(
    post: Post,
) -> None:
    people.ask(post.database, post.config, "new@example.org", now=make.NOW)
    letter = bounced.head_of(people.mail(post.database, post.config, "confirm").as_bytes())
    taken = moved(post).take(bounced.dsn(HOME, "new@example.org", only_id(letter)))
    assert taken.became is Status.BOUNCED


def test_whichever_host_a_message_id_names_its_mark_must_be_ours(post: Post) -> None:
    mail = post.send()[ZOE]
    forged = f"Message-ID: <{mail.issue_id}.{mail.id}.0123456789abcdef@{{}}>\n"
    hosts = ("news.example.org", "tidings.example.net", "elsewhere.example")
    for number, (site, host) in enumerate(product((post, moved(post)), hosts)):
        raw = bounced.dsn(HOME, ZOE, forged.format(host), number=number)
        assert site.take(raw).kind is Kind.UNKNOWN
    assert post.status() is Status.ACTIVE


def test_a_message_to_several_return_paths_names_none(post: Post) -> None:
    mails = post.send()
    to = f"{post.path(mails[ZOE])}, {post.path(mails[ALI])}"
    taken = post.take(bounced.dsn(to, ZOE))
    assert (taken.kind, "several mails" in taken.reason) == (Kind.UNKNOWN, True)


def test_the_original_recipient_is_ours_where_it_was_forwarded(post: Post) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), "zoe@new.example", original=ZOE)
    assert post.take(raw).kind is Kind.HARD


@pytest.mark.parametrize("language", bounced.WORDS)
@pytest.mark.parametrize("charset", ["utf-8", "cp1256", "iso-8859-1"])
def test_a_notice_in_any_language_is_read_by_its_report(
    post: Post, language: str, charset: str
) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE, words=bounced.WORDS[language], charset=charset)
    assert post.take(raw).kind is Kind.HARD


@pytest.mark.parametrize("charset", ["utf-99", '"', "=?x?="])
def test_a_charset_that_there_is_not_changes_nothing(post: Post, charset: str) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE).replace(b"charset=utf-8", f"charset={charset}".encode())
    assert post.take(raw).kind is Kind.HARD


def test_an_address_in_other_letters_is_read(post: Post) -> None:
    make.subscribe(post.database, ["أمل@example.org"])
    mail = post.send()["أمل@example.org"]
    report = "message/global-delivery-status"
    raw = bounced.dsn(post.path(mail), "أمل@example.org", report=report)
    assert post.take(raw.replace(b"rfc822; \xd8", b"utf-8; \xd8")).kind is not Kind.UNKNOWN


REPORTS = ["message/delivery-status", "message/global-delivery-status"]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit", "Base64"])
@pytest.mark.parametrize("report", REPORTS)
def test_a_report_is_read_however_it_is_encoded(post: Post, report: str, encoding: str) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE, report=report)
    if encoding != "8bit":
        raw = bounced.encoded(raw, encoding.lower()).replace(b"base64", encoding.encode())
    taken = post.take(raw)
    assert (taken.kind, taken.became) == (Kind.HARD, Status.BOUNCED)
    assert taken.reason == "550 5.1.1 <zoe@example.org>: Recipient address rejected: User unknown"


def test_a_complaint_is_read_however_it_is_encoded(post: Post) -> None:
    mail = post.send()[ZOE]
    raw = bounced.encoded(bounced.arf(HOME, post.copy(mail)), "base64")
    assert post.take(raw).kind is Kind.COMPLAINT


def test_a_report_that_cannot_be_read_is_shown_and_is_no_answer_by_itself(post: Post) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE, words="x").replace(b"\nAction: failed", b"\nAction:")
    raw = raw.replace(b"<zoe@example.org>:", b"")
    assert post.take(raw).kind is Kind.UNKNOWN
    assert [row.kind for row in post.rows()] == [Kind.UNKNOWN]


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered"])
def test_what_has_not_failed_is_ignored(post: Post, action: str) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.dsn(post.path(mail), ZOE, action=action, status="4.4.7"))
    assert (taken.kind, action in taken.reason, post.rows()) == (Kind.IGNORED, True, [])


def test_what_is_refused_for_its_sender_is_shown_and_no_more(post: Post) -> None:
    mail = post.send()[ZOE]
    reply = "smtp; 550 5.7.1 Message rejected as spam"
    taken = post.take(bounced.dsn(post.path(mail), ZOE, status="5.7.1", reply=reply))
    assert (taken.kind, post.status()) == (Kind.POLICY, Status.ACTIVE)
    assert [row.kind for row in post.rows()] == [Kind.POLICY]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("smtp; 451 Temporary local problem", Kind.SOFT),
        ("", Kind.SOFT),
        ("smtp; 550 Sender verify failed", Kind.POLICY),
        ("smtp; 550 192.0.2.1 is in a black list at bl.example", Kind.POLICY),
    ],
)
def test_who_is_there_is_not_locked_out_by_a_system_that_reports_all_failures_alike(
    post: Post, reply: str, kind: Kind
) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.dsn(post.path(mail), ZOE, status="5.0.0", reply=reply))
    assert (taken.kind, post.status(), post.suppressed()) == (kind, Status.ACTIVE, None)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Unrouteable address", Kind.HARD),
        ("(generated from list@example.org)\n    user unknown", Kind.HARD),
        ("550 5.1.1 <zoe@example.org>: no", Kind.HARD),
        ("mailbox is full: retry timeout exceeded", Kind.SOFT),
        ("retry timeout exceeded", Kind.SOFT),
        ("This message has been rejected because it is spam", Kind.POLICY),
    ],
)
def test_what_exim_says_below_an_address_is_its_reply_where_its_report_has_none(
    post: Post, said: str, kind: Kind
) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.exim_report(post.path(mail), ZOE, said=said))
    assert (taken.kind, taken.reason) == (kind, " ".join(said.split()))


def test_what_else_a_report_says_to_people_is_no_reply(post: Post) -> None:
    mail = post.send()[ZOE]
    intro = "If there is no such user, please remove the address from your list:\n  ali@example.org"
    raw = bounced.exim_report(post.path(mail), ZOE, said="delivery timed out", intro=intro)
    assert (post.take(raw).kind, post.status()) == (Kind.SOFT, Status.ACTIVE)


def test_a_status_that_says_something_is_not_changed_by_words_to_people(post: Post) -> None:
    mail = post.send()[ZOE]
    said = "Unrouteable address"
    raw = bounced.exim_report(post.path(mail), ZOE, said=said, status="5.2.2")
    assert post.take(raw).kind is Kind.SOFT
    raw = bounced.exim_report(post.path(mail), ALI, said="policy", status="5.1.1")
    assert returned.read(raw, post.tokens, now=make.NOW).kind is Kind.HARD


def test_the_same_message_counts_once_whichever_way_it_comes(post: Post) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE, status="4.2.2")
    first = post.take(raw)
    again = [
        post.take(raw),
        post.take(raw.replace(b"\n", b"\r\n")),
        post.take(b"Received: by another way\n" + raw),
    ]
    assert first.again is False
    assert [(taken.again, taken.reason) for taken in again] == [(True, "was read before")] * 3
    assert len(post.rows()) == 1


# Soft bounces


def soft(post: Post, days: int, number: int) -> Kind:
    """Send an issue so many days later, and have Zoe's come back a day after it."""
    now = make.NOW + days * DAY
    mail = post.send(now)[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE, status="4.2.2", number=number)
    return post.take(raw, now=now + DAY).kind


def test_mails_in_a_row_that_fail_for_now_are_as_good_as_one_for_ever(either_post: Post) -> None:
    for number in range(4):
        assert soft(either_post, 7 * number, number) is Kind.SOFT
        assert either_post.status() is Status.ACTIVE
    soft(either_post, 28, 4)
    assert either_post.status() is Status.BOUNCED
    assert either_post.suppressed() == Status.BOUNCED


def test_a_mail_that_arrives_in_between_begins_anew(post: Post) -> None:
    for number in range(4):
        soft(post, 7 * number, number)
    post.send(make.NOW + 28 * DAY)
    for number in range(4):
        soft(post, 35 + 7 * number, 10 + number)
    assert post.status() is Status.ACTIVE
    soft(post, 70, 20)
    assert post.status() is Status.BOUNCED


def test_a_bad_day_is_no_dead_address(post: Post) -> None:
    for number in range(8):
        soft(post, number, number)
    # Eight in a row, but all within a week.
    assert post.status() is Status.ACTIVE


@pytest.mark.parametrize(
    ("sent", "failed", "dead"),
    [
        ([5, 4, 3], {5: 14, 4: 10, 3: 0}, True),
        ([5, 4, 3], {5: 13, 4: 10, 3: 0}, False),
        ([5, 4, 3], {5: 20, 3: 0}, False),
        ([5, 4, 3, 2, 1], {5: 20, 4: 10, 2: 5, 1: 0}, False),
        # Reports come in any order.
        ([5, 4, 3], {5: 0, 4: 10, 3: 20}, True),
        ([], {}, False),
    ],
)
def test_a_row_has_enough_mails_and_enough_days(
    sent: list[int], failed: dict[int, int], *, dead: bool
) -> None:
    heard = {number: make.NOW + days * DAY for number, days in failed.items()}
    assert in_a_row(sent, heard, limit=3, days=14) is dead


# Complaints


@pytest.mark.parametrize("kind", ["abuse", "fraud"])
def test_a_complaint_ends_everything_at_once(either_post: Post, kind: str) -> None:
    post = either_post
    mail = post.send()[ZOE]
    # The address is hidden, as most programmes do.
    taken = post.take(bounced.arf(HOME, post.copy(mail).replace(ZOE, "redacted"), kind=kind))
    assert (taken.kind, taken.became) == (Kind.COMPLAINT, Status.COMPLAINED)
    assert (post.status(), post.suppressed()) == (Status.COMPLAINED, Status.COMPLAINED)
    with post.database.read() as tx:
        assert subscribers.subscriptions_of(tx, mail.subscriber_id) == ()
        said = consents.of(tx, mail.subscriber_id)[-1]
    assert (said.act, said.how) == (Act.WITHDRAWN, "complaint")


def test_a_complaint_is_known_by_its_message_id_alone(post: Post) -> None:
    mail = post.send()[ZOE]
    lines = [line for line in post.copy(mail).splitlines() if line.startswith("Message-ID")]
    assert post.take(bounced.arf(HOME, "\n".join(lines))).kind is Kind.COMPLAINT


def test_a_complaint_that_proves_nothing_is_shown(post: Post) -> None:
    post.send()
    copy = bounced.STRANGE + "Feedback-ID: 1:digest:news.exa-6e62d9\n"
    taken = post.take(bounced.arf(HOME, copy, failed=ZOE))
    assert (taken.kind, post.status()) == (Kind.UNKNOWN, Status.ACTIVE)
    assert "Feedback-ID 1:digest:" in taken.reason


def test_what_is_no_spam_is_no_complaint(post: Post) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.arf(HOME, post.copy(mail), kind="not-spam"))
    assert (taken.kind, post.status()) == (Kind.IGNORED, Status.ACTIVE)


def test_who_opts_out_leaves_the_newsletter(post: Post) -> None:
    mail = post.send()[ZOE]
    assert post.take(bounced.arf(HOME, post.copy(mail), kind="opt-out")).kind is Kind.LEAVE
    assert post.status() is Status.UNSUBSCRIBED


def test_microsofts_programme_is_not_taken_for_a_bounce(post: Post) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.jmrp(HOME, ZOE, post.copy(mail)))
    assert (taken.kind, taken.became) == (Kind.COMPLAINT, Status.COMPLAINED)


def test_who_complained_stays_so_when_mail_bounces_and_not_the_other_way(post: Post) -> None:
    mail = post.send()[ZOE]
    post.take(bounced.dsn(post.path(mail), ZOE))
    assert post.take(bounced.arf(HOME, post.copy(mail))).became is Status.COMPLAINED
    assert post.take(bounced.dsn(post.path(mail), ZOE, number=2)).became is None
    assert post.status() is Status.COMPLAINED


# Leaving by mail


def leave_subject(post: Post) -> str:
    return f"unsubscribe digest {people.leave_token(post.database, post.person())}"


def test_who_writes_the_mail_of_the_header_leaves(either_post: Post) -> None:
    taken = either_post.take(bounced.leave(HOME, leave_subject(either_post)))
    assert (taken.kind, either_post.status()) == (Kind.LEAVE, Status.UNSUBSCRIBED)
    assert people.wants(either_post.database, either_post.person()) == {}
    zoe = either_post.person().id
    with either_post.database.read() as tx:
        assert consents.of(tx, zoe)[-1].how == "mail"
        names = [letter.name for letter in letters.of(tx, zoe)]
    assert names == ["goodbye"]


@pytest.mark.parametrize(
    "tagged",
    [
        "[EXTERNAL] {}",
        "Re: {}",
        "{} [scanned]",
        "[unsubscribe?] AW: {} (fwd)",
        "*** SPAM *** {}",
    ],
)
@pytest.mark.parametrize("blank", [" ", "%20", "+", "  "])
def test_a_subject_that_a_gateway_has_changed_still_leaves(
    post: Post, tagged: str, blank: str
) -> None:
    subject = tagged.format(leave_subject(post).replace(" ", blank))
    assert post.take(bounced.leave(HOME, subject)).kind is Kind.LEAVE
    assert post.status() is Status.UNSUBSCRIBED


def test_a_subject_that_was_broken_still_leaves(post: Post) -> None:
    subject = leave_subject(post)
    broken = f"=?utf-8?q?{subject[:40].replace(' ', '_')}?=\n {subject[40:60]}\n {subject[60:]}"
    assert post.take(bounced.leave(HOME, broken)).kind is Kind.LEAVE


@pytest.mark.parametrize(
    "subject",
    [
        *("unsubscribe digest", "unsubscribe", "Unsubscribe digest l1.x.y"),
        *("Re: unsubscribe", "[EXTERNAL] Unsubscribe digest l1.x.y", "unsubscribe " * 300),
    ],
)
def test_nobody_can_take_somebody_else_off(post: Post, subject: str) -> None:
    taken = post.take(bounced.leave(HOME, subject))
    assert (taken.kind, post.status()) == (Kind.UNKNOWN, Status.ACTIVE)
    assert "by hand" in taken.reason


@pytest.mark.parametrize("quotes", ["by its headers", "by its return path"])
def test_who_leaves_by_mail_leaves_themself_whatever_mail_they_quote(
    post: Post, quotes: str
) -> None:
    mail = post.send()[ALI]
    to = post.path(mail) if quotes == "by its return path" else HOME
    raw = bounced.leave(to, leave_subject(post)) + post.copy(mail).encode()
    assert post.take(raw).kind is Kind.LEAVE
    assert (post.status(), post.status(ALI)) == (Status.UNSUBSCRIBED, Status.ACTIVE)


# What changes in between


def test_a_new_address_is_not_blamed_for_the_old_one(post: Post) -> None:
    mails = post.send()
    copy, path = post.copy(mails[ZOE]), post.path(mails[ZOE])
    own = people.own_token(post.database, post.person())
    address_change.ask_address(post.database, post.config, own, "zoe@new.example", now=make.NOW)
    link = people.token(post.database, post.config, "address")
    address_change.confirm_address(post.database, post.config, link, now=make.NOW)
    taken = post.take(bounced.dsn(path, ZOE, copy))
    assert (taken.kind, "another address" in taken.reason) == (Kind.UNKNOWN, True)
    assert post.status("zoe@new.example") is Status.ACTIVE


def test_who_is_erased_leaves_no_bounce_behind(either_post: Post) -> None:
    post = either_post
    mail = post.send()[ZOE]
    path = post.path(mail)
    post.take(bounced.dsn(path, ZOE, status="4.2.2"))
    # One that nobody could make anything of names the address, too.
    post.take(bounced.dsn(HOME, ZOE, number=2))
    zoe = post.person()
    with post.database.read() as tx:
        assert len(kept.of(tx, zoe.id)) == 1
        assert len(erasure.known(tx, zoe)["bounces"]) == 1
    erasure.erase(post.database, ZOE, now=make.NOW)
    assert post.rows() == []
    taken = post.take(bounced.dsn(path, ZOE, number=3))
    assert (taken.kind, "erased" in taken.reason) == (Kind.UNKNOWN, True)


def test_a_letter_to_confirm_that_comes_back_ends_the_sign_up(
    database: Database, config: Config
) -> None:
    post = a_post(database, config)
    people.ask(database, post.config, "new@example.org", now=make.NOW)
    copy = bounced.head_of(people.mail(database, post.config, "confirm").as_bytes())
    taken = post.take(bounced.dsn(HOME, "new@example.org", copy))
    assert taken.became is Status.BOUNCED
    (letter,) = people.written(database, "confirm")
    assert letter.state is DeliveryState.CANCELLED
    assert letter.detail.startswith("came back, hard")
    # Who never confirmed is forgotten all the same, but for the hash of the address.
    assert erasure.tidy(database, now=make.NOW + timedelta(days=31)) == 1
    with database.read() as tx:
        assert subscribers.by_email(tx, "new@example.org") is None
    assert post.rows() == []
    assert post.suppressed("new@example.org") == Status.BOUNCED


def letter_to_another(post: Post, address: str, name: str) -> str:
    """Write a letter to Zoe at an address that is not hers; return its return path."""
    zoe = post.person().id
    with post.database.write() as tx:
        about = {"language": "en", "email": address, "details": {}, "now": make.NOW}
        letters.queue(tx, zoe, name, **about)  # type: ignore[arg-type]
        letter = letters.of(tx, zoe)[-1]
    return f"bounces+{post.tokens.make_return(Mail.LETTER, letter.id)}@news.example.org"


def test_a_letter_to_an_address_that_is_only_wanted_blames_nobody(post: Post) -> None:
    path = letter_to_another(post, "typo@example.org", "address")
    assert post.take(bounced.dsn(path, "typo@example.org")).kind is Kind.HARD
    assert post.status() is Status.ACTIVE


@pytest.mark.parametrize("name", ["address", "changed"])
@pytest.mark.parametrize(
    ("kind", "heard", "reason"),
    [
        ("abuse", Kind.COMPLAINT, Status.COMPLAINED),
        ("opt-out", Kind.LEAVE, Status.UNSUBSCRIBED),
    ],
)
def test_who_wants_no_letter_of_somebody_elses_is_left_alone_and_the_reader_stays(
    post: Post, name: str, kind: str, heard: Kind, reason: Status
) -> None:
    path = letter_to_another(post, "stranger@example.org", name)
    taken = post.take(bounced.arf(path, kind=kind))
    assert (taken.kind, taken.became) == (heard, None)
    assert (post.status(), post.suppressed()) == (Status.ACTIVE, None)
    assert set(people.wants(post.database, post.person())) == {"digest"}
    assert post.suppressed("stranger@example.org") == reason
    zoe = post.person().id
    with post.database.read() as tx:
        states = [letter.state for letter in letters.of(tx, zoe)]
    assert states == [DeliveryState.CANCELLED]


# What strangers send


def test_an_answer_by_itself_is_ignored(post: Post) -> None:
    mail = post.send()[ZOE]
    taken = post.take(bounced.vacation(post.path(mail)))
    assert (taken.kind, "auto-replied" in taken.reason, post.rows()) == (Kind.IGNORED, True, [])


@pytest.mark.parametrize(
    "said",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-generated; owner=zoe",
        "X-Auto-Response-Suppress: All",
    ],
)
def test_a_note_that_a_program_wrote_is_ignored(post: Post, said: str) -> None:
    mail = post.send()[ZOE]
    raw = bounced.vacation(post.path(mail)).replace(b"Auto-Submitted: auto-replied (vacation)", b"")
    taken = post.take(f"{said}\n".encode() + raw.replace(b"\n\n", b"\n", 1))
    assert (taken.kind, said.partition(":")[0] in taken.reason) == (Kind.IGNORED, True)
    assert post.rows() == []


def test_what_somebody_wrote_is_shown(post: Post) -> None:
    raw = bounced.vacation(HOME).replace(b"auto-replied (vacation)", b"No")
    assert post.take(raw).kind is Kind.UNKNOWN


@pytest.mark.parametrize("said", ["Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: DR"])
@pytest.mark.parametrize("system", bounced.DEAD)
def test_a_bounce_is_one_though_a_program_wrote_it(post: Post, system: str, said: str) -> None:
    mail = post.send()[ZOE]
    raw = bounced.DEAD[system](post.path(mail), ZOE, bounced.STRANGE)
    raw = raw.replace(b"Auto-Submitted: auto-replied\n", b"")
    assert post.take(f"{said}\n".encode() + raw).kind is Kind.HARD


def test_who_asks_to_leave_without_our_signature_is_shown_whatever_else_is_said(post: Post) -> None:
    raw = b"X-Auto-Response-Suppress: All\n" + bounced.leave(HOME, "Unsubscribe me")
    taken = post.take(raw)
    assert (taken.kind, "by hand" in taken.reason) == (Kind.UNKNOWN, True)


def test_who_asks_to_leave_without_our_signature_is_named_until_erased(post: Post) -> None:
    raw = bounced.leave(HOME, "unsubscribe digest")
    assert f"From: {ZOE}".encode() in raw
    assert f"the sender, {ZOE}, is the reader" in post.take(raw).reason
    assert [row.address for row in post.rows()] == [ZOE]
    erasure.erase(post.database, ZOE, now=make.NOW)
    assert post.rows() == []
    nameless = post.take(bounced.leave(HOME, "unsubscribe", sender="nobody at all"))
    assert nameless.reason.endswith("if the sender is the reader")


def nested(depth: int) -> bytes:
    """Return a message of parts in parts."""
    opened = "".join(
        f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n'
        for level in range(depth)
    )
    return f"To: {HOME}\nMIME-Version: 1.0\n{opened}Content-Type: text/plain\n\nx\n".encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\x00" * 1_000,
        nested(1_000),
        b"Content-Type: message/rfc822\n\n" * 1_000,
        b"Content-Type: multipart/report; report-type=delivery-status\n\nno boundary",
        b"Content-Type: message/delivery-status\n\nAction: failed\nFinal-Recipient: rfc822;",
        b"Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
        b"Subject: =?utf-8?b?////?=\nDate: Feb 31 9999 99:99\nMessage-ID: \xff\n\n\xff",
        b"To: a\r\nBcc: b\rX: y\n\n.",
        b"Content-Type: text/plain; charset=\xff\xfe\n\n\xff\xfe",
        b"From: x\n" * 20_000 + b"\n",
        *(
            name + b": =?" + charset + b"?q?x?=\n\nx"
            for name in (b"Subject", b"To", b"Message-ID", b"Auto-Submitted")
            for charset in (b"\xc3\xa9", b"idna", b"undefined", b"a\0b", b"hex", b"\xff\xfe")
        ),
        *(
            b"Content-Type: multipart/report; boundary=b\n\n--b\n"
            b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n"
            b"Content-Type: text/plain; " + charset + b"\nContent-Transfer-Encoding: 8bit\n"
            b"\xc3\xa9 is no field\n\nAction: failed\nFinal-Recipient: rfc822; x\n--b--\n"
            for charset in (
                *(b"charset=idna", b"charset*=utf-8''ascii", b'charset="a\0b"'),
                *(b"charset=\xc3\xa9", b"charset=undefined", b"charset=hex"),
            )
        ),
    ],
    ids=range(42),
)
def test_hostile_messages_are_kept_and_change_nothing(post: Post, raw: bytes) -> None:
    taken = post.take(raw)
    assert (taken.kind, taken.became) == (Kind.UNKNOWN, None)
    assert all(row.detail.isprintable() and row.subject.isprintable() for row in post.rows())


def test_what_no_database_can_hold_is_not_put_into_one(either_post: Post) -> None:
    mail = either_post.send()[ZOE]
    path = either_post.path(mail)
    copy = "Message-ID: <9999999999.9999999999.0123456789abcdef@news.example.org>\n"
    assert either_post.take(bounced.dsn(HOME, ZOE, copy)).kind is Kind.UNKNOWN
    raw = bounced.dsn(path, "a\x00b@example.org", subject="a\x00b", reply="smtp; 550 5.1.1 \x00 {}")
    assert either_post.take(raw).kind is Kind.HARD
    raw = bounced.dsn(path, ZOE, number=2).replace(b"User unknown", b"\xed\xa0\x80\xff")
    bounces.take(
        either_post.database, either_post.config, raw, source="new/\udcff\x00", now=make.NOW
    )
    assert [row.source for row in either_post.rows()] == ["new/", "test", "test"]


def test_a_message_of_fifty_megabytes_is_read_as_far_as_it_says_something(post: Post) -> None:
    mail = post.send()[ZOE]
    raw = bounced.dsn(post.path(mail), ZOE) + b"padding " * 6_250_000
    assert post.take(raw).kind is Kind.HARD


@settings(max_examples=150)
@given(data=st.data())
def test_random_bytes_never_raise_and_never_name_anybody(
    data: st.DataObject,
) -> None:
    # Of a bounce that counts, bytes are changed: whatever it still says, it names that mail.
    tokens = Tokens(keys=[SigningKey(id=1, secret="11" * 32)])
    path = f"bounces+{tokens.make_return(Mail.DELIVERY, 7)}@news.example.org"
    raw = bytearray(
        data.draw(
            st.one_of(
                st.binary(max_size=400),
                st.sampled_from([make_(path) for make_ in SHAPES]),
            )
        )
    )
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(data.draw(st.integers(0, 60)) if raw else 0):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    said = returned.read(bytes(raw), tokens, now=make.NOW)
    assert said.signed <= {(Mail.DELIVERY, 7)}
    assert said.reader is None


def test_whatever_becomes_of_a_bounce_on_its_way_nobody_else_is_blamed(either_post: Post) -> None:
    post = either_post
    mail = post.send()[ZOE]
    path, chance = post.path(mail), random.Random(3464)
    for number in range(100):
        raw = bytearray(chance.choice(SHAPES)(path))
        for _ in range(chance.randrange(40)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        post.take(bytes(raw) + b"%d" % number)
    assert (post.status(ALI), post.suppressed(ALI)) == (Status.ACTIVE, None)


SHAPES = (
    lambda to: bounced.dsn(to, ZOE),
    lambda to: bounced.qmail(to, ZOE),
    lambda to: bounced.exim(to, ZOE),
    bounced.arf,
    bounced.vacation,
)


@settings(max_examples=60)
@given(raw=st.binary(max_size=2_000))
def test_random_bytes_suppress_nobody(raw: bytes) -> None:
    said = returned.read(raw, _NO_KEYS, now=make.NOW)
    assert (said.signed, said.message_ids, said.reader) == (frozenset(), frozenset(), None)


_NO_KEYS = Tokens(keys=[])

#: Names of headers that are read, and what their values are made of.
_HEADERS = (
    *(b"Subject", b"To", b"Cc", b"From", b"Date", b"Message-ID", b"Auto-Submitted"),
    *(b"Content-Type", b"Content-Transfer-Encoding", b"Precedence", b"X-Failed-Recipients"),
    *(b"Action", b"Status", b"Final-Recipient", b"Diagnostic-Code", b"Feedback-Type"),
)
_PIECES = (
    *(b"unsubscribe", b"failed", b"5.1.1", b"auto-replied", b"zoe@example.org", b"\n ", b"; "),
    *(b"message/delivery-status", b"message/feedback-report", b"message/rfc822", b"text/plain"),
)
_CHARSETS = st.one_of(
    st.sampled_from([b"utf-8", b"idna", b"hex", b"undefined", b"punycode", b"unicode_escape"]),
    st.binary(min_size=1, max_size=4),
)
_WORDS = st.tuples(_CHARSETS, st.sampled_from(b"qbx"), st.binary(max_size=6)).map(
    lambda word: b"=?%b?%c?%b?=" % word
)
_VALUES = st.lists(
    st.one_of(st.sampled_from(_PIECES), _WORDS, st.binary(max_size=4)), max_size=4
).map(b"".join)
_FIELDS = st.lists(st.tuples(st.sampled_from(_HEADERS), _VALUES).map(b": ".join), max_size=4).map(
    b"\n".join
)
_CODED = st.tuples(
    st.sampled_from([b"charset=", b'charset="', b"charset*=", b"charset*=utf-8''"]),
    _CHARSETS,
    st.sampled_from([b"8bit", b"base64", b"quoted-printable", b"x-uuencode"]),
).map(lambda told: b"%b%b\nContent-Transfer-Encoding: %b" % told)


@settings(max_examples=400)
@given(fields=_FIELDS, block=_FIELDS, coded=_CODED, body=st.one_of(_VALUES, st.binary(max_size=9)))
def test_whatever_bytes_stand_in_headers_nothing_is_raised(
    fields: bytes, block: bytes, coded: bytes, body: bytes
) -> None:
    # Of a message by itself, and of one that is the block of a report.
    raw = b"%b\nContent-Type: text/plain; %b\n%b" % (fields, coded, body)
    report = b"Content-Type: message/delivery-status\n\n%b\n" % raw
    for each in (raw, report, report + b"\n" + block):
        said = returned.read(each, _NO_KEYS, now=make.NOW)
        assert said.kind in Kind
        assert said.subject.isprintable()


def test_what_nobody_needs_any_more_is_dropped(post: Post) -> None:
    mail = post.send()[ZOE]
    post.take(b"Subject: hello\n\nhello")
    post.take(bounced.dsn(post.path(mail), ZOE))
    assert bounces.tidy(post.database, now=make.NOW + timedelta(days=89)) == 0
    assert bounces.tidy(post.database, now=make.NOW + timedelta(days=91)) == 1
    assert [row.kind for row in post.rows()] == [Kind.HARD]
