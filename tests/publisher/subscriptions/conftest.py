"""A site with two newsletters, and a reader of one of them."""

import pytest

from publisher.config import Config
from store.database import Database
from store.records import Subscriber
from tests import people


@pytest.fixture
def site(either: Database, config: Config) -> Database:
    people.site(either, config)
    return either


@pytest.fixture
def reader(site: Database, config: Config) -> Subscriber:
    return people.join(site, config)
