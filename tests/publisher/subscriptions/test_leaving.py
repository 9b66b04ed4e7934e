"""Leaving: at once, for good, and not by accident."""

from datetime import datetime, timedelta

import pytest

from publisher.bounces.stopping import stop
from publisher.config import Config
from publisher.errors import TokenError
from publisher.ingest import intake
from publisher.subscriptions import confirming, erasure, leaving
from store import consents, deliveries, issues, queueing, subscribers
from store.database import Database
from store.records import Act, DeliveryState, IssueState, Status, Subscriber
from tests import claimed, make, people
from tests.store import fill

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def reader(site: Database, config: Config) -> Subscriber:
    """Return who gets one topic of the digest, and all alerts."""
    intake.put_topic(site, config, "labour", {"en": "Labour"})
    intake.put_topic(site, config, "asylum", {"en": "Asylum"})
    return people.join(site, config, wanted={"digest": ("labour",), "alerts": ()})


def queue(site: Database, newsletter: str) -> int:
    """Queue an issue for those who get the newsletter; return its number."""
    with site.write() as tx:
        [issue_id] = issues.plan(tx, newsletter, {make.NOW: IssueState.SENDING})
        issue = issues.get(tx, issue_id)
        fill.edition(tx, issue, topics=["labour"] if newsletter == "digest" else [])
        queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW)
    return issue_id


def states(site: Database, issue_id: int) -> list[DeliveryState]:
    with site.read() as tx:
        return [mail.state for mail in deliveries.listing(tx, issue_id)]


def test_a_link_leaves_its_newsletter_and_no_other(
    site: Database, config: Config, reader: Subscriber
) -> None:
    digest, alerts = queue(site, "digest"), queue(site, "alerts")
    found = leaving.leave(site, config, people.leave_token(site, reader), now=make.NOW)
    assert (found.is_subscribed, found.others, found.may_undo) == (False, True, True)
    assert people.wants(site, reader) == {"alerts": ()}
    assert people.person(site).status is Status.ACTIVE
    # What waits of it is not sent any more.
    assert states(site, digest) == [DeliveryState.CANCELLED]
    assert states(site, alerts) == [DeliveryState.QUEUED]
    with site.write() as tx:
        (mail,) = claimed.claim(tx, make.NOW)
        assert mail.issue_id == alerts
        assert claimed.claim(tx, make.NOW) == []


def test_who_leaves_the_last_newsletter_is_unsubscribed(
    site: Database, config: Config, reader: Subscriber
) -> None:
    for key in ("digest", "alerts"):
        leaving.leave(site, config, people.leave_token(site, reader, key), now=make.NOW)
    assert people.person(site).status is Status.UNSUBSCRIBED
    with site.read() as tx:
        said = [(row.act, row.how, row.choice["newsletters"]) for row in consents.of(tx, reader.id)]
    assert said[2:] == [
        (Act.WITHDRAWN, "link", {"digest": ["labour"]}),
        (Act.WITHDRAWN, "link", {"alerts": []}),
    ]
    assert len(people.written(site, "goodbye")) == 1


def test_all_newsletters_can_be_left_at_once(
    site: Database, config: Config, reader: Subscriber
) -> None:
    token = people.leave_token(site, reader)
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    assert people.wants(site, reader) == {}
    assert people.person(site).status is Status.UNSUBSCRIBED
    (letter,) = people.written(site, "goodbye")
    assert letter.details["names"] == ["Alerts", "Digest"]


def test_leaving_twice_is_leaving_once(site: Database, config: Config, reader: Subscriber) -> None:
    token = people.leave_token(site, reader)
    for _ in range(2):
        leaving.leave(site, config, token, now=make.NOW)
    with site.read() as tx:
        assert len(consents.of(tx, reader.id)) == 3
    assert len(people.written(site, "goodbye")) == 1


def test_a_link_of_ten_years_ago_still_leaves(
    site: Database, config: Config, reader: Subscriber
) -> None:
    token = people.leave_token(site, reader)
    leaving.leave(site, config, token, now=make.NOW + 3650 * DAY)
    assert people.wants(site, reader) == {"alerts": ()}


@pytest.mark.parametrize(
    ("after", "wanted"), [(DAY, {"digest": ("labour",), "alerts": ()}), (DAY + HOUR, {})]
)
def test_a_mistake_can_be_undone_for_a_day(
    site: Database,
    config: Config,
    reader: Subscriber,
    after: timedelta,
    wanted: dict[str, tuple[str, ...]],
) -> None:
    token = people.leave_token(site, reader)
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    leaving.undo(site, config, token, now=make.NOW + after)
    assert people.wants(site, reader) == wanted
    expected = Status.ACTIVE if wanted else Status.UNSUBSCRIBED
    assert people.person(site).status is expected


@pytest.mark.parametrize("first", ["digest", "alerts"])
def test_an_undo_gives_back_the_newsletter_of_its_link(
    site: Database, config: Config, reader: Subscriber, first: str
) -> None:
    (second,) = {"digest", "alerts"} - {first}
    tokens = {key: people.leave_token(site, reader, key) for key in (first, second)}
    for token in tokens.values():
        leaving.leave(site, config, token, now=make.NOW)
    undone = leaving.undo(site, config, tokens[first], now=make.NOW)
    assert undone.names == [first.title()]
    assert people.wants(site, reader).keys() == {first}
    # The page of the other one is open still.
    undone = leaving.undo(site, config, tokens[second], now=make.NOW)
    assert undone.names == [second.title()]
    assert people.wants(site, reader) == {"digest": ("labour",), "alerts": ()}


def test_an_undo_says_all_that_it_gave_back(
    site: Database, config: Config, reader: Subscriber
) -> None:
    token = people.leave_token(site, reader)
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    late = leaving.undo(site, config, token, now=make.NOW + DAY + HOUR)
    assert (late.names, late.reader.is_subscribed) == ([], False)
    assert leaving.undo(site, config, token, now=make.NOW + DAY).names == ["Alerts", "Digest"]
    # Who clicks twice has what the first click gave them.
    twice = leaving.undo(site, config, token, now=make.NOW + DAY)
    assert (twice.names, twice.reader.is_subscribed) == (["Digest"], True)


def test_an_undo_brings_back_nothing_that_was_chosen_otherwise_since(
    site: Database, config: Config, reader: Subscriber
) -> None:
    token = people.leave_token(site, reader)
    leaving.leave(site, config, token, now=make.NOW)
    assert leaving.reader(site, config, token, now=make.NOW).may_undo
    people.join(site, config, wanted={"alerts": ()})
    assert not leaving.reader(site, config, token, now=make.NOW).may_undo
    assert leaving.undo(site, config, token, now=make.NOW).names == []
    assert people.wants(site, reader) == {"alerts": ()}


def test_who_bounced_can_leave_too_and_is_written_no_goodbye(
    site: Database, config: Config, reader: Subscriber
) -> None:
    with site.write() as tx:
        stop(tx, reader, Status.BOUNCED, how="bounce", now=make.NOW)
    token = people.leave_token(site, reader)
    found = leaving.leave(site, config, token, now=make.NOW)
    assert (found.is_subscribed, found.others, found.may_undo) == (False, True, False)
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    assert people.wants(site, reader) == {}
    assert people.person(site).status is Status.BOUNCED
    with site.read() as tx:
        said = [(row.act, row.choice["newsletters"]) for row in consents.of(tx, reader.id)][-2:]
    assert said == [(Act.WITHDRAWN, {"digest": ["labour"]}), (Act.WITHDRAWN, {"alerts": []})]
    assert people.written(site, "goodbye") == []


def test_nobody_is_brought_back_by_an_undo_who_did_not_just_leave(
    site: Database, config: Config, reader: Subscriber
) -> None:
    token = people.leave_token(site, reader)
    leaving.undo(site, config, token, now=make.NOW)
    assert people.wants(site, reader) == {"digest": ("labour",), "alerts": ()}
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    with site.write() as tx:
        subscribers.change(tx, reader.id, status=Status.COMPLAINED)
    leaving.undo(site, config, token, now=make.NOW)
    assert people.wants(site, reader) == {}
    assert people.person(site).status is Status.COMPLAINED


def test_a_link_of_who_is_erased_does_nothing(
    site: Database, config: Config, reader: Subscriber
) -> None:
    token = people.leave_token(site, reader)
    erasure.erase(site, reader.email, now=make.NOW)
    found = leaving.leave(site, config, token, now=make.NOW)
    assert found.subscriber.status is Status.ERASED
    assert not found.is_subscribed
    assert not found.may_undo


def test_a_link_to_confirm_is_none_to_leave(site: Database, config: Config) -> None:
    people.join(site, config)
    with pytest.raises(TokenError):
        leaving.leave(site, config, people.token(site, config, "confirm"), now=make.NOW)


def test_who_left_comes_back_by_signing_up(
    site: Database, config: Config, reader: Subscriber
) -> None:
    leaving.leave(site, config, people.leave_token(site, reader), everything=True, now=make.NOW)
    later: datetime = make.NOW + DAY
    people.ask(site, config, now=later)
    assert people.person(site).status is Status.UNSUBSCRIBED
    confirming.confirm(site, config, people.token(site, config, "confirm"), now=later)
    assert people.person(site).status is Status.ACTIVE
    assert people.wants(site, reader) == {"digest": ()}


def test_who_left_while_they_paused_gets_mail_at_once_when_they_come_back(
    site: Database, config: Config, reader: Subscriber
) -> None:
    until = make.NOW + 30 * DAY
    with site.write() as tx:
        subscribers.change(tx, reader.id, paused_until=until)
    # Who is here and signs up for more has not asked for an end of it.
    people.join(site, config)
    assert paused(site, reader) == until
    token = people.leave_token(site, reader)
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    leaving.undo(site, config, token, now=make.NOW)
    assert paused(site, reader) == until
    leaving.leave(site, config, token, everything=True, now=make.NOW)
    people.join(site, config)
    assert paused(site, reader) is None


def paused(site: Database, reader: Subscriber) -> datetime | None:
    with site.read() as tx:
        return subscribers.paused_until(tx, reader.id)


def test_who_was_taken_off_by_staff_comes_back_to_what_they_ask_for_and_no_more(
    site: Database, config: Config, reader: Subscriber
) -> None:
    with site.write() as tx:
        subscribers.change(tx, reader.id, status=Status.UNSUBSCRIBED)
    people.join(site, config, wanted={"alerts": ()})
    assert people.person(site).status is Status.ACTIVE
    assert people.wants(site, reader) == {"alerts": ()}
