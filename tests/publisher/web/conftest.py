"""A public folder as site.py leaves it, with things in it that nobody may see."""

from pathlib import Path

import pytest

from publisher.config import Config
from tests import make, served

#: Long enough that gzip makes it smaller.
FEED = b"<feed>" + b"<entry>La dignit\xc3\xa9 par-del\xc3\xa0 les fronti\xc3\xa8res</entry>" * 50


@pytest.fixture
def public(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    pages = {
        "fr/feed.atom": FEED,
        "fr/feed.rss": b"<rss/>",
        "fr/index.html": "<p>é</p>".encode(),
        "ar/items/7-كرامة/index.html": "<p>كرامة</p>".encode(),
        "fr/items/8-new/index.html": b"<p>new</p>",
        "fr/items/8-old/index.html": b"<p>it has moved</p>",
        "fr/items/8-old/moved.txt": b"/fr/items/8-new/",
        "fr/items/9-gone/gone.html": b"<p>gone</p>",
        "fr/.feed.atom.new": b"secret",
        ".hidden": b"secret",
        "../secret": b"secret",
    }
    for name, body in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


@pytest.fixture
def site(public: Path) -> Config:
    """Return the configuration of a site whose files these are."""
    return make.config(public.parent, feeds={"hubs": ["https://hub.example.org/"]})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site without news."""
    folder = tmp_path_factory.mktemp("site")
    found = served.run(
        folder, "init", ".", "--url", "https://news.example.org", "--languages", "fr,ar"
    )
    assert found.returncode == 0, found.stderr
    assert served.run(folder, "tick").returncode == 0
    return folder
