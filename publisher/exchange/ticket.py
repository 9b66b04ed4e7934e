"""What a file says of the texts that it was made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from publisher import characters, languages
from publisher.errors import InputError
from store.records import Workflow

#: How to get a file that can be taken.
AGAIN = "export the item again with 'tidings translation export'"

#: The most digits of a number of ours.
_DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Which revisions a file was made of. They are kept, so it can be made again at any time."""

    #: The item's tag URI (RFC 4151).
    item: str
    source_language: str
    source_revision: int
    source_digest: str
    target_language: str
    #: The translation as it stood, 0 where there was none.
    target_revision: int
    #: How far people had come with it; ``none`` where there was none.
    target_workflow: str
    #: The source text that it was made from, 0 where nobody knows.
    previous_revision: int

    @property
    def begun(self) -> bool:
        """Whether the translation is a draft, where the source's words are still to be replaced."""
        return self.target_workflow == Workflow.DRAFT

    def fields(self) -> dict[str, str]:
        """Return what stands in a file, by name, in the order to be read in."""
        return {name.replace("_", "-"): str(value) for name, value in vars(self).items()}


def read(fields: Mapping[str, str]) -> Ticket:
    """Return the ticket that stands in a file.

    Raises InputError for what is missing or was changed.
    """
    values: dict[str, str | int] = {}
    for name, kind in Ticket.__annotations__.items():
        field = name.replace("_", "-")
        value = fields.get(field)
        if value is None:
            reason = f"is missing: the translator's program has lost it; {AGAIN}"
            raise InputError(field, reason)
        line = characters.clean_line(value)
        values[name] = _number(field, line) if kind is int else line
    return Ticket(**values)  # type: ignore[arg-type]


def _number(field: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        raise InputError(field, f"{digits[:40]!r} is no number: it was changed; {AGAIN}")
    return int(digits)


def refuse_other_languages(ticket: Ticket, source: str, target: str) -> None:
    """Raise InputError where a file's own languages are not those that it was exported for.

    Programs may write the region to a language (``fr-FR`` for ``fr``); an empty one says nothing.
    """
    for name, stated, meant in (
        ("source", source, ticket.source_language),
        ("target", target, ticket.target_language),
    ):
        if stated and meant not in languages.chain(languages.tag(stated), ()):
            reason = f"is {stated}, but the file was exported for {meant}: set it to {meant}"
            raise InputError(f"{name} language", reason)
