"""What commands share: their options, the opened house, and how results are printed.

Results go to stdout, all else to stderr. Tables are for terminals.
"""

import getpass
import json
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from publisher import characters, wallclock
from publisher.errors import InputError

if TYPE_CHECKING:
    from publisher.config import Config
    from store.database import Database

_Word = TypeVar("_Word", bound=str)

#: Embeddings, overrides and isolates (Unicode Standard Annex 9, 2).
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

#: Columns of a table that is not shown on a terminal: nothing is cut.
_WIDE = 250

#: Rows of a part of a table.
_ROWS = 1000


def instant(text: str) -> datetime:
    """Return an instant given on the command line, in UTC."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise typer.BadParameter(f"{text!r} has no time zone: end it with Z, or +01:00")
        wallclock.refuse_far(found, "")
        return found.astimezone(UTC)
    except InputError as error:
        raise typer.BadParameter(f"{text!r} {error.reason}") from error
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no instant such as 2026-11-27T07:00:00Z") from error


ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The configuration [default: tidings.toml]."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NowOption = Annotated[
    datetime | None,
    typer.Option("--now", parser=instant, metavar="INSTANT", help="Act as if it were then."),
]


@dataclass(frozen=True, kw_only=True)
class House:
    """What most commands need, opened."""

    config: "Config"
    database: "Database"


@contextmanager
def opened(ctx: typer.Context, config: Path | None, *, check: bool = True) -> Iterator[House]:
    """Read the configuration and open the store, for as long as the block lasts."""
    from publisher.config_file import load  # noqa: PLC0415
    from store.database import open_database  # noqa: PLC0415

    settings = load(configuration(ctx, config))
    database = open_database(settings.database_url)
    try:
        if check:
            database.check_version()
        yield House(config=settings, database=database)
    finally:
        database.close()


def configuration(ctx: typer.Context, config: Path | None) -> Path:
    """Return the configuration's path: given, in this folder, or in the environment."""
    given = config or ctx.obj
    here = Path("tidings.toml")
    if given or here.exists():
        return Path(given or here)
    return Path(os.environ.get("TIDINGS_CONFIG") or here)


def clock(now: datetime | None) -> datetime:
    """Return the instant that a command acts at: the one given, or the present."""
    return now or datetime.now(UTC)


def person(given: str) -> str:
    """Return who acts: whoever is named, else who runs this command. Fit for storing."""
    login = ""
    # A container may run as a user that has no name.
    with suppress(KeyError, OSError):
        login = getpass.getuser()
    return characters.clean_line(given) or characters.clean_line(login) or "command line"


def show(record: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one record."""
    if as_json:
        print_json(record)
        return
    width = max(map(len, record), default=0)
    for key, value in record.items():
        sys.stdout.write(f"{key:<{width}}  {_cell(value)}\n")


def listing(records: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print records: as JSON one a line, else as a table of these columns."""
    if as_json:
        for record in records:
            print_json(record)
        return
    table((columns), ([record[column] for column in columns] for record in records))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; of a long one each part has its own widths, so that none is kept whole."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    rest = iter(rows)
    part, is_first = list(islice(rest, _ROWS)), True
    while part or is_first:
        grid = Table(box=None, header_style="bold", pad_edge=False, show_header=is_first)
        for column in columns:
            # Folded, never cut: a digest or an address is there to be copied.
            grid.add_column(column, overflow="fold")
        for row in part:
            grid.add_row(*(Text(_cell(value)) for value in row))
        console.print(grid)
        part, is_first = list(islice(rest, _ROWS)), False


def print_json(record: Mapping[str, Any]) -> None:
    """Print one line of JSON."""
    sys.stdout.write(json_of(record) + "\n")


def json_of(record: Mapping[str, Any]) -> str:
    """Return a record as one line of JSON."""
    return json.dumps(record, default=_plain, ensure_ascii=False)


def say(sentence: str) -> None:
    """Say something on stdout, in one line, as :func:`warn` does on stderr."""
    sys.stdout.write(f"{_in_one_line(sentence)}\n")


def warn(sentence: str) -> None:
    """Say something on stderr, in one line: a file's name may hold line ends, and worse."""
    sys.stderr.write(f"tidings: {_in_one_line(sentence)}\n")


def _in_one_line(sentence: str) -> str:
    return "".join(repr(sign)[1:-1] if _is_unsafe(sign) else sign for sign in sentence)


def _is_unsafe(sign: str) -> bool:
    """Whether a terminal may obey a character, or turn the line that it stands in."""
    turns = unicodedata.bidirectional(sign) in _DIRECTIONS
    return turns or unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}


def pairs(
    entries: Sequence[str], option: str, *, example: str = "fr='Actualités'"
) -> dict[str, str]:
    """Return options given as LANG=NAME, or as another word before an equals sign."""
    split = [entry.partition("=") for entry in entries]
    for language, equals, name in split:
        if not (language and equals and name.strip()):
            raise typer.BadParameter(f"{option} wants an equals sign, such as {example}")
    return {language.strip(): name.strip() for language, _, name in split}


def words(text: str) -> tuple[str, ...]:
    """Return the words of an option with commas."""
    return tuple(text.replace(",", " ").split())


def one_of(option: str, text: str | None, known: Iterable[_Word]) -> _Word | None:
    """Return which of the words that an option may be it is, None where it is not given."""
    allowed = [*known]
    found = next((word for word in allowed if word == text), None)
    if text and found is None:
        raise typer.BadParameter(f"{option} is one of {', '.join(allowed)}")
    return found


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return wallclock.in_utc(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return wallclock.in_utc(value)
    if isinstance(value, list | tuple):
        return ", ".join(_cell(entry) for entry in value) or "-"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_cell(entry)}" for key, entry in value.items())
    return _in_one_line(str(value))


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Give what is set when the process is told to stop, for as long as the block.

    That is SIGTERM, or SIGINT (Ctrl-C): whoever presses that again ends at once.
    """
    stop = threading.Event()

    def heed(number: int, _frame: object) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop.set()

    before = {number: signal.signal(number, heed) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
