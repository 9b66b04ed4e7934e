"""The commands for the whole house: tick, serve, feed, site."""

import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common, sending

if TYPE_CHECKING:
    from publisher.passes import Pass
    from store.database import Database
    from store.records import Hold

feed = typer.Typer(name="feed", help="The feeds of the site.", no_args_is_help=True)
site = typer.Typer(name="site", help="The public files.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (tick, sending.deliver, serve):
        app.command()(command)
    app.add_typer(feed)
    app.add_typer(site)


def tick(
    ctx: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Look at every item, after a change of settings.")
    ] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Do all that is due, once: publish, write feeds, plan and freeze issues, deliver."""
    import scheduler  # noqa: PLC0415
    from publisher import publishing  # noqa: PLC0415
    from publisher.delivery import unknowns  # noqa: PLC0415
    from store import publications  # noqa: PLC0415

    with common.opened(ctx, config) as house, common.stopping() as stop:
        moment = common.clock(now)
        if everything:
            publishing.look_at_all(house.database, now=moment)
        clock = partial(common.clock, now)
        done = scheduler.tick(house.database, house.config, now=moment, clock=clock, stop=stop)
        if stop.is_set():
            done.problems.append(sending.STOPPED)
        # All that waits, not only what this pass looked at: too much for every pass of `serve`.
        with house.database.read() as tx:
            held = publications.held(tx)
        unsaid = unknowns.told(house.database, house.config)
    record = pass_record(done, held)
    if as_json:
        common.print_json(record)
    else:
        short = {key: len(v) if isinstance(v, list) else v for key, v in record.items()}
        common.show(short, as_json=False)
    for sentence in unsaid:
        common.warn(sentence)
    sending.conclude(done.problems, done.busy, unforeseen=done.unforeseen)


def _shown(done: "Pass") -> list[str]:
    """Return what a person must hear of once: mails that nobody can say of where they are."""
    if not done.unknown:
        return []
    return [f"mails that may or may not have been sent: {done.unknown}; see 'tidings issue list'"]


def pass_record(done: "Pass", held: "list[Hold]") -> dict[str, Any]:
    """Return what the contract says of a tick."""
    return {
        "published": [
            {
                "item": row.item_id,
                "language": row.language,
                "shown_language": row.shown_language,
                "revision": row.revision,
                "change": row.change,
            }
            for row in done.published
        ],
        "held": [
            {
                "item": hold.item_id,
                "language": hold.language,
                "until": hold.until,
                "reason": hold.reason,
            }
            for hold in held
        ],
        "feeds_written": done.feeds_written,
        "pinged": done.pinged,
        "issues": [
            {
                "newsletter": pressed.issue.newsletter,
                "frequency": pressed.issue.frequency,
                "slot": pressed.issue.slot,
                "state": pressed.issue.state,
            }
            for pressed in done.issues
        ],
        "queued": done.queued,
        "letters": done.letters,
        "reminded": done.reminded,
        "sent": done.sent,
        "failed": done.failed,
        "postponed": done.postponed,
        "unknown": done.unknown,
        "bounced": done.bounced,
        "complained": done.complained,
    }


def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")] = 8000,
    no_scheduler: Annotated[
        bool, typer.Option("--no-scheduler", help="Only show what is published.")
    ] = False,
    config: common.ConfigOption = None,
) -> None:
    """Serve the public pages and feeds, and do what is due as it falls due."""
    import scheduler  # noqa: PLC0415
    from publisher.web import app, public  # noqa: PLC0415

    with common.opened(ctx, config) as house, ExitStack() as end:
        stop = threading.Event()

        def look() -> None:
            moment = common.clock(None)
            done = scheduler.tick(house.database, house.config, now=moment, sends=False)
            for row in done.published:
                act = "took back" if row.is_gone else "published"
                common.warn(f"{act} item {row.item_id} in {row.language}")
            for pressed in done.issues:
                common.warn(f"issue {pressed.issue.id} is {pressed.issue.state}")
            _warn(done)

        def write_letters() -> None:
            moment = common.clock(None)
            _warn(scheduler.send_letters(house.database, house.config, now=moment))

        def deliver() -> None:
            clock = partial(common.clock, None)
            _warn(scheduler.deliver(house.database, house.config, clock=clock, stop=stop))

        sends = () if house.config.delivery.workers else (write_letters, deliver)
        looks = (look, *sends)

        def begin() -> None:
            common.warn(f"serving at http://{host}:{port}/")
            if not no_scheduler:
                jobs = scheduler.start(house.config, *looks)
                # What is on its way is settled first; what is not waits for the next start.
                end.callback(jobs.shutdown, wait=True)
                end.callback(stop.set)

        app.serve(
            house.config,
            host=host,
            port=port,
            ready=lambda: _answers(house.database),
            begin=begin,
            rest=public.application(house.database, house.config, clock=lambda: common.clock(None)),
        )


def _warn(done: "Pass") -> None:
    for sentence in [*done.problems, *_shown(done)]:
        common.warn(sentence)


def _answers(database: "Database") -> bool:
    """Say whether the database answers, and is of this program's version."""
    from publisher.errors import TidingsError  # noqa: PLC0415

    try:
        database.check_version()
    except TidingsError:
        return False
    return True


@feed.command("list")
def list_feeds(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the feeds: where they are and what they hold."""
    from publisher.site import feed_files  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        found = [
            {
                "language": file.feed.language,
                "topic": file.feed.topic or None,
                "format": file.format,
                "url": file.url,
                "path": file.path,
                "entries": len(file.feed.stories),
                "updated": file.feed.updated if file.feed.stories else None,
            }
            for file in feed_files(house.database, house.config)
        ]
    columns = ("language", "format", "entries", "updated", "url")
    common.listing(found, columns, as_json=as_json)


@site.command()
def build(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Make every public file anew from the store."""
    from publisher.site import rebuild  # noqa: PLC0415

    started = time.perf_counter()
    with common.opened(ctx, config) as house:
        files = rebuild(house.database, house.config)
    seconds = round(time.perf_counter() - started, 3)
    common.show({"files": files, "seconds": seconds}, as_json=as_json)
