"""When: the slots of schedules, the tick, and the job that looks; APScheduler's one home.

    due items --> ledger --> public files        published, feeds_written
    changed feeds --> hubs                       pinged
    due slots --> issues --> editions, queue     issues, queued
                         --> public files
    issues that wait --> translators             reminded
    letters, due deliveries --> relay            letters, sent
    sign-ups never confirmed --> forgotten
    mailbox of what comes back --> bounces       bounced, complained

Letters and deliveries may take long, so ``serve`` has jobs of their own for them. What a tick
did is counted by :mod:`publisher.passes`.

APScheduler only says when to look; what is due, the database knows. A tick is idempotent:
two at once, or one that was killed and run again, publish and queue nothing twice.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Event
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from publisher import (
    bounces,
    cron,
    press,
    publishing,
    reminding,
    schedules,
    site,
    wallclock,
    websub,
)
from publisher.bounces import imap
from publisher.config import Config
from publisher.delivery import steps
from publisher.errors import InputError
from publisher.passes import Pass
from publisher.press import Pressed
from publisher.subscriptions import erasure
from store import issues, newsletters
from store.database import Database
from store.records import Newsletter

#: No zone has ever been farther from UTC, and no clock was ever turned by more.
_MARGIN = timedelta(days=1)


def tick(
    database: Database,
    config: Config,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    sends: bool = True,
    stop: Event | None = None,
) -> Pass:
    """Do all that is due by now, each step by itself.

    ``clock`` tells the time in the course of it, where it goes on: relays are asked by when a
    connection ended. Unless it ``sends``, letters and mails are left to jobs of their own; to
    workers, where the configuration says that there are some. When ``stop`` is set, mails that
    are under way end and the others wait.
    """
    done, sends = Pass(), sends and not config.delivery.workers

    def publish() -> None:
        done.published = publishing.publish_due(database, config, now=now)

    def write_files() -> None:
        done.feeds_written += site.refresh(database, config, now=now)

    def tell_hubs() -> None:
        done.hear(websub.tell(database, config, now=now))

    def tidy() -> None:
        erasure.tidy(database, now=now)
        bounces.tidy(database, now=now)

    # Before campaigns go letters: somebody waits for each of them.
    letters = [partial(steps.send_letters, done, database, config, now, stop)] if sends else []
    press_all = partial(_go_to_press, done, database, config, now)
    done.attempt_alone(database, [publish, write_files, tell_hubs, *letters, press_all])
    if done.issues:
        # The archive has an edition before anybody has the mail that leads to it.
        done.attempt(write_files)
    if sends:
        # Each batch is claimed by one: any number of processes deliver at once.
        steps.deliver(done, database, config, clock or (lambda: now), stop)
    elif config.delivery.workers:
        done.attempt(partial(steps.ask, done, database, config, lambda: now))
        done.attempt(partial(steps.wake, database, now))
    done.attempt(tidy)
    done.attempt_alone(database, [partial(_finish, done, database)])
    # Last, for others' servers may take their time.
    done.attempt(lambda: done.count_reminders(reminding.remind(database, config, now=now)))
    done.attempt(lambda: done.count_bounces(imap.fetch_due(database, config, now=now)))
    return done


def send_letters(database: Database, config: Config, *, now: datetime) -> Pass:
    """Send the letters that are due, and nothing else."""
    done = Pass()
    steps.send_letters(done, database, config, now)
    return done


def deliver(
    database: Database, config: Config, *, clock: Callable[[], datetime], stop: Event
) -> Pass:
    """Deliver what is due, until nothing is or ``stop`` is set, and nothing else."""
    done = Pass()
    steps.deliver(done, database, config, clock, stop)
    return done


def _go_to_press(done: Pass, database: Database, config: Config, now: datetime) -> None:
    """Plan the issues of the slots that are due, and bring each on as far as it gets."""

    def plan(newsletter: Newsletter, frequency: str) -> None:
        with database.read() as tx:
            last = issues.last_slot(tx, newsletter, frequency)
        slots_due = coming(newsletter, frequency, after=last, until=now)
        press.plan(database, newsletter, list(slots_due), frequency=frequency)

    def bring_on(issue_id: int) -> None:
        pressed = press.press(database, issue_id, config, now=now)
        done.issues.append(pressed)
        done.queued += pressed.queued

    with database.read() as tx:
        mailings = newsletters.listing(tx)
    for newsletter in mailings:
        for frequency in newsletter.schedules:
            done.attempt(partial(plan, newsletter, frequency))
    for issue_id in press.open_issues(database, now):
        done.attempt(partial(bring_on, issue_id))
    done.issues += [Pressed(issue=issue) for issue in press.release(database, now)]


def _finish(done: Pass, database: Database) -> None:
    done.issues += [Pressed(issue=issue) for issue in press.finish(database)]


def coming(
    newsletter: Newsletter, frequency: str = "", *, after: datetime, until: datetime | None = None
) -> Iterator[datetime]:
    """Yield the slots of a newsletter at a frequency after an instant. Pure."""
    schedule, zone = newsletter.schedules[frequency], ZoneInfo(newsletter.timezone)
    return slots(schedule, zone, since=newsletter.since, after=after, until=until)


def slots(
    schedule: str,
    zone: ZoneInfo,
    *,
    since: datetime | None = None,
    after: datetime,
    until: datetime | None = None,
) -> Iterator[datetime]:
    """Yield the instants, in UTC, of a schedule in a time zone, after one and until one.

    Each time on the wall clock counts once: in autumn, when it comes twice, the first; in
    spring, when it does not exist, as long after midnight as on any other day; two that fall
    together count once. ``since`` is when the newsletter began: from that day some schedules
    count. Pure; raises InputError for what is no schedule.
    """
    first = (after.astimezone(zone) - _MARGIN).replace(tzinfo=None)
    newest = after
    for wall in _walls(schedule, first, since=(since or after).astimezone(zone).date()):
        slot = wall.replace(tzinfo=zone).astimezone(UTC)
        if until is not None and slot > until:
            return
        if slot > newest:
            yield slot
            newest = slot


def _walls(schedule: str, first: datetime, *, since: date) -> Iterator[datetime]:
    """Yield what the wall clock shows at a schedule's times: no hour is missing or comes twice."""
    if not cron.is_cron(schedule):
        yield from schedules.walls(schedules.parse(schedule), first=first.date(), since=since)
        return
    # The trigger runs on the wall clock as if that were UTC. With the zone in the trigger,
    # 02:30 would fire twice in autumn.
    trigger, last, wall = _trigger(schedule), None, first.replace(tzinfo=UTC)
    while (found := trigger.get_next_fire_time(last, wall)) is not None:
        yield found.replace(tzinfo=None)
        last, wall = found, found + timedelta(seconds=1)


def check_all(newsletter: Newsletter) -> None:
    """Raise InputError unless the schedules of a newsletter are some, each with a slot to come."""
    wallclock.zone_name(newsletter.timezone, "timezone")
    for frequency, schedule in newsletter.schedules.items():
        check(schedule)
        if next(coming(newsletter, frequency, after=newsletter.since), None) is None:
            raise InputError("schedule", f"{schedule!r} has no slot any more")


def check(schedule: str) -> str:
    """Return a schedule that is one. Raises InputError."""
    if cron.is_cron(schedule):
        _trigger(schedule)
    else:
        schedules.parse(schedule)
    return schedule


def _trigger(schedule: str) -> CronTrigger:
    fields = cron.fields(schedule)
    try:
        return CronTrigger(**fields, timezone=UTC)
    except (ValueError, TypeError) as error:
        raise InputError("schedule", f"{schedule!r}: {error}") from error


def start(config: Config, *looks: Callable[[], object]) -> BackgroundScheduler:
    """Run each of these now and then every few seconds, each in a thread of its own.

    One job in memory for each, never two of it at a time, none dropped for being late:
    APScheduler's own defaults drop a run that is a second late, and its stores forget jobs that
    fail to load.
    """
    threads = {str(number): ThreadPoolExecutor(1) for number in range(len(looks))}
    scheduler = BackgroundScheduler(timezone=UTC, executors=threads)
    for number, look in enumerate(looks):
        scheduler.add_job(
            look,
            "interval",
            seconds=config.scheduler.interval,
            executor=str(number),
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler
