"""The ledger's rows: what they tell their audiences."""

from datetime import timedelta

import pytest

from publisher import editing, ledger
from publisher.config import Config
from publisher.ingest.intake import put_topic
from publisher.ledger import tell_all
from publisher.publishing import publish_due
from publisher.story import Label, Translation, notice
from store import publications
from store.database import Database
from store.records import FEED, Change, Mark, Missing
from tests import make


def test_rows_of_the_ledger_are_told_in_their_order_and_as_they_were_told(
    database: Database, config: Config
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    falling = config.model_copy(update={"feeds": feeds})
    put_topic(database, config, "labour", {"ar": "العمل"})
    make.take(database, config, make.draft("en", topics={"labour": "Labour"}))
    rows = publish_due(database, falling, now=make.NOW)
    corrected = make.draft("en", words=make.text(title="Corrected"), topics={"labour": "Labour"})
    make.take(database, config, corrected)
    with database.read() as tx:
        told = tell_all(tx, rows[::-1], falling)
    assert [entry.language for entry in told] == ["ar", "es", "fr", "en"]
    assert {entry.title for entry in told} == {make.TITLES["en"]}
    assert told[0].topics == (Label(key="labour", name="العمل"),)
    assert told[0].notice == notice("ar", "en", config)


def test_a_story_names_its_translations_in_the_order_of_the_site(
    database: Database, config: Config
) -> None:
    make.take(database, config, *map(make.draft, ("es", "en", "ar", "fr")))
    rows = publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        told = {entry.language: entry for entry in tell_all(tx, rows, config)}
        # One row alone knows the others as well.
        (alone,) = tell_all(tx, [row for row in rows if row.language == "es"], config)
    assert alone == told["es"]
    for language, entry in told.items():
        others = [other for other in make.LANGUAGES if other != language]
        assert entry.translations == tuple(
            Translation(language=other, path=told[other].path) for other in others
        )


def test_a_story_names_no_translation_that_is_gone(database: Database, config: Config) -> None:
    make.take(database, config, *map(make.draft, ("en", "fr", "ar")))
    rows = publish_due(database, config, now=make.NOW)
    later = make.NOW + timedelta(hours=1)
    editing.withdraw(database, 1, "fr", now=later)
    publish_due(database, config, now=later)
    with database.read() as tx:
        (english,) = tell_all(tx, [row for row in rows if row.language == "en"], config)
    assert [other.language for other in english.translations] == ["ar"]


def mark(number: int, change: Change, note: str, language: str = "fr") -> Mark:
    return Mark(
        item_id=1,
        language=language,
        number=number,
        digest="",
        author="ann",
        change=change,
        note=note,
        saved=make.NOW,
    )


MARKS = [
    mark(1, Change.NEW, ""),
    mark(2, Change.CORRECTION, "Deux."),
    mark(3, Change.MINOR, "Virgule."),
    mark(4, Change.CORRECTION, "Quatre."),
    mark(5, Change.CORRECTION, ""),
    mark(6, Change.EDIT, "Autre."),
    mark(2, Change.CORRECTION, "Two.", "en"),
]


@pytest.mark.parametrize(
    ("before", "now", "note"),
    [
        (("fr", 1), ("fr", 2), "Deux."),
        (("fr", 1), ("fr", 3), "Deux."),
        # Both were corrected since readers were told: neither is kept from them.
        (("fr", 1), ("fr", 4), "Deux. Quatre."),
        # What they were told before is not told a second time.
        (("fr", 2), ("fr", 4), "Quatre."),
        (("fr", 4), ("fr", 6), ""),
        (("fr", 2), ("fr", 2), ""),
        (("en", 1), ("en", 2), "Two."),
        # In another language it is another text.
        (("en", 1), ("fr", 4), ""),
    ],
)
def test_a_note_is_of_what_was_corrected_since_readers_were_told(
    before: tuple[str, int], now: tuple[str, int], note: str
) -> None:
    rows = [
        make.publication(language="fr", shown_language=shown, revision=revision)
        for shown, revision in (before, now)
    ]
    assert ledger.correction_note(MARKS, *rows) == note


def correct(database: Database, config: Config, language: str, note: str, hour: int) -> None:
    now = make.NOW + timedelta(hours=hour)
    read = editing.text_of(database, 1, language).revision
    words = make.text(language, body=f"Text {hour}.")
    editing.edit(
        database,
        config,
        1,
        language,
        words,
        read=read,
        author="ann",
        now=now,
        change=Change.CORRECTION,
        note=note,
    )
    editing.approve(database, 1, language, now=now)
    publish_due(database, config, now=now)


def corrections(database: Database, config: Config, language: str) -> list[tuple[int, str, str]]:
    """Return of each correction after how many hours it was told, its note, and in what."""
    with database.read() as tx:
        row = publications.standing(tx, [1], FEED)[1, language]
        (told,) = tell_all(tx, [row], config)
    hour = timedelta(hours=1)
    return [
        ((entry.date - make.NOW) // hour, entry.note, entry.language) for entry in told.corrections
    ]


def test_each_correction_has_its_date_and_its_own_note_newest_first(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    publish_due(database, config, now=make.NOW)
    correct(database, config, "fr", "Premier.", 1)
    correct(database, config, "fr", "", 2)
    correct(database, config, "fr", "Troisième.", 3)
    assert corrections(database, config, "fr") == [
        (3, "Troisième.", "fr"),
        (2, "", "fr"),
        (1, "Premier.", "fr"),
    ]
    assert corrections(database, config, "en") == []


def test_a_translation_that_follows_its_source_repeats_no_older_note(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    publish_due(database, config, now=make.NOW)
    correct(database, config, "fr", "Premier.", 1)
    correct(database, config, "en", "It was 200.", 2)
    # That the source was corrected is said by itself, until the translation follows.
    assert corrections(database, config, "fr") == [(1, "Premier.", "fr")]
    correct(database, config, "fr", "", 3)
    assert corrections(database, config, "fr") == [(3, "", "fr"), (1, "Premier.", "fr")]
    assert corrections(database, config, "en") == [(2, "It was 200.", "en")]


def test_who_was_shown_another_language_has_the_note_in_that(
    database: Database, config: Config
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    falling = config.model_copy(update={"feeds": feeds})
    make.take(database, falling, make.draft("en"))
    publish_due(database, falling, now=make.NOW)
    correct(database, falling, "en", "It was 200.", 1)
    assert corrections(database, falling, "ar") == [(1, "It was 200.", "en")]
