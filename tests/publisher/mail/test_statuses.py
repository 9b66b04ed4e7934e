"""What a status says of an address: the mailbox, or something else."""

import pytest
from hypothesis import given
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


@pytest.mark.parametrize("status", ["5.0.0", "5.0.1", "5.1.0", "5.2.0", ""])
@pytest.mark.parametrize(
    ("reply", "means"),
    [
        ("550 no such user here", HARD),
        ("550 No such person at this address", HARD),
        ("550-no such 550 user", HARD),
        ("550 Unknown user", HARD),
        ("550 unknown recipient", HARD),
        ("550 <zoe@example.org>: Recipient address rejected: User unknown", HARD),
        ("550 User unknown in relay recipient table", HARD),
        ("550 User unknown in virtual mailbox table", HARD),
        ("550 Address does not exist", HARD),
        ("550 The account <zoe@example.org> that you tried to reach doesn't exist", HARD),
        ("550 Mailbox <zoe@example.org> not found", HARD),
        ("550 Invalid recipient", HARD),
        ("550 Invalid mailbox: zoe@example.org", HARD),
        ("550 zoe@example.org is not a valid mailbox", HARD),
        ("Unrouteable address", HARD),
        ("550 Unroutable address", HARD),
        ("Sorry, no mailbox here by that name", HARD),
        ("550 This account has been disabled", HARD),
        ("550 account is closed", HARD),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", HARD),
        ("Host or domain name not found", HARD),
        # Ours to mend.
        ("550 Sender verify failed", POLICY),
        ("550-Verification failed for <b+d1@example.org> 550 Sender verify failed", POLICY),
        ("550 Sender domain does not exist", POLICY),
        ("550 <n@example.org>: Sender address rejected: Domain not found", POLICY),
        ("550 rejected because 192.0.2.1 is in a black list at bl.example", POLICY),
        ("550 your host is on our black-list", POLICY),
        ("554 no reverse DNS for 192.0.2.1", POLICY),
        ("554 PTR record not found", POLICY),
        ("550 relay not permitted", POLICY),
        ("550 Relaying denied", POLICY),
        ("530 authentication required", POLICY),
        ("550 <example.org>: Helo command rejected: Host not found", POLICY),
        ("554 Client host rejected: cannot find your hostname", POLICY),
        # It is over, and nobody says why.
        ("", SOFT),
        ("550 Administrative prohibition", SOFT),
        ("550 Access denied", SOFT),
        ("550 your IP address 192.0.2.1 is not known here", SOFT),
        ("554 Transaction failed", SOFT),
        ("550 Requested action not taken: mailbox unavailable", SOFT),
        ("554 Message too large", SOFT),
        ("552 Message size exceeds maximum permitted", SOFT),
        ("550 Message headers fail syntax check", SOFT),
        ("Connection timed out: retry timeout exceeded", SOFT),
        ("all hosts for 'example.org' have been failing for a long time", SOFT),
        ("550 Utilisateur inconnu", SOFT),
        ("550 المستخدم غير موجود", SOFT),
        # For now, whatever else is said.
        ("451 Temporary local problem", SOFT),
        ("450 User unknown: retry timeout exceeded", SOFT),
        ("421", SOFT),
    ],
)
def test_of_a_vague_status_the_words_tell(status: str, reply: str, means: Failure) -> None:
    assert failure(status, reply) is means


@pytest.mark.parametrize(
    "reply",
    ["550 5.1.1 Utilisateur inconnu", "550 5.1.1 Usuario desconocido", "550 5.1.1 غير موجود"],
)
@pytest.mark.parametrize("status", ["5.1.1", "5.0.0", ""])
def test_in_every_language_the_status_tells(status: str, reply: str) -> None:
    assert failure(status, reply) is HARD


@pytest.mark.parametrize(
    ("status", "reply", "exact"),
    [
        ("5.0.0", "550 5.1.1 <zoe@example.org>", "5.1.1"),
        ("5.1.1 (bad address)", "", "5.1.1"),
        ("5.2.1", "550 5.1.1", "5.2.1"),
        # No status, but the address of a host.
        ("", "host 5.1.1.7 said: 550 no", "5.0.0"),
        ("5.0.0", "250 2.0.0 ok", "5.0.0"),
        # Exim's 5.0.0, whatever the server said.
        ("5.0.0", "451 Temporary local problem", "4.0.0"),
        ("5.0.0", "451", "4.0.0"),
        ("5.1.0", "450 try later", "4.0.0"),
        ("5.1.0", "550 try never", "5.1.0"),
        ("5.0.0", "451 4.7.1 Greylisted", "4.7.1"),
        ("4.0.0", "550 no such user", "5.0.0"),
        ("5.0.0", "", "5.0.0"),
        # A version: subjects are 0 to 7.
        ("", "Exim 4.97.1 said: 550 5.1.1 no", "5.1.1"),
        ("5.0.0", "(Exim 4.97.1) 550 no", "5.0.0"),
        ("", "nothing", ""),
    ],
)
def test_the_most_precise_status_counts(status: str, reply: str, exact: str) -> None:
    assert precise(status, reply) == exact


@given(st.text(max_size=40), st.text(max_size=200))
def test_any_words_mean_something(status: str, reply: str) -> None:
    assert failure(status, reply) in Failure
