r"""Take what sources show into the store.

    source --drafts--> spool --by key--> groups --decide--> new | changed | same --> store
                  \--> rejected: named, and the rest goes on <--/
    scope - shown ------> gone: named, and stays

Taking the same drafts again changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from publisher import characters, languages, markup
from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest.drafts import Draft, Rejected, Source, Unchanged
from publisher.ingest.gone import gone
from publisher.ingest.limits import refuse_unfit
from publisher.ingest.pictures import Pictures
from publisher.ingest.spool import Entry, Spool, grouped
from publisher.ingest.taking import Taken, Taker
from store import entries, items, origins, stale, topics
from store.database import Database, Transaction
from store.records import Place, Topic

#: Items that one transaction takes at most.
BATCH = 100

#: Characters of a reason: what it quotes may be as long as an attacker wants.
MAX_REASON = 400


@dataclass(kw_only=True)
class Outcome:
    """How many texts were what, which could not be taken, and which are gone."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    #: What could not be had of texts that were taken all the same.
    problems: list[Rejected] = field(default_factory=list)
    #: The texts in the store that came from a source which no longer shows them.
    gone: list[Place] = field(default_factory=list)

    def count(self, taken: Taken) -> None:
        """Count what became of an item's texts."""
        for verdict in taken.verdicts:
            setattr(self, verdict, getattr(self, verdict) + 1)
        self.refuse(*taken.rejected)
        self.problems += map(_in_a_line, taken.problems)

    def refuse(self, *rejected: Rejected) -> None:
        """Name what could not be taken, with its reason in one line."""
        self.rejected += map(_in_a_line, rejected)


def _in_a_line(rejected: Rejected) -> Rejected:
    return replace(rejected, reason=_brief(characters.clean_line(rejected.reason)))


def _brief(reason: str) -> str:
    """Return a sentence whose middle is left out where it is long: its end says what to do."""
    half = MAX_REASON // 2
    return reason if len(reason) <= MAX_REASON else f"{reason[:half]} … {reason[-half:]}"


def take_from(
    database: Database,
    config: Config,
    sources: Iterable[Source],
    *,
    now: datetime,
    pictures: Pictures | None = None,
) -> Outcome:
    """Take all that sources show; good texts are in, whatever the others are.

    ``pictures`` reads theirs; without it only those that lie beside files are read.
    What came from there before and is not shown any more is named in the outcome, unless it
    was withdrawn or retracted here. Raises BusyError and StoreError where the store is at
    fault, InputError where there is no room for what was read.
    """
    outcome = Outcome()
    with Spool() as spool:
        # Its scope is what a source says last: one that broke off shows a part only.
        scopes = [source.scope for source in sources if _read(source.drafts(), spool, outcome)]
        taker = _taker(database, config, spool, now, pictures)
        _take_spooled(taker, outcome)
        with database.read() as tx:
            for scope in filter(None, scopes):
                outcome.gone += _gone(tx, scope, spool, outcome)
    return outcome


def take(
    database: Database,
    config: Config,
    drafts: Iterable[Draft | Rejected | Unchanged],
    *,
    now: datetime,
    pictures: Pictures | None = None,
) -> Outcome:
    """Take drafts, as :func:`take_from` does; nothing is asked about what is gone."""
    outcome = Outcome()
    with Spool() as spool:
        _read(drafts, spool, outcome)
        _take_spooled(_taker(database, config, spool, now, pictures), outcome)
    return outcome


def _read(drafts: Iterable[Draft | Rejected | Unchanged], spool: Spool, outcome: Outcome) -> bool:
    """Read drafts to their end; return whether all that there is was shown."""
    whole = True
    for found in drafts:
        if isinstance(found, Rejected):
            outcome.refuse(found)
        elif isinstance(found, Unchanged):
            outcome.same += found.texts
            whole = False
        else:
            try:
                refuse_unfit(found)
            except InputError as error:
                outcome.refuse(_because(error, found))
            else:
                spool.add(found)
    return whole


def _because(error: Exception, draft: Draft | Entry) -> Rejected:
    return Rejected(source=draft.source, reason=str(error), origin=draft.origin)


def _taker(
    database: Database, config: Config, spool: Spool, now: datetime, pictures: Pictures | None
) -> Taker:
    reads = pictures or Pictures()
    return Taker(database=database, config=config, spool=spool, pictures=reads, now=now)


def _take_spooled(taker: Taker, outcome: Outcome) -> None:
    grouping = grouped(taker.spool.index)
    for entry, first in grouping.repeated:
        reason = f"is the same item and language as {first.source}: give one another translationKey"
        outcome.refuse(Rejected(source=entry.source, reason=reason, origin=entry.origin))
    groups = iter(grouping.groups.items())
    while batch := dict(islice(groups, BATCH)):
        for taken in taker.take(batch):
            outcome.count(taken)


def _gone(tx: Transaction, scope: str, spool: Spool, outcome: Outcome) -> list[Place]:
    shown = {(entry.origin, entry.language) for entry in spool.index}
    unread = {rejected.origin or rejected.source for rejected in outcome.rejected}
    return list(gone(origins.below(tx, scope), shown=shown, unread=unread))


def put_topic(database: Database, config: Config, key: str, names: Mapping[str, str]) -> Topic:
    """Make a topic, or name it in more languages; what shows it is written anew.

    Raises InputError.
    """
    if key != markup.slug(key) or not key:
        raise InputError("key", f"{key!r} must be lower-case letters, digits and hyphens")
    for language in names:
        if language not in config.site.languages:
            raise InputError("name", languages.foreign(language, config.site.languages))
    cleaned = {language: characters.clean_line(name) for language, name in names.items()}
    with database.write() as tx:
        topics.put(tx, key, cleaned)
        # Who was on it once still has a place in its feeds, which bear its name.
        shown = {*items.on_topic(tx, key), *entries.on_topic(tx, key)}
        stale.mark_items(tx, shown)
        return next(topic for topic in topics.listing(tx) if topic.key == key)
