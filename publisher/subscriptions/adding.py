"""People are added, or what is known of them is changed."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from publisher.config import Config
from publisher.errors import InputError
from publisher.subscriptions import suppressions
from publisher.subscriptions.checks import LEFT, Checks, Person, cells_of
from store import consents, members, newsletters, subscribers
from store.database import Database, Transaction
from store.members import Member
from store.records import Act, Status, Subscriber

#: Who can be written to, or may yet agree. All others have left: no list calls them back.
_WITHIN = frozenset({Status.ACTIVE, Status.PENDING})
_SAID = tuple(name for name in Member._fields if name not in {"id", "email", "topics", "often"})


class Verdict(StrEnum):
    """What a row is to the store."""

    ADDED = "added"
    UPDATED = "updated"
    SAME = "same"


def add(database: Database, config: Config, row: Mapping[str, str]) -> Subscriber:
    """Add one person, or change what is known of them. Raises InputError."""
    with database.write() as tx:
        wanted, unsaid = Checks(config, newsletters.listing(tx)).person(cells_of(row))
        known = subscribers.by_email(tx, wanted.email)
        if known and known.consent_at and "consent_source" in unsaid:
            # How they agreed once beside when this is written would be false evidence.
            unsaid |= {"consent_at"}
        if reason := barred(tx, [wanted.email]).get(wanted.email):
            raise InputError("email", reason)
        put(tx, [(wanted, unsaid)])
        found = subscribers.by_email(tx, wanted.email)
        assert found is not None  # noqa: S101  (it was put there by the same transaction)
        _keep_evidence(tx, found, wanted)
    return found


def barred(tx: Transaction, emails: Sequence[str]) -> dict[str, str]:
    """Return whom no list may bring in, and why: they were erased, or must not be written to.

    Who is known is no such case: their status says whether they get mail.
    """
    found = suppressions.among(tx, emails)
    return {
        email: f"must not be written to any more: {reason}"
        for email, reason in found.items()
        if subscribers.by_email(tx, email) is None
    }


def _keep_evidence(tx: Transaction, found: Subscriber, wanted: Member) -> None:
    """Keep that staff entered somebody who agreed elsewhere: ``consent_source`` says where."""
    if wanted.consent_at is None:
        return
    entered = {key: list(topics) for key, topics in wanted.topics.items()}
    choice = {"language": found.language, "timezone": found.timezone, "newsletters": entered}
    consents.record(tx, found.id, Act.ENTERED, at=wanted.consent_at, how="command", choice=choice)


def put(tx: Transaction, people: Sequence[Person], *, look: bool = True) -> list[Verdict]:
    """Add people or change what is known of them, one after the other; say what each was.

    Without ``look`` all are taken to be new; raises ConflictError when one is not.
    """
    by_email = {person[0].email: person[0] for person in people}
    before = members.known(tx, by_email.keys()) if look else {}
    if not before and len(by_email) == len(people):
        members.save(tx, {}, by_email)
        return [Verdict.ADDED] * len(people)
    after = dict(before)
    verdicts = []
    for person in people:
        email = person[0].email
        verdict, after[email] = decide(after.get(email), person)
        verdicts.append(verdict)
    members.save(tx, before, after)
    return verdicts


def decide(before: Member | None, person: Person) -> tuple[Verdict, Member]:
    """Return what a row is to somebody, and who they are then. Pure.

    Subscriptions are added, never taken, but from those who have left: all. Who left, bounced or
    complained stays so: a list from elsewhere cannot call them back.
    """
    wanted, unsaid = person
    if before is None:
        return Verdict.ADDED, wanted
    kept = unsaid if before.status in _WITHIN else unsaid | {"status"}
    said = {name: getattr(wanted, name) for name in _SAID if name not in kept}
    topics, often = {**before.topics, **wanted.topics}, {**before.often, **wanted.often}
    # A newsletter's own frequency is kept as none.
    often = {key: chosen for key, chosen in often.items() if chosen}
    if LEFT & {before.status, wanted.status}:
        # Whoever comes back would get what they had once, and did not ask for.
        topics, often = {}, {}
    after = before._replace(**said, topics=topics, often=often)
    return (Verdict.SAME, before) if after == before else (Verdict.UPDATED, after)
