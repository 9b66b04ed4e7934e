"""A text as a Markdown file, which 'tidings item import' knows again. Pure."""

from collections.abc import Mapping
from datetime import datetime

from publisher import markup, wallclock
from publisher.ingest import frontmatter
from store.records import Item, Topic, Translation

SUFFIX = "md"


def write(
    item: Item, text: Translation, topics: Mapping[str, Topic], *, to_work_on: bool = False
) -> str:
    """Return the file of a text; taken in again, it changes nothing.

    ``to_work_on`` is for its translator, who neither approves it nor leaves it made from what
    its source said before: what the file says of that would win over their work.
    """
    said = {
        "title": text.title,
        "date": _instant(text.dated),
        "lang": text.language,
        "slug": text.slug,
        "translationKey": item.key,
        "kind": item.kind.value,
        "topics": tuple(_topic(topics.get(key), key, item) for key in item.topics),
        "summary": text.summary,
        "url": item.url,
        "embargo": _instant(item.embargo),
        "image": item.image,
        "image_alt": text.image_alt,
        "workflow": None if to_work_on else text.workflow.value,
        "source_language": item.source_language,
    }
    if text.language != item.source_language:
        made_of = None if to_work_on else text.source_digest
        said |= {"source_digest": made_of, "made_from": text.made_from}
    return frontmatter.join({key: value for key, value in said.items() if value}, text.body)


def _instant(moment: datetime | None) -> str | None:
    return wallclock.in_utc(moment) if moment else None


def _topic(topic: Topic | None, key: str, item: Item) -> str:
    """Return a topic's name in the item's language, if its key can be had from it again."""
    name = topic.names.get(item.source_language, "") if topic else ""
    return name if markup.slug(name) == key else key
