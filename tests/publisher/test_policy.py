"""Policy: what is answered for an item in a language, case by case."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.policy import Answer, Fired, Policy, Show, Skip, Wait
from publisher.rules import Rule
from store.records import Missing
from tests import make

NOW = make.NOW
SECOND = timedelta(seconds=1)
#: Where readers of fr-CA look, nearest first.
CHAIN = ("fr-CA", "fr", "en")


def answer(
    missing: Missing,
    language: str,
    ready: Collection[str],
    *,
    chain: tuple[str, ...] = CHAIN,
    embargo: datetime | None = None,
    now: datetime = NOW,
) -> Answer:
    policy = Policy(rule=Rule(missing=missing), chain=chain)
    return policy.answer(language, ready, reason="missing", embargo=embargo, since=None, now=now)


@pytest.mark.parametrize(
    ("missing", "ready", "answered"),
    [
        (Missing.SKIP, {"fr-CA", "en"}, Show("fr-CA", Fired.READY)),
        (Missing.HOLD, {"fr-CA", "en"}, Show("fr-CA", Fired.READY)),
        (Missing.FALLBACK, {"fr-CA", "en"}, Show("fr-CA", Fired.READY)),
        (Missing.SKIP, {"fr", "en"}, Skip("missing")),
        (Missing.HOLD, {"fr", "en"}, Wait("missing", holds=True)),
        (Missing.FALLBACK, {"en", "fr"}, Show("fr", Fired.FALLBACK)),
        (Missing.FALLBACK, {"en"}, Show("en", Fired.FALLBACK)),
        (Missing.SKIP, set(), Skip("missing")),
        (Missing.HOLD, set(), Wait("missing", holds=True)),
        (Missing.FALLBACK, set(), Wait("not approved in any language")),
    ],
)
def test_what_becomes_of_an_item_for_readers_of_canadian_french(
    missing: Missing, ready: set[str], answered: Answer
) -> None:
    assert answer(missing, "fr-CA", ready) == answered


def test_a_language_outside_the_chain_is_never_shown() -> None:
    told = answer(Missing.FALLBACK, "fr-CA", {"ar", "es"})
    assert isinstance(told, Wait)
    assert told.until is None


@pytest.mark.parametrize("missing", list(Missing))
@pytest.mark.parametrize("ready", [set(), {"en"}, {"en", "fr-CA"}])
@pytest.mark.parametrize(
    ("before", "waits"),
    [(timedelta(days=365), True), (SECOND, True), (timedelta(0), False), (-SECOND, False)],
)
def test_an_embargo_is_over_at_its_instant_and_not_before(
    missing: Missing, ready: set[str], before: timedelta, waits: bool
) -> None:
    told = answer(missing, "fr-CA", ready, embargo=NOW + before)
    if waits:
        assert told == Wait("embargo", NOW + before)
    else:
        assert told == answer(missing, "fr-CA", ready)


@settings(deadline=None)
@given(
    st.sampled_from(Missing),
    st.sampled_from(make.LANGUAGES),
    st.sets(st.sampled_from(make.LANGUAGES)),
    st.permutations(make.LANGUAGES),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_whatever_is_shown_is_ready_and_in_the_own_language_where_it_can_be(
    missing: Missing, language: str, ready: set[str], chain: list[str], embargo: datetime | None
) -> None:
    told = answer(missing, language, ready, chain=tuple(chain), embargo=embargo)
    if embargo and embargo > NOW:
        assert told == Wait("embargo", embargo)
    elif isinstance(told, Show):
        assert told.language in ready
        assert (told.rule == READY) == (told.language == language)
        assert language not in ready or told.rule == READY
        assert told.rule == READY or missing is Missing.FALLBACK
    else:
        assert language not in ready
        assert isinstance(told, Skip) == (missing is Missing.SKIP)
