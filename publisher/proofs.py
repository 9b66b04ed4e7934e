"""An issue's editions, as they are or would be now, looked at before anybody gets them."""

from datetime import datetime

from publisher import inspection, outlook, sealing
from publisher.config import Config
from publisher.issue_states import OPEN
from publisher.mail.edition import Rendered
from publisher.mail.finding import Finding
from store import editions, issues, newsletters
from store.database import Database, Transaction
from store.records import Issue


def check(
    database: Database, config: Config, issue_id: int, *, now: datetime
) -> list[tuple[str, list[Finding]]]:
    """Return by language what is wrong with an issue's editions.

    Of one that is not frozen yet, as they would be now. Of the keys that sign it the DNS is asked.
    Raises NotFoundError and RenderError.
    """
    # Before the transaction: name servers take their time.
    signing = sealing.known(config)
    with database.read() as tx:
        issue = issues.get(tx, issue_id)
        newsletter = newsletters.get(tx, issue.newsletter)
        made = _drafts(tx, issue, config, now) or _frozen(tx, issue)
        return inspection.inspect(tx, issue, newsletter, made, config, signing=signing)


def _drafts(
    tx: Transaction, issue: Issue, config: Config, now: datetime
) -> list[tuple[str, Rendered]]:
    if issue.state not in OPEN:
        return []
    made = outlook.look(tx, issue, config, now=now).drafts
    return [(draft.language, draft.rendered) for draft in made]


def _frozen(tx: Transaction, issue: Issue) -> list[tuple[str, Rendered]]:
    return [
        (
            edition.language,
            Rendered(
                subject=edition.subject,
                preheader=edition.preheader,
                html=edition.html,
                text=edition.text,
            ),
        )
        for edition in editions.of(tx, issue.id)
    ]
