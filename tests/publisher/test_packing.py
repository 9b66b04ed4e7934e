"""Gzip: the same bytes from the same bytes, and any program unpacks them."""

import gzip
import zlib

from hypothesis import example, given
from hypothesis import strategies as st

from publisher.packing import pack


@given(st.binary())
@example(b"")
@example(bytes(2**20))
def test_what_is_packed_unpacks_to_the_same(body: bytes) -> None:
    packed = pack(body)
    assert gzip.decompress(packed) == body
    assert zlib.decompress(packed, wbits=31) == body
    assert pack(body) == packed


def test_no_time_and_no_name_is_in_what_is_packed() -> None:
    flags, *moment = pack(b"text")[3:8]
    assert (flags, moment) == (0, [0, 0, 0, 0])


def test_a_feed_gets_far_smaller() -> None:
    body = "<entry><title>La dignité كرامة</title></entry>\n".encode() * 500
    assert len(pack(body)) < len(body) / 20
