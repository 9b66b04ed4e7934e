"""``tidings delivery``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from store.database import Database
    from store.records import Delivery, DeliveryState

delivery = typer.Typer(name="delivery", help="Single mails of an issue.", no_args_is_help=True)

_ENDINGS = ("sent", "failed", "retry")


def _ending(text: str) -> str:
    if text not in _ENDINGS:
        raise typer.BadParameter(f"--as is one of {', '.join(_ENDINGS)}")
    return text


#: What a person has found out of a mail that nobody could say of whether it was sent.
EndingOption = Annotated[
    str, typer.Option("--as", parser=_ending, metavar="ENDING", help="sent, failed or retry.")
]

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
    from publisher.delivery import ways  # noqa: PLC0415
    from publisher.mail.wire import message_id  # noqa: PLC0415
    from publisher.subscriptions import keyring  # noqa: PLC0415
    from store import editions, issues  # noqa: PLC0415
    from store.records import DeliveryState  # noqa: PLC0415

    wanted = common.one_of("--state", state, DeliveryState)
    told = ("id", "email", "language", "state", "code", "attempts", "detail")
    with common.opened(ctx, config) as house:
        tokens = keyring.tokens(house.database, now=common.clock(None))
        with house.database.read() as tx:
            found = editions.of(tx, issues.get(tx, issue).id)
        known = {entry.id: entry for entry in found}

        def record(mail: "Delivery") -> dict[str, Any]:
            domain = ways.domain_of(house.config, mail.way if mail.state == "unknown" else "")
            identity = message_id(mail, known[mail.edition_id], domain, tokens)
            return {**{name: getattr(mail, name) for name in told}, "message_id": identity}

        mails = _mails(house.database, issue, wanted)
        common.listing(map(record, mails), (*told, "message_id"), as_json=as_json)


def _mails(database: "Database", issue: int, state: "DeliveryState | None") -> Iterator["Delivery"]:
    """Yield the mails of an issue, page by page, each as it is then: they may be a million."""
    from store import deliveries  # noqa: PLC0415

    last, more = 0, True
    while more:
        with database.read() as tx:
            page = deliveries.page(tx, issue, after=last, limit=_PAGE, state=state)
        yield from page
        more = len(page) == _PAGE
        last = page[-1].id if page else last


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
        hints = unknowns.hints(house.database, house.config, issue)
    record = {name: value for name, value in vars(done).items() if name != "problems"}
    common.show(record, as_json=as_json)
    for problem in [*done.problems, *hints]:
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
    ending: EndingOption,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Say how a mail ended that is unknown: it was sent, it failed, or it is to be sent again."""
    from publisher.delivery import engine  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        state = engine.resolve(house.database, number, ending, now=common.clock(now))
    common.show({"id": number, "state": state}, as_json=as_json)
