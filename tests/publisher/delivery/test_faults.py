"""What a refusal is about: the address, its domain, or neither."""

import pytest

from publisher.delivery import endings
from publisher.delivery.faults import is_address_fault, is_slowdown
from publisher.delivery.outgoing import Answer, Verdict
from store.records import DeliveryState
from tests import make


def answer(code: int, status: str, verdict: Verdict | None = None) -> Answer:
    by_code = {2: Verdict.ACCEPTED, 4: Verdict.TEMPORARY, 5: Verdict.PERMANENT}
    return Answer(verdict=verdict or by_code[code // 100], code=code, status=status)


@pytest.mark.parametrize(
    ("code", "status", "is_fault"),
    [
        (550, "5.1.1", True),  # no such mailbox
        (550, "5.1.2", True),  # no such domain
        (553, "5.1.3", True),  # no address at all
        (551, "5.1.6", True),  # moved
        (556, "5.1.10", True),  # a null MX: the domain takes no mail (RFC 7505)
        (550, "5.2.1", True),  # closed
        (552, "5.2.2", False),  # full: somebody may tidy up
        (550, "5.1.8", False),  # our own address is wrong
        (550, "5.1.0", False),  # something about an address
        (554, "5.0.0", False),
        (550, "", False),  # as well a spam filter's opinion
        (450, "4.1.1", False),
        (250, "2.1.5", False),
    ],
)
def test_a_hard_bounce_is_what_is_wrong_with_the_address_for_ever(
    code: int, status: str, is_fault: bool
) -> None:
    assert is_address_fault(answer(code, status)) is is_fault


def test_a_refusal_for_what_we_are_is_nobodys_fault_but_ours() -> None:
    assert not is_address_fault(answer(550, "5.7.1", Verdict.POLICY))


@pytest.mark.parametrize(
    ("code", "status", "slows"),
    [
        (421, "", True),
        (421, "4.7.0", True),
        (421, "4.2.1", True),  # the service goes, whatever the status says
        (450, "", True),
        (451, "", True),
        (451, "4.7.1", True),  # greylisting
        (451, "4.3.2", True),  # busy
        (451, "4.4.5", True),  # congestion
        (450, "4.2.1", False),  # this mailbox is closed for now
        (452, "4.2.2", False),  # this mailbox is full
        (450, "4.1.1", False),  # this address may be wrong
        (452, "", False),
        (550, "5.7.1", False),
        (250, "2.0.0", False),
    ],
)
def test_a_domain_asks_for_patience_by_what_is_not_about_one_mailbox(
    code: int, status: str, slows: bool
) -> None:
    assert is_slowdown(answer(code, status)) is slows


def test_a_policy_that_is_only_for_now_asks_for_patience_too() -> None:
    assert is_slowdown(answer(451, "4.7.1", Verdict.POLICY))
    assert not is_slowdown(answer(554, "5.7.1", Verdict.POLICY))


@pytest.mark.parametrize("verdict", [Verdict.UNANSWERED, Verdict.UNSENT])
def test_a_broken_connection_to_the_relay_says_nothing_of_a_domain(verdict: Verdict) -> None:
    assert not is_slowdown(Answer(verdict=verdict))


@pytest.mark.parametrize(
    ("code", "state"),
    [(499, DeliveryState.POSTPONED), (500, DeliveryState.FAILED), (554, DeliveryState.FAILED)],
)
def test_a_policy_is_for_ever_if_its_code_says_so(code: int, state: DeliveryState) -> None:
    refusal = Answer(verdict=Verdict.POLICY, code=code, text="no")
    assert endings.of(refusal, 1, 1, now=make.NOW).state is state
