"""What a worker asks of the store: to take a batch, to fold endings, to let it go.

Each is a transaction. They run one after the other, in a thread beside the event loop.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher import windows
from publisher.bounces.stopping import stop_refused
from publisher.delivery import relays, ways
from publisher.delivery.held import Held
from publisher.delivery.making import Known, Maker
from publisher.delivery.relays import Route
from publisher.errors import ConflictError
from store import batches, claims, dues, letters
from store.database import Database, Transaction
from store.records import Batch, Delivery, Ending


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A batch that was claimed."""

    held: Held
    deliveries: Sequence[Delivery]
    #: How many of it were for people who have left.
    cancelled: int
    #: As :meth:`Holder.among`.
    among: int


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A worker in the store's eyes."""

    database: Database
    maker: Maker
    #: The name that its batches are held under.
    worker: str = ""
    clock: Callable[[], datetime]
    #: Seconds that only go on.
    time: Callable[[], float]
    #: Seconds that a batch is held for without a word.
    lease: float
    #: Only batches of this issue.
    issue_id: int | None = None
    #: Batches that are asked for before all others, whoever's turn it is.
    first: list[int] = field(default_factory=list)
    #: The relays that its mails go by; others' mails it leaves alone.
    route: Route = ()
    #: Whether the relays have limits that all who send by them share.
    limited: bool = False

    def take(self, known: Collection[Batch] = ()) -> Taken | None:
        """Claim the next batch of which something is due, or None.

        ``known`` are those that it has already.
        """
        while True:
            now, at = self.clock(), self.time()
            with self.database.write() as tx:
                self._give_back(tx, known, now)
                batch = self._claim(tx, now)
                if batch is None:
                    return None
                self._keep_window(tx, batch, now)
                found, cancelled = claims.take(tx, batch, now)
                if not found:
                    batches.let_go(tx, batch)
                among = self._among(tx)
            if found or cancelled:
                held = Held(batch=batch, until=at + self.lease)
                return Taken(held=held, deliveries=found, cancelled=cancelled, among=among)

    def routes(self, now: datetime) -> list[Route]:
        """Return by which relays something is due. Raises ConfigError, as who makes the mails."""
        with self.database.read() as tx:
            due = batches.due_editions(tx, now, issue_id=self.issue_id)
            return [*dict.fromkeys(self.maker.learn(tx, edition_id).route for edition_id in due)]

    def _claim(self, tx: Transaction, now: datetime) -> Batch | None:
        editions = self._editions(tx, now)
        way = ways.of(self.maker.config, self.route, now=now)
        for batch_id in (*self.first, None):
            batch = batches.claim(
                tx,
                self.worker,
                lease=timedelta(seconds=self.lease),
                now=now,
                way=way.written(),
                issue_id=self.issue_id,
                batch_id=batch_id,
                editions=editions,
            )
            self.first.clear()
            if batch:
                return batch
        return None

    def _editions(self, tx: Transaction, now: datetime) -> Collection[int] | None:
        """Return the editions that go by its relays, None where all do.

        Asked anew each time: another relay must not have what has fallen due since.
        """
        if not relays.several_routes(self.maker.config):
            return None
        due = batches.due_editions(tx, now, issue_id=self.issue_id)
        return [each for each in due if self.maker.look(tx, each).route == self.route]

    def _keep_window(self, tx: Transaction, batch: Batch, now: datetime) -> None:
        """Put off all of the edition that is due to readers whose window is closed."""
        known = self.maker.learn(tx, batch.edition_id)
        if known.newsletter.windows:
            until = closed(known, dues.zones(tx, batch, now), now)
            if until:
                dues.put_off(tx, batch.edition_id, until, now=now)

    def settle(self, endings: Sequence[Ending], done: Sequence[Held]) -> None:
        """Write how mails ended, and let batches go; what has not ended of them waits again.

        Those whom nothing can reach are written to no more.
        """
        now = self.clock()
        with self.database.write() as tx:
            claims.fold(tx, endings, now=now)
            for held in done:
                # If others have taken it over, they have said what is unknown of it.
                with suppress(ConflictError):
                    claims.release(tx, held.batch, later=held.later, now=now)
        stop_refused(self.database, endings, now=now)

    def give_back(self) -> None:
        """Let go of all that it still has by the store, when no connection is left."""
        with self.database.write() as tx:
            self._give_back(tx, (), self.clock())

    def _give_back(self, tx: Transaction, known: Collection[Batch], now: datetime) -> None:
        """Let go of what it has by the store alone: of that nothing was ever begun.

        A claim may be done and nobody hear so, where the store is gone at that moment.
        """
        tokens = {(batch.id, batch.token) for batch in known}
        for batch in batches.held(tx, worker=self.worker):
            if (batch.id, batch.token) not in tokens:
                with suppress(ConflictError):
                    claims.release(tx, batch, now=now)

    def renew(self, held: Sequence[Held]) -> None:
        """Hold batches for longer; those are lost that others have taken over."""
        now, at = self.clock(), self.time()
        with self.database.write() as tx:
            lease = timedelta(seconds=self.lease)
            kept = [batches.renew(tx, each.batch, lease, now=now) for each in held]
        for each, is_kept in zip(held, kept, strict=True):
            each.until, each.lost = at + self.lease, not is_kept

    def stopped(self, issue_ids: Collection[int]) -> set[int]:
        """Return which of these issues are not being sent any more."""
        with self.database.read() as tx:
            return claims.stopped(tx, issue_ids)

    def are_letters_due(self) -> bool:
        """Return whether letters are to go out, by this process or by another."""
        with self.database.read() as tx:
            due = letters.next_due(tx)
        return due is not None and due <= self.clock()

    def among(self) -> int:
        """Return how many workers, this one too, hold batches that go by one of its relays."""
        with self.database.read() as tx:
            return self._among(tx)

    def _among(self, tx: Transaction) -> int:
        if not self.limited:
            return 1
        held = batches.holders(tx)
        beside = {worker for worker, edition_id in held if self._is_beside(tx, edition_id)}
        return len(beside | {self.worker})

    def _is_beside(self, tx: Transaction, edition_id: int) -> bool:
        """Return whether an edition goes by one of its relays: several routes may share some."""
        if not relays.several_routes(self.maker.config):
            return True
        return not {*self.route}.isdisjoint(self.maker.look(tx, edition_id).route)


def closed(known: Known, zones: Collection[str], now: datetime) -> Mapping[str, datetime]:
    """Return by zone when the window opens again that is closed now, of these zones. Pure."""
    due = windows.of_newsletter(known.newsletter, known.edition.language, zones, now=now)
    opens = {zone: due.get(zone, due[""]) for zone in zones}
    return {zone: moment for zone, moment in opens.items() if moment > now}
