"""What wakes the workers of many hosts: the tables of Procrastinate, by its own schema."""

from importlib.resources import files

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        schema = files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")
        # Many statements at once, with signs of percent: the server takes those only as they are.
        connection.exec_driver_sql(schema, execution_options={"no_parameters": True})
