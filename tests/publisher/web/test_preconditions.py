"""What a request says of the reader's copy: RFC 9110, 13, and Accept-Encoding."""

from datetime import UTC, datetime
from email.utils import format_datetime
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web import preconditions
from publisher.web.preconditions import instant, outcome, takes_gzip, wanted

TAG = b'"0a1b"'
#: Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110, 5.6.7.
MODIFIED = 784111777
NOW = MODIFIED + 1_000.0
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = b"Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = b"Sun, 06 Nov 1994 08:50:00 GMT"
FUTURE = b"Sun, 06 Nov 2094 08:49:37 GMT"


def status(**headers: bytes) -> int:
    asked = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return outcome(asked, etag=TAG, modified=MODIFIED, now=NOW)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'"0a1b"', 304),
        (b'W/"0a1b"', 304),
        (b'"x", "0a1b"', 304),
        (b'"x",W/"0a1b" , "y"', 304),
        (b'"with, comma", "0a1b"', 304),
        (b',, "0a1b" ,,', 304),
        (b"*", 304),
        (b" * ", 304),
        (b'"x"', 200),
        (b'"0A1B"', 200),
        (b"0a1b", 200),
        (b"", 200),
        (b'*, "x"', 200),
        (b'"0a1b', 200),
        (b"\xff\xfe", 200),
    ],
)
def test_if_none_match_is_a_list_that_is_compared_weakly(value: bytes, expected: int) -> None:
    assert status(if_none_match=value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DATE, 304),
        (AFTER, 304),
        (BEFORE, 200),
        # The two old forms of RFC 9110, 5.6.7.
        (b"Sunday, 06-Nov-94 08:49:37 GMT", 304),
        (b"Sun Nov  6 08:49:37 1994", 304),
        (FUTURE, 200),
        (b"rubbish", 200),
        (b"", 200),
        (DATE + b", " + DATE, 200),
    ],
)
def test_if_modified_since_is_a_date(value: bytes, expected: int) -> None:
    assert status(if_modified_since=value) == expected


def test_the_date_is_not_looked_at_where_there_is_a_tag() -> None:
    assert status(if_none_match=b'"x"', if_modified_since=DATE) == 200
    assert status(if_none_match=TAG, if_modified_since=BEFORE) == 304


def test_a_date_that_says_too_little_gives_no_304() -> None:
    asked = {b"if-modified-since": DATE}
    assert outcome(asked, etag=TAG, modified=None, now=NOW) == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if_match": TAG}, 200),
        ({"if_match": b"*"}, 200),
        ({"if_match": b'"x"'}, 412),
        # RFC 9110, 13.1.1: compared strongly.
        ({"if_match": b"W/" + TAG}, 412),
        ({"if_unmodified_since": DATE}, 200),
        ({"if_unmodified_since": BEFORE}, 412),
        ({"if_unmodified_since": b"rubbish"}, 200),
        ({"if_match": TAG, "if_unmodified_since": BEFORE}, 200),
        ({"if_match": TAG, "if_none_match": TAG}, 304),
    ],
)
def test_preconditions_come_in_the_order_of_rfc_9110(
    headers: dict[str, bytes], expected: int
) -> None:
    assert status(**headers) == expected


def test_a_header_that_comes_twice_is_one_list() -> None:
    twice = [(b"if-none-match", b'"x"'), (b"user-agent", b"reader"), (b"if-none-match", TAG)]
    assert wanted(twice) == {b"if-none-match": b'"x", "0a1b"'}
    assert outcome(wanted(twice), etag=TAG, modified=None, now=NOW) == 304


def test_thousands_of_tags_take_no_time() -> None:
    many = b", ".join(b'"%d"' % number for number in range(4_000))
    hostile = [many + b", " + TAG, b'W/"' * 10_000, b'"' * 30_000 + TAG, b"," * 30_000]
    started = perf_counter()
    found = [status(if_none_match=value) for value in hostile]
    assert found[0] == 304
    # Quadratic, it would be minutes.
    assert perf_counter() - started < 10


@given(st.binary(max_size=300))
def test_rubbish_in_a_header_is_never_an_error(value: bytes) -> None:
    assert status(if_none_match=value) in {200, 304}
    assert status(if_match=value) in {200, 412}
    assert status(if_modified_since=value) in {200, 304}
    assert takes_gzip(value) in {True, False}


@given(st.from_regex(preconditions._DATE, fullmatch=True))
def test_rubbish_that_looks_like_a_date_is_never_an_error(value: str) -> None:
    instant(value.encode())


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_a_date_is_read_as_it_was_written(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    written = format_datetime(whole, usegmt=True).encode()
    assert instant(written) == whole.timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        (b"", False),
        (b"gzip", True),
        (b"GZip", True),
        (b"x-gzip", True),
        (b"gzip, deflate, br", True),
        (b"deflate,gzip;q=0.5", True),
        (b"gzip ; q=1.0", True),
        (b"gzip;Q=0.001", True),
        (b"gzip;q=1.000", True),
        (b"*", True),
        (b"*;q=0.1", True),
        (b"br, *;q=0.1", True),
        (b"identity;q=0.5, gzip", True),
        (b"identity;q=0.5, gzip;q=0.5", True),
        (b"identity, gzip;q=0.5", False),
        (b"deflate", False),
        (b"br", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000", False),
        (b"*, gzip;q=0", False),
        (b"*;q=0", False),
        (b"identity", False),
        # RFC 9110, 12.4.2: these are no weights.
        (b"gzip;q=1.5", False),
        (b"gzip;q=-1", False),
        (b"gzip;q=0.1234", False),
        (b"gzip;q=nan", False),
        (b"gzip;q=inf", False),
        (b"gzip;q=1e9", False),
        (b"gzip;q=", False),
        (b"gzip;level=9", False),
        (b"gzippo", False),
        ("gzip;q=١".encode(), False),
        (b"gzip," * 5_000, True),
    ],
)
def test_gzip_is_sent_to_those_who_want_it_at_least_as_much(
    value: bytes | None, expected: bool
) -> None:
    assert takes_gzip(value) is expected


def test_what_is_remembered_of_strangers_is_bounded() -> None:
    for number in range(3_000):
        takes_gzip(b"gzip;q=0.%d" % number)
        takes_gzip(b"gzip, %d" % number + b"x" * 1_000)
    remembered = preconditions._remembered.cache_info()
    assert remembered.maxsize is not None
    assert remembered.currsize <= remembered.maxsize
