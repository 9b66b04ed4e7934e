"""``tidings issue``: which there are, how an edition looks, what is to be translated.

Nothing is changed.
"""

from pathlib import Path
from typing import Annotated

import typer

from publisher import beside
from publisher.cli import common
from publisher.cli.issue_records import issue_record, print_issue, show_record, some
from publisher.cli.issues import IssueArgument, LanguageOption, next_slot


def add_to(issue: typer.Typer) -> None:
    """Add these commands."""
    issue.command("list")(list_issues)
    issue.command("show")(show_issue)
    for command in (preview, reminders):
        issue.command()(command)


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
    columns = ("id", "newsletter", "frequency", "slot", "state", "blocking", "deliveries")
    if not as_json:
        found = [{**record, "deliveries": some(record["deliveries"])} for record in found]
    common.listing(found, columns, as_json=as_json)


def show_issue(
    ctx: typer.Context,
    number: IssueArgument,
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


def preview(
    ctx: typer.Context,
    number: IssueArgument,
    *,
    language: LanguageOption,
    out: Annotated[Path, typer.Option(metavar="DIR", file_okay=False, help="Where to write it.")],
    topics: Annotated[str, typer.Option(help="For readers of these [default: all].")] = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Write an edition as it was frozen, or would be now: body.html, body.txt, message.eml."""
    from publisher import previewing  # noqa: PLC0415
    from publisher.errors import InputError  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        found = previewing.preview(
            house.database,
            house.config,
            number,
            language,
            topics=common.words(topics),
            now=common.clock(now),
        )
    files = {
        "body.html": found.html.encode(),
        "body.txt": found.text.encode(),
        "message.eml": found.message,
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            beside.put(str(out / name), body)
    except OSError as error:
        raise InputError(str(out), error.strerror or str(error)) from error
    written = [out / name for name in files]
    common.show({"sha256": found.sha256, "files": written}, as_json=as_json)


def reminders(
    ctx: typer.Context,
    *,
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List what must be translated for issues that wait and for the next ones, and by when."""
    from publisher import outlook  # noqa: PLC0415
    from store import newsletters  # noqa: PLC0415

    moment = common.clock(now)
    with common.opened(ctx, config) as house:
        with house.database.read() as tx:
            mailings = newsletters.listing(tx)
        slots = {
            (entry.key, frequency): next_slot(entry, frequency, moment)
            for entry in mailings
            for frequency in entry.schedules
        }
        coming = {key: slot for key, slot in slots.items() if slot}
        found = outlook.reminders(house.database, house.config, coming, now=moment)
    records = [vars(entry) for entry in found if language in {"", entry.language}]
    where = ("newsletter", "frequency", "slot", "until")
    common.listing(records, ("language", "item", "title", "reason", *where), as_json=as_json)
