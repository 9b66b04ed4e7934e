"""``tidings deliver``, and how what sends ends."""

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common, progress

if TYPE_CHECKING:
    from publisher.delivery.engine import Outcome

#: Exit codes: what could not be done now may be done later; or will not be, by itself.
_TRY_AGAIN, _FAILED = 75, 1

#: What is said of mails when the process was told to stop.
STOPPED = "told to stop: what was not under way waits"

#: Seconds that ``deliver --until-done`` waits at most before it looks again.
_LONGEST_WAIT = 30.0


def deliver(
    ctx: typer.Context,
    *,
    issue: Annotated[int | None, typer.Option(metavar="N", help="Only this issue.")] = None,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="Wait for what is postponed or asked for, too.")
    ] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Send what is due."""
    from publisher import press  # noqa: PLC0415
    from publisher.delivery import engine, letters, unknowns  # noqa: PLC0415
    from store import deliveries, issues  # noqa: PLC0415
    from store import unknowns as unknown  # noqa: PLC0415

    started = time.perf_counter()
    total, problems, unasked = engine.Outcome(), list[str](), list[str]()
    with common.opened(ctx, config) as house, common.stopping() as stop:
        with house.database.read() as tx:
            if issue is not None:
                issues.get(tx, issue)
        press.release(house.database, common.clock(now))
        if issue is None:
            written = letters.send(house.database, house.config, now=common.clock(now), stop=stop)
            problems = written.problems
        with house.database.read() as tx:
            waiting = deliveries.waiting(tx, issue_id=issue)
        with progress.bar("sending", total=waiting) as advance:
            while not stop.is_set():
                asked = unknowns.settle_due(house.database, house.config, now=common.clock(now))
                unasked += asked.problems
                outcome = engine.deliver(
                    house.database,
                    house.config,
                    now=common.clock(now),
                    clock=lambda: common.clock(now),
                    issue_id=issue,
                    progress=lambda _ending: advance(1),
                    stop=stop,
                )
                total.add(outcome)
                total.sent += asked.sent
                if not until_done or now is not None:
                    break
                # Nobody waits for an answer of a relay that could not be asked.
                if (due := _next_look(house, issue, asks=not unasked)) is None:
                    break
                stop.wait(_wait(due, outcome))
        press.finish(house.database)
        if stop.is_set():
            problems.append(STOPPED)
        with house.database.read() as tx:
            total.unknown = unknown.left(tx, total.doubtful)
        unsaid = unknowns.told(house.database, house.config)
    for sentence in unsaid:
        common.warn(sentence)
    common.show(_outcome(total, time.perf_counter() - started), as_json=as_json)
    conclude([*dict.fromkeys([*problems, *unasked, *total.problems])], [])


def _next_look(house: common.House, issue: int | None, *, asks: bool) -> datetime | None:
    """Return when the next mail falls due, or a relay is to be asked again; None, never."""
    from publisher.delivery import unknowns  # noqa: PLC0415
    from store import deliveries  # noqa: PLC0415

    with house.database.read() as tx:
        found = [deliveries.next_due(tx, issue_id=issue)]
    if asks:
        now = common.clock(None)
        found.append(unknowns.next_answer(house.database, house.config, now=now, issue_id=issue))
    return min((moment for moment in found if moment), default=None)


def _wait(due: datetime, outcome: "Outcome") -> float:
    """Return how many seconds to wait before the next look."""
    if outcome.problems:
        return _LONGEST_WAIT
    return min(max((due - common.clock(None)).total_seconds(), 0.0), _LONGEST_WAIT)


def _outcome(outcome: "Outcome", seconds: float) -> dict[str, Any]:
    return {
        "sent": outcome.sent,
        "failed": outcome.failed,
        "postponed": outcome.postponed,
        "unknown": outcome.unknown,
        "cancelled": outcome.cancelled,
        "seconds": round(seconds, 3),
        "messages_per_second": round(outcome.sent / seconds, 1) if seconds else 0.0,
    }


def conclude(problems: list[str], busy: list[str], *, unforeseen: bool = False) -> None:
    """Say what could not be done, and end with the exit code for it."""
    for sentence in [*problems, *busy]:
        common.warn(sentence)
    if unforeseen:
        raise typer.Exit(_FAILED)
    if problems or busy:
        raise typer.Exit(_TRY_AGAIN)
