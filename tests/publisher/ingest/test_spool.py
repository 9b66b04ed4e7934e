"""The spool: drafts lie on disk, and the index says which of them are one item."""

import pickle
import resource
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import InputError
from publisher.ingest.drafts import Draft
from publisher.ingest.spool import Entry, Spool, grouped
from tests import make

WORDS = st.text(st.characters(exclude_categories=()), max_size=9)
DRAFTS = st.builds(
    lambda language, source, body: make.draft(
        language, source=source, words=make.text(language, body=body)
    ),
    st.sampled_from(make.LANGUAGES),
    WORDS,
    WORDS,
)


@given(st.lists(DRAFTS, max_size=6), st.randoms())
def test_what_was_added_is_loaded_as_it_was_in_any_order(
    drafts: list[Draft], order: Random
) -> None:
    with Spool() as spool:
        for draft in drafts:
            spool.add(draft)
        pairs = list(zip(spool.index, drafts, strict=True))
        order.shuffle(pairs)
        for entry, draft in pairs:
            assert spool.load(entry) == draft


def test_the_index_holds_no_words() -> None:
    with Spool() as spool:
        for number in range(100):
            words = make.text(body="word " * 10_000)
            spool.add(make.draft(key=f"item-{number}", words=words))
        assert len(pickle.dumps(spool.index)) < 20_000


def test_a_full_disk_is_told_with_what_to_do() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Spool() as spool:
        spool.add(make.draft())
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            with pytest.raises(InputError, match=r"File too large: free some space, or set TMPDIR"):
                spool.add(make.draft(words=make.text(body="word " * 50_000)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert spool.load(spool.index[0]) == make.draft()


def entry(key: str, language: str, slug: str = "") -> Entry:
    return Entry(
        key=key, language=language, slug=slug, origin="", source=f"{key}.{language}.md", offset=0
    )


def items(index: Sequence[Entry]) -> list[tuple[str, list[str]]]:
    """Return the key of each item with the sources of its texts."""
    groups = grouped(index).groups
    return [(key, [entry.source for entry in group.values()]) for key, group in groups.items()]


def test_texts_with_one_key_are_one_item_wherever_they_come() -> None:
    index = [entry("a", "fr"), entry("b", "en"), entry("a", "en")]
    assert items(index) == [("a", ["a.fr.md", "a.en.md"]), ("b", ["b.en.md"])]


@pytest.mark.parametrize(
    ("index", "joined"),
    [
        # The first gives the key.
        ([entry("a", "en", "s"), entry("b", "fr", "s"), entry("c", "ar", "s")], ["a"]),
        ([entry("a", "en", "s"), entry("b", "fr", "t")], ["a", "b"]),
        ([entry("a", "en"), entry("b", "fr")], ["a", "b"]),
        # The same language twice are two items; what comes then is of the first.
        ([entry("a", "en", "s"), entry("b", "en", "s"), entry("c", "fr", "s")], ["a", "b"]),
        # Who does not stand alone is not joined.
        ([entry("a", "en", "s"), entry("a", "es", "s"), entry("b", "fr", "s")], ["a", "b"]),
    ],
)
def test_texts_that_stand_alone_are_joined_by_their_slug(
    index: list[Entry], joined: list[str]
) -> None:
    assert [key for key, _ in items(index)] == joined


def test_what_comes_a_second_time_is_told_with_the_first() -> None:
    first, second, third = entry("a", "en"), entry("a", "en", "x"), entry("a", "en", "y")
    found = grouped([first, entry("a", "fr"), second, third])
    assert found.repeated == ((second, first), (third, first))
    assert found.groups["a"]["en"] is first


ENTRIES = st.lists(
    st.builds(entry, st.sampled_from("abc"), st.sampled_from(["en", "fr"]), st.sampled_from("xy")),
    max_size=9,
)


@given(ENTRIES)
def test_every_text_is_of_one_item_or_came_a_second_time(index: list[Entry]) -> None:
    found = grouped(index)
    taken = [id(entry) for group in found.groups.values() for entry in group.values()]
    repeated = [id(entry) for entry, _ in found.repeated]
    assert sorted(taken + repeated) == sorted(map(id, index))
    for group in found.groups.values():
        assert all(entry.language == language for language, entry in group.items())
