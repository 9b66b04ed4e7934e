"""What a status says of an address: the mailbox, or something else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.mail.statuses import Failure, failure, precise

HARD, SOFT, POLICY = Failure.HARD, Failure.SOFT, Failure.POLICY


@pytest.mark.parametrize(
    ("status", "reply", "means"),
    [
        ("5.1.1", "550 5.1.1 User unknown", HARD),
        ("5.1.2", "Host not found", HARD),
        ("5.1.3", "550 5.1.3 Bad destination", HARD),
        ("5.1.6", "550 5.1.6 moved", HARD),
        ("5.1.10", "550 5.1.10 null MX", HARD),
        ("5.2.1", "550 5.2.1 mailbox disabled", HARD),
        ("5.4.4", "Name service error: no such host", HARD),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", HARD),
        ("5.4.1", "no answer from host", SOFT),
        ("5.2.1", "550 5.2.1 The user is receiving mail at a rate that prevents more", SOFT),
        # No status that says anything: the reply does.
        ("5.0.0", "550 5.1.1 unknown", HARD),
        ("5.0.0", "550 no such user here", HARD),
        ("", "550-no such\n550 user", HARD),
        ("5.0.0", "550 5.7.1 refused", POLICY),
        ("5.0.0", "554 message looks like spam", POLICY),
        ("5.1.0", "550 5.1.0 sender is on a blacklist", POLICY),
        # Whose address is refused here is ours.
        ("5.1.8", "550 5.1.8 Bad sender", POLICY),
        ("5.1.7", "550 5.1.7 Bad sender syntax", POLICY),
        ("5.7.1", "550 5.7.1 we do not want it", POLICY),
        ("5.7.26", "550-5.7.26 unauthenticated", POLICY),
        # Sure of itself, whatever else is said.
        ("5.1.1", "550 5.1.1 unknown; see our spam policy", HARD),
        ("5.2.2", "552 5.2.2 mailbox full", SOFT),
        ("5.0.0", "552 mailbox full", SOFT),
        ("5.0.0", "552 over quota", SOFT),
        ("5.3.4", "552 5.3.4 too big", SOFT),
        ("5.4.7", "delivery time expired", SOFT),
        ("5.5.2", "500 5.5.2 syntax", SOFT),
        ("5.6.0", "554 5.6.0 bad MIME", SOFT),
        ("4.2.2", "452 4.2.2 mailbox full", SOFT),
        ("4.7.1", "451 4.7.1 try again", SOFT),
        ("", "421 too busy", SOFT),
        ("", "", SOFT),
        ("nonsense", "nonsense", SOFT),
    ],
)
def test_a_status_says_whose_fault_it_is(status: str, reply: str, means: Failure) -> None:
    assert failure(status, reply) is means


@pytest.mark.parametrize(
    ("status", "reply", "exact"),
    [
        ("5.0.0", "550 5.1.1 <zoe@example.org>", "5.1.1"),
        ("5.1.1 (bad address)", "", "5.1.1"),
        ("5.2.1", "550 5.1.1", "5.2.1"),
        # No status, but the address of a host.
        ("", "host 5.1.1.7 said: 550 no", "5.0.0"),
        ("5.0.0", "250 2.0.0 ok", "5.0.0"),
        # A version: subjects are 0 to 7.
        ("", "Exim 4.97.1 said: 550 5.1.1 no", "5.1.1"),
        ("5.0.0", "(Exim 4.97.1) 550 no", "5.0.0"),
        ("", "nothing", ""),
    ],
)
def test_the_most_precise_status_counts(status: str, reply: str, exact: str) -> None:
    assert precise(status, reply) == exact


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=200))
def test_any_words_mean_something(status: str, reply: str) -> None:
    assert failure(status, reply) in Failure
