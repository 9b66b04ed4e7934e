"""``tidings letter``."""

from typing import Annotated

import typer

from publisher.cli import common
from publisher.cli.deliveries import EndingOption

letter = typer.Typer(name="letter", help="Letters to single people.", no_args_is_help=True)


@letter.command("list")
def list_letters(
    ctx: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help="In this state, such as unknown.")] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the letters of the last 30 days and how each stands."""
    from publisher.mail.letters import message_id  # noqa: PLC0415
    from store import letters  # noqa: PLC0415
    from store.records import DeliveryState  # noqa: PLC0415

    wanted = common.one_of("--state", state, DeliveryState)
    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = letters.listing(tx, state=wanted)
    records = [
        {
            "id": each.id,
            "name": each.name,
            "email": each.email,
            "language": each.language,
            "state": each.state,
            "code": each.code,
            "attempts": each.attempts,
            "created": each.created,
            "detail": each.detail,
            "message_id": message_id(each, house.config.host),
        }
        for each in found
    ]
    columns = ("id", "name", "email", "language", "state", "code", "attempts", "created", "detail")
    common.listing(records, columns, as_json=as_json)


@letter.command()
def resolve(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID")],
    *,
    ending: EndingOption,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Say how a letter ended that is unknown: it was sent, it failed, or it is to be sent again."""
    from publisher.subscriptions import writing  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        state = writing.resolve(house.database, number, ending, now=common.clock(now))
    common.show({"id": number, "state": state}, as_json=as_json)
