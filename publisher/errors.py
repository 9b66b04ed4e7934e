"""The errors of Tidings.

    TidingsError
    +-- StoreError           the database refused                            (store/errors.py)
    +-- NotFoundError        no such record
    +-- ConflictError        exists already, or was changed in between
    |   +-- EditConflictError    two have edited the same revision: both texts
    +-- BusyError            another process holds what is needed
    +-- SchemaError          the database is of another version
    +-- ConfigError          the configuration is wrong: all its mistakes
    +-- InputError           what somebody gave us is wrong: where, and how to mend it
    |   +-- LettersError         an address is right, and no mail can be sent there from here
    +-- FormError            what a reader filled in is wrong: the fields
    +-- TokenError           a signed link is not ours, or too old
    +-- RenderError          a template cannot be rendered
    +-- JournalError         what is done with mails cannot be written down: no more is sent
    +-- LeaseError           what was taken may be another's by now
    +-- MailboxError         the mailbox of what comes back cannot be read
    +-- PreflightError       editions are not fit to be sent: what is wrong with them
    +-- DnsError             no name server answers: nobody can say what the DNS holds
    +-- MailError            a message was not accepted
        +-- UnwritableError      it cannot be written at all: nothing was sent
        +-- UnreachableError     no relay answers: nothing was sent
        +-- RefusedError         the relay said no: for ever, or for now

Errors carry what the caller decides on as fields; the text is for people.
"""

from collections.abc import Sequence

from store.errors import (
    BusyError,
    ConflictError,
    NotFoundError,
    SchemaError,
    StoreError,
    TidingsError,
)
from store.records import Text, Translation

__all__ = [
    "BusyError",
    "ConfigError",
    "ConflictError",
    "DnsError",
    "EditConflictError",
    "FormError",
    "InputError",
    "JournalError",
    "LeaseError",
    "LettersError",
    "MailError",
    "MailboxError",
    "NotFoundError",
    "PreflightError",
    "RefusedError",
    "RenderError",
    "SchemaError",
    "StoreError",
    "TidingsError",
    "TokenError",
    "UnreachableError",
    "UnwritableError",
]


class ConfigError(TidingsError):
    """The configuration is wrong; ``mistakes`` holds one sentence for each mistake."""

    def __init__(self, source: str, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(f"{source}: {mistake}" for mistake in mistakes))
        self.source = source
        self.mistakes = tuple(mistakes)


class InputError(TidingsError):
    """Something given is wrong: ``source`` says where, ``reason`` what and how to mend it."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class LettersError(InputError):
    """An address has letters that want SMTPUTF8 (RFC 6531), which is not spoken here."""


class FormError(TidingsError):
    """Fields of a form cannot be taken; ``fields`` names them, in the order of the form."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(f"cannot be taken: {', '.join(fields)}")
        self.fields = tuple(fields)


class TokenError(TidingsError):
    """A signed link is none of ours; or, if ``expired``, it was and is too old."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        super().__init__(reason)
        self.expired = expired


class RenderError(TidingsError):
    """A template cannot be rendered; the text names it, and the line where known."""


class JournalError(TidingsError):
    """What is done with mails cannot be written down, so it must not be done."""


class LeaseError(TidingsError):
    """A batch was not renewed in time: it may be another's by now, and must be renewed first."""


class MailboxError(TidingsError):
    """A mailbox cannot be read now; what was read is stored, the rest is still there."""


#: Faults of an issue that are told at once: its readers are in many languages.
_TOLD = 5


class PreflightError(TidingsError):
    """Editions are not fit to be sent: ``what`` they are of, such as ``issue 7``.

    ``reasons`` holds a sentence for each fault.
    """

    def __init__(self, what: str, reasons: Sequence[str], *, hint: str) -> None:
        more = [f"and {len(reasons) - _TOLD} more"] if len(reasons) > _TOLD else []
        told = "; ".join([*reasons[:_TOLD], *more, hint])
        super().__init__(f"{what} is not fit to be sent: {told}")
        self.what = what
        self.reasons = tuple(reasons)


class EditConflictError(ConflictError):
    """Somebody else has changed the text that ``read`` was the revision of.

    ``yours`` and ``theirs`` are both texts, so that nothing of either is lost; ``theirs`` is
    None where there is no text any more.
    """

    def __init__(
        self, item_id: int, language: str, *, read: int, yours: Text, theirs: Translation | None
    ) -> None:
        now = f"is at revision {theirs.revision}" if theirs else "has no text"
        super().__init__(
            f"item {item_id} in {language} {now}, you have read {read}: somebody else changed it; "
            "read it again and repeat your change"
        )
        self.item_id, self.language, self.read = item_id, language, read
        self.yours, self.theirs = yours, theirs


class DnsError(TidingsError):
    """No name server answers, or it fails: nobody can say what the DNS holds."""


class MailError(TidingsError):
    """A message was not accepted; ``code`` is the SMTP reply code (RFC 5321), 0 without one."""

    def __init__(self, reason: str, *, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


class UnwritableError(MailError):
    """A message cannot be written: an address, for one, breaks a header. It never will be."""


class UnreachableError(MailError):
    """No relay answers, or it lets nobody in: nothing was sent."""


class RefusedError(MailError):
    """The relay said no: for ever when ``permanent`` (5yz), else for now (4yz)."""

    @property
    def permanent(self) -> bool:
        """Whether trying again is of no use."""
        return 500 <= self.code < 600  # noqa: PLR2004  (RFC 5321, 4.2.1: the first digit decides)
