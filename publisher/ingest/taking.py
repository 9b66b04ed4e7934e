r"""Take the drafts of items into the store, each item's in one transaction.

    batch --pictures--> one transaction --> done
                        \--trouble--> each item in a transaction of its own --> done, or rejected

Whoever is killed has taken an item whole or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from publisher.config import Config
from publisher.errors import ConflictError, InputError, NotFoundError, StoreError, TidingsError
from publisher.ingest.decide import Decided, Decision, Verdict, decide_all, source_language
from publisher.ingest.drafts import Draft, Rejected, fingerprint
from publisher.ingest.pictures import Pictures
from publisher.ingest.spool import Entry, Spool
from store import items, origins, revisions, stale, topics, translations
from store.database import Database, Transaction
from store.records import Item


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of an item's drafts."""

    verdicts: tuple[Verdict, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    #: What could not be had of drafts that were taken all the same.
    problems: tuple[Rejected, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Taker:
    """Takes what lies in a spool into a store."""

    database: Database
    config: Config
    spool: Spool
    pictures: Pictures
    now: datetime

    def take(self, batch: Mapping[str, Mapping[str, Entry]]) -> list[Taken]:
        """Take items, by key; one that the database refuses is rejected and holds up no other.

        Raises BusyError where waiting is right, StoreError where the database refuses them all.
        """
        found = {key: self._picture(key, group) for key, group in batch.items()}
        try:
            with self.database.write() as tx:
                return [self._take(tx, key, group, found[key]) for key, group in batch.items()]
        except TidingsError:
            # Again, one by one: what another import had in hand is then seen as it is, too.
            return self._one_by_one(batch, found)

    def _one_by_one(
        self, batch: Mapping[str, Mapping[str, Entry]], found: Mapping[str, "_Picture"]
    ) -> list[Taken]:
        taken, refusals = [], []
        for key, group in batch.items():
            try:
                with self.database.write() as tx:
                    taken.append(self._take(tx, key, group, found[key]))
            except (ConflictError, NotFoundError, StoreError) as error:
                refusals += [error] if isinstance(error, StoreError) else []
                taken.append(_refused(group, error))
        if len(refusals) == len(batch) > 1:
            # A disk that is full is no fault of the texts.
            raise refusals[0]
        return taken

    def _take(
        self, tx: Transaction, key: str, group: Mapping[str, Entry], picture: "_Picture"
    ) -> Taken:
        taken = take_item(
            tx, key, self._drafts(group), self.config, now=self.now, picture=picture.sha256
        )
        return replace(taken, problems=picture.problems)

    def _drafts(self, group: Mapping[str, Entry]) -> dict[str, Draft]:
        return {language: self.spool.load(entry) for language, entry in group.items()}

    def _picture(self, key: str, group: Mapping[str, Entry]) -> "_Picture":
        """Read the picture of an item that has not got the one which its draft names."""
        drafts = self._drafts(group)
        if not any(map(self.pictures.can_read, drafts.values())):
            return _Picture()
        with self.database.read() as tx:
            item = _known(tx, key, drafts)
        draft = drafts.get(_first(item, drafts, self.config))
        has_it = item and draft and item.image == draft.image and item.image_sha256
        if draft is None or has_it or not self.pictures.can_read(draft):
            return _Picture()
        try:
            return _Picture(sha256=self.pictures.keep(self.database, draft))
        except InputError as error:
            problem = Rejected(source=draft.source, reason=str(error), origin=draft.origin)
            return _Picture(problems=(problem,))


@dataclass(frozen=True, kw_only=True)
class _Picture:
    """What came of reading the picture of an item, if it was read."""

    sha256: str | None = None
    problems: tuple[Rejected, ...] = ()


def _refused(group: Mapping[str, Entry], error: TidingsError) -> Taken:
    reason = f"the database does not take it: {error}"
    return Taken(
        rejected=tuple(Rejected(source=entry.source, reason=reason) for entry in group.values())
    )


def take_item(
    tx: Transaction,
    key: str,
    group: Mapping[str, Draft],
    config: Config,
    *,
    now: datetime,
    picture: str | None = None,
) -> Taken:
    """Take the drafts of an item, by language; one that is refused changes nothing.

    One that says what it said when it was taken last changes nothing either, whatever was done
    to its text here since. ``picture`` is the digest of the one that was read for them.
    """
    before = _known(tx, key, group)
    first = _first(before, group, config)
    item = before or _add(tx, key, group[first], config, now=now, picture=picture)
    prints = {language: fingerprint(draft) for language, draft in group.items()}
    came_as = origins.fingerprints(tx, item.id)
    news = {tag: draft for tag, draft in group.items() if prints[tag] != came_as.get(tag)}
    decided = _decided(tx, item, news, now=now)
    verdicts = dict.fromkeys(group.keys() - news.keys(), Verdict.SAME)
    verdicts |= {decision.text.language: decision.verdict for decision in decided.decisions}
    for language in verdicts:
        place = {"origin": group[language].origin, "fingerprint": prints[language]}
        origins.came_from(tx, item.id, language, **place)
    if before and first in verdicts:
        about = _about(news[first]) if first in news else {}
        if _change(tx, item, group[first], about, picture) and verdicts[first] is Verdict.SAME:
            # What is said of the item has changed, if not the words of this text.
            verdicts[first] = Verdict.CHANGED
    if set(verdicts.values()) - {Verdict.SAME}:
        items.look(tx, item.id, now)
    return Taken(verdicts=tuple(verdicts.values()), rejected=decided.rejected)


def _decided(tx: Transaction, item: Item, news: Mapping[str, Draft], *, now: datetime) -> Decided:
    """Write what becomes of drafts that say something new; return it."""
    if not news:
        return Decided(decisions=(), rejected=())
    known, marks = translations.of(tx, [item.id])[item.id], revisions.marks(tx, [item.id])[item.id]
    decided = decide_all(news, item, known, marks, now=now)
    for decision in decided.decisions:
        _write(tx, decision)
    return decided


def _known(tx: Transaction, key: str, group: Mapping[str, Draft]) -> Item | None:
    """Return the item that drafts are of: by where they came from, else by their key."""
    places = dict.fromkeys(draft.origin for draft in group.values() if draft.origin)
    found = (items.by_origin(tx, origin) for origin in places)
    return next(filter(None, found), None) or items.by_key(tx, key)


def _first(item: Item | None, group: Mapping[str, Draft], config: Config) -> str:
    """Return the language whose text says what is said of the item."""
    return item.source_language if item else source_language(group, config.site.languages)


def _add(
    tx: Transaction, key: str, draft: Draft, config: Config, *, now: datetime, picture: str | None
) -> Item:
    _name_topics(tx, draft)
    return items.add(
        tx,
        tag_prefix=f"{config.tag}:item",
        key=key,
        source_language=draft.language,
        created=now,
        **_about(draft),
        image_sha256=picture,
    )


def _change(
    tx: Transaction, item: Item, draft: Draft, about: Mapping[str, Any], picture: str | None
) -> bool:
    """Give an item what is said of it, and its picture; return whether any of that is new."""
    kept = item.image_sha256 if item.image == draft.image else None
    wanted = {"topics": item.topics, **about, "image_sha256": picture or kept}
    if all(getattr(item, name) == value for name, value in wanted.items()):
        return False
    _name_topics(tx, draft)
    items.change(tx, item.id, **wanted)
    # No words of it are new, so nothing is told: but what was told shows its topics and picture.
    stale.mark_items(tx, [item.id])
    return True


def _name_topics(tx: Transaction, draft: Draft) -> None:
    names = {key: {draft.language: name} for key, name in sorted(draft.topics.items())}
    topics.add_unnamed(tx, names)


def _about(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "topics": tuple(sorted(draft.topics)),
        "embargo": draft.embargo,
        "url": draft.url,
        "image": draft.image,
    }


def _write(tx: Transaction, decision: Decision) -> None:
    if decision.revised:
        translations.save(tx, decision.text, author="import", note=decision.note)
    elif decision.verdict is Verdict.CHANGED:
        translations.annotate(tx, decision.text)
