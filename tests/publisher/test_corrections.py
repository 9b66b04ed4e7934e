"""Corrections: who was sent a text that was wrong is told, in that language, once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from publisher import corrections, differences, editing, retracting
from publisher.config import Config
from publisher.corrections import Owed
from publisher.delivery import engine
from publisher.errors import NotFoundError, PreflightError
from publisher.policy import Fired
from publisher.press import open_issues, plan, press
from store import deliveries, editions, issues, publications, subscribers
from store.database import Database
from store.records import (
    Change,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Publication,
    Status,
    Subscription,
    newsletter_channel,
)
from tests import claimed, make

HOUR = timedelta(hours=1)


@dataclass
class Mailing:
    """A newsroom whose mails arrive, or do what a test says; time goes on with each act."""

    database: Database
    config: Config
    now: datetime = make.NOW
    letters: dict[str, Newsletter] = field(default_factory=dict)

    def start(self, key: str = "digest", **changes: Any) -> None:
        self.letters[key] = make.start(self.database, self.config, key=key, **changes)

    def later(self) -> datetime:
        self.now += HOUR
        return self.now

    def send(
        self,
        key: str = "digest",
        ends: Mapping[str, DeliveryState] | None = None,
        *,
        frequency: str = "",
    ) -> None:
        """Press the newsletter's next issue and end its deliveries."""
        slots = [self.later()]
        (issue_id,) = plan(self.database, self.letters[key], slots, frequency=frequency)
        assert issue_id in open_issues(self.database, self.now)
        press(self.database, issue_id, self.config, now=self.now)
        self.deliver(ends)

    def deliver(self, ends: Mapping[str, DeliveryState] | None = None) -> dict[str, str]:
        """End what waits; return by address in which language each got a mail."""
        got: dict[str, str] = {}
        while True:
            with self.database.write() as tx:
                mails = claimed.claim(tx, self.now)
                if not mails:
                    return got
                for mail in mails:
                    end = (ends or {}).get(mail.email, DeliveryState.SENT)
                    later = self.now + 9 * HOUR
                    claimed.settle(tx, [mail], end, due=later, now=self.now)
                    if end is DeliveryState.SENT:
                        assert mail.email not in got
                        got[mail.email] = mail.language

    def save(self, language: str, change: Change = Change.CORRECTION, **how: Any) -> None:
        """Save other words, and approve them unless told otherwise."""
        approved, now = how.pop("approved", True), self.later()
        read = editing.text_of(self.database, 1, language).revision
        words = make.text(language, body=how.pop("body", f"{language} {read + 1}."))
        editing.edit(
            self.database, self.config, 1, language, words,
            read=read, author="ann", now=now, change=change, **how,
        )  # fmt: skip
        if approved:
            editing.approve(self.database, 1, language, now=now)

    def retract(self, notes: Mapping[str, str]) -> None:
        retracting.retract(self.database, self.config, 1, notes, author="ann", now=self.later())

    def notify(self, *, dry_run: bool = False) -> list[Owed]:
        owed, self.made = corrections.notify(
            self.database, self.config, 1, now=self.later(), dry_run=dry_run
        )
        return owed

    made: list[Issue] = field(default_factory=list)

    def told(self, key: str = "digest") -> list[Publication]:
        with self.database.read() as tx:
            return publications.tellings(tx, [1], newsletter_channel(key))

    def change(self, subscriber: int, **changes: Any) -> None:
        with self.database.write() as tx:
            subscribers.change(tx, subscriber, **changes)


@pytest.fixture
def mailing(database: Database, config: Config) -> Mailing:
    """Give an item in English and French, and a newsletter with a reader of each."""
    mailing = Mailing(database, config)
    mailing.start(languages=("en", "fr"), missing="skip")
    make.take(database, config, make.draft("en"), make.draft("fr"))
    make.subscribe(database, ["en@example.org"], language="en")
    make.subscribe(database, ["fr@example.org"], language="fr")
    return mailing


def owed(language: str = "en", key: str = "digest", **changes: Any) -> Owed:
    values: dict[str, Any] = {"waits_for": "", "readers": 1, "queued": 1, **changes}
    return Owed(newsletter=key, language=language, **values)


def test_nothing_is_owed_while_nothing_was_corrected(mailing: Mailing) -> None:
    assert mailing.notify() == []
    mailing.send()
    assert mailing.notify() == []
    for change in (Change.MINOR, Change.EDIT):
        mailing.save("en", change)
        assert (mailing.notify(), mailing.made) == ([], [])


def test_readers_at_each_frequency_are_told_by_an_issue_of_it_within_their_window(
    database: Database, config: Config
) -> None:
    mailing = Mailing(database, config)
    mailing.start(
        languages=("en",),
        schedule="mon 07:00",
        frequencies={"daily": "daily 07:00"},
        windows={"*": "daily 07:00-23:00"},
    )
    make.take(database, config, make.draft("en"))
    _, often = make.subscribe(database, ["mon@example.org", "daily@example.org"])
    with database.write() as tx:
        wanted = Subscription(newsletter="digest", topics=(), frequency="daily")
        subscribers.subscribe(tx, often, wanted)
    mailing.send()
    mailing.send(frequency="daily")
    # It is corrected at eleven in the evening.
    mailing.now = make.NOW + 13 * HOUR
    mailing.save("en")
    assert mailing.notify() == [owed(frequency=""), owed(frequency="daily")]
    assert [issue.frequency for issue in mailing.made] == ["", "daily"]
    assert mailing.notify() == []
    with database.read() as tx:
        assert deliveries.next_due(tx) == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def test_readers_are_told_once_each_in_the_language_that_they_were_sent(mailing: Mailing) -> None:
    mailing.send()
    mailing.save("en", note="It was 200.")
    mailing.save("fr", Change.EDIT)
    assert mailing.notify() == [owed("en"), owed("fr")]
    (issue,) = mailing.made
    assert (issue.corrects, issue.state) == (1, IssueState.SENDING)
    assert mailing.deliver() == {"en@example.org": "en", "fr@example.org": "fr"}
    assert (mailing.notify(), mailing.made) == ([], [])
    assert mailing.deliver() == {}


def test_the_ledger_keeps_what_was_told_and_by_which_issue(mailing: Mailing) -> None:
    mailing.send()
    mailing.save("en")
    mailing.notify()
    rows = [row for row in mailing.told() if row.language == "en"]
    assert [(row.telling, row.revision, row.source_revision, row.change) for row in rows] == [
        (1, 1, 1, Change.NEW),
        (2, 2, 2, Change.CORRECTION),
    ]
    assert rows[1].issue_id == mailing.made[0].id
    assert (rows[1].published, rows[1].updated) == (rows[0].published, mailing.now)


def test_a_correcting_issue_disturbs_no_slot_and_is_pressed_no_second_time(
    mailing: Mailing,
) -> None:
    mailing.send()
    with mailing.database.read() as tx:
        before = issues.last_slot(tx, mailing.letters["digest"])
    mailing.save("en")
    mailing.notify()
    with mailing.database.read() as tx:
        assert issues.last_slot(tx, mailing.letters["digest"]) == before
    assert open_issues(mailing.database, mailing.now) == []


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (DeliveryState.SENT, True),
        (DeliveryState.FAILED, False),
        (DeliveryState.POSTPONED, False),
        (DeliveryState.UNKNOWN, False),
    ],
)
def test_only_who_was_sent_the_wrong_text_is_told(
    mailing: Mailing, end: DeliveryState, told: bool
) -> None:
    make.subscribe(mailing.database, ["other@example.org"])
    mailing.send(ends={"other@example.org": end})
    make.subscribe(mailing.database, ["new@example.org"])
    mailing.save("en")
    mailing.notify()
    got = mailing.deliver()
    assert got.keys() == {"en@example.org"} | ({"other@example.org"} if told else set())


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.ACTIVE])
def test_who_may_not_be_written_to_any_more_is_not(mailing: Mailing, status: Status) -> None:
    (left,) = make.subscribe(mailing.database, ["left@example.org"])
    mailing.send()
    mailing.change(left, status=status)
    mailing.save("en")
    assert mailing.notify()[0] == owed("en")
    assert mailing.deliver() == {"en@example.org": "en"}


def test_where_nobody_is_left_to_be_told_no_issue_is_made(mailing: Mailing) -> None:
    mailing.send(ends={"en@example.org": DeliveryState.FAILED})
    mailing.save("en")
    assert [entry.language for entry in mailing.notify()] == ["fr"]
    assert mailing.made == []


def test_who_reads_another_language_by_now_is_told_in_the_one_that_was_wrong(
    mailing: Mailing,
) -> None:
    (moved,) = make.subscribe(mailing.database, ["moved@example.org"])
    mailing.send()
    mailing.change(moved, language="fr")
    mailing.save("en")
    mailing.notify()
    assert mailing.deliver()["moved@example.org"] == "en"


def test_readers_of_a_language_near_by_are_told_with_the_edition_that_they_got(
    mailing: Mailing,
) -> None:
    make.subscribe(mailing.database, ["ca@example.org"], language="fr-CA")
    mailing.send()
    mailing.save("fr")
    assert mailing.notify() == [owed("fr", readers=2, queued=2)]
    assert mailing.deliver() == {"fr@example.org": "fr", "ca@example.org": "fr"}


# Late, or in doubt.


def test_who_gets_the_wrong_text_after_the_correction_is_told_by_asking_again(
    mailing: Mailing,
) -> None:
    make.subscribe(mailing.database, ["late@example.org"])
    mailing.send(ends={"late@example.org": DeliveryState.POSTPONED})
    mailing.save("en")
    assert mailing.notify()[0] == owed("en", waiting=1)
    assert mailing.deliver() == {"en@example.org": "en"}
    mailing.now += 9 * HOUR
    assert mailing.deliver() == {"late@example.org": "en"}
    assert mailing.notify()[0] == owed("en")
    assert mailing.deliver() == {"late@example.org": "en"}
    assert [entry for entry in mailing.notify() if entry.language == "en"] == []


@pytest.mark.parametrize(
    ("ending", "told"), [("sent", {"unsure@example.org": "en"}), ("failed", {})]
)
def test_of_whom_nobody_knows_is_told_once_somebody_does(
    mailing: Mailing, ending: str, told: dict[str, str]
) -> None:
    make.subscribe(mailing.database, ["unsure@example.org"])
    mailing.send(ends={"unsure@example.org": DeliveryState.UNKNOWN})
    mailing.save("en")
    assert mailing.notify()[0] == owed("en", unknown=1)
    assert mailing.deliver() == {"en@example.org": "en"}
    with mailing.database.read() as tx:
        (mail,) = deliveries.listing(tx, 1, state=DeliveryState.UNKNOWN)
    engine.resolve(mailing.database, mail.id, ending, now=mailing.now)
    mailing.notify()
    assert mailing.deliver() == told


def test_who_pauses_is_told_by_asking_again_once_they_are_back(mailing: Mailing) -> None:
    (away,) = make.subscribe(mailing.database, ["away@example.org"])
    mailing.send()
    mailing.change(away, paused_until=mailing.now + 9 * HOUR)
    mailing.save("en")
    assert mailing.notify()[0] == owed("en", waiting=1)
    assert mailing.deliver() == {"en@example.org": "en"}
    told = mailing.told()
    # As long as they are away, asking makes no issue and no telling.
    for _ in range(2):
        assert mailing.notify()[0] == owed("en", readers=0, queued=0, waiting=1)
        assert mailing.made == []
    assert mailing.told() == told
    mailing.now += 9 * HOUR
    assert mailing.notify()[0] == owed("en")
    assert mailing.deliver() == {"away@example.org": "en"}


# Two newsletters.


@pytest.mark.parametrize("first", ["digest", "alerts"])
def test_who_was_sent_it_by_two_newsletters_is_told_by_one_of_them(
    mailing: Mailing, first: str
) -> None:
    mailing.start("alerts", languages=("en",), missing="skip")
    with mailing.database.write() as tx:
        reader = subscribers.by_email(tx, "en@example.org")
        assert reader is not None
        both = Subscription(newsletter="alerts", topics=())
        subscribers.subscribe(tx, reader.id, both)
    make.subscribe(mailing.database, ["only@example.org"], newsletter="alerts")
    for key in (first, *({"digest", "alerts"} - {first})):
        mailing.send(key)
    mailing.save("en")
    mailing.notify()
    assert mailing.deliver() == {"en@example.org": "en", "only@example.org": "en"}
    assert [entry for entry in mailing.notify() if entry.language == "en"] == []


# What waits.


@pytest.mark.parametrize(("approved", "waits_for"), [(True, ""), (False, "in_review")])
def test_a_correction_in_review_is_told_when_it_is_approved(
    mailing: Mailing, approved: bool, waits_for: str
) -> None:
    mailing.send()
    mailing.save("en", approved=approved)
    entry = mailing.notify()[0]
    assert (entry.waits_for, entry.readers, entry.queued) == (waits_for, 1, int(approved))
    if not approved:
        editing.approve(mailing.database, 1, "en", now=mailing.later())
        assert mailing.notify()[0] == owed("en")


def test_a_translation_waits_until_it_is_put_right_and_holds_up_no_other(
    mailing: Mailing,
) -> None:
    mailing.send()
    mailing.save("en")
    assert mailing.notify() == [owed("en"), owed("fr", waits_for="outdated", queued=0)]
    assert mailing.deliver() == {"en@example.org": "en"}
    mailing.save("fr", Change.EDIT)
    assert mailing.notify() == [owed("fr")]
    assert mailing.deliver() == {"fr@example.org": "fr"}


def test_nothing_of_an_item_under_embargo_is_mailed(mailing: Mailing) -> None:
    mailing.send()
    mailing.save("en")
    until = mailing.now + 3 * HOUR
    editing.embargo(mailing.database, 1, until, now=mailing.now)
    assert mailing.notify()[0] == owed("en", waits_for="embargo", queued=0)
    mailing.now = until
    assert mailing.notify()[0] == owed("en")


def test_a_withdrawn_text_is_corrected_to_nobody(mailing: Mailing) -> None:
    mailing.send()
    mailing.save("en")
    editing.withdraw(mailing.database, 1, "en", now=mailing.later())
    assert mailing.notify()[0] == owed("en", waits_for="withdrawn", queued=0)


def test_asking_what_is_owed_makes_nothing(mailing: Mailing) -> None:
    mailing.send()
    mailing.save("en")
    before = mailing.told()
    for _ in range(2):
        asked = mailing.notify(dry_run=True)
        assert asked[0] == owed("en", queued=0)
        assert mailing.made == []
    assert mailing.told() == before
    assert mailing.deliver() == {}


# Once more.


def test_a_second_correction_is_told_to_all_who_had_the_first(mailing: Mailing) -> None:
    mailing.send()
    for number in (2, 3):
        mailing.save("fr")
        assert mailing.notify() == [owed("fr")]
        assert mailing.deliver() == {"fr@example.org": "fr"}
        assert mailing.told()[-1].telling == number
    assert mailing.notify() == []


def test_a_minor_edit_after_the_correction_is_what_readers_get_and_no_second_mail(
    mailing: Mailing,
) -> None:
    mailing.send()
    mailing.save("fr")
    mailing.save("fr", Change.MINOR)
    assert mailing.notify() == [owed("fr")]
    assert mailing.told()[-1].revision == 3
    mailing.save("fr", Change.MINOR)
    assert mailing.notify() == []


# Retractions.


def test_a_retraction_is_told_at_once_in_every_language(mailing: Mailing) -> None:
    mailing.send()
    mailing.retract({"": "The figures were wrong."})
    assert mailing.notify() == [owed("en"), owed("fr")]
    rows = {row.language: row for row in mailing.told()}
    assert {(row.change, row.rule) for row in rows.values()} == {
        (Change.RETRACTION, Fired.READY),
        (Change.RETRACTION, Fired.SOURCE_RETRACTED),
    }
    assert mailing.deliver() == {"en@example.org": "en", "fr@example.org": "fr"}
    assert mailing.notify() == []


def test_a_retraction_is_told_though_a_correction_still_waits(mailing: Mailing) -> None:
    mailing.send()
    mailing.save("en", approved=False)
    mailing.retract({"": "Wrong."})
    assert mailing.notify() == [owed("en"), owed("fr")]


@pytest.mark.parametrize("heard", [True, False])
def test_a_retraction_is_told_to_who_heard_of_the_correction_and_to_who_did_not(
    mailing: Mailing, heard: bool
) -> None:
    mailing.send()
    mailing.save("fr", note="C’était 200.")
    if heard:
        mailing.notify()
        mailing.deliver()
    mailing.retract({"fr": "Tout était faux."})
    assert owed("fr") in mailing.notify()
    with mailing.database.read() as tx:
        made = editions.of(tx, mailing.made[0].id)
    (french,) = (edition for edition in made if edition.language == "fr")
    assert "Tout était faux." in french.text
    # What was said of an earlier correction has no place here.
    assert "C’était 200." not in french.text + french.html


# What was sent, against the text now.


def test_a_correction_that_is_not_fit_to_be_sent_is_mailed_to_nobody_until_it_is_mended(
    mailing: Mailing,
) -> None:
    mailing.send()
    mailing.save("en")
    mailing.save("fr", body="[Ici](https://news.example.org/fr/nulle-part/) en 1.")
    with pytest.raises(PreflightError, match="nobody was mailed") as caught:
        mailing.notify()
    assert caught.value.what == "the correction of item 1 in digest"
    (reason,) = caught.value.reasons
    assert reason.startswith("fr, html")
    assert "(link-dead)" in reason
    # What is owed is still known, and nothing was told or made.
    assert mailing.notify(dry_run=True) == [owed("en", queued=0), owed("fr", queued=0)]
    assert [row.telling for row in mailing.told()] == [1, 1]
    assert mailing.deliver() == {}
    mailing.save("fr")
    assert mailing.notify() == [owed("en"), owed("fr")]
    assert mailing.deliver() == {"en@example.org": "en", "fr@example.org": "fr"}


def test_the_text_of_an_issue_is_compared_with_the_text_now(mailing: Mailing) -> None:
    mailing.send()
    same = differences.compare(mailing.database, 1, "en", 1)
    assert (same.lines, same.sent, same.sent.revision) == ((), same.now, 1)
    mailing.save("en", approved=False)
    found = differences.compare(mailing.database, 1, "en", 1)
    assert (found.sent.revision, found.now.revision) == (1, 2)
    assert found.sent.words.body == make.BODIES["en"]
    assert found.lines[:2] == ("--- sent", "+++ now")
    assert f"-{make.BODIES['en']}" in found.lines
    assert "+en 2." in found.lines


def test_a_fallback_is_compared_with_the_text_that_was_shown(
    database: Database, config: Config
) -> None:
    mailing = Mailing(database, config)
    mailing.start(languages=("en", "ar"), missing="fallback")
    make.take(database, config, make.draft("en"))
    mailing.send()
    mailing.save("en")
    found = differences.compare(database, 1, "ar", 1)
    assert (found.sent.language, found.now.language) == ("en", "en")
    assert "+en 2." in found.lines


@pytest.mark.parametrize(
    ("item", "language", "issue", "sentence"),
    [
        (1, "ar", 1, "1/ar of issue 1"),
        (9, "en", 1, "9/en of issue 1"),
        (1, "en", 9, "no issue 9"),
    ],
)
def test_what_an_issue_did_not_tell_is_named(
    mailing: Mailing, item: int, language: str, issue: int, sentence: str
) -> None:
    mailing.send()
    with pytest.raises(NotFoundError, match=sentence):
        differences.compare(mailing.database, item, language, issue)


def test_an_item_that_is_not_there_is_named(mailing: Mailing) -> None:
    with pytest.raises(NotFoundError, match="no item 9"):
        corrections.notify(mailing.database, mailing.config, 9, now=make.NOW)


def test_who_takes_other_topics_was_not_sent_it_and_hears_nothing(mailing: Mailing) -> None:
    make.take(
        mailing.database,
        mailing.config,
        *(
            make.draft(tag, key="wells", source=f"wells.{tag}.md", topics={"water": "water"})
            for tag in ("en", "fr")
        ),
    )
    make.subscribe(mailing.database, ["water@example.org"], language="fr", topics=["water"])
    mailing.send()
    mailing.save("fr")
    assert mailing.notify() == [owed("fr")]
    assert mailing.deliver() == {"fr@example.org": "fr"}
