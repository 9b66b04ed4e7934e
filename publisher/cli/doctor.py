"""``tidings doctor``."""

from typing import Any

import typer

from publisher.cli import common

#: From sysexits.h: something is wrong with the configuration.
_CONFIGURATION = 78


def doctor(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Look at what Tidings stands on: store, clock, relay, DNS, other packages of our names."""
    from publisher import doctor  # noqa: PLC0415
    from publisher.config_file import load  # noqa: PLC0415
    from publisher.errors import ConfigError  # noqa: PLC0415

    path = common.configuration(ctx, config)
    try:
        settings = load(path)
    except ConfigError as error:
        told = f"{error.source}: {'; '.join(error.mistakes)}"
        checks, code = [_check(ok=False, detail=told)], _CONFIGURATION
    else:
        found = doctor.examine(settings, now=common.clock(None))
        checks, code = [_check(ok=True, detail=str(path)), *map(vars, found)], 1
    if as_json:
        common.print_json({"checks": checks})
    else:
        common.listing(checks, ("name", "ok", "detail"), as_json=False)
    if not all(check["ok"] for check in checks):
        raise typer.Exit(code)


def _check(*, ok: bool, detail: str) -> dict[str, Any]:
    return {"name": "configuration", "ok": ok, "detail": detail}
