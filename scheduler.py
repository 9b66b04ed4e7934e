"""When: the slots of schedules, the tick, and the job that looks; APScheduler's one home.

    due items --> ledger --> public files        published, feeds_written
    changed feeds --> hubs                       pinged
    due slots --> issues --> editions, queue     issues, queued
                         --> public files
    issues that wait --> translators             reminded
    letters, due deliveries --> relay            letters, sent
    sign-ups never confirmed --> forgotten
    mailbox of what comes back --> bounces       bounced, complained

Letters and deliveries may take long, so ``serve`` has jobs of their own for them.

APScheduler only says when to look; what is due, the database knows. A tick is idempotent:
two at once, or one that was killed and run again, publish and queue nothing twice.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
from publisher.delivery import engine, unknowns
from publisher.delivery.letters import Written, send
from publisher.errors import BusyError, ConfigError, InputError, TidingsError
from publisher.press import Pressed
from publisher.subscriptions import erasure
from store import issues, jobs, newsletters
from store.database import Database
from store.records import Newsletter, Publication, Status

#: What processes of all hosts take turns at.
_LOCK = "tick"

#: No zone has ever been farther from UTC, and no clock was ever turned by more.
_MARGIN = timedelta(days=1)

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Pass:
    """What one tick did."""

    published: list[Publication] = field(default_factory=list)
    feeds_written: int = 0
    #: Feeds that hubs have taken the news of, counted for each hub.
    pinged: int = 0
    issues: list[Pressed] = field(default_factory=list)
    queued: int = 0
    #: Letters to single people that the relay has taken: to confirm, welcome, goodbye.
    letters: int = 0
    #: Mails to translators that it has taken, of what an issue waits for.
    reminded: int = 0
    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    #: Readers whose address turned out dead, and who complained.
    bounced: int = 0
    complained: int = 0
    #: What could not be done; the next tick tries it again.
    problems: list[str] = field(default_factory=list)
    #: The same, where another process is doing it already.
    busy: list[str] = field(default_factory=list)
    #: Whether one of the problems is a mistake of ours, which no other tick will mend.
    unforeseen: bool = False

    def count(self, outcome: engine.Outcome) -> None:
        """Count what was delivered."""
        self.sent, self.failed = outcome.sent, outcome.failed
        self.postponed, self.unknown = outcome.postponed, outcome.unknown
        self.problems += outcome.problems

    def count_letters(self, outcome: Written) -> None:
        """Count what was written to single people."""
        self.letters = outcome.sent
        self.problems += outcome.problems

    def count_reminders(self, outcome: reminding.Outcome) -> None:
        """Count what translators were told."""
        self.reminded = outcome.sent
        self.problems += outcome.problems

    def hear(self, outcome: websub.Outcome) -> None:
        """Count what hubs were told."""
        self.pinged = outcome.told
        self.problems += outcome.problems

    def count_bounces(self, outcome: list[bounces.Taken]) -> None:
        """Count what came back."""
        became = [taken.became for taken in outcome]
        self.bounced += became.count(Status.BOUNCED)
        self.complained += became.count(Status.COMPLAINED)

    def attempt(self, step: Callable[[], None]) -> None:
        """Take a step; one that fails, foreseen or not, holds up none of the others."""
        try:
            step()
        except BusyError as error:
            # Said once, however many steps it keeps from being taken.
            self.busy += {str(error)} - {*self.busy}
        except ConfigError:
            # Nothing will mend itself: whoever runs this must hear it now.
            raise
        except TidingsError as error:
            self.problems.append(str(error))
        except Exception as error:  # noqa: BLE001  (told and logged, and the exit code says so)
            _LOG.exception("a step failed that nobody had foreseen to fail")
            self.problems.append(f"unforeseen, see the traceback: {error!r}")
            self.unforeseen = True


def tick(
    database: Database,
    config: Config,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    sends: bool = True,
) -> Pass:
    """Do all that is due by now, each step by itself.

    ``clock`` tells the time in the course of it, where it goes on: relays are asked by when a
    connection ended. Unless it ``sends``, letters and mails are left to jobs of their own; to
    workers, where the configuration says that there are some.
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
    letters = [partial(_send_letters, done, database, config, now)] if sends else []
    press_all = partial(_go_to_press, done, database, config, now)
    _alone(done, database, [publish, write_files, tell_hubs, *letters, press_all])
    if done.issues:
        # The archive has an edition before anybody has the mail that leads to it.
        done.attempt(write_files)
    if sends:
        # Each batch is claimed by one: any number of processes deliver at once.
        _deliver(done, database, config, clock or (lambda: now))
    elif config.delivery.workers:
        done.attempt(partial(_ask, done, database, config, lambda: now))
        done.attempt(partial(_wake, database, now))
    done.attempt(tidy)
    _alone(done, database, [partial(_finish, done, database)])
    # Last, for others' servers may take their time.
    done.attempt(lambda: done.count_reminders(reminding.remind(database, config, now=now)))
    done.attempt(partial(_fetch_bounces, done, database, config, now))
    return done


def _alone(done: Pass, database: Database, steps: Sequence[Callable[[], None]]) -> None:
    """Take steps that no two processes, of whichever hosts, take at once.

    When this one dies, or its connection does, another takes over; what then goes on here does
    no harm, since each step changes only what is still as it was read.
    """

    def take() -> None:
        with database.exclusive(_LOCK) as still_held:
            for step in steps:
                still_held()
                done.attempt(step)

    done.attempt(take)


def send_letters(database: Database, config: Config, *, now: datetime) -> Pass:
    """Send the letters that are due, and nothing else."""
    done = Pass()
    _send_letters(done, database, config, now)
    return done


def deliver(
    database: Database, config: Config, *, clock: Callable[[], datetime], stop: Event
) -> Pass:
    """Deliver what is due, until nothing is or ``stop`` is set, and nothing else."""
    done = Pass()
    _deliver(done, database, config, clock, stop)
    return done


def _send_letters(done: Pass, database: Database, config: Config, now: datetime) -> None:
    done.attempt(lambda: done.count_letters(send(database, config, now=now)))


def _deliver(
    done: Pass,
    database: Database,
    config: Config,
    clock: Callable[[], datetime],
    stop: Event | None = None,
) -> None:
    def deliver() -> None:
        # To read the logs of relays may have taken long.
        done.count(engine.deliver(database, config, now=clock(), clock=clock, stop=stop))

    # What a relay turns out not to have goes out with the others.
    done.attempt(partial(_ask, done, database, config, clock))
    done.attempt(deliver)


def _ask(done: Pass, database: Database, config: Config, clock: Callable[[], datetime]) -> None:
    done.problems += unknowns.settle_due(database, config, now=clock()).problems


def _fetch_bounces(done: Pass, database: Database, config: Config, now: datetime) -> None:
    done.count_bounces(imap.fetch_due(database, config, now=now))


def _go_to_press(done: Pass, database: Database, config: Config, now: datetime) -> None:
    """Plan the issues of the slots that are due, and bring each on as far as it gets."""

    def plan(newsletter: Newsletter, frequency: str) -> None:
        with database.read() as tx:
            last = issues.last_slot(tx, newsletter, frequency)
        slots_due = due(newsletter, frequency, after=last, now=now)
        press.plan(database, newsletter, slots_due, frequency=frequency)

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


def _wake(database: Database, now: datetime) -> None:
    """Make the jobs of what is due and has none, whyever that is."""
    with database.write() as tx:
        jobs.wake_for_due_letters(tx, now=now)
        jobs.wake(tx, now=now)


def _finish(done: Pass, database: Database) -> None:
    done.issues += [Pressed(issue=issue) for issue in press.finish(database)]


def due(
    newsletter: Newsletter, frequency: str = "", *, after: datetime, now: datetime
) -> list[datetime]:
    """Return the slots of a newsletter at a frequency after an instant and until now. Pure."""
    return list(coming(newsletter, frequency, after=after, until=now))


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
