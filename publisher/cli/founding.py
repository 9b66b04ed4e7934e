"""``tidings init`` and ``tidings migrate``: a site comes to be, and its store stays current."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import typer

from publisher import beside
from publisher.cli import common


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    *,
    url: Annotated[str, typer.Option(help="The public address of the site.")],
    languages: Annotated[str, typer.Option(help="Such as en,fr,es.")],
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Make a new site: its configuration and an empty store."""
    from publisher.settings.composing import compose  # noqa: PLC0415

    text = compose(url, languages, year=common.clock(now).year)
    path, database = found_site(folder, text)
    common.show({"config": path, "database": database}, as_json=as_json)


def found_site(folder: Path, text: str, *, environment: bool = True) -> tuple[Path, str]:
    """Write a configuration and make its store; return the file and the store's URL.

    Raises InputError for a configuration that is wrong, or a folder that cannot be made,
    ConflictError where there is one.
    """
    from publisher.config_file import load  # noqa: PLC0415
    from publisher.errors import ConfigError, ConflictError, InputError  # noqa: PLC0415
    from store.database import open_database  # noqa: PLC0415

    path = folder / "tidings.toml"
    place = str(path.absolute())
    written = Path(beside.beside(place))
    try:
        if path.exists():
            raise ConflictError(f"{path} exists already; choose another folder, or edit it")
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_all((beside.Task(place, text.encode()),))
        config = load(written, environment=environment)
        with closing(open_database(config.database_url)) as database:
            database.migrate()
        # Last, and whole: where the configuration stands, a store stands too.
        beside.rename(place)
        beside.sync_folder(str(written.parent))
    except ConfigError as error:
        written.unlink()
        if new:
            folder.rmdir()
        raise InputError("init", "; ".join(error.mistakes)) from error
    except OSError as error:
        raise InputError(str(folder), error.strerror or str(error)) from error
    finally:
        # What went wrong before is what is to be told.
        with suppress(OSError):
            written.unlink()
    return path, config.database_url


def migrate(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Bring the database to the version that this program needs."""
    with common.opened(ctx, config, check=False) as house:
        before = house.database.version()
        house.database.migrate()
        common.show({"before": before, "now": house.database.version()}, as_json=as_json)
