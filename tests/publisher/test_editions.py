"""Editions: which of them a reader gets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import editions
from publisher.config import Config
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


@settings(max_examples=50)
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
