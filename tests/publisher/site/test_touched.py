"""The dependency map: what shows an item, and nothing else."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from publisher.site import touched
from publisher.site.touched import Listing
from store.records import FeedEntry

SIZES = st.integers(1, 7)
ORDINALS = st.integers(1, 60)
LANGUAGES = st.sampled_from(["en", "fr", "es", "ar"])
FEED = ("en", "")


def entry(ordinal: int, language: str = "en", topic: str = "") -> FeedEntry:
    return FeedEntry(language=language, topic=topic, ordinal=ordinal, item_id=1)


def touch(place: FeedEntry, end: int, size: int, **others: int) -> set[Listing]:
    ends = {("en", place.topic): end, **{(tag, place.topic): n for tag, n in others.items()}}
    return set(touched.listings([place], ends, size=size))


@given(ordinal=ORDINALS, size=SIZES, language=LANGUAGES)
def test_each_place_is_in_one_archive_document(ordinal: int, size: int, language: str) -> None:
    number = touched.archive_of((language, ""), ordinal, size=size)
    listing = Listing(language=language, archive=number)
    first, last = touched.places(listing, size=size)
    assert first <= ordinal <= last
    # Only the first may hold less.
    assert last - first == size - 1 or (number == first == 1 and last < size)
    assert touched.places(replace(listing, archive=number + 1), size=size)[0] == last + 1


@given(end=st.integers(0, 60), size=SIZES, language=LANGUAGES)
def test_the_archive_is_all_but_what_fills_no_document(end: int, size: int, language: str) -> None:
    number = touched.archives((language, ""), end, size=size)
    listing = Listing(language=language, archive=number)
    assert touched.places(replace(listing, archive=number + 1), size=size)[1] > end
    assert number == 0 or touched.places(listing, size=size)[1] <= end
    # The newest document shows what is not in the archive.
    assert end - (number and touched.places(listing, size=size)[1]) < size


@given(ordinal=ORDINALS, more=st.integers(0, 60), size=SIZES)
def test_an_old_item_touches_its_document_and_the_newest(
    ordinal: int, more: int, size: int
) -> None:
    end = ordinal + more
    found = touch(entry(ordinal), end, size)
    assert Listing(language="en") in found
    number = touched.archive_of(FEED, ordinal, size=size)
    there = number <= touched.archives(FEED, end, size=size)
    assert (Listing(language="en", archive=number) in found) == there
    assert len(found) <= 3


def test_what_fills_a_document_touches_it_and_not_the_one_before() -> None:
    # English news begin with a document of one entry: 1 | 2 3 4 | 5 6 7.
    newest = Listing(language="en")
    assert touch(entry(1), 1, 3) == {newest, Listing(language="en", archive=1)}
    assert touch(entry(7), 7, 3) == {newest, Listing(language="en", archive=3)}
    assert touch(entry(8), 8, 3) == {newest, Listing(language="en", archive=2)}
    assert touch(entry(9), 9, 3) == {newest}


@given(archive=st.integers(1, 9), size=SIZES, language=LANGUAGES)
def test_a_document_leads_on_with_the_place_after_those_of_the_next(
    archive: int, size: int, language: str
) -> None:
    listing = Listing(language=language, archive=archive)
    _, full = touched.places(replace(listing, archive=archive + 1), size=size)
    leads = [touched.leads_on(listing, end, size=size) for end in range(full, full + 3)]
    assert leads == [False, True, True]
    # The place that brings the link is the one that touches the document.
    assert listing in touch(entry(full + 1, language), full + 1, size, **{language: full + 1})
    assert listing not in touch(entry(full, language), full, size, **{language: full})


def test_the_newest_leads_on_to_nothing() -> None:
    assert not touched.leads_on(Listing(language="en"), 1000, size=3)


def test_feeds_that_count_alike_fill_their_documents_with_different_items() -> None:
    feeds = [
        (language, topic)
        for language in ("en", "fr", "es", "ar")
        for topic in ("", "labour", "asylum", "health")
    ]
    for number in range(1, 101):
        places = [entry(number, *feed) for feed in feeds]
        found = set(touched.listings(places, dict.fromkeys(feeds, number), size=25))
        newest = {listing for listing in found if listing.archive is None}
        assert len(newest) == len(feeds)
        assert len(found - newest) <= 4


def test_the_first_of_a_topic_touches_the_lists_that_now_lead_to_it() -> None:
    found = touch(entry(1, topic="labour"), 1, 25, fr=9, ar=4)
    assert found == {Listing(language=tag, topic="labour") for tag in ("en", "fr", "ar")}
    assert touch(entry(2, topic="labour"), 2, 25, fr=9) == {Listing(language="en", topic="labour")}


@given(ends=st.dictionaries(
    st.tuples(st.sampled_from(["en", "ar"]), st.sampled_from(["", "labour"])), ORDINALS
), size=SIZES)  # fmt: skip
def test_all_lists_are_those_that_all_items_touch(
    ends: dict[tuple[str, str], int], size: int
) -> None:
    places = [
        entry(ordinal, language, topic)
        for (language, topic), end in ends.items()
        for ordinal in range(1, end + 1)
    ]
    every = list(touched.every(ends, size=size))
    assert set(touched.listings(places, ends, size=size)) == set(every)
    assert len(every) == len(set(every))


@given(st.integers(1, 10**6))
def test_a_part_of_the_site_map_lists_the_items_that_it_is_of(item_id: int) -> None:
    assert item_id in touched.items_of(touched.part_of(item_id))
    assert len(touched.items_of(touched.part_of(item_id))) == touched.PART
