"""Each reader's links: in their slots, read back as theirs, and nowhere else."""

from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from publisher import characters, markup
from publisher.mail import links
from publisher.mail.links import LEAVE, PREFERENCES, Links
from publisher.tokens import Purpose, Tokens
from store.records import SigningKey
from tests import make

TOKENS = Tokens(keys=[SigningKey(id=1, secret="ab" * 32)])
FOREVER = datetime.max.replace(tzinfo=make.NOW.tzinfo)


@given(st.integers(1, 2**40), st.sampled_from(["digest", "migration-policy", "نشرة", "a" * 100]))
def test_a_readers_links_are_about_them_for_ever_and_fit_a_header(
    subscriber: int, newsletter: str
) -> None:
    made = links.own(TOKENS, make.config(Path()), subscriber, newsletter)
    for link, kind, purpose, subject in (
        (made.leave, "leave", Purpose.LEAVE, (subscriber, newsletter)),
        (made.preferences, "preferences", Purpose.PREFERENCES, (subscriber,)),
    ):
        assert link.startswith(f"https://news.example.org/{kind}/")
        assert link.isascii()
        assert not set(link) & set(' <>"&,')
        assert len(link) < 500
        token = unquote(urlsplit(link).path).rpartition("/")[2]
        assert TOKENS.read(token, purpose, now=FOREVER) == subject


def test_slots_are_filled_wherever_they_stand_and_the_rest_is_left_alone() -> None:
    made = Links(leave="https://a.example/?b=1&c=2", preferences="https://a.example/p")
    assert made.fill(f"{LEAVE} & {PREFERENCES}") == f"{made.leave} & {made.preferences}"
    page = made.fill_html(f'<a href="{LEAVE}">x</a> &amp; {PREFERENCES}')
    assert page == ('<a href="https://a.example/?b=1&amp;c=2">x</a> &amp; https://a.example/p')


@given(st.sampled_from([LEAVE, PREFERENCES]), st.text(max_size=20), st.text(max_size=20))
def test_no_text_that_comes_in_holds_a_slot(slot: str, before: str, after: str) -> None:
    text = before + slot + after
    for cleaned in (
        characters.clean_line(text),
        characters.clean_text(text),
        markup.clean_html(text),
    ):
        assert LEAVE not in cleaned
        assert PREFERENCES not in cleaned
