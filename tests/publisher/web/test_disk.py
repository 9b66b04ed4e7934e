"""The public folder: nothing outside it, nothing stale, nothing half."""

import gzip
import os
import resource
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web.disk import LARGE, Disk, last_modified, unpacks_to
from publisher.web.found import File, Folder, Gone, Moved
from publisher.web.shelf import Shelf
from tests import served
from tests.publisher.web.conftest import FEED

SECOND = 10**9


@pytest.fixture
def disk(public: Path) -> Disk:
    return Disk(public, served.SITE, clock=served.later)


def file(found: object) -> File:
    assert isinstance(found, File)
    return found


def replace(place: Path, body: bytes) -> None:
    """Put a file in place as site.py does."""
    beside = place.with_name(f".{place.name}.new")
    beside.write_bytes(body)
    beside.replace(place)


def test_what_stands_at_a_path(disk: Disk) -> None:
    assert file(disk.look("/fr/feed.atom", None)).plain.body == FEED
    assert file(disk.look("/ar/items/7-كرامة/", None)).plain.body == "<p>كرامة</p>".encode()
    assert disk.look("/fr/items/8-old/", None) == Moved(location="/fr/items/8-new/")
    assert disk.look("/fr/items/9-gone/", None) == Gone(notice=b"<p>gone</p>")
    assert disk.look("/fr/items", None) == Folder(name="items")
    assert disk.look("/fr/items/", None) is None
    assert disk.look("/fr/none", None) is None
    assert disk.look("/fr/feed.atom/", None) is None
    assert disk.look("/fr/feed.atom/x", None) is None


def test_no_link_leads_out_of_the_folder(disk: Disk, public: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "index.html").write_bytes(b"secret")
    (public / "link.html").symlink_to(tmp_path / "secret")
    (public / "folder").symlink_to(elsewhere)
    (public / "up").symlink_to("..")
    (public / "round").symlink_to("round")
    for path in ("/link.html", "/folder", "/folder/", "/folder/index.html", "/up/secret", "/round"):
        assert disk.look(path, None) is None, path


def test_a_link_within_the_folder_is_followed(public: Path, tmp_path: Path, disk: Disk) -> None:
    (public / "news.atom").symlink_to("fr/feed.atom")
    assert file(disk.look("/news.atom", None)).plain.body == FEED
    # The folder itself may be a link: then a whole site can be put in place at once.
    (tmp_path / "now").symlink_to(public)
    assert file(Disk(tmp_path / "now", served.SITE).look("/fr/", None)).plain.body


def test_what_was_written_long_before_it_came_is_dated_by_when_it_came(
    disk: Disk, public: Path
) -> None:
    """Its readers may have had the one before since, with a date as young as this one's."""
    beside = public / "fr" / ".feed.atom.new"
    beside.write_bytes(b"new")
    os.utime(beside, ns=(SECOND, SECOND))
    before = time.time_ns() - SECOND // 10
    beside.replace(public / "fr" / "feed.atom")
    found = file(disk.look("/fr/feed.atom", None))
    assert found.modified is not None
    assert found.modified * SECOND > before


def test_what_is_no_file_is_not_opened(disk: Disk, public: Path) -> None:
    os.mkfifo(public / "pipe.html")
    assert disk.look("/pipe.html", None) is None


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"https://evil.example.org/",
        b"//evil.example.org/",
        b"/\\evil.example.org/",
        b"/fr/\r\nset-cookie: x",
        b"/fr/ x",
        "/fr/é/".encode(),
        b"/" + b"x" * 5_000,
    ],
)
def test_a_page_moves_only_to_a_path_of_this_site(disk: Disk, public: Path, note: bytes) -> None:
    (public / "fr/items/8-old/moved.txt").write_bytes(note)
    assert file(disk.look("/fr/items/8-old/", None)).plain.body == b"<p>it has moved</p>"


def test_the_file_beside_is_sent_if_it_holds_the_same_bytes(disk: Disk, public: Path) -> None:
    packed = gzip.compress(FEED, 1, mtime=1)
    (public / "fr/feed.atom.gz").write_bytes(packed)
    found = file(disk.look("/fr/feed.atom", None))
    assert found.zipped is not None
    assert found.zipped.body == packed
    assert found.zipped.etag != found.plain.etag


@pytest.mark.parametrize(
    "beside",
    [
        b"",
        b"rubbish",
        gzip.compress(FEED)[:-9],
        gzip.compress(FEED) + b"more",
        gzip.compress(FEED) + gzip.compress(b"more"),
        gzip.compress(FEED[:-1]),
        gzip.compress(FEED.replace(b"dignit", b"DIGNIT")),
        gzip.compress(b"\0" * 50_000_000),
    ],
    ids=["empty", "rubbish", "cut", "tail", "two", "shorter", "older", "bomb"],
)
def test_the_file_beside_is_not_believed(disk: Disk, public: Path, beside: bytes) -> None:
    (public / "fr/feed.atom.gz").write_bytes(beside)
    found = file(disk.look("/fr/feed.atom", None))
    assert found.zipped is not None
    assert found.zipped.body is not None
    assert gzip.decompress(found.zipped.body) == FEED


def test_what_gzip_does_not_make_smaller_is_sent_as_it_is(disk: Disk, public: Path) -> None:
    (public / "fr/random.html").write_bytes(os.urandom(5_000))
    (public / "fr/picture.png").write_bytes(b"\0" * 5_000)
    for path in ("/fr/random.html", "/fr/picture.png", "/fr/feed.rss"):
        assert file(disk.look(path, None)).zipped is None


@given(st.binary(max_size=1_000), st.binary(max_size=1_000))
def test_gzipped_bytes_are_known_by_what_they_hold(body: bytes, other: bytes) -> None:
    assert unpacks_to(gzip.compress(body), body)
    assert unpacks_to(gzip.compress(body), other) == (body == other)
    assert not unpacks_to(body, body)


@pytest.mark.parametrize(
    ("mtime", "now", "expected"),
    [
        # Changed at 10.3: the first whole second after that, once it has come.
        (10_300_000_000, 10_900_000_000, None),
        (10_300_000_000, 11_000_000_000, 11),
        (10_300_000_000, 99_000_000_000, 11),
        # 10.995 may have been 11.005: the clock of files ticks.
        (10_995_000_000, 11_500_000_000, None),
        (10_995_000_000, 12_000_000_000, 12),
        # In the future.
        (99_000_000_000, 11_000_000_000, None),
    ],
)
def test_last_modified_is_told_when_its_second_is_over(
    mtime: int, now: int, expected: int | None
) -> None:
    assert last_modified(mtime, now) == expected


@given(st.integers(0, 10**10), st.integers(0, 10**10), st.integers(0, 3 * 10**9))
def test_two_changes_never_have_the_same_date_for_one_who_fetched_between(
    first: int, pause: int, fetched_after: int
) -> None:
    # The fetch lies between the two changes; the second's clock may be behind by a tick.
    fetched = first + fetched_after
    second = fetched + pause - 10_000_000
    told = last_modified(first, fetched)
    if told is not None:
        later = last_modified(second, second + 10 * SECOND)
        assert later is not None
        assert later > told


def test_a_young_file_is_read_again_each_time(public: Path) -> None:
    shelf = Shelf(Disk(public, served.SITE, clock=time.time_ns))
    found = file(shelf.find("/fr/feed.atom"))
    assert not found.settled
    assert shelf.peek("/fr/feed.atom") is None
    # The same stamp, other bytes: as when two files replace each other within one tick.
    (public / "fr/feed.atom").write_bytes(FEED.swapcase())
    os.utime(public / "fr/feed.atom", ns=(found.stamp[2], found.stamp[2]))
    assert file(shelf.find("/fr/feed.atom")).plain.body == FEED.swapcase()


def test_a_file_that_settled_is_held_until_another_takes_its_place(
    disk: Disk, public: Path
) -> None:
    shelf = Shelf(disk)
    found = shelf.find("/fr/feed.atom")
    assert shelf.peek("/fr/feed.atom") is found
    assert shelf.find("/fr/feed.atom") is found
    replace(public / "fr/feed.atom", FEED.swapcase())
    assert shelf.peek("/fr/feed.atom") is None
    assert file(shelf.find("/fr/feed.atom")).plain.body == FEED.swapcase()
    (public / "fr/feed.atom").unlink()
    assert shelf.find("/fr/feed.atom") is None
    assert shelf.weight == 0


def test_a_page_that_moves_goes_or_comes_back_is_not_held(disk: Disk, public: Path) -> None:
    shelf, folder, path = Shelf(disk), public / "fr/items/8-new", "/fr/items/8-new/"
    file(shelf.find(path))
    (folder / "moved.txt").write_bytes(b"/fr/items/8-newer/")
    assert shelf.find(path) == Moved(location="/fr/items/8-newer/")
    (folder / "moved.txt").unlink()
    file(shelf.find(path))
    (folder / "gone.html").write_bytes(b"gone")
    # Both stand there while site.py is at work: the page, until it is taken away.
    file(shelf.find(path))
    (folder / "index.html").unlink()
    assert shelf.find(path) == Gone(notice=b"gone")


def test_what_is_held_in_memory_is_bounded(disk: Disk, public: Path) -> None:
    for number in range(20):
        (public / f"{number}.txt").write_bytes(os.urandom(10_000))
    shelf = Shelf(disk, capacity=100_000)
    for number in range(20):
        shelf.find("/0.txt")
        shelf.find(f"/{number}.txt")
        assert shelf.weight <= 100_000
    # What is asked for stays, what was asked for long ago goes.
    assert shelf.peek("/0.txt")
    assert shelf.peek("/19.txt")
    assert shelf.peek("/1.txt") is None


def test_a_large_file_stays_on_the_disk(disk: Disk, public: Path) -> None:
    shelf, place = Shelf(disk), public / "report.pdf"
    place.write_bytes(b"%PDF" * (LARGE // 4 + 1))
    found = file(shelf.find("/report.pdf"))
    assert found.plain.body is None
    assert found.plain.size == LARGE + 4
    assert shelf.weight < 10_000
    opened = shelf.open(found)
    assert opened is not None
    replace(place, b"%FDP" * (LARGE // 4 + 1))
    # Who has begun to read gets the whole of what was there; who begins now must ask again.
    assert opened.read(4) == b"%PDF"
    opened.close()
    assert shelf.open(found) is None


def test_a_disk_that_cannot_be_read_does_not_say_that_nothing_is_there(disk: Disk) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            disk.look("/fr/feed.atom", None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
