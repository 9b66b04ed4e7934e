"""Telling: what an item tells each audience next, given what it has told before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.cases import Case, why
from publisher.config import Config
from publisher.freshness import digest
from publisher.ingest.decide import words_of
from publisher.policy import Fired, Show
from publisher.telling import Decision, decide, next_telling
from store.records import Change, Hold, Item, Mark, Missing, Publication, Translation, Workflow
from tests import make

HOUR = timedelta(hours=1)
LATER = make.NOW + HOUR
OLD_SOURCE = "0" * 64

FALLEN = make.publication(language="fr", shown_language="en", rule=Fired.FALLBACK)
OWN = make.publication(language="fr", shown_language="fr", rule=Fired.READY)

#: What a row says: the change, the language of the text, its revision, the rule.
Said = tuple[Change, str, int, Fired]


def texts(*languages: str, **changes: object) -> dict[str, Translation]:
    return {language: make.translation(language, **changes) for language in languages}


def site(config: Config, missing: str, **changes: object) -> Config:
    feeds = config.feeds.model_copy(update={"missing": missing})
    section = config.site.model_copy(update=changes)
    return config.model_copy(update={"feeds": feeds, "site": section})


def decided(
    config: Config,
    known: Mapping[str, Translation],
    *before: Publication,
    item: Item | None = None,
    marks: Iterable[Mark] = (),
    now: datetime = make.NOW,
) -> Decision:
    # A later telling takes the place of an earlier.
    standing = {(row.item_id, row.language): row for row in before}
    case = Case(item=item or make.item(), texts=known, marks=tuple(marks))
    return decide(case, standing, config=config, now=now)


def told(decision: Decision) -> dict[str, str]:
    """Return by language of the readers which language they are shown."""
    return {row.language: row.shown_language for row in decision.tell}


@dataclass
class Desk:
    """An item under the hands of its editors, and what was told of it hour by hour."""

    config: Config
    item: Item = field(default_factory=make.item)
    texts: dict[str, Translation] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    last: dict[str, Publication] = field(default_factory=dict)
    now: datetime = make.NOW

    def save(
        self,
        language: str,
        change: Change = Change.EDIT,
        *,
        made_from: str = "en",
        workflow: Workflow = Workflow.APPROVED,
        mended: bool = False,
    ) -> None:
        """Save other words; ``mended``: who did has not looked at the text they are made from."""
        before = self.texts.get(language)
        number = before.revision + 1 if before else 1
        words = make.text(language, body=f"{language} {number}")
        parent = digest(words) if made_from == language else self.texts[made_from].digest
        saved = make.translation(
            language,
            **vars(words),
            workflow=workflow,
            source_digest=before.source_digest if before and mended else parent,
            made_from=made_from,
            revision=number,
            change=change if before else Change.NEW,
            approved=self.now if workflow is Workflow.APPROVED else None,
        )
        self.texts[language] = saved
        self.marks.append(
            Mark(
                item_id=1,
                language=language,
                number=number,
                digest=saved.digest,
                author="ann",
                change=saved.change,
                note="",
                saved=self.now,
            )
        )
        if before and change is Change.MINOR:
            self._carry(before, saved)

    def _carry(self, before: Translation, saved: Translation) -> None:
        for tag, text in self.texts.items():
            if (text.made_from, text.source_digest) == (saved.language, before.digest):
                self.texts[tag] = replace(text, source_digest=saved.digest)

    def put(self, language: str, workflow: Workflow) -> None:
        approved = self.now if workflow is Workflow.APPROVED else None
        self.texts[language] = replace(self.texts[language], workflow=workflow, approved=approved)

    def tick(self) -> dict[str, Said]:
        """Tell what is to be told an hour later, and nothing the second time."""
        self.now += HOUR
        decision = self._decide()
        for row in decision.tell:
            assert row.told == self.now
            before = self.last.get(row.language)
            assert row.telling == (before.telling + 1 if before else 1)
            assert before is None or row.published == before.published
            self.last[row.language] = row
        assert self._decide().tell == ()
        return {row.language: said(row) for row in decision.tell}

    def held(self) -> dict[str, tuple[str, datetime | None]]:
        return {hold.language: (hold.reason, hold.until) for hold in self._decide().wait}

    def _decide(self) -> Decision:
        return decided(
            self.config,
            self.texts,
            *self.last.values(),
            item=self.item,
            marks=self.marks,
            now=self.now,
        )

    def moved(self, language: str) -> bool:
        """Say whether readers are made to look again by what they were told last."""
        return self.last[language].updated == self.last[language].told


def said(row: Publication) -> Said:
    return row.change, row.shown_language, row.revision, Fired(row.rule)


@pytest.fixture
def desk(config: Config) -> Desk:
    """Return an item whose English text is approved, on a site that skips."""
    found = Desk(site(config, Missing.SKIP))
    found.save("en", made_from="en")
    return found


def at(desk: Desk, rule: str) -> Desk:
    desk.config = site(desk.config, rule)
    return desk


# The first telling, and who waits.


@pytest.mark.parametrize(
    ("missing", "ready", "shown", "waiting"),
    [
        (Missing.SKIP, ["en", "fr", "es", "ar"], "en fr es ar", []),
        (Missing.SKIP, ["en", "fr"], "en fr - -", []),
        (Missing.SKIP, ["ar"], "- - - ar", []),
        (Missing.SKIP, [], "- - - -", []),
        (Missing.HOLD, ["en", "fr"], "en fr - -", ["es", "ar"]),
        (Missing.HOLD, [], "- - - -", ["en", "fr", "es", "ar"]),
        (Missing.FALLBACK, ["en", "fr"], "en fr en en", []),
        (Missing.FALLBACK, ["fr", "ar"], "fr fr fr ar", []),
        (Missing.FALLBACK, ["ar"], "ar ar ar ar", []),
        (Missing.FALLBACK, [], "- - - -", ["en", "fr", "es", "ar"]),
    ],
)
def test_what_readers_of_each_language_are_told(
    config: Config, missing: Missing, ready: list[str], shown: str, waiting: list[str]
) -> None:
    known = {**texts("en", workflow=Workflow.DRAFT), **texts(*ready)}
    decision = decided(site(config, missing), known)
    wanted = dict(zip(make.LANGUAGES, shown.split(), strict=True))
    assert told(decision) == {tag: other for tag, other in wanted.items() if other != "-"}
    assert [hold.language for hold in decision.wait] == waiting
    assert decision.next_look is None


def test_a_chain_of_the_configuration_goes_before_the_order_of_the_site(config: Config) -> None:
    settings_ = site(config, Missing.FALLBACK, chains={"es": ("es", "fr", "en")})
    assert told(decided(settings_, texts("en", "fr"))) == {
        "en": "en",
        "fr": "fr",
        "es": "fr",
        "ar": "en",
    }


def test_each_language_may_have_a_rule_of_its_own(config: Config) -> None:
    feeds = {"missing": "fallback", "missing_in": {"fr": "skip", "ar": "hold for 2h, then skip"}}
    settings_ = config.model_copy(update={"feeds": config.feeds.model_copy(update=feeds)})
    decision = decided(settings_, texts("en"))
    assert told(decision) == {"en": "en", "es": "en"}
    assert [(hold.language, hold.until) for hold in decision.wait] == [("ar", make.NOW + 2 * HOUR)]
    assert decision.next_look == make.NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing"),
        (make.translation("fr", source_digest=OLD_SOURCE), "outdated"),
        (make.translation("fr", workflow=Workflow.DRAFT), "draft"),
        (make.translation("fr", workflow=Workflow.IN_REVIEW), "in_review"),
        (make.translation("fr", workflow=Workflow.WITHDRAWN), "withdrawn"),
        (make.translation("fr", workflow=Workflow.DRAFT, source_digest=OLD_SOURCE), "outdated"),
    ],
)
def test_who_waits_is_told_why(config: Config, text: Translation | None, reason: str) -> None:
    known = texts("en", "es", "ar") | ({"fr": text} if text else {})
    decision = decided(site(config, Missing.HOLD), known)
    assert decision.wait == (Hold(item_id=1, language="fr", until=None, reason=reason),)
    assert why(make.item(), known, "fr") == reason
    assert why(make.item(), known, "en") == Fired.READY


def test_who_had_a_text_already_waits_for_nothing(config: Config) -> None:
    known = texts("en", "es", "ar") | {"fr": make.translation("fr", workflow=Workflow.IN_REVIEW)}
    assert decided(site(config, Missing.HOLD), known, OWN).wait == ()


def test_who_was_shown_another_language_hears_nothing_of_a_notice_for_a_text_they_never_had(
    config: Config,
) -> None:
    texts = {
        "en": make.translation("en"),
        "fr": make.translation("fr", change=Change.RETRACTION),
    }
    (first,) = (
        row for row in decided(site(config, "fallback"), texts).tell if row.language == "fr"
    )
    assert first.shown_language == "en"
    assert not any(
        row.language == "fr" for row in decided(site(config, "fallback"), texts, first).tell
    )


@pytest.mark.parametrize("missing", list(Missing))
def test_before_its_embargo_ends_nothing_is_told_and_the_next_look_is_then(
    config: Config, missing: Missing
) -> None:
    item = make.item(embargo=LATER)
    decision = decided(site(config, missing), texts("en", "fr"), item=item)
    assert decision.tell == ()
    assert {(hold.reason, hold.until) for hold in decision.wait} == {("embargo", LATER)}
    assert len(decision.wait) == 4
    assert decision.next_look == LATER


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), 9 * HOUR])
def test_from_its_embargo_on_an_item_is_told_in_every_language_at_once(
    config: Config, late: timedelta
) -> None:
    item = make.item(embargo=LATER)
    decision = decided(config, texts(*make.LANGUAGES), item=item, now=LATER + late)
    assert told(decision) == {tag: tag for tag in make.LANGUAGES}
    assert {row.told for row in decision.tell} == {LATER + late}


@pytest.mark.parametrize(
    ("dated", "published"),
    [
        (None, make.NOW),
        (make.NOW - 400 * HOUR, make.NOW - 400 * HOUR),
        (make.NOW, make.NOW),
        (make.NOW + HOUR, make.NOW),
    ],
)
def test_a_text_bears_its_own_date_unless_that_is_still_to_come(
    config: Config, dated: datetime | None, published: datetime
) -> None:
    (row,) = decided(config, texts("en", dated=dated)).tell
    assert (row.published, row.updated, row.told) == (published, published, make.NOW)


# Later tellings.


@pytest.mark.parametrize(
    ("before", "answer", "revision", "news"),
    [
        (None, Show("fr", Fired.READY), 1, True),
        (None, Show("en", Fired.FALLBACK), 1, True),
        (OWN, Show("fr", Fired.READY), 1, False),
        (OWN, Show("fr", Fired.READY), 2, True),
        (OWN, Show("en", Fired.FALLBACK), 1, False),
        (OWN, Show("en", Fired.FALLBACK), 9, False),
        (FALLEN, Show("en", Fired.FALLBACK), 1, False),
        (FALLEN, Show("en", Fired.FALLBACK), 2, True),
        (FALLEN, Show("es", Fired.FALLBACK), 1, True),
        (FALLEN, Show("fr", Fired.READY), 1, True),
    ],
)
def test_what_is_news_to_readers_of_french(
    before: Publication | None, answer: Show, revision: int, news: bool
) -> None:
    text = make.translation(answer.language, revision=revision)
    case = Case(item=make.item(), texts={answer.language: text}, marks=())
    row = next_telling(case, "fr", answer, before, now=LATER)
    assert (row is not None) is news
    if row:
        assert said(row)[1:] == (answer.language, revision, answer.rule)


@pytest.mark.parametrize(
    "now_standing",
    [
        make.translation("fr", source_digest=OLD_SOURCE),
        make.translation("fr", workflow=Workflow.IN_REVIEW, revision=2),
        make.translation("fr", workflow=Workflow.DRAFT, revision=2),
    ],
)
def test_who_had_a_text_in_their_language_never_falls_back(
    config: Config, now_standing: Translation
) -> None:
    known = texts("en", revision=5) | {"fr": now_standing}
    before = [
        make.publication(language=tag, shown_language="en", revision=5, rule=Fired.FALLBACK)
        for tag in ("en", "es", "ar")
    ]
    assert decided(site(config, Missing.FALLBACK), known, OWN, *before).tell == ()


def test_a_late_translation_takes_the_place_of_its_fallback(config: Config) -> None:
    settings_ = site(config, Missing.FALLBACK)
    first = decided(settings_, texts("en")).tell
    assert {row.language: (row.telling, row.rule) for row in first} == {
        "en": (1, Fired.READY),
        "fr": (1, Fired.FALLBACK),
        "es": (1, Fired.FALLBACK),
        "ar": (1, Fired.FALLBACK),
    }
    (second,) = decided(settings_, texts("en", "fr"), *first, now=LATER).tell
    assert (second.language, second.shown_language, second.rule) == ("fr", "fr", Fired.READY)
    assert (second.telling, second.change) == (2, Change.NEW)
    assert second.published == make.NOW
    assert second.updated == second.told == LATER
    assert decided(settings_, texts("en", "fr"), *first, second, now=LATER).tell == ()


@pytest.mark.parametrize(
    ("since", "change", "moves"),
    [
        ([Change.MINOR], Change.MINOR, False),
        ([Change.MINOR, Change.MINOR], Change.MINOR, False),
        ([Change.EDIT], Change.EDIT, False),
        ([Change.EDIT, Change.MINOR], Change.EDIT, False),
        ([Change.MINOR, Change.EDIT], Change.EDIT, False),
        ([Change.CORRECTION], Change.CORRECTION, True),
        # Nobody was told of the correction yet: what came after must not hush it up.
        ([Change.CORRECTION, Change.MINOR], Change.CORRECTION, True),
        ([Change.CORRECTION, Change.EDIT], Change.CORRECTION, True),
        ([Change.MINOR, Change.CORRECTION, Change.MINOR], Change.CORRECTION, True),
        ([Change.RETRACTION, Change.EDIT], Change.CORRECTION, True),
        ([Change.RETRACTION], Change.RETRACTION, True),
        ([Change.EDIT, Change.RETRACTION], Change.RETRACTION, True),
    ],
)
def test_what_was_done_to_a_text_since_readers_were_told_says_what_they_hear(
    desk: Desk, since: list[Change], change: Change, moves: bool
) -> None:
    desk.tick()
    for act in since:
        desk.save("en", act, made_from="en")
    assert desk.tick() == {"en": (change, "en", 1 + len(since), Fired.READY)}
    assert desk.moved("en") is moves


def test_of_a_second_correction_readers_hear_again_and_of_a_comma_after_it_not(
    desk: Desk,
) -> None:
    desk.tick()
    for number, (act, moves) in enumerate(
        [(Change.CORRECTION, True), (Change.CORRECTION, True), (Change.MINOR, False)], 2
    ):
        desk.save("en", act, made_from="en")
        assert desk.tick() == {"en": (act, "en", number, Fired.READY)}
        assert desk.moved("en") is moves


def test_a_text_in_review_changes_nothing_that_readers_see(desk: Desk) -> None:
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en", workflow=Workflow.IN_REVIEW)
    assert desk.tick() == {}
    desk.put("en", Workflow.APPROVED)
    assert desk.tick() == {"en": (Change.CORRECTION, "en", 2, Fired.READY)}


def test_a_comma_in_another_language_than_before_is_told_aloud(desk: Desk) -> None:
    at(desk, "fallback").tick()
    desk.save("fr")
    desk.save("fr", Change.MINOR)
    assert desk.tick() == {"fr": (Change.NEW, "fr", 2, Fired.READY)}
    assert desk.moved("fr")


# Deadlines, and fallbacks that were told.


def test_after_a_deadline_the_ledger_says_that_it_was_one(desk: Desk) -> None:
    at(desk, "hold for 3h, then fallback")
    due = make.NOW + 3 * HOUR
    assert desk.tick() == {"en": (Change.NEW, "en", 1, Fired.READY)}
    assert desk.held() == dict.fromkeys(("fr", "es", "ar"), ("missing", due))
    assert desk.tick() == {}
    assert desk.tick() == dict.fromkeys(("fr", "es", "ar"), (Change.NEW, "en", 1, Fired.DEADLINE))
    assert desk.held() == {}
    desk.save("fr")
    assert desk.tick() == {"fr": (Change.NEW, "fr", 1, Fired.READY)}


def test_a_deadline_that_ends_in_skipping_ends_the_waiting(desk: Desk) -> None:
    at(desk, "hold for 1h, then skip")
    assert desk.tick().keys() == {"en"}
    assert desk.held() == {}


@pytest.mark.parametrize("rule", ["hold for 3h, then fallback", "hold", "skip", "fallback"])
@pytest.mark.parametrize("act", [Change.CORRECTION, Change.EDIT, Change.MINOR])
def test_a_fallback_that_was_told_moves_on_with_its_text_whatever_the_rule_says_by_now(
    desk: Desk, rule: str, act: Change
) -> None:
    at(desk, "hold for 1h, then fallback").tick()
    at(desk, rule).save("en", act, made_from="en")
    told_now = desk.tick()
    fired = Fired.FALLBACK if rule == "fallback" else Fired.DEADLINE
    assert told_now["en"] == (act, "en", 2, Fired.READY)
    others = ("fr", "es", "ar")
    assert {tag: told_now[tag] for tag in others} == dict.fromkeys(others, (act, "en", 2, fired))
    assert {desk.moved(tag) for tag in make.LANGUAGES} == {act is Change.CORRECTION}


# Corrections of the source.


def test_who_has_a_translation_hears_that_its_source_was_corrected_and_then_of_its_own(
    desk: Desk,
) -> None:
    desk.save("fr")
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    assert desk.tick() == {
        "en": (Change.CORRECTION, "en", 2, Fired.READY),
        "fr": (Change.CORRECTION, "fr", 1, Fired.SOURCE_CORRECTED),
    }
    assert desk.moved("fr")
    assert desk.last["fr"].source_revision == 2
    # What the translator calls an edit puts right for readers what was wrong.
    desk.save("fr", Change.EDIT)
    assert desk.tick() == {"fr": (Change.CORRECTION, "fr", 2, Fired.READY)}
    assert desk.moved("fr")
    desk.save("fr", Change.EDIT)
    assert desk.tick() == {"fr": (Change.EDIT, "fr", 3, Fired.READY)}


def test_a_translation_that_says_it_need_not_change_is_corrected_as_it_stands(
    desk: Desk,
) -> None:
    desk.save("fr")
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    desk.tick()
    desk.texts["fr"] = replace(desk.texts["fr"], source_digest=desk.texts["en"].digest)
    assert desk.tick() == {"fr": (Change.CORRECTION, "fr", 1, Fired.READY)}


@pytest.mark.parametrize(
    ("act", "workflow"),
    [
        (Change.EDIT, Workflow.APPROVED),
        (Change.MINOR, Workflow.APPROVED),
        (Change.CORRECTION, Workflow.IN_REVIEW),
        (Change.CORRECTION, Workflow.DRAFT),
        (Change.CORRECTION, Workflow.WITHDRAWN),
    ],
)
def test_only_an_approved_correction_of_the_source_is_told_to_readers_of_a_translation(
    desk: Desk, act: Change, workflow: Workflow
) -> None:
    desk.save("fr")
    desk.tick()
    desk.save("en", act, made_from="en", workflow=workflow)
    assert "fr" not in desk.tick()


def test_a_correction_of_a_translation_says_nothing_to_readers_of_others(desk: Desk) -> None:
    desk.save("fr")
    desk.save("es")
    desk.tick()
    desk.save("fr", Change.CORRECTION)
    assert desk.tick() == {"fr": (Change.CORRECTION, "fr", 2, Fired.READY)}


def test_a_relay_translation_hears_of_the_first_source_and_follows_its_own(desk: Desk) -> None:
    desk.save("es")
    desk.save("fr", made_from="es")
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    corrected = {tag: said_ for tag, said_ in desk.tick().items() if tag != "en"}
    assert corrected == {
        "es": (Change.CORRECTION, "es", 1, Fired.SOURCE_CORRECTED),
        "fr": (Change.CORRECTION, "fr", 1, Fired.SOURCE_CORRECTED),
    }
    desk.save("es")
    assert desk.tick() == {"es": (Change.CORRECTION, "es", 2, Fired.READY)}
    desk.save("fr", made_from="es")
    assert desk.tick() == {"fr": (Change.CORRECTION, "fr", 2, Fired.READY)}


def test_a_translation_may_be_put_right_before_its_source_is_approved(desk: Desk) -> None:
    desk.save("es")
    desk.save("fr", made_from="es")
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en", workflow=Workflow.IN_REVIEW)
    desk.save("es")
    desk.save("fr", made_from="es")
    assert desk.tick() == {
        "es": (Change.CORRECTION, "es", 2, Fired.READY),
        "fr": (Change.CORRECTION, "fr", 2, Fired.READY),
    }
    desk.put("en", Workflow.APPROVED)
    # The others know already.
    assert desk.tick() == {"en": (Change.CORRECTION, "en", 2, Fired.READY)}
    for tag in ("es", "fr"):
        desk.save(tag, Change.MINOR, made_from=desk.texts[tag].made_from, mended=True)
    minor = {tag: (Change.MINOR, tag, 3, Fired.READY) for tag in ("es", "fr")}
    assert desk.tick() == minor


def test_who_has_had_a_fallback_gets_its_correction_and_then_their_own_text(desk: Desk) -> None:
    at(desk, "fallback").tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    assert desk.tick() == {
        "en": (Change.CORRECTION, "en", 2, Fired.READY),
        **dict.fromkeys(("fr", "es", "ar"), (Change.CORRECTION, "en", 2, Fired.FALLBACK)),
    }
    desk.save("ar")
    assert desk.tick() == {"ar": (Change.NEW, "ar", 1, Fired.READY)}


def test_a_text_of_their_own_does_not_hush_up_the_correction_of_the_fallback(desk: Desk) -> None:
    at(desk, "fallback").tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    desk.save("ar")
    assert desk.tick()["ar"] == (Change.CORRECTION, "ar", 1, Fired.READY)
    assert desk.moved("ar")


def test_a_fallback_that_is_itself_behind_says_that_its_source_was_corrected(desk: Desk) -> None:
    at(desk, "fallback").config = site(
        desk.config, "fallback", chains={"ar": ("ar", "fr")}, languages=("fr", "ar")
    )
    desk.save("fr")
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    assert desk.tick() == {
        "fr": (Change.CORRECTION, "fr", 1, Fired.SOURCE_CORRECTED),
        "ar": (Change.CORRECTION, "fr", 1, Fired.SOURCE_CORRECTED),
    }
    desk.save("fr")
    assert desk.tick() == {
        "fr": (Change.CORRECTION, "fr", 2, Fired.READY),
        "ar": (Change.CORRECTION, "fr", 2, Fired.FALLBACK),
    }


def test_what_was_corrected_before_a_language_was_told_is_no_correction_there(desk: Desk) -> None:
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    desk.save("fr")
    assert desk.tick()["fr"] == (Change.NEW, "fr", 1, Fired.READY)
    desk.save("fr", Change.MINOR, mended=True)
    assert desk.tick() == {"fr": (Change.MINOR, "fr", 2, Fired.READY)}


# Withdrawn, and embargoes that are set later.


def test_a_withdrawn_text_is_taken_back_once_and_an_approval_brings_it_back_as_news(
    desk: Desk,
) -> None:
    desk.save("fr")
    desk.tick()
    desk.put("fr", Workflow.WITHDRAWN)
    assert desk.tick() == {"fr": (Change.WITHDRAWAL, "fr", 1, Fired.TAKEN_BACK)}
    desk.save("fr", workflow=Workflow.WITHDRAWN)
    assert desk.tick() == {}
    desk.put("fr", Workflow.APPROVED)
    assert desk.tick() == {"fr": (Change.NEW, "fr", 2, Fired.READY)}
    assert desk.moved("fr")


def test_in_place_of_a_withdrawn_text_a_fallback_is_shown_where_the_rule_says_so(
    desk: Desk,
) -> None:
    desk.save("fr")
    at(desk, "fallback").tick()
    desk.put("fr", Workflow.WITHDRAWN)
    assert desk.tick() == {"fr": (Change.NEW, "en", 1, Fired.FALLBACK)}


def test_who_is_shown_a_withdrawn_text_as_a_fallback_is_shown_it_no_more(desk: Desk) -> None:
    at(desk, "fallback").tick()
    desk.put("en", Workflow.WITHDRAWN)
    taken_back = (Change.WITHDRAWAL, "en", 1, Fired.TAKEN_BACK)
    assert desk.tick() == dict.fromkeys(make.LANGUAGES, taken_back)
    assert desk.held().keys() == {*make.LANGUAGES}


def test_what_was_withdrawn_hears_of_no_correction(desk: Desk) -> None:
    desk.save("fr")
    desk.tick()
    desk.put("fr", Workflow.WITHDRAWN)
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    assert desk.tick().keys() == {"en"}


@pytest.mark.parametrize("rule", ["skip", "hold", "fallback", "hold for 1h, then fallback"])
def test_an_embargo_set_later_takes_back_every_language_until_it_ends(
    desk: Desk, rule: str
) -> None:
    desk.save("fr")
    at(desk, rule).tick()
    before = {tag: said(row) for tag, row in desk.last.items()}
    until = desk.now + 3 * HOUR
    desk.item = make.item(embargo=until)
    assert desk.tick() == {
        tag: (Change.WITHDRAWAL, shown, 1, Fired.TAKEN_BACK)
        for tag, (_, shown, _, _) in before.items()
    }
    assert {desk.held()[tag] for tag in before} == {("embargo", until)}
    assert desk.tick() == {}
    assert desk.now + HOUR == until
    again = desk.tick()
    ready = {tag: (Change.NEW, tag, 1, Fired.READY) for tag in ("en", "fr")}
    assert {tag: again[tag] for tag in ready} == ready
    assert all(desk.moved(tag) for tag in ready)


def test_an_embargo_may_be_set_over_and_over(desk: Desk) -> None:
    desk.tick()
    for _ in range(3):
        desk.item = make.item(embargo=desk.now + 2 * HOUR)
        assert desk.tick() == {"en": (Change.WITHDRAWAL, "en", 1, Fired.TAKEN_BACK)}
        assert desk.tick() == {"en": (Change.NEW, "en", 1, Fired.READY)}
    assert desk.last["en"].telling == 7
    assert desk.last["en"].published == make.NOW + HOUR


def test_what_was_corrected_under_an_embargo_is_told_as_a_correction_after_it(
    desk: Desk,
) -> None:
    desk.tick()
    desk.item = make.item(embargo=desk.now + 2 * HOUR)
    desk.tick()
    desk.save("en", Change.CORRECTION, made_from="en")
    assert desk.tick() == {"en": (Change.CORRECTION, "en", 2, Fired.READY)}


# Retractions.


def retract(desk: Desk, *languages: str) -> None:
    for language in languages:
        desk.save(language, Change.RETRACTION, made_from="en")


@pytest.mark.parametrize(
    ("noticed", "french"),
    [
        (("en",), (Change.RETRACTION, "fr", 1, Fired.SOURCE_RETRACTED)),
        (("en", "fr"), (Change.RETRACTION, "fr", 2, Fired.READY)),
    ],
)
def test_a_retraction_is_told_to_each_audience_in_the_words_that_there_are(
    desk: Desk, noticed: tuple[str, ...], french: Said
) -> None:
    desk.save("fr")
    at(desk, "fallback").tick()
    retract(desk, *noticed)
    assert desk.tick() == {
        "en": (Change.RETRACTION, "en", 2, Fired.READY),
        "fr": french,
        "es": (Change.RETRACTION, "en", 2, Fired.FALLBACK),
        "ar": (Change.RETRACTION, "en", 2, Fired.FALLBACK),
    }
    assert all(desk.moved(tag) for tag in make.LANGUAGES)
    assert desk.held() == {}


@pytest.mark.parametrize("rule", ["skip", "hold", "fallback"])
def test_a_retraction_is_no_news_to_who_has_had_nothing(desk: Desk, rule: str) -> None:
    retract(desk, "en")
    assert at(desk, rule).tick() == {}
    assert desk.held() == {}


def test_a_notice_that_comes_later_takes_the_place_of_none(desk: Desk) -> None:
    desk.save("fr")
    desk.tick()
    retract(desk, "en")
    desk.tick()
    retract(desk, "fr")
    assert desk.tick() == {"fr": (Change.RETRACTION, "fr", 2, Fired.READY)}


def test_a_retraction_that_is_not_approved_is_none(desk: Desk) -> None:
    desk.tick()
    desk.save("en", Change.RETRACTION, made_from="en", workflow=Workflow.IN_REVIEW)
    assert desk.tick() == {}


def test_a_text_written_anew_after_its_retraction_is_news(desk: Desk) -> None:
    desk.save("fr")
    desk.tick()
    retract(desk, "en")
    desk.tick()
    desk.save("en", made_from="en")
    assert desk.tick() == {"en": (Change.NEW, "en", 3, Fired.READY)}
    desk.save("fr")
    assert desk.tick() == {"fr": (Change.NEW, "fr", 2, Fired.READY)}


def test_a_retraction_of_what_is_taken_back_brings_nothing_up_again(desk: Desk) -> None:
    desk.tick()
    desk.put("en", Workflow.WITHDRAWN)
    desk.tick()
    retract(desk, "en")
    assert desk.tick() == {}


def test_an_embargo_hides_even_the_notice_of_a_retraction(desk: Desk) -> None:
    desk.tick()
    retract(desk, "en")
    desk.tick()
    desk.item = make.item(embargo=desk.now + 9 * HOUR)
    assert desk.tick() == {"en": (Change.WITHDRAWAL, "en", 2, Fired.TAKEN_BACK)}


def test_a_translation_is_retracted_alone_and_a_text_of_their_own_ends_a_fallbacks_notice(
    desk: Desk,
) -> None:
    at(desk, "fallback").config = site(
        desk.config, "fallback", chains={"ar": ("ar", "fr"), "es": ("es", "fr")}
    )
    desk.save("fr")
    desk.tick()
    retract(desk, "fr")
    assert desk.tick() == {
        "fr": (Change.RETRACTION, "fr", 2, Fired.READY),
        "es": (Change.RETRACTION, "fr", 2, Fired.FALLBACK),
        "ar": (Change.RETRACTION, "fr", 2, Fired.FALLBACK),
    }
    desk.save("ar")
    assert desk.tick() == {"ar": (Change.NEW, "ar", 1, Fired.READY)}


# Whatever happens.

STATES = st.builds(
    make.translation,
    st.sampled_from(make.LANGUAGES),
    workflow=st.sampled_from(Workflow),
    source_digest=st.sampled_from([make.translation("en").digest, OLD_SOURCE]),
    revision=st.integers(1, 3),
    change=st.sampled_from([change for change in Change if change is not Change.WITHDRAWAL]),
    dated=st.none() | st.just(make.NOW + 2 * HOUR) | st.just(make.NOW - HOUR),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["skip", "hold", "fallback", "hold for 2h, then fallback"]),
        st.booleans(),
        st.lists(STATES, max_size=6),
    ),
    min_size=1,
    max_size=6,
)


@given(STEPS)
def test_whatever_happens_to_a_text_its_tellings_follow_one_another(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool, list[Translation]]]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    last: dict[str, Publication] = {}
    for hour, (rule, embargoed, known) in enumerate(steps):
        now = make.NOW + hour * HOUR
        by_language = {text.language: text for text in known}
        item = make.item(embargo=now + HOUR if embargoed else None)
        settings_ = site(config, rule)
        marks = [
            Mark(
                item_id=1,
                language=text.language,
                number=number,
                digest=digest(words_of(text)),
                author="ann",
                change=text.change if number == text.revision else Change.EDIT,
                note="",
                saved=now,
            )
            for text in by_language.values()
            for number in range(1, text.revision + 1)
        ]
        decision = decided(settings_, by_language, *last.values(), item=item, marks=marks, now=now)
        for row in decision.tell:
            before = last.get(row.language)
            assert row.telling == (before.telling + 1 if before else 1)
            assert row.published <= row.updated <= row.told == now
            assert (row.change is Change.WITHDRAWAL) == (row.rule == Fired.TAKEN_BACK)
            assert not embargoed or row.change is Change.WITHDRAWAL
            if before:
                assert row.published == before.published
                assert row.updated >= before.updated
            if before and before.rule == Fired.READY and not before.is_gone:
                # Nobody falls back from a text of their own, unless that is withdrawn.
                own = by_language.get(row.language)
                withdrawn = own is not None and own.workflow is Workflow.WITHDRAWN
                assert row.shown_language == row.language or withdrawn
            last[row.language] = row
        again = decided(settings_, by_language, *last.values(), item=item, marks=marks, now=now)
        assert again.tell == ()
