"""What an answer means for a delivery. Pure."""

from datetime import datetime, timedelta

from publisher.delivery.faults import is_address_fault
from publisher.delivery.outgoing import Answer, Verdict
from publisher.delivery.pace import GIVE_UP, pause
from store.records import DeliveryState, Ending

#: Characters that are kept of what a relay says of a mail that it takes: its own number for it.
_SHORT = 80


def of(
    answer: Answer,
    delivery_id: int,
    attempt: int,
    *,
    now: datetime,
    give_up: timedelta = GIVE_UP,
) -> Ending:
    """Return how an attempt at a delivery, its ``attempt``-th, ended by an answer.

    What the relay does not take for now is tried again later, until it was long enough.
    """
    state, due = DeliveryState.FAILED, now
    if answer.verdict is Verdict.ACCEPTED:
        state = DeliveryState.SENT
    elif answer.verdict is Verdict.UNANSWERED:
        state = DeliveryState.UNKNOWN
    elif not _is_final(answer) and (wait := pause(attempt, delivery=delivery_id, give_up=give_up)):
        state, due = DeliveryState.POSTPONED, now + wait
    said = " ".join(filter(None, (answer.status, answer.text)))
    if answer.text.startswith(answer.status):
        said = answer.text
    detail = said[:_SHORT] if state is DeliveryState.SENT else said
    return Ending(
        id=delivery_id,
        attempt=attempt,
        state=state,
        code=answer.code,
        detail=detail,
        due=due,
        is_dead=is_address_fault(answer),
    )


def _is_final(answer: Answer) -> bool:
    if answer.verdict is Verdict.POLICY:
        return answer.is_for_ever
    return answer.verdict is Verdict.PERMANENT
