"""What becomes of a mail that nobody can say of whether a relay has it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from publisher.delivery.asking import Found
from publisher.delivery.pace import pause
from store.records import Delivery, DeliveryState, IssueState, UnknownRule

#: The attempt after which a mail that may go again has to wait before it does.
_OFTEN = 3


def decide(
    rule: UnknownRule, found: Found | None, issue: IssueState, *, is_retried: bool = False
) -> DeliveryState:
    """Return what an unknown mail becomes, by what its relays say: None where they say nothing.

    What nobody can say of goes again once. A relay that takes mails and never says so would else
    have each of them until it is given up, and so would its reader.
    """
    if rule is UnknownRule.ASK and found is Found.ACCEPTED:
        return DeliveryState.SENT
    blindly = rule is UnknownRule.RETRY and not is_retried
    again = blindly or (rule is UnknownRule.ASK and found is Found.REFUSED)
    if not again:
        return DeliveryState.UNKNOWN
    is_over = issue is IssueState.CANCELLED
    return DeliveryState.CANCELLED if is_over else DeliveryState.QUEUED


def goes_again(mail: Delivery, *, now: datetime, give_up: timedelta) -> datetime | None:
    """Return when an unknown mail that is to go again does: None, no more.

    At once, unless it ended so too often: a relay may fall over a mail each time.
    """
    if mail.attempts < _OFTEN:
        return now
    wait = pause(mail.attempts - _OFTEN + 1, delivery=mail.id, give_up=give_up)
    return None if wait is None else now + wait


def together(answers: Sequence[Found | None]) -> Found | None:
    """Return what several relays say of a mail that any of them may have: None, nothing."""
    if Found.ACCEPTED in answers:
        return Found.ACCEPTED
    if None in answers or not answers:
        return None
    return Found.NOT_YET if Found.NOT_YET in answers else Found.REFUSED
