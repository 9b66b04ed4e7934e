"""What a refusal is about: the address, the domain it is in, or neither. Pure.

The enhanced status (RFC 3463) says it, where there is one; a code by itself says little. A 550
may be a mailbox that does not exist as well as the opinion of a spam filter (RFC 5321, 4.2.2),
and to suppress an address for somebody's opinion would lose a reader.
"""

from publisher.delivery.outgoing import Answer, Verdict

#: Statuses of addresses that nobody will ever read mail at: no such mailbox, no such domain, no
#: address at all, moved away, closed (RFC 3463, 3.2 and 3.3), a domain without mail (RFC 7505).
_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})

#: Codes by which a server asks for patience, if it gives no status (RFC 5321, 4.2.2 and 4.2.3).
_BUSY = frozenset({421, 450, 451})

#: Subjects of a status (RFC 3463, 2) that are about the recipient alone: address and mailbox.
_OF_THE_RECIPIENT = ("1", "2")


def is_address_fault(answer: Answer) -> bool:
    """Say whether a refusal means that nobody can be written to at the address: a hard bounce."""
    return answer.verdict is Verdict.PERMANENT and answer.status in _DEAD


def is_slowdown(answer: Answer) -> bool:
    """Say whether an answer asks us to send the recipient's whole domain less for now.

    One that is about a mailbox does not (4.2.2: it is full): its neighbours may have room.
    """
    if answer.verdict not in {Verdict.TEMPORARY, Verdict.POLICY}:
        return False
    if answer.code == 421:  # noqa: PLR2004  (RFC 5321, 3.8: the service itself goes)
        return True
    kind, _, rest = answer.status.partition(".")
    if kind == "4":
        return rest.partition(".")[0] not in _OF_THE_RECIPIENT
    return not kind and answer.code in _BUSY
