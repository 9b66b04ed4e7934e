"""What a status says of an address (RFC 3463): is it dead, or is something else the matter. Pure.

    hard     there is no such mailbox, and nobody will make one: 5.1.1, 5.1.10, 5.2.1, 5.4.4 ...
    policy   the mail was not wanted, or its sender: 5.7.1, 5.1.8, anything said to be spam
    soft     it may work another time: 4.x.x, a full mailbox, a mail that is too large

What is refused for what it says, or for who sent it, is nobody's fault at the address.
"""

import re
from enum import StrEnum


class Failure(StrEnum):
    """What a failed mail means for its address."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"


#: A status in the midst of text; no address of a host and no version: 5.1.1, not 5.1.1.7, 4.97.1.
_STATUS = re.compile(r"(?<![\d.])([245]\.[0-7]\.\d{1,3})(?!\d|\.\d)", re.ASCII)
#: A reply code (RFC 5321, 4.2), before a space or the hyphen of a reply of many lines.
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])", re.ASCII)

#: Where each status that is permanent belongs, by its first two numbers, then by all three.
_SUBJECTS = {
    "5.0": Failure.HARD,
    "5.1": Failure.HARD,
    "5.2": Failure.HARD,
    # The system at the address, the way to it, the dialogue and the mail itself.
    "5.3": Failure.SOFT,
    "5.4": Failure.SOFT,
    "5.5": Failure.SOFT,
    "5.6": Failure.SOFT,
    "5.7": Failure.POLICY,
}
_DETAILS = {
    # The sender's address, not the recipient's.
    "5.1.7": Failure.POLICY,
    "5.1.8": Failure.POLICY,
    # Full; the mail is too long for it; a list that could not be expanded.
    "5.2.2": Failure.SOFT,
    "5.2.3": Failure.SOFT,
    "5.2.4": Failure.SOFT,
    # No such host.
    "5.4.4": Failure.HARD,
}

#: Said so precisely that no other word in the reply changes it.
_CERTAIN = {"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1"}

#: Words of replies that say what a vague status does not. Replies are for machines' keepers, and
#: in English all over the world; what a notice says to people is not asked.
_SPAM = re.compile(
    r"spam|block|blacklist|denylist|dnsbl|\brbl\b|reputation|policy|\bspf\b|dkim|dmarc"
    r"|content|virus|throttl|rate.?limit|unsolicited",
    re.IGNORECASE,
)
#: Gmail says so with the status of a mailbox that is disabled.
_BUSY = re.compile(r"receiving mail (?:at a rate|too quickly)", re.IGNORECASE)
#: Exchange Online says of a mailbox that there is not that its host does not answer.
_EXCHANGE = re.compile(r"5\.4\.1 .{0,300}address rejected", re.IGNORECASE | re.DOTALL)
_FULL = re.compile(r"quota|\bfull\b|over.?limit|insufficient.{0,40}storage", re.IGNORECASE)


def failure(status: str, reply: str) -> Failure:
    """Return what a status, or where it is vague the server's reply, says of an address."""
    exact = precise(status, reply)
    if exact.startswith("4"):
        return Failure.SOFT
    if _BUSY.search(reply):
        return Failure.SOFT
    if exact in _CERTAIN or _EXCHANGE.match(f"{exact} {reply}"):
        return Failure.HARD
    if _SPAM.search(reply):
        return Failure.POLICY
    if _FULL.search(reply):
        return Failure.SOFT
    subject = exact.rpartition(".")[0]
    return _DETAILS.get(exact) or _SUBJECTS.get(subject, Failure.SOFT)


def precise(status: str, reply: str) -> str:
    """Return the most precise status that is known: of the report, else of the reply's text.

    Some mail systems report 5.0.0 whatever the reply says. A reply with a permanent code and
    without a status is a 5.0.0; empty where nothing is known.
    """
    stated = next(iter(_STATUS.findall(status)), "")
    said = next(iter(_STATUS.findall(reply)), "")
    vague = not stated or stated.endswith(".0.0")
    if vague and said and said[0] != "2":
        return said
    if stated:
        return stated
    code = _CODE.search(reply)
    return f"{code[1][0]}.0.0" if code else ""
