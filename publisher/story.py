"""An item as one audience gets it: what feeds, pages and digests are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import addresses, languages, markup
from publisher.config import Config
from store import items, topics
from store.database import Transaction
from store.records import Item, Publication, Text, Topic


@dataclass(frozen=True, kw_only=True)
class Label:
    """A topic with its name in the reader's language."""

    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Story:
    """A told item in the words that its audience reads."""

    item_id: int
    #: A tag URI (RFC 4151), one for each language: readers take equal ids for one entry.
    id: str
    #: The language of the audience.
    language: str
    #: The language of the words; another one only in a labelled fallback.
    shown_language: str
    #: In the audience's language, why the words are in another; empty otherwise.
    notice: str
    kind: str
    topics: tuple[Label, ...]
    title: str
    #: Plain text.
    summary: str
    #: CommonMark.
    body: str
    #: The path of the item's page for this audience.
    path: str
    published: datetime
    updated: datetime
    revision: int

    @property
    def direction(self) -> str:
        """Where the words run: ``ltr`` or ``rtl``."""
        return languages.direction(self.shown_language)

    @property
    def html(self) -> str:
        """The body as safe HTML."""
        return markup.html(self.body)


def tell(
    publication: Publication,
    item: Item,
    words: Text,
    *,
    topics: Mapping[str, Topic],
    config: Config,
) -> Story:
    """Return what a row of the ledger tells its audience. Pure."""
    language, shown = publication.language, publication.shown_language
    return Story(
        item_id=item.id,
        id=f"{item.tag}/{language}",
        language=language,
        shown_language=shown,
        notice="" if shown == language else notice(language, shown, config),
        kind=item.kind,
        topics=tuple(label(topics[key], config.chain(language)) for key in item.topics),
        title=words.title,
        summary=words.summary or markup.summary(words.body),
        body=words.body,
        path=addresses.item(language, item.id, words.slug),
        published=publication.published,
        updated=publication.updated,
        revision=publication.revision,
    )


def tell_all(tx: Transaction, rows: Sequence[Publication], config: Config) -> list[Story]:
    """Return what rows of the ledger tell their audiences, in their order."""
    known = items.many(tx, {row.item_id for row in rows})
    words = items.words(tx, {(row.item_id, row.shown_language, row.revision) for row in rows})
    names = {topic.key: topic for topic in topics.listing(tx)}
    return [
        tell(
            row,
            known[row.item_id],
            words[row.item_id, row.shown_language, row.revision],
            topics=names,
            config=config,
        )
        for row in rows
    ]


def notice(language: str, shown: str, config: Config) -> str:
    """Return, for readers of a language, the sentence that labels a text in another one."""
    strings = languages.strings(*config.chain(language))
    return strings.text(
        "fallback-notice",
        language=languages.name(language, within=strings.language),
        shown=languages.name(shown, within=strings.language),
    )


def label(topic: Topic, chain: tuple[str, ...]) -> Label:
    """Return a topic's name in the first language of a chain that it has one in."""
    names = (topic.names[language] for language in chain if language in topic.names)
    return Label(key=topic.key, name=next(names, topic.key))
