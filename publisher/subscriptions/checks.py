"""What the columns of a row say of somebody: checked, in the form that is kept. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

from publisher import characters, languages
from publisher.config import Config
from publisher.errors import InputError
from publisher.subscriptions.email_addresses import email_address
from store.members import Member
from store.records import OWN, Newsletter, Status

#: Columns of the CSV file; ``email`` and ``language`` must be there.
COLUMNS = (
    "email",
    "language",
    "newsletters",
    "topics",
    "name",
    "timezone",
    "status",
    "consent_at",
    "consent_source",
    "frequency",
)

#: What a row has in these columns, in their order; empty where it says nothing.
Cells = tuple[str, ...]

#: A mark of spreadsheets: what comes after it is text, whatever it begins with. We write it
#: before what they would take for a formula, and take it off again.
APOSTROPHE = "'"
_MARKED = re.compile(r"'+[=+\-@]")

#: Characters of a name.
MAX_NAME = 200


#: What Python makes of bytes that are not UTF-8 where asked not to fail (PEP 383).
_UNDECODED = re.compile("[\udc80-\udcff]")

#: So many answers are remembered of each column: most rows say what others have said.
REMEMBERED = 4096

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})

#: Who may stand in a list; who is erased stands in none.
_STATUSES = tuple(status for status in Status if status is not Status.ERASED)


#: Who has left: whatever a row says, it subscribes them to nothing.
LEFT = frozenset({Status.UNSUBSCRIBED, Status.COMPLAINED})

#: What a row says of somebody, checked, with an id of 0; and the fields that it leaves empty:
#: what is known of them stays. A bare tuple, since an import makes millions of them.
Person = tuple[Member, frozenset[str]]

#: What few rows have for themselves: language, time zone, status, where consent came from, and
#: newsletters with their topics, and those with a frequency of their own.
Common = tuple[str, str, Status, str, Mapping[str, tuple[str, ...]], Mapping[str, str]]


class Checks:
    """The checks of a site's rows. They remember what they found, so keep one for a whole file."""

    def __init__(self, config: Config, newsletters: Sequence[Newsletter]) -> None:
        self._here = config.site.timezone
        self._languages = config.site.languages
        self._newsletters = {newsletter.key: newsletter for newsletter in newsletters}
        self._topics = lru_cache(maxsize=REMEMBERED)(self._topics_of)
        #: Takes the cells that few rows have for themselves. Raises InputError.
        self.common = lru_cache(maxsize=REMEMBERED)(self._common_of)

    def person(self, cells: Cells) -> Person:
        """Return the person that a row tells of. Raises InputError naming the column."""
        email, language, keys, topics, name, zone, status, consent_at, source, often = cells
        whole = "".join(cells)
        try:
            whole.encode()
        except UnicodeEncodeError:
            _refuse_undecoded(cells)
        if APOSTROPHE in whole:
            email, name, source = _unmarked(email), _unmarked(name), _unmarked(source)
        address, called, agreed = email_address(email), name_of(name), instant(consent_at)
        spoken, where, stands, how, wanted, chosen = self.common(
            language, zone, status, source, keys, topics, often
        )
        unspoken = unsaid(called != "", zone != "", agreed is not None, how != "")
        member = Member(0, address, called, spoken, where, stands, agreed, how, wanted, chosen)
        return member, unspoken

    def check(self, language: str, newsletters: str) -> None:
        """Raise InputError unless rows may say this, or nothing (empty)."""
        if language:
            _language(language, self._languages)
        _topics(newsletters, "", self._newsletters)

    def _common_of(  # noqa: PLR0917  (they are the key of what is remembered)
        self, language: str, zone: str, status: str, source: str, keys: str, topics: str, often: str
    ) -> Common:
        """Return what these cells say, so that one look finds all of it."""
        wanted = self._topics(keys, topics)
        chosen = {key: frequency(often, self._newsletters[key]) for key in wanted if often}
        stands = _status(status)
        return (
            _language(language, self._languages),
            _timezone(zone or self._here),
            stands,
            characters.clean_line(source),
            *((_NONE, _NOTHING) if stands in LEFT else (wanted, chosen or _NOTHING)),
        )

    def _topics_of(self, keys: str, topics: str) -> Mapping[str, tuple[str, ...]]:
        """Return one and the same for the same, which who loads people makes use of."""
        return _topics(keys, topics, self._newsletters)


def cells_of(row: Mapping[str, str]) -> Cells:
    """Return the cells of a row that is given by the names of its columns."""
    return tuple(row.get(column) or "" for column in COLUMNS)


@cache
def unsaid(name: bool, zone: bool, agreed: bool, how: bool) -> frozenset[str]:  # noqa: FBT001  (a key of the cache)
    """Return the fields of which a row says nothing, by those of which it does."""
    said = {"name": name, "timezone": zone, "consent_at": agreed, "consent_source": how}
    return frozenset(field for field, there in said.items() if not there)


def _refuse_undecoded(cells: Cells) -> None:
    for column, value in zip(COLUMNS, cells, strict=True):
        if _UNDECODED.search(value):
            raise InputError(column, "is not UTF-8: save the file as UTF-8")


def name_of(text: str) -> str:
    """Return what somebody is called, in one line. Raises InputError."""
    name = characters.clean_line(text)
    if len(name) > MAX_NAME:
        raise InputError("name", f"has {len(name)} characters, {MAX_NAME} at the most")
    return name


def _unmarked(text: str) -> str:
    return text[1:] if text[:1] == APOSTROPHE and _MARKED.match(text) else text


def frequency(name: str, newsletter: Newsletter) -> str:
    """Return a frequency that a newsletter offers, empty for its own. Raises InputError."""
    found = "" if name == OWN else name
    if found not in newsletter.schedules:
        there = ", ".join([OWN, *newsletter.frequencies])
        raise InputError("frequency", f"no {name!r} in {newsletter.key}; there are: {there}")
    return found


def _topics(keys: str, topics: str, known: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the newsletters of a row, each with the topics that stand in it."""
    wanted = _list(keys)
    for key in wanted:
        if key not in known:
            there = ", ".join(known) or "none yet: 'tidings newsletter add'"
            raise InputError("newsletters", f"no newsletter {key!r}; there are: {there}")
    return dict.fromkeys(wanted, tuple(_list(topics)))


def _list(text: str) -> Sequence[str]:
    return [characters.clean_line(part) for part in text.replace(";", " ").split()]


def _language(text: str, available: Sequence[str]) -> str:
    if not text.strip():
        there = ", ".join(available)
        raise InputError("language", f"is missing: write one ({there}), or say it with --language")
    try:
        language = languages.tag(text)
    except InputError as error:
        raise InputError("language", str(error)) from error
    if languages.closest(language, available) is None:
        there = ", ".join(available)
        raise InputError("language", f"nothing is published in {language}; there are: {there}")
    return language


def _timezone(text: str) -> str:
    zone = text.strip()
    if zone not in _zones():
        raise InputError("timezone", f"no IANA time zone {text!r}; one is Europe/Brussels")
    return zone


@cache
def _zones() -> frozenset[str]:
    """Return the names of all zones. Kept: they are read from disk, and asked for each row."""
    return frozenset(available_timezones())


def _status(text: str) -> Status:
    if not text:
        return Status.ACTIVE
    if text not in _STATUSES:
        choices = ", ".join(_STATUSES[:-1])
        raise InputError("status", f"{text!r} is none of {choices} or {_STATUSES[-1]}")
    return Status(text)


def instant(text: str) -> datetime | None:
    """Return an instant in UTC, which is also taken for the zone of one that names none.

    None for an empty cell. Raises InputError.
    """
    said = text.strip()
    if not said:
        return None
    try:
        found = datetime.fromisoformat(said)
        if found.tzinfo is UTC:
            return found
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        example = "2013-05-22T16:42:10Z"
        raise InputError("consent_at", f"{text!r} is no instant such as {example}") from error
