"""Intake: what drafts change in the store, and what they leave alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import editing
from publisher.config import Config
from publisher.errors import InputError
from publisher.freshness import Freshness, digest, freshness
from publisher.ingest import decide, intake, sources
from publisher.ingest.drafts import Draft, Rejected, fingerprint
from publisher.publishing import publish_due
from store import items, revisions, stale, topics, translations
from store.database import Database
from store.records import Change, Item, Kind, Text, Translation, Workflow
from tests import make

LATER = make.NOW + timedelta(hours=1)


def take(
    database: Database, config: Config, *drafts: Draft | Rejected, later: bool = False
) -> intake.Outcome:
    return intake.take(database, config, drafts, now=LATER if later else make.NOW)


def stored(database: Database, key: str = "dignity") -> tuple[Item, Mapping[str, Translation]]:
    with database.read() as tx:
        item = items.by_key(tx, key)
        assert item is not None
        return item, translations.of(tx, [item.id])[item.id]


def stand(database: Database) -> dict[str, Freshness]:
    item, texts = stored(database)
    return {language: freshness(item, texts, language) for language in texts}


def changed(language: str, **changes: Any) -> Draft:
    """Return a draft whose body has changed, and which says nothing of its workflow."""
    words = make.text(language, body=f"New words in {language}.")
    return make.draft(language, **{"words": words, "workflow": None, **changes})


def test_drafts_that_share_a_key_become_one_item(database: Database, config: Config) -> None:
    outcome = take(database, config, *map(make.draft, make.LANGUAGES))
    assert (outcome.new, outcome.changed, outcome.same, outcome.rejected) == (4, 0, 0, [])
    item, texts = stored(database)
    assert item.source_language == "en"
    assert item.tag == f"tag:news.example.org,2013:item/{item.id}"
    assert texts.keys() == set(make.LANGUAGES)
    assert {text.revision for text in texts.values()} == {1}
    assert {text.change for text in texts.values()} == {Change.NEW}
    assert set(stand(database).values()) == {Freshness.CURRENT}


def test_the_same_drafts_again_change_nothing(database: Database, config: Config) -> None:
    drafts = [make.draft(tag, topics={"labour": "Labour"}) for tag in make.LANGUAGES]
    take(database, config, *drafts)
    publish_due(database, config, now=make.NOW)
    before = stored(database)
    outcome = take(database, config, *drafts, later=True)
    assert (outcome.new, outcome.changed, outcome.same) == (0, 0, 4)
    assert stored(database) == before
    with database.read() as tx:
        assert items.due(tx, LATER, limit=9) == []


@pytest.mark.parametrize(
    ("said", "workflow"),
    [
        (None, Workflow.IN_REVIEW),
        (Workflow.APPROVED, Workflow.APPROVED),
        (Workflow.DRAFT, Workflow.DRAFT),
        (Workflow.WITHDRAWN, Workflow.WITHDRAWN),
    ],
)
def test_changed_words_are_a_new_revision_and_reviewed_again_unless_said(
    database: Database, config: Config, said: Workflow | None, workflow: Workflow
) -> None:
    take(database, config, make.draft("en"))
    outcome = take(database, config, changed("en", workflow=said), later=True)
    assert (outcome.new, outcome.changed, outcome.same) == (0, 1, 0)
    text = stored(database)[1]["en"]
    assert (text.revision, text.workflow, text.change) == (2, workflow, Change.EDIT)
    assert text.body == "New words in en."
    assert text.updated == LATER
    with database.read() as tx:
        words = revisions.words(tx, {(text.item_id, "en", 1), (text.item_id, "en", 2)})
    assert words[text.item_id, "en", 1] == make.text("en")
    assert words[text.item_id, "en", 2].body == "New words in en."


@pytest.mark.parametrize("workflow", list(Workflow))
def test_who_says_nothing_of_unchanged_words_leaves_their_workflow(
    database: Database, config: Config, workflow: Workflow
) -> None:
    take(database, config, make.draft("en", workflow=workflow))
    outcome = take(database, config, make.draft("en", workflow=None), later=True)
    assert outcome.same == 1
    assert stored(database)[1]["en"].workflow is workflow


def test_an_approval_by_file_is_a_change_and_no_revision(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("en", workflow=None))
    assert publish_due(database, config, now=make.NOW) == []
    outcome = take(database, config, make.draft("en"), later=True)
    text = stored(database)[1]["en"]
    assert (outcome.changed, text.revision, text.workflow) == (1, 1, Workflow.APPROVED)
    assert len(publish_due(database, config, now=LATER)) == 1


def test_a_new_first_text_is_reviewed_before_it_goes_out(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("en", workflow=None))
    assert stored(database)[1]["en"].workflow is Workflow.IN_REVIEW


def test_a_changed_source_outdates_the_translations_that_stayed(
    database: Database, config: Config
) -> None:
    take(database, config, *map(make.draft, make.LANGUAGES))
    take(database, config, changed("en"), make.draft("fr"), make.draft("es"), later=True)
    assert stand(database) == {
        "en": Freshness.CURRENT,
        "fr": Freshness.OUTDATED,
        "es": Freshness.OUTDATED,
        "ar": Freshness.OUTDATED,
    }


@pytest.mark.parametrize("in_one_import", [True, False])
def test_a_translator_who_changes_the_words_has_read_the_source_as_it_stands(
    database: Database, config: Config, in_one_import: bool
) -> None:
    take(database, config, *map(make.draft, ["en", "fr", "ar"]))
    if in_one_import:
        take(database, config, changed("fr"), changed("en"), later=True)
    else:
        take(database, config, changed("en"), later=True)
        take(database, config, changed("fr"), later=True)
    assert stand(database) == {
        "en": Freshness.CURRENT,
        "fr": Freshness.CURRENT,
        "ar": Freshness.OUTDATED,
    }


@pytest.mark.parametrize(
    ("act", "french"),
    [
        (None, Freshness.OUTDATED),
        (Change.EDIT, Freshness.OUTDATED),
        (Change.CORRECTION, Freshness.OUTDATED),
        (Change.MINOR, Freshness.CURRENT),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_only_an_edit_that_is_called_minor_keeps_translations_current(
    database: Database, config: Config, act: Change | None, french: Freshness, together: bool
) -> None:
    take(database, config, make.draft("en"), make.draft("fr"))
    beside = [make.draft("fr")] if together else []
    take(database, config, changed("en", change=act), *beside, later=True)
    assert stored(database)[1]["en"].change is (act or Change.EDIT)
    assert stand(database) == {"en": Freshness.CURRENT, "fr": french}


def test_a_minor_edit_of_an_outdated_translation_does_not_make_it_current(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("en"), make.draft("fr"))
    take(database, config, changed("en"), later=True)
    take(database, config, changed("fr", change=Change.MINOR), later=True)
    assert stand(database)["fr"] is Freshness.OUTDATED
    words = make.text("fr", body="Traduit de nouveau.")
    take(database, config, changed("fr", words=words, change=Change.EDIT), later=True)
    assert stand(database)["fr"] is Freshness.CURRENT


def test_what_a_correction_corrects_is_kept_with_its_revision(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("ar"))
    said = changed("ar", change=Change.CORRECTION, note="كان العدد 100.")
    take(database, config, said, later=True)
    item, _ = stored(database)
    with database.read() as tx:
        marks = revisions.marks(tx, [item.id])[item.id]
    assert [(mark.number, mark.change, mark.note) for mark in marks] == [
        (1, Change.NEW, ""),
        (2, Change.CORRECTION, "كان العدد 100."),
    ]


# Relay translations.


@pytest.mark.parametrize("order", [["en", "es", "fr"], ["fr", "es", "en"]])
def test_a_translation_of_a_translation_follows_both(
    database: Database, config: Config, order: list[str]
) -> None:
    made_from = {"en": None, "es": None, "fr": "es"}
    first = [make.draft(tag, made_from=made_from[tag]) for tag in order]
    assert take(database, config, *first).rejected == []
    assert set(stand(database).values()) == {Freshness.CURRENT}
    take(database, config, changed("es"), later=True)
    assert stand(database)["fr"] is Freshness.OUTDATED
    # Not said again: it is still made from the Spanish one.
    take(database, config, changed("fr"), later=True)
    assert stored(database)[1]["fr"].made_from == "es"
    assert stand(database)["fr"] is Freshness.CURRENT
    take(database, config, changed("en"), later=True)
    assert stand(database) == {
        "en": Freshness.CURRENT,
        "es": Freshness.OUTDATED,
        "fr": Freshness.OUTDATED,
    }


@pytest.mark.parametrize(
    ("made_from", "closes"),
    [
        ({"fr": "fr"}, "fr"),
        ({"fr": "es", "es": "fr"}, "es"),
        ({"fr": "es", "es": "ar", "ar": "fr"}, "ar"),
    ],
)
def test_a_circle_of_translations_costs_the_file_that_closes_it_and_no_other(
    database: Database, config: Config, made_from: dict[str, str], closes: str
) -> None:
    drafts = [make.draft(tag, made_from=parent) for tag, parent in made_from.items()]
    outcome = take(database, config, make.draft("en"), *drafts, make.draft("en", key="other"))
    (rejected,) = outcome.rejected
    assert rejected.source == f"dignity.{closes}.md"
    assert rejected.reason.startswith("made_from: ")
    assert rejected.reason.endswith("name the text where it began")
    assert outcome.new == len(made_from) + 1
    assert stored(database)[1].keys() == {"en", *made_from} - {closes}


def test_a_text_that_says_it_was_made_from_one_that_is_not_there_is_outdated(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("en"), make.draft("fr", made_from="es"))
    assert stand(database)["fr"] is Freshness.OUTDATED
    take(database, config, make.draft("es"), make.draft("fr", made_from="es"), later=True)
    assert stand(database)["fr"] is Freshness.OUTDATED
    take(database, config, changed("fr"), later=True)
    assert stand(database)["fr"] is Freshness.CURRENT


# Withdrawn and retracted.


@pytest.mark.parametrize(
    ("said", "workflow"),
    [
        (None, Workflow.WITHDRAWN),
        (Workflow.DRAFT, Workflow.WITHDRAWN),
        (Workflow.IN_REVIEW, Workflow.WITHDRAWN),
        (Workflow.WITHDRAWN, Workflow.WITHDRAWN),
        (Workflow.APPROVED, Workflow.APPROVED),
    ],
)
@pytest.mark.parametrize("edited", [True, False])
def test_only_an_approval_brings_a_withdrawn_text_back(
    database: Database, config: Config, said: Workflow | None, workflow: Workflow, edited: bool
) -> None:
    take(database, config, make.draft("en", workflow=Workflow.WITHDRAWN))
    again = changed("en", workflow=said) if edited else make.draft("en", workflow=said)
    take(database, config, again, later=True)
    text = stored(database)[1]["en"]
    assert (text.workflow, text.revision) == (workflow, 1 + edited)
    assert text.approved == (LATER if workflow is Workflow.APPROVED else None)


def test_a_retraction_without_a_notice_is_refused_and_changes_nothing_of_the_item(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("en"), make.draft("fr"))
    before = stored(database)
    outcome = take(
        database,
        config,
        make.draft("en", change=Change.RETRACTION, kind=Kind.EVENT),
        make.draft("fr"),
        later=True,
    )
    assert outcome.rejected == [
        Rejected(
            source="dignity.en.md",
            reason="change: a retraction needs a notice in place of the text: write it into the "
            "file, or use 'tidings item retract'",
        )
    ]
    assert (outcome.same, outcome.changed) == (1, 0)
    assert stored(database) == before


def test_a_retraction_by_file_is_its_notice(database: Database, config: Config) -> None:
    take(database, config, make.draft("en"))
    said = changed("en", change=Change.RETRACTION, workflow=Workflow.APPROVED)
    for later in (False, True):
        outcome = take(database, config, said, later=later)
        assert (outcome.rejected, outcome.changed) == ([], int(not later))
    text = stored(database)[1]["en"]
    assert (text.change, text.workflow, text.revision) == (
        Change.RETRACTION,
        Workflow.APPROVED,
        2,
    )


def test_an_approval_is_dated_anew_by_new_words_only(database: Database, config: Config) -> None:
    take(database, config, make.draft("en"))
    take(database, config, make.draft("en", dated=make.NOW), later=True)
    assert stored(database)[1]["en"].approved == make.NOW
    take(database, config, changed("en", workflow=Workflow.APPROVED), later=True)
    assert stored(database)[1]["en"].approved == LATER
    take(database, config, changed("en", workflow=Workflow.IN_REVIEW), later=True)
    assert stored(database)[1]["en"].approved is None


def test_what_a_draft_says_it_was_made_from_goes_before(database: Database, config: Config) -> None:
    old, new = digest(make.text("en")), digest(changed("en").words)
    take(database, config, *map(make.draft, make.LANGUAGES))
    take(
        database,
        config,
        changed("en"),
        changed("fr", source_digest=old),
        make.draft("es", source_digest=new),
        make.draft("ar"),
        later=True,
    )
    assert stand(database) == {
        "en": Freshness.CURRENT,
        "fr": Freshness.OUTDATED,
        "es": Freshness.CURRENT,
        "ar": Freshness.OUTDATED,
    }
    assert stored(database)[1]["es"].revision == 1


def test_a_new_address_of_the_source_is_a_revision_and_outdates_nothing(
    database: Database, config: Config
) -> None:
    take(database, config, *map(make.draft, make.LANGUAGES))
    take(database, config, make.draft("en", words=make.text("en", slug="new")), later=True)
    text = stored(database)[1]["en"]
    assert (text.slug, text.revision) == ("new", 2)
    assert set(stand(database).values()) == {Freshness.CURRENT}


def test_another_date_is_a_change_and_no_revision(database: Database, config: Config) -> None:
    dated = make.NOW - timedelta(days=9)
    take(database, config, make.draft("en"))
    outcome = take(database, config, make.draft("en", dated=dated), later=True)
    text = stored(database)[1]["en"]
    assert (outcome.changed, text.dated, text.revision, text.updated) == (1, dated, 1, make.NOW)


ABOUT: dict[str, Any] = {
    "kind": Kind.EVENT,
    "embargo": make.NOW + timedelta(days=1),
    "url": "https://example.org/1",
    "image": "https://example.org/1.png",
}


def test_the_sources_draft_says_what_the_item_is(database: Database, config: Config) -> None:
    take(database, config, make.draft("en"), make.draft("fr"))
    new = {**ABOUT, "topics": {"labour": "Labour", "europe": "Europe"}}
    outcome = take(database, config, make.draft("en", **new), make.draft("fr"), later=True)
    assert (outcome.changed, outcome.same) == (1, 1)
    item, texts = stored(database)
    assert {name: getattr(item, name) for name in ABOUT} == ABOUT
    assert item.topics == ("europe", "labour")
    assert texts["en"].revision == 1
    with database.read() as tx:
        assert items.due(tx, LATER, limit=9) == [item.id]


def test_a_translations_draft_says_nothing_of_the_item(database: Database, config: Config) -> None:
    take(database, config, make.draft("en"), make.draft("fr", **ABOUT))
    before, _ = stored(database)
    outcome = take(
        database, config, make.draft("fr", **ABOUT, topics={"labour": "Travail"}), later=True
    )
    assert outcome.same == 1
    assert stored(database)[0] == before
    assert (before.kind, before.embargo, before.topics) == (Kind.MESSAGE, None, ())


def acts(database: Database, config: Config) -> Mapping[str, Any]:
    """Return what people do here to a text that came from a file, by what it is called."""
    item, texts = stored(database)
    words = make.text("fr", body="Mieux dit.")
    edit: dict[str, Any] = {"read": texts["fr"].revision, "author": "ann", "now": LATER}
    return {
        "approve": lambda: editing.approve(database, item.id, "fr", now=LATER),
        "withdraw": lambda: editing.withdraw(database, item.id, "fr", now=LATER),
        "edit": lambda: editing.edit(database, config, item.id, "fr", words, **edit),
        "embargo": lambda: editing.embargo(database, item.id, LATER, now=make.NOW),
    }


@pytest.mark.parametrize(
    ("act", "workflow"),
    [
        ("approve", None),
        ("withdraw", Workflow.APPROVED),
        ("edit", Workflow.APPROVED),
        ("edit", None),
        ("embargo", Workflow.APPROVED),
    ],
)
def test_a_file_that_has_not_changed_undoes_nothing_that_was_done_here_since(
    either: Database, config: Config, act: str, workflow: Workflow | None
) -> None:
    drafts = [make.draft(tag, workflow=workflow, topics={"eau": "Eau"}) for tag in ("fr", "ar")]
    take(either, config, *drafts)
    acts(either, config)[act]()
    before = stored(either)
    # From another place, too: a checkout elsewhere holds the same file.
    again = [replace(draft, source="/elsewhere", origin=f"/{draft.key}") for draft in drafts]
    for _ in range(2):
        outcome = take(either, config, *again, later=True)
        assert (outcome.new, outcome.changed, outcome.same) == (0, 0, 2)
        assert stored(either) == before
    with either.read() as tx:
        assert items.by_origin(tx, "/dignity") == before[0]


def test_a_file_that_changes_says_again_all_that_it_says(
    database: Database, config: Config
) -> None:
    first, second = make.draft("fr"), make.draft("fr", dated=make.NOW)
    take(database, config, first)
    for draft in (second, first):
        editing.withdraw(database, stored(database)[0].id, "fr", now=LATER)
        assert take(database, config, draft, later=True).changed == 1
        assert stored(database)[1]["fr"].workflow is Workflow.APPROVED


def test_a_draft_that_was_refused_is_looked_at_again(database: Database, config: Config) -> None:
    take(database, config, make.draft("en"), make.draft("fr"), make.draft("es", made_from="fr"))
    circle = make.draft("fr", made_from="es")
    for _ in range(2):
        (refused,) = take(database, config, circle).rejected
        assert "is itself made from fr" in refused.reason
    take(database, config, make.draft("es", made_from="en"))
    assert take(database, config, circle).changed == 1


DIFFERENT: dict[str, Any] = {
    **{name: make.text("en", **{name: "other"}) for name in Text.__dataclass_fields__},
    "language": "fr",
    "dated": make.NOW,
    "kind": Kind.EVENT,
    "topics": {"labour": "labour"},
    "embargo": make.NOW,
    "url": "https://example.org/2",
    "image": "2.jpg",
    "workflow": None,
    "source_language": "fr",
    "source_digest": "0f" * 32,
    "made_from": "fr",
    "change": Change.MINOR,
    "note": "A note",
}
PLACE: dict[str, Any] = {
    "source": "elsewhere",
    "key": "other",
    "origin": "elsewhere",
    "slug": "other",
    "folder": Path("elsewhere"),
}


def test_what_a_draft_says_counts_and_not_where_it_stands() -> None:
    assert DIFFERENT.keys() | PLACE.keys() | {"words"} == {
        *Draft.__dataclass_fields__,
        *Text.__dataclass_fields__,
    }
    drafts = [make.draft("en", topics={"labour": "Labour"})]
    for name, value in DIFFERENT.items():
        field = "words" if name in Text.__dataclass_fields__ else name
        drafts.append(replace(drafts[0], **{field: value}))
    assert len({fingerprint(draft) for draft in drafts}) == len(drafts)
    assert fingerprint(replace(drafts[0], **PLACE)) == fingerprint(drafts[0])


def test_topics_are_named_by_the_author_until_somebody_names_them(
    database: Database, config: Config
) -> None:
    intake.put_topic(database, config, "europe", {"fr": "Europe de l’Ouest"})
    mine = {"europe": "EUROPE", "labour": "Labour migration"}
    take(database, config, make.draft("en", topics=mine))
    take(database, config, make.draft("en", topics={"labour": "labour"}), later=True)
    with database.read() as tx:
        named = {topic.key: topic.names for topic in topics.listing(tx)}
    assert named == {
        "europe": {"fr": "Europe de l’Ouest"},
        "labour": {"en": "Labour migration"},
    }


def test_the_second_of_two_files_for_one_text_is_rejected_by_name(
    database: Database, config: Config
) -> None:
    outcome = take(
        database,
        config,
        make.draft("en", source="a.en.md"),
        make.draft("fr", source="a.fr.md"),
        make.draft("en", source="en/a.md", words=make.text("en", title="Another")),
    )
    assert outcome.new == 2
    assert outcome.rejected == [
        Rejected(
            source="en/a.md",
            reason="is the same item and language as a.en.md: give one another translationKey",
        )
    ]
    assert stored(database)[1]["en"].title == make.TITLES["en"]


def test_what_was_rejected_on_the_way_is_told_and_the_rest_is_in(
    database: Database, config: Config
) -> None:
    bad = Rejected(source="b.md", reason="title: is missing")
    outcome = take(database, config, bad, make.draft("en"), bad)
    assert (outcome.new, outcome.rejected) == (1, [bad, bad])


def test_more_items_than_one_transaction_takes_are_all_taken(
    database: Database, config: Config
) -> None:
    count = intake.BATCH + 1
    drafts = [make.draft("en", key=f"item-{number}") for number in range(count)]
    assert take(database, config, *drafts).new == count
    assert take(database, config, *drafts, later=True).same == count
    with database.read() as tx:
        assert items.counts(tx) == (count, count)


@pytest.mark.parametrize(
    ("drafts", "language"),
    [
        ({"en": None, "fr": None}, "en"),
        ({"ar": None, "es": None}, "es"),
        ({"en": "fr", "fr": None}, "fr"),
        ({"en": None, "ar": "ar"}, "ar"),
        # The one that was written first is not here: the first of the site's that is.
        ({"en": "ar", "fr": "ar"}, "en"),
        ({"ar": None}, "ar"),
    ],
)
def test_an_item_was_written_first_in_the_language_that_its_drafts_say(
    drafts: dict[str, str | None], language: str
) -> None:
    group = {tag: make.draft(tag, source_language=stated) for tag, stated in drafts.items()}
    assert decide.source_language(group, make.LANGUAGES) == language


def test_the_language_that_an_item_was_written_in_stays(database: Database, config: Config) -> None:
    take(database, config, make.draft("fr"))
    take(database, config, make.draft("en", source_language="en"), later=True)
    item, texts = stored(database)
    assert item.source_language == "fr"
    assert texts["en"].source_digest == texts["fr"].digest


FIRST = [make.draft(tag, key=key) for key in ("a", "b") for tag in make.LANGUAGES]
THEN = [
    changed("en", key="a"),
    changed("fr", key="a"),
    make.draft("es", key="a", dated=make.NOW),
    make.draft("en", key="b", kind=Kind.EVENT, topics={"labour": "Labour"}),
    changed("ar", key="b", change=Change.CORRECTION),
]


@settings(max_examples=20)
@given(st.permutations(FIRST), st.permutations(THEN))
def test_the_order_in_which_files_are_read_does_not_matter(
    migrated: bytes,
    tmp_path_factory: pytest.TempPathFactory,
    first: Sequence[Draft],
    then: Sequence[Draft],
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    assert outcome_of(migrated, config, first, then) == outcome_of(migrated, config, FIRST, THEN)


def outcome_of(image: bytes, config: Config, *imports: Sequence[Draft]) -> object:
    """Return what is stored after some imports, without the numbers that items are given."""
    with make.a_store(image) as database:
        for number, drafts in enumerate(imports):
            take(database, config, *drafts, later=number > 0)
        found = {}
        for key in ("a", "b"):
            item, texts = stored(database, key)
            found[key] = (
                replace(item, id=0, tag=""),
                {tag: replace(text, item_id=0) for tag, text in texts.items()},
            )
        return found


WORDS = st.builds(
    Text,
    title=st.sampled_from(["A", "B"]),
    summary=st.just(""),
    body=st.sampled_from(["x", "y", " x\n"]),
    slug=st.sampled_from(["a", "b"]),
    image_alt=st.just(""),
)
DRAFTS = st.builds(
    make.draft,
    st.sampled_from(["en", "fr"]),
    words=WORDS,
    workflow=st.none() | st.sampled_from(Workflow),
    dated=st.none() | st.just(make.NOW),
    kind=st.sampled_from(Kind),
    change=st.sampled_from(Change),
)


@settings(max_examples=25)
@given(st.lists(st.lists(DRAFTS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_whatever_is_imported_the_same_again_changes_nothing_and_revisions_count_up(
    migrated: bytes, tmp_path_factory: pytest.TempPathFactory, imports: list[list[Draft]]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    with make.a_store(migrated) as database:
        numbers: dict[str, int] = {}
        for drafts in imports:
            take(database, config, *drafts)
            before = stored(database)
            again = take(database, config, *drafts, later=True)
            assert (again.new, again.changed) == (0, 0)
            assert stored(database) == before
            for language, text in before[1].items():
                assert 0 <= text.revision - numbers.get(language, 0) <= 1
                assert text.digest == digest(text)
                numbers[language] = text.revision


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("https://example.org/feed", "addresses are not read here: save what is there as a file"),
        ("nowhere", "no such file or folder"),
        ("items.txt", r"what can be read is a Markdown file or folder \(\.md\), a table"),
    ],
)
def test_a_place_that_cannot_be_read_is_refused(
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("items.txt").write_text("title\n", encoding="utf-8")
    with pytest.raises(InputError, match=reason) as refused:
        sources.source_of(place, config)
    assert refused.value.source == place


def test_a_topic_is_named_in_more_languages_and_keeps_its_names(
    database: Database, config: Config
) -> None:
    intake.put_topic(database, config, "labour", {"en": " Labour  migration", "fr": "Travail"})
    topic = intake.put_topic(database, config, "labour", {"fr": "Migration", "ar": "عمل"})
    assert topic.names == {"en": "Labour migration", "fr": "Migration", "ar": "عمل"}
    with database.read() as tx:
        assert topics.listing(tx) == [topic]


def test_a_new_name_of_a_topic_makes_its_items_be_written_again(
    database: Database, config: Config
) -> None:
    take(database, config, make.draft("en", topics={"labour": "Labour"}))
    take(database, config, make.draft("en", key="other"))
    intake.put_topic(database, config, "labour", {"en": "Labour migration"})
    with database.read() as tx:
        item = items.by_key(tx, "dignity")
        assert item is not None
        assert list(stale.read(tx).items.values()) == [item.id]


@pytest.mark.parametrize(
    ("key", "names", "field", "reason"),
    [
        ("", {"en": "A"}, "key", "must be lower-case letters, digits and hyphens"),
        ("Labour", {"en": "A"}, "key", "'Labour' must be lower-case letters"),
        ("a/b", {"en": "A"}, "key", "'a/b' must be lower-case letters"),
        ("labour", {"de": "A"}, "name", r"de is not a language of this site \(en, fr, es, ar\)"),
    ],
)
def test_a_topic_that_cannot_be_is_refused(
    database: Database, config: Config, key: str, names: dict[str, str], field: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        intake.put_topic(database, config, key, names)
    assert refused.value.source == field
    with database.read() as tx:
        assert topics.listing(tx) == []


def test_a_topic_may_have_a_key_of_any_script(database: Database, config: Config) -> None:
    assert intake.put_topic(database, config, "هجرة", {"ar": "الهجرة"}).key == "هجرة"
