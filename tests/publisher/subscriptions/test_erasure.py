"""Forgetting: nothing names the person any more, and no list brings them back."""

import json
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

import scheduler
from publisher import subscriptions
from publisher.bounces.stopping import stop
from publisher.config import Config
from publisher.delivery import letters as post
from publisher.errors import InputError, NotFoundError, TokenError
from publisher.subscriptions import erasure, keyring, preferences, suppressions
from store import deliveries, subscribers, tables
from store.database import Database
from store.records import DeliveryState, Status
from tests import make, people
from tests.fakes import Relay
from tests.people import ZOE

#: Reasons that no sign-up lifts.
GRAVE = (Status.BOUNCED, Status.COMPLAINED)
#: All that there are, the gravest last.
ORDER = (Status.UNSUBSCRIBED, Status.ERASED, *GRAVE)
ROW = {"email": ZOE, "language": "en", "newsletters": "digest"}


def contents(database: Database) -> str:
    """Return all that stands in the store, as text."""
    with database.read() as tx:
        rows = [tx.rows(select(table)) for table in tables.metadata.sorted_tables]
    return json.dumps([[dict(row) for row in found] for found in rows], default=str)


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_nothing_in_the_store_names_who_is_erased_and_what_was_sent_stays(
    site: Database, config: Config, language: str
) -> None:
    reader = people.join(site, config, language=language, name="Zoë Hartley")
    make.take(site, config, make.draft(language))
    with Relay(data={ZOE: f"451 4.2.0 <{ZOE}> is busy"}) as relay:
        scheduler.tick(site, relay.serves(config), now=make.NOW)
    assert contents(site).count(ZOE) > 2
    erasure.erase(site, "Zoe@Example.ORG", now=make.NOW)
    left = contents(site)
    assert ZOE not in left
    assert "Hartley" not in left
    assert json.dumps("Zoë")[1:-1] not in left
    with site.read() as tx:
        nobody = subscribers.get(tx, reader.id)
        (issue,) = {mail["newsletter"] for mail in deliveries.of(tx, reader.id)}
        states = [mail["state"] for mail in deliveries.of(tx, reader.id)]
    assert (nobody.status, issue, states) == (Status.ERASED, "digest", [DeliveryState.CANCELLED])


def test_no_list_and_no_command_brings_back_who_was_erased(site: Database, config: Config) -> None:
    people.join(site, config)
    erasure.erase(site, ZOE, now=make.NOW)
    keyring.rotate(site, now=make.NOW)
    lines = ["email,language,newsletters\n", f"{ZOE},en,digest\n", "joe@example.org,en,digest\n"]
    outcome = subscriptions.import_csv(site, config, lines, "people.csv")
    assert (outcome.rows, outcome.added) == (2, 1)
    (rejected,) = outcome.rejected
    assert (rejected.line, rejected.email) == (2, ZOE)
    assert "erased" in rejected.reason
    with pytest.raises(InputError, match="must not be written to any more: erased"):
        subscriptions.add(site, config, ROW)


def test_only_what_is_suppressed_is_found_among_many(site: Database) -> None:
    tokens = keyring.tokens(site, now=make.NOW)
    emails = [f"p{n}@example.org" for n in range(400)]
    with site.write() as tx:
        suppressions.suppress(tx, tokens, emails[7], Status.COMPLAINED, now=make.NOW)
        suppressions.suppress(tx, tokens, emails[7], Status.ERASED, now=make.NOW)
        found = suppressions.among(tx, emails)
        assert suppressions.is_suppressed(tx, emails[8]) is None
    assert found == {emails[7]: Status.COMPLAINED}
    with site.write() as tx:
        suppressions.lift(tx, tokens, emails[7])
        assert suppressions.among(tx, emails) == {}


@pytest.mark.parametrize("reasons", list(permutations(ORDER, 3)))
def test_the_gravest_reason_to_write_to_an_address_no_more_stays(
    database: Database, reasons: tuple[Status, ...]
) -> None:
    for number, reason in enumerate(reasons):
        # Others may have been kept by an older key.
        tokens = keyring.tokens(database, now=make.NOW)
        if number == 1:
            keyring.rotate(database, now=make.NOW)
        with database.write() as tx:
            suppressions.suppress(tx, tokens, ZOE, reason, now=make.NOW)
            suppressions.suppress(tx, tokens, "joe@example.org", Status.ERASED, now=make.NOW)
            found = suppressions.among(tx, [ZOE, "joe@example.org", "ann@example.org"])
        gravest = max(reasons[: number + 1], key=ORDER.index)
        assert found == {ZOE: gravest, "joe@example.org": Status.ERASED}
    assert suppressed(database) == max(reasons, key=ORDER.index)


def suppressed(database: Database, email: str = ZOE) -> str | None:
    with database.read() as tx:
        return suppressions.is_suppressed(tx, email)


@pytest.mark.parametrize("status", GRAVE)
def test_who_was_erased_and_calls_a_strangers_letter_spam_is_written_to_by_no_form(
    site: Database, config: Config, status: Status
) -> None:
    people.join(site, config)
    erasure.erase(site, ZOE, now=make.NOW)
    # A stranger fills in the form with the address, and its owner complains of the letter.
    people.ask(site, config)
    with site.write() as tx:
        stop(tx, people.person(site), status, how="complaint", now=make.NOW)
    erasure.erase(site, ZOE, now=make.NOW)
    assert suppressed(site) == status
    people.ask(site, config)
    with site.read() as tx:
        assert subscribers.by_email(tx, ZOE) is None


def test_a_reader_has_all_that_is_known_of_them(site: Database, config: Config) -> None:
    reader = people.join(site, config, name="Zoë")
    make.take(site, config, make.draft("en"))
    with Relay() as relay:
        scheduler.tick(site, relay.serves(config), now=make.NOW)
    own = erasure.export_own(site, people.own_token(site, reader), now=make.NOW)
    assert own == erasure.export(site, ZOE)
    assert (own["email"], own["name"], own["status"]) == (ZOE, "Zoë", Status.ACTIVE)
    assert own["subscriptions"] == [{"newsletter": "digest", "topics": [], "frequency": ""}]
    assert [row["act"] for row in own["consents"]] == ["asked", "confirmed"]
    assert [row["name"] for row in own["letters"]] == ["confirm", "welcome"]
    assert [(row["newsletter"], row["state"]) for row in own["deliveries"]] == [("digest", "sent")]


def test_an_erased_readers_links_are_void(site: Database, config: Config) -> None:
    reader = people.join(site, config)
    own = people.own_token(site, reader)
    erasure.erase_own(site, own, now=make.NOW)
    with pytest.raises(TokenError) as refusal:
        preferences.read(site, config, own, now=make.NOW + timedelta(days=1))
    assert refusal.value.expired
    with pytest.raises(NotFoundError):
        erasure.export(site, ZOE)


def test_who_never_confirmed_is_forgotten_after_a_month_and_nobody_else(
    site: Database, config: Config
) -> None:
    people.join(site, config)
    for email in ("joe@example.org", "ann@example.org"):
        people.ask(site, config, email)
    with Relay() as relay:
        post.send(site, relay.serves(config), now=make.NOW)
    month = make.NOW + timedelta(days=30)
    assert erasure.tidy(site, now=month) == 0
    # Asked again just in time.
    people.ask(site, config, "ann@example.org", now=month)
    later = month + timedelta(seconds=1)
    assert [erasure.tidy(site, now=later) for _ in range(3)] == [1, 0, 0]
    assert "joe@example.org" not in contents(site)
    assert people.person(site, "ann@example.org").status is Status.PENDING
    assert people.person(site).status is Status.ACTIVE
    assert [letter.email for letter in people.written(site)] == ["ann@example.org"]
    # Forgotten is not suppressed: a list that has their consent may bring them.
    added = subscriptions.add(site, config, {**ROW, "email": "joe@example.org"})
    assert added.status is Status.ACTIVE
