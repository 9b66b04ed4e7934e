"""Entries that are kept: no byte of a feed tells whether they were."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.config import Config
from publisher.feeds import build as building
from publisher.feeds.build import Feed, build
from publisher.feeds.entries import Source, _filled, content, entries, frame
from publisher.story import Correction, Label, Story
from tests import make

DAY = datetime(2013, 12, 18, tzinfo=UTC)


def story_of(**changes: object) -> Story:
    values: dict[str, object] = {
        "item_id": 1,
        "id": "tag:news.example.org,2013:item/1/en",
        "language": "en",
        "shown_language": "en",
        "notice": "",
        "kind": "news",
        "topics": (Label(key="labour", name="Labour & work"),),
        "title": "A title",
        "summary": "A summary.",
        "body": "A body.",
        "path": "/en/items/1-título/",
        "published": DAY,
        "updated": DAY,
        "revision": 1,
        "corrections": (),
        "source_corrected": None,
        "retracted": None,
        "withdrawn": False,
    }
    return Story(**{**values, **changes})  # type: ignore[arg-type]


def by_feedgen(feed: Feed, config: Config) -> dict[str, bytes]:
    """Return the feed as feedgen makes it from entries of its own, none kept, none copied."""
    made = []
    for told in feed.stories:
        source = Source(story=told, frame=frame(told.language, config))
        made.append(_filled(told, content(source), source.frame))
    return {
        "atom": building._generator(feed, made, config, "atom").atom_str(pretty=True),
        "rss": building._generator(feed, made, config, "rss").rss_str(pretty=True),
    }


STORIES = st.builds(
    story_of,
    item_id=st.integers(1, 5),
    language=st.sampled_from(make.LANGUAGES),
    shown_language=st.sampled_from(make.LANGUAGES),
    notice=st.sampled_from(["", "A notice."]),
    title=st.sampled_from(["A title", "<b>&amp;", "كرامة ]]> 🎉"]),
    body=st.sampled_from(["A body.", "# Head\n\n- *one*\n- [two](https://x.org)", "a  \nb\n\n\nc"]),
    topics=st.sampled_from([(), (Label(key="labour", name="Travail"),)]),
    updated=st.sampled_from([DAY, DAY + timedelta(hours=1)]),
    corrections=st.sampled_from([(), (Correction(date=DAY, note="Un <chiffre>.", language="fr"),)]),
    source_corrected=st.sampled_from([None, DAY]),
)


@settings(deadline=None, max_examples=40)
@given(feeds=st.lists(st.lists(STORIES, max_size=4), min_size=1, max_size=3))
def test_a_feed_of_kept_entries_is_what_feedgen_makes_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, feeds: list[list[Story]]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    for stories in feeds * 2:
        feed = Feed(language="en", topic="", title="News", stories=tuple(stories))
        assert build(feed, config) == by_feedgen(feed, config)


def test_an_entry_is_made_once_and_given_to_every_feed_as_a_copy(config: Config) -> None:
    told = [story_of(id=f"tag:x,2013:{number}") for number in range(3)]
    first, again = entries(told, config), entries(told, config)
    assert [a is b for a, b in zip(first, again, strict=True)] == [True, True, True]
    assert first[0].atom_entry() is not first[0].atom
    assert first[0].rss_entry() is not first[0].rss


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"url": "https://other.example.org"}, "https://other.example.org/en/items/"),
        ({"name": {"en": "Another name"}}, "<dc:creator>Another name</dc:creator>"),
    ],
)
def test_other_settings_make_other_entries(
    config: Config,
    tmp_path_factory: pytest.TempPathFactory,
    changes: dict[str, object],
    shown: str,
) -> None:
    """What a process kept under the old settings must not come out under new ones."""
    feed = Feed(
        language="en",
        topic="",
        title="News",
        stories=(story_of(source_corrected=DAY, notice="A notice."),),
    )
    before = build(feed, config)
    assert shown not in before["rss"].decode()
    other = make.config(tmp_path_factory.mktemp("other"), site=changes)
    assert shown in build(feed, other)["rss"].decode()
    assert build(feed, other) == by_feedgen(feed, other)
    assert build(feed, config) == before
