"""``tidings subscriber``: from files and into files."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from publisher import beside
from publisher.cli import common, progress

if TYPE_CHECKING:
    from publisher.subscriptions import Outcome
    from store.records import Status


def add_to(subscriber: typer.Typer) -> None:
    """Add these commands."""
    subscriber.command("import")(import_)
    subscriber.command()(export)


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
    *,
    language: Annotated[str, typer.Option(help="What they read, where it is not said.")] = "",
    newsletters: Annotated[
        str, typer.Option(help="What they get, where it is not said; keys, with commas.")
    ] = "",
    rejected: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the lines that cannot be taken to this file."),
    ] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Take subscribers from a CSV file; every line that cannot be taken is named."""
    from publisher import subscriptions  # noqa: PLC0415

    started = perf_counter()
    if rejected and rejected.resolve() == file.resolve():
        raise typer.BadParameter("--rejected would write over the file that is read")
    given = subscriptions.Given(language=language, newsletters=" ".join(common.words(newsletters)))
    with common.opened(ctx, config) as house, ExitStack() as stack:
        text = stack.enter_context(_opened(file, "r"))
        aside = stack.enter_context(_aside(rejected)) if rejected else None
        outcome = subscriptions.import_csv(
            house.database,
            house.config,
            _lines(text, file),
            str(file),
            given=given,
            on_rejected=subscriptions.RejectedFile(aside).add if aside else None,
        )
    _warn_of(outcome, file, rejected)
    total = len(outcome.rejected) + outcome.unlisted
    result = {
        "rows": outcome.rows,
        "added": outcome.added,
        "updated": outcome.updated,
        "same": outcome.same,
        "rejected": [vars(row) for row in outcome.rejected] if as_json else total,
        "seconds": round(perf_counter() - started, 3),
    }
    if as_json:
        result["rejected_rows"] = total
    common.show(result, as_json=as_json)
    if total and total == outcome.rows:
        raise typer.Exit(1)


@contextmanager
def _aside(file: Path) -> Iterator[TextIO]:
    """Open the file of what cannot be taken. Raises InputError, also where it cannot be filled."""
    from publisher.errors import InputError  # noqa: PLC0415

    try:
        with _opened(file, "w") as opened:
            yield opened
    except OSError as error:
        raise InputError(str(file), error.strerror or str(error)) from error


def _lines(text: TextIO, file: Path) -> Iterator[str]:
    """Yield the lines of a file, or of a pipe. Raises InputError."""
    from publisher.errors import InputError  # noqa: PLC0415

    status = os.fstat(text.fileno())
    if stat.S_ISBLK(status.st_mode) or (stat.S_ISCHR(status.st_mode) and not text.isatty()):
        # /dev/zero is one line without an end.
        raise InputError(str(file), "is a device, not a file")
    try:
        yield from progress.reading(text, status.st_size)
    except OSError as error:
        raise InputError(str(file), error.strerror or str(error)) from error


def _opened(file: Path, mode: str) -> TextIO:
    from publisher.errors import InputError  # noqa: PLC0415

    try:
        # One line in another encoding is refused by itself, not the whole file.
        encoding = "utf-8-sig" if mode == "r" else "utf-8"
        opened = file.open(mode, encoding=encoding, errors="surrogateescape", newline="")
    except OSError as error:
        raise InputError(str(file), error.strerror or str(error)) from error
    return cast(TextIO, opened)


def _warn_of(outcome: "Outcome", file: Path, rejected: Path | None) -> None:
    for row in outcome.rejected:
        common.warn(f"{file}, line {row.line}: {row.email or 'no address'}: {row.reason}")
    if outcome.unlisted:
        where = f"all are in {rejected}" if rejected else "--rejected FILE writes all of them"
        common.warn(f"{file}: {outcome.unlisted} more lines cannot be taken; {where}")


def export(
    ctx: typer.Context,
    email: Annotated[str | None, typer.Argument(help="Only this person, as JSON.")] = None,
    *,
    language: Annotated[str | None, typer.Option(help="Who reads this language.")] = None,
    newsletter: Annotated[str | None, typer.Option(help="Who gets this newsletter.")] = None,
    status: Annotated[str | None, typer.Option(help="Who is in this status.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file, not to stdout.")
    ] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Write subscribers as a CSV file that can be imported again.

    With EMAIL all that is known of that person, for them to have (GDPR, article 15).
    """
    from publisher import subscriptions  # noqa: PLC0415

    wanted, language = status_of(status), language_of(language)
    if email is not None:
        if language or newsletter or status:
            raise typer.BadParameter("EMAIL names one person, whom no option can choose")
        _export_one(ctx, email, out, config)
        return
    if as_json and out is None:
        raise typer.BadParameter("--json tells of the file that --out names")
    with common.opened(ctx, config) as house:
        lines = subscriptions.export_csv(
            house.database, language=language, newsletter=newsletter, status=wanted
        )
        if out is None:
            sys.stdout.writelines(lines)
            return
        rows = _write(out, lines)
    common.show({"rows": rows, "file": out}, as_json=as_json)


def _export_one(ctx: typer.Context, email: str, out: Path | None, config: Path | None) -> None:
    from publisher.subscriptions import erasure  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        known = erasure.export(house.database, email)
    if out is None:
        common.print_json(known)
    else:
        _write(out, [common.json_of(known) + "\n"])


def _write(out: Path, lines: Iterable[str]) -> int:
    """Write a file whole or not at all, durably, for nobody else to read; return its rows."""
    from publisher.errors import InputError  # noqa: PLC0415

    # Where a link leads: /dev/stdout, for one, is to stay a link.
    place = Path(os.path.realpath(out))
    if place.exists() and not place.is_file():
        raise InputError(str(out), "is no file: name one, or leave --out away to have it on stdout")
    part = place.with_name(f"{place.name}.part")
    try:
        rows = _write_new(part, lines)
        part.replace(place)
        beside.sync_folder(str(place.parent))
    except OSError as error:
        raise InputError(str(out), error.strerror or str(error)) from error
    finally:
        # What went wrong before is what is to be told.
        with suppress(OSError):
            part.unlink()
    return rows


def _write_new(path: Path, lines: Iterable[str]) -> int:
    """Write a file of our own; whoever put one there before us would be its owner."""
    path.unlink(missing_ok=True)
    rows = -1
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for line in lines:
            file.write(line.encode())
            rows += 1
        file.flush()
        os.fsync(file.fileno())
    return rows


def language_of(text: str | None) -> str | None:
    """Return the tag of a language as the store has it. Raises InputError for what is none."""
    from publisher.languages import tag  # noqa: PLC0415

    return tag(text) if text else None


def status_of(text: str | None) -> "Status | None":
    """Return the status of ``--status``, None where it is not given."""
    from store.records import Status  # noqa: PLC0415

    return common.one_of("--status", text, Status)
