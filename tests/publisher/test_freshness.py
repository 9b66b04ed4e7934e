"""Freshness: which texts their source has left behind, and which may go out."""

import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from publisher.freshness import (
    Freshness,
    after_minor_edits,
    digest,
    freshness,
    ready,
    waiting_since,
)
from store.records import Change, Mark, Text, Translation, Workflow
from tests import make

FIELDS = ("title", "summary", "body", "image_alt")
#: Letters that normalisation composes, takes apart and puts in order.
LETTERS = st.sampled_from([*"aeou éñçكا", "\u0301", "\u0323", "\u0654", "\u212b", "ﬁ", " ", "\n"])
WORDS = st.text(LETTERS | st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
TEXTS = st.builds(lambda **fields: Text(slug="a", **fields), **dict.fromkeys(FIELDS, WORDS))
SPACES = st.lists(st.sampled_from([" ", "\n", "  ", "\n\n", "\t", "\u00a0"]), min_size=1)


def words(text: Text) -> list[list[str]]:
    return [unicodedata.normalize("NFC", getattr(text, name)).split() for name in FIELDS]


@given(TEXTS, SPACES)
def test_rewrapping_a_source_text_outdates_no_translation(text: Text, spaces: list[str]) -> None:
    rewrapped = {
        name: spaces[0] + spaces[-1].join(getattr(text, name).split()) + spaces[-1]
        for name in FIELDS
    }
    assert digest(replace(text, **rewrapped)) == digest(text)


@given(TEXTS, st.sampled_from(["NFC", "NFD"]))
def test_another_keyboards_accents_outdate_no_translation(text: Text, form: str) -> None:
    typed = {name: unicodedata.normalize(form, getattr(text, name)) for name in FIELDS}  # type: ignore[arg-type]
    assert digest(replace(text, **typed)) == digest(text)


@given(TEXTS, st.sampled_from(FIELDS), WORDS)
def test_any_other_change_of_words_is_seen(text: Text, name: str, written: str) -> None:
    changed = replace(text, **{name: written})
    assert (digest(changed) == digest(text)) == (words(changed) == words(text))


@given(TEXTS, st.permutations(FIELDS))
def test_words_that_move_to_another_field_are_seen(text: Text, order: list[str]) -> None:
    moved = replace(
        text, **{name: getattr(text, other) for name, other in zip(FIELDS, order, strict=True)}
    )
    assume(words(moved) != words(text))
    assert digest(moved) != digest(text)


def test_another_address_outdates_no_translation() -> None:
    assert digest(make.text(slug="old")) == digest(make.text(slug="new"))


def test_the_digest_stays_what_it_is_over_releases() -> None:
    text = Text(title="Dignité", summary="", body="Un texte.", slug="dignité", image_alt="")
    assert digest(text) == "5e22fe711b64a4a2d01fdafad84bf6a4a881a6e51403eeb01465d548d645324f"


NEW_SOURCE = digest(make.text("en", body="The source has changed."))


@pytest.mark.parametrize(
    ("language", "translations", "stand"),
    [
        ("fr", [make.translation("en")], Freshness.MISSING),
        ("en", [], Freshness.MISSING),
        ("en", [make.translation("en")], Freshness.CURRENT),
        ("en", [make.translation("en", source_digest=NEW_SOURCE)], Freshness.CURRENT),
        ("en", [make.translation("en", workflow=Workflow.DRAFT)], Freshness.CURRENT),
        ("fr", [make.translation("en"), make.translation("fr")], Freshness.CURRENT),
        (
            "fr",
            [make.translation("en"), make.translation("fr", source_digest=NEW_SOURCE)],
            Freshness.OUTDATED,
        ),
        (
            "ar",
            [make.translation("en", digest=NEW_SOURCE), make.translation("ar")],
            Freshness.OUTDATED,
        ),
        # Without a source nobody can say that it is current.
        ("fr", [make.translation("fr")], Freshness.OUTDATED),
    ],
)
def test_a_text_stands_to_its_source(
    language: str, translations: list[Translation], stand: Freshness
) -> None:
    texts = {text.language: text for text in translations}
    assert freshness(make.item(), texts, language) is stand


@pytest.mark.parametrize(
    ("workflow", "made_from_present_source", "goes_out"),
    [
        (Workflow.APPROVED, True, True),
        (Workflow.APPROVED, False, False),
        (Workflow.IN_REVIEW, True, False),
        (Workflow.DRAFT, True, False),
        (Workflow.WITHDRAWN, True, False),
        (Workflow.WITHDRAWN, False, False),
    ],
)
@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_only_an_approved_and_current_text_may_go_out(
    language: str, workflow: Workflow, made_from_present_source: bool, goes_out: bool
) -> None:
    source = make.translation("en")
    made_from = source.digest if made_from_present_source else NEW_SOURCE
    text = make.translation(language, workflow=workflow, source_digest=made_from)
    found = ready(make.item(), {"en": source, language: text})
    assert found == {"en": source, **({language: text} if goes_out else {})}


def relay(**spanish: object) -> dict[str, Translation]:
    """Return a French text made from the Spanish one, which was made from the English one."""
    source, between = make.translation("en"), make.translation("es", **spanish)
    made_from: dict[str, object] = {"made_from": "es", "source_digest": digest(make.text("es"))}
    return {"en": source, "es": between, "fr": make.translation("fr", **made_from)}


@pytest.mark.parametrize(
    ("spanish", "stands"),
    [
        ({}, Freshness.CURRENT),
        ({"workflow": Workflow.DRAFT}, Freshness.CURRENT),
        # The Spanish text has changed since, or its own source has.
        ({"body": "Otra cosa.", "digest": NEW_SOURCE}, Freshness.OUTDATED),
        ({"source_digest": NEW_SOURCE}, Freshness.OUTDATED),
    ],
)
def test_a_relay_translation_is_behind_when_any_text_above_it_is(
    spanish: dict[str, object], stands: Freshness
) -> None:
    assert freshness(make.item(), relay(**spanish), "fr") is stands


def test_a_text_whose_text_above_is_gone_is_outdated() -> None:
    texts = relay()
    del texts["es"]
    assert freshness(make.item(), texts, "fr") is Freshness.OUTDATED


def test_two_texts_made_from_one_another_have_lost_their_source() -> None:
    texts = relay(made_from="fr", source_digest=digest(make.text("fr")))
    assert freshness(make.item(), texts, "fr") is Freshness.OUTDATED
    assert freshness(make.item(), texts, "es") is Freshness.OUTDATED


def mark(number: int, change: Change) -> Mark:
    return Mark(
        item_id=1,
        language="en",
        number=number,
        digest=f"digest {number}",
        author="ann",
        change=change,
        note="",
        saved=make.NOW,
    )


@pytest.mark.parametrize(
    ("since", "now"),
    [
        ([], "digest 1"),
        ([Change.MINOR], "digest 2"),
        ([Change.MINOR, Change.MINOR], "digest 3"),
        ([Change.EDIT], "digest 1"),
        ([Change.CORRECTION], "digest 1"),
        ([Change.MINOR, Change.EDIT], "digest 1"),
        ([Change.EDIT, Change.MINOR], "digest 1"),
    ],
)
def test_a_digest_follows_its_text_through_minor_edits_only(since: list[Change], now: str) -> None:
    marks = [mark(number, change) for number, change in enumerate([Change.NEW, *since], 1)]
    assert after_minor_edits("digest 1", marks) == now
    assert after_minor_edits("digest of nobody", marks) == "digest of nobody"


def test_a_text_that_went_back_to_old_words_counts_from_the_last_time_it_had_them() -> None:
    again = replace(mark(3, Change.EDIT), digest="digest 1")
    marks = [mark(1, Change.NEW), mark(2, Change.EDIT), again, mark(4, Change.MINOR)]
    assert after_minor_edits("digest 1", marks) == "digest 4"


@pytest.mark.parametrize(
    ("approved", "embargo", "since"),
    [
        ({}, None, None),
        ({"en": 2}, None, 2),
        ({"en": 2, "fr": 1, "es": 3}, None, 1),
        ({"en": 2}, 1, 2),
        ({"en": 2}, 5, 5),
        ({}, 5, None),
    ],
)
def test_the_waiting_begins_with_the_first_approval_and_not_before_the_embargo_ends(
    approved: dict[str, int], embargo: int | None, since: int | None
) -> None:
    def at(hour: int | None) -> datetime | None:
        return None if hour is None else make.NOW + timedelta(hours=hour)

    ready_ = {tag: make.translation(tag, approved=at(hour)) for tag, hour in approved.items()}
    assert waiting_since(make.item(embargo=at(embargo)), ready_) == at(since)


@pytest.mark.parametrize(
    ("workflow", "goes_out"),
    [(Workflow.APPROVED, False), (Workflow.IN_REVIEW, True), (Workflow.WITHDRAWN, True)],
)
def test_nothing_of_a_retracted_item_may_go_out_whatever_was_translated_since(
    workflow: Workflow, goes_out: bool
) -> None:
    notice = make.translation("en", change=Change.RETRACTION, workflow=workflow)
    text = make.translation("fr")
    assert ready(make.item(), {"en": notice, "fr": text}) == ({"fr": text} if goes_out else {})


def test_a_retracted_translation_may_not_go_out_and_the_others_may() -> None:
    texts = {tag: make.translation(tag) for tag in ("en", "fr")}
    texts["fr"] = replace(texts["fr"], change=Change.RETRACTION)
    assert ready(make.item(), texts) == {"en": texts["en"]}


def test_a_translation_may_go_out_before_its_source_is_approved() -> None:
    source = make.translation("en", workflow=Workflow.IN_REVIEW)
    text = make.translation("fr")
    assert ready(make.item(), {"en": source, "fr": text}) == {"fr": text}
