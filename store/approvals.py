"""Who has approved which content of an issue, in each of its languages."""

from sqlalchemy import select

from store.database import Transaction
from store.records import Approval
from store.tables import approvals


def add(tx: Transaction, issue_id: int, approval: Approval) -> None:
    """Keep an approval; whoever approved the same content before has done so already."""
    tx.insert_new(approvals, [{"issue_id": issue_id, **vars(approval)}], returning="digest")


def of(tx: Transaction, issue_id: int) -> dict[tuple[str, str], Approval]:
    """Return the approvals of an issue by language and digest of what was seen."""
    names = ("language", "digest", "approved_by", "at")
    query = select(*(approvals.c[name] for name in names)).where(approvals.c.issue_id == issue_id)
    found = [Approval(**row) for row in tx.rows(query)]
    return {(approval.language, approval.digest): approval for approval in found}
