"""From the bytes on the wire to a path: what can be no public file is refused."""

from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web import targets
from publisher.web.targets import MALFORMED, TOO_LONG, UNKNOWN, Refused

ARABIC = "/ar/items/7-كرامة-عبر-الحدود/"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", "/"),
        (b"/fr/feed.atom", "/fr/feed.atom"),
        (b"/fr/feed.atom?since=2026", "/fr/feed.atom"),
        (b"/fr/?a=/../x", "/fr/"),
        (quote(ARABIC).encode(), ARABIC),
        # RFC 3986, 2.1: the letters of an escape are large or small.
        (quote(ARABIC).lower().encode(), ARABIC),
        (b"/%66r/%66eed.atom", "/fr/feed.atom"),
        (b"/a-b_c~d!$&'()*+,;=:@e", "/a-b_c~d!$&'()*+,;=:@e"),
    ],
)
def test_a_target_names_a_path(target: bytes, path: str) -> None:
    assert targets.read(target) == path


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        (b"/../secret", UNKNOWN),
        (b"/fr/../../secret", UNKNOWN),
        (b"/fr/%2e%2e/secret", UNKNOWN),
        (b"/fr/..", UNKNOWN),
        (b"/./fr/", UNKNOWN),
        (b"/.hidden", UNKNOWN),
        (b"/fr/.feed.atom.new", UNKNOWN),
        (b"//etc/passwd", UNKNOWN),
        (b"/fr//feed.atom", UNKNOWN),
        (b"/fr/feed.atom//", UNKNOWN),
        (b"/fr%2Ffeed.atom", UNKNOWN),
        (b"/fr%2ffeed.atom", UNKNOWN),
        (b"/fr%5cfeed.atom", UNKNOWN),
        (b"/fr/items/7-x/gone.html", UNKNOWN),
        (b"/fr/items/7-x/moved.txt", UNKNOWN),
        (b"/fr/feed.atom.gz", UNKNOWN),
        (b"/" + b"x" * 256, UNKNOWN),
        (quote("/" + "ك" * 128).encode(), UNKNOWN),
        (b"/fr/%00", MALFORMED),
        (b"/fr/%0d%0aset-cookie:x", MALFORMED),
        (b"/fr/%7f", MALFORMED),
        (b"/fr/%C2%85", MALFORMED),
        (b"/fr/%zz", MALFORMED),
        (b"/fr/%", MALFORMED),
        (b"/fr/%e", MALFORMED),
        (b"/fr/%ff", MALFORMED),
        (b"/fr/%C0%AE%C0%AE/", MALFORMED),
        (b"/fr/%ED%A0%80", MALFORMED),
        (b"/fr\\feed.atom", MALFORMED),
        ("/fr/é".encode(), MALFORMED),
        (b"/fr/ x", MALFORMED),
        (b"fr/", MALFORMED),
        (b"*", MALFORMED),
        (b"", MALFORMED),
        (b"http://news.example.org/fr/", MALFORMED),
        (b"/" + b"x" * targets.LONGEST, TOO_LONG),
        (b"/?" + b"x" * targets.LONGEST, TOO_LONG),
    ],
)
def test_a_target_of_no_public_file_is_refused(target: bytes, refusal: Refused) -> None:
    assert targets.read(target) == refusal


@given(st.binary(max_size=200))
def test_whatever_is_sent_no_path_leaves_the_folder(raw: bytes) -> None:
    for target in (b"/" + raw, b"/" + quote_from_bytes(raw, safe="/").encode()):
        path = targets.read(target)
        if isinstance(path, str):
            parts = path.split("/")
            assert path.startswith("/")
            assert not any(part.startswith(".") for part in parts)
            assert "" not in parts[1:-1]
            assert "\0" not in path
            assert "\\" not in path


@given(st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=40))
def test_every_slug_of_every_script_is_found_as_it_was_linked(slug: str) -> None:
    path = f"/ar/items/7-{slug}/"
    assert targets.read(quote(path).encode()) == path
