"""When: the slots of schedules, the tick, and the job that looks; APScheduler's one home.

    due items --> ledger --> public files        published, feeds_written
    changed feeds --> hubs                       pinged
    due slots --> issues --> editions, queue     issues, queued
                         --> public files
    due deliveries --> relay                     sent

APScheduler only says when to look; what is due, the database knows. A tick is idempotent:
two at once, or one that was killed and run again, publish and queue nothing twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from publisher import press, publishing, site, websub
from publisher.config import Config
from publisher.delivery import engine
from publisher.errors import BusyError, ConfigError, InputError, TidingsError
from publisher.press import Pressed
from store import issues, newsletters
from store.database import Database
from store.records import Newsletter, Publication

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

#: No zone has ever been farther from UTC, and no clock was ever turned by more.
_MARGIN = timedelta(days=1)


@dataclass(kw_only=True)
class Pass:
    """What one tick did."""

    published: list[Publication] = field(default_factory=list)
    feeds_written: int = 0
    #: Feeds that hubs have taken the news of, counted for each hub.
    pinged: int = 0
    issues: list[Pressed] = field(default_factory=list)
    queued: int = 0
    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    #: What could not be done; the next tick tries it again.
    problems: list[str] = field(default_factory=list)
    #: The same, where another process is doing it already.
    busy: list[str] = field(default_factory=list)

    def count(self, outcome: engine.Outcome) -> None:
        """Count what was delivered."""
        self.sent, self.failed = outcome.sent, outcome.failed
        self.postponed, self.unknown = outcome.postponed, outcome.unknown
        self.problems += outcome.problems

    def hear(self, outcome: websub.Outcome) -> None:
        """Count what hubs were told."""
        self.pinged = outcome.told
        self.problems += outcome.problems

    def attempt(self, step: Callable[[], None]) -> None:
        """Take a step; one that fails holds up none of the others."""
        try:
            step()
        except BusyError as error:
            self.busy.append(str(error))
        except ConfigError:
            # Nothing will mend itself: whoever runs this must hear it now.
            raise
        except TidingsError as error:
            self.problems.append(str(error))


def tick(database: Database, config: Config, *, now: datetime) -> Pass:
    """Do all that is due by now, each step by itself."""
    done = Pass()

    def publish() -> None:
        done.published = publishing.publish_due(database, config, now=now)

    def write_files() -> None:
        done.feeds_written += site.refresh(database, config, now=now)

    def tell_hubs() -> None:
        done.hear(websub.tell(database, config, now=now))

    def deliver() -> None:
        outcome = engine.deliver(database, config, now=now)
        done.count(outcome)

    done.attempt(publish)
    done.attempt(write_files)
    done.attempt(tell_hubs)
    _go_to_press(done, database, config, now)
    done.issues += [Pressed(issue=issue) for issue in press.release(database, now)]
    if done.issues:
        # The archive has an edition before anybody has the mail that leads to it.
        done.attempt(write_files)
    done.attempt(deliver)
    finished = press.finish(database)
    done.issues += [Pressed(issue=issue) for issue in finished]
    return done


def _go_to_press(done: Pass, database: Database, config: Config, now: datetime) -> None:
    """Plan the issues of the slots that are due, and bring each on as far as it gets."""

    def plan(newsletter: Newsletter) -> None:
        with database.read() as tx:
            last = issues.last_slot(tx, newsletter)
        press.plan(database, newsletter, due(newsletter, after=last, now=now))

    def bring_on(issue_id: int) -> None:
        pressed = press.press(database, issue_id, config, now=now)
        done.issues.append(pressed)
        done.queued += pressed.queued

    with database.read() as tx:
        mailings = newsletters.listing(tx)
    for newsletter in mailings:
        done.attempt(partial(plan, newsletter))
    for issue_id in press.open_issues(database, now):
        done.attempt(partial(bring_on, issue_id))


def due(newsletter: Newsletter, *, after: datetime, now: datetime) -> list[datetime]:
    """Return the slots of a newsletter after an instant and until now. Pure."""
    zone = ZoneInfo(newsletter.timezone)
    return list(slots(newsletter.schedule, zone, after=after, until=now))


def slots(
    schedule: str, zone: ZoneInfo, *, after: datetime, until: datetime | None = None
) -> Iterator[datetime]:
    """Yield the instants, in UTC, of a cron expression in a time zone, after one and until one.

    Each time on the wall clock counts once: in autumn, when it comes twice, the first; in
    spring, when it does not exist, as long after midnight as on any other day; two that fall
    together count once. Pure; raises InputError for what is no schedule.
    """
    # On the wall clock no hour is missing or comes twice, so the trigger runs on that, as if
    # it were UTC; only then is each time read in the zone. With the zone in the trigger,
    # 02:30 would fire twice in autumn.
    trigger = _trigger(schedule)
    wall = (after.astimezone(zone) - _MARGIN).replace(tzinfo=UTC)
    last = None
    newest = after
    while (wall_slot := trigger.get_next_fire_time(last, wall)) is not None:
        slot = wall_slot.replace(tzinfo=zone).astimezone(UTC)
        if until is not None and slot > until:
            return
        if slot > newest:
            yield slot
            newest = slot
        last, wall = wall_slot, wall_slot + timedelta(seconds=1)


def check(schedule: str) -> str:
    """Return a schedule that is one. Raises InputError."""
    _trigger(schedule)
    return schedule


def _trigger(schedule: str) -> CronTrigger:
    fields = schedule.split()
    if len(fields) != 5:  # noqa: PLR2004
        raise InputError(
            "schedule", f"{schedule!r} has not the five fields of cron, such as '0 7 * * FRI'"
        )
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        # Cron would take either, APScheduler only both at once; people mean one or the other.
        raise InputError("schedule", f"{schedule!r}: give a day or a weekday, and * for the other")
    try:
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=weekdays(weekday),
            timezone=UTC,
        )
    except (ValueError, TypeError) as error:
        raise InputError("schedule", f"{schedule!r}: {error}") from error


def weekdays(text: str) -> str:
    """Return cron's weekday field with names for numbers: cron's week begins on Sunday (0 or 7).

    APScheduler's begins on Monday, and would send Sunday's digest a day late.
    """
    if text == "*":
        return text
    days = {day for part in text.split(",") for day in _days(part)}
    return ",".join(_WEEKDAYS[day] for day in sorted(days))


def _days(part: str) -> Iterator[int]:
    span, slash, step = part.partition("/")
    first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
    start = _weekday(first)
    end = _weekday(last) if dash else (6 if slash else start)
    if end < start:
        end += 7
    if (slash and not step.isdecimal()) or step == "0":
        raise InputError("schedule", f"no step {step!r} between weekdays")
    for day in range(start, end + 1, int(step) if slash else 1):
        yield day % 7


def _weekday(text: str) -> int:
    word = text.lower()[:3]
    if word in _WEEKDAYS:
        return _WEEKDAYS.index(word)
    if text.isdecimal() and int(text) <= 7:  # noqa: PLR2004
        return int(text) % 7
    raise InputError("schedule", f"no weekday {text!r}: sun to sat, or 0 (Sunday) to 7")


def start(config: Config, look: Callable[[], object]) -> BackgroundScheduler:
    """Run ``look`` now and then every few seconds, in a thread of its own, until shut down.

    One job in memory, never two at a time, none dropped for being late: APScheduler's own
    defaults drop a run that is a second late, and its stores forget jobs that fail to load.
    """
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    scheduler.add_job(
        look,
        "interval",
        seconds=config.scheduler.interval,
        next_run_time=datetime.now(UTC),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return scheduler
