"""``tidings newsletter`` and ``tidings issue``."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from publisher.cli import common

if TYPE_CHECKING:
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


@newsletter.command()
def embed(
    ctx: typer.Context,
    key: str,
    *,
    language: Annotated[str, typer.Option(help="The language of the form.")],
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Print a sign-up form in HTML, to be pasted into a page of any site."""
    from publisher.subscriptions import embedding  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        html = embedding.snippet(house.database, house.config, key, language)
    if as_json:
        common.print_json({"newsletter": key, "language": language, "html": html})
    else:
        typer.echo(html, nl=False)


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
    as_json: common.JsonOption = False,
) -> None:
    """Show an issue, its editions and how their delivery stands."""
    from store import issues  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        record = issue_record(tx, issues.get(tx, number))
    if as_json:
        common.print_json(record)
        return
    editions = record.pop("editions")
    common.show({**record, "deliveries": _some(record["deliveries"])}, as_json=False)
    if editions:
        common.listing(editions, tuple(editions[0]), as_json=False)


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
        "next_slots": list(islice(coming, _NEXT)),
    }


def issue_record(tx: "Transaction", entry: "Issue") -> dict[str, Any]:
    """Return what the contract says of an issue."""
    from store import deliveries, issues  # noqa: PLC0415

    return {
        "id": entry.id,
        "newsletter": entry.newsletter,
        "slot": entry.slot,
        "state": entry.state,
        "corrects": entry.corrects,
        "blocking": [vars(blocking) for blocking in entry.blocking],
        "editions": [
            {
                "language": edition.language,
                # An edition is written when it is frozen, never before.
                "state": "frozen",
                "items": edition.items,
                "recipients": deliveries.recipients(tx, edition.id),
                "subject": edition.subject,
                "sha256": edition.sha256,
            }
            for edition in issues.editions_of(tx, entry.id)
        ],
        "deliveries": deliveries.counts(tx, issue_id=entry.id),
    }


def _some(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts that are not 0, for people."""
    return {state: count for state, count in counts.items() if count}
