"""``tidings key``."""

import typer

from publisher.cli import common

key = typer.Typer(name="key", help="The keys that links in mails are signed with.")


@key.callback()
def keys() -> None:
    """Keep one command a command of a group."""


@key.command()
def rotate(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Make a new key, which signs from now on; links that older ones signed stay good."""
    from publisher.subscriptions import keyring  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        number = keyring.rotate(house.database, now=common.clock(now))
    common.show({"id": number}, as_json=as_json)
