r"""Where an issue can go from where it stands. Pure; nothing else decides it.

  planned <----------> awaiting_translations        wait, ask: gated anew at every tick
     ^  ^                   ^
     |  \----> awaiting_approval <-/                these three are open: not frozen yet
     |
any open one ---freeze--> scheduled ---send--> sending ---finish--> sent
             \--skip----> skipped                 ^-----retry---------/
                          (nothing new)

open, scheduled, sending ---pause---> paused ---resume---------> planned    (not frozen yet)
                                             \--resume_sending-> scheduled
open, scheduled, sending, paused ---cancel--> cancelled

open: its words may be written, its languages approved, its sending scheduled; the last
also once it is scheduled. None of these moves it.
"""

from enum import StrEnum

from publisher.errors import ConflictError
from store.records import Issue, IssueState


class Act(StrEnum):
    """What is done to an issue."""

    #: Some text that it is to hold is not ready.
    WAIT = "wait"
    #: Somebody must approve what it holds.
    ASK = "ask"
    #: It holds nothing that its readers have not had.
    SKIP = "skip"
    #: Its editions are kept for ever, its deliveries queued.
    FREEZE = "freeze"
    #: Its deliveries may be taken.
    SEND = "send"
    #: None of its deliveries waits any more.
    FINISH = "finish"
    #: A delivery that nobody knew of is to be tried again.
    RETRY = "retry"
    WRITE = "write"
    APPROVE = "approve"
    SCHEDULE = "schedule"
    PAUSE = "pause"
    #: Gate it anew.
    RESUME = "resume"
    #: Go on with what was frozen.
    RESUME_SENDING = "resume_sending"
    CANCEL = "cancel"


#: Not frozen yet.
OPEN = (
    IssueState.PLANNED,
    IssueState.AWAITING_TRANSLATIONS,
    IssueState.AWAITING_APPROVAL,
)

#: What a person may ask for; the rest Tidings does by itself.
_ASKED = {
    Act.WRITE: "have its words written",
    Act.APPROVE: "be approved",
    Act.SCHEDULE: "be scheduled",
    Act.PAUSE: "be paused",
    Act.RESUME: "be resumed",
    Act.CANCEL: "be cancelled",
}

#: How a refusal calls what is asked for: who resumes does not say from where.
_WORDS = {**_ASKED, Act.RESUME_SENDING: _ASKED[Act.RESUME]}

_WAYS: dict[IssueState, dict[Act, IssueState]] = {
    **{
        state: {
            Act.WAIT: IssueState.AWAITING_TRANSLATIONS,
            Act.ASK: IssueState.AWAITING_APPROVAL,
            Act.SKIP: IssueState.SKIPPED,
            Act.FREEZE: IssueState.SCHEDULED,
            Act.WRITE: state,
            Act.APPROVE: state,
            Act.SCHEDULE: state,
            Act.PAUSE: IssueState.PAUSED,
            Act.CANCEL: IssueState.CANCELLED,
        }
        for state in OPEN
    },
    IssueState.SCHEDULED: {
        Act.SEND: IssueState.SENDING,
        Act.SCHEDULE: IssueState.SCHEDULED,
        Act.PAUSE: IssueState.PAUSED,
        Act.CANCEL: IssueState.CANCELLED,
    },
    IssueState.SENDING: {
        Act.FINISH: IssueState.SENT,
        Act.RETRY: IssueState.SENDING,
        Act.PAUSE: IssueState.PAUSED,
        Act.CANCEL: IssueState.CANCELLED,
    },
    IssueState.SENT: {Act.RETRY: IssueState.SENDING},
    IssueState.PAUSED: {
        Act.RETRY: IssueState.PAUSED,
        Act.RESUME: IssueState.PLANNED,
        Act.RESUME_SENDING: IssueState.SCHEDULED,
        Act.CANCEL: IssueState.CANCELLED,
    },
    IssueState.CANCELLED: {},
    IssueState.SKIPPED: {},
}


def move(state: IssueState, act: Act) -> IssueState:
    """Return where an act leads from a state.

    Raises ConflictError, which says what is possible instead.
    """
    ways = _WAYS[state]
    if act in ways:
        return ways[act]
    possible = ", ".join(asked for asked in _ASKED if asked in ways) or "nothing"
    wanted = _WORDS.get(act, act.value)
    raise ConflictError(f"an issue that is {state} cannot {wanted}; possible now: {possible}")


def of(issue: Issue, act: Act) -> IssueState:
    """Return where an act leads from where an issue stands. Raises ConflictError naming it."""
    try:
        return move(issue.state, act)
    except ConflictError as error:
        raise ConflictError(f"issue {issue.id}: {error}") from error
