"""The records that the store hands out: frozen values, instants aware and in UTC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

#: The channel of feeds and public pages in the ledger.
FEED = "feed"


#: What the frequency of who chose none is called where a name is wanted.
OWN = "default"


def newsletter_channel(key: str, frequency: str = "") -> str:
    """Return the ledger's name for who gets newsletter ``key`` at a frequency.

    Each is told for itself what it has not had.
    """
    return f"newsletter:{key}/{frequency}" if frequency else f"newsletter:{key}"


def topic_key(topics: Iterable[str]) -> str:
    """Return a set of topics as one word, equal for equal sets. No topic key has a space."""
    return " ".join(sorted(set(topics)))


class Kind(StrEnum):
    """What sort of news an item is."""

    PROJECT = "project"
    STATEMENT = "statement"
    MESSAGE = "message"
    NEWS = "news"
    EVENT = "event"
    PUBLICATION = "publication"


class Workflow(StrEnum):
    """How far the people have come with a text."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class Change(StrEnum):
    """What a new revision means to those who read the one before."""

    NEW = "new"
    #: Silent, for readers and for translators: what was made from it stays current.
    MINOR = "minor"
    #: Silent for readers; translators have to look.
    EDIT = "edit"
    #: Readers must know.
    CORRECTION = "correction"
    #: The text is taken back: its words are the notice that says so.
    RETRACTION = "retraction"
    #: Only in the ledger: nothing is shown to this audience any more.
    WITHDRAWAL = "withdrawal"


class Freshness(StrEnum):
    """How a text stands to the source text of its item; computed, never stored."""

    MISSING = "missing"
    CURRENT = "current"
    OUTDATED = "outdated"


class Missing(StrEnum):
    """What a policy does in a language where an item is not ready."""

    HOLD = "hold"
    SKIP = "skip"
    FALLBACK = "fallback"


class UnknownRule(StrEnum):
    """What becomes of a mail that nobody can say of whether a relay has it."""

    #: A relay that can be asked is asked; without one it is held.
    ASK = "ask"
    #: A person has to say.
    HOLD = "hold"
    #: It is sent again, even if somebody then gets it twice.
    RETRY = "retry"


class IssueState(StrEnum):
    """Where an issue stands; the ways between are drawn in :mod:`publisher.issue_states`."""

    PLANNED = "planned"
    AWAITING_TRANSLATIONS = "awaiting_translations"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class DeliveryState(StrEnum):
    """Where one mail to one person stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    POSTPONED = "postponed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Status(StrEnum):
    """Whether a subscriber may be written to: only when ``active``."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The words of an item in one language."""

    title: str
    #: Plain text, one or two sentences.
    summary: str
    #: CommonMark.
    body: str
    #: The text's name in addresses: lower-case letters, digits and hyphens of any script.
    slug: str
    #: What the item's image shows, for those who do not see it.
    image_alt: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """One piece of news. Its id and tag never change."""

    id: int
    #: What its texts share at the source (``translationKey``, path or slug): unique.
    key: str
    kind: Kind
    #: Topic keys, sorted.
    topics: tuple[str, ...]
    source_language: str
    #: Before this instant the item is nowhere to be seen.
    embargo: datetime | None
    #: The canonical address, where the item was published elsewhere first.
    url: str | None
    #: Where its picture was at the source.
    image: str | None
    #: RFC 4151 tag URI without its language, minted once.
    tag: str
    created: datetime
    #: The picture itself, by its bytes, where it could be read.
    image_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture as it is published, without its bytes."""

    #: Of its bytes.
    sha256: str
    #: The end of its file's name, such as ``jpg``.
    suffix: str
    #: In points.
    width: int
    height: int
    #: In bytes.
    length: int


@dataclass(frozen=True, kw_only=True)
class Translation(Text):
    """An item's text in one language as it stands now; the source text is one too."""

    item_id: int
    language: str
    #: The date the text itself bears, if any.
    dated: datetime | None
    workflow: Workflow
    #: Digest of this text (:func:`publisher.freshness.digest`).
    digest: str
    #: Digest of the text that this one was made from, as it was then.
    source_digest: str
    #: The language of that text: not always the source's (relay translation).
    made_from: str
    #: Number of the newest revision, from 1.
    revision: int
    #: What the newest revision means to readers of the one before.
    change: Change
    updated: datetime
    #: When it was approved, None while it is not.
    approved: datetime | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a text came from."""

    item_id: int
    language: str
    title: str
    #: The place without its language: a path or an address.
    origin: str


@dataclass(frozen=True, kw_only=True)
class Stand:
    """How an item stands in a language."""

    item_id: int
    language: str
    freshness: Freshness


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How the items stand in a language, counted: ``missing + outdated + current == items``."""

    language: str
    items: int
    missing: int
    outdated: int
    current: int


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What the readers of a language's feeds and pages see: how many items, and which way."""

    language: str
    published: int
    #: Of those, how many in another language.
    fallbacks: int


@dataclass(frozen=True, kw_only=True)
class Lag:
    """When an item was first told in a language, and when in the language of its source."""

    language: str
    told: datetime
    source_told: datetime


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is remembered of a saved revision beside its words."""

    item_id: int
    language: str
    number: int
    digest: str
    author: str
    change: Change
    #: What a correction corrects, in the language of the text; empty where nobody said.
    note: str
    saved: datetime


@dataclass(frozen=True, kw_only=True)
class FeedEntry:
    """The place of an item in a feed. It is given once, and never another item's."""

    language: str
    #: Empty in the feed of all news of the language.
    topic: str
    #: From 1, in the order in which readers were told.
    ordinal: int
    item_id: int


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A row of the ledger: this item was told to this audience, in this language and revision."""

    item_id: int
    #: The audience's language.
    language: str
    channel: str
    #: 1 for the first time, 2 when it was told anew (corrected, or no longer a fallback).
    telling: int
    #: The language of the text that was shown.
    shown_language: str
    revision: int
    #: The newest revision of the source text at that time.
    source_revision: int
    #: Which rule let it out: one of :class:`publisher.policy.Fired`.
    rule: str
    change: Change
    #: When it was told.
    told: datetime
    #: The date that readers see; never moves.
    published: datetime
    #: Moves when readers must look again.
    updated: datetime
    issue_id: int | None

    @property
    def is_gone(self) -> bool:
        """Whether the text is no longer shown: taken back, with a notice or without."""
        return self.change in {Change.RETRACTION, Change.WITHDRAWAL}


@dataclass(frozen=True, kw_only=True)
class Hold:
    """An item that waits in a language, why, and until when (``None``: until somebody acts)."""

    item_id: int
    language: str
    until: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A subject of the house with its name in each language."""

    key: str
    names: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Newsletter:
    """A recurring mailing."""

    key: str
    #: Its title in each language.
    names: Mapping[str, str]
    languages: tuple[str, ...]
    #: Topic keys; empty means all.
    topics: tuple[str, ...]
    #: When it goes out: a sentence (:mod:`publisher.schedules`) or a cron expression.
    schedule: str
    #: The IANA zone that the schedule is meant in.
    timezone: str
    #: What happens where an item is not ready: rules as sentences (:mod:`publisher.policy`),
    #: by language; ``*`` stands for all others.
    rules: Mapping[str, str]
    #: Items that entered the store before are not its business, nor slots.
    since: datetime
    #: Who it comes from, as ``Name <address>``, by language; ``*`` stands for all others.
    senders: Mapping[str, str] = field(default_factory=dict)
    #: Who answers to it go to, likewise.
    replies: Mapping[str, str] = field(default_factory=dict)
    #: The folder of ``templates/email`` that its editions are made by.
    template: str = "digest"
    #: Whether each language of an issue waits for somebody else than the authors to approve it.
    approval: bool = False
    #: The schedules of the other frequencies that it is offered at, by their names.
    frequencies: Mapping[str, str] = field(default_factory=dict)
    #: In a language with fewer items an issue has no edition; they stay for the next.
    minimum: int = 1
    #: When its mail may go out: sentences (:mod:`publisher.windows`) by language of the
    #: edition; ``*`` stands for all others.
    windows: Mapping[str, str] = field(default_factory=dict)
    #: What becomes of its mails that nobody can say of.
    unknown: UnknownRule = UnknownRule.ASK

    def window(self, language: str) -> str | None:
        """Return when mail in a language may go out; None: at any time."""
        return self.windows.get(language) or self.windows.get("*")

    @property
    def schedules(self) -> Mapping[str, str]:
        """Every frequency with its schedule; the one for who chose none has an empty name."""
        return {"": self.schedule, **self.frequencies}


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """What an issue waits for."""

    item: int
    language: str
    reason: str
    #: When it waits no longer; None: until somebody acts.
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Words:
    """What somebody wrote for an issue in a language; what is empty, Tidings writes."""

    subject: str = ""
    preheader: str = ""
    #: CommonMark, above the items.
    intro: str = ""
    #: Who wrote them last; no one's when nobody did.
    author: str = ""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One number of a newsletter; unique by (newsletter, frequency, slot)."""

    id: int
    newsletter: str
    slot: datetime
    state: IssueState
    blocking: tuple[Blocking, ...]
    #: When the editions were frozen: the Date of its mails.
    frozen: datetime | None
    #: The item that it corrects, for those who had the wrong text; None for a regular issue.
    corrects: int | None
    #: For who chose which frequency; empty: the newsletter's own schedule.
    frequency: str = ""
    #: Whether somebody planned it, not the schedule.
    by_hand: bool = False
    #: The items that somebody chose, in their order; None where it takes all that is new.
    items: tuple[int, ...] | None = None
    #: By language.
    words: Mapping[str, Words] = field(default_factory=dict)
    #: Not to be sent before; None for as soon as it is frozen.
    send_at: datetime | None = None

    @property
    def dated(self) -> datetime:
        """The Date of its mails: when it was frozen, or was to be sent after that."""
        frozen = self.frozen or self.slot
        return max(frozen, self.send_at) if self.send_at else frozen


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody has approved exactly this content of an issue in a language."""

    language: str
    #: :attr:`publisher.mail.edition.Rendered.sha256` of what they saw.
    digest: str
    approved_by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Edition:
    """An issue in one language, for readers of some topics, frozen and kept for ever."""

    id: int
    issue_id: int
    language: str
    subject: str
    preheader: str
    html: str
    text: str
    #: SHA-256 over the four above, in hexadecimal.
    sha256: str
    #: How many items it tells of.
    items: int
    #: 0 for the edition with all items of its language; others hold some of them.
    variant: int = 0


@dataclass(frozen=True, kw_only=True)
class Headline:
    """An issue in a list of those that have an edition in a language."""

    issue_id: int
    slot: datetime
    subject: str


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A person on the mailing list."""

    id: int
    email: str
    name: str
    language: str
    timezone: str
    status: Status
    consent_at: datetime | None
    consent_source: str


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a subscriber wants: a newsletter, and which topics of it (empty: all)."""

    newsletter: str
    topics: tuple[str, ...]
    #: How often: one that the newsletter offers; empty: by its own schedule.
    frequency: str = ""


class Act(StrEnum):
    """What somebody said of getting mail."""

    #: Asked for on a form; it counts once it is confirmed.
    ASKED = "asked"
    CONFIRMED = "confirmed"
    #: Chosen by somebody whose address is known to be theirs.
    CHOSEN = "chosen"
    #: Entered by staff, for somebody who agreed elsewhere.
    ENTERED = "entered"
    WITHDRAWN = "withdrawn"
    #: Said by nobody: mail to the address came back, so it is written to no more.
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What somebody agreed to, or took back: never changed, also when the person is erased."""

    id: int
    subscriber_id: int
    act: Act
    at: datetime
    #: ``form``, ``link`` or ``command``.
    how: str
    #: The language of ``wording``.
    language: str
    #: The words that were agreed to, exactly as they were shown; empty where none were.
    wording: str
    #: Language and time zone, and by newsletter the topics; nothing that names the person.
    choice: Mapping[str, Any]
    #: The row that this one confirms.
    asked: int | None


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to one person, which is no part of an issue."""

    id: int
    subscriber_id: int
    #: The name of its folder of templates: ``confirm``, ``welcome``.
    name: str
    language: str
    email: str
    #: What its templates are told.
    details: Mapping[str, Any]
    #: When it was queued: its Date.
    created: datetime
    state: DeliveryState
    #: The SMTP reply code of the last attempt, 0 before there was one, and what it said.
    code: int
    detail: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A key that links are signed with; tokens name it by its id."""

    id: int
    #: 32 random bytes, in hexadecimal.
    secret: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Active subscribers of a newsletter who are to be told the same."""

    #: Theirs, not always one that there is an edition in.
    language: str
    #: Sorted; empty for all.
    topics: tuple[str, ...]
    #: How many they are.
    people: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One edition to one subscriber, with what is needed to write the mail."""

    id: int
    issue_id: int
    edition_id: int
    subscriber_id: int
    state: DeliveryState
    #: The SMTP reply code of the last attempt, 0 before there was one.
    code: int
    #: The reply's text, or why there was none.
    detail: str
    attempts: int
    email: str
    name: str
    language: str
    #: The reader's time zone.
    timezone: str = "UTC"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A slice of an edition's deliveries, as somebody holds it."""

    id: int
    issue_id: int
    edition_id: int
    #: The ids of its first and its last delivery.
    first: int
    last: int
    #: The journal of who holds it; empty when nobody does.
    worker: str
    #: Until when nobody of another host takes it; None when nobody holds it.
    lease: datetime | None
    #: Raised whenever somebody takes it.
    token: int


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt at a delivery ended."""

    id: int
    #: Which attempt it was, from 1.
    attempt: int
    state: DeliveryState
    #: The SMTP reply code, 0 without one.
    code: int
    #: The reply's text, or why there was none.
    detail: str
    #: When it is to be tried again, if it is.
    due: datetime
    #: Whether nobody can be written to at its address; of this the delivery itself keeps nothing.
    is_dead: bool = False


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A mail that nobody can say of whether a relay has it."""

    delivery: Delivery
    #: From that instant on nobody of us was sending it.
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """A message that came back to us, and what it was taken for."""

    id: int
    at: datetime
    #: One of :class:`publisher.mail.returned.Kind`.
    kind: str
    #: Whom it is about, and which mail to them; None where nobody knows.
    subscriber_id: int | None
    delivery_id: int | None
    letter_id: int | None
    #: The address of that person as it is now; empty where nobody knows.
    email: str
    #: The address that the message itself names first.
    address: str
    #: RFC 3463; empty without one.
    status: str
    #: What a server said, or why nobody could make anything of it.
    detail: str
    #: The message's own subject, and the file or mailbox that it came from.
    subject: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """What the server of an address said when it was read last."""

    url: str
    #: Its validators, to ask with whether it has changed; empty where it gave none.
    etag: str
    last_modified: str
    #: How many texts came from it.
    texts: int
    fetched: datetime


@dataclass(frozen=True, kw_only=True)
class Ping:
    """A hub has to hear that a feed has changed (WebSub)."""

    id: int
    hub: str
    #: The address of the feed.
    topic: str
    #: How often the hub was told in vain.
    attempts: int
    #: When to tell it, or to tell it again.
    due: datetime
