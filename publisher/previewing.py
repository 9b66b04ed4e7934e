"""How an edition looks: as it was frozen, or would be now. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import gating, languages
from publisher.config import Config
from publisher.errors import InputError
from publisher.mail import links, senders
from publisher.mail.compiled import message, sample
from store import editions, issues, newsletters
from store.database import Database, Transaction
from store.records import Edition, Group, Issue


@dataclass(frozen=True, kw_only=True)
class Preview:
    """An edition as its readers get it."""

    html: str
    text: str
    #: RFC 5322, addressed to the sender.
    message: bytes
    #: Of subject, preheader, HTML and text.
    sha256: str


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
    somebody, public = sample(edition, config.sender), links.public(config, edition.language)
    mail = message(somebody, edition, from_, public, date=issue.dated)
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
    gate = gating.look(tx, issue, newsletters.get(tx, issue.newsletter), config, now=now)
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
