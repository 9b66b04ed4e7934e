"""``tidings item``: whether texts that are there go out."""

from datetime import datetime
from typing import Annotated

import typer

from publisher.cli import common
from publisher.cli.items import item_record, print_item

ItemArgument = Annotated[int, typer.Argument(metavar="ID")]
LanguageOption = Annotated[str, typer.Option(help="The language of the text.")]
RevisionOption = Annotated[
    int | None,
    typer.Option(metavar="N", help="The revision that you have read; refused if it is not that."),
]


def add_to(item: typer.Typer) -> None:
    """Add these commands."""
    for command in (approve, withdraw, embargo):
        item.command()(command)


def approve(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    language: LanguageOption,
    revision: RevisionOption = None,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Approve a text: once it is current as well, it goes out."""
    from publisher import editing  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        editing.approve(house.database, number, language, now=common.clock(now), read=revision)
        record = item_record(house.database, number)
    print_item(record, as_json=as_json)


def withdraw(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    language: LanguageOption,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take a text out of feeds and pages without a word; approving brings it back."""
    from publisher import editing  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        editing.withdraw(house.database, number, language, now=common.clock(now))
        record = item_record(house.database, number)
    print_item(record, as_json=as_json)


def embargo(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    until: Annotated[
        datetime | None,
        typer.Option("--until", parser=common.instant, metavar="INSTANT", help="When it goes out."),
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Let it out now.")] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Keep an item back until an instant; what is out already is taken back until then."""
    from publisher import editing  # noqa: PLC0415

    if (until is None) is not lift:
        raise typer.BadParameter("give either --until INSTANT or --lift")
    with common.opened(ctx, config) as house:
        editing.embargo(house.database, number, until, now=common.clock(now))
        record = item_record(house.database, number)
    print_item(record, as_json=as_json)
