"""``tidings issue``: what people do with an issue before and while it is sent."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import common
from publisher.cli.issue_records import dry_record, print_issue, show_record

if TYPE_CHECKING:
    from store.database import Database
    from store.records import Issue, Newsletter

IssueArgument = Annotated[int, typer.Argument(metavar="N")]
LanguageOption = Annotated[str, typer.Option(help="The language of the edition.")]
PersonOption = Annotated[str, typer.Option(metavar="NAME", help="Who does it [default: you].")]

issue = typer.Typer(name="issue", help="Issues of newsletters.", no_args_is_help=True)


def add_to(issue: typer.Typer) -> None:
    """Add these commands."""
    for command in (plan, words, approve, schedule):
        issue.command()(command)
    for name, about in _SIMPLE.items():
        issue.command(name)(_doing(name, about))


def plan(
    ctx: typer.Context,
    key: str,
    *,
    slot: Annotated[
        datetime | None,
        typer.Option(
            parser=common.instant, metavar="INSTANT", help="When it goes out [default: next slot]."
        ),
    ] = None,
    frequency: Annotated[
        str, typer.Option(help="For who chose this frequency [default: its own schedule].")
    ] = "",
    chosen: Annotated[
        str, typer.Option("--items", metavar="IDS", help="Such as 3,1,7 [default: what is new].")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would be now; write nothing.")
    ] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Plan an issue by hand, or see what one would contain now, and for how many people."""
    from publisher import issuing, outlook, subscriptions  # noqa: PLC0415
    from store import newsletters  # noqa: PLC0415

    moment, wanted = common.clock(now), _numbers(chosen)
    with common.opened(ctx, config) as house:
        with house.database.read() as tx:
            newsletter = newsletters.get(tx, key)
        often = subscriptions.frequency(frequency, newsletter)
        at = slot or next_slot(newsletter, often, moment)
        if at is None:
            raise typer.BadParameter(f"the schedule of {key} names no day to come: give --slot")
        if dry_run:
            seen = outlook.dry_run(
                house.database,
                house.config,
                key,
                at,
                frequency=often,
                chosen=wanted,
                now=moment,
            )
            print_issue(dry_record(seen), as_json=as_json)
            return
        issue = issuing.plan(house.database, key, at, frequency=often, chosen=wanted)
        _show(house, issue, moment, as_json=as_json)


def words(
    ctx: typer.Context,
    number: IssueArgument,
    *,
    language: LanguageOption,
    subject: Annotated[str | None, typer.Option(help="Instead of ours; '' for ours.")] = None,
    preheader: Annotated[str | None, typer.Option(help="Likewise.")] = None,
    intro: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Markdown, above the news."),
    ] = None,
    by: PersonOption = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Give an issue a subject, a preheader or an intro of its own in a language."""
    from publisher import issuing  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        issue = issuing.write(
            house.database,
            number,
            language,
            author=common.person(by),
            subject=subject,
            preheader=preheader,
            intro=_read(intro) if intro else None,
        )
        _show(house, issue, common.clock(now), as_json=as_json)


def approve(
    ctx: typer.Context,
    number: IssueArgument,
    *,
    language: LanguageOption,
    by: PersonOption = "",
    sha256: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="What you have seen; refused if it changed."),
    ] = None,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Approve what an issue tells in a language; somebody else than its authors must."""
    from publisher import issuing  # noqa: PLC0415
    from store import issues  # noqa: PLC0415

    moment = common.clock(now)
    with common.opened(ctx, config) as house:
        issuing.approve(
            house.database,
            house.config,
            number,
            language,
            by=common.person(by),
            now=moment,
            seen=sha256,
        )
        with house.database.read() as tx:
            issue = issues.get(tx, number)
        _show(house, issue, moment, as_json=as_json)


def schedule(
    ctx: typer.Context,
    number: IssueArgument,
    *,
    at: Annotated[
        datetime,
        typer.Option("--at", parser=common.instant, metavar="INSTANT", help="Not before then."),
    ],
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Have an issue be sent not before an instant."""
    from publisher import issuing  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        issue = issuing.schedule(house.database, number, at)
        _show(house, issue, common.clock(now), as_json=as_json)


def _doing(name: str, about: str) -> Callable[..., None]:
    """Return the command that does one thing to an issue, named as what issuing calls it."""

    def command(
        ctx: typer.Context,
        number: IssueArgument,
        *,
        config: common.ConfigOption = None,
        now: common.NowOption = None,
        as_json: common.JsonOption = False,
    ) -> None:
        from publisher import issuing  # noqa: PLC0415

        moment = common.clock(now)
        acts: Mapping[str, Callable[[Database, int], Issue]] = {
            "pause": issuing.pause,
            "resume": partial(issuing.resume, now=moment),
            "cancel": partial(issuing.cancel, now=moment),
        }
        with common.opened(ctx, config) as house:
            issue = acts[name](house.database, number)
            _show(house, issue, moment, as_json=as_json)

    command.__doc__ = about
    return command


#: What takes an issue and nothing else, and what each says of itself.
_SIMPLE = {
    "pause": "Stop an issue: no more of its mails are sent until it is resumed.",
    "resume": "Go on with an issue that was paused.",
    "cancel": "End an issue for good; mails that wait are not sent.",
}


def next_slot(newsletter: "Newsletter", frequency: str, now: datetime) -> datetime | None:
    """Return the next slot of a newsletter at a frequency, None when there is none."""
    import scheduler  # noqa: PLC0415

    return next(scheduler.coming(newsletter, frequency, after=now), None)


def _numbers(text: str) -> list[int] | None:
    try:
        return [int(word) for word in common.words(text)] if text else None
    except ValueError as error:
        raise typer.BadParameter(f"--items wants ids of items, such as 3,1,7: {error}") from error


def _read(path: Path) -> str:
    from publisher.errors import InputError  # noqa: PLC0415

    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(str(path), "is not UTF-8: save it as UTF-8") from error


def _show(house: common.House, issue: "Issue", now: datetime, *, as_json: bool) -> None:
    with house.database.read() as tx:
        record = show_record(tx, issue, house.config, now)
    print_issue(record, as_json=as_json)
