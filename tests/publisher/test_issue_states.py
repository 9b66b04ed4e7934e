"""Where an issue can go: every way is known, every other one is refused with what is possible."""

import itertools

import pytest

from publisher import issue_states
from publisher.errors import ConflictError
from publisher.issue_states import OPEN, Act, move
from store.records import IssueState

S = IssueState

WAYS = [
    *((state, Act.WAIT, S.AWAITING_TRANSLATIONS) for state in OPEN),
    *((state, Act.ASK, S.AWAITING_APPROVAL) for state in OPEN),
    *((state, Act.SKIP, S.SKIPPED) for state in OPEN),
    *((state, Act.FREEZE, S.SCHEDULED) for state in OPEN),
    *((state, act, state) for state in OPEN for act in (Act.WRITE, Act.APPROVE, Act.SCHEDULE)),
    *((state, Act.PAUSE, S.PAUSED) for state in (*OPEN, S.SCHEDULED, S.SENDING)),
    *((state, Act.CANCEL, S.CANCELLED) for state in (*OPEN, S.SCHEDULED, S.SENDING, S.PAUSED)),
    (S.SCHEDULED, Act.SCHEDULE, S.SCHEDULED),
    (S.SCHEDULED, Act.SEND, S.SENDING),
    (S.SENDING, Act.FINISH, S.SENT),
    (S.SENDING, Act.RETRY, S.SENDING),
    (S.SENT, Act.RETRY, S.SENDING),
    (S.PAUSED, Act.RETRY, S.PAUSED),
    (S.PAUSED, Act.RESUME, S.PLANNED),
    (S.PAUSED, Act.RESUME_SENDING, S.SCHEDULED),
]
REFUSED = set(itertools.product(IssueState, Act)) - {(state, act) for state, act, _ in WAYS}


@pytest.mark.parametrize(("state", "act", "after"), WAYS)
def test_an_act_leads_from_a_state_to_one_other(
    state: IssueState, act: Act, after: IssueState
) -> None:
    assert move(state, act) is after


@pytest.mark.parametrize(("state", "act"), sorted(REFUSED))
def test_every_other_act_is_refused_by_name(state: IssueState, act: Act) -> None:
    with pytest.raises(ConflictError, match=f"an issue that is {state} cannot"):
        move(state, act)


def test_who_is_refused_hears_what_is_possible() -> None:
    with pytest.raises(ConflictError) as refused:
        move(S.PAUSED, Act.PAUSE)
    assert str(refused.value) == (
        "an issue that is paused cannot be paused; possible now: resume, cancel"
    )
    with pytest.raises(ConflictError) as refused:
        move(S.SKIPPED, Act.CANCEL)
    assert str(refused.value) == (
        "an issue that is skipped cannot be cancelled; possible now: nothing"
    )
    with pytest.raises(ConflictError) as refused:
        move(S.SENT, Act.RESUME_SENDING)
    assert str(refused.value) == "an issue that is sent cannot be resumed; possible now: nothing"


def test_every_state_can_be_reached_from_the_first_and_is_drawn() -> None:
    reached = {S.PLANNED}
    for _ in IssueState:
        reached |= {after for state, _, after in WAYS if state in reached}
    assert reached == set(IssueState)
    drawn = issue_states.__doc__ or ""
    assert [state for state in IssueState if state not in drawn] == []


def test_nothing_leads_out_of_what_is_over() -> None:
    over = (S.CANCELLED, S.SKIPPED)
    assert {state for state, _ in REFUSED if state in over} == set(over)
    assert not [way for way in WAYS if way[0] in over]
