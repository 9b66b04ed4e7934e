"""JSON Feed 1.0 and 1.1 (jsonfeed.org), read without trust: any value may be of any type. Pure."""

from typing import Any

from publisher.errors import InputError
from publisher.ingest.entries import Entry, Feed, home, paragraphs
from publisher.ingest.response import read_json


def read(content: bytes, base: str) -> Feed:
    """Return the feed in some JSON. Raises InputError for what is none."""
    data = read_json("JSON", content)
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        raise InputError("feed", "is no JSON Feed: it has no list 'items'")
    said = _text(data, "language")
    items = (item if isinstance(item, dict) else {} for item in data["items"])
    return Feed(
        home=home(_text(data, "home_page_url"), base),
        entries=[_entry(item, said, base) for item in items],
    )


def _entry(item: dict[str, Any], said: str, base: str) -> Entry:
    number = item.get("id")
    # Numbers are taken for text (1.1, "id").
    whole = isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**63
    return Entry(
        id=str(number) if whole else _text(item, "id"),
        url=_text(item, "url"),
        title=_text(item, "title"),
        summary=_text(item, "summary"),
        body=_text(item, "content_html") or paragraphs(_text(item, "content_text")),
        base=_text(item, "url") or base,
        languages=(_text(item, "language"), said),
        translations=(),
        date=_text(item, "date_published"),
        dated=None,
        topics=tuple(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        image=_text(item, "image") or _text(item, "banner_image") or _attached(item),
    )


def _attached(item: dict[str, Any]) -> str:
    found = (entry for entry in _list(item, "attachments") if isinstance(entry, dict))
    images = (entry for entry in found if _text(entry, "mime_type").startswith("image/"))
    return next((_text(image, "url") for image in images), "")


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _list(value: dict[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []
