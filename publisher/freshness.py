"""Which texts are ready, and which have been left behind by their source. Pure."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime

from store.records import Change, Freshness, Item, Mark, Text, Translation, Workflow

__all__ = [
    "Freshness",
    "after_minor_edits",
    "digest",
    "freshness",
    "ready",
    "waiting_since",
]


def digest(text: Text) -> str:
    """Return the SHA-256 of a text's words, in hexadecimal.

    Over title, summary, body and image alt, each NFC-normalised (UAX 15) and with every run
    of white space as one space: re-wrapping a text outdates no translation. The slug is an
    address, not words.
    """
    fields = (text.title, text.summary, text.body, text.image_alt)
    words = [" ".join(unicodedata.normalize("NFC", field).split()) for field in fields]
    # The unit separator cannot stand in a field: characters.py removes control characters.
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()


def freshness(item: Item, texts: Mapping[str, Translation], language: str) -> Freshness:
    """Return how an item's text in a language stands to the item's source text.

    It is current when the text that it was made from is as it was then, and is current itself:
    a French text made from the Spanish one (relay translation) is behind when the Spanish one is.
    :mod:`store.parity` says the same in SQL.
    """
    if language not in texts:
        return Freshness.MISSING
    behind: set[str] = set()
    while language != item.source_language:
        text = texts.get(language)
        origin = texts.get(text.made_from) if text else None
        # Two texts that were made from one another have lost their source.
        if text is None or origin is None or text.source_digest != origin.digest:
            return Freshness.OUTDATED
        if language in behind:
            return Freshness.OUTDATED
        behind.add(language)
        language = text.made_from
    return Freshness.CURRENT if item.source_language in texts else Freshness.OUTDATED


def after_minor_edits(digest: str, marks: Sequence[Mark]) -> str:
    """Return the digest that a text has now, if only minor edits made it of the one given.

    ``marks`` are the text's revisions, oldest first. Otherwise the digest is returned as it is.
    """
    found = max((number for number, mark in enumerate(marks) if mark.digest == digest), default=-1)
    if found >= 0 and all(mark.change is Change.MINOR for mark in marks[found + 1 :]):
        return marks[-1].digest
    return digest


def waiting_since(item: Item, ready: Mapping[str, Translation]) -> datetime | None:
    """Return since when an item could go out in some language; None while it can in none.

    Deadlines count from then: what is still being written makes nobody wait.
    """
    first = min((text.approved for text in ready.values() if text.approved), default=None)
    return max(first, item.embargo) if first and item.embargo else first


def ready(item: Item, texts: Mapping[str, Translation]) -> Mapping[str, Translation]:
    """Return the texts that may go out as news: approved, current, and not taken back.

    There are none once the source text is retracted, whatever was translated since.
    """
    source = texts.get(item.source_language)
    if source and source.change is Change.RETRACTION and source.workflow is Workflow.APPROVED:
        return {}
    return {
        language: text
        for language, text in texts.items()
        if text.workflow is Workflow.APPROVED
        and text.change is not Change.RETRACTION
        and freshness(item, texts, language) is Freshness.CURRENT
    }
