"""Room for letters: had only while no campaign's last connection is open, and not for ever."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from publisher.config import Config
from publisher.delivery import journal
from publisher.delivery.conversing import Connections
from publisher.delivery.desk import Desk
from publisher.delivery.hand import Hand
from publisher.delivery.outgoing import Relay
from publisher.delivery.pace import Pace
from publisher.delivery.room import Room
from publisher.delivery.waiting import Waiting
from store.database import Database
from tests.publisher.delivery.test_holding import a_holder

RELAY, OTHER = Relay(host="relay.example"), Relay(host="other.example")


def test_letters_have_room_once_every_last_connection_is_left() -> None:
    room, said = Room(), []

    def ask() -> None:
        with room.asked(RELAY):
            said.append("connected")

    with ThreadPoolExecutor(1) as thread, room.taken(RELAY) as first, room.taken(RELAY) as second:
        asked = thread.submit(ask)
        while not room.is_asked(RELAY):
            pass
        with room.taken(RELAY) as third, room.taken(OTHER) as elsewhere:
            assert (first, second, third, elsewhere) == (True, True, False, True)
        assert said == []
    assert asked.done()
    assert (said, room.is_asked(RELAY)) == (["connected"], False)


def test_a_campaign_goes_on_where_nobody_sends_the_letters(
    database: Database, config: Config
) -> None:
    at = [0.0]
    own = journal.create(config)
    holder = replace(a_holder(database, config), time=lambda: at[0])
    hand = Hand(journal=own, clock=holder.clock, time=holder.time, waiting=Waiting(Pace()))
    with Desk(hand=hand) as desk:
        connections = Connections(route=[RELAY], hand=hand, holder=holder, desk=desk)
        waits = [connections.letters_wait()]
        for at[0], are_due in ((1.0, True), (100.0, True), (121.0, True), (122.0, False)):
            connections.heed(are_letters_due=are_due)
            waits.append(connections.letters_wait())
        connections.heed(are_letters_due=True)
        waits.append(connections.letters_wait())
    own.close(settled=True)
    assert waits == [False, True, True, False, False, True]
