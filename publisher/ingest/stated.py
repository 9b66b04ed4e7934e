"""What texts from elsewhere say of themselves, in the words of this site. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from publisher import characters, languages, markup
from publisher.errors import InputError
from publisher.ingest.fields import MAX_KEY, bounded, is_address

#: Topics of one text beyond this are no help to readers.
MAX_TOPICS = 30

_SHOWN = 80
#: What stands in place of bytes that nobody can read.
_LOST = "\ufffd"


def site_language(stated: str, site: Sequence[str]) -> str | None:
    """Return the language of the site that a tag or locale means, None where it is no such.

    Regions and scripts may differ as far as readers do not mind (``en-US`` and ``en``); another
    language never stands for one, however near it is.
    """
    try:
        tag = languages.tag(stated)
    except InputError:
        return None
    found = tag if tag in site else languages.closest(tag, site)
    same = found is not None and found.partition("-")[0] == tag.partition("-")[0]
    return found if same else None


def language(stated: Iterable[str], site: Sequence[str], missing: str) -> str:
    """Return the language of a text from what is stated, nearest first.

    Raises InputError where nothing is, with ``missing`` as the reason, or where it is no language
    of the site.
    """
    nearest = next((one.strip() for one in stated if one.strip()), "")
    if not nearest:
        raise InputError("lang", missing)
    found = site_language(nearest, site)
    if found is None:
        shown = characters.clean_line(nearest[:_SHOWN])
        raise InputError("lang", languages.foreign(shown, site))
    return found


def instant(stated: str, zone: ZoneInfo) -> datetime | None:
    """Return a date as feeds (RFC 822) and pages (ISO 8601) write it, in UTC; None for none.

    Without a zone it is read in ``zone``. Raises InputError for what is no date.
    """
    written = " ".join(stated.split())
    if not written:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(written[:_SHOWN])
            aware = found if found.tzinfo else found.replace(tzinfo=zone)
            return aware.astimezone(UTC)
        except (ValueError, OverflowError, IndexError):
            continue
    shown = characters.clean_line(written[:_SHOWN])
    raise InputError("date", f"{shown!r} is no date such as 2013-12-18T09:00:00+01:00")


def topics(stated: Iterable[str]) -> dict[str, str]:
    """Return topics by their keys; names that make no key are passed over."""
    lines = (characters.clean_line(name[:MAX_KEY]) for name in stated)
    named = {markup.slug(line): line for line in lines if markup.slug(line)}
    return dict(list(named.items())[:MAX_TOPICS])


def address(stated: str) -> str | None:
    """Return a web address, None for anything else."""
    line = stated.strip()
    usable = is_address(line) and len(line) <= MAX_KEY * 4 and line == characters.clean_line(line)
    return line if usable else None


def bare(url: str) -> str:
    """Return an address without what may differ: scheme, ``www``, fragment, slash at its end."""
    return re.sub(r"\Ahttps?://(www\.)?", "", url.partition("#")[0]).rstrip("/")


def key(given: str) -> str:
    """Return what names an item. Raises InputError for what is too long to be a name."""
    return bounded("id", characters.clean_line(given), MAX_KEY)


def whole(name: str, text: str) -> str:
    """Return a text of which nothing is lost. Raises InputError for one with U+FFFD."""
    if _LOST in text:
        raise InputError(
            name,
            "holds characters that cannot be read (U+FFFD): it is in another encoding than it "
            "says, or was damaged before",
        )
    return text
