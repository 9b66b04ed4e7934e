"""A new address: confirmed from its own mailbox, and the old one is told."""

import pytest

from publisher.bounces.stopping import stop
from publisher.config import Config
from publisher.errors import FormError, TokenError
from publisher.subscriptions import address_change, erasure, leaving, suppressions
from store import subscribers
from store.database import Database
from store.records import DeliveryState, Status, Subscriber
from tests import make, people

NEW = "zoe@new.example"


def test_a_new_address_counts_once_its_own_mailbox_says_so_and_the_old_one_is_told(
    site: Database, config: Config, reader: Subscriber
) -> None:
    own = people.own_token(site, reader)
    address_change.ask_address(site, config, own, "Zoe@New.example", now=make.NOW)
    assert people.person(site).email == reader.email
    (letter,) = people.written(site, "address")
    assert letter.email == NEW
    token = people.token(site, config, "address")
    assert address_change.is_address_token(site, token, now=make.NOW)
    for _ in range(2):
        address_change.confirm_address(site, config, token, now=make.NOW)
    assert people.person(site, NEW).id == reader.id
    (notice,) = people.written(site, "changed")
    assert notice.email == reader.email
    # The links in old mails still work: they are about the person.
    leaving.leave(site, config, people.leave_token(site, reader), now=make.NOW)
    assert people.wants(site, reader) == {}


def test_a_new_address_that_is_anothers_is_not_written_to(
    site: Database, config: Config, reader: Subscriber
) -> None:
    people.join(site, config, "joe@example.org")
    erasure.erase(site, people.join(site, config, "ann@example.org").email, now=make.NOW)
    own = people.own_token(site, reader)
    for email in ("joe@example.org", "ann@example.org"):
        address_change.ask_address(site, config, own, email, now=make.NOW)
    assert people.written(site, "address") == []
    with pytest.raises(FormError):
        address_change.ask_address(site, config, own, "nonsense", now=make.NOW)


def test_a_link_for_an_address_is_void_once_the_address_is_another_or_somebodys(
    site: Database, config: Config, reader: Subscriber
) -> None:
    own = people.own_token(site, reader)
    address_change.ask_address(site, config, own, NEW, now=make.NOW)
    first = people.token(site, config, "address")
    address_change.ask_address(site, config, own, "zoe@other.example", now=make.NOW)
    address_change.confirm_address(
        site, config, people.token(site, config, "address"), now=make.NOW
    )
    with pytest.raises(TokenError) as refusal:
        address_change.confirm_address(site, config, first, now=make.NOW)
    assert refusal.value.expired
    assert people.person(site, "zoe@other.example").id == reader.id


@pytest.mark.parametrize(
    ("wanted", "status"),
    [({"alerts": ()}, Status.ACTIVE), ({}, Status.UNSUBSCRIBED)],
)
def test_who_bounced_gets_mail_again_at_a_new_address_unless_they_left(
    site: Database, config: Config, wanted: dict[str, tuple[str, ...]], status: Status
) -> None:
    reader = people.join(site, config, wanted={"digest": (), "alerts": ()})
    with site.write() as tx:
        stop(tx, reader, Status.BOUNCED, how="bounce", now=make.NOW)
    people.save(site, config, reader, wanted=wanted)
    assert people.person(site).status is Status.BOUNCED
    own = people.own_token(site, reader)
    address_change.ask_address(site, config, own, NEW, now=make.NOW)
    token = people.token(site, config, "address")
    address_change.confirm_address(site, config, token, now=make.NOW)
    assert people.person(site, NEW).status is status
    assert people.wants(site, reader) == wanted
    # A form with the new address is heard; the old one stays what it was.
    people.ask(site, config, NEW)
    people.ask(site, config, reader.email)
    assert [letter.email for letter in people.written(site, "confirm")] == [reader.email, NEW]
    with site.read() as tx:
        assert suppressions.is_suppressed(tx, reader.email) == Status.BOUNCED
    # The old mailbox is dead: nobody is told there.
    (notice,) = people.written(site, "changed")
    assert notice.state is DeliveryState.CANCELLED


def test_who_came_bounced_by_a_list_leaves_the_dead_address_behind_for_good(
    site: Database, config: Config, reader: Subscriber
) -> None:
    with site.write() as tx:
        subscribers.change(tx, reader.id, status=Status.BOUNCED)
    address_change.ask_address(site, config, people.own_token(site, reader), NEW, now=make.NOW)
    token = people.token(site, config, "address")
    address_change.confirm_address(site, config, token, now=make.NOW)
    with site.read() as tx:
        assert suppressions.is_suppressed(tx, reader.email) == Status.BOUNCED


def test_a_stranger_is_not_buried_in_letters_by_a_reader(
    site: Database, config: Config, reader: Subscriber
) -> None:
    own = people.own_token(site, reader)
    for _ in range(9):
        address_change.ask_address(site, config, own, NEW, now=make.NOW)
    assert len(people.written(site, "address")) == 3
