"""An item as one audience gets it: what feeds, pages and digests are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property

from publisher import addresses, languages, markup
from publisher.config import Config
from publisher.policy import Fired
from store.records import Change, Image, Item, Publication, Text, Topic


@dataclass(frozen=True, kw_only=True)
class Label:
    """A topic with its name in the reader's language."""

    key: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What readers are told of a correction."""

    #: When they were.
    date: datetime
    #: What was corrected, as its author says; empty where nobody said.
    note: str
    #: The language of the note.
    language: str

    @property
    def direction(self) -> str:
        """Where the note runs: ``ltr`` or ``rtl``."""
        return languages.direction(self.language)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The picture of an item as its readers get it."""

    #: Its path on the public site.
    path: str
    #: Its media type.
    type: str
    #: In pixels.
    width: int
    height: int
    #: In bytes.
    length: int
    #: What it shows, in the language of the words; empty where nobody said.
    alt: str


@dataclass(frozen=True, kw_only=True)
class Translation:
    """The same item in the words of another language, as readers of that get it."""

    language: str
    #: The path of its page.
    path: str


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
    #: Newest first.
    corrections: tuple[Correction, ...]
    #: When readers were told that the source was corrected, while this text is not yet.
    source_corrected: datetime | None
    #: When the text was retracted; its words are the notice then.
    retracted: datetime | None
    #: Whether nothing is shown any more, not even a notice.
    withdrawn: bool
    #: Where the item was published first, if not here.
    origin: str | None = None
    #: The language that the item was written in; empty where nobody said.
    source_language: str = ""
    picture: Picture | None = None
    #: In the order of the site's languages. Not those whose readers are shown another language,
    #: and not what is gone.
    translations: tuple[Translation, ...] = ()

    def __hash__(self) -> int:
        """Return the hash of all fields, computed once: whatever is kept by a story asks for it."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, part.name) for part in fields(self)))

    @property
    def is_gone(self) -> bool:
        """Whether the text has no page any more."""
        return self.withdrawn or self.retracted is not None

    @property
    def direction(self) -> str:
        """Where the words run: ``ltr`` or ``rtl``."""
        return languages.direction(self.shown_language)

    @property
    def html(self) -> str:
        """The body as safe HTML."""
        return markup.html(self.body)

    @property
    def text(self) -> str:
        """The body as plain text."""
        return markup.plain(self.body)


def tell(
    publication: Publication,
    item: Item,
    words: Text,
    *,
    topics: Mapping[str, Topic],
    config: Config,
    corrections: Sequence[Correction] = (),
    translations: Sequence[Translation] = (),
    image: Image | None = None,
) -> Story:
    """Return what a row of the ledger tells its audience. Pure.

    ``corrections`` are those that this audience was told of before, newest first;
    ``translations`` are those of the item, the audience's own language among them or not;
    ``image`` is the item's picture, which is taken back with its words.
    """
    language, shown = publication.language, publication.shown_language
    chain = config.chain(language)
    retracted = publication.told if publication.change is Change.RETRACTION else None
    pending = publication.rule == Fired.SOURCE_CORRECTED
    summary, body = words.summary or markup.summary(words.body), words.body
    if retracted:
        summary = _retraction(language, retracted, config)
        # Where only the source has a notice, the words are still those that were taken back.
        body = "" if publication.rule == Fired.SOURCE_RETRACTED else body
    withdrawn = publication.change is Change.WITHDRAWAL
    return Story(
        item_id=item.id,
        id=f"{item.tag}/{language}",
        language=language,
        shown_language=shown,
        notice="" if shown == language else notice(language, shown, config),
        kind=item.kind,
        topics=tuple(label(topics[key], chain) for key in item.topics),
        title=words.title,
        summary=summary,
        body=body,
        path=addresses.item(language, item.id, words.slug),
        published=publication.published,
        updated=publication.updated,
        revision=publication.revision,
        corrections=tuple(corrections),
        source_corrected=publication.told if pending else None,
        retracted=retracted,
        withdrawn=withdrawn,
        origin=item.url,
        source_language=item.source_language,
        translations=tuple(each for each in translations if each.language != language),
        picture=picture(image, words.image_alt) if image and not (retracted or withdrawn) else None,
    )


def picture(image: Image, alt: str) -> Picture:
    """Return a picture as the readers get it whose words say ``alt`` of it. Pure."""
    return Picture(
        path=addresses.media(image.sha256, image.suffix),
        type=addresses.PICTURES[image.suffix],
        width=image.width,
        height=image.height,
        length=image.length,
        alt=alt,
    )


def _retraction(language: str, told: datetime, config: Config) -> str:
    strings = languages.strings(*config.chain(language))
    day = languages.date(told, strings.language, zone=config.site.timezone)
    return strings.text("retracted-on", date=day)


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
