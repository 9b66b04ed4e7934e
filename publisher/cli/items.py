"""``tidings item`` and ``tidings topic``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.ingest.intake import Outcome
    from store.database import Database
    from store.records import Item, Translation

item = typer.Typer(name="item", help="News items and their translations.", no_args_is_help=True)
topic = typer.Typer(name="topic", help="Topics and their names.", no_args_is_help=True)


@item.command("import")
def import_(
    ctx: typer.Context,
    places: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Folders, files and web addresses.")
    ],
    *,
    language: Annotated[
        str, typer.Option(metavar="TAG", help="Of feeds and pages that do not say theirs.")
    ] = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take news from folders, files and the web; what is known already stays as it is."""
    from publisher.ingest import intake, pictures, readings  # noqa: PLC0415

    moment = common.clock(now)
    with (
        common.opened(ctx, config) as house,
        readings.opened(house.database, house.config, places, language) as ways,
        pictures.opened(house.config) as reads,
    ):
        outcome = intake.take_from(house.database, house.config, ways, now=moment, pictures=reads)
        wrong = [*outcome.rejected, *outcome.problems]
        readings.remember(house.database, ways, wrong, now=moment)
    for rejected in wrong:
        common.warn(f"{rejected.source}: {rejected.reason}")
    for place in outcome.gone:
        common.warn(f"{place.origin} ({place.language}): is gone; item {place.item_id} stays")
    counts = {name: getattr(outcome, name) for name in ("new", "changed", "same")}
    named = _named(outcome)
    shown = named if as_json else {name: len(texts) for name, texts in named.items()}
    common.show({**counts, **shown}, as_json=as_json)
    if outcome.rejected and not any(counts.values()):
        raise typer.Exit(1)


def _named(outcome: "Outcome") -> dict[str, list[dict[str, Any]]]:
    return {
        "rejected": [{"source": text.source, "reason": text.reason} for text in outcome.rejected],
        "problems": [{"source": text.source, "reason": text.reason} for text in outcome.problems],
        "gone": [
            {"item": text.item_id, "language": text.language, "source": text.origin}
            for text in outcome.gone
        ],
    }


@item.command("list")
def list_(
    ctx: typer.Context,
    *,
    language: Annotated[str | None, typer.Option(help="With a text in this language.")] = None,
    state: Annotated[str | None, typer.Option(help="With a text in this workflow state.")] = None,
    freshness: Annotated[
        str | None, typer.Option(help="Missing, outdated or current in that language.")
    ] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the items."""
    from store import items, translations  # noqa: PLC0415
    from store.records import Freshness, Workflow  # noqa: PLC0415

    workflow = common.one_of("--state", state, Workflow)
    wanted = common.one_of("--freshness", freshness, Freshness)
    if wanted and not language:
        raise typer.BadParameter("--freshness wants a language, such as --language fr")
    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = items.listing(
            tx,
            language=_of_site(house.config, language) if language else None,
            workflow=workflow,
            freshness=wanted,
        )
        texts = translations.of(tx, [entry.id for entry in found])
    records = [_record(entry, texts[entry.id]) for entry in found]
    if as_json:
        common.listing(records, (), as_json=True)
        return
    columns = ("id", "kind", "title", "languages", "topics")
    common.listing([{**record, **_brief(record)} for record in records], columns, as_json=False)


def _of_site(config: "Config", language: str) -> str:
    """Return a language of the site. Raises InputError for any other."""
    from publisher.errors import InputError  # noqa: PLC0415
    from publisher.languages import foreign, tag  # noqa: PLC0415

    found = tag(language)
    if found not in config.site.languages:
        raise InputError("language", foreign(found, config.site.languages))
    return found


@item.command()
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID")],
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show an item and how its texts stand."""
    with common.opened(ctx, config) as house:
        record = item_record(house.database, number)
    print_item(record, as_json=as_json)


@topic.command()
def add(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    *,
    name: Annotated[list[str], typer.Option(metavar="LANG=NAME", help="Its name, again for each.")],
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Make a topic, or name it in more languages."""
    from publisher.ingest.intake import put_topic  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        names = common.pairs(name, "--name")
        result = put_topic(house.database, house.config, key, names)
    common.show({"key": result.key, "names": dict(result.names)}, as_json=as_json)


@topic.command("list")
def list_topics(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the topics."""
    from store import topics  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = [{"key": entry.key, "names": dict(entry.names)} for entry in topics.listing(tx)]
    common.listing(found, ("key", "names"), as_json=as_json)


def item_record(database: "Database", number: int) -> dict[str, Any]:
    """Return what the contract says of an item. Raises NotFoundError."""
    from store import items, translations  # noqa: PLC0415

    with database.read() as tx:
        found = items.get(tx, number)
        return _record(found, translations.of(tx, [number])[number])


def print_item(record: dict[str, Any], *, as_json: bool) -> None:
    """Print an item and its texts."""
    if as_json:
        common.print_json(record)
        return
    translations = record.pop("translations")
    common.show(record, as_json=False)
    common.listing(translations, tuple(translations[0]), as_json=False)


def _record(entry: "Item", texts: Mapping[str, "Translation"]) -> dict[str, Any]:
    from publisher.freshness import freshness  # noqa: PLC0415

    return {
        "id": entry.id,
        "kind": entry.kind,
        "topics": list(entry.topics),
        "source_language": entry.source_language,
        "embargo": entry.embargo,
        "translations": [
            {
                "language": text.language,
                "title": text.title,
                "workflow": text.workflow,
                "freshness": freshness(entry, texts, text.language),
                "revision": text.revision,
                "digest": text.digest,
            }
            for text in texts.values()
        ],
    }


def _brief(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line of a table says of an item's texts."""
    texts = record["translations"]
    source = [text for text in texts if text["language"] == record["source_language"]]
    marks = {"current": "", "outdated": " (outdated)"}
    return {
        "title": (source or texts)[0]["title"],
        "languages": [text["language"] + marks[text["freshness"]] for text in texts],
    }
