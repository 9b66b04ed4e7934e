"""What the tests of sources on the web share."""

from collections.abc import Iterator

import pytest

from publisher.config import Config
from tests.fakes import Web


@pytest.fixture
def web() -> Iterator[Web]:
    """Give a web of hosts on loopback."""
    with Web().open() as web:
        yield web


@pytest.fixture
def site(config: Config) -> Config:
    """Return a site that may read from loopback."""
    private = config.ingest.model_copy(update={"private_hosts": ("127.0.0.1",)})
    return config.model_copy(update={"ingest": private})
