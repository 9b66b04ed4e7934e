"""``tidings translation`` and ``tidings item export``: to and from translators."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.exchange.outgoing import Sent

translation = typer.Typer(
    name="translation", help="To and from translators: XLIFF, PO.", no_args_is_help=True
)


OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that differ.")]


def add_to(item: typer.Typer) -> None:
    """Add the command that exports any item."""
    item.command("export")(export_item)


@translation.command()
def export(
    ctx: typer.Context,
    *,
    language: Annotated[str, typer.Option(help="The language to translate into.")],
    form: Annotated[str, typer.Option("--format", help="xliff, po or markdown.")] = "xliff",
    numbers: Annotated[
        list[int] | None, typer.Option("--item", metavar="ID", help="Only this, again for each.")
    ] = None,
    made_from: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="The language to translate from.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is current.")] = False,
    out: OutOption = Path(),
    overwrite: OverwriteOption = False,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Write a file for each item that misses a translation, or has an outdated one."""
    from publisher.exchange import outgoing  # noqa: PLC0415
    from publisher.exchange.wanted import Order  # noqa: PLC0415

    order = Order(
        language=language,
        format=form,
        made_from=made_from,
        ids=numbers or None,
        everything=everything,
    )
    with common.opened(ctx, config) as house:
        shelf = outgoing.Shelf(folder=out, overwrite=overwrite)
        outcome = outgoing.export(house.database, house.config, order, shelf)
    for skipped in outcome.skipped:
        common.warn(f"item {skipped.item}: {skipped.reason}")
    files = [_record(sent) for sent in outcome.files]
    if as_json:
        skips = [vars(skipped) for skipped in outcome.skipped]
        result = {"language": language, "format": form, "files": files, "skipped": skips}
        common.print_json(result)
        return
    common.listing(files, ("item", "language", "from", "freshness", "path"), as_json=False)


@translation.command("import")
def import_(
    ctx: typer.Context,
    places: Annotated[list[Path], typer.Argument(metavar="FILE...", help="XLIFF and PO files.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Also over others' changes.")] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take translated files back; reviewers approve them."""
    from publisher.exchange import incoming  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        outcome = incoming.take(
            house.database, house.config, places, now=common.clock(now), force=force
        )
    lists = ("conflicts", "outdated", "incomplete")
    told = {
        "rejected": [{"source": bad.source, "reason": bad.reason} for bad in outcome.rejected],
        **{name: [vars(entry) for entry in getattr(outcome, name)] for name in lists},
    }
    for entry in (entry for entries in told.values() for entry in entries):
        about = f" (item {entry['item']}, {entry['language']})" if "item" in entry else ""
        common.warn(f"{entry['source']}{about}: {entry['reason']}")
    counts = {name: getattr(outcome, name) for name in ("new", "changed", "same")}
    shown = {name: entries if as_json else len(entries) for name, entries in told.items()}
    common.show({**counts, **shown}, as_json=as_json)
    if (outcome.rejected or outcome.conflicts) and not any(counts.values()):
        raise typer.Exit(1)


def export_item(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID")],
    *,
    language: Annotated[str | None, typer.Option(help="Only the text in this language.")] = None,
    out: OutOption = Path(),
    overwrite: OverwriteOption = False,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Write an item's texts as Markdown files that can be imported again."""
    from publisher.exchange import outgoing  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        shelf = outgoing.Shelf(folder=out, overwrite=overwrite)
        sent = outgoing.export_item(house.database, number, shelf, language=language)
    files = [_record(entry) for entry in sent]
    if as_json:
        common.print_json({"item": number, "files": files})
        return
    common.listing(files, ("item", "language", "from", "freshness", "path"), as_json=False)


def _record(sent: "Sent") -> dict[str, Any]:
    return {
        "item": sent.item,
        "language": sent.language,
        "from": sent.source_language,
        "freshness": sent.freshness,
        "path": sent.path,
    }
