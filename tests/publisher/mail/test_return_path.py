"""Return paths: short, signed, and the same whatever servers do to their case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config import Config
from publisher.errors import TokenError
from publisher.mail.return_path import named, return_path
from publisher.tokens import Mail, Tokens
from store.records import SigningKey
from tests import make

OLD = SigningKey(id=1, secret="11" * 32)
NEW = SigningKey(id=2, secret="22" * 32)
TOKENS = Tokens(keys=[OLD, NEW])
#: The largest number of a row, and of a key that reads.
LAST, LAST_KEY = 2**31 - 1, 999_999_999


@pytest.fixture
def taking(config: Config) -> Config:
    mail = config.mail.model_copy(update={"bounces": "bounces@example.org"})
    return config.model_copy(update={"mail": mail})


def test_a_mail_comes_back_to_an_address_of_its_own(taking: Config) -> None:
    path = return_path(TOKENS, taking, 1204)
    assert path.startswith("bounces+d2-1204-")
    assert path.endswith("@example.org")
    assert named(TOKENS, f"To: <{path}>") == {(Mail.DELIVERY, 1204)}
    assert named(TOKENS, return_path(TOKENS, taking, 7, Mail.LETTER)) == {(Mail.LETTER, 7)}


def test_without_an_address_for_it_mail_comes_back_to_the_sender(config: Config) -> None:
    assert return_path(TOKENS, config, 1204) == config.sender


@given(number=st.integers(0, LAST), mail=st.sampled_from(Mail), upper=st.booleans())
def test_a_return_path_says_its_mail_whatever_its_case(
    number: int, mail: Mail, *, upper: bool
) -> None:
    token = TOKENS.make_return(mail, number)
    assert TOKENS.read_return(token.upper() if upper else token) == (mail, number)


def test_the_longest_local_part_is_as_long_as_it_may_be() -> None:
    key = SigningKey(id=LAST_KEY, secret="33" * 32)
    token = Tokens(keys=[key]).make_return(Mail.DELIVERY, LAST)
    # With the longest name that the configuration takes, and the sign between them.
    assert 20 + 1 + len(token) <= 64


def test_a_return_path_of_an_old_key_stays_good() -> None:
    token = Tokens(keys=[OLD]).make_return(Mail.DELIVERY, 3)
    assert TOKENS.read_return(token) == (Mail.DELIVERY, 3)


@given(st.data())
def test_no_return_path_can_be_made_of_another(data: st.DataObject) -> None:
    token = TOKENS.make_return(Mail.DELIVERY, 1204)
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-0"))
    other = token[:place] + sign + token[place + 1 :]
    if other != token:
        with pytest.raises(TokenError):
            TOKENS.read_return(other)


@pytest.mark.parametrize(
    "text", ["", "bounces+d1-1-@example.org", "bounces+d9-1-aaaaaaaaaaaaaaaaaaaa@example.org"]
)
def test_what_we_did_not_sign_names_no_mail(text: str) -> None:
    assert named(TOKENS, text) == set()
    with pytest.raises(TokenError):
        TOKENS.read_return(text)


@pytest.mark.parametrize(
    "address", ["bounces+x@example.org", "a-name-that-is-too-long@example.org", "bounces", "é@x.y"]
)
def test_an_address_that_no_return_path_fits_into_is_refused(config: Config, address: str) -> None:
    with pytest.raises(ValueError, match=r"mail\.bounces"):
        make.config(config.folder, mail={"bounces": address})
