"""What other programs write of their subscribers, told by the names of its columns.

    listmonk    uuid,email,name,attributes,status,created_at,updated_at
    Mailchimp   Email Address,First Name,Last Name,...,OPTIN_TIME,...,CONFIRM_TIME,...; what it
                writes of those who left has UNSUB_TIME, of dead addresses CLEAN_TIME
    Mailman     a line for each address, "Zoe <zoe@example.org>" or without a name; or columns
                named as the members of its REST API: email, display_name, delivery_status

None of them knows what language somebody reads, unless its users have put it there. When
somebody agreed is said by the column that is nearest to it, and the evidence names that column.
Who left there has left here.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from publisher.errors import InputError
from store.records import Status

#: What rows have by the names of their columns, in lower case.
Row = Mapping[str, str]

#: Where people keep the language of a subscriber: columns and attributes of these names.
_LANGUAGE = ("language", "lang", "locale")

#: An address alone on its line, with a name or without.
_ADDRESS = re.compile(r"[^<>@]*<[^<>@\s,;]+@[^<>@\s,;]+>|[^<>@\s,;]+@[^<>@\s,;]+")

#: What the others call it when somebody is written to, or is not.
_STATUSES = {
    "": Status.ACTIVE,
    "enabled": Status.ACTIVE,
    "subscribed": Status.ACTIVE,
    "unknown": Status.ACTIVE,
    "pending": Status.PENDING,
    "unconfirmed": Status.PENDING,
    "disabled": Status.UNSUBSCRIBED,
    "blocklisted": Status.UNSUBSCRIBED,
    "blacklisted": Status.UNSUBSCRIBED,
    "unsubscribed": Status.UNSUBSCRIBED,
    "archived": Status.UNSUBSCRIBED,
    "by_user": Status.UNSUBSCRIBED,
    "by_moderator": Status.UNSUBSCRIBED,
    "by_bounces": Status.BOUNCED,
    "bounced": Status.BOUNCED,
    "cleaned": Status.BOUNCED,
}


@dataclass(frozen=True, kw_only=True)
class Form:
    """How one program writes people."""

    program: str
    #: Each holds names of columns of which the header must have one.
    signs: Sequence[frozenset[str]]
    #: Columns that may say the language.
    language: frozenset[str]
    #: Returns what a row says in our columns. Raises InputError.
    translate: Callable[[Row], Row]


def form_of(header: Sequence[str]) -> Form | None:
    """Return the form whose columns these are, by their names in lower case."""
    names = set(header)
    return next((form for form in _FORMS if all(names & sign for sign in form.signs)), None)


def is_address(line: str) -> bool:
    """Whether a line is one address and nothing else, as Mailman lists its members."""
    return _ADDRESS.fullmatch(line.strip()) is not None


def from_address(line: str) -> Row:
    """Return what a line of such a list says in our columns."""
    if not is_address(line):
        return {"email": line}
    name, email = parseaddr(line)
    return {"email": email, "name": name}


def _from_listmonk(row: Row) -> Row:
    return {
        "email": row.get("email", ""),
        "name": row.get("name", ""),
        "language": _spoken(row) or _spoken(_attributes(row.get("attributes", ""))),
        "status": _status(row.get("status", "")),
        **_evidence(row, "listmonk", ("created_at",)),
    }


def _attributes(text: str) -> Row:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {name.lower(): value for name, value in entries if isinstance(value, str)}


def _from_mailchimp(row: Row) -> Row:
    first = row.get("first name") or row.get("fname", "")
    last = row.get("last name") or row.get("lname", "")
    return {
        "email": row.get("email address") or row.get("email", ""),
        "name": f"{first} {last}",
        "language": _spoken(row),
        "status": _mailchimp_status(row),
        **_evidence(row, "Mailchimp", ("confirm_time", "optin_time")),
    }


def _mailchimp_status(row: Row) -> str:
    if row.get("clean_time"):
        return Status.BOUNCED
    if row.get("unsub_time"):
        return Status.UNSUBSCRIBED
    if not row.get("status") and ("clean_time" in row or "unsub_time" in row):
        # A list of those who left, of whom this one has no date.
        raise InputError("status", "nobody can say whether they left: add a column 'status'")
    return _status(row.get("status", ""))


def _from_mailman(row: Row) -> Row:
    return {
        "email": row.get("email") or row.get("address", ""),
        "name": row.get("display_name", ""),
        "language": _spoken(row) or row.get("preferred_language", ""),
        "status": _status(row.get("delivery_status", "")),
    }


def _spoken(row: Row) -> str:
    return next((row[name] for name in _LANGUAGE if row.get(name)), "")


def _status(text: str) -> str:
    # Mailman's constants may come with the name of their kind: DeliveryStatus.by_user.
    word = text.strip().lower().rpartition(".")[2]
    if word not in _STATUSES:
        raise InputError("status", f"{text!r} is none of {', '.join(filter(None, _STATUSES))}")
    return _STATUSES[word]


def _evidence(row: Row, program: str, columns: Sequence[str]) -> Row:
    for column in columns:
        if row.get(column):
            return {"consent_at": row[column], "consent_source": f"{program}: {column}"}
    return {"consent_source": program}


def _columns(*names: str) -> frozenset[str]:
    return frozenset(names)


_FORMS = (
    Form(
        program="listmonk",
        signs=(_columns("uuid"), _columns("email"), _columns("attributes")),
        language=_columns("attributes", *_LANGUAGE),
        translate=_from_listmonk,
    ),
    Form(
        program="Mailchimp",
        signs=(
            _columns("email address", "email"),
            _columns("member_rating", "optin_time", "confirm_time", "leid", "euid"),
        ),
        language=_columns(*_LANGUAGE),
        translate=_from_mailchimp,
    ),
    Form(
        program="Mailman",
        signs=(
            _columns("email", "address"),
            _columns("display_name", "delivery_status", "delivery_mode"),
        ),
        language=_columns("preferred_language", *_LANGUAGE),
        translate=_from_mailman,
    ),
)
