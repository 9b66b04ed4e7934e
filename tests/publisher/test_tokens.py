"""Signed links: ours are read, for what they are for and while they are good; nothing else is."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import TokenError
from publisher.tokens import Purpose, Tokens
from store.records import SigningKey
from tests import make

KEYS = [SigningKey(id=n, secret=hashlib.sha256(str(n).encode()).hexdigest()) for n in (1, 2, 13)]
TOKENS = Tokens(keys=KEYS)
FOREIGN = Tokens(keys=[SigningKey(id=13, secret="0" * 64)])
PURPOSES = st.sampled_from(Purpose)
SUBJECTS = st.lists(st.integers(0, 2**53) | st.text(max_size=40), max_size=3)
TEXTS = st.text(max_size=80) | st.text("lcpa0123456789.-_=", max_size=80)


@given(PURPOSES, SUBJECTS, st.sampled_from(range(1, len(KEYS) + 1)))
def test_a_token_says_what_it_was_made_about_whichever_key_signed_it(
    purpose: Purpose, subject: list[int | str], keys: int
) -> None:
    token = Tokens(keys=KEYS[:keys]).make(purpose, *subject)
    assert token.startswith(f"{purpose}{KEYS[keys - 1].id}.")
    assert TOKENS.read(token, purpose, now=make.NOW) == tuple(subject)


@given(PURPOSES, PURPOSES, SUBJECTS)
def test_a_token_for_one_thing_is_none_for_another(
    purpose: Purpose, other: Purpose, subject: list[int | str]
) -> None:
    token = TOKENS.make(purpose, *subject)
    renamed = f"{other}{token[1:]}"
    for asked in set(Purpose) - {purpose}:
        with pytest.raises(TokenError):
            TOKENS.read(token, asked, now=make.NOW)
    if renamed != token:
        with pytest.raises(TokenError):
            TOKENS.read(renamed, other, now=make.NOW)


@settings(max_examples=300)
@given(PURPOSES, SUBJECTS, st.data())
def test_a_token_of_which_a_sign_is_changed_taken_or_added_is_none(
    purpose: Purpose, subject: list[int | str], data: st.DataObject
) -> None:
    token = TOKENS.make(purpose, *subject)
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, min(start + 2, len(token))))
    forged = token[:start] + data.draw(TEXTS) + token[end:]
    if forged == token:
        return
    with pytest.raises(TokenError) as refusal:
        TOKENS.read(forged, purpose, now=make.NOW)
    assert not refusal.value.expired


@given(TEXTS, PURPOSES)
def test_what_strangers_write_is_no_token(text: str, purpose: Purpose) -> None:
    for tokens in (TOKENS, Tokens(keys=[])):
        with pytest.raises(TokenError):
            tokens.read(text, purpose, now=make.NOW)


def test_a_token_of_another_site_is_none_of_ours() -> None:
    token = FOREIGN.make(Purpose.LEAVE, 1, "digest")
    assert token.startswith("l13.")
    with pytest.raises(TokenError):
        TOKENS.read(token, Purpose.LEAVE, now=make.NOW)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(seconds=-90), timedelta(seconds=90)),
)
def test_a_token_is_good_until_its_last_second(until: datetime, apart: timedelta) -> None:
    token = TOKENS.make(Purpose.CONFIRM, 1, until=until)
    now = until.replace(microsecond=0) + apart
    if apart < timedelta():
        assert TOKENS.read(token, Purpose.CONFIRM, now=now) == (1,)
        return
    with pytest.raises(TokenError) as refusal:
        TOKENS.read(token, Purpose.CONFIRM, now=now)
    assert refusal.value.expired


def test_a_token_without_an_end_never_ages() -> None:
    token = TOKENS.make(Purpose.LEAVE, 1, "digest")
    assert TOKENS.read(token, Purpose.LEAVE, now=datetime(9999, 1, 1, tzinfo=UTC))


def test_tokens_fit_a_link_and_are_short() -> None:
    token = TOKENS.make(Purpose.LEAVE, 123_456_789, "migration-policy-digest")
    assert len(token) < 120
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_an_address_is_known_by_each_key_and_cannot_be_read_from_what_is_kept() -> None:
    digests = TOKENS.digests("zoe@example.org")
    assert len({*digests}) == len(KEYS)
    assert digests[:1] == Tokens(keys=KEYS[:1]).digests("zoe@example.org")
    assert not {*digests} & {*TOKENS.digests("joe@example.org")}
    assert hashlib.sha256(b"zoe@example.org").hexdigest() not in digests
