"""Who mail comes from: as the newsletter says for a language, else as the site does."""

from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import launching
from publisher.config import Config
from publisher.errors import InputError
from publisher.mail.senders import Mailbox, mailbox, sender
from store import newsletters
from store.database import Database
from tests import make

SENDERS = {"fr": "Actualités <infos@example.org>", "*": "newsroom@example.org"}
REPLIES = {"ar": "قسم الأخبار <reply@example.org>"}


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("Actualités <infos@example.org>", "Actualités", "infos@example.org"),
        ("  infos@example.org ", "", "infos@example.org"),
        ("<infos@example.org>", "", "infos@example.org"),
        ('"Smith, Ann" <ann@example.org>', "Smith, Ann", "ann@example.org"),
        ("أخبار <a+b@EXAMPLE.org>", "أخبار", "a+b@example.org"),
        ("Straße <post@straße.example>", "Straße", "post@xn--strae-oqa.example"),
    ],
)
def test_a_mailbox_is_read_as_people_write_it(written: str, name: str, address: str) -> None:
    assert mailbox(written) == Mailbox(name=name, address=address)


@pytest.mark.parametrize(
    "written",
    [
        *("", "News", "News <>", "News <a@>", "<@example.org>", "a@b@c <x>", "a b@example.org"),
        *("News <a@example.org> x", "News <a@example.org>, b@example.org", "a@exa mple.org"),
        *("Né@example.org", "a..b@example.org", "x" * 65 + "@example.org", "a@" + "b" * 300),
        *("News\r\nBcc: x@example.org <a@example.org>", "a\0@example.org"),
        *("News <a@example.org\r\n>", "News <a@[127.0.0.1]>", "News\u2028 <a@example.org>"),
    ],
)
def test_what_is_no_mailbox_is_refused(written: str) -> None:
    with pytest.raises(InputError):
        mailbox(written)


@given(st.text(max_size=60))
def test_whatever_passes_for_a_mailbox_is_one_line_with_one_address(written: str) -> None:
    try:
        found = mailbox(written)
    except InputError:
        return
    assert found.address.isascii()
    assert parseaddr(found.address) == ("", found.address)
    assert not set(found.address + found.name) & set("\r\n\0<>")


@pytest.mark.parametrize(
    ("language", "name", "address", "reply"),
    [
        ("fr", "Actualités", "infos@example.org", ""),
        # Without a name it is the site's in the language.
        ("es", "Noticias", "newsroom@example.org", ""),
        ("ar", "أخبار", "newsroom@example.org", "reply@example.org"),
    ],
)
def test_each_language_has_its_sender(
    config: Config, language: str, name: str, address: str, reply: str
) -> None:
    letter = make.newsletter(senders=SENDERS, replies=REPLIES)
    found = sender(letter, language, config)
    assert (found.name, found.address, found.reply_address) == (name, address, reply)
    # Who leaves still writes to the mailbox that somebody reads for that.
    assert found.leave == config.sender
    assert found.archive == f"https://news.example.org/{language}/newsletters/digest/"


def test_a_newsletter_that_says_nothing_comes_from_the_site(config: Config) -> None:
    found = sender(make.newsletter(), "fr", config)
    assert (found.name, found.address) == ("Actualités", "news@news.example.org")


def test_a_newsletter_keeps_who_it_comes_from(either: Database, config: Config) -> None:
    begun = make.start(either, config, senders=SENDERS, replies=REPLIES)
    make.start(either, config, key="plain")
    with either.read() as tx:
        assert newsletters.get(tx, "digest") == begun
        assert newsletters.get(tx, "plain").senders == {}
        assert newsletters.get(tx, "plain").template == "digest"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"senders": {"fr": "nobody"}}, "'nobody'"),
        ({"replies": {"*": "a@b c"}}, "'a@b c'"),
        ({"senders": {"de": "a@example.org"}}, "from: de: this site has en"),
        ({"template": "weekly"}, "template: no templates/email/weekly; there are: digest"),
    ],
)
def test_what_cannot_be_a_sender_or_a_template_is_refused_at_the_start(
    database: Database, config: Config, changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        launching.start(database, config, make.newsletter(**changes))
