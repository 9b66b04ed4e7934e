"""The dependency map: what shows an item, and nothing else."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from publisher.site import touched
from publisher.site.touched import Listing
from store.records import FeedEntry

SIZES = st.integers(1, 7)
ORDINALS = st.integers(1, 60)


def entry(ordinal: int, language: str = "en", topic: str = "") -> FeedEntry:
    return FeedEntry(language=language, topic=topic, ordinal=ordinal, item_id=1)


def touch(place: FeedEntry, end: int, size: int, **others: int) -> set[Listing]:
    ends = {("en", place.topic): end, **{(tag, place.topic): n for tag, n in others.items()}}
    return set(touched.listings([place], ends, size=size))


@given(ordinal=ORDINALS, size=SIZES)
def test_each_place_is_in_one_archive_document(ordinal: int, size: int) -> None:
    number = touched.archive_of(ordinal, size=size)
    first, last = touched.places(number, size=size)
    assert first <= ordinal <= last
    assert last - first == size - 1
    assert touched.places(number + 1, size=size)[0] == last + 1


@given(end=st.integers(0, 60), size=SIZES)
def test_the_archive_is_all_but_what_fills_no_document(end: int, size: int) -> None:
    number = touched.archives(end, size=size)
    assert touched.places(number + 1, size=size)[1] > end
    assert number == 0 or touched.places(number, size=size)[1] <= end


@given(ordinal=ORDINALS, more=st.integers(0, 60), size=SIZES)
def test_an_old_item_touches_its_document_and_the_newest(
    ordinal: int, more: int, size: int
) -> None:
    end = ordinal + more
    found = touch(entry(ordinal), end, size)
    assert Listing(language="en") in found
    number = touched.archive_of(ordinal, size=size)
    there = number <= touched.archives(end, size=size)
    assert (Listing(language="en", archive=number) in found) == there
    assert len(found) <= 3


def test_what_fills_a_document_touches_it_and_not_the_one_before() -> None:
    assert touch(entry(6), 6, 3) == {Listing(language="en"), Listing(language="en", archive=2)}
    assert touch(entry(3), 3, 3) == {Listing(language="en"), Listing(language="en", archive=1)}


@given(archive=st.integers(1, 9), size=SIZES, language=st.sampled_from(["en", "fr", "es", "ar"]))
def test_a_document_leads_on_before_the_one_after_the_next_is_full(
    archive: int, size: int, language: str
) -> None:
    listing = Listing(language=language, archive=archive)
    full, after = (archive + 1) * size, (archive + 2) * size
    leads = [touched.leads_on(listing, end, size=size) for end in range(full, after + 1)]
    assert leads == sorted(leads)
    assert leads[-1]
    first = full + leads.index(True)
    # The place that brings the link is the one that touches the document.
    found = touch(entry(first, language), first, size, **{language: first})
    assert listing in found
    assert not touched.leads_on(listing, full - 1, size=size)


def test_the_newest_leads_on_to_nothing() -> None:
    assert not touched.leads_on(Listing(language="en"), 1000, size=3)


def test_feeds_that_fill_their_documents_at_once_lead_on_to_them_one_after_the_other() -> None:
    listings = [
        Listing(language=language, topic=topic, archive=1)
        for language in ("en", "fr", "es", "ar")
        for topic in ("", "labour", "asylum", "health")
    ]
    at = [
        sum(touched.leads_on(listing, end, size=25) for listing in listings)
        for end in range(50, 76)
    ]
    assert at[0] == 0
    assert at[-1] == len(listings)
    assert max(later - sooner for sooner, later in pairwise(at)) <= 3


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
