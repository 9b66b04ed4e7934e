"""Send the letters that wait: before campaigns, for somebody is waiting for them.

As with deliveries, a letter is claimed before the relay sees it and settled after the relay has
answered; what a dead process had claimed is unknown, and never sent again blindly. Somebody who
got no letter asks for another.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from publisher.config import Config
from publisher.delivery.engine import Ending, after
from publisher.delivery.smtp import Connection
from publisher.errors import MailError, RenderError, UnreachableError
from publisher.mail.letters import message
from publisher.mail.return_path import return_path
from publisher.subscriptions import keyring
from publisher.tokens import Mail, Tokens
from store import letters
from store.database import Database
from store.records import DeliveryState, Letter


@dataclass(kw_only=True)
class Written:
    """What one pass did with letters."""

    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    #: Why it stopped before all were sent.
    problems: list[str] = field(default_factory=list)


def send(database: Database, config: Config, *, now: datetime) -> Written:
    """Send the letters that are due. Raises BusyError while another process does."""
    outcome = Written()
    with database.read() as tx:
        due = letters.next_due(tx)
    if due is None or due > now:
        # The lock is for those who have something to send: most passes have not.
        return outcome
    with database.exclusive("letters"):
        with database.write() as tx:
            outcome.unknown = letters.orphaned(tx, now)
        tokens = keyring.tokens(database, now=now)
        run = _Run(database=database, config=config, tokens=tokens, outcome=outcome, now=now)
        problem = asyncio.run(run.all())
    outcome.problems += [problem] if problem else []
    if outcome.unknown:
        outcome.problems.append(f"{outcome.unknown} letters may or may not have been sent")
    return outcome


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One pass over one connection: letters are few."""

    database: Database
    config: Config
    tokens: Tokens
    outcome: Written
    now: datetime

    async def all(self) -> str:
        """Send until none is due; return why that ended before, or nothing."""
        try:
            async with Connection(self.config) as connection:
                while connection.is_open:
                    if not await self._next(connection):
                        return ""
        except UnreachableError as error:
            return str(error)
        return "the relay closed the connection"

    async def _next(self, connection: Connection) -> bool:
        with self.database.write() as tx:
            letter = letters.claim(tx, self.now)
        if letter is None:
            return False
        ending = await self._send(connection, letter)
        with self.database.write() as tx:
            letters.settle(tx, letter, **vars(ending), now=self.now)
        setattr(self.outcome, ending.state, getattr(self.outcome, ending.state) + 1)
        return True

    async def _send(self, connection: Connection, letter: Letter) -> Ending:
        try:
            body = message(letter, self.tokens, self.config)
            back = return_path(self.tokens, self.config, letter.id, Mail.LETTER)
            code, reply = await connection.send(back, letter.email, body)
        except RenderError as error:
            # The relay has seen nothing of it, and trying again will not mend a template.
            self.outcome.problems.append(str(error))
            return Ending(state=DeliveryState.FAILED, code=0, detail=str(error), due=self.now)
        except MailError as error:
            return after(error, letter.attempts, now=self.now)
        return Ending(state=DeliveryState.SENT, code=code, detail=reply, due=self.now)
