r"""Take drafts into the store.

    drafts --by key--> groups --decide--> new | changed | same --> items, revisions
                                 \--> rejected: named, and the rest goes on

Taking the same drafts again changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from publisher import markup
from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest.decide import Verdict, decide_all, source_language
from publisher.ingest.drafts import Draft, Rejected, Unchanged
from store import items, publications, topics
from store.database import Database, Transaction
from store.records import Item, Topic

#: Items that one transaction takes at most.
BATCH = 100


@dataclass(kw_only=True)
class Outcome:
    """How many texts were what, and which could not be taken."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def count(self, verdict: Verdict) -> None:
        """Count one text."""
        setattr(self, verdict, getattr(self, verdict) + 1)


def take(
    database: Database,
    config: Config,
    drafts: Iterable[Draft | Rejected | Unchanged],
    *,
    now: datetime,
) -> Outcome:
    """Take drafts into the store; good ones are in, whatever the others are."""
    outcome = Outcome()
    groups = iter(_grouped(drafts, outcome).items())
    while batch := list(islice(groups, BATCH)):
        with database.write() as tx:
            for key, group in batch:
                for verdict in _take_item(tx, key, group, config, now):
                    outcome.count(verdict)
    return outcome


def _grouped(
    drafts: Iterable[Draft | Rejected | Unchanged], outcome: Outcome
) -> Mapping[str, dict[str, Draft]]:
    groups: dict[str, dict[str, Draft]] = {}
    for draft in drafts:
        if isinstance(draft, Rejected):
            outcome.rejected.append(draft)
            continue
        if isinstance(draft, Unchanged):
            outcome.same += draft.texts
            continue
        group = groups.setdefault(draft.key, {})
        if draft.language in group:
            first = group[draft.language].source
            reason = f"is the same item and language as {first}: give one another translationKey"
            outcome.rejected.append(Rejected(source=draft.source, reason=reason))
        else:
            group[draft.language] = draft
    return _joined_by_slug(groups)


def _joined_by_slug(groups: Mapping[str, dict[str, Draft]]) -> Mapping[str, dict[str, Draft]]:
    """Join texts that stand apart, each alone in its group, but bear the same slug. Pure."""
    joined: dict[str, dict[str, Draft]] = {}
    first_of: dict[str, str] = {}
    for key, group in groups.items():
        slug = next(iter(group.values())).slug if len(group) == 1 else ""
        first = joined.get(first_of.get(slug, ""))
        if slug and first is not None and not first.keys() & group.keys():
            first.update(group)
        else:
            joined[key] = dict(group)
            if slug:
                first_of.setdefault(slug, key)
    return joined


def _take_item(
    tx: Transaction, key: str, group: Mapping[str, Draft], config: Config, now: datetime
) -> list[Verdict]:
    item = _known(tx, key, group)
    language = item.source_language if item else source_language(group, config.site.languages)
    leading = group.get(language)
    if leading:
        topics.add_unnamed(tx, {k: {language: name} for k, name in leading.topics.items()})
    touched = _change(tx, item, leading) if item and leading else False
    item = item or _add(tx, key, group[language], config, now)
    verdicts = []
    known, marks = items.texts(tx, [item.id])[item.id], items.marks(tx, [item.id])[item.id]
    for decision in decide_all(group, item, known, marks, now=now):
        if decision.revised:
            items.save(tx, decision.text, author="import", note=decision.note)
        elif decision.verdict is Verdict.CHANGED:
            items.annotate(tx, decision.text)
        items.came_from(tx, item.id, decision.text.language, group[decision.text.language].origin)
        verdicts.append(decision.verdict)
    if touched and verdicts[0] is Verdict.SAME:
        verdicts[0] = Verdict.CHANGED
    if set(verdicts) != {Verdict.SAME}:
        items.look(tx, item.id, now)
    return verdicts


def _known(tx: Transaction, key: str, group: Mapping[str, Draft]) -> Item | None:
    """Return the item that drafts are of: by where they came from, else by their key."""
    origins = (draft.origin for draft in group.values() if draft.origin)
    found = (items.by_origin(tx, origin) for origin in origins)
    return next(filter(None, found), None) or items.by_key(tx, key)


def _add(tx: Transaction, key: str, draft: Draft, config: Config, now: datetime) -> Item:
    return items.add(
        tx,
        tag_prefix=f"{config.tag}:item",
        key=key,
        source_language=draft.language,
        created=now,
        **_about(draft),
    )


def _change(tx: Transaction, item: Item, draft: Draft) -> bool:
    """Give an item what its source text's draft says of it; return whether that is new."""
    about = _about(draft)
    if all(getattr(item, name) == value for name, value in about.items()):
        return False
    items.change(tx, item.id, **about)
    return True


def _about(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "topics": tuple(sorted(draft.topics)),
        "embargo": draft.embargo,
        "url": draft.url,
        "image": draft.image,
    }


def put_topic(database: Database, config: Config, key: str, names: Mapping[str, str]) -> Topic:
    """Make a topic, or name it in more languages; what shows it is written anew.

    Raises InputError.
    """
    if key != markup.slug(key) or not key:
        raise InputError("key", f"{key!r} must be lower-case letters, digits and hyphens")
    for language in names:
        if language not in config.site.languages:
            there = ", ".join(config.site.languages)
            raise InputError("name", f"{language} is not a language of this site ({there})")
    cleaned = {language: markup.clean_line(name) for language, name in names.items()}
    with database.write() as tx:
        topics.put(tx, key, cleaned)
        publications.mark_stale(tx, items.on_topic(tx, key))
        return next(topic for topic in topics.listing(tx) if topic.key == key)
