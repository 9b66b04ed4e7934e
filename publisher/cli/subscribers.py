"""``tidings subscriber``."""

from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from store.database import Transaction
    from store.records import Subscriber

subscriber = typer.Typer(name="subscriber", help="People on the lists.", no_args_is_help=True)


@subscriber.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take subscribers from a CSV file; every line that cannot be taken is named."""
    from publisher import subscriptions  # noqa: PLC0415
    from publisher.errors import InputError  # noqa: PLC0415

    started = perf_counter()
    with common.opened(ctx, config) as house, ExitStack() as stack:
        try:
            # One line in another encoding is refused by itself, not the whole file.
            opened = file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
            text = stack.enter_context(opened)
        except OSError as error:
            raise InputError(str(file), error.strerror or str(error)) from error
        lines = common.reading(text, file.stat().st_size)
        outcome = subscriptions.import_csv(house.database, house.config, lines, str(file))
    for row in outcome.rejected:
        common.warn(f"{file}, line {row.line}: {row.email or 'no address'}: {row.reason}")
    rejections = [vars(row) for row in outcome.rejected]
    result = {
        "rows": outcome.rows,
        "added": outcome.added,
        "updated": outcome.updated,
        "same": outcome.same,
        "rejected": rejections if as_json else len(rejections),
        "seconds": round(perf_counter() - started, 3),
    }
    common.show(result, as_json=as_json)
    if rejections and len(rejections) == outcome.rows:
        raise typer.Exit(1)


@subscriber.command()
def add(
    ctx: typer.Context,
    email: str,
    *,
    language: Annotated[str, typer.Option(help="The language that they read.")],
    newsletters: Annotated[str, typer.Option(help="Keys of newsletters, with commas.")] = "",
    frequency: Annotated[
        str, typer.Option(help="How often: one that the newsletters offer, or 'default'.")
    ] = "",
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    timezone: Annotated[str, typer.Option(metavar="TZ", help="Where they are.")] = "",
    consent_source: Annotated[str, typer.Option(help="How they agreed.")] = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Add somebody who agreed to get mail, or change what is known of them."""
    from publisher import subscriptions  # noqa: PLC0415

    row = {
        "email": email,
        "language": language,
        "newsletters": " ".join(common.words(newsletters)),
        "frequency": frequency,
        "name": name,
        "timezone": timezone,
        "consent_at": common.text_of(common.clock(now)),
        "consent_source": consent_source,
    }
    with common.opened(ctx, config) as house:
        added = subscriptions.add(house.database, house.config, row)
        with house.database.read() as tx:
            record = _record(tx, added)
    common.show(record, as_json=as_json)


@subscriber.command("list")
def list_(
    ctx: typer.Context,
    *,
    language: Annotated[str | None, typer.Option(help="Of this language.")] = None,
    status: Annotated[str | None, typer.Option(help="In this status.")] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the subscribers."""
    from store import subscribers  # noqa: PLC0415
    from store.records import Status  # noqa: PLC0415

    if status and status not in list(Status):
        raise typer.BadParameter(f"--status is one of {', '.join(Status)}")
    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = subscribers.listing(
            tx, language=language, status=Status(status) if status else None
        )
        records = [_record(tx, entry) for entry in found]
    columns = ("email", "name", "language", "timezone", "status", "subscriptions")
    if not as_json:
        for record in records:
            record["subscriptions"] = [entry["newsletter"] for entry in record["subscriptions"]]
    common.listing(records, columns, as_json=as_json)


def _record(tx: "Transaction", entry: "Subscriber") -> dict[str, Any]:
    from store import subscribers  # noqa: PLC0415

    return {
        "email": entry.email,
        "name": entry.name,
        "language": entry.language,
        "timezone": entry.timezone,
        "status": entry.status,
        "consent_at": entry.consent_at,
        "consent_source": entry.consent_source,
        "subscriptions": [
            {**vars(wanted), "topics": list(wanted.topics)}
            for wanted in subscribers.subscriptions_of(tx, entry.id)
        ],
    }
