"""What is said of an edition before it is sent, and what it is said of. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from publisher import languages
from publisher.config import Config
from publisher.mail.edition import Rendered
from publisher.mail.keys import Signing
from store.records import Newsletter


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something about an edition that its readers would trip over."""

    #: An ``error`` keeps the issue from being frozen.
    level: Literal["error", "warning"]
    #: A name for programs, such as ``link-dead``.
    code: str
    #: The part of the edition, with the line where there is one: ``html:97``.
    where: str
    message: str
    #: What to do about it.
    mend: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An edition, and what it has to stand up to."""

    rendered: Rendered
    language: str
    newsletter: Newsletter
    config: Config
    #: Whether the site has, or is about to have, something at a path.
    is_there: Callable[[str], bool]
    #: How it is signed.
    signing: Signing = field(default_factory=Signing)
    #: The message of one delivery, as it would go over the wire.
    message: bytes
    #: The pages of the items that it leads to, by item and language of their readers.
    pages: Mapping[tuple[int, str], str] = field(default_factory=dict)
    #: Whether to ask which language the words are in, which takes a second and warns at most.
    reads_words: bool = True

    def is_read(self, language: str) -> bool:
        """Say whether readers of the edition understand a language."""
        return languages.closest(self.language, [language]) is not None


Findings = Iterator[Finding]


def error(code: str, where: str, message: str, mend: str) -> Finding:
    """Return a finding that blocks."""
    return Finding(level="error", code=code, where=where, message=message, mend=mend)


def warning(code: str, where: str, message: str, mend: str) -> Finding:
    """Return a finding that only shows."""
    return Finding(level="warning", code=code, where=where, message=message, mend=mend)
