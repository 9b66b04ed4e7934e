"""What sends is killed, again and again at random moments: nothing is lost, nothing sent twice.

Processes of ``tidings`` send to a relay that writes down whom it took a mail for; each is killed
(SIGKILL) while mails go out, or while it starts and recovers what the one before it left, and
started again, until nothing waits any more. Then the relay's book is held against the store. In
the last rounds nobody is killed, but the disk is full, again and again; and the database goes
away, then the relay, and a worker is frozen.

*Lost* is a mail that the relay never took and that is not shown as unknown, *doubled* one that
it took more than once. Any of them ends the benchmark with exit code 1; so does a mail that is
unknown but not shown, and more of these than connections that were cut off.
"""

import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from bench import queued, recording, stages
from bench.conditions import program
from bench.stage import CONNECTIONS, Figures, Sender, Stage

CONDITIONS = {
    "embedded": "'tidings deliver' on SQLite, one process",
    "distributed": "two 'tidings worker' on PostgreSQL (of the tests, fsync off), each with a "
    "folder and journals of its own, as two hosts have them",
    "postfix_ask": "'tidings deliver' on SQLite, one process, to a Postfix of its own that hands "
    "on to the relay that writes everything down; rule 'ask'; "
    f"Postfix {program('postconf', '-dh', 'mail_version')}",
    "jumping_clocks": "two 'tidings deliver' on SQLite, whose clocks are off, from one process to "
    f"the next, by {', '.join(map(str, stages.JUMPS))} days",
    "full_disk": "'tidings deliver' on PostgreSQL, whose journal may not pass "
    f"{stages.FULL_AT} bytes; full: how often it ended for that and was started again",
    "disturbed": "as distributed; PostgreSQL is stopped at once (immediate) and started again, "
    "the relay is killed and started again, a worker gets SIGSTOP and SIGCONT",
    "relay": "a line of the mail's recipient is written with one write(2), then "
    f"{recording.PAUSE * 1000:.0f} ms pass until it answers; PIPELINING",
    "mails": queued.ABOUT,
    "moments": "three in four after a random number of mails, one in four at a random moment of "
    "the first seconds of a process; seed 6",
}

_SEED = 6
#: Seconds in which a process imports what it needs, recovers and claims.
_BEGINNING = 3.0
#: Where the relay is asked, and nothing stays unknown.
_ASKED = "postfix_ask"

_STAGES: dict[str, Callable[[Path, int], AbstractContextManager[Stage]]] = {
    "embedded": stages.embedded,
    "distributed": stages.distributed,
    _ASKED: stages.postfix_ask,
    "jumping_clocks": stages.jumping,
}


def measure(*, quick: bool) -> dict[str, Figures]:
    """Return of each way to send what was lost, doubled and unknown, and how often was killed."""
    people, kills = (2_000, 6) if quick else (20_000, 40)
    figures = {}
    for name in _STAGES:
        try:
            figures[name] = killed(name, people, kills, _SEED)
        except NotImplementedError as error:
            sys.stderr.write(f"{name}: {error}\n")
            continue
        sys.stderr.write(f"{name}: {figures[name]}\n")
    figures["full_disk"] = cramped(people)
    few, gone, frozen = (5_000, 5, 10) if quick else (people, 10, 60)
    figures["disturbed"] = disturbed(few, gone=gone, frozen=frozen)
    return figures


def faults(figures: dict[str, Figures]) -> list[str]:
    """Return what must not be."""
    found = []
    for name, of in figures.items():
        # One for each connection of whoever was killed, or whose relay was.
        most = 0 if name == _ASKED else of.get("cut_off", of["kills"]) * of["connections"]
        found += [f"{name}: {of[key]} {key}" for key in ("lost", "doubled", "hidden") if of[key]]
        if of["unknown"] > most:
            found.append(f"{name}: {of['unknown']} unknown, of {most} at the most")
        if of.get("full") == 0:
            found.append(f"{name}: the disk was never full")
    return found


def killed(name: str, people: int, kills: int, seed: int) -> Figures:
    """Kill those who send on a stage so often, and return what came of it."""
    chance = random.Random(seed)  # noqa: S311  (the same moments each time, nearly)
    with ExitStack() as ends:
        stage = _begin(ends, _STAGES[name], people)
        started, done = time.monotonic(), 0
        while done < kills and stage.taken.look() < people:
            victim = _victim(stage.senders, chance)
            _wait(stage, victim, people, kills - done, chance)
            victim.kill()
            victim.start()
            done += 1
        sys.stderr.write(f"killed {done} times, with {stage.taken.count} of {people} taken\n")
        stage.finish()
        return {**_conditions(people, done), **stage.judged(), **_seconds(started)}


def _begin(
    ends: ExitStack, where: Callable[[Path, int], AbstractContextManager[Stage]], people: int
) -> Stage:
    """Let them begin to send on a stage, until the block ends."""
    folder = ends.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-"))
    stage = ends.enter_context(where(Path(folder), people))
    for sender in stage.senders:
        ends.callback(sender.kill)
        sender.start()
    return stage


def _conditions(people: int, kills: int) -> Figures:
    return {"kills": kills, "recipients": people, "connections": CONNECTIONS}


def _seconds(since: float) -> Figures:
    return {"seconds": round(time.monotonic() - since)}


def _victim(senders: Sequence[Sender], chance: random.Random) -> Sender:
    """Choose who dies: mostly the one that has been sending for longest."""
    if chance.random() < 0.25:  # noqa: PLR2004
        return chance.choice(senders)
    return min(senders, key=lambda sender: sender.started)


def _wait(stage: Stage, victim: Sender, people: int, kills: int, chance: random.Random) -> None:
    """Wait for the moment at which somebody dies, with so many kills still to come."""
    # Some are to be left for those who are killed last.
    most = max((people - stage.taken.look()) * 3 // 2 // (kills + 1), 1)
    if chance.random() < 0.25:  # noqa: PLR2004
        moment, taken = victim.started + chance.uniform(0, _BEGINNING), stage.taken.count + most
        stage.until(lambda: time.monotonic() >= moment or stage.taken.look() >= taken, 0.002)
        return
    stage.wait(stage.taken.count + chance.randint(1, most))
    time.sleep(chance.uniform(0, 0.02))


def cramped(people: int) -> Figures:
    """Let the disk be full, and full again whenever somebody has made room."""
    with ExitStack() as ends:
        stage = _begin(ends, stages.cramped, people)
        started = time.monotonic()
        stage.finish()
        full = sum(sender.gave_up for sender in stage.senders)
        return {**_conditions(people, 0), "full": full, **stage.judged(), **_seconds(started)}


def disturbed(people: int, *, gone: int, frozen: int) -> Figures:
    """Take away the database for some seconds, then the relay, and freeze a worker.

    ``gone`` and ``frozen`` are seconds.
    """
    with ExitStack() as ends:
        stage = _begin(ends, stages.distributed, people)
        started, some = time.monotonic(), people // 10
        stage.wait(some)
        if stage.server:
            stage.server.stop()
            time.sleep(gone)
            stage.server.start()
        # What was in hand has gone out meanwhile.
        stage.wait(stage.taken.look() + some)
        stage.book.kill()
        time.sleep(gone)
        stage.book.start()
        stage.wait(stage.taken.look() + some)
        stage.senders[0].signal(signal.SIGSTOP)
        time.sleep(frozen)
        stage.senders[0].signal(signal.SIGCONT)
        stage.finish()
        return {
            **_conditions(people, 0),
            "cut_off": len(stage.senders),
            "database_gone_s": gone,
            "relay_gone_s": gone,
            "frozen_s": frozen,
            **stage.judged(),
            **_seconds(started),
        }
