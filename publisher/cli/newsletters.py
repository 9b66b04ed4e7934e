"""``tidings newsletter`` and ``tidings issue``."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from publisher.cli import common
from publisher.cli.issue_records import issue_record, print_issue, show_record, some

if TYPE_CHECKING:
    from store.records import Newsletter

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
        found = [{**record, "deliveries": some(record["deliveries"])} for record in found]
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
