"""``tidings newsletter`` and ``tidings issue``."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.outlook import Outlook
    from store.database import Transaction
    from store.records import Issue, Newsletter

newsletter = typer.Typer(name="newsletter", help="Recurring mailings.", no_args_is_help=True)
issue = typer.Typer(name="issue", help="Issues of newsletters.", no_args_is_help=True)

#: How many coming slots are shown.
_NEXT = 3


@newsletter.command()
def add(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    *,
    schedule: Annotated[str, typer.Option(help="Cron, such as '0 7 * * FRI'.")],
    timezone: Annotated[str, typer.Option(metavar="TZ", help="The zone of the schedule.")] = "",
    languages: Annotated[str, typer.Option(help="Such as en,fr [default: the site's].")] = "",
    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[LANG=]RULE",
            help="hold, skip, fallback or 'hold until thu 17:00, then fallback'; "
            "again for languages that differ [default: hold].",
        ),
    ] = None,
    topics: Annotated[str, typer.Option(help="Topic keys [default: all].")] = "",
    name: Annotated[
        list[str] | None, typer.Option(metavar="LANG=NAME", help="Its title, again for each.")
    ] = None,
    approval: Annotated[
        bool, typer.Option("--approval", help="Somebody else than the authors must approve issues.")
    ] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Begin a newsletter: it takes what enters the store from now on."""
    import scheduler  # noqa: PLC0415
    from publisher import press  # noqa: PLC0415
    from store.records import Newsletter  # noqa: PLC0415

    moment = common.clock(now)
    with common.opened(ctx, config) as house:
        begun = press.start(
            house.database,
            house.config,
            Newsletter(
                key=key,
                names=common.pairs(name or [], "--name"),
                languages=common.words(languages) or house.config.site.languages,
                topics=common.words(topics),
                schedule=scheduler.check(schedule),
                timezone=timezone or house.config.site.timezone,
                rules={press.OTHERS: "hold", **_rules(missing or [])},
                since=moment,
                approval=approval,
            ),
        )
    common.show(_newsletter(begun, moment), as_json=as_json)


@newsletter.command("list")
def list_newsletters(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the newsletters."""
    from store import newsletters  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = [_newsletter(entry, common.clock(now)) for entry in newsletters.listing(tx)]
    columns = ("key", "languages", "schedule", "timezone", "missing", "next_slots")
    common.listing(found, columns, as_json=as_json)


@newsletter.command("show")
def show_newsletter(
    ctx: typer.Context,
    key: str,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show a newsletter and its next slots."""
    from store import newsletters  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = newsletters.get(tx, key)
    common.show(_newsletter(found, common.clock(now)), as_json=as_json)


@issue.command("list")
def list_issues(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the issues."""
    from store import issues  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = [issue_record(tx, entry) for entry in issues.listing(tx)]
    columns = ("id", "newsletter", "slot", "state", "blocking", "deliveries")
    if not as_json:
        found = [{**record, "deliveries": _some(record["deliveries"])} for record in found]
    common.listing(found, columns, as_json=as_json)


@issue.command("show")
def show_issue(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="N")],
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show an issue, its editions, what it waits for and how their delivery stands."""
    from store import issues  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        record = show_record(tx, issues.get(tx, number), house.config, common.clock(now))
    print_issue(record, as_json=as_json)


def print_issue(record: dict[str, Any], *, as_json: bool) -> None:
    """Print an issue: for people with a sentence for each thing that it waits for."""
    if as_json:
        common.print_json(record)
        return
    sentences = record.pop("waits_for", [])
    lists = {name: record.pop(name, []) for name in ("blocking", "editions", "approvals")}
    common.show({**record, "deliveries": _some(record["deliveries"])}, as_json=False)
    for sentence in sentences:
        common.say(f"waits for: {sentence}")
    for edition in lists["editions"]:
        edition["topics"] = ["+".join(topics) or "all" for topics in edition["topics"]]
    for name in ("editions", "approvals"):
        if lists[name]:
            common.listing(lists[name], tuple(lists[name][0]), as_json=False)


def _rules(entries: list[str]) -> dict[str, str]:
    """Return the rules of ``[LANG=]RULE``; one without a language is for all others."""
    split = [entry.rpartition("=") for entry in entries]
    return {language.strip() or "*": rule.strip() for language, _, rule in split}


def _newsletter(entry: "Newsletter", now: datetime) -> dict[str, Any]:
    import scheduler  # noqa: PLC0415

    coming = scheduler.slots(entry.schedule, ZoneInfo(entry.timezone), after=now)
    return {
        "key": entry.key,
        "names": dict(entry.names),
        "languages": list(entry.languages),
        "topics": list(entry.topics),
        "schedule": entry.schedule,
        "timezone": entry.timezone,
        "missing": dict(entry.rules),
        "approval": entry.approval,
        "next_slots": list(islice(coming, _NEXT)),
    }


def issue_record(tx: "Transaction", entry: "Issue") -> dict[str, Any]:
    """Return what the contract says of an issue, with the editions that are frozen."""
    from store import deliveries, issues  # noqa: PLC0415

    people, topics = deliveries.recipients(tx, entry.id), issues.topics_of(tx, entry.id)
    return {
        "id": entry.id,
        "newsletter": entry.newsletter,
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
            for edition in issues.editions_of(tx, entry.id)
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


def _some(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts that are not 0, for people."""
    return {state: count for state, count in counts.items() if count}
