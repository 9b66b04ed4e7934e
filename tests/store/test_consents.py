"""What people agreed to is written once, and the database itself refuses to change it."""

import pytest
from sqlalchemy import text

from publisher.config import Config
from store import consents
from store.database import Database
from store.errors import ConflictError, NotFoundError, StoreError
from store.records import Act
from tests import make, people


@pytest.fixture
def agreed(either: Database, config: Config) -> Database:
    people.site(either, config)
    people.join(either, config)
    return either


@pytest.mark.parametrize(
    "statement",
    [
        "update consents set wording = 'forged'",
        "update consents set at = at where id = 1",
        "delete from consents",
        "delete from consents where id = 2",
    ],
)
def test_the_database_refuses_to_change_what_somebody_said(
    agreed: Database, statement: str
) -> None:
    with agreed.read() as tx:
        before = consents.get(tx, 1)
    with (
        pytest.raises((StoreError, ConflictError), match="rows of consents are kept as they are"),
        agreed.write() as tx,
    ):
        tx.run(text(statement))
    with agreed.read() as tx:
        assert consents.get(tx, 1) == before


def test_what_is_said_next_is_written_below(agreed: Database) -> None:
    with agreed.write() as tx:
        id_ = consents.record(tx, 1, Act.WITHDRAWN, at=make.NOW, how="link", choice={})
        assert [row.act for row in consents.of(tx, 1)] == ["asked", "confirmed", "withdrawn"]
        assert consents.confirmed(tx, 1)
        assert not consents.confirmed(tx, id_)
        with pytest.raises(NotFoundError):
            consents.get(tx, id_ + 1)
