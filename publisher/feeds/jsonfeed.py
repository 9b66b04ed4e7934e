"""JSON Feed 1.1 (jsonfeed.org/version/1.1) from stories: our own, since feedgen knows none."""

import json
from collections.abc import Sequence
from typing import Any

from publisher import addresses
from publisher.config import Config
from publisher.story import Story

VERSION = "https://jsonfeed.org/version/1.1"


def document(
    stories: Sequence[Story],
    contents: Sequence[str],
    *,
    language: str,
    title: str,
    own: str,
    config: Config,
) -> bytes:
    """Return a feed: ``contents`` are the stories' HTML, ``own`` is the feed's address."""
    record = {
        "version": VERSION,
        "title": title,
        "home_page_url": addresses.link(config.site.url, addresses.front(language)),
        "feed_url": own,
        "language": language,
        "authors": [{"name": config.name(language), "url": config.site.url}],
        "items": [
            _item(story, html, config) for story, html in zip(stories, contents, strict=True)
        ],
    }
    return (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode()


def _item(story: Story, html: str, config: Config) -> dict[str, Any]:
    return {
        "id": story.id,
        "url": addresses.link(config.site.url, story.path),
        "title": story.title,
        "summary": f"{story.notice} {story.summary}".strip(),
        "content_html": html,
        "date_published": story.published.isoformat(),
        "date_modified": story.updated.isoformat(),
        # The language of the words, which a fallback does not share with the feed.
        "language": story.shown_language,
        "tags": [topic.name for topic in story.topics],
    }
