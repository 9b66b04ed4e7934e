"""Parity: how items stand in a language, asked of the store and of the pure function."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from publisher.freshness import digest, freshness
from store import items, parity, tables, translations
from store.database import Database, Transaction
from store.records import Freshness, Item, Parity, Stand, Workflow
from tests import make
from tests.store import fill

LANGUAGES = make.LANGUAGES
#: A few digests, so that texts often are as others were made from them, and often are not.
DIGESTS = st.sampled_from(["a", "b"])
LINKS = st.fixed_dictionaries(
    {"digest": DIGESTS, "source_digest": DIGESTS, "made_from": st.sampled_from((*LANGUAGES, ""))}
)
ITEMS = st.tuples(st.sampled_from(LANGUAGES), st.dictionaries(st.sampled_from(LANGUAGES), LINKS))
both = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


class UndoneError(Exception):
    """Ends a transaction that shall leave nothing behind."""


@contextmanager
def undone(database: Database) -> Iterator[Transaction]:
    with suppress(UndoneError), database.write() as tx:
        yield tx
        raise UndoneError


def put(tx: Transaction, key: str, source: str, texts: Mapping[str, Any], **changes: Any) -> Item:
    """Add an item with texts that are linked as told."""
    item = fill.item(tx, key, source_language=source, **changes)
    rows = [
        {**vars(make.translation(language, item_id=item.id, **links)), "origin": ""}
        for language, links in texts.items()
    ]
    tx.run(insert(tables.translations), rows)
    return item


def stands(tx: Transaction, found: Sequence[Item], languages: Collection[str]) -> list[Stand]:
    """Return what the pure function says of these items."""
    texts = translations.of(tx, [item.id for item in found])
    return [
        Stand(
            item_id=item.id, language=language, freshness=freshness(item, texts[item.id], language)
        )
        for language in languages
        for item in found
    ]


@both
@given(st.lists(ITEMS, min_size=1, max_size=5), st.sampled_from(LANGUAGES))
def test_the_store_and_the_pure_function_say_the_same(
    either: Database, drawn: list[tuple[str, dict[str, Any]]], language: str
) -> None:
    with undone(either) as tx:
        found = [put(tx, str(key), *entry) for key, entry in enumerate(drawn)]
        said = stands(tx, found, LANGUAGES)
        assert parity.count(tx, LANGUAGES, now=make.NOW) == counted(said)
        mine = [stand for stand in said if stand.language == language]
        assert parity.page(tx, language, list(Freshness), limit=9) == mine
        for state in Freshness:
            listed = items.listing(tx, language=language, freshness=state)
            wanted = [stand.item_id for stand in mine if stand.freshness is state]
            assert [item.id for item in listed] == wanted


def counted(said: Sequence[Stand]) -> list[Parity]:
    found = []
    for language in LANGUAGES:
        states = [stand.freshness for stand in said if stand.language == language]
        counts = {state.value: states.count(state) for state in Freshness}
        found.append(Parity(language=language, items=len(states), **counts))
    return found


@both
@given(
    st.lists(ITEMS, max_size=6),
    st.sets(st.sampled_from(Freshness), min_size=1),
    st.integers(1, 4),
)
def test_pages_one_after_another_hold_everything_once(
    either: Database,
    drawn: list[tuple[str, dict[str, Any]]],
    states: set[Freshness],
    limit: int,
) -> None:
    with undone(either) as tx:
        for key, entry in enumerate(drawn):
            put(tx, str(key), *entry)
        whole = parity.page(tx, "fr", states, limit=100)
        pages, after = [], 0
        while page := parity.page(tx, "fr", states, after=after, limit=limit):
            assert len(page) <= limit
            pages += page
            after = page[-1].item_id
        assert pages == whole


#: English as it stands and as it stood; French and Spanish likewise.
EN, FR, ES = (digest(make.text(language)) for language in ("en", "fr", "es"))
OLD = "0" * 64


def made_from(language: str, source_digest: str) -> dict[str, Any]:
    return {"made_from": language, "source_digest": source_digest}


@pytest.mark.parametrize(
    ("texts", "stand"),
    [
        ({}, Freshness.MISSING),
        ({"en": {}}, Freshness.MISSING),
        ({"en": {}, "fr": made_from("en", EN)}, Freshness.CURRENT),
        ({"en": {}, "fr": made_from("en", OLD)}, Freshness.OUTDATED),
        # Without its source nobody can say.
        ({"fr": made_from("en", EN)}, Freshness.OUTDATED),
        ({"en": {}, "fr": made_from("", EN)}, Freshness.OUTDATED),
        # A relay: French from Spanish from English.
        (
            {"en": {}, "es": made_from("en", EN), "fr": made_from("es", ES)},
            Freshness.CURRENT,
        ),
        (
            {"en": {}, "es": made_from("en", OLD), "fr": made_from("es", ES)},
            Freshness.OUTDATED,
        ),
        (
            {"en": {}, "es": made_from("en", EN), "fr": made_from("es", OLD)},
            Freshness.OUTDATED,
        ),
        ({"en": {}, "fr": made_from("es", ES)}, Freshness.OUTDATED),
        # Made from one another, or from themselves, they have lost their source.
        (
            {"en": {}, "es": made_from("fr", FR), "fr": made_from("es", ES)},
            Freshness.OUTDATED,
        ),
        ({"en": {}, "fr": made_from("fr", FR)}, Freshness.OUTDATED),
        # What the source itself was made from does not matter.
        ({"en": made_from("fr", FR), "fr": made_from("en", EN)}, Freshness.CURRENT),
    ],
)
def test_a_text_stands_as_what_it_was_made_from(
    either: Database, texts: dict[str, Any], stand: Freshness
) -> None:
    with either.write() as tx:
        put(tx, "one", "en", texts)
        assert [found.freshness for found in parity.page(tx, "fr", list(Freshness), limit=1)] == [
            stand
        ]


def test_a_relay_may_be_long(either: Database) -> None:
    tags = [f"x{number:02}" for number in range(60)]
    words = {tag: digest(make.text(tag)) for tag in tags}
    texts = {tag: made_from(origin, words[origin]) for origin, tag in pairwise(tags)}
    with either.write() as tx:
        put(tx, "one", tags[0], {tags[0]: {}, **texts})
        put(tx, "two", tags[0], {**texts, tags[0]: {"digest": OLD}})
        found = parity.page(tx, tags[-1], list(Freshness), limit=2)
    assert [stand.freshness for stand in found] == [Freshness.CURRENT, Freshness.OUTDATED]


def test_items_far_apart_are_found(either: Database) -> None:
    # On both sides of where the first windows end, and far away.
    ids = [1000, 1001, 3000, 3001, 70_000]
    with either.write() as tx:
        first = put(tx, "first", "en", {"en": {}})
        tx.run(insert(tables.items), far(first, *ids))
        found = parity.page(tx, "fr", [Freshness.MISSING], limit=9)
        last = parity.page(tx, "fr", [Freshness.MISSING], after=3001, limit=1)
    assert [stand.item_id for stand in found] == [first.id, *ids]
    assert [stand.item_id for stand in last] == [70_000]


def far(like: Item, *ids: int) -> list[dict[str, Any]]:
    fields = {name: value for name, value in vars(like).items() if name != "topics"}
    return [{**fields, "id": number, "key": str(number), "tag": str(number)} for number in ids]


HOUR = timedelta(hours=1)


def test_counts_leave_out_what_is_under_embargo_or_older(either: Database) -> None:
    with either.write() as tx:
        put(tx, "free", "en", {"en": {}, "fr": made_from("en", EN)})
        put(tx, "over", "en", {"en": {}, "fr": made_from("en", OLD)}, embargo=make.NOW)
        put(tx, "embargo", "en", {"en": {}}, embargo=make.NOW + HOUR)
        put(tx, "old", "en", {"en": {}}, created=make.NOW - HOUR)
        always = parity.count(tx, ["fr"], now=make.NOW)
        lately = parity.count(tx, ["fr"], now=make.NOW, since=make.NOW)
        nowhere = parity.count(tx, ["de"], now=make.NOW, since=make.NOW + HOUR)
    assert always == [Parity(language="fr", items=3, missing=1, outdated=1, current=1)]
    assert lately == [Parity(language="fr", items=2, missing=0, outdated=1, current=1)]
    assert nowhere == [Parity(language="de", items=0, missing=0, outdated=0, current=0)]


def test_a_list_may_ask_for_a_state_and_a_freshness_at_once(either: Database) -> None:
    with either.write() as tx:
        approved = put(tx, "approved", "en", {"en": {}, "fr": made_from("en", OLD)})
        draft = put(
            tx,
            "draft",
            "en",
            {"en": {}, "fr": {**made_from("en", OLD), "workflow": Workflow.DRAFT}},
        )
        both_states = items.listing(tx, language="fr", freshness=Freshness.OUTDATED)
        drafts = items.listing(
            tx, language="fr", freshness=Freshness.OUTDATED, workflow=Workflow.DRAFT
        )
        missing = items.listing(
            tx, language="fr", freshness=Freshness.MISSING, workflow=Workflow.DRAFT
        )
    assert both_states == [approved, draft]
    assert drafts == [draft]
    assert missing == []
