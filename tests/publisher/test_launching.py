"""Launching: what a newsletter must be to begin."""

import pytest

from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.ingest import intake
from store.database import Database
from tests import make


@pytest.mark.parametrize(
    ("changes", "field", "mend"),
    [
        ({"key": "My Digest"}, "key", "lower-case letters, digits, hyphens"),
        ({"languages": ("en", "de")}, "languages", "de: this site has en, fr, es, ar"),
        ({"names": {"it": "Notizie"}}, "name", "it: this site has en, fr, es, ar"),
        ({"timezone": "Mars/Olympus"}, "timezone", "no IANA time zone 'Mars/Olympus'"),
        ({"topics": ("labor",)}, "topics", "no topic 'labor'; there are: labour"),
    ],
)
def test_a_newsletter_that_cannot_be_is_refused_by_field(
    database: Database, config: Config, changes: dict[str, object], field: str, mend: str
) -> None:
    intake.put_topic(database, config, "labour", {"en": "Labour"})
    with pytest.raises(InputError, match=mend) as refused:
        make.start(database, config, **changes)
    assert refused.value.source == field


def test_a_newsletter_begins_once(database: Database, config: Config) -> None:
    make.start(database, config)
    with pytest.raises(ConflictError):
        make.start(database, config)
