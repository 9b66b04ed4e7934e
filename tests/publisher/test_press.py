"""Press: which edition a reader gets, and what a newsletter must be to begin."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import editions
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.ingest import intake
from store.database import Database
from tests import make


@pytest.mark.parametrize(
    ("reader", "offered", "edition"),
    [
        ("en", make.LANGUAGES, "en"),
        ("ar", make.LANGUAGES, "ar"),
        ("fr-CA", make.LANGUAGES, "fr"),
        ("en-GB", ("fr", "en"), "en"),
        ("arz", make.LANGUAGES, "ar"),
        # Nothing near: the first of the site's languages that there is an edition in.
        ("de", make.LANGUAGES, "en"),
        ("de", ("ar", "es"), "es"),
        ("es", ("fr", "ar"), "fr"),
        ("tlh", ("ar",), "ar"),
    ],
)
def test_every_reader_gets_the_edition_that_they_understand_best(
    config: Config, reader: str, offered: tuple[str, ...], edition: str
) -> None:
    newsletter = make.newsletter(languages=offered)
    assert editions.audiences([reader], newsletter, config) == {reader: edition}


def test_a_chain_of_the_configuration_leads_readers_of_a_far_language(config: Config) -> None:
    site = config.site.model_copy(update={"chains": {"br": ("br", "fr", "en")}})
    chained = config.model_copy(update={"site": site})
    assert editions.audiences(["br"], make.newsletter(), config) == {"br": "en"}
    assert editions.audiences(["br"], make.newsletter(), chained) == {"br": "fr"}


@settings(deadline=None, max_examples=50)
@given(
    st.sets(st.sampled_from(["en", "en-GB", "fr-CA", "es", "pt", "ar", "arz", "ku-Arab", "tlh"])),
    st.lists(st.sampled_from(make.LANGUAGES), min_size=1, unique=True),
)
def test_nobody_who_subscribed_is_left_without_an_edition(
    tmp_path_factory: pytest.TempPathFactory, spoken: set[str], offered: list[str]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    newsletter = make.newsletter(languages=tuple(offered))
    found = editions.audiences(sorted(spoken), newsletter, config)
    assert found.keys() == spoken
    assert set(found.values()) <= set(offered)
    assert all(found[tag] == tag for tag in spoken & set(offered))


@pytest.mark.parametrize(
    ("changes", "field", "mend"),
    [
        ({"key": "My Digest"}, "key", "lower-case letters, digits, hyphens"),
        ({"languages": ("en", "de")}, "languages", "de: this site has en, fr, es, ar"),
        ({"names": {"it": "Notizie"}}, "languages", "it: this site has en, fr, es, ar"),
        ({"timezone": "Mars/Olympus"}, "timezone", "no IANA time zone 'Mars/Olympus'"),
        ({"topics": ("labor",)}, "topics", "no topic 'labor'; there are: labour"),
    ],
)
def test_a_newsletter_that_cannot_be_is_refused_by_field(
    database: Database, config: Config, changes: dict[str, object], field: str, mend: str
) -> None:
    intake.put_topic(database, config, "labour", {"en": "Labour"})
    with pytest.raises(InputError, match=mend) as refused:
        make.start(database, config, **changes)
    assert refused.value.source == field


def test_a_newsletter_begins_once(database: Database, config: Config) -> None:
    make.start(database, config)
    with pytest.raises(ConflictError):
        make.start(database, config)
