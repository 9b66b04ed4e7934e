"""What rows of the ledger tell their audiences, read from the store."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from publisher import addresses
from publisher.config import Config
from publisher.policy import Fired
from publisher.story import Correction, Story, Translation, tell
from store import images, items, publications, revisions, topics
from store.database import Transaction
from store.records import FEED, Change, Mark, Publication

#: An item's id, and the language of those who read it.
Audience = tuple[int, str]

#: What audiences were told last: the row of the ledger, and what it tells.
Told = Mapping[Audience, tuple[Publication, Story]]


def tell_all(tx: Transaction, rows: Sequence[Publication], config: Config) -> list[Story]:
    """Return what rows of the ledger tell their audiences, in their order."""
    tellings = publications.tellings(tx, {row.item_id for row in rows}, FEED)
    return _tell_all(tx, rows, tellings, config)


def tell_last(tx: Transaction, audiences: Collection[Audience], config: Config) -> Told:
    """Return what these audiences were told last in feeds, with the rows of the ledger."""
    tellings = publications.tellings(tx, {item_id for item_id, _ in audiences}, FEED)
    last = {(row.item_id, row.language): row for row in tellings}
    rows = [last[audience] for audience in audiences]
    stories = _tell_all(tx, rows, tellings, config)
    return dict(zip(audiences, zip(rows, stories, strict=True), strict=True))


def paths(tx: Transaction, rows: Sequence[Publication]) -> list[str]:
    """Return the paths of the pages that rows of the ledger lead to, in their order."""
    slugs = revisions.slugs(tx, {_revision(row) for row in rows})
    return [addresses.item(row.language, row.item_id, slugs[_revision(row)]) for row in rows]


def _tell_all(
    tx: Transaction,
    rows: Sequence[Publication],
    tellings: Sequence[Publication],
    config: Config,
) -> list[Story]:
    """Return what rows tell; ``tellings`` is all that was ever told of their items."""
    known = items.many(tx, {row.item_id for row in rows})
    versions = _versions(tellings, config.site.languages)
    words = revisions.words(tx, {_revision(row) for row in chain(rows, versions)})
    names = {topic.key: topic for topic in topics.listing(tx)}
    pictures = images.many(tx, [item.image_sha256 for item in known.values()])
    corrections = _corrections(tx, tellings)
    translations = defaultdict(list)
    for row in versions:
        path = addresses.item(row.language, row.item_id, words[_revision(row)].slug)
        translations[row.item_id].append(Translation(language=row.language, path=path))
    return [
        tell(
            row,
            known[row.item_id],
            words[_revision(row)],
            topics=names,
            config=config,
            corrections=corrections.get((row.item_id, row.language), ()),
            translations=translations[row.item_id],
            image=pictures.get(known[row.item_id].image_sha256 or ""),
        )
        for row in rows
    ]


def _revision(row: Publication) -> tuple[int, str, int]:
    return row.item_id, row.shown_language, row.revision


def _versions(tellings: Sequence[Publication], site: Sequence[str]) -> list[Publication]:
    """Return what was told last in each language of a site in its own words, and is not gone."""
    last = {(row.item_id, row.language): row for row in tellings}
    there = [
        row
        for row in last.values()
        if row.language in site and row.shown_language == row.language and not row.is_gone
    ]
    return sorted(there, key=lambda row: (row.item_id, site.index(row.language)))


def _corrections(
    tx: Transaction, tellings: Sequence[Publication]
) -> dict[tuple[int, str], list[Correction]]:
    """Return what the feeds told of corrections, by item and audience, newest first."""
    corrected = [
        # That the source was corrected is said only as long as the text is not.
        (before, row)
        for before, row in _followed(tellings)
        if row.change is Change.CORRECTION and row.rule != Fired.SOURCE_CORRECTED
    ]
    marks = revisions.marks(tx, {row.item_id for _, row in corrected})
    found: dict[tuple[int, str], list[Correction]] = defaultdict(list)
    for before, row in reversed(corrected):
        found[row.item_id, row.language].append(
            Correction(
                date=row.told,
                note=correction_note(marks[row.item_id], before, row),
                language=row.shown_language,
            )
        )
    return found


def _followed(rows: Sequence[Publication]) -> Iterator[tuple[Publication, Publication]]:
    """Yield each telling but the first with what its audience was told before it."""
    last: dict[tuple[int, str], Publication] = {}
    for row in rows:
        audience = (row.item_id, row.language)
        if audience in last:
            yield last[audience], row
        last[audience] = row


def correction_note(marks: Sequence[Mark], before: Publication, row: Publication) -> str:
    """Return what was said of the corrections that lie between two tellings of a text. Pure."""
    if before.shown_language != row.shown_language:
        return ""
    notes = [
        mark.note
        for mark in marks
        if mark.language == row.shown_language
        and before.revision < mark.number <= row.revision
        and mark.change is Change.CORRECTION
    ]
    return " ".join(filter(None, notes))
