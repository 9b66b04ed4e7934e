"""The version of the tables: which one a database stands at, and the way to this program's."""

from pathlib import Path

from sqlalchemy import Connection, text

from store.errors import SchemaError
from store.tables import metadata

#: The migration that this program's tables need; the newest file in migrations/versions.
SCHEMA = "0013"


def version(connection: Connection) -> str | None:
    """Return the migration that a database stands at, None for an empty one."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def check(found: str | None) -> None:
    """Raise SchemaError unless a database is of this program's version."""
    if found is None:
        raise SchemaError("the database is empty: make it with 'tidings migrate'")
    if found < SCHEMA:
        raise SchemaError(
            f"the database is at version {found}, this program needs {SCHEMA}: "
            "back it up, then run 'tidings migrate'"
        )
    refuse_newer(found)


def refuse_newer(found: str | None) -> None:
    """Raise SchemaError for the database of a newer program."""
    if found and found > SCHEMA:
        raise SchemaError(
            f"the database is at version {found}, newer than this program ({SCHEMA}): "
            "install the newer Tidings"
        )


def migrate(connection: Connection) -> None:
    """Bring a database to this program's version, in the transaction that is under way."""
    # Alembic takes a second to import, and only this needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    settings.attributes["metadata"] = metadata
    command.upgrade(settings, "head")
