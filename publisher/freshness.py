"""Which texts are ready, and which have been left behind by their source. Pure."""

import hashlib
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from store.records import Item, Text, Translation, Workflow


class Freshness(StrEnum):
    """How a text stands to the source text of its item."""

    MISSING = "missing"
    CURRENT = "current"
    OUTDATED = "outdated"


def digest(text: Text) -> str:
    """Return the SHA-256 of a text's words, in hexadecimal.

    Over title, summary, body and image alt, each NFC-normalised (UAX 15) and with every run
    of white space as one space: re-wrapping a text outdates no translation. The slug is an
    address, not words.
    """
    fields = (text.title, text.summary, text.body, text.image_alt)
    words = [" ".join(unicodedata.normalize("NFC", field).split()) for field in fields]
    # The unit separator cannot stand in a field: markup.py removes control characters.
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()


def freshness(item: Item, texts: Mapping[str, Translation], language: str) -> Freshness:
    """Return how an item's text in a language stands to the item's source text."""
    text, source = texts.get(language), texts.get(item.source_language)
    if text is None:
        return Freshness.MISSING
    if language == item.source_language:
        return Freshness.CURRENT
    if source is None or text.source_digest != source.digest:
        return Freshness.OUTDATED
    return Freshness.CURRENT


def ready(item: Item, texts: Mapping[str, Translation]) -> Mapping[str, Translation]:
    """Return the texts that may go out as they are: approved and current."""
    return {
        language: text
        for language, text in texts.items()
        if text.workflow is Workflow.APPROVED
        and freshness(item, texts, language) is Freshness.CURRENT
    }
