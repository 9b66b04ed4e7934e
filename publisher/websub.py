"""Tell the hubs of the site which feeds have changed (W3C WebSub, 6): httpx2's other home.

    site.refresh --ping for each hub and feed--> claim --POST, hubs apart--> settle
                                                              2xx: told
              no answer, 408, 429, a fault of the server: later, for days, then given up
                                 any other: refused, for a person to mend

Hubs agree on no more than ``hub.mode=publish`` (the Recommendation leaves it to them), so each
question is about one feed, which it names twice: Google's hub reads ``hub.url``, others
``hub.topic``, and of several some read only the first.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

import httpx2

from publisher.config import Config
from store import pings
from store.database import Database
from store.records import Ping

#: Pings of one hub that one pass takes at most.
MOST = 500
#: Seconds in which a pass begins to tell, and that one answer may take: its end is their sum.
BEGINS, PATIENCE = 3.0, 3.0

#: The first pause after a failure; each next one is twice as long.
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(hours=4)
#: After so many attempts, almost three days, a hub is given up until the next change.
MAX_ATTEMPTS = 24
#: A failure that passes within minutes is nobody's business; from this attempt on it is told.
NOTEWORTHY = 3
#: Whoever dies in the middle leaves the pings to another after this time.
_LEASE = timedelta(minutes=1)

#: Answers that ask to wait: Too Many Requests (RFC 6585, 4), Service Unavailable (RFC 9110).
_WAIT = frozenset({429, 503})
_REQUEST_TIMEOUT, _SERVER_FAULT = 408, 500
_TAKEN = range(200, 300)
#: Bytes of an answer that are read, so that the connection can serve the next question.
_ENOUGH = 16_384


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of telling a hub."""

    #: None where the hub gave no answer.
    status: int | None = None
    #: Why there is none.
    reason: str = ""

    @property
    def is_of_hub(self) -> bool:
        """Whether the hub would answer the same for any other feed just now."""
        return self.status in {None, *_WAIT}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an answer means."""

    told: bool = False
    #: The ping as it waits, None where it is done with.
    later: Ping | None = None
    #: What a person must hear; empty for nothing.
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of telling the hubs."""

    #: Pings that hubs have taken.
    told: int = 0
    problems: tuple[str, ...] = ()


def tell(database: Database, config: Config, *, now: datetime) -> Outcome:
    """Tell the hubs what they have not heard yet.

    Takes no more than :data:`BEGINS` and :data:`PATIENCE` together, whatever the hubs do; what
    there was no time for is for the next pass. A hub that fails holds up no other.
    """
    with database.read() as tx:
        if not pings.is_any_due(tx, now):
            return Outcome()
    taken = _claim(database, config.feeds.hubs, now)
    answers = _ask(taken, f"Tidings (+{config.site.url})")
    verdicts = {ping.id: settle(ping, answers.get(ping.id), now=now) for ping in taken}
    later = [verdict.later for verdict in verdicts.values() if verdict.later]
    with database.write() as tx:
        pings.done(tx, verdicts.keys() - {ping.id for ping in later})
        pings.postpone(tx, later)
    return Outcome(
        told=sum(verdict.told for verdict in verdicts.values()),
        problems=_problems(verdicts.values()),
    )


def _claim(database: Database, hubs: Sequence[str], now: datetime) -> list[Ping]:
    with database.write() as tx:
        pings.keep_only(tx, hubs)
        return [
            ping
            for hub in hubs
            for ping in pings.claim(tx, hub, now=now, until=now + _LEASE, limit=MOST)
        ]


def settle(ping: Ping, answer: Answer | None, *, now: datetime) -> Verdict:
    """Return what becomes of a ping; without an answer there was no time to ask. Pure."""
    if answer is None:
        return Verdict(later=replace(ping, due=now))
    if answer.status in _TAKEN:
        return Verdict(told=True)
    why = answer.reason if answer.status is None else f"it answered {answer.status}"
    if not _may_pass(answer):
        return Verdict(problem=f"hub {ping.hub} refuses news: {why}; check feeds.hubs")
    tried = ping.attempts + 1
    due = again(tried, now)
    if due is None:
        return Verdict(problem=f"hub {ping.hub} is given up after {tried} attempts: {why}")
    problem = f"hub {ping.hub} takes no news yet: {why}" if tried >= NOTEWORTHY else ""
    return Verdict(later=replace(ping, attempts=tried, due=due), problem=problem)


def _may_pass(answer: Answer) -> bool:
    status = answer.status
    return answer.is_of_hub or status == _REQUEST_TIMEOUT or (status or 0) >= _SERVER_FAULT


def again(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts (from 1), None to give up. Pure."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return now + min(_FIRST * (1 << attempts - 1), _LONGEST)


def _problems(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return each problem once, with the number of feeds that it is about."""
    found = Counter(verdict.problem for verdict in verdicts if verdict.problem)
    return tuple(f"{problem} (feeds: {count})" for problem, count in found.items())


def _ask(taken: Sequence[Ping], agent: str) -> Mapping[int, Answer]:
    """Return the answers of the hubs by ping, as far as there was time for them."""
    answers: dict[int, Answer] = {}
    # In a thread that can be left behind: nothing else bounds the system's look for a name.
    pool = ThreadPoolExecutor(1)
    work = pool.submit(lambda: asyncio.run(_ask_all(taken, agent, answers.__setitem__)))
    try:
        work.result(BEGINS + PATIENCE + 1)
    except TimeoutError:
        return dict(answers)
    finally:
        pool.shutdown(wait=False)
    return answers


async def _ask_all(taken: Sequence[Ping], agent: str, note: Callable[[int, Answer], None]) -> None:
    limit = monotonic() + BEGINS
    # No proxy and no cookie of others; a redirect is for a person to look at.
    async with httpx2.AsyncClient(
        trust_env=False, timeout=PATIENCE, headers={"User-Agent": agent}, follow_redirects=False
    ) as client:
        hubs = groupby(taken, key=lambda ping: ping.hub)
        of_hubs = [list(of_hub) for _, of_hub in hubs]
        await asyncio.gather(*(_ask_one(client, each, limit, note) for each in of_hubs))


async def _ask_one(
    client: httpx2.AsyncClient,
    of_hub: Sequence[Ping],
    limit: float,
    note: Callable[[int, Answer], None],
) -> None:
    """Tell one hub, a feed at a time; where it does not answer, the rest need not be tried."""
    for number, ping in enumerate(of_hub):
        if monotonic() >= limit:
            return
        answer = await _post(client, ping)
        for told in of_hub[number:] if answer.is_of_hub else [ping]:
            note(told.id, answer)
        if answer.is_of_hub:
            return


async def _post(client: httpx2.AsyncClient, ping: Ping) -> Answer:
    form = {"hub.mode": "publish", "hub.topic": ping.topic, "hub.url": ping.topic}
    status, reason = None, ""
    try:
        # The client's own patience begins anew with each byte.
        async with asyncio.timeout(PATIENCE), client.stream("POST", ping.hub, data=form) as answer:
            status = answer.status_code
            async for part in answer.aiter_raw(_ENOUGH):
                if len(part) == _ENOUGH:
                    break
    except (TimeoutError, httpx2.TimeoutException):
        reason = f"no answer within {PATIENCE:g} seconds"
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        reason = str(error)[:200] or type(error).__name__
    return Answer(status=status, reason=reason)
