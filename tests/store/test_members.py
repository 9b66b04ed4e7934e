"""People many at a time: found, loaded, changed, on either database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from publisher.config import Config
from store import members, subscribers
from store.database import Database
from store.errors import ConflictError
from store.members import Member
from store.records import Status, Subscription
from tests import make

AGREED = datetime(2024, 3, 5, 10, 20, 30, 5, tzinfo=UTC)
TOPICS = {"digest": ("labour", "europe")}


def member(email: str, **changes: Any) -> Member:
    known = Member(0, email, "", "en", "UTC", Status.ACTIVE, None, "", {})
    return known._replace(**changes)


def save(database: Database, *people: Member) -> None:
    with database.write() as tx:
        before = members.known(tx, [one.email for one in people])
        after = {
            one.email: one._replace(id=before[one.email].id) if one.email in before else one
            for one in people
        }
        members.save(tx, before, after)


def found(database: Database) -> dict[str, Member]:
    with database.read() as tx:
        return {one.email: one for one in members.page(tx, limit=1000)}


@pytest.mark.parametrize("count", [1, 24, 25, 26, 76])
def test_as_many_are_loaded_as_are_given(either: Database, config: Config, count: int) -> None:
    make.start(either, config)
    people = [
        member(f"{number:03}@b.org", name="أمل\\t'", consent_at=AGREED, topics=TOPICS)
        for number in range(count)
    ]
    save(either, *people)
    stored = found(either)
    assert [one._replace(id=0) for one in stored.values()] == people
    with either.read() as tx:
        first = stored["000@b.org"].id
        assert subscribers.subscriptions_of(tx, first) == (
            Subscription(newsletter="digest", topics=TOPICS["digest"]),
        )


@pytest.mark.parametrize("often", [{}, {"digest": "daily"}])
@pytest.mark.parametrize(
    "choices",
    [
        ({},),
        (TOPICS,),
        (TOPICS, {}),
        ({"digest": (), "policy": ("labour",)},),
        ({"digest": ()}, {"digest": (), "policy": ("labour",)}, {"policy": ()}),
    ],
)
def test_people_are_subscribed_to_what_each_chose_whether_all_chose_alike_or_not(
    either: Database,
    config: Config,
    choices: tuple[dict[str, tuple[str, ...]], ...],
    often: dict[str, str],
) -> None:
    for key in ("digest", "policy"):
        make.start(either, config, key=key, frequencies={"daily": "daily 07:00"})
    people = [
        member(f"{number}@b.org", topics=choices[number % len(choices)], often=often)
        for number in range(9)
    ]
    save(either, member("first@b.org", topics=TOPICS), *people[:4])
    save(either, *people[4:])
    stored = found(either)
    assert stored.pop("first@b.org").topics == TOPICS
    for one in people:
        assert stored[one.email].topics == one.topics
        chosen = {key: how for key, how in often.items() if key in one.topics}
        assert stored[one.email].often == chosen


def test_ids_go_on_as_the_database_itself_would_give_them(either: Database, config: Config) -> None:
    make.start(either, config)
    save(either, member("b@b.org"), member("a@b.org"))
    (third,) = make.subscribe(either, ["c@b.org"])
    save(either, member("d@b.org"))
    ids = {email: one.id for email, one in found(either).items()}
    assert ids == {"a@b.org": 1, "b@b.org": 2, "c@b.org": third, "d@b.org": third + 1}


def test_a_load_of_somebody_who_is_there_leaves_nothing_behind(either: Database) -> None:
    save(either, member("a@b.org", name="A"))
    people = {email: member(email) for email in ("0@b.org", "a@b.org", "z@b.org")}

    def load() -> None:
        with either.write() as tx:
            members.save(tx, {}, people)

    with pytest.raises(ConflictError):
        load()
    assert [(one.email, one.name) for one in found(either).values()] == [("a@b.org", "A")]


def test_what_is_changed_is_changed_for_exactly_those(either: Database, config: Config) -> None:
    for key in ("digest", "policy"):
        make.start(either, config, key=key)
    save(either, *(member(f"{sign}@b.org", topics=TOPICS) for sign in "abcd"))
    before = found(either)
    save(
        either,
        member("b@b.org", status=Status.BOUNCED, consent_at=AGREED, topics=TOPICS),
        member("c@b.org", topics={"digest": (), "policy": ("labour",)}),
    )
    after = found(either)
    assert after["a@b.org"] == before["a@b.org"]
    assert after["d@b.org"] == before["d@b.org"]
    changed = before["b@b.org"]._replace(status=Status.BOUNCED, consent_at=AGREED)
    assert after["b@b.org"] == changed
    more = {"digest": (), "policy": ("labour",)}
    assert after["c@b.org"] == before["c@b.org"]._replace(topics=more)


def test_only_those_are_found_who_are_asked_for(either: Database) -> None:
    save(either, member("a@b.org"), member("b@b.org"))
    with either.write() as tx:
        known = members.known(tx, ["b@b.org", "b@b.org", "'; drop table subscribers; --@b.org"])
        assert list(known) == ["b@b.org"]
        assert members.known(tx, []) == {}


def test_people_are_paged_by_address_language_and_status(either: Database) -> None:
    with either.write() as tx:
        for name, language, status in (
            ("cleo", "fr", Status.ACTIVE),
            ("ann", "fr", Status.BOUNCED),
            ("bob", "en", Status.ACTIVE),
        ):
            given = {"name": name, "language": language, "status": status}
            subscribers.add(
                tx,
                **given,
                email=f"{name}@b.org",
                timezone="UTC",
                consent_at=None,
                consent_source="",
            )

    def names(**filters: Any) -> list[str]:
        with either.read() as tx:
            first = members.page(tx, limit=2, **filters)
            last = members.page(tx, after=first[-1].email, limit=2, **filters)
        return [one.name for one in (*first, *last)]

    assert names() == ["ann", "bob", "cleo"]
    assert names(language="fr") == ["ann", "cleo"]
    assert names(status=Status.ACTIVE) == ["bob", "cleo"]
    assert names(language="fr", status=Status.ACTIVE) == ["cleo"]
