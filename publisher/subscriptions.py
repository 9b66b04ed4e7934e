"""People: added one by one, or from a CSV file of any length."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from itertools import islice
from zoneinfo import available_timezones

from publisher import addresses, languages, markup
from publisher.config import Config
from publisher.errors import InputError
from store import newsletters, subscribers
from store.database import Database, Transaction
from store.records import OWN, Newsletter, Status, Subscriber, Subscription

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
)

#: Rows that one transaction takes at most.
BATCH = 1000

#: RFC 5321, 4.5.3.1: the longest address and the longest part before its @.
_MAX_EMAIL, _MAX_LOCAL = 254, 64
_MAX_NAME = 200

#: What Python makes of bytes that are not UTF-8 where asked not to fail (PEP 383).
_UNDECODED = re.compile("[\udc80-\udcff]")


class Verdict(StrEnum):
    """What a row is to the store."""

    ADDED = "added"
    UPDATED = "updated"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Person:
    """What a row says of somebody, checked. An id of 0 stands for not known yet."""

    subscriber: Subscriber
    #: The fields that the row leaves empty: what is known of them stays.
    unsaid: frozenset[str]
    subscriptions: tuple[Subscription, ...]
    says_frequency: bool = False


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A row that could not be taken; ``line`` counts from 1, the header's."""

    line: int
    email: str
    reason: str


@dataclass(kw_only=True)
class Outcome:
    """How many rows were what, and which could not be taken."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    same: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


def import_csv(database: Database, config: Config, lines: Iterable[str], source: str) -> Outcome:
    """Take the rows of a CSV file; good ones are in, whatever the others are.

    Raises InputError when the file has no header that we know.
    """
    rows = _rows(lines, source)
    outcome = Outcome()
    while batch := list(islice(rows, BATCH)):
        with database.write() as tx:
            known = {newsletter.key: newsletter for newsletter in newsletters.listing(tx)}
            for line, row in batch:
                outcome.rows += 1
                try:
                    verdict = put(tx, person(row, known, config))
                    setattr(outcome, verdict, getattr(outcome, verdict) + 1)
                except InputError as error:
                    email = markup.clean_line(row.get("email") or "")
                    outcome.rejected.append(RejectedRow(line=line, email=email, reason=str(error)))
    return outcome


def add(database: Database, config: Config, row: Mapping[str, str]) -> Subscriber:
    """Add one person, or change what is known of them. Raises InputError."""
    with database.write() as tx:
        known = {newsletter.key: newsletter for newsletter in newsletters.listing(tx)}
        wanted = person(row, known, config)
        put(tx, wanted)
        return subscribers.by_email(tx, wanted.subscriber.email) or wanted.subscriber


def _rows(lines: Iterable[str], source: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.reader(lines)
    # A row counts as the line that it begins on: a quote that nobody closed ends far below.
    line = 1
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "email" not in header or "language" not in header:
            raise InputError(source, f"line 1 must name its columns: {','.join(COLUMNS)}")
        line = reader.line_num + 1
        for row in reader:
            if row:
                yield line, dict(zip(header, row, strict=False))
            line = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{source}, line {line}", str(error)) from error


def person(row: Mapping[str, str], known: Mapping[str, Newsletter], config: Config) -> Person:
    """Return the person that a row tells of. Pure; raises InputError naming the field."""
    for column, value in row.items():
        if _UNDECODED.search(value or ""):
            raise InputError(column, "is not UTF-8")
    name = markup.clean_line(row.get("name") or "")
    if len(name) > _MAX_NAME:
        raise InputError("name", f"has {len(name)} characters, {_MAX_NAME} at the most")
    wanted = _list(row.get("newsletters"))
    for key in wanted:
        if key not in known:
            there = ", ".join(known) or "none yet: 'tidings newsletter add'"
            raise InputError("newsletters", f"no newsletter {key!r}; there are: {there}")
    named = row.get("frequency") or ""
    subscriber = Subscriber(
        id=0,
        email=email_address(row.get("email") or ""),
        name=name,
        language=_language(row.get("language") or "", config),
        timezone=_timezone(row.get("timezone") or config.site.timezone),
        status=_status(row.get("status") or Status.ACTIVE),
        consent_at=_instant(row.get("consent_at") or ""),
        consent_source=markup.clean_line(row.get("consent_source") or ""),
    )
    topics = tuple(_list(row.get("topics")))
    chosen = tuple(
        Subscription(newsletter=key, topics=topics, frequency=frequency(named, known[key]))
        for key in wanted
    )
    unsaid = {field for field in ("name", "timezone") if not row.get(field)}
    if subscriber.consent_at is None and not subscriber.consent_source:
        unsaid |= {"consent_at", "consent_source"}
    return Person(
        subscriber=subscriber,
        unsaid=frozenset(unsaid),
        subscriptions=chosen,
        says_frequency=bool(named),
    )


def frequency(name: str, newsletter: Newsletter) -> str:
    """Return a frequency that a newsletter offers, empty for its own. Raises InputError."""
    found = "" if name == OWN else name
    if found not in newsletter.schedules:
        there = ", ".join([OWN, *newsletter.frequencies])
        raise InputError("frequency", f"no {name!r} in {newsletter.key}; there are: {there}")
    return found


def put(tx: Transaction, wanted: Person) -> Verdict:
    """Add a person or change what is known of them; subscriptions are added, never taken.

    Who left, bounced or complained stays so: a list from elsewhere cannot call them back.
    """
    new = wanted.subscriber
    fields = {name: value for name, value in vars(new).items() if name != "id"}
    before = subscribers.by_email(tx, new.email)
    if before is None:
        subscriber_id = subscribers.add(tx, **fields)
    else:
        subscriber_id = before.id
        kept = wanted.unsaid
        if before.status not in {Status.ACTIVE, Status.PENDING}:
            kept |= {"status"}
        fields |= {name: getattr(before, name) for name in kept}
        subscribers.change(tx, before.id, **fields)
    had = subscribers.subscriptions_of(tx, subscriber_id)
    missing = [entry for entry in _chosen(wanted, had) if entry not in had]
    for entry in missing:
        subscribers.subscribe(tx, subscriber_id, entry)
    if before is None:
        return Verdict.ADDED
    changed = missing or replace(before, **fields) != before
    return Verdict.UPDATED if changed else Verdict.SAME


def _chosen(wanted: Person, had: Iterable[Subscription]) -> list[Subscription]:
    """Return what a row subscribes somebody to; a frequency that it leaves out stays."""
    often = {} if wanted.says_frequency else {entry.newsletter: entry.frequency for entry in had}
    return [
        replace(entry, frequency=often.get(entry.newsletter, entry.frequency))
        for entry in wanted.subscriptions
    ]


def email_address(text: str) -> str:
    """Return an address in the form that it is kept in. Raises InputError.

    The host in lower case and in ASCII (RFC 5891). The part before the @ is left as it is,
    but for case: no mail system of today tells Zoe from zoe, and one person must not get two.
    """
    address = text.strip()
    local, at, host = address.rpartition("@")
    try:
        ascii_host = addresses.ascii_host(host)
    except InputError:
        ascii_host = ""
    printable = local.isascii() and local.isprintable() and not set(local) & set(' "(),:;<>@[\\]')
    dots_right = not (local.startswith(".") or local.endswith(".") or ".." in local)
    if not (at and local and printable and dots_right and _is_host(ascii_host)):
        raise InputError("email", f"{markup.clean_line(text)[:100]!r} is not an e-mail address")
    if len(local) > _MAX_LOCAL or len(local) + len(ascii_host) >= _MAX_EMAIL:
        raise InputError("email", "is longer than an e-mail address can be")
    return f"{local.lower()}@{ascii_host}"


def _is_host(host: str) -> bool:
    labels = host.split(".")
    return len(labels) > 1 and all(
        label.replace("-", "").isalnum() and not label.startswith("-") and not label.endswith("-")
        for label in labels
    )


def _language(text: str, config: Config) -> str:
    try:
        language = languages.tag(text)
    except InputError as error:
        raise InputError("language", str(error)) from error
    if languages.closest(language, config.site.languages) is None:
        there = ", ".join(config.site.languages)
        raise InputError("language", f"nothing is published in {language}; there are: {there}")
    return language


def _timezone(text: str) -> str:
    if text.strip() not in _zones():
        raise InputError("timezone", f"no IANA time zone {text!r}; one is Europe/Brussels")
    return text.strip()


@cache
def _zones() -> frozenset[str]:
    """Return the names of all zones. Kept: they are read from disk, and asked for each row."""
    return frozenset(available_timezones())


def _status(text: str) -> Status:
    if text not in {Status.ACTIVE, Status.PENDING, Status.UNSUBSCRIBED, Status.BOUNCED}:
        choices = "active, pending, unsubscribed or bounced"
        raise InputError("status", f"{text!r} is none of {choices}")
    return Status(text)


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip()) if text.strip() else None
        if found is None:
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        example = "2013-05-22T16:42:10Z"
        raise InputError("consent_at", f"{text!r} is no instant such as {example}") from error


def _list(text: str | None) -> Sequence[str]:
    return [markup.clean_line(part) for part in (text or "").replace(";", " ").split()]
