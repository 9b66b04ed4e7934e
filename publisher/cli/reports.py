"""``tidings report``."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.reports import LanguageReport

report = typer.Typer(name="report", help="How the languages stand.", no_args_is_help=True)


@report.command()
def parity(
    ctx: typer.Context,
    *,
    since: Annotated[
        datetime | None,
        typer.Option(parser=common.instant, metavar="INSTANT", help="Of items that came since."),
    ] = None,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show what is published, missing and outdated in each language, and how far behind it is."""
    from publisher import reports  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        found = reports.parity(house.database, house.config, now=common.clock(now), since=since)
    if as_json:
        common.listing([vars(one) for one in found], (), as_json=True)
        return
    columns = ("language", "name", "items", "published", "missing", "outdated", "lag", "fallbacks")
    common.listing([_line(one) for one in found], columns, as_json=False)


def _line(one: "LanguageReport") -> dict[str, Any]:
    """Return what a line of the table says."""
    from publisher import languages  # noqa: PLC0415

    lag, rate = one.median_lag_hours, one.fallback_rate
    share = f" ({rate:.1%})" if rate else ""
    return {
        **vars(one),
        "name": languages.name(one.language),
        "lag": None if lag is None else f"{lag:.1f} h",
        "fallbacks": f"{one.fallbacks}{share}",
    }
