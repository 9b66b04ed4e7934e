"""Policy: what is answered for an item in a language, case by case."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import rules
from publisher.policy import Answer, Fired, Policy, Show, Skip, Wait
from store.records import Missing
from tests import make

NOW = make.NOW
SECOND = timedelta(seconds=1)
#: Where readers of fr-CA look, nearest first.
CHAIN = ("fr-CA", "fr", "en")


def answer(
    rule: str,
    language: str,
    ready: Collection[str],
    *,
    chain: tuple[str, ...] = CHAIN,
    embargo: datetime | None = None,
    since: datetime | None = NOW,
    now: datetime = NOW,
) -> Answer:
    policy = Policy(rule=rules.parse(rule, zone="Europe/Brussels"), chain=chain)
    return policy.answer(language, ready, reason="missing", embargo=embargo, since=since, now=now)


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


#: The Thursday after NOW, a Monday, at five in Brussels.
THURSDAY = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "ready", "due", "afterwards"),
    [
        ("hold until thu 17:00, then fallback", {"en"}, THURSDAY, Show("en", Fired.DEADLINE)),
        ("hold until thu 17:00, then fallback", {"fr"}, THURSDAY, Show("fr", Fired.DEADLINE)),
        ("hold until thu 17:00, then skip", {"fr"}, THURSDAY, Skip("missing")),
        (
            "hold until thu 11:00 America/New_York, then fallback",
            {"en", "fr"},
            THURSDAY,
            Show("fr", Fired.DEADLINE),
        ),
        ("hold for 48h, then skip", {"en"}, NOW + timedelta(days=2), Skip("missing")),
        ("hold for 2d, then fallback", {"en"}, NOW + timedelta(days=2), Show("en", Fired.DEADLINE)),
        # Nothing of the chain is ready.
        (
            "hold for 1h, then fallback",
            {"ar"},
            NOW + timedelta(hours=1),
            Wait("not approved in any language"),
        ),
    ],
)
def test_a_rule_with_a_deadline_holds_until_then_and_not_a_moment_longer(
    rule: str, ready: set[str], due: datetime, afterwards: Answer
) -> None:
    waiting = Wait("missing", due, holds=True)
    assert answer(rule, "fr-CA", ready) == waiting
    assert answer(rule, "fr-CA", ready, now=due - timedelta(microseconds=1)) == waiting
    for late in (timedelta(0), SECOND, timedelta(days=400)):
        assert answer(rule, "fr-CA", ready, now=due + late) == afterwards


def test_a_deadline_counts_from_when_there_was_something_to_wait_with() -> None:
    rule, day = "hold for 24h, then skip", timedelta(days=1)
    assert answer(rule, "fr-CA", {"en"}, since=None) == Wait("missing", None, holds=True)
    assert answer(rule, "fr-CA", {"en"}, since=NOW - day) == Skip("missing")
    later = answer(rule, "fr-CA", {"en"}, since=NOW - day + SECOND)
    assert later == Wait("missing", NOW + SECOND, holds=True)


@pytest.mark.parametrize("hours", [-1, 0, 400])
def test_what_is_ready_goes_out_whatever_the_deadline(hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    told = answer("hold for 1h, then fallback", "fr-CA", {"fr-CA", "en"}, now=now)
    assert told == Show("fr-CA", Fired.READY)


def test_an_embargo_goes_before_a_deadline() -> None:
    until = NOW + timedelta(days=9)
    late = NOW + timedelta(days=8)
    for rule in ("hold for 1h, then fallback", "hold for 1h, then skip"):
        assert answer(rule, "fr-CA", {"en"}, embargo=until, now=late) == Wait("embargo", until)


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
        assert (told.rule is Fired.READY) == (told.language == language)
        assert language not in ready or told.rule is Fired.READY
        assert told.rule is Fired.READY or missing is Missing.FALLBACK
    else:
        assert language not in ready
        assert isinstance(told, Skip) == (missing is Missing.SKIP)
