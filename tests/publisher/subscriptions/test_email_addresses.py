"""E-mail addresses: kept in one form, or refused."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.errors import InputError, LettersError
from publisher.subscriptions.email_addresses import email_address


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("zoe@example.org", "zoe@example.org"),
        (" Zoe@Example.ORG\n", "zoe@example.org"),
        ("zoe+news@mail.example.org", "zoe+news@mail.example.org"),
        ("o'rourke@example.org", "o'rourke@example.org"),
        ("a.b-c_d=e@example.org", "a.b-c_d=e@example.org"),
        ("zoe@münchen.example", "zoe@xn--mnchen-3ya.example"),
        ("zoe@straße.example", "zoe@xn--strae-oqa.example"),
        # Copied out of a text that runs the other way, or of another program.
        ("\u200e2013.zoe@example.org\u200e\u200f", "2013.zoe@example.org"),
        ("\u202azoe@example.org\u202c ", "zoe@example.org"),
        ("zoe@XN--MNCHEN-3YA.example", "zoe@xn--mnchen-3ya.example"),
        ("zoe@مثال.إختبار", "zoe@xn--mgbh0fb.xn--kgbechtv"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
        (f"zoe@{'a.' * 121}examples", f"zoe@{'a.' * 121}examples"),
    ],
)
def test_an_address_is_kept_in_one_form(text: str, kept: str) -> None:
    assert email_address(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "zoe", "@example.org", "zoe@", "zoe@example", "zoe@.example.org", "zoe@example.org."),
        *("zoe@exa mple.org", "zoe smith@example.org", "zoe@a..org", "zoe@-a.org", "zoe@a-.org"),
        *(".zoe@example.org", "zoe.@example.org", "z..e@example.org", "z..ë@example.org"),
        *('"zoe"@example.org', "zoe@@example.org", "<zoe@example.org>", "a,b@example.org"),
        *(
            "zoe@[127.0.0.1]",
            "zoe@example.org,joe@example.org",
            "zoe;joe@example.org",
            "a\\b@c.org",
        ),
        *("zoe\n@example.org", "zoe@example.org\nBcc: joe@example.org", "zoe\0@example.org"),
        *("zoe\r\nRCPT TO:<joe@example.org>@example.org", "zoe@exam\u2028ple.org", "zoe@a_b.org"),
        *("\ud800@example.org", "zoe@\ud800.org", "zoe@" + "a" * 64 + ".org"),
    ],
)
def test_what_is_no_address_is_refused_and_shown(text: str) -> None:
    with pytest.raises(InputError, match="is not an e-mail address") as refused:
        email_address(text)
    assert refused.value.source == "email"
    assert refused.value.reason.splitlines() == [refused.value.reason]


@pytest.mark.parametrize(
    "text", ["zoé@example.org", " Zoë@münchen.example ", "用户@例え.jp", "زوي@مثال.إختبار"]
)
def test_an_address_that_no_mail_can_be_sent_to_from_here_is_told_from_one_that_is_none(
    text: str,
) -> None:
    with pytest.raises(LettersError, match="give an address in ASCII") as refused:
        email_address(text)
    assert repr(text.strip()) in refused.value.reason


@pytest.mark.parametrize("text", ["a" * 65 + "@example.org", f"zoe@{'a.' * 122}example"])
def test_an_address_that_no_relay_takes_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is longer than an e-mail address can be"):
        email_address(text)


ADDRESSES = st.builds(
    "{}@{}".format,
    st.text(st.sampled_from("abzZ09._+-='\"(),:;<>@[]\\ \r\n\0é"), max_size=8),
    st.text(st.sampled_from("abzZ09.-_éßك。\u200d\u3002\r\n \0"), max_size=12),
)


@settings(max_examples=500)
@given(st.emails() | ADDRESSES | st.text(st.characters(exclude_categories=()), max_size=20))
@example("zoe@faß.example")
@example("zoe@a\u3002example")
def test_an_accepted_address_is_accepted_again_unchanged_and_harms_no_header(text: str) -> None:
    try:
        kept = email_address(text)
    except InputError:
        return
    assert email_address(kept) == kept
    assert kept == kept.lower()
    assert kept.isascii()
    assert kept.isprintable()
    assert not set(kept) & set(' "(),:;<>[\\]\r\n\0')
    assert kept.count("@") == 1
    assert len(kept) <= 254
