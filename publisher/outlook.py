r"""What an issue would be now: for whom, what it waits for, and how it looks. Writes nothing.

issue, or a slot that has none --> its gate --> editions as they would be frozen
                                       |            \--> preview
                                       \--> reminders: what must be translated by when
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from publisher import languages, press
from publisher.config import Config
from publisher.editions import Draft
from publisher.errors import InputError
from publisher.issue_states import OPEN
from publisher.issuing import check_items
from publisher.mail import links, senders
from publisher.mail.compiled import message
from publisher.press import Gate
from store import editions, issues, items, newsletters, subscribers, translations
from store.database import Database, Transaction
from store.records import Delivery, DeliveryState, Edition, Group, Issue, IssueState, Translation

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


@dataclass(frozen=True, kw_only=True)
class Preview:
    """An edition as its readers get it."""

    html: str
    text: str
    #: RFC 5322, addressed to the sender.
    message: bytes
    #: Of subject, preheader, HTML and text.
    sha256: str


def look(tx: Transaction, issue: Issue, config: Config, *, now: datetime) -> Outlook:
    """Return what an issue that is not frozen would be now, for those who subscribe now."""
    gate = press.look(tx, issue, newsletters.get(tx, issue.newsletter), config, now=now)
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
            gate = press.look(tx, issue, newsletters.get(tx, issue.newsletter), config, now=now)
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


def preview(
    database: Database,
    config: Config,
    issue_id: int,
    language: str,
    *,
    topics: Sequence[str] = (),
    now: datetime,
) -> Preview:
    """Return an edition as it was frozen, or would be now, for readers of these topics or all.

    Raises NotFoundError, and InputError when there is none, or for what is no language tag.
    """
    language = languages.tag(language)
    with database.read() as tx:
        issue = issues.get(tx, issue_id)
        from_ = senders.sender(newsletters.get(tx, issue.newsletter), language, config)
        edition = _frozen(tx, issue, language, sorted(topics))
        if edition is None and issue.frozen is None:
            reader = Group(language=language, topics=tuple(topics), people=1)
            edition = _drafted(tx, issue, config, reader, now)
    if edition is None:
        of = f" for {', '.join(topics)}" if topics else ""
        raise InputError("language", f"issue {issue_id} holds nothing in {language}{of}")
    sample, public = _sample(edition, config), links.public(config, edition.language)
    mail = message(sample, edition, from_, public, date=issue.dated)
    return Preview(
        html=public.fill_html(edition.html),
        text=public.fill(edition.text),
        message=mail,
        sha256=edition.sha256,
    )


def _frozen(tx: Transaction, issue: Issue, language: str, topics: list[str]) -> Edition | None:
    readers = editions.topics_of(tx, issue.id)
    mine = [each for each in editions.of(tx, issue.id) if each.language == language]
    for edition in mine:
        if topics in readers.get(edition.id, []) or (not topics and edition.variant == 0):
            return edition
    return None


def _drafted(
    tx: Transaction, issue: Issue, config: Config, reader: Group, now: datetime
) -> Edition | None:
    gate = press.look(tx, issue, newsletters.get(tx, issue.newsletter), config, now=now)
    for draft in gate.drafts(tx, [reader]):
        if draft.language == reader.language and reader in draft.groups:
            return Edition(
                id=0,
                issue_id=issue.id,
                **vars(draft.rendered),
                language=draft.language,
                sha256=draft.rendered.sha256,
                items=len(draft.tells),
                variant=draft.variant,
            )
    return None


def _sample(edition: Edition, config: Config) -> Delivery:
    """Return a delivery that nobody gets: to the sender."""
    return Delivery(
        id=0,
        issue_id=edition.issue_id,
        edition_id=edition.id,
        subscriber_id=0,
        state=DeliveryState.QUEUED,
        code=0,
        detail="",
        attempts=0,
        email=config.sender,
        name="",
        language=edition.language,
    )
