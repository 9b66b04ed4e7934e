"""What a draft may hold, whichever way it came in: no more than the house can carry.

Beyond these a text is no news but a mistake or an attack; one must not hold up the others,
nor the pages and feeds that it would be in.
"""

from collections.abc import Iterable, Iterator

from publisher import markup, wallclock
from publisher.errors import InputError
from publisher.ingest.drafts import Draft
from store.records import Text

#: Characters of single fields.
MAX_TITLE, MAX_SUMMARY, MAX_NOTE, MAX_ALT, MAX_ADDRESS = 500, 2_000, 2_000, 2_000, 2_000
#: Characters of a text: a book of 300 pages.
MAX_BODY = 1_000_000
#: Signs of Markdown in it: so many take up to a quarter of a second to read, and a text is
#: read for its page and for every feed that it stands in.
MAX_SIGNS = 10_000
#: Topics of an item, and the characters of each.
MAX_TOPICS, MAX_TOPIC = 50, 200
#: Bytes of what items are known again by: an index of PostgreSQL takes 2,704 (its "B-Tree
#: Indexes", 67.1).
MAX_KEY = 2_000

#: A field, how much it holds, how much it may, and of what.
Size = tuple[str, int, int, str]


def refuse_unfit(draft: Draft) -> None:
    """Raise InputError, which names the field, for a draft that holds too much."""
    refuse_unfit_words(draft.words, note=draft.note)
    _refuse(_sizes(draft))
    for field, moment in (("date", draft.dated), ("embargo", draft.embargo)):
        if moment:
            wallclock.refuse_far(moment, field)


def refuse_unfit_words(words: Text, *, note: str = "") -> None:
    """Raise InputError, which names the field, for a text that holds too much."""
    lines = (
        ("title", words.title, MAX_TITLE),
        ("summary", words.summary, MAX_SUMMARY),
        ("image_alt", words.image_alt, MAX_ALT),
        ("note", note, MAX_NOTE),
        ("body", words.body, MAX_BODY),
    )
    _refuse((field, len(value), limit, "characters") for field, value, limit in lines)
    signs = markup.signs(words.body)
    _refuse([("body", signs, MAX_SIGNS, "signs of Markdown such as * or [")])


def _refuse(sizes: Iterable[Size]) -> None:
    for field, size, limit, unit in sizes:
        if size > limit:
            raise InputError(field, f"has {size} {unit}, {limit} at the most")


def _sizes(draft: Draft) -> Iterator[Size]:
    lines = (
        ("url", draft.url or "", MAX_ADDRESS),
        ("image", draft.image or "", MAX_ADDRESS),
        *(("topics", name, MAX_TOPIC) for name in draft.topics.values()),
    )
    for field, value, limit in lines:
        yield field, len(value), limit, "characters"
    yield "topics", len(draft.topics), MAX_TOPICS, "words"
    for name, value in (("translationKey", draft.key), ("path", draft.origin)):
        yield name, len(value.encode()), MAX_KEY, "bytes"
