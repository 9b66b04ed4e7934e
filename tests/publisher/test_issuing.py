"""What people do with an issue: choose its items, write its words, approve, schedule, stop it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from publisher import editing, gating, issuing, press, publishing
from publisher.config import Config
from publisher.delivery import engine
from publisher.errors import ConflictError, InputError, NotFoundError, PreflightError
from publisher.gating import Gate
from store import cancelling, candidates, claims, deliveries, editions, issues, newsletters, tables
from store.database import Database
from store.records import Change, DeliveryState, Edition, Issue, IssueState, Workflow
from tests import claimed, make
from tests.fakes import Relay

HOUR = timedelta(hours=1)
NOW = make.NOW


@pytest.fixture
def house(database: Database, config: Config) -> Database:
    """Give a newsletter that wants approvals, three items in all languages, and a reader each."""
    make.start(database, config, approval=True, missing="hold")
    for number in (1, 2, 3):
        make.take(database, config, *(item(number, tag) for tag in make.LANGUAGES))
    for tag in make.LANGUAGES:
        make.subscribe(database, [f"{tag}@example.org"], language=tag)
    publishing.publish_due(database, config, now=NOW)
    return database


def item(number: int, language: str, **changes: Any) -> Any:
    words = make.text(language, title=f"Item {number} ({language})")
    return make.draft(
        language, key=f"item-{number}", source=f"{number}.{language}.md", words=words, **changes
    )


def planned(database: Database, **given: Any) -> Issue:
    return issuing.plan(database, "digest", NOW, **given)


def pressed(database: Database, issue: Issue, config: Config, now: datetime = NOW) -> Issue:
    return press.press(database, issue.id, config, now=now).issue


def gate(database: Database, issue: Issue, config: Config, now: datetime = NOW) -> Gate:
    with database.read() as tx:
        found = issues.get(tx, issue.id)
        newsletter = newsletters.get(tx, found.newsletter)
        return gating.look(tx, found, newsletter, config, now=now)


def frozen(database: Database, issue: Issue) -> dict[str, Edition]:
    with database.read() as tx:
        return {each.language: each for each in editions.of(tx, issue.id)}


def states(database: Database, issue: Issue) -> list[str]:
    with database.read() as tx:
        return [each.state for each in deliveries.listing(tx, issue.id)]


def approve(database: Database, config: Config, issue: Issue, *tags: str, by: str = "zoe") -> None:
    for tag in tags or make.LANGUAGES:
        issuing.approve(database, config, issue.id, tag, by=by, now=NOW)


def author_of(database: Database, config: Config, language: str, *, author: str) -> None:
    """Have somebody save the last revision of item 2 in a language, and it approved."""
    text = editing.text_of(database, 2, language)
    editing.correct(
        database,
        config,
        2,
        language,
        make.text(language, title=text.title, body=f"Put right by {author}."),
        change=Change.MINOR,
        author=author,
        now=NOW,
    )
    editing.approve(database, 2, language, now=NOW)


def test_an_issue_waits_until_every_language_is_approved(house: Database, config: Config) -> None:
    issue = planned(house)
    assert pressed(house, issue, config).state is IssueState.AWAITING_APPROVAL
    approve(house, config, issue, "en", "fr", "es")
    assert pressed(house, issue, config).state is IssueState.AWAITING_APPROVAL
    assert states(house, issue) == []
    approve(house, config, issue, "ar")
    assert pressed(house, issue, config).state is IssueState.SENDING
    assert states(house, issue) == ["queued"] * 4


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_what_is_approved_is_frozen_to_the_byte(
    house: Database, config: Config, language: str
) -> None:
    issue = planned(house)
    digests = {each.language: each.digest for each in gate(house, issue, config).consents}
    approve(house, config, issue)
    # Another day: what is seen stays what is frozen.
    pressed(house, issue, config, now=NOW + 30 * HOUR)
    assert frozen(house, issue)[language].sha256 == digests[language]


@pytest.mark.parametrize("rule", ["skip", "hold"])
@pytest.mark.parametrize("fed", [True, False])
@pytest.mark.parametrize("dated", [None, NOW - 30 * HOUR, NOW + 20 * HOUR])
def test_no_clock_voids_an_approval_of_what_the_feeds_of_a_language_leave_out(
    database: Database, config: Config, rule: str, fed: bool, dated: datetime | None
) -> None:
    feeds = config.feeds.model_copy(update={"missing": rule})
    config = config.model_copy(update={"feeds": feeds})
    make.start(database, config, approval=True, missing="fallback", languages=("en", "fr"))
    make.take(database, config, item(1, "en", dated=dated))
    if fed:
        publishing.publish_due(database, config, now=NOW)
    issue = planned(database)
    seen, later = (
        {each.language: each.digest for each in gate(database, issue, config, now).consents}
        for now in (NOW, NOW + 30 * HOUR)
    )
    assert seen == later
    assert len(seen) == 2


@pytest.mark.parametrize("edit", ["words", "text", "items"])
def test_any_edit_voids_the_approvals_of_what_it_shows_in(
    house: Database, config: Config, edit: str
) -> None:
    issue = planned(house)
    approve(house, config, issue)
    if edit == "words":
        issuing.write(house, issue.id, "fr", author="ann", subject="Autrement")
    elif edit == "text":
        author_of(house, config, "fr", author="ann")
        publishing.publish_due(house, config, now=NOW)
    else:
        make.take(house, config, *(item(4, tag) for tag in make.LANGUAGES))
        publishing.publish_due(house, config, now=NOW)
    voided = {each.language for each in gate(house, issue, config).consents if not each.approval}
    # Of a text the summary is shown, which is made from the body.
    assert voided == ({*make.LANGUAGES} if edit == "items" else {"fr"})
    assert pressed(house, issue, config).state is IssueState.AWAITING_APPROVAL


def test_an_approval_holds_again_when_the_edit_is_taken_back(
    house: Database, config: Config
) -> None:
    issue = planned(house)
    approve(house, config, issue)
    issuing.write(house, issue.id, "fr", author="ann", subject="Autrement")
    issuing.write(house, issue.id, "fr", author="ann", subject="")
    assert pressed(house, issue, config).state is IssueState.SENDING


def test_readers_who_come_and_go_void_nothing(house: Database, config: Config) -> None:
    issue = planned(house)
    approve(house, config, issue)
    make.subscribe(house, ["new@example.org"], language="fr", topics=["labour"])
    assert pressed(house, issue, config).state is IssueState.SENDING


@pytest.mark.parametrize("by", ["ann", "Ann", " ANN "])
def test_nobody_approves_a_text_that_they_saved_last(
    house: Database, config: Config, by: str
) -> None:
    author_of(house, config, "fr", author="ann")
    publishing.publish_due(house, config, now=NOW)
    issue = planned(house)
    with pytest.raises(ConflictError, match="an author of issue 1 in fr: somebody else must"):
        approve(house, config, issue, "fr", by=by)
    approve(house, config, issue, "en", by=by)
    author_of(house, config, "fr", author="bea")
    publishing.publish_due(house, config, now=NOW)
    approve(house, config, issue, "fr", by=by)


def test_nobody_approves_their_own_words(house: Database, config: Config) -> None:
    issue = planned(house)
    issuing.write(house, issue.id, "ar", author="ann", intro="مرحبا")
    with pytest.raises(ConflictError, match="somebody else must approve"):
        approve(house, config, issue, "ar", by="ann")
    approve(house, config, issue, "ar", by="bea")


def test_whoever_wrote_a_part_of_the_words_is_an_author_until_it_is_another_s(
    house: Database, config: Config
) -> None:
    issue = planned(house)
    issuing.write(house, issue.id, "ar", author="ann", intro="مرحبا")
    issuing.write(house, issue.id, "ar", author="bea", subject="عنوان")
    for by in ("ann", "bea"):
        with pytest.raises(ConflictError, match="somebody else must approve"):
            approve(house, config, issue, "ar", by=by)
    issuing.write(house, issue.id, "ar", author="bea", intro="")
    approve(house, config, issue, "ar", by="ann")


def test_who_saw_something_else_does_not_approve_this(house: Database, config: Config) -> None:
    issue = planned(house)
    seen = {each.language: each.digest for each in gate(house, issue, config).consents}["es"]
    issuing.write(house, issue.id, "es", author="ann", subject="Otro")
    with pytest.raises(ConflictError, match="not what you have seen any more"):
        issuing.approve(house, config, issue.id, "es", by="zoe", now=NOW, seen=seen)


def test_what_cannot_be_approved_says_why(house: Database, config: Config) -> None:
    issue = planned(house)
    with pytest.raises(InputError, match="digest is not in de; it is in en, fr, es, ar"):
        approve(house, config, issue, "de")
    with pytest.raises(InputError, match="say who approves it"):
        approve(house, config, issue, "fr", by=" ")
    with pytest.raises(NotFoundError, match="no issue 99"):
        issuing.approve(house, config, 99, "fr", by="zoe", now=NOW)
    make.take(house, config, item(4, "en"))
    with pytest.raises(ConflictError, match=r"not complete in fr: it waits for item 4 \(missing\)"):
        approve(house, config, issue, "fr")
    make.start(house, config, key="free", since=NOW - HOUR)
    free = issuing.plan(house, "free", NOW)
    with pytest.raises(ConflictError, match="free asks for no approval"):
        approve(house, config, free, "fr")
    done = issuing.cancel(house, issue.id, now=NOW)
    with pytest.raises(ConflictError, match="issue 1: an issue that is cancelled cannot be appr"):
        approve(house, config, done, "fr")


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_issue_holds_the_chosen_items_in_their_order(
    house: Database, config: Config, language: str
) -> None:
    issue = planned(house, chosen=[3, 1])
    approve(house, config, issue)
    pressed(house, issue, config)
    text = frozen(house, issue)[language].text
    assert f"Item 2 ({language})" not in text
    assert text.index(f"Item 3 ({language})") < text.index(f"Item 1 ({language})")


def test_what_was_not_chosen_is_in_the_next_issue_and_what_was_is_not(
    house: Database, config: Config
) -> None:
    issue = planned(house, chosen=[3, 1])
    approve(house, config, issue)
    pressed(house, issue, config)
    following = issuing.plan(house, "digest", NOW + HOUR)
    approve(house, config, following)
    pressed(house, following, config, now=NOW + HOUR)
    assert {each.items for each in frozen(house, following).values()} == {1}
    assert "Item 2 (fr)" in frozen(house, following)["fr"].text
    with pytest.raises(InputError, match="item 3 was in an issue in every language"):
        issuing.plan(house, "digest", NOW + 2 * HOUR, chosen=[3])


def test_a_regular_issue_leaves_what_was_chosen_for_another(
    house: Database, config: Config
) -> None:
    special = issuing.plan(house, "digest", NOW + 9 * HOUR, chosen=[2])
    regular = planned(house)
    approve(house, config, regular)
    pressed(house, regular, config)
    assert {each.items for each in frozen(house, regular).values()} == {2}
    assert "Item 2 (ar)" not in frozen(house, regular)["ar"].text
    # Once it is cancelled, what it held is free.
    issuing.pause(house, special.id)
    following = issuing.plan(house, "digest", NOW + HOUR)
    assert gate(house, following, config).chosen == {}
    issuing.cancel(house, special.id, now=NOW)
    approve(house, config, following)
    pressed(house, following, config, now=NOW + HOUR)
    assert "Item 2 (ar)" in frozen(house, following)["ar"].text


@pytest.mark.parametrize(
    ("chosen", "mend"),
    [([], "at least one"), ([1, 1], "each once"), ([1, 9, 8], "no item 9, 8")],
)
def test_items_that_cannot_be_chosen_are_named(
    house: Database, chosen: list[int], mend: str
) -> None:
    with pytest.raises(InputError, match=mend):
        planned(house, chosen=chosen)
    with house.read() as tx:
        assert issues.listing(tx) == []


@pytest.mark.parametrize(
    ("workflow", "embargo", "reason"),
    [(Workflow.DRAFT, None, "draft"), (Workflow.APPROVED, NOW + HOUR, "embargo")],
)
def test_an_issue_waits_for_what_was_chosen_though_it_is_no_news_yet(
    house: Database, config: Config, workflow: Workflow, embargo: datetime | None, reason: str
) -> None:
    make.take(house, config, item(4, "fr", workflow=workflow, embargo=embargo))
    issue = pressed(house, planned(house, chosen=[4, 1]), config)
    assert issue.state is IssueState.AWAITING_TRANSLATIONS
    assert reason in {entry.reason for entry in issue.blocking if entry.language == "fr"}


def test_a_slot_is_planned_once_and_takes_none_from_the_schedule(house: Database) -> None:
    with house.read() as tx:
        letter = newsletters.get(tx, "digest")
        before = issues.last_slot(tx, letter)
    issue = issuing.plan(house, "digest", NOW + 100 * HOUR)
    with pytest.raises(ConflictError, match="give another --slot"):
        issuing.plan(house, "digest", NOW + 100 * HOUR)
    with house.read() as tx:
        assert issues.last_slot(tx, letter) == before
    # Before its slot nothing is done with it.
    assert press.open_issues(house, NOW + 99 * HOUR) == []
    assert press.open_issues(house, NOW + 100 * HOUR) == [issue.id]


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_issue_bears_the_words_that_somebody_wrote(
    house: Database, config: Config, language: str
) -> None:
    issue = planned(house)
    issuing.write(
        house,
        issue.id,
        language,
        author="ann",
        subject="Ours\r\nBcc: x@example.org",
        preheader="Before all",
        intro=f"# Hello\n\n*Read* <script>alert(1)</script> [this](/{language}/)\n",
    )
    issuing.write(house, issue.id, language, author="bea", preheader="Above all")
    approve(house, config, issue)
    pressed(house, issue, config)
    found = frozen(house, issue)
    mine, other = found.pop(language), next(iter(found.values()))
    assert (mine.subject, mine.preheader) == ("Ours Bcc: x@example.org", "Above all")
    assert "<em" in mine.html
    assert "<script" not in mine.html
    assert f'href="https://news.example.org/{language}/"' in mine.html
    assert "Read <script>" in mine.text
    assert "Ours" not in other.subject
    assert "Hello" not in other.html


def test_an_intro_that_leads_nowhere_keeps_the_issue_back_until_it_is_mended(
    house: Database, config: Config
) -> None:
    issue = planned(house)
    issuing.write(house, issue.id, "fr", author="ann", intro="[Ici](/fr/nulle-part/), [là](/en/)")
    approve(house, config, issue)
    with pytest.raises(PreflightError) as caught:
        pressed(house, issue, config)
    (dead, foreign) = caught.value.reasons
    assert "(link-dead)" in dead
    assert "(link-language)" in foreign
    assert frozen(house, issue) == {}
    issuing.write(house, issue.id, "fr", author="ann", intro="[Ici](/fr/)")
    approve(house, config, issue)
    pressed(house, issue, config)
    assert "fr" in frozen(house, issue)


@pytest.mark.parametrize(
    ("field", "length"), [("subject", 251), ("preheader", 141), ("intro", 20_001)]
)
def test_words_that_are_too_long_are_refused_by_field(
    house: Database, field: str, length: int
) -> None:
    issue = planned(house)
    with pytest.raises(InputError, match=f"{field}: has {length} characters"):
        issuing.write(house, issue.id, "en", author="ann", **{field: "x" * length})


def test_a_scheduled_issue_is_frozen_at_once_and_sent_when_it_is_time(
    house: Database, config: Config
) -> None:
    issue = planned(house)
    with pytest.raises(InputError, match="give that or later"):
        issuing.schedule(house, issue.id, NOW - HOUR)
    issuing.schedule(house, issue.id, NOW + 2 * HOUR)
    approve(house, config, issue)
    assert pressed(house, issue, config).state is IssueState.SCHEDULED
    assert press.release(house, NOW + HOUR) == []
    issuing.schedule(house, issue.id, NOW + 3 * HOUR)
    assert press.release(house, NOW + 2 * HOUR) == []
    (released,) = press.release(house, NOW + 3 * HOUR)
    assert (released.state, released.dated) == (IssueState.SENDING, NOW + 3 * HOUR)
    with house.write() as tx:
        assert claimed.claim(tx, NOW + 2 * HOUR) == []
        assert claimed.claim(tx, NOW + 3 * HOUR) != []
    with pytest.raises(ConflictError, match="sending cannot be scheduled; possible now: pause"):
        issuing.schedule(house, issue.id, NOW + 9 * HOUR)


def test_an_issue_that_is_frozen_at_its_very_time_is_sent_at_once(
    house: Database, config: Config
) -> None:
    issue = planned(house)
    issuing.schedule(house, issue.id, NOW)
    approve(house, config, issue)
    assert pressed(house, issue, config).state is IssueState.SENDING


def test_what_is_scheduled_anew_waits_for_the_window_of_each_reader(
    database: Database, config: Config
) -> None:
    """In Tokyo it is five in the afternoon at first, and eight in the evening at last."""
    make.start(database, config, windows={"*": "daily 08:00-18:00 reader"})
    make.take(database, config, item(1, "en"))
    for zone in ("UTC", "Asia/Tokyo"):
        make.subscribe(database, [f"{zone[:3]}@example.org"], timezone=zone)
    issue = planned(database)
    issuing.schedule(database, issue.id, NOW + 2 * HOUR)
    assert pressed(database, issue, config).state is IssueState.SCHEDULED
    with database.read() as tx:
        due = [row["due"] for row in tx.rows(select(tables.deliveries.c.due))]
    assert sorted(due) == [NOW + 2 * HOUR, NOW + 15 * HOUR]
    with Relay() as relay:
        served = relay.serves(config)

        def look(hour: int) -> set[str]:
            press.release(database, NOW + hour * HOUR)
            engine.deliver(database, served, now=NOW + hour * HOUR)
            return {*relay.counts}

        assert look(1) == set()
        issuing.schedule(database, issue.id, NOW + 3 * HOUR)
        assert look(2) == set()
        assert look(3) == {"UTC@example.org"}
        with database.read() as tx:
            assert deliveries.next_due(tx) == NOW + 15 * HOUR
        assert look(14) == {"UTC@example.org"}
        assert look(15) == {"UTC@example.org", "Asi@example.org"}


def test_what_is_made_by_hand_goes_to_who_has_its_frequency_however_little_it_is(
    database: Database, config: Config
) -> None:
    often = {"weekly": "fri 07:00"}
    digest = make.start(database, config, languages=("en",), minimum=2, frequencies=often)
    make.take(database, config, item(1, "en"), item(2, "en"))
    make.subscribe(database, ["own@example.org"])
    make.subscribe(database, ["weekly@example.org"], frequency="weekly")
    issue = planned(database, frequency="weekly", chosen=[2])
    with pytest.raises(ConflictError, match="give another --slot"):
        planned(database, frequency="weekly")
    with database.read() as tx:
        assert issues.last_slot(tx, digest, "weekly") == digest.since
        assert [candidates.reserved(tx, "digest", each) for each in ("", "weekly")] == [set(), {2}]
    # What the weekly readers are to have by hand, the others still get by their schedule.
    (own,) = press.plan(database, digest, [NOW])
    assert press.press(database, own, config, now=NOW).queued == 1
    with database.read() as tx:
        assert [edition.items for edition in editions.of(tx, own)] == [2]
    assert press.press(database, issue.id, config, now=NOW).queued == 1
    assert "Item 2 (en)" in frozen(database, issue)["en"].text
    with pytest.raises(InputError, match="item 2 was in an issue in every language"):
        issuing.plan(database, "digest", NOW + HOUR, frequency="weekly", chosen=[2])


def sending(database: Database, config: Config) -> Issue:
    issue = planned(database)
    approve(database, config, issue)
    return pressed(database, issue, config)


def test_a_pause_stops_with_the_mail_that_is_under_way_and_a_resume_goes_on(
    house: Database, config: Config
) -> None:
    issue = sending(house, config)
    with house.write() as tx:
        (mail,) = claimed.claim(tx, NOW)
    issuing.pause(house, issue.id)
    with house.write() as tx:
        assert claims.stopped(tx, [issue.id]) == {issue.id}
        assert claimed.claim(tx, NOW) == []
        assert deliveries.next_due(tx) is None
        claimed.settle(tx, [mail], DeliveryState.SENT, now=NOW)
    assert press.finish(house) == []
    assert issuing.resume(house, issue.id, now=NOW).state is IssueState.SENDING
    with house.write() as tx:
        assert claims.stopped(tx, [issue.id]) == set()
        assert claimed.claim(tx, NOW) != []


def test_what_was_paused_before_it_was_frozen_is_gated_anew(
    house: Database, config: Config
) -> None:
    issue = pressed(house, planned(house), config)
    issuing.pause(house, issue.id)
    assert press.open_issues(house, NOW) == []
    assert pressed(house, issue, config).state is IssueState.PAUSED
    assert issuing.resume(house, issue.id, now=NOW).state is IssueState.PLANNED


def test_what_was_paused_while_it_was_scheduled_waits_for_its_time(
    house: Database, config: Config
) -> None:
    issue = planned(house)
    issuing.schedule(house, issue.id, NOW + HOUR)
    approve(house, config, issue)
    pressed(house, issue, config)
    issuing.pause(house, issue.id)
    assert press.release(house, NOW + HOUR) == []
    assert issuing.resume(house, issue.id, now=NOW).state is IssueState.SCHEDULED
    issuing.pause(house, issue.id)
    assert issuing.resume(house, issue.id, now=NOW + HOUR).state is IssueState.SENDING


def test_a_cancelled_issue_sends_nothing_more_and_touches_nothing_that_went(
    house: Database, config: Config
) -> None:
    issue = sending(house, config)
    with house.write() as tx:
        # Each language has a batch of its own.
        sent, unknown, going = (claimed.claim(tx, NOW)[0] for _ in range(3))
        claimed.settle(tx, [sent], DeliveryState.SENT, now=NOW)
        claimed.settle(tx, [unknown], DeliveryState.UNKNOWN, now=NOW)
    assert issuing.cancel(house, issue.id, now=NOW).state is IssueState.CANCELLED
    assert states(house, issue) == ["sent", "unknown", "claimed", "cancelled"]
    with pytest.raises(ConflictError, match="cancelled"):
        issuing.resume(house, issue.id, now=NOW)
    # What comes to wait afterwards does not stay so.
    with house.write() as tx:
        claimed.settle(tx, [going], DeliveryState.POSTPONED, now=NOW)
        assert claimed.claim(tx, NOW) == []
        assert cancelling.cancel_late(tx, NOW) == 1
    assert states(house, issue) == ["sent", "unknown", "cancelled", "cancelled"]
    with pytest.raises(ConflictError, match="cannot retry"):
        engine.resolve(house, unknown.id, "retry", now=NOW)
    assert engine.resolve(house, unknown.id, "sent", now=NOW) is DeliveryState.SENT


def test_what_an_issue_held_that_was_cancelled_unfrozen_is_told_by_the_next(
    house: Database, config: Config
) -> None:
    issuing.cancel(house, pressed(house, planned(house), config).id, now=NOW)
    following = issuing.plan(house, "digest", NOW + HOUR)
    approve(house, config, following)
    pressed(house, following, config, now=NOW + HOUR)
    assert {each.items for each in frozen(house, following).values()} == {3}


def test_a_retry_has_a_sent_issue_send_again(house: Database, config: Config) -> None:
    issue = sending(house, config)
    with house.write() as tx:
        while mails := claimed.claim(tx, NOW):
            claimed.settle(tx, mails, DeliveryState.UNKNOWN, now=NOW)
            last = mails[-1]
    assert [each.state for each in press.finish(house)] == [IssueState.SENT]
    engine.resolve(house, last.id, "retry", now=NOW)
    with house.write() as tx:
        (again,) = claimed.claim(tx, NOW)
        assert (again.id, issues.get(tx, issue.id).state) == (last.id, IssueState.SENDING)


def test_what_comes_to_wait_once_its_issue_is_sent_has_it_send_again(
    house: Database, config: Config
) -> None:
    issue = sending(house, config)
    with house.write() as tx:
        while mails := claimed.claim(tx, NOW):
            claimed.settle(tx, mails, DeliveryState.UNKNOWN, now=NOW)
            last = mails
    assert [each.state for each in press.finish(house)] == [IssueState.SENT]
    assert press.release(house, NOW) == []
    # The journal of who died says that the relay wanted it later.
    with house.write() as tx:
        claimed.settle(tx, last, DeliveryState.POSTPONED, now=NOW, due=NOW + HOUR)
    again = press.release(house, NOW)
    assert [(each.id, each.state) for each in again] == [(issue.id, IssueState.SENDING)]
    assert press.release(house, NOW) == press.finish(house) == []
    with house.write() as tx:
        assert deliveries.next_due(tx) == NOW + HOUR
        assert [mail.id for mail in claimed.claim(tx, NOW + HOUR)] == [last[0].id]
