"""``tidings dkim``: the keys that mail is signed with, and their records in the DNS."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.mail.keys import Key

dkim = typer.Typer(
    name="dkim", help="The keys that mails are signed with (DKIM).", no_args_is_help=True
)


@dkim.command()
def keygen(
    ctx: typer.Context,
    *,
    domain: Annotated[
        str | None, typer.Option(help="Of the addresses that mail comes from [mail.sender's].")
    ] = None,
    selector: Annotated[
        str | None, typer.Option(help="What the key is called [the year and the month].")
    ] = None,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="A key that signs beside one of RSA.")
    ] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Make a key, and say which record the DNS must have before it signs."""
    from publisher.config_file import load  # noqa: PLC0415
    from publisher.mail import keys  # noqa: PLC0415

    settings = load(common.configuration(ctx, config))
    month = f"{common.clock(now):%Y%m}{'e' if ed25519 else ''}"
    key, path = keys.make(
        settings,
        domain or settings.sender.rpartition("@")[2],
        selector or month,
        ed25519=ed25519,
    )
    record = {"file": str(path), **_record(key, settings)}
    if as_json:
        common.print_json(record)
        return
    common.show({name: record[name] for name in ("file", "signs")}, as_json=False)
    common.say(key.zone_line)


@dkim.command("record")
def show_records(
    ctx: typer.Context,
    *,
    domain: Annotated[str | None, typer.Option(help="Only of this domain.")] = None,
    selector: Annotated[str | None, typer.Option(help="Only of this selector.")] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show the records that the DNS must have, as lines of a zone file."""
    from publisher.addresses import ascii_host  # noqa: PLC0415
    from publisher.config_file import load  # noqa: PLC0415
    from publisher.errors import InputError  # noqa: PLC0415
    from publisher.mail import keys  # noqa: PLC0415

    settings = load(common.configuration(ctx, config))
    domain = ascii_host(domain) if domain else None
    found = [
        key
        for key in keys.there(settings)
        if domain in {None, key.domain} and selector in {None, key.selector}
    ]
    if not found:
        folder = str(settings.dkim_folder)
        raise InputError(folder, "no such key; 'tidings dkim keygen' makes one")
    for key in found:
        if as_json:
            common.print_json(_record(key, settings))
        else:
            common.say(key.zone_line)


def _record(key: "Key", config: "Config") -> dict[str, Any]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm,
        "name": key.name,
        "record": key.record,
        "zone": key.zone_line,
        "signs": key.selector in config.dkim.selectors,
    }
