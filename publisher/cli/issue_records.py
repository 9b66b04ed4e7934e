"""An issue as the commands show it: its record, and how people see it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.outlook import Outlook
    from store.database import Transaction
    from store.records import Issue


def issue_record(tx: "Transaction", entry: "Issue") -> dict[str, Any]:
    """Return what the contract says of an issue, with the editions that are frozen."""
    from store import deliveries, editions  # noqa: PLC0415

    people, topics = deliveries.recipients(tx, entry.id), editions.topics_of(tx, entry.id)
    return {
        "id": entry.id,
        "newsletter": entry.newsletter,
        "frequency": entry.frequency,
        "slot": entry.slot,
        "state": entry.state,
        "corrects": entry.corrects,
        "send_at": entry.send_at,
        "blocking": [vars(blocking) for blocking in entry.blocking],
        "editions": [
            {
                "language": edition.language,
                "state": "frozen",
                "items": edition.items,
                "recipients": people.get(edition.id, 0),
                "topics": topics.get(edition.id, []),
                "subject": edition.subject,
                "sha256": edition.sha256,
            }
            for edition in editions.of(tx, entry.id)
        ],
        "deliveries": deliveries.counts(tx, issue_id=entry.id),
    }


def show_record(
    tx: "Transaction", entry: "Issue", config: "Config", now: datetime
) -> dict[str, Any]:
    """Return the same; of an issue that is not frozen, as it would be now."""
    from publisher import outlook  # noqa: PLC0415
    from publisher.issue_states import OPEN  # noqa: PLC0415

    record = issue_record(tx, entry)
    if entry.state not in OPEN:
        return record
    seen = outlook.look(tx, entry, config, now=now)
    return {**record, **draft_record(seen)}


def draft_record(seen: "Outlook") -> dict[str, Any]:
    """Return what an issue waits for, its editions as they would be, and who must approve them."""
    consents = {consent.language: consent for consent in seen.gate.consents}
    waiting = {consent.language for consent in seen.gate.consents if not consent.approval}
    return {
        "blocking": [vars(blocking) for blocking in seen.gate.blocking],
        "editions": [
            {
                "language": draft.language,
                "state": "awaiting_approval" if draft.language in waiting else "planned",
                "items": len(draft.tells),
                "recipients": draft.people,
                "topics": draft.topics,
                "subject": draft.rendered.subject,
                "sha256": draft.rendered.sha256,
            }
            for draft in seen.drafts
        ],
        "approvals": [
            {
                "language": language,
                "approved_by": consent.approval and consent.approval.approved_by,
                "at": consent.approval and consent.approval.at,
                "authors": list(consent.authors),
                "sha256": consent.digest,
            }
            for language, consent in consents.items()
        ],
        "waits_for": list(seen.waits_for),
    }


def dry_record(seen: "Outlook") -> dict[str, Any]:
    """Return the same of an issue that nobody need have planned; null is its number then."""
    from store.records import DeliveryState  # noqa: PLC0415

    issue = seen.gate.issue
    return {
        "id": issue.id or None,
        "newsletter": issue.newsletter,
        "frequency": issue.frequency,
        "slot": issue.slot,
        # Where it would go at once.
        "state": seen.gate.state,
        "corrects": None,
        "send_at": issue.send_at,
        **draft_record(seen),
        "deliveries": dict.fromkeys(DeliveryState, 0),
    }


def print_issue(record: dict[str, Any], *, as_json: bool) -> None:
    """Print an issue: for people with a sentence for each thing that it waits for."""
    if as_json:
        common.print_json(record)
        return
    sentences = record.pop("waits_for", [])
    lists = {name: record.pop(name, []) for name in ("blocking", "editions", "approvals")}
    common.show({**record, "deliveries": some(record["deliveries"])}, as_json=False)
    for sentence in sentences:
        common.say(f"waits for: {sentence}")
    for edition in lists["editions"]:
        edition["topics"] = ["+".join(topics) or "all" for topics in edition["topics"]]
    for name in ("editions", "approvals"):
        if lists[name]:
            common.listing(lists[name], tuple(lists[name][0]), as_json=False)


def some(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts that are not 0, for people."""
    return {state: count for state, count in counts.items() if count}
