"""What a status says of an address (RFC 3463): is it dead, or is something else the matter. Pure.

    hard     there is no such mailbox, and nobody will make one: 5.1.1, 5.1.10, 5.2.1, 5.4.4 ...
    policy   the mail was not wanted, or its sender: 5.7.1, 5.1.8, anything said to be spam
    soft     it may work another time: 4.x.x, a full mailbox, a mail that is too large

What is refused for what it says, or for who sent it, is nobody's fault at the address.

A vague status (5.0.0, which Exim reports of every address that failed, or none) says only that it
is over: it is hard where the reply says in words that there is no such mailbox, else soft, and so
many soft ones in a row count all the same. Those words are read in English, as servers write them
everywhere; in other languages it is the status that tells, and a vague one stays soft. A report
that has no reply may hold such words in what it says to people (:func:`is_vague`).
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
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -]|$)", re.ASCII)
#: What each line of such a reply begins with, in the midst of its words.
_REPEATED = re.compile(r"(?<=\s)[45]\d\d[ -](?:[45]\.\d\.\d{1,3}[ \t])?", re.ASCII)

#: Where each status that is permanent belongs, by its first two numbers, then by all three.
_SUBJECTS = {
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

#: Other, or undefined: of the mail, of the address, of the mailbox, which does exist (RFC 3463).
_VAGUE = re.compile(r"(?:[45]\.0\.\d{1,3}|[45]\.[12]\.0)?")

#: Words of replies that say what a vague status does not. Replies are for machines' keepers, and
#: in English all over the world.
_SPAM = re.compile(
    r"spam|block|black.?list|denylist|dnsbl|\brbl\b|reputation|policy|\bspf\b|dkim|dmarc"
    r"|content|virus|throttl|rate.?limit|unsolicited",
    re.IGNORECASE,
)
#: Gmail says so with the status of a mailbox that is disabled.
_BUSY = re.compile(r"receiving mail (?:at a rate|too quickly)", re.IGNORECASE)
#: Exchange Online says of a mailbox that there is not that its host does not answer.
_EXCHANGE = re.compile(r"5\.4\.1 .{0,300}address rejected", re.IGNORECASE | re.DOTALL)
_FULL = re.compile(r"quota|\bfull\b|over.?limit|insufficient.{0,40}storage", re.IGNORECASE)

#: Whom a vague status blames besides the address: us, unless it only says where the mail goes.
_SENDER = re.compile(
    r"(?<!to )(?<!to the )(?<!to its )sender|reverse.?dns|\brdns\b|\bptr\b|authenticat"
    r"|relay(?! recipient)|\bhelo\b|\behlo\b|client host",
    re.IGNORECASE,
)

_WHO = (
    r"(?:user|recipient|mail ?box|account|(?<!ip )address(?:ee)?|alias|person|customer"
    r"|local.?part|domain(?: name)?)"
)
#: That there is no mailbox, as servers say it: "no such user", "mailbox not found", "unrouteable".
_MISSING = re.compile(
    rf"(?:no such|unknown|non.?existent|not a (?:valid|known)|invalid|bad)\s(?:\w{{1,20}}\s)?{_WHO}"
    rf"|{_WHO}s?\b.{{0,80}}?\b(?:unknown|not (?:be )?found|not known|no longer|not listed"
    r"|closed|disabled|deactivated|deleted|terminated)"
    rf"|{_WHO} (?:is )?invalid|(?:not|n.t|no longer) exist|unrout(?:e)?able|nobody here"
    r"|\bno (?:mail ?box|user|account|recipient)\b|not our (?:user|customer)"
    r"|(?:does not|doesn.t) have an? .{0,40}\baccount",
    re.IGNORECASE,
)


def failure(status: str, reply: str) -> Failure:
    """Return what a status, or where it is vague the server's reply, says of an address."""
    exact = precise(status, reply)
    if exact.startswith("4") or _BUSY.search(reply):
        return Failure.SOFT
    if exact in _CERTAIN or _EXCHANGE.match(f"{exact} {reply}"):
        return Failure.HARD
    if _SPAM.search(reply):
        return Failure.POLICY
    if _FULL.search(reply):
        return Failure.SOFT
    if _VAGUE.fullmatch(exact):
        return _by_words(_REPEATED.sub("", reply))
    subject = exact.rpartition(".")[0]
    return _DETAILS.get(exact) or _SUBJECTS.get(subject, Failure.SOFT)


def is_vague(status: str, reply: str) -> bool:
    """Say whether what is known of a failure says nothing of its address."""
    return bool(_VAGUE.fullmatch(precise(status, reply)))


def _by_words(reply: str) -> Failure:
    if _SENDER.search(reply):
        return Failure.POLICY
    return Failure.HARD if _MISSING.search(reply) else Failure.SOFT


def precise(status: str, reply: str) -> str:
    """Return the most precise status that is known: of the report, else of the reply's text.

    Some mail systems report 5.0.0 or its like whatever the reply says: then the status in the reply
    counts, or its code, of which 451 is a 4.0.0 and 550 a 5.0.0. Empty where nothing is known.
    """
    stated = next(iter(_STATUS.findall(status)), "")
    said = next(iter(_STATUS.findall(reply)), "")
    if not _VAGUE.fullmatch(stated):
        return stated
    if said and said[0] != "2":
        return said
    code = _CODE.search(reply)
    return f"{code[1][0]}.0.0" if code and code[1][0] != stated[:1] else stated
