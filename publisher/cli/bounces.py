"""``tidings bounce``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.bounces import Taken

bounce = typer.Typer(name="bounce", help="Mails that came back.", no_args_is_help=True)

#: Reasons that are told one by one, where the list may be long.
_TOLD = 1_000


class _Count:
    """What became of the messages so far."""

    def __init__(self) -> None:
        self.read = 0
        self.kinds: dict[str, int] = {}
        self.became: dict[str, int] = {}
        self.ignored: list[dict[str, str]] = []
        self.unlisted = 0

    def add(self, source: str, taken: "Taken") -> None:
        """Count a message."""
        self.read += 1
        if taken.became:
            self.became[taken.became] = self.became.get(taken.became, 0) + 1
        if not taken.again and taken.kind not in {"ignored", "unknown"}:
            self.kinds[taken.kind] = self.kinds.get(taken.kind, 0) + 1
        elif len(self.ignored) < _TOLD:
            self.ignored.append({"file": source, "reason": taken.reason})
        else:
            self.unlisted += 1

    @property
    def record(self) -> dict[str, Any]:
        """What the contract says of it."""
        return {
            "read": self.read,
            "bounced": self.became.get("bounced", 0),
            "complained": self.became.get("complained", 0),
            "left": self.kinds.get("leave", 0),
            "hard": self.kinds.get("hard", 0),
            "soft": self.kinds.get("soft", 0),
            "policy": self.kinds.get("policy", 0),
            "ignored": self.ignored,
        }


@bounce.command()
def process(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH")],
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take in messages: a file, an mbox, a Maildir, a folder of files, or - for a pipe."""
    from publisher import bounces  # noqa: PLC0415
    from publisher.bounces import sources  # noqa: PLC0415

    counted = _Count()
    with common.opened(ctx, config) as house:
        piped = path == "-"
        found = sources.piped(sys.stdin.buffer) if piped else sources.messages(Path(path))
        for source, raw in found:
            moment = common.clock(now)
            taken = bounces.take(house.database, house.config, raw, source=source, now=moment)
            counted.add(source, taken)
    _show(counted, as_json=as_json)


@bounce.command()
def fetch(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take in what is new in the mailbox of the configuration (IMAP)."""
    from publisher.bounces import imap  # noqa: PLC0415

    counted = _Count()
    with common.opened(ctx, config) as house:
        imap.fetch(house.database, house.config, counted.add, now=common.clock(now))
    _show(counted, as_json=as_json)


def _show(counted: _Count, *, as_json: bool) -> None:
    record = counted.record
    if not as_json:
        for entry in counted.ignored:
            common.warn(f"{entry['file']}: {entry['reason']}")
        record["ignored"] = len(counted.ignored) + counted.unlisted
    if counted.unlisted:
        common.warn(f"{counted.unlisted} more were ignored; what is unknown 'bounce list' shows")
    common.show(record, as_json=as_json)


@bounce.command("list")
def list_(
    ctx: typer.Context,
    *,
    kind: Annotated[
        str | None,
        typer.Option(help="Of this kind: hard, soft, policy, complaint, leave or unknown."),
    ] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List what came back, newest first, and what it was taken for."""
    from publisher.mail.returned import Kind  # noqa: PLC0415
    from store import bounces  # noqa: PLC0415

    wanted = common.one_of("--kind", kind, [each for each in Kind if each is not Kind.IGNORED])
    columns = ("id", "at", "kind", "email", "status", "detail", "subject", "source")
    with common.opened(ctx, config) as house, house.database.read() as tx:
        records = (vars(row) for row in bounces.listing(tx, kind=wanted))
        common.listing(records, columns, as_json=as_json)
