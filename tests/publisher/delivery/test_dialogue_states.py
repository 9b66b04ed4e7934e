"""The dialogue as a machine that hypothesis drives: relay, way and sender do what they like.

Whatever happens, in whatever order and at whatever byte: each mail ends once, nobody who has it
is written to again, and what the sender believes of it is so.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from publisher.delivery.commands import Terms, Way
from publisher.delivery.dialogue import Dialogue
from publisher.delivery.outgoing import Outgoing
from publisher.errors import LeaseError
from tests.relay_hostile import KINDS, LIARS, Book, HostileRelay, Move, Post, check, mails

#: Relays that are met. TIDINGS_TEST_RELAYS=4000 takes half a minute, 100000 more than twenty.
RELAYS = int(os.environ.get("TIDINGS_TEST_RELAYS", "500"))
#: What happens with each, at the most, before it is honest.
STEPS = 25


class Careful(Post):
    """A sender whose lease may be over when a message is to begin."""

    late = False

    def starting(self, mail: Outgoing) -> None:
        """Begin a mail, unless its batch is another's by now."""
        if self.late:
            self.late = False
            raise LeaseError("not renewed in time")
        super().starting(mail)


class Conversations(RuleBasedStateMachine):
    """Mails to one relay, over one connection after the other."""

    @initialize(
        way=st.sampled_from(Way),
        window=st.integers(1, 3),
        messages=st.integers(0, 3),
        count=st.integers(1, 6),
        eager=st.booleans(),
        lies=st.booleans(),
    )
    def begin(
        self, *, way: Way, window: int, messages: int, count: int, eager: bool, lies: bool
    ) -> None:
        """Meet a relay that nobody knows."""
        self.sent, self.book = mails(count), Book()
        self.post = Careful(waiting=list(self.sent), window=window if way is Way.CHUNKS else 1)
        self.terms = Terms(way=way, sizes=eager, window=window, messages=messages)
        self.kinds, self.eager = LIARS if lies else KINDS, eager
        self.moves: deque[Move] = deque()
        self._connect()

    def _connect(self) -> None:
        self.post.lying, self.coming, self.written = False, b"", b""
        self.relay = HostileRelay(self.book, self._planned(), eager=self.eager)
        self.dialogue = Dialogue(self.post, self.post, self.terms)
        self._act(self.dialogue.more)

    def _planned(self) -> Iterator[Move]:
        while True:
            yield self.moves.popleft() if self.moves else Move()

    def _act(self, step: Callable[[], None]) -> None:
        """Take a step, as the connection does (`publisher.delivery.line`)."""
        try:
            step()
        except LeaseError:
            self.dialogue.fail("the sending was stopped")
        self.written += b"".join(self.dialogue.output())
        if self.dialogue.over:
            # The connection is cut: what was not sent by then never is.
            assert not self.post.taken, "taken and not ended"
            self._connect()

    @rule(number=st.integers(0, 99), which=st.integers(0, 255))
    def plans(self, number: int, which: int) -> None:
        """Have the relay answer one thing in a way of its own."""
        self.moves.append(Move(kind=self.kinds[number % len(self.kinds)], which=which))

    @precondition(lambda self: self.written)
    @rule(size=st.integers(1, 60))
    def reads_some(self, size: int) -> None:
        """Have some bytes reach the relay."""
        self._read(size)

    @precondition(lambda self: self.written)
    @rule()
    def reads(self) -> None:
        """Have all bytes reach the relay."""
        self._read(len(self.written))

    def _read(self, size: int) -> None:
        some, self.written = self.written[:size], self.written[size:]
        self.coming += self.relay.feed(some)
        self.post.lying = self.post.lying or self.relay.lying

    @precondition(lambda self: self.coming)
    @rule(size=st.integers(1, 60))
    def hears_some(self, size: int) -> None:
        """Have some bytes come back."""
        some, self.coming = self.coming[:size], self.coming[size:]
        self._act(lambda: self.dialogue.received(some))

    @precondition(lambda self: self.coming)
    @rule()
    def hears(self) -> None:
        """Have all bytes come back."""
        some, self.coming = self.coming, b""
        self._act(lambda: self.dialogue.received(some))

    @precondition(lambda self: self.dialogue.idle and not self.coming)
    @rule()
    def goes_on(self) -> None:
        """Say more, or goodbye."""
        end = self.dialogue.spent or not self.post.waiting
        self._act(self.dialogue.leave if end else self.dialogue.more)

    @rule()
    def breaks(self) -> None:
        """Cut the way, with all that is on it."""
        self._act(lambda: self.dialogue.lost("gone"))

    @rule()
    def stops(self) -> None:
        """Stop: somebody says so, or it has taken too long."""
        self._act(lambda: self.dialogue.fail("stopped"))

    @rule()
    def withdraws(self) -> None:
        """Want none of those to go any more that are on their way."""
        self.post.withdrawn |= self.post.taken

    @rule()
    def oversleeps(self) -> None:
        """Have the lease be over when the next message is to begin."""
        self.post.late = True

    @invariant()
    def nobody_has_anything_twice(self) -> None:
        """Hold what is believed against what is so, at every moment."""
        check(self.post, self.book, [m for m in self.sent if m.id not in self.post.taken])

    def teardown(self) -> None:
        """Go on with an honest relay until every mail has ended."""
        self.moves.clear()
        self.post.late = False
        while self.post.waiting or self.post.taken:
            self._on()
        check(self.post, self.book, self.sent)
        assert self.post.answers.keys() == {mail.id for mail in self.sent}

    def _on(self) -> None:
        if self.written:
            self.reads()
        elif self.coming:
            self.hears()
        elif self.dialogue.idle and not (self.relay.closed or self.relay.mute):
            self.goes_on()
        else:
            # Whatever it waits for: a liar may wait for a text that it has refused.
            self.stops()


def test_whatever_happens_and_whenever_each_mail_ends_once_and_as_it_did() -> None:
    run_state_machine_as_test(
        Conversations,
        settings=settings(
            max_examples=RELAYS,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
