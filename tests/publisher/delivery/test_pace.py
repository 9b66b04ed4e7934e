"""No relay gets more than it wants, no domain either, and nobody waits for ever."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.delivery.outgoing import Answer, Verdict
from publisher.delivery.pace import EARLY, GIVE_UP, Pace, domain_of, pause
from publisher.delivery.waiting import Waiting

YES = Answer(verdict=Verdict.ACCEPTED, code=250)
LATER = Answer(verdict=Verdict.TEMPORARY, code=451, status="4.7.1")
FULL = Answer(verdict=Verdict.TEMPORARY, code=452, status="4.2.2")
NEVER = Answer(verdict=Verdict.PERMANENT, code=550, status="5.1.1")
#: What floating point may add to a second.
DUST = 1e-4


@dataclass(frozen=True)
class Mail:
    """As much of a mail as its pace wants to know."""

    recipient: str

    @property
    def domain(self) -> str:
        return domain_of(self.recipient)


def test_pauses_double_up_to_four_hours_and_end_after_two_days() -> None:
    minutes = [whole // timedelta(minutes=1) for n in range(1, 30) if (whole := pause(n))]
    assert minutes == [5, 10, 20, 40, 80, 160, *[240] * 11]
    assert sum(minutes[:-1]) < GIVE_UP // timedelta(minutes=1) <= sum(minutes)
    assert pause(10**9) is None


@pytest.mark.parametrize(("days", "attempts"), [(0, 1), (0.004, 3), (1, 12), (5, 36)])
def test_the_last_day_is_what_the_operator_says(days: float, attempts: int) -> None:
    # After n > 6 pauses 315 + 240 * (n - 6) minutes have gone by: 0.004 days are 5.8 minutes.
    limit = timedelta(days=days)
    assert pause(attempts, give_up=limit) is None
    assert attempts == 1 or pause(attempts - 1, give_up=limit) is not None


def test_who_was_refused_together_comes_back_one_by_one_each_attempt_at_its_own_time() -> None:
    found = [pause(1, delivery=number) for number in range(1000)]
    assert len(set(found)) > 900
    assert all(wait and timedelta(minutes=4.375) <= wait <= timedelta(minutes=5) for wait in found)
    assert found == [pause(1, delivery=number) for number in range(1000)]
    assert pause(1, delivery=7) != (pause(2, delivery=7) or timedelta()) / 2


@pytest.mark.parametrize(
    ("address", "domain"), [("a@Example.ORG", "example.org"), ('"a@b"@c.example', "c.example")]
)
def test_recipients_are_counted_by_what_stands_after_the_last_at(address: str, domain: str) -> None:
    assert domain_of(address) == domain


def test_without_limits_everything_goes_at_once() -> None:
    pace = Pace()
    for number in range(1000):
        assert pace.wait("a.example", 5.0) == 0.0
        pace.taken("a.example", 5.0)
        assert len(pace) == 1, number


def test_a_rate_lets_little_go_early_and_saves_nothing_up() -> None:
    pace = Pace(rate=20.0)
    for at in (0.0, 1000.0):
        gone = 0
        while pace.wait("a.example", at) == 0.0:
            pace.taken("a.example", at)
            gone += 1
        # 20 a second are 2 in the tenth of a second that they may be early, and the one now.
        assert gone == 3
        assert pace.wait("a.example", at) == pytest.approx(0.05)
        assert pace.next_at(at) == pytest.approx(at + 0.05)
        assert pace.wait("a.example", at + 0.05) == 0.0


@settings(derandomize=True, max_examples=100)
@given(
    st.floats(0.1, 2000),
    st.lists(st.one_of(st.floats(0, 0.01), st.floats(0, 3)), min_size=1, max_size=200),
    st.floats(0, 1e7),
)
def test_no_window_ever_holds_more_than_the_rate_allows(
    rate: float, gaps: list[float], begins: float
) -> None:
    pace, at, gone = Pace(rate=rate), begins, list[float]()
    for gap in gaps:
        at += gap
        for _ in range(50):
            if pace.wait("a.example", at):
                break
            pace.taken("a.example", at)
            gone.append(at)
    for first in range(0, len(gone), 7):
        for last in range(first, len(gone), 5):
            window = gone[last] - gone[first]
            assert last - first + 1 <= 1 + rate * (window + EARLY + DUST)


def test_a_rate_is_reached_by_whoever_asks_when_told() -> None:
    pace, at = Pace(rate=250.0), 3.0
    for _ in range(1000):
        at = pace.next_at(at)
        assert pace.wait("a.example", at) == 0.0
        pace.taken("a.example", at)
    # 1000 mails, less those that may go early (25) and the first.
    assert at - 3.0 == pytest.approx((1000 - 25 - 1) / 250, abs=0.01)


def test_of_a_limit_that_several_share_each_keeps_to_its_part() -> None:
    pace = Pace(rate=20.0, per_domain=5)
    assert pace.limited
    pace.share(2)
    for _ in range(2):
        assert pace.wait("a.example", 0.0) == 0.0
        pace.taken("a.example", 0.0)
    assert pace.next_at(0.0) == pytest.approx(2 / 10 - EARLY)
    assert pace.wait("a.example", 9.0) == inf
    pace.share(1)
    assert pace.wait("a.example", 9.0) == 0.0
    pace.share(99)
    assert pace.wait("b.example", 9.0) == 0.0
    assert not Pace().limited


def test_enough_mails_of_a_domain_wait_for_one_of_them_to_end() -> None:
    pace = Pace(per_domain=2)
    for _ in range(2):
        assert pace.wait("a.example", 0.0) == 0.0
        pace.taken("a.example", 0.0)
    assert pace.wait("a.example", 1e9) == inf
    assert pace.wait("b.example", 0.0) == 0.0
    pace.ended("a.example", NEVER, 1.0)
    assert pace.wait("a.example", 1.0) == 0.0


def refuse(pace: Pace, at: float, answer: Answer = LATER) -> float:
    """Have a mail refused; return for how long its domain is then left alone."""
    pace.taken("a.example", at)
    pace.ended("a.example", answer, at)
    return pace.wait("a.example", at)


def test_a_domain_that_asks_for_patience_is_left_alone_for_longer_each_time() -> None:
    pace, at, waits = Pace(), 0.0, []
    for _ in range(9):
        waits.append(refuse(pace, at))
        assert pace.wait("b.example", at) == 0.0
        at += waits[-1]
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_a_domain_in_doubt_gets_one_mail_at_a_time_until_it_has_taken_as_many_as_it_refused() -> (
    None
):
    pace = Pace()
    at = refuse(pace, 0.0)
    at += refuse(pace, at)
    for _ in range(2):
        assert pace.wait("a.example", at) == 0.0
        pace.taken("a.example", at)
        assert pace.wait("a.example", at) == inf
        pace.ended("a.example", YES, at)
    pace.taken("a.example", at)
    assert pace.wait("a.example", at) == 0.0
    pace.ended("a.example", YES, at)
    assert len(pace) == 0


def test_mails_that_were_under_way_together_are_one_request_for_patience() -> None:
    pace = Pace()
    for _ in range(5):
        pace.taken("a.example", 0.0)
    for _ in range(5):
        pace.ended("a.example", LATER, 1.0)
    assert pace.wait("a.example", 1.0) == 10.0


def test_a_mailbox_that_is_full_slows_nobody_down() -> None:
    assert refuse(Pace(), 0.0, FULL) == 0.0


def test_a_hundred_thousand_domains_in_trouble_are_not_all_remembered() -> None:
    pace = Pace()
    for number in range(100_000):
        pace.taken(f"d{number}.example", number / 1000)
        pace.ended(f"d{number}.example", LATER, number / 1000)
    assert len(pace) <= 20_001
    # The newest are those that still want to be left alone.
    assert pace.wait("d99999.example", 100.0) > 0
    assert pace.wait("d0.example", 100.0) == 0.0


def test_domains_that_give_no_trouble_are_forgotten_with_their_last_mail() -> None:
    pace = Pace(rate=1e6, per_domain=1)
    for number in range(1000):
        pace.taken(f"d{number}.example", 1.0)
        pace.ended(f"d{number}.example", YES, 1.0)
    assert len(pace) == 0


def test_domains_take_turns_and_the_mails_of_each_go_in_their_order() -> None:
    waiting: Waiting[Mail] = Waiting(Pace())
    names = ["1@big", "2@big", "3@big", "1@a", "1@b", "2@a"]
    for name in names:
        waiting.add(Mail(name))
    gone = [mail.recipient for _ in names if (mail := waiting.next(0.0))]
    assert gone == ["1@big", "1@a", "1@b", "2@big", "2@a", "3@big"]
    assert (len(waiting), waiting.next(0.0), waiting.next_at(0.0)) == (0, None, inf)


def test_a_domain_that_wants_to_be_left_alone_comes_back_by_itself() -> None:
    waiting: Waiting[Mail] = Waiting(Pace())
    for number in range(3):
        waiting.add(Mail(f"{number}@slow"))
    first = waiting.next(0.0)
    assert first
    waiting.ended(first, LATER, 1.0)
    assert waiting.next(1.0) is None
    assert waiting.next_at(1.0) == 11.0
    assert waiting.next(10.9) is None
    assert waiting.next(11.0) == Mail("1@slow")
    # One at a time from now on: only an answer lets the next one go.
    assert (waiting.next(99.0), waiting.next_at(99.0)) == (None, inf)


def test_a_mail_that_a_broken_connection_gives_back_is_the_next_of_its_domain() -> None:
    waiting: Waiting[Mail] = Waiting(Pace(per_domain=1))
    for name in ("1@a", "2@a", "1@b"):
        waiting.add(Mail(name))
    first = waiting.next(0.0)
    assert first == Mail("1@a")
    waiting.ended(first, Answer(verdict=Verdict.UNSENT), 0.0)
    waiting.put_back(first)
    assert len(waiting) == 3
    assert [waiting.next(0.0), waiting.next(0.0), waiting.next(0.0)] == [
        Mail("1@b"),
        Mail("1@a"),
        None,
    ]


def test_mails_of_an_issue_that_is_paused_are_taken_out_wherever_their_domain_stands() -> None:
    waiting: Waiting[Mail] = Waiting(Pace(per_domain=1))
    for domain in ("slow", "full", "free"):
        for number in range(3):
            waiting.add(Mail(f"{number}@{domain}"))
    slow, full = waiting.next(0.0), waiting.next(0.0)
    assert slow
    assert full
    waiting.ended(slow, LATER, 0.0)
    taken = waiting.next(0.0)
    assert taken == Mail("0@free")
    assert waiting.next(0.0) is None
    out = waiting.withdraw(lambda mail: mail.recipient[0] != "1")
    assert sorted(mail.recipient for mail in out) == ["2@free", "2@full", "2@slow"]
    assert len(waiting) == 3
    left = waiting.withdraw(lambda _: True)
    assert sorted(mail.recipient for mail in left) == ["1@free", "1@full", "1@slow"]
    assert (len(waiting), waiting.next_at(0.0)) == (0, inf)
    waiting.add(Mail("4@full"))
    assert waiting.next(0.0) is None
    waiting.ended(full, YES, 0.0)
    assert waiting.next(0.0) == Mail("4@full")


def test_mails_of_domains_that_are_left_alone_for_long_are_handed_back() -> None:
    waiting: Waiting[Mail] = Waiting(Pace())
    for name in ("0@slow", "1@slow", "0@free", "1@free"):
        waiting.add(Mail(name))
    slow = waiting.next(0.0)
    assert slow
    waiting.ended(slow, LATER, 0.0)
    assert waiting.next(0.0) == Mail("0@free")
    assert waiting.next(0.0) == Mail("1@free")
    assert waiting.next(0.0) is None
    assert waiting.hand_back(0.0, patience=10.0) == []
    assert waiting.hand_back(0.0, patience=9.0) == [(Mail("1@slow"), 10.0)]
    assert len(waiting) == 0


@settings(derandomize=True, max_examples=150)
@given(st.data())
def test_whatever_happens_no_limit_is_passed_and_everybody_gets_their_turn(
    data: st.DataObject,
) -> None:
    rate = data.draw(st.sampled_from([0.0, 3.0, 100.0]))
    most = data.draw(st.sampled_from([0, 1, 3]))
    waiting: Waiting[Mail] = Waiting(Pace(rate=rate, per_domain=most))
    domains = data.draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60))
    for number, domain in enumerate(domains):
        waiting.add(Mail(f"{number}@{domain}"))
    at, flying, times, gone = 0.0, list[Mail](), list[float](), list[Mail]()
    while len(waiting) or flying:
        mail = waiting.next(at)
        if mail:
            flying.append(mail)
            gone.append(mail)
            times.append(at)
            under_way = Counter(domain_of(entry.recipient) for entry in flying)
            assert not most or max(under_way.values()) <= most
        elif flying:
            ended = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
            at += data.draw(st.sampled_from([0.0, 0.01, 5.0]))
            waiting.ended(ended, data.draw(st.sampled_from([YES, YES, LATER, FULL, NEVER])), at)
        else:
            # Nothing is under way: an instant must be known at which something goes.
            at = waiting.next_at(at)
            assert at < inf
    assert sorted(mail.recipient for mail in gone) == sorted(
        f"{number}@{domain}" for number, domain in enumerate(domains)
    )
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            allowed = 1 + rate * (times[last] - begin + EARLY + DUST)
            assert not rate or last - first + 1 <= allowed
