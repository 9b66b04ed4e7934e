"""``tidings item``: what was wrong is put right, and readers hear of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common
from publisher.cli.editing import ItemArgument, LanguageOption, RevisionOption
from publisher.cli.items import item_record, print_item

if TYPE_CHECKING:
    from publisher.corrections import Owed
    from publisher.differences import Version

AuthorOption = Annotated[str, typer.Option(help="Who does it [default: you].")]


def add_to(item: typer.Typer) -> None:
    """Add these commands."""
    for command in (correct, retract, diff, notify):
        item.command()(command)


def correct(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    language: LanguageOption,
    file: Annotated[Path, typer.Option(metavar="F", help="The whole text as Markdown.")],
    change: Annotated[str, typer.Option(help="minor: silent; correction: readers are told.")],
    note: Annotated[str, typer.Option(help="What was wrong, in the text's language.")] = "",
    revision: RevisionOption = None,
    author: AuthorOption = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Save a corrected text; it goes out once it is approved again."""
    from publisher import editing  # noqa: PLC0415
    from publisher.ingest.folder import words_in  # noqa: PLC0415
    from store.records import Change  # noqa: PLC0415

    if change not in (Change.MINOR, Change.CORRECTION):
        raise typer.BadParameter("--change is minor or correction")
    with common.opened(ctx, config) as house:
        saved = editing.correct(
            house.database,
            house.config,
            number,
            language,
            words_in(file, house.config.zone),
            change=Change(change),
            author=common.person(author),
            now=common.clock(now),
            read=revision,
            note=note,
        )
        record = item_record(house.database, number)
    if saved.approved is None:
        common.warn(f"in review: 'tidings item approve {number} --language {language}'")
    print_item(record, as_json=as_json)


def retract(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    note: Annotated[
        list[str],
        typer.Option(metavar="[LANG=]TEXT", help="Why; again for each language."),
    ],
    author: AuthorOption = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take an item back before everybody: a notice takes the place of its text, at once."""
    from publisher import retracting  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        retracting.retract(
            house.database,
            house.config,
            number,
            _notes(note, house.config.site.languages),
            author=common.person(author),
            now=common.clock(now),
        )
        record = item_record(house.database, number)
    print_item(record, as_json=as_json)


def diff(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    language: Annotated[str, typer.Option(help="The language of the edition.")],
    sent: Annotated[int, typer.Option(metavar="N", help="The issue.")],
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show what readers of an issue got of an item against the text now."""
    from publisher import differences  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        found = differences.compare(house.database, number, language, sent)
    if not as_json:
        for line in found.lines:
            common.say(line)
        return
    common.print_json(
        {
            "item": number,
            "issue": sent,
            "language": language,
            "sent": _version(found.sent),
            "now": _version(found.now),
            "diff": list(found.lines),
        }
    )


def notify(
    ctx: typer.Context,
    number: ItemArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is owed; send nothing.")
    ] = False,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Mail a correction to those who were sent the wrong text, in their language, once."""
    from publisher import corrections  # noqa: PLC0415
    from publisher.cli.issue_records import issue_record  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        owed, made = corrections.notify(
            house.database, house.config, number, now=common.clock(now), dry_run=dry_run
        )
        with house.database.read() as tx:
            issues = [issue_record(tx, issue) for issue in made]
    for entry in owed:
        for sentence in _not_told(entry):
            common.warn(sentence)
    if as_json:
        common.print_json({"item": number, "owed": [vars(e) for e in owed], "issues": issues})
        return
    counts = ("readers", "queued", "waiting", "unknown")
    columns = ("newsletter", "frequency", "language", "waits_for", *counts)
    common.listing([vars(entry) for entry in owed], columns, as_json=False)


def _not_told(entry: "Owed") -> Iterator[str]:
    """Yield what becomes of those who are told nothing now."""
    place = f"{entry.newsletter} in {entry.language}"
    if entry.waiting:
        yield (
            f"{place}: {entry.waiting} have yet to be sent the wrong text, or pause; "
            "ask again afterwards"
        )
    if entry.unknown:
        yield (
            f"{place}: nobody knows whether {entry.unknown} got the wrong text; say it with "
            "'tidings delivery resolve', and ask again"
        )


def _version(version: "Version") -> dict[str, Any]:
    about = {"language": version.language, "revision": version.revision}
    return {
        **about,
        **{name: getattr(version.words, name) for name in ("title", "summary", "body")},
    }


def _notes(entries: list[str], languages: tuple[str, ...]) -> dict[str, str]:
    """Return the notes of ``[LANG=]TEXT``; one without a language is in the item's source's.

    Raises InputError for a language that the site does not have: readers of another would see it.
    """
    from publisher.errors import InputError  # noqa: PLC0415
    from publisher.languages import foreign, tag  # noqa: PLC0415

    notes = {}
    for entry in entries:
        label, equals, text = entry.partition("=")
        language = ""
        # Before a space it is a word more likely than a language, and `The = a` no tag.
        if equals and (label.strip() in languages or label == label.rstrip()):
            with suppress(InputError):
                language = tag(label)
        if language and language not in languages:
            raise InputError("note", foreign(language, languages))
        notes[language] = text if language else entry
    return notes
