"""Addresses: host names in any letters, and links in ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import addresses
from publisher.addresses import ascii_host
from publisher.errors import InputError


@pytest.mark.parametrize(
    ("host", "in_ascii"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org", "example.org"),
        ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        # RFC 5894, 7.2: letters that IDNA of 2003 took for others.
        ("straße.example", "xn--strae-oqa.example"),
        ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_a_host_in_any_letters_is_written_as_the_dns_has_it(host: str, in_ascii: str) -> None:
    assert ascii_host(host) == in_ascii


@pytest.mark.parametrize(
    "host",
    ["ñ..example", "☃.example", "ñ b.example", "é" * 64, "a" * 64, "a." * 127, "é" * 10_000_000],
)
def test_what_is_no_host_is_refused_in_a_short_sentence(host: str) -> None:
    with pytest.raises(InputError, match="host name") as refused:
        ascii_host(host)
    assert len(str(refused.value)) < 500


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_a_host_in_ascii_or_refused(text: str) -> None:
    try:
        host = ascii_host(text)
    except InputError:
        return
    assert host.isascii()
    assert ascii_host(host) == host


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("https://x.org/a?b=c&d=%C3%A9#e", "https://x.org/a?b=c&d=%C3%A9#e"),
        ("https://x.org/é|{b}\\^`", "https://x.org/%C3%A9%7C%7Bb%7D%5C%5E%60"),
        ("https://[::1]:8/~a_b-c.d", "https://[::1]:8/~a_b-c.d"),
        ("https://x.org/مهاجر", "https://x.org/%D9%85%D9%87%D8%A7%D8%AC%D8%B1"),
    ],
)
def test_an_address_as_people_write_it_becomes_a_uri(written: str, uri: str) -> None:
    assert addresses.uri(written) == uri == addresses.uri(uri)


@pytest.mark.parametrize(
    ("path", "language"),
    [
        (addresses.front("fr"), "fr"),
        (addresses.item("zh-Hant", 7, "x"), "zh-Hant"),
        (addresses.edition("ar", "digest", 3), "ar"),
        (addresses.media("0f", "png"), ""),
        (addresses.sitemap("1"), ""),
        *((path, "") for path in ("/", addresses.OPML, addresses.ROBOTS, addresses.sitemap())),
    ],
)
def test_a_path_says_whose_language_it_is_in(path: str, language: str) -> None:
    assert addresses.language(path) == language


@pytest.mark.parametrize(
    ("path", "item_id"),
    [
        (addresses.item("fr", 12, "été"), 12),
        (addresses.item("fr", 12, ""), 12),
        (addresses.gone(addresses.item("fr", 12, "")), None),
        (addresses.listing("fr", "items"), None),
        ("/fr/items/x/", None),
        ("/fr/items/" + "9" * 99 + "/", None),
        (addresses.front("fr"), None),
    ],
)
def test_a_page_says_which_item_it_is_of(path: str, item_id: int | None) -> None:
    assert addresses.item_at(path) == item_id


def test_pages_of_readers_are_answered_by_the_program() -> None:
    for path in ("/subscribe", "/leave/abc", "/preferences/abc.def", "/confirm/x"):
        assert addresses.is_answered(path)
    for path in ("/", "/fr/", "/fr/items/1-leave/", "/subscribers", "/fr/topics/leave/"):
        assert not addresses.is_answered(path)
