"""Selection: what an edition takes, in which order, and what it waits for."""

from datetime import datetime, timedelta

import pytest

from publisher import rules
from publisher.policy import Fired, Policy, Show
from publisher.selection import Candidate, enough, select
from store.records import Blocking, Missing, Translation
from tests import make

DAY = timedelta(days=1)


def candidate(
    number: int, *languages: str, embargo: datetime | None = None, **text: object
) -> Candidate:
    ready = {language: make.translation(language, item_id=number, **text) for language in languages}
    item = make.item(id=number, key=f"item-{number}", embargo=embargo)
    return Candidate(item=item, ready=ready, reason="missing")


def policy(rule: str) -> Policy:
    return Policy(rule=rules.parse(rule, zone="UTC"), chain=("fr", "en"))


@pytest.mark.parametrize(
    ("missing", "languages", "chosen", "blocking"),
    [
        (Missing.SKIP, ("fr", "en"), [Show("fr", Fired.READY)], []),
        (Missing.HOLD, ("fr", "en"), [Show("fr", Fired.READY)], []),
        (Missing.FALLBACK, ("fr", "en"), [Show("fr", Fired.READY)], []),
        (Missing.SKIP, ("en",), [], []),
        (Missing.HOLD, ("en",), [], ["missing"]),
        (Missing.FALLBACK, ("en",), [Show("en", Fired.FALLBACK)], []),
        # Approved nowhere: no news yet, and no reason to wait.
        (Missing.SKIP, (), [], []),
        (Missing.HOLD, (), [], []),
        (Missing.FALLBACK, (), [], []),
    ],
)
def test_an_edition_takes_an_item_waits_for_it_or_goes_without(
    missing: Missing, languages: tuple[str, ...], chosen: list[Show], blocking: list[str]
) -> None:
    found = select([candidate(7, *languages)], "fr", policy(missing), since=make.NOW, now=make.NOW)
    assert [pick.answer for pick in found.chosen] == chosen
    assert list(found.blocking) == [
        Blocking(item=7, language="fr", reason=reason, until=None) for reason in blocking
    ]


@pytest.mark.parametrize("missing", list(Missing))
@pytest.mark.parametrize("languages", [("fr", "en"), ("en",), ()])
@pytest.mark.parametrize(("embargo", "seen"), [(DAY, False), (-DAY, True)])
def test_an_item_under_embargo_is_for_a_later_issue_and_blocks_none(
    missing: Missing, languages: tuple[str, ...], embargo: timedelta, seen: bool
) -> None:
    under = candidate(7, *languages, embargo=make.NOW + embargo)
    found = select([under], "fr", policy(missing), since=make.NOW, now=make.NOW)
    free = select([candidate(7, *languages)], "fr", policy(missing), since=make.NOW, now=make.NOW)
    assert [pick.answer for pick in found.chosen] == (
        [pick.answer for pick in free.chosen] if seen else []
    )
    assert found.blocking == (free.blocking if seen else ())


@pytest.mark.parametrize(
    ("then", "chosen"), [("fallback", [Show("en", Fired.DEADLINE)]), ("skip", [])]
)
def test_a_deadline_is_told_while_it_blocks_and_ends_the_waiting(
    then: str, chosen: list[Show]
) -> None:
    rule, waits = policy(f"hold for 24h, then {then}"), [candidate(7, "en"), candidate(8)]
    for now in (make.NOW, make.NOW + DAY - timedelta(seconds=1)):
        found = select(waits, "fr", rule, since=make.NOW, now=now)
        assert found.chosen == ()
        assert found.blocking == (
            Blocking(item=7, language="fr", reason="missing", until=make.NOW + DAY),
        )
    found = select(waits, "fr", rule, since=make.NOW, now=make.NOW + DAY)
    assert [pick.answer for pick in found.chosen] == chosen
    assert found.blocking == ()


def test_one_item_that_waits_leaves_the_others_chosen() -> None:
    found = select(
        [candidate(1, "fr"), candidate(2, "en"), candidate(3, "fr")],
        "fr",
        policy(Missing.HOLD),
        since=make.NOW,
        now=make.NOW,
    )
    assert [pick.item.id for pick in found.chosen] == [3, 1]
    assert [entry.item for entry in found.blocking] == [2]


def test_the_newest_text_stands_first_by_its_own_date_where_it_has_one() -> None:
    old, new = make.NOW - 30 * DAY, make.NOW - DAY
    found = select(
        [
            candidate(1, "fr", dated=old, updated=make.NOW),
            candidate(2, "fr", dated=None, updated=new - DAY),
            candidate(3, "fr", dated=new, updated=old),
            candidate(4, "fr", dated=new, updated=old),
        ],
        "fr",
        policy(Missing.SKIP),
        since=make.NOW,
        now=make.NOW,
    )
    assert [pick.item.id for pick in found.chosen] == [4, 3, 2, 1]


def test_the_text_that_readers_get_is_the_one_that_was_answered() -> None:
    found = select(
        [candidate(1, "en", "es")], "fr", policy(Missing.FALLBACK), since=make.NOW, now=make.NOW
    )
    (pick,) = found.chosen
    text: Translation = pick.text
    assert (text.language, text.title) == ("en", make.TITLES["en"])


@pytest.mark.parametrize(
    ("minimum", "ready", "waits", "is_enough"),
    [
        (1, 1, 0, True),
        (1, 0, 1, True),
        (2, 1, 0, False),
        # What it waits for would make it enough.
        (2, 1, 1, True),
        (3, 1, 1, False),
        (3, 3, 0, True),
        (2, 0, 0, False),
    ],
)
def test_too_little_is_left_for_the_next_issue_and_waits_for_nothing(
    minimum: int, ready: int, waits: int, is_enough: bool
) -> None:
    numbers = range(1, ready + waits + 1)
    candidates = [candidate(n, "fr" if n <= ready else "en") for n in numbers]
    whole = select(candidates, "fr", policy("hold"), since=make.NOW, now=make.NOW)
    found = enough(whole, minimum)
    if is_enough:
        assert found == whole
    else:
        assert (found.chosen, found.blocking) == ((), ())
        assert sorted(found.later) == list(numbers)
