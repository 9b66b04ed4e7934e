"""Send the letters that wait: before campaigns, for somebody is waiting for them.

As with deliveries, a letter is claimed before the relay sees it and settled after the relay has
answered; what a dead process had claimed is unknown, and never sent again blindly. Somebody who
got no letter asks for another.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from publisher.bounces.stopping import stop_refused_letter
from publisher.config import Config
from publisher.delivery import endings, relays, smtp
from publisher.delivery.outgoing import Answer, Outgoing, Verdict
from publisher.delivery.room import ROOM
from publisher.delivery.welcome import Welcome
from publisher.errors import MailError, RenderError, UnreachableError
from publisher.mail import keys
from publisher.mail.keys import Key
from publisher.mail.letters import message
from publisher.mail.return_path import return_path
from publisher.subscriptions import keyring
from publisher.tokens import Mail, Tokens
from store import letters
from store.database import Database
from store.records import Letter

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Written:
    """What one pass did with letters."""

    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    #: Why it stopped before all were sent, and what is wrong with those that were.
    problems: list[str] = field(default_factory=list)


def send(
    database: Database, config: Config, *, now: datetime, stop: Event | None = None
) -> Written:
    """Send the letters that are due, and tell what the dead had claimed.

    When ``stop`` is set, the one that is under way is the last. Raises BusyError while another
    process does.
    """
    outcome = Written()
    with database.read() as tx:
        due = letters.next_due(tx)
    if due is None or due > now:
        # The lock is for those who have something to do: most passes have not.
        return outcome
    with database.exclusive("letters"):
        with database.write() as tx:
            outcome.unknown = letters.orphaned(tx, now)
        tokens, known = keyring.tokens(database, now=now), keys.load(config)
        if fault := known.fault(config.sender):
            # They go out all the same: somebody is waiting for them.
            outcome.problems.append(f"letters go out unsigned: {fault}")
        run = _Run(
            database=database,
            config=config,
            tokens=tokens,
            keys=known.of(config.sender),
            outcome=outcome,
            now=now,
            stop=stop or Event(),
        )
        problem = asyncio.run(run.all())
    outcome.problems += [problem] if problem else []
    if outcome.unknown:
        outcome.problems.append(f"{outcome.unknown} letters may or may not have been sent")
    return outcome


@dataclass(kw_only=True)
class _Run:
    """One pass over one connection, which takes its mails here: letters are few.

    One is claimed when the one before has ended.
    """

    database: Database
    config: Config
    tokens: Tokens
    keys: Sequence[Key]
    outcome: Written
    now: datetime
    #: Set once no more is to be begun.
    stop: Event
    #: What is under way.
    letter: Letter | None = None
    #: Whether none is due any more.
    done: bool = False
    #: What is due at the same tick waits behind it.
    hasty: bool = True
    #: How the relay receives them.
    welcome: Welcome = field(default_factory=Welcome)

    async def all(self) -> str:
        """Send until none is due; return why that ended before, or nothing."""
        problem = ""
        for relay in relays.for_sender(self.config, self.config.sender):
            self.welcome = Welcome()
            try:
                # Nothing else runs in this loop while campaigns make room.
                with ROOM.asked(relay):
                    ended = await smtp.send(relay, self, self)
            except UnreachableError as error:
                problem = str(error)
            else:
                problem = self.welcome.problem(relay) or ended
                if doubt := self.welcome.doubt(relay):
                    _LOG.warning("%s", doubt)
                if not self.welcome.is_none:
                    break
        return problem

    def next(self) -> Outgoing | None:
        """Claim the next letter and make it; while one is under way, there is none."""
        while self.letter is None and self._goes_on:
            with self.database.write() as tx:
                self.letter = letters.claim(tx, self.now)
            if self.letter is None:
                self.done = True
                return None
            try:
                body = message(self.letter, self.tokens, self.config, keys=self.keys)
            except (RenderError, MailError) as error:
                # The relay has seen nothing of it, and trying again will not mend a template.
                if isinstance(error, RenderError):
                    self.outcome.problems.append(str(error))
                self._settle(Answer(verdict=Verdict.PERMANENT, text=str(error)))
            else:
                return Outgoing(
                    id=self.letter.id,
                    sender=return_path(self.tokens, self.config, self.letter.id, Mail.LETTER),
                    recipient=self.letter.email,
                    message=body,
                )
        return None

    @property
    def _goes_on(self) -> bool:
        return not (self.welcome.is_none or self.stop.is_set())

    async def wait(self) -> bool:
        """Say whether there may be one for a new connection: whoever asks has none under way."""
        return self._goes_on and not self.done

    def wants(self, mail: Outgoing) -> bool:  # noqa: ARG002
        """Say that each goes that was claimed."""
        return True

    def starting(self, mail: Outgoing) -> None:
        """Note nothing: that it is claimed says that the relay may have it."""

    def ended(self, mail: Outgoing, answer: Answer) -> None:  # noqa: ARG002
        """Write how the letter ended that was under way."""
        meant = self.welcome.meant(answer)
        self.welcome = self.welcome.after(answer)
        self._settle(meant)

    def _settle(self, answer: Answer) -> None:
        letter, self.letter = self.letter, None
        assert letter is not None  # noqa: S101  (it is under way)
        ending = endings.of(
            answer, letter.id, letter.attempts, now=self.now, give_up=self.config.give_up
        )
        with self.database.write() as tx:
            letters.settle(
                tx,
                letter,
                ending.state,
                code=ending.code,
                detail=ending.detail,
                due=ending.due,
                now=self.now,
            )
        if ending.is_dead:
            stop_refused_letter(self.database, letter, now=self.now)
        setattr(self.outcome, ending.state, getattr(self.outcome, ending.state) + 1)
