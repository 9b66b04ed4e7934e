"""What the tests of sources on the web share."""

from collections.abc import Iterator

import pytest

from publisher.config import Config
from tests.fakes import Web


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with Web().open() as web:
        yield web


@pytest.fixture
def web(server: Web) -> Web:
    """Return a web of hosts on loopback, without a page."""
    server.pages.clear()
    server.asked.clear()
    return server


@pytest.fixture
def site(config: Config) -> Config:
    """Return a site that may read from loopback."""
    private = config.ingest.model_copy(update={"private_hosts": ("127.0.0.1",)})
    return config.model_copy(update={"ingest": private})
