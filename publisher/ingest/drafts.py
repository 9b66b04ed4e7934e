"""What every way in yields: drafts, and what could not become one."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from store.records import Change, Kind, Text, Workflow


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One item in one language, as a source gives it, cleaned."""

    #: Where it came from, for people: a path or an address.
    source: str
    #: What the texts of one item share.
    key: str
    #: The place without its language, empty where the key is all there is to go by.
    origin: str
    #: The slug that the author gave; translations that stand apart share it.
    slug: str
    language: str
    words: Text
    dated: datetime | None
    kind: Kind
    #: Topic keys to the words that the author wrote, in the author's order.
    topics: dict[str, str]
    embargo: datetime | None
    url: str | None
    #: The address of its picture, or a path from ``folder``.
    image: str | None
    #: None where the source does not say.
    workflow: Workflow | None
    #: The language that the item was written in first, where the source says so.
    source_language: str | None
    #: The digest of the text that this was made from, where the source says so.
    source_digest: str | None
    #: The language of that text, where the source says that it is not the item's first.
    made_from: str | None
    #: What this text means to readers of the one before; None where the source does not say.
    change: Change | None
    #: What a correction corrects, in the language of the text; empty where nobody says.
    note: str
    #: The folder of the file that it came from; None where files beside it are not its own.
    folder: Path | None = None


#: What says where a draft came from, and not what it says.
_PLACE = frozenset({"source", "key", "origin", "slug", "folder"})


def fingerprint(draft: Draft) -> str:
    """Return the SHA-256 of all that a draft says, wherever it came from. Pure."""
    said = {name: value for name, value in vars(draft).items() if name not in _PLACE}
    text = json.dumps(said, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401
    return value.isoformat() if isinstance(value, datetime) else vars(value)


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """What could not be taken, and why: a sentence that a person can act on."""

    source: str
    reason: str
    #: What its origin would be, or what the origins begin with of all that could not be read;
    #: empty where that is ``source``. What came from there before is not gone.
    origin: str = ""


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """A place whose server says that nothing has changed there since it was read last."""

    source: str
    #: How many texts came from it then.
    texts: int


class Source(Protocol):
    """A way in."""

    @property
    def scope(self) -> str:
        """What the origins of all its texts begin with, where it shows all that it has.

        A text from there that it no longer shows is then reported. Empty where a source shows
        a part only, as a feed does, or was broken off. Read when ``drafts`` is exhausted.
        """
        ...

    def drafts(self) -> Iterator[Draft | Rejected | Unchanged]:
        """Yield all there is, one at a time; a bad one never stops the rest."""
        ...
