"""What is told: items with their pictures and subjects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
class Topic:
    """A subject of the house with its name in each language."""

    key: str
    names: Mapping[str, str]
