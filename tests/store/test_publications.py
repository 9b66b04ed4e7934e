"""The ledger: told once, told again only as a new telling, and what stands beside it."""

from datetime import datetime, timedelta

import pytest

from store import entries, publications
from store.database import Database, Transaction
from store.errors import ConflictError
from store.records import FEED, Change, Hold, newsletter_channel
from tests import make
from tests.make import NOW
from tests.store import fill

HOUR = timedelta(hours=1)


def tell(tx: Transaction, key: str, told: datetime, published: datetime = NOW) -> int:
    item = fill.item(tx, key)
    row = make.publication(item_id=item.id, told=told, published=published)
    assert publications.record(tx, [row]) == [row]
    entries.append(tx, [(("en", ""), item.id)])
    return item.id


def newest(tx: Transaction, *, limit: int = 10) -> list[int]:
    return publications.newest(tx, "en", limit=limit)


def test_the_same_row_is_written_only_once(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        english, french = (
            make.publication(item_id=item.id, language=language) for language in ("en", "fr")
        )
        assert publications.record(tx, [english]) == [english]

    with either.write() as tx:
        assert publications.record(tx, [english, french]) == [french]
        assert publications.record(tx, [english, french]) == []

    with either.read() as tx:
        found = publications.standing(tx, [item.id], FEED)
    assert found == {(item.id, "en"): english, (item.id, "fr"): french}


def test_of_writers_at_once_exactly_one_has_told(either: Database) -> None:
    with either.write() as tx:
        ids = [fill.item(tx, f"item-{number}").id for number in range(20)]
    rows = [make.publication(item_id=item_id) for item_id in ids]

    def record(_number: int) -> list[int]:
        with either.write() as tx:
            return [row.item_id for row in publications.record(tx, rows)]

    assert sorted(fill.at_once(4, record)) == [[], [], [], ids]


def test_a_telling_below_the_first_is_refused(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)

    with pytest.raises(ConflictError), either.write() as tx:
        publications.record(tx, [make.publication(item_id=item.id, telling=0)])


def test_the_last_telling_stands_in_its_channel_and_language(either: Database) -> None:
    with either.write() as tx:
        item, other = fill.item(tx), fill.item(tx, "other")
        row = {"item_id": item.id, "revision": 2, "change": Change.CORRECTION}
        anew = make.publication(**row, telling=2, updated=NOW + HOUR)
        letter = newsletter_channel("digest")
        publications.record(
            tx,
            [
                anew,
                make.publication(item_id=item.id),
                mailed := make.publication(item_id=item.id, channel=letter),
                french := make.publication(item_id=item.id, language="fr", shown_language="en"),
                make.publication(item_id=other.id),
            ],
        )

    with either.read() as tx:
        assert publications.standing(tx, [item.id], FEED) == {
            (item.id, "en"): anew,
            (item.id, "fr"): french,
        }
        first = make.publication(item_id=item.id)
        assert publications.tellings(tx, [item.id], FEED) == [first, french, anew]
        assert publications.standing(tx, [item.id], letter) == {(item.id, "en"): mailed}
        assert publications.standing(tx, [], FEED) == {}


def test_a_feed_has_what_came_last_on_top_whatever_its_date(either: Database) -> None:
    with either.write() as tx:
        first = tell(tx, "first", NOW, published=NOW)
        old = tell(tx, "old", NOW + HOUR, published=NOW - 1000 * HOUR)
        last = tell(tx, "last", NOW + HOUR, published=NOW - HOUR)

    with either.read() as tx:
        assert newest(tx) == [last, old, first]
        assert newest(tx, limit=2) == [last, old]


def test_a_correction_shows_in_its_old_place(either: Database) -> None:
    with either.write() as tx:
        old, new = tell(tx, "old", NOW - HOUR), tell(tx, "new", NOW)
        corrected = make.publication(item_id=old, telling=2, revision=2, told=NOW + HOUR)
        publications.record(tx, [corrected])

    with either.read() as tx:
        assert newest(tx) == [new, old]
        assert publications.standing(tx, [old], FEED)[old, "en"] == corrected
        assert newest(tx, limit=1) == [new]


def test_what_was_taken_back_leaves_its_feed_and_comes_again_when_told_anew(
    either: Database,
) -> None:
    with either.write() as tx:
        old, gone, new = (tell(tx, key, NOW + n * HOUR) for n, key in enumerate("abc"))
        withdrawn = make.publication(item_id=gone, telling=2, change=Change.WITHDRAWAL)
        publications.record(tx, [withdrawn])
        assert newest(tx) == [new, old]
        # Its place is given to the next one.
        assert newest(tx, limit=2) == [new, old]
        assert publications.gone(tx, "en", limit=9) == [withdrawn]
        assert publications.gone(tx, "fr", limit=9) == []

        publications.record(tx, [make.publication(item_id=gone, telling=3)])
        assert newest(tx) == [new, gone, old]
        assert publications.gone(tx, "en", limit=9) == []


def test_each_feed_knows_the_last_that_went_from_it(either: Database) -> None:
    with either.write() as tx:
        ids = [tell(tx, key, NOW) for key in "abc"]
        entries.append(
            tx, [(("en", "labour" if n == 0 else "asylum"), i) for n, i in enumerate(ids)]
        )
        for number, item_id in enumerate(ids):
            told = NOW + number * HOUR
            row = make.publication(item_id=item_id, telling=2, change=Change.WITHDRAWAL, told=told)
            publications.record(tx, [row])

    def gone(topic: str) -> list[int]:
        return [row.item_id for row in publications.gone(tx, "en", topic, limit=2)]

    with either.read() as tx:
        assert [gone(topic) for topic in ("", "asylum", "labour", "water")] == [
            [ids[2], ids[1]],
            [ids[2], ids[1]],
            [ids[0]],
            [],
        ]


def test_what_is_gone_comes_newest_first_however_it_went(either: Database) -> None:
    kinds = (Change.WITHDRAWAL, Change.RETRACTION, Change.WITHDRAWAL, Change.RETRACTION)
    with either.write() as tx:
        ids = [tell(tx, key, NOW) for key in "abcd"]
        for number, (item_id, change) in enumerate(zip(ids, kinds, strict=True)):
            told = NOW + number * HOUR
            row = make.publication(item_id=item_id, telling=2, change=change, told=told)
            publications.record(tx, [row])

    with either.read() as tx:
        found = publications.gone(tx, "en", limit=3)
        assert [row.item_id for row in found] == ids[:0:-1]
        # A retraction keeps its notice in the feed.
        assert newest(tx) == [ids[3], ids[1]]


def test_a_feed_holds_neither_other_languages_nor_what_was_only_mailed(
    either: Database,
) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        french = make.publication(item_id=item.id, language="fr")
        mailed = make.publication(item_id=item.id, channel=newsletter_channel("digest"))
        publications.record(tx, [french, mailed])
        entries.append(tx, [(("fr", ""), item.id)])

    with either.read() as tx:
        assert publications.newest(tx, "en", limit=10) == []
        assert publications.newest(tx, "fr", limit=10) == [item.id]


def test_what_an_issue_told_stays_in_its_order(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        mine, other = fill.issue(tx), fill.issue(tx, slot=NOW + HOUR)
        ids = [fill.item(tx, key).id for key in "abc"]
        channel = newsletter_channel("digest")
        rows = [
            make.publication(item_id=item_id, channel=channel, language=language, issue_id=mine.id)
            for language in ("fr", "en")
            for item_id in (ids[2], ids[0])
        ]
        another = make.publication(item_id=ids[1], channel=channel, issue_id=other.id)
        publications.record(tx, [rows[0], another, *rows[1:]])

    with either.read() as tx:
        assert publications.of_issue(tx, mine.id) == rows
        assert publications.of_issue(tx, other.id) == [another]


def test_what_an_item_waits_for_is_replaced_and_other_items_wait_on(either: Database) -> None:
    with either.write() as tx:
        a, b, c = (fill.item(tx, key).id for key in "abc")
        waits = [
            Hold(item_id=item_id, language=language, until=None, reason="missing")
            for item_id in (a, b, c)
            for language in ("ar", "fr")
        ]
        publications.put_holds(tx, [a, b, c], waits)
        assert publications.held(tx) == waits

    until = Hold(item_id=a, language="fr", until=NOW + HOUR, reason="embargo")
    with either.write() as tx:
        publications.put_holds(tx, [a, b], [until])

    with either.read() as tx:
        assert publications.held(tx) == [until, *waits[4:]]
