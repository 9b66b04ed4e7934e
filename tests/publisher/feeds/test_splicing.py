"""Feeds from bytes: not a byte differs from what feedgen makes of the whole."""

import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from publisher.config import Config
from publisher.feeds import heads
from publisher.feeds.build import Feed, build, head
from publisher.feeds.entries import Source, content, fill, frame
from publisher.feeds.repair import Deleted
from publisher.feeds.splicing import SEAMS
from publisher.story import Correction, Label, Story
from tests import make
from tests.publisher.feeds.stories import ARABIC, DAY, FRENCH, PICTURE, feed_of, story_of

ROOT = Path(__file__).parent.parent.parent.parent


def by_feedgen(feed: Feed, config: Config) -> dict[str, bytes]:
    """Return the feed as feedgen makes it from entries of its own, none kept, none cut out."""
    made = {}
    for suffix, seam in SEAMS.items():
        generator = heads.fill(head(feed, config, suffix), feed.updated)
        for told in feed.stories:
            source = Source(story=told, frame=frame(told.language, config))
            fill(source, content(source), generator.add_entry(order="append"))
        made[suffix] = seam.write(generator)
    return made


STORIES = st.builds(
    story_of,
    st.sampled_from(make.LANGUAGES),
    item_id=st.integers(1, 5),
    shown_language=st.sampled_from(make.LANGUAGES),
    notice=st.sampled_from(["", "A notice."]),
    title=st.sampled_from(
        ["A title", "<b>&amp;", "كرامة ]]> 🎉", "  <entry>", "</feed></channel>"]
    ),
    body=st.sampled_from(["A body.", "# Head\n\n- *one*\n- [two](https://x.org)", "a  \nb\n\n\nc"]),
    topics=st.sampled_from([(), (Label(key="labour", name="Travail"),)]),
    updated=st.sampled_from([DAY, DAY + timedelta(hours=1)]),
    corrections=st.sampled_from([(), (Correction(date=DAY, note="Un <chiffre>.", language="fr"),)]),
    source_corrected=st.sampled_from([None, DAY]),
    retracted=st.sampled_from([None, DAY]),
    picture=st.sampled_from([None, PICTURE]),
    translations=st.sampled_from([(), (FRENCH,), (FRENCH, ARABIC)]),
    origin=st.sampled_from([None, "https://other.example.net/?a=1&b=2"]),
)
FEEDS = st.builds(
    lambda stories, **changes: feed_of(*stories, **changes),
    st.lists(STORIES, max_size=4),
    topic=st.sampled_from(["", "labour"]),
    title=st.sampled_from(["News", "</feed>  <entry>&"]),
    deleted=st.sampled_from([(), (Deleted(id="tag:x", when=DAY),)]),
    archive=st.sampled_from([None, 2]),
    previous=st.sampled_from([None, 1]),
    following=st.sampled_from([None, 3]),
)


@settings(max_examples=40)
@given(feeds=st.lists(FEEDS, min_size=1, max_size=3))
def test_a_feed_of_kept_entries_is_what_feedgen_makes_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, feeds: list[Feed]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp(), feeds={"hubs": ("https://hub.org/",)})
    for feed in feeds * 2:
        made, whole = build(feed, config), by_feedgen(feed, config)
        assert {suffix: made[suffix] for suffix in SEAMS} == whole
        for suffix in SEAMS:
            ours, theirs = (etree.fromstring(body) for body in (made[suffix], whole[suffix]))
            assert etree.tostring(ours, method="c14n") == etree.tostring(theirs, method="c14n")


def everything() -> tuple[Story, ...]:
    """Return stories with all that an entry can hold."""
    full = story_of(
        picture=PICTURE,
        translations=(FRENCH, ARABIC),
        origin="https://other.example.net/",
        topics=tuple(Label(key=key, name=key.upper()) for key in ("b", "a", "c")),
    )
    return (full, story_of("ar", retracted=DAY))


PRINTS = """
import hashlib, pathlib, sys
from publisher.feeds.build import build
from tests import make
from tests.publisher.feeds.stories import feed_of
from tests.publisher.feeds.test_splicing import everything
config = make.config(pathlib.Path(), feeds={"hubs": ("https://a.org/", "https://b.org/")})
made = build(feed_of(*everything(), archive=2, previous=1, following=3), config)
print({suffix: hashlib.sha256(body).hexdigest() for suffix, body in made.items()})
"""


def test_every_process_makes_the_same_bytes() -> None:
    run = partial(subprocess.run, [sys.executable, "-c", PRINTS], cwd=ROOT, check=True, text=True)
    printed = {
        run(capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(printed) == 1
    assert "atom" in next(iter(printed))


def test_an_entry_declares_no_prefix_of_its_own(config: Config) -> None:
    bodies = build(feed_of(*everything()), config)
    for suffix in SEAMS:
        lines = [line for line in bodies[suffix].splitlines() if b" xmlns" in line]
        assert len(lines) == 1
