"""Reading several places at once, and what is remembered of addresses.

What a server says of an address (ETag, Last-Modified) is written down only when all that came
from there has been taken: after a crash, or with a text that was refused, it is read again.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import stated
from publisher.ingest.drafts import Draft, Rejected, Source, Unchanged
from publisher.ingest.response import Response
from publisher.ingest.sources import Told, source_of
from store import fetches
from store.database import Database
from store.records import Fetch

if TYPE_CHECKING:
    from publisher.ingest.fetch import Fetcher

_VALIDATORS = ("etag", "last-modified")
#: The most characters of a validator; a longer one would have to be sent with every question.
_LONGEST = 500


@dataclass(kw_only=True)
class Reading:
    """One place that is read, and what came of it."""

    place: str
    source: Source
    #: Whether it was read to its end, and nothing was refused.
    whole: bool = False
    #: What texts from the web are called, for people.
    names: list[str] = field(default_factory=list)

    @property
    def scope(self) -> str:
        """What the origins of all its texts begin with; empty where it shows a part only."""
        return self.source.scope

    def drafts(self) -> Iterator[Draft | Rejected | Unchanged]:
        """Yield all there is."""
        refused, fetched = False, isinstance(self.source, _Fetched)
        for draft in self.source.drafts():
            refused = refused or isinstance(draft, Rejected)
            self.names += [draft.source] if fetched else []
            yield draft
        self.whole = not refused


@runtime_checkable
class _Fetched(Protocol):
    """A source that was read from one answer of a server."""

    @property
    def response(self) -> Response:
        """The answer."""
        ...

    def is_complete(self) -> bool:
        """Say whether all its texts come from that answer alone."""
        ...


@contextmanager
def opened(
    database: Database, config: Config, places: Sequence[str], language: str = ""
) -> Iterator[list[Reading]]:
    """Give what is to be read at some paths and addresses, for as long as the block lasts.

    ``language`` is that of texts from the web which do not say theirs. An address that cannot
    be fetched is refused among its texts, and stops no other. Raises InputError for a path that
    nobody can read, and a language that the site does not have.
    """
    if language:
        try:
            language = stated.language([language], config.site.languages, "")
        except InputError as error:
            raise InputError("--language", error.reason) from error
    with ExitStack() as stack:
        web = any("://" in place for place in places)
        fetcher = stack.enter_context(_fetcher(database, config)) if web else None
        yield [
            Reading(place=place, source=_source(place, config, fetcher, language))
            for place in places
        ]


def remember(
    database: Database, readings: Sequence[Reading], refused: Iterable[Rejected], *, now: datetime
) -> None:
    """Write down what servers say of the addresses from which everything has been taken.

    ``refused`` is what the intake did not take.
    """
    bad = {rejected.source for rejected in refused}
    with database.write() as tx:
        for reading in readings:
            source = reading.source
            if not isinstance(source, _Fetched) or not source.response.url:
                continue
            taken = reading.whole and source.is_complete() and bad.isdisjoint(reading.names)
            fetch = _fetch(source.response, len(reading.names) if taken else 0, now)
            # What is known already belongs to other bytes than were read now.
            if fetch.etag or fetch.last_modified or fetches.get(tx, fetch.url):
                fetches.put(tx, fetch)


def _source(place: str, config: Config, fetcher: "Fetcher | None", language: str) -> Source:
    try:
        return source_of(place, config, fetcher, language)
    except InputError as error:
        if "://" not in place:
            raise
        reason = error.reason if error.source == place else str(error)
        return Told(told=Rejected(source=place, reason=reason))


def _fetcher(database: Database, config: Config) -> "Fetcher":
    from publisher.ingest.fetch import Fetcher  # noqa: PLC0415  (slow to import)

    def known(url: str) -> Fetch | None:
        with database.read() as tx:
            return fetches.get(tx, url)

    return Fetcher(config, known=known)


def _fetch(answer: Response, texts: int, now: datetime) -> Fetch:
    given = {name: answer.headers.get(name, "") if texts else "" for name in _VALIDATORS}
    # What could not be sent back, or only at length, is none.
    usable = {
        name: value if value.isascii() and len(value) <= _LONGEST else ""
        for name, value in given.items()
    }
    return Fetch(
        url=answer.url,
        etag=usable["etag"],
        last_modified=usable["last-modified"],
        texts=texts,
        fetched=now,
    )
