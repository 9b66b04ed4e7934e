r"""What an issue would be now: for whom, and what it waits for. Writes nothing.

issue, or a slot that has none --> its gate --> editions as they would be frozen
                                       \--> reminders: what must be translated by when
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from publisher import gating
from publisher.config import Config
from publisher.editions import Draft
from publisher.gating import Gate
from publisher.issue_states import OPEN
from publisher.issuing import check_items
from store import issues, items, newsletters, subscribers, translations
from store.database import Database, Transaction
from store.records import Issue, IssueState, Translation

#: Within it, a weekday names one day.
_WEEK = timedelta(days=6)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """An issue as it would be frozen now."""

    gate: Gate
    drafts: Sequence[Draft]
    #: A sentence for each thing that it waits for.
    waits_for: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """A text that an issue waits for, or will."""

    language: str
    item: int
    #: In the language of its source.
    title: str
    reason: str
    newsletter: str
    #: For who chose which frequency; empty: the newsletter's own schedule.
    frequency: str
    #: When the issue is to go out.
    slot: datetime
    #: Until when it waits after that; None for as long as it takes.
    until: datetime | None


def look(tx: Transaction, issue: Issue, config: Config, *, now: datetime) -> Outlook:
    """Return what an issue that is not frozen would be now, for those who subscribe now."""
    gate = gating.look(tx, issue, newsletters.get(tx, issue.newsletter), config, now=now)
    made = gate.drafts(tx, subscribers.groups(tx, issue.newsletter, issue.frequency, now=now))
    return Outlook(gate=gate, drafts=made, waits_for=_waits_for(tx, gate))


def dry_run(
    database: Database,
    config: Config,
    key: str,
    slot: datetime,
    *,
    frequency: str = "",
    chosen: Sequence[int] | None,
    now: datetime,
) -> Outlook:
    """Return what the issue of a slot would be now, whether it is planned or not.

    For those who get the newsletter at a frequency that it has.

    Raises NotFoundError and InputError.
    """
    with database.read() as tx:
        newsletter = newsletters.get(tx, key)
        if chosen is not None:
            check_items(tx, newsletter, chosen, frequency=frequency)
        wanted = _unplanned(key, frequency, slot, chosen)
        for issue in issues.listing(tx, states=OPEN):
            if chosen is None and _place(issue) == _place(wanted):
                wanted = issue
        return look(tx, wanted, config, now=now)


def _place(issue: Issue) -> tuple[str, str, datetime]:
    """Return what an issue is unique by."""
    return issue.newsletter, issue.frequency, issue.slot


def _unplanned(key: str, frequency: str, slot: datetime, chosen: Sequence[int] | None) -> Issue:
    return Issue(
        id=0,
        newsletter=key,
        frequency=frequency,
        slot=slot,
        state=IssueState.PLANNED,
        blocking=(),
        frozen=None,
        corrects=None,
        items=None if chosen is None else tuple(chosen),
    )


def reminders(
    database: Database,
    config: Config,
    coming: Mapping[tuple[str, str], datetime],
    *,
    now: datetime,
) -> list[Reminder]:
    """Return what must be translated, by language and what is wanted first.

    For the issues that are open, and for those of the slots that are ``coming``, by newsletter
    and frequency.
    """
    found = []
    with database.read() as tx:
        wanted = issues.listing(tx, states=OPEN)
        planned = {_place(issue) for issue in wanted}
        unplanned = [_unplanned(*key, slot, None) for key, slot in coming.items()]
        wanted += [issue for issue in unplanned if _place(issue) not in planned]
        for issue in wanted:
            gate = gating.look(tx, issue, newsletters.get(tx, issue.newsletter), config, now=now)
            names = titles(tx, [entry.item for entry in gate.blocking])
            found += [
                Reminder(
                    language=entry.language,
                    item=entry.item,
                    title=names[entry.item],
                    reason=entry.reason,
                    newsletter=issue.newsletter,
                    frequency=issue.frequency,
                    slot=issue.slot,
                    until=entry.until,
                )
                for entry in gate.blocking
            ]
    return sorted(found, key=lambda each: (each.language, each.slot, each.newsletter, each.item))


def _waits_for(tx: Transaction, gate: Gate) -> list[str]:
    """Say what an issue waits for, in the time of its newsletter."""
    names = titles(tx, [entry.item for entry in gate.blocking])
    zone = ZoneInfo(gate.newsletter.timezone)
    texts = [
        f"{names[entry.item]} in {entry.language}, {entry.reason}"
        + (f", until {_moment(entry.until.astimezone(zone), gate.now)}" if entry.until else "")
        for entry in gate.blocking
    ]
    return texts + [
        f"approval in {consent.language} by somebody else than {', '.join(consent.authors)}"
        for consent in gate.consents
        if not consent.approval
    ]


def _moment(local: datetime, now: datetime) -> str:
    """Return an instant as people say it: its weekday, and its date where that is not clear."""
    day = "%a" if local - now < _WEEK else "%a %Y-%m-%d"
    return f"{local:{day} %H:%M}"


def titles(tx: Transaction, ids: Sequence[int]) -> dict[int, str]:
    """Return the titles of items in the languages of their sources."""
    known, texts = items.many(tx, ids), translations.of(tx, ids)
    return {
        item_id: _title(texts[item_id], item.source_language) for item_id, item in known.items()
    }


def _title(texts: Mapping[str, Translation], source: str) -> str:
    text = texts.get(source) or next(iter(texts.values()), None)
    return text.title if text else ""
