"""``tidings delivery``."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from store.records import DeliveryState, Edition

delivery = typer.Typer(name="delivery", help="Single mails of an issue.", no_args_is_help=True)

#: What a person may say of a mail that nobody can say of whether it was sent.
ENDINGS = ("sent", "failed", "retry")

#: Mails that are read together: of more PostgreSQL would rather look through all subscribers.
_PAGE = 500


@delivery.command("list")
def list_deliveries(
    ctx: typer.Context,
    *,
    issue: Annotated[int, typer.Option(metavar="N", help="The issue.")],
    state: Annotated[str | None, typer.Option(help="In this state, such as unknown.")] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the mails of an issue and how each stands."""
    from store import issues  # noqa: PLC0415
    from store.records import DeliveryState  # noqa: PLC0415

    if state and state not in list(DeliveryState):
        raise typer.BadParameter(f"--state is one of {', '.join(DeliveryState)}")
    columns = ("id", "email", "language", "state", "code", "attempts", "detail")
    with common.opened(ctx, config) as house:
        with house.database.read() as tx:
            found = issues.editions_of(tx, issues.get(tx, issue).id)
        editions = {edition.id: edition for edition in found}
        wanted = DeliveryState(state) if state else None
        common.listing(_mails(house, issue, editions, wanted), columns, as_json=as_json)


def _mails(
    house: common.House,
    issue: int,
    editions: "Mapping[int, Edition]",
    state: "DeliveryState | None",
) -> Iterator[dict[str, Any]]:
    """Yield the mails of an issue, page by page, each as it is then: they may be a million."""
    from publisher.mail.wire import message_id  # noqa: PLC0415
    from store import deliveries  # noqa: PLC0415

    last, more = 0, True
    while more:
        with house.database.read() as tx:
            page = deliveries.page(tx, issue, after=last, limit=_PAGE, state=state)
        for mail in page:
            yield {
                "id": mail.id,
                "email": mail.email,
                "language": mail.language,
                "state": mail.state,
                "code": mail.code,
                "attempts": mail.attempts,
                "detail": mail.detail,
                "message_id": message_id(mail, editions[mail.edition_id], house.config.host),
            }
            last = mail.id
        more = len(page) == _PAGE


@delivery.command()
def ask(
    ctx: typer.Context,
    *,
    issue: Annotated[int, typer.Option(metavar="N", help="The issue.")],
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Ask the relays for the unknown mails of an issue, whatever its newsletter's rule."""
    from publisher.delivery import unknowns  # noqa: PLC0415
    from store.records import UnknownRule  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        done = unknowns.settle(
            house.database, house.config, issue, now=common.clock(now), rule=UnknownRule.ASK
        )
    record = {name: value for name, value in vars(done).items() if name != "problems"}
    common.show(record, as_json=as_json)
    for problem in done.problems:
        common.warn(problem)
    if done.not_yet:
        common.warn(f"the relay does not say yet of {done.not_yet}: ask again in a few seconds")
    if done.held:
        common.warn(f"{done.held} cannot be asked for; say it with 'tidings delivery resolve ID'")


@delivery.command()
def resolve(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID")],
    *,
    ending: Annotated[str, typer.Option("--as", help="sent, failed or retry.")],
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Say how a mail ended that is unknown: it was sent, it failed, or it is to be sent again."""
    from publisher.delivery import engine  # noqa: PLC0415

    if ending not in ENDINGS:
        raise typer.BadParameter(f"--as is one of {', '.join(ENDINGS)}")
    with common.opened(ctx, config) as house:
        state = engine.resolve(house.database, number, ending, now=common.clock(now))
    common.show({"id": number, "state": state}, as_json=as_json)
