"""Which items an edition takes, and in which order. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.policy import Answer, Policy, Show, Skip, Wait
from store.records import Blocking, Item, Missing, Translation


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An item that an audience has not had, as the gate sees it."""

    item: Item
    #: The texts that may go out as they are, by language.
    ready: Mapping[str, Translation]
    #: Why it is not ready in the audience's language.
    reason: str


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """An item for an edition, and the text that its readers get."""

    item: Item
    answer: Show
    text: Translation


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What an edition would hold now, and what it waits for."""

    chosen: tuple[Chosen, ...]
    blocking: tuple[Blocking, ...]
    #: Items that a later issue may answer otherwise for, though nothing about them changes.
    later: tuple[int, ...] = ()


def select(
    candidates: Sequence[Candidate],
    language: str,
    policy: Policy,
    *,
    since: datetime | None,
    now: datetime,
    by_hand: bool = False,
) -> Selection:
    """Ask the policy about each candidate; newest text first.

    ``since`` is the instant that deadlines count from. Only a rule that holds can block an
    issue. An item under embargo never does: it will be in a later issue. Nor does one that is
    approved in no language: it is not news yet.

    Where somebody chose the candidates ``by_hand``, their order stays, and each that has to
    wait blocks: it was wanted in this issue, and would be missing without a word.
    """
    chosen, blocking, later = [], [], []
    for candidate in candidates:
        item = candidate.item
        answer = policy.answer(
            language,
            candidate.ready,
            reason=candidate.reason,
            embargo=item.embargo,
            since=since,
            now=now,
        )
        if candidate.ready and _may_change(answer, policy):
            later.append(item.id)
        match answer:
            case Show(shown):
                chosen.append(Chosen(item=item, answer=answer, text=candidate.ready[shown]))
            case Wait(reason, until, holds) if by_hand or (holds and candidate.ready):
                blocking.append(
                    Blocking(item=item.id, language=language, reason=reason, until=until)
                )
            case Wait() | Skip():
                pass
    if not by_hand:
        chosen.sort(key=_newest_first, reverse=True)
    return Selection(chosen=tuple(chosen), blocking=tuple(blocking), later=tuple(later))


def enough(selection: Selection, minimum: int) -> Selection:
    """Return what an edition holds that wants so many items: nothing while they are fewer.

    What it might still get counts. Where even that is too little, nobody waits for it, and all
    stays for the next issue.
    """
    there = [pick.item.id for pick in selection.chosen]
    there += [entry.item for entry in selection.blocking]
    if len(there) >= minimum:
        return selection
    return Selection(chosen=(), blocking=(), later=tuple({*selection.later, *there}))


def _may_change(answer: Answer, policy: Policy) -> bool:
    """Say whether time alone may bring another answer: an embargo ends, a deadline starts anew."""
    if isinstance(answer, Wait):
        return answer.until is not None
    return isinstance(answer, Skip) and policy.rule.missing is Missing.HOLD


def _newest_first(chosen: Chosen) -> tuple[datetime, int]:
    return chosen.text.dated or chosen.text.updated, chosen.item.id
