"""What comes back from a translator, and what was done to the sheet that went out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from publisher import characters
from publisher.errors import InputError
from publisher.exchange.blocks import split
from publisher.exchange.sheet import BODY, FIELDS, Sheet, Unit, same
from publisher.exchange.ticket import AGAIN, Ticket
from store.records import Text


class Mark(Enum):
    """What a file says of a translation."""

    #: Nothing: it is one.
    NONE = auto()
    #: That it was outdated when it went out: it is done when its words are others now.
    OUTDATED = auto()
    #: That it is not finished.
    UNFINISHED = auto()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A unit as it comes back."""

    source: str
    #: Empty where there is no translation.
    target: str
    mark: Mark = Mark.NONE


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A file as it comes back."""

    ticket: Ticket
    #: The languages that it says it is in, empty where it does not say.
    source_language: str
    target_language: str
    #: By the unit's id.
    answers: Mapping[str, Answer]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What was done to a sheet."""

    words: Text
    #: The units that are not translated yet.
    left: tuple[str, ...]
    #: Whether anything was done at all.
    touched: bool


def work(sheet: Sheet, answers: Mapping[str, Answer]) -> Work:
    """Return what was done to a sheet. Raises InputError when these are no answers to it."""
    _refuse_others(sheet, answers)
    left, touched = [], False
    for unit in sheet.units:
        answer = answers.get(unit.id)
        done = _done(unit, answer)
        touched |= done != unit.done or not (answer is None or _unchanged(unit, answer))
        if not done:
            left.append(unit.id)
    words = sheet.words({key: answer.target for key, answer in answers.items()})
    return Work(words=words, left=tuple(left), touched=touched)


def _done(unit: Unit, answer: Answer | None) -> bool:
    if answer is None:
        # A program that leaves a unit out says nothing of it.
        return unit.done
    if answer.mark is Mark.OUTDATED:
        return bool(answer.target) and not _unchanged(unit, answer)
    return bool(answer.target) and answer.mark is Mark.NONE


def _unchanged(unit: Unit, answer: Answer) -> bool:
    return characters.clean_text(answer.target) == characters.clean_text(unit.target or "")


def _refuse_others(sheet: Sheet, answers: Mapping[str, Answer]) -> None:
    sources = {unit.id: unit.source for unit in sheet.units}
    for key, answer in answers.items():
        if key not in sources:
            raise InputError(f"unit {key[:40]}", f"is none of this text; {AGAIN}")
        if not same(characters.clean_text(answer.source), characters.clean_text(sources[key])):
            reason = f"its source is not what was exported: leave it as it is, or {AGAIN}"
            raise InputError(f"unit {key}", reason)


def keeps(sheet: Sheet, answers: Mapping[str, Answer], present: Text) -> bool:
    """Say whether the answers have all that somebody saved since the sheet went out.

    So the rest of a file can follow its first half; what two people translate cannot.
    """
    said = {name: getattr(present, name) for name in FIELDS}
    whole = [unit.id for unit in sheet.body] == [BODY]
    blocks = (present.body,) if whole else split(present.body).texts
    if len(blocks) != len(sheet.body):
        return False
    said |= {unit.id: text for unit, text in zip(sheet.body, blocks, strict=True)}
    known = {unit.id: unit for unit in sheet.units}
    return all(
        any(same(text, other) for other in _kept(sheet, known.get(key), key, answers.get(key)))
        for key, text in said.items()
    )


def _kept(sheet: Sheet, unit: Unit | None, key: str, answer: Answer | None) -> list[str]:
    """Return what a unit may say without having been translated by somebody else."""
    if unit is None:
        return [getattr(sheet.before, key, "")]
    return [unit.target or "", unit.source, answer.target if answer else ""]
