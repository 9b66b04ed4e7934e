r"""Take drafts into the store.

    drafts --by key--> groups --decide--> new | changed | same --> items, revisions
                                 \--> rejected: named, and the rest goes on

Taking the same drafts again changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from publisher import markup
from publisher.config import Config
from publisher.errors import InputError
from publisher.freshness import digest
from publisher.ingest.drafts import Draft, Rejected, Source
from publisher.ingest.folder import Folder
from store import items, publications, topics
from store.database import Database, Transaction
from store.records import Change, Item, Text, Topic, Translation, Workflow

#: Items that one transaction takes at most.
BATCH = 100


class Verdict(StrEnum):
    """What a draft is to the store."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


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


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of one text: the record to write, and whether its words are new."""

    verdict: Verdict
    text: Translation
    revised: bool


def source_of(place: str, config: Config) -> Source:
    """Return the source at a path. Raises InputError where none of ours can read it."""
    path = Path(place)
    if "://" in place:
        raise InputError(place, "this version reads files and folders; save the page as one")
    if not path.exists():
        raise InputError(place, "no such file or folder")
    if path.is_file() and path.suffix not in {".md", ".markdown"}:
        raise InputError(place, "not a Markdown file (.md)")
    return Folder(path=path, languages=config.site.languages, zone=config.zone)


def take(
    database: Database, config: Config, drafts: Iterable[Draft | Rejected], *, now: datetime
) -> Outcome:
    """Take drafts into the store; good ones are in, whatever the others are."""
    outcome = Outcome()
    groups = iter(_grouped(drafts, outcome.rejected).items())
    while batch := list(islice(groups, BATCH)):
        with database.write() as tx:
            for key, group in batch:
                for verdict in _take_item(tx, key, group, config, now):
                    outcome.count(verdict)
    return outcome


def _grouped(
    drafts: Iterable[Draft | Rejected], rejected: list[Rejected]
) -> Mapping[str, dict[str, Draft]]:
    groups: dict[str, dict[str, Draft]] = {}
    for draft in drafts:
        if isinstance(draft, Rejected):
            rejected.append(draft)
            continue
        group = groups.setdefault(draft.key, {})
        if draft.language in group:
            first = group[draft.language].source
            reason = f"is the same item and language as {first}: give one another translationKey"
            rejected.append(Rejected(source=draft.source, reason=reason))
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
    for decision in decide_all(group, item, items.texts(tx, [item.id])[item.id], now=now):
        if decision.revised:
            items.save(tx, decision.text, author="import")
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


def decide_all(
    group: Mapping[str, Draft], item: Item, known: Mapping[str, Translation], *, now: datetime
) -> list[Decision]:
    """Decide on the drafts of an item, its source first: the others are made from it. Pure."""
    texts, decisions = dict(known), []
    for draft in sorted(group.values(), key=lambda draft: draft.language != item.source_language):
        decisions.append(decide(draft, item, texts, now=now))
        texts[draft.language] = decisions[-1].text
    return decisions


def source_language(group: Mapping[str, Draft], languages: Sequence[str]) -> str:
    """Return the language that a new item was written in first.

    What its drafts say; else the first of the site's languages that it comes in.
    """
    stated = [draft.source_language for draft in group.values() if draft.source_language in group]
    return next(filter(None, stated), None) or next(tag for tag in languages if tag in group)


def decide(
    draft: Draft, item: Item, known: Mapping[str, Translation], *, now: datetime
) -> Decision:
    """Decide what a draft is to the text that the store has. Pure."""
    before = known.get(draft.language)
    fingerprint = digest(draft.words)
    revised = before is None or draft.words != words_of(before)
    text = Translation(
        **vars(draft.words),
        item_id=item.id,
        language=draft.language,
        dated=draft.dated,
        workflow=_workflow(draft, before, revised=revised),
        digest=fingerprint,
        source_digest=_made_from(draft, item, known, fingerprint),
        revision=1 if before is None else before.revision + revised,
        change=(Change.NEW if before is None else draft.change if revised else before.change),
        updated=before.updated if before and not revised else now,
    )
    if before is None:
        return Decision(verdict=Verdict.NEW, text=text, revised=True)
    verdict = Verdict.SAME if text == before else Verdict.CHANGED
    return Decision(verdict=verdict, text=text, revised=revised)


def words_of(text: Translation) -> Text:
    """Return the words of a text without what stands beside them."""
    return Text(**{name: getattr(text, name) for name in Text.__dataclass_fields__})


def _workflow(draft: Draft, before: Translation | None, *, revised: bool) -> Workflow:
    if draft.workflow:
        return draft.workflow
    # Who changes an approved text and does not say it is approved has it reviewed again.
    return Workflow.IN_REVIEW if before is None or revised else before.workflow


def _made_from(draft: Draft, item: Item, known: Mapping[str, Translation], fingerprint: str) -> str:
    """Return the digest of the source text that a draft was made from.

    A translator who changes the words is taken to have read the source as it stands, unless
    the draft says which it was made from; untouched words keep what they were made from.
    """
    if draft.language == item.source_language:
        return fingerprint
    if draft.source_digest:
        return draft.source_digest
    before, source = known.get(draft.language), known.get(item.source_language)
    if before is not None and before.digest == fingerprint:
        return before.source_digest
    return source.digest if source else ""


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
