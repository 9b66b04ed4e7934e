"""JSON Feed 1.1 (jsonfeed.org/version/1.1) from stories: our own, since feedgen knows none.

What it has no word for stands under ``_tidings``: translations, where the text was published
first, and rights.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from publisher import addresses
from publisher.story import Picture, Story

VERSION = "https://jsonfeed.org/version/1.1"

#: What the items stand before.
_END = b"]}"


def document(
    items: Iterable[bytes],
    *,
    language: str,
    title: str,
    page: str,
    own: str,
    author: Mapping[str, str],
    rights: str = "",
    older: str = "",
    hubs: Sequence[str] = (),
) -> bytes:
    """Return a feed of ``items``, as :func:`item` makes them.

    ``page`` and ``own`` are the addresses of its page and of itself, ``older`` that of the
    document with what came before, ``hubs`` those of WebSub hubs.
    """
    record: dict[str, Any] = {
        "version": VERSION,
        "title": title,
        "home_page_url": page,
        "feed_url": own,
        "language": language,
        "authors": [author],
    }
    if older:
        record["next_url"] = older
    if hubs:
        record["hubs"] = [{"type": "WebSub", "url": hub} for hub in hubs]
    if rights:
        record["_tidings"] = {"rights": rights}
    head = _bytes({**record, "items": []}).removesuffix(_END)
    return head + b",".join(b"\n" + made for made in items) + b"\n" + _END + b"\n"


def item(
    story: Story,
    html: str,
    *,
    summary: str,
    picture: Picture | None,
    link: Callable[[str], str],
) -> bytes:
    """Return a story as an item: ``html`` is its content, ``link`` makes an address of a path."""
    record: dict[str, Any] = {
        "id": story.id,
        "url": link(story.path),
        "title": story.title,
        "summary": summary,
        "content_html": html,
        "date_published": story.published.isoformat(),
        "date_modified": story.updated.isoformat(),
        # The language of the words, which a fallback does not share with the feed.
        "language": story.shown_language,
        "tags": [topic.name for topic in story.topics],
    }
    if picture:
        record |= _picture(picture, link(picture.path))
    more: dict[str, Any] = {}
    if story.translations:
        more["translations"] = [
            {"language": other.language, "url": link(other.path)} for other in story.translations
        ]
    if story.origin:
        more["via"] = addresses.uri(story.origin)
    if more:
        record["_tidings"] = more
    return _bytes(record)


def _picture(picture: Picture, url: str) -> dict[str, Any]:
    attachment = {"url": url, "mime_type": picture.type, "size_in_bytes": picture.length}
    if picture.alt:
        attachment["title"] = picture.alt
    return {"image": url, "attachments": [attachment]}


def _bytes(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()
