"""Counts for reports: how languages stand beside each other."""

from dataclasses import dataclass
from datetime import datetime


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
