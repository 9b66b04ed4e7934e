"""Make the editions of an issue, as drafts that write nothing, and freeze them.

chosen --> ledger rows --> stories --> for each language and set of items --> rendered: a draft
draft --> the ledger --> kept for ever --> deliveries
          all in the transaction of whoever asks: everything of an issue, or nothing

The ledger says what was told to a language, all sets of topics together. So who takes a topic
from now on is not told what the issue before said of it: that issue was for them as they were.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import languages, windows
from publisher.cases import Case
from publisher.config import Config
from publisher.errors import ConflictError
from publisher.ledger import tell_all
from publisher.mail.edition import Rendered, render_edition
from publisher.selection import Chosen
from publisher.story import Story
from publisher.telling import first_telling
from publisher.variants import variants
from store import editions, publications, queueing, revisions, subscribers, translations
from store.database import Transaction
from store.publications import Standing
from store.records import FEED, Group, Issue, Newsletter, Publication, Words, newsletter_channel


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An edition as it would be frozen now."""

    language: str
    #: 0 for the one with all that is told in the language.
    variant: int
    #: Of the ledger, in the order of its items.
    tells: tuple[Publication, ...]
    groups: tuple[Group, ...]
    rendered: Rendered

    @property
    def people(self) -> int:
        """For how many it is now."""
        return sum(group.people for group in self.groups)

    @property
    def topics(self) -> list[list[str]]:
        """The sets of topics that its readers take; an empty one for all."""
        return [list(topics) for topics in sorted({group.topics for group in self.groups})]


def drafts(
    tx: Transaction,
    issue: Issue,
    newsletter: Newsletter,
    chosen: Mapping[str, Sequence[Chosen]],
    *,
    groups: Sequence[Group],
    config: Config,
    now: datetime,
) -> list[Draft]:
    """Return an issue's editions as they would be frozen now, for these readers.

    Of each language the fullest first; it is there even when nobody is to get it.
    """
    readers = audiences(sorted({group.language for group in groups}), newsletter, config)
    made = []
    for language, picks in chosen.items():
        told = _told(tx, issue, newsletter, language, picks, now=now)
        stories = dict(zip(told, stories_of(tx, told, config), strict=True))
        rows = {row.item_id: row for row in told}
        mine = [group for group in groups if readers[group.language] == language]
        for number, variant in enumerate(variants(picks, mine)):
            tells = tuple(rows[pick.item.id] for pick in variant.picks)
            rendered = render_edition(
                newsletter,
                language,
                [stories[row] for row in tells],
                slot=issue.slot,
                words=issue.words.get(language, Words()),
                config=config,
                issue_id=issue.id or None,
            )
            made.append(
                Draft(
                    language=language,
                    variant=number,
                    tells=tells,
                    groups=variant.groups,
                    rendered=rendered,
                )
            )
    return made


def freeze(
    tx: Transaction, issue: Issue, newsletter: Newsletter, made: Sequence[Draft], *, now: datetime
) -> int:
    """Freeze an issue's editions and queue their deliveries; return how many.

    Each is due once it may be sent, from then on as soon as the reader's window is open.

    Raises ConflictError when an audience has had one of the items meanwhile.
    """
    for draft in made:
        told = list(draft.tells)
        if draft.variant == 0 and publications.record(tx, told) != told:
            raise ConflictError(
                f"issue {issue.id}: its items went out in {draft.language} just now"
            )
        keep(
            tx,
            issue,
            draft.language,
            draft.rendered,
            tells=[row.item_id for row in told],
            groups=draft.groups,
            variant=draft.variant,
        )
    zones, begin = reader_zones(tx, newsletter), max(issue.send_at or now, now)
    due = {
        language: windows.of_newsletter(newsletter, language, zones, now=begin)
        for language in {draft.language for draft in made}
    }
    return queueing.queue(tx, issue, due=due, now=now)


def reader_zones(tx: Transaction, newsletter: Newsletter) -> list[str]:
    """Return the time zones that make a difference to when a newsletter's mail may go out."""
    return subscribers.zones(tx) if newsletter.windows else []


def audiences(spoken: Sequence[str], newsletter: Newsletter, config: Config) -> dict[str, str]:
    """Return which edition readers of each language get. Pure.

    The closest one that they understand; where none is close, the first of their chain, so
    that nobody who subscribed is left without.
    """
    found = {}
    for language in spoken:
        near = languages.closest(language, newsletter.languages)
        chain = (tag for tag in config.chain(language) if tag in newsletter.languages)
        found[language] = near or next(chain, newsletter.languages[0])
    return found


def _told(
    tx: Transaction,
    issue: Issue,
    newsletter: Newsletter,
    language: str,
    picks: Sequence[Chosen],
    *,
    now: datetime,
) -> list[Publication]:
    """Return the rows of the ledger for what an edition tells."""
    ids = [pick.item.id for pick in picks]
    feed = publications.standing(tx, ids, FEED)
    texts, marks = translations.of(tx, ids), revisions.marks(tx, ids)
    rows = []
    for pick in picks:
        id_ = pick.item.id
        case = Case(item=pick.item, texts=texts[id_], marks=marks[id_])
        first = first_telling(case, language, pick.answer, now=now)
        seen = feed.get((id_, language)) or feed.get((id_, first.shown_language))
        published, updated = (seen.published, seen.updated) if seen else _dates(pick, issue)
        rows.append(
            replace(
                first,
                channel=newsletter_channel(newsletter.key, issue.frequency),
                # The dates that readers of the feed see, where it was told there before.
                published=published,
                updated=updated,
                issue_id=issue.id,
            )
        )
    return rows


def _dates(pick: Chosen, issue: Issue) -> tuple[datetime, datetime]:
    """Return the dates of what no feed has told: never now, or each day would void an approval."""
    own = pick.text.dated
    dated = own if own and own <= issue.slot else pick.text.updated
    return dated, dated


def stories_of(tx: Transaction, told: Sequence[Publication], config: Config) -> list[Story]:
    """Return what rows of a newsletter's ledger tell, with links to pages that exist."""
    feed = publications.standing(tx, {row.item_id for row in told}, FEED)
    pages = _pages(tx, told, feed, config)
    return [
        replace(story, path=pages.get(story.item_id, story.path))
        for story in tell_all(tx, told, config)
    ]


def _pages(
    tx: Transaction, told: Sequence[Publication], feed: Standing, config: Config
) -> dict[int, str]:
    """Return by item the path of the page that an edition links to.

    The page in the readers' language where there is one; where the feeds skip what the digest
    tells as a fallback, the page in the language that it is shown in.
    """
    there = {key: row for key, row in feed.items() if not row.is_gone}
    found = [
        there.get((row.item_id, row.language)) or there.get((row.item_id, row.shown_language))
        for row in told
    ]
    return {page.item_id: page.path for page in tell_all(tx, list(filter(None, found)), config)}


def keep(
    tx: Transaction,
    issue: Issue,
    language: str,
    rendered: Rendered,
    *,
    tells: Collection[int],
    groups: Collection[Group] = (),
    variant: int = 0,
) -> int:
    """Keep an edition for ever, with the items that it tells of; return its id."""
    return editions.add(
        tx,
        issue_id=issue.id,
        tells=tells,
        groups=groups,
        variant=variant,
        language=language,
        subject=rendered.subject,
        preheader=rendered.preheader,
        html=rendered.html,
        text=rendered.text,
        sha256=rendered.sha256,
    )
