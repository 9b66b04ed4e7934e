"""Which relays a sender's mail goes by, and what happens when nobody answers at one."""

from math import inf
from pathlib import Path
from typing import Any

import pytest

from publisher.config import Config
from publisher.config_file import load
from publisher.delivery.outgoing import Relay
from publisher.delivery.relays import Failover, for_sender, pace_of

SITE = '[site]\nurl = "https://news.example.org"\nlanguages = ["en", "fr", "es", "ar"]\n'


def relay(name: str, **settings: Any) -> str:
    lines = [f"{key} = {value!r}" for key, value in {"name": name, **settings}.items()]
    return "\n".join(["[[relays]]", f"host = '{name}.example'", *lines, ""])


def site(folder: Path, *sections: str) -> Config:
    path = folder / "tidings.toml"
    path.write_text("\n".join([SITE, *sections]), encoding="utf-8")
    return load(path)


def names(config: Config, address: str) -> list[str]:
    return [found.name for found in for_sender(config, address)]


def test_without_others_everything_goes_by_the_relay_of_mail(tmp_path: Path) -> None:
    (found,) = for_sender(site(tmp_path), "news@example.org")
    assert found == Relay(host="localhost", hello="news.example.org", name="mail")


def test_a_relay_gets_all_that_is_said_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n", encoding="utf-8")
    said = {"port": 587, "tls": "required", "username": "me", "password_file": "secret"}
    said |= {"connections": 9, "messages": 100, "rate": 2.5, "window": 4, "per_domain": 3}
    config = site(tmp_path, relay("bulk", **said, timeout=7.0, ask="mail.log"))
    (found,) = for_sender(config, "news@example.org")
    assert found == Relay(
        name="bulk",
        host="bulk.example",
        hello="news.example.org",
        port=587,
        tls="required",
        username="me",
        password="hunter2",
        timeout=7.0,
        connections=9,
        messages=100,
        rate=2.5,
        window=4,
        per_domain=3,
        ask=tmp_path / "mail.log",
    )
    assert "hunter2" not in repr(found)
    pace = pace_of(found)
    for _ in range(2):
        pace.taken("a.example", 0.0)
    assert pace.wait("a.example", 0.0) == pytest.approx(2 / 2.5 - 0.1)


def test_a_senders_domain_goes_by_the_relays_that_name_it_and_by_no_others(tmp_path: Path) -> None:
    config = site(
        tmp_path,
        "[mail]\nhost = 'main.example'",
        relay("spare", priority=20),
        relay("fr", domains=["actualites.example", "bücher.example"]),
        relay("fr-first", domains=["Actualites.example"], priority=5),
    )
    assert names(config, "news@example.org") == ["mail", "spare"]
    assert names(config, "infos@ACTUALITES.example") == ["fr-first", "fr"]
    assert names(config, "x@xn--bcher-kva.example") == ["fr"]
    assert names(config, "x@sub.actualites.example") == ["mail", "spare"]


def test_the_relay_of_mail_is_the_first_of_its_priority(tmp_path: Path) -> None:
    config = site(
        tmp_path, "[mail]\nhost = 'main.example'", relay("b"), relay("a", priority=9), relay("c")
    )
    assert names(config, "news@example.org") == ["a", "mail", "b", "c"]


def test_the_relay_of_mail_is_none_where_another_stands_in_for_it_and_it_has_no_host(
    tmp_path: Path,
) -> None:
    assert names(site(tmp_path, relay("other")), "news@example.org") == ["other"]
    only_for_others = site(tmp_path, relay("other", domains="other.example"))
    assert names(only_for_others, "news@example.org") == ["mail"]


def test_relays_that_stand_in_for_each_other_go_at_the_pace_of_the_most_careful() -> None:
    careful = pace_of(Relay(host="a", per_domain=5), Relay(host="b", rate=10.0, per_domain=1))
    careful.taken("a.example", 0.0)
    careful.taken("b.example", 0.0)
    assert careful.next_at(0.0) == pytest.approx(0.1)
    assert careful.wait("a.example", 9.0) == inf
    free = pace_of(Relay(host="a"))
    free.taken("a.example", 0.0)
    assert free.wait("a.example", 0.0) == 0.0


FIRST, SECOND = (Relay(host="127.0.0.1", name=name) for name in ("first", "second"))
BOTH = (FIRST, SECOND)


def test_a_relay_that_nobody_answers_at_is_left_for_a_while_and_tried_again() -> None:
    state = Failover()
    assert state.usable(BOTH, 0.0) == FIRST
    state = state.unreachable(FIRST, 100.0)
    assert state.usable(BOTH, 100.0) == SECOND
    assert state.usable(BOTH, 114.9) == SECOND
    assert state.usable(BOTH, 115.0) == FIRST
    state = state.reached(FIRST)
    assert state == Failover()


def test_one_that_stays_away_is_left_for_twice_as_long_each_time_up_to_five_minutes() -> None:
    state, at, pauses = Failover(), 0.0, []
    for _ in range(7):
        state = state.unreachable(FIRST, at)
        pauses.append(state.left["first"].until - at)
        at += pauses[-1]
    assert pauses == [15, 30, 60, 120, 240, 300, 300]
    assert state.reached(FIRST).unreachable(FIRST, at).left["first"].until == at + 15


def test_several_connections_that_find_the_same_are_one_finding() -> None:
    state = Failover().unreachable(FIRST, 0.0)
    assert state.unreachable(FIRST, 14.0) is state


def test_when_nobody_answers_anywhere_none_is_taken_until_the_first_is_tried_again() -> None:
    state = Failover().unreachable(FIRST, 0.0).unreachable(SECOND, 3.0)
    assert state.usable(BOTH, 14.0) is None
    assert state.usable(BOTH, 15.0) == FIRST


def test_a_change_leaves_the_state_before_as_it_was() -> None:
    before = Failover()
    before.unreachable(FIRST, 0.0)
    assert before.usable(BOTH, 0.0) == FIRST
