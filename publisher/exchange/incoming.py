r"""What comes back from translators becomes revisions, for reviewers to approve.

    file --read--> returned --beside its sheet--> work --judge--> new | changed | same
       \--> rejected              somebody else's change --> conflict     (nothing written)

What is not finished becomes a draft that counts as outdated: whoever approves it by mistake
lets nothing out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from publisher import languages
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.exchange import files, po, xliff
from publisher.exchange.basis import Case, cases, sheet_of
from publisher.exchange.returned import Returned, Work, keeps, work
from publisher.exchange.sheet import Sheet
from publisher.exchange.ticket import AGAIN, Ticket, refuse_other_languages
from publisher.exchange.verdict import judge, moved
from publisher.freshness import Freshness, freshness
from publisher.ingest.decide import Decision, Verdict
from publisher.ingest.drafts import Rejected
from store import items, revisions, translations
from store.database import Database, Transaction

_FORMS: Mapping[str, Callable[[str], list[Returned]]] = {
    ".xlf": xliff.read,
    ".xliff": xliff.read,
    ".po": po.read,
}
_AUTHOR = "translation import"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What there is to say of a translation."""

    source: str
    item: int
    language: str
    reason: str


@dataclass(kw_only=True)
class Outcome:
    """How many translations were what, and what there is to say of them."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    #: Not taken: somebody else has changed the text meanwhile.
    conflicts: list[Told] = field(default_factory=list)
    #: Taken, but the source has moved on.
    outdated: list[Told] = field(default_factory=list)
    #: Taken as a draft: not finished.
    incomplete: list[Told] = field(default_factory=list)

    def count(self, verdict: Verdict) -> None:
        """Count one translation."""
        setattr(self, verdict, getattr(self, verdict) + 1)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A translation that came back, beside what it was made of."""

    source: str
    returned: Returned
    case: Case
    sheet: Sheet
    done: Work

    @property
    def ticket(self) -> Ticket:
        """Which texts it was made of."""
        return self.returned.ticket

    def told(self, reason: str) -> Told:
        """Return a sentence about it."""
        language = self.ticket.target_language
        return Told(source=self.source, item=self.case.item.id, language=language, reason=reason)


def take(
    database: Database, config: Config, paths: Iterable[Path], *, now: datetime, force: bool = False
) -> Outcome:
    """Take files back; good ones are in, whatever the others are.

    ``force`` takes what somebody else has changed meanwhile, as one revision more.
    """
    outcome = Outcome()
    for path in paths:
        for returned in _read(path, outcome):
            try:
                with database.write() as tx:
                    delivery = _open(tx, config, returned, str(path))
                    _take(tx, delivery, outcome, now=now, force=force)
            except InputError as error:
                outcome.rejected.append(Rejected(source=str(path), reason=str(error)))
    return outcome


def _read(path: Path, outcome: Outcome) -> list[Returned]:
    form = _FORMS.get(path.suffix.lower())
    try:
        if form is None:
            raise InputError("file", f"is none of {', '.join(_FORMS)}")
        return form(files.read(path))
    except InputError as error:
        outcome.rejected.append(Rejected(source=str(path), reason=str(error)))
        return []


def _open(tx: Transaction, config: Config, returned: Returned, source: str) -> Delivery:
    """Lay what came back beside what went out. Raises InputError where they do not match."""
    ticket = returned.ticket
    item = items.by_tag(tx, ticket.item)
    if item is None:
        raise InputError("item", f"{ticket.item[:200]!r} is none of this site; {AGAIN}")
    (case,) = cases(tx, [item])
    _refuse_languages(case, returned, config)
    sheet = sheet_of(tx, item, ticket)
    done = work(sheet, returned.answers)
    return Delivery(source=source, returned=returned, case=case, sheet=sheet, done=done)


def _refuse_languages(case: Case, returned: Returned, config: Config) -> None:
    source, target = returned.ticket.source_language, returned.ticket.target_language
    if target not in config.site.languages:
        reason = languages.foreign(repr(target), config.site.languages)
        raise InputError("target-language", reason)
    if target == case.item.source_language:
        reason = f"the item was written in {target}: 'tidings item correct' changes that text"
        raise InputError("target-language", reason)
    if source not in case.texts:
        raise InputError("source-language", f"item {case.item.id} has no text in {source!r}")
    refuse_other_languages(returned.ticket, returned.source_language, returned.target_language)


def _take(
    tx: Transaction, delivery: Delivery, outcome: Outcome, *, now: datetime, force: bool
) -> None:
    case, ticket, done = delivery.case, delivery.ticket, delivery.done
    marks = revisions.marks(tx, [case.item.id])[case.item.id]
    decision = judge(case, marks, ticket, done, source=delivery.source, now=now)
    if decision and not force and _loses(delivery, decision):
        outcome.conflicts.append(delivery.told(_conflict(delivery)))
        return
    if decision:
        try:
            _save(tx, decision, now=now)
        except ConflictError as error:
            outcome.conflicts.append(delivery.told(str(error)))
            return
    outcome.count(decision.verdict if decision else Verdict.SAME)
    _report(delivery, decision, outcome)


def _save(tx: Transaction, decision: Decision, *, now: datetime) -> None:
    """Write a translation. Raises ConflictError when somebody else did in between."""
    if decision.revised:
        translations.save(tx, decision.text, author=_AUTHOR)
    else:
        translations.annotate(tx, decision.text)
    items.look(tx, decision.text.item_id, now)


def _loses(delivery: Delivery, decision: Decision) -> bool:
    """Say whether a translation would replace what somebody else has saved meanwhile."""
    present = delivery.case.texts.get(delivery.ticket.target_language)
    if present is None or not decision.revised or not moved(delivery.case, delivery.ticket):
        return False
    return not keeps(delivery.sheet, delivery.returned.answers, present)


def _conflict(delivery: Delivery) -> str:
    ticket = delivery.ticket
    present = delivery.case.texts[ticket.target_language]
    return (
        f"somebody else has changed the text: it is at revision {present.revision}, and was at "
        f"{ticket.target_revision} when the file was exported; export it again, or import with "
        f"--force (revision {present.revision} is kept, and this becomes the next)"
    )


def _report(delivery: Delivery, decision: Decision | None, outcome: Outcome) -> None:
    done, case, ticket = delivery.done, delivery.case, delivery.ticket
    if done.touched and done.left:
        count, total = len(done.left), len(delivery.sheet.units)
        units = ", ".join(done.left[:5]) + (", ..." if count > 5 else "")  # noqa: PLR2004
        reason = f"{count} of {total} units are not translated yet: {units}"
        outcome.incomplete.append(delivery.told(reason))
    elif decision:
        texts = {**case.texts, ticket.target_language: decision.text}
        if freshness(case.item, texts, ticket.target_language) is Freshness.OUTDATED:
            source = case.texts[ticket.source_language]
            reason = (
                f"the text in {source.language} has changed since the file was exported "
                f"(revision {ticket.source_revision}, now {source.revision}): export it again"
            )
            outcome.outdated.append(delivery.told(reason))
