"""Impatient readers: who clicks five times at once has clicked once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from publisher.config import Config
from publisher.errors import TokenError
from publisher.subscriptions import address_change, confirming, erasure, keyring, leaving
from store import consents, subscribers
from store.database import Database
from store.errors import NotFoundError
from store.records import Act, Status, Subscription
from tests import make, people
from tests.store.fill import at_once

CLICKS = 5


def acts(site: Database, subscriber_id: int) -> list[Act]:
    with site.read() as tx:
        return [row.act for row in consents.of(tx, subscriber_id)]


def test_the_first_key_is_made_once(site: Database) -> None:
    found = at_once(CLICKS, lambda _: keyring.tokens(site, now=make.NOW).keys)
    assert len(set(found)) == len(found[0]) == 1


def test_who_sends_the_form_several_times_at_once_is_one_person(
    site: Database, config: Config
) -> None:
    at_once(CLICKS, lambda _: people.ask(site, config))
    person = people.person(site)
    assert acts(site, person.id) == [Act.ASKED] * len(people.written(site)) == [Act.ASKED] * 3


def test_who_confirms_and_leaves_several_times_at_once_does_so_once(
    site: Database, config: Config
) -> None:
    people.ask(site, config)
    token = people.token(site, config, "confirm")
    at_once(CLICKS, lambda _: confirming.confirm(site, config, token, now=make.NOW))
    person = people.person(site)
    assert (person.status, len(people.written(site, "welcome"))) == (Status.ACTIVE, 1)
    leave = people.leave_token(site, person)
    at_once(CLICKS, lambda _: leaving.leave(site, config, leave, now=make.NOW))
    assert acts(site, person.id) == [Act.ASKED, Act.CONFIRMED, Act.WITHDRAWN]
    at_once(CLICKS, lambda _: leaving.undo(site, config, leave, now=make.NOW))
    assert acts(site, person.id)[3:] == [Act.CHOSEN]
    assert len(people.written(site, "goodbye")) == 1


def test_an_address_that_two_take_at_once_is_one_persons(site: Database, config: Config) -> None:
    readers = [people.join(site, config, f"{name}@example.org") for name in ("ann", "joe")]
    tokens = []
    for reader in readers:
        own = people.own_token(site, reader)
        address_change.ask_address(site, config, own, people.ZOE, now=make.NOW)
        tokens.append(people.token(site, config, "address"))

    def confirm(number: int) -> bool:
        try:
            address_change.confirm_address(site, config, tokens[number], now=make.NOW)
        except TokenError:
            return False
        return True

    assert sorted(at_once(2, confirm)) == [False, True]
    assert people.person(site).id in {reader.id for reader in readers}


def test_who_is_erased_twice_at_once_is_erased(site: Database, config: Config) -> None:
    people.join(site, config)

    def erase(_: int) -> bool:
        try:
            erasure.erase(site, people.ZOE, now=make.NOW)
        except NotFoundError:
            return False
        return True

    assert any(at_once(CLICKS, erase))
    with pytest.raises(NotFoundError):
        erasure.export(site, people.ZOE)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("taken", ["id", "address"])
def test_who_is_erased_while_somebody_is_about_them_is_forgotten_whole(
    site: Database, config: Config, own: bool, taken: str
) -> None:
    reader = people.join(site, config)
    token = people.own_token(site, reader)

    def erase() -> None:
        if own:
            erasure.erase_own(site, token, now=make.NOW)
        else:
            erasure.erase(site, people.ZOE, now=make.NOW)

    with ThreadPoolExecutor(1) as pool:
        with site.write() as tx:
            # As whoever saves preferences does, and whoever signs up.
            subscribers.take(tx, reader.id if taken == "id" else reader.email)
            erased = pool.submit(erase)
            with pytest.raises(TimeoutError):
                erased.result(timeout=1)
            subscribers.change(tx, reader.id, name="Zoë")
            subscribers.subscribe(tx, reader.id, Subscription(newsletter="alerts", topics=()))
        erased.result(timeout=60)
    with site.read() as tx:
        nobody = subscribers.get(tx, reader.id)
    assert (nobody.name, nobody.status) == ("", Status.ERASED)
    assert people.wants(site, reader) == {}
