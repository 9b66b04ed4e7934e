"""People: addresses in one form, rows that are taken or named, and who left stays away."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config import Config
from publisher.errors import InputError
from publisher.subscriptions.adding import add
from publisher.subscriptions.checks import COLUMNS, Checks, cells_of
from publisher.subscriptions.importing import BATCH, Outcome, import_csv
from store import members, subscribers
from store.database import Database
from store.members import Member
from store.records import Status, Subscriber, Subscription
from tests import make

HEADER = ",".join(COLUMNS)
ZOE = (
    "zoe@example.org,fr,digest,,Zoë Hartley,Europe/London,active,2013-03-18T10:05:00Z,sign-up sheet"
)


def take(database: Database, config: Config, *rows: str, header: str = HEADER) -> Outcome:
    lines = StringIO("".join(f"{row}\n" for row in (header, *rows)), newline="")
    return import_csv(database, config, lines, "people.csv")


def stored(database: Database, email: str = "zoe@example.org") -> Subscriber:
    with database.read() as tx:
        found = subscribers.by_email(tx, email)
    assert found is not None
    return found


def subscribed(database: Database, email: str = "zoe@example.org") -> tuple[Subscription, ...]:
    subscriber = stored(database, email)
    with database.read() as tx:
        return subscribers.subscriptions_of(tx, subscriber.id)


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.rows, outcome.added, outcome.updated, outcome.same


@pytest.fixture
def house(database: Database, config: Config) -> Database:
    """Return a store with two newsletters."""
    make.start(database, config)
    make.start(database, config, key="policy")
    return database


def test_every_column_of_a_row_is_kept(house: Database, config: Config) -> None:
    outcome = take(
        house, config, ZOE.replace(",digest,", ",digest policy,").replace(",,", ",labour;europe,")
    )
    assert (counts(outcome), outcome.rejected) == ((1, 1, 0, 0), [])
    person_ = stored(house)
    assert person_ == Subscriber(
        id=person_.id,
        email="zoe@example.org",
        name="Zoë Hartley",
        language="fr",
        timezone="Europe/London",
        status=Status.ACTIVE,
        consent_at=datetime(2013, 3, 18, 10, 5, tzinfo=UTC),
        consent_source="sign-up sheet",
    )
    topics = ("labour", "europe")
    assert subscribed(house) == (
        Subscription(newsletter="digest", topics=topics),
        Subscription(newsletter="policy", topics=topics),
    )


def test_the_same_file_again_changes_nothing(house: Database, config: Config) -> None:
    rows = [ZOE.replace("zoe@", f"zoe{number}@") for number in range(3)]
    assert counts(take(house, config, *rows)) == (3, 3, 0, 0)
    before = stored(house, "zoe1@example.org")
    assert counts(take(house, config, *rows)) == (3, 0, 0, 3)
    assert stored(house, "zoe1@example.org") == before


def test_a_person_who_stands_twice_in_a_file_is_one(house: Database, config: Config) -> None:
    outcome = take(house, config, ZOE, ZOE.replace("zoe@example.org", "ZOE@Example.org"))
    assert counts(outcome) == (2, 1, 0, 1)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ((",fr,", ",ar,"), "language", "ar"),
        (("Zoë Hartley", "Zoë Smith"), "name", "Zoë Smith"),
        (("Europe/London", "Asia/Amman"), "timezone", "Asia/Amman"),
        ((",active,", ",unsubscribed,"), "status", Status.UNSUBSCRIBED),
        (("sign-up sheet", "website"), "consent_source", "website"),
    ],
)
def test_a_row_that_says_something_new_changes_it(
    house: Database, config: Config, changes: tuple[str, str], field: str, value: Any
) -> None:
    take(house, config, ZOE)
    before = stored(house)
    outcome = take(house, config, ZOE.replace(*changes))
    assert counts(outcome) == (1, 0, 1, 0)
    assert stored(house) == replace(before, **{field: value})


def test_the_same_instant_in_another_zone_is_no_change(house: Database, config: Config) -> None:
    take(house, config, ZOE)
    assert counts(take(house, config, ZOE.replace("10:05:00Z", "11:05:00+01:00"))) == (1, 0, 0, 1)


def test_what_a_list_leaves_empty_stays_as_it_is_known(house: Database, config: Config) -> None:
    take(house, config, ZOE)
    before = stored(house)
    assert counts(take(house, config, "zoe@example.org,fr,,,,,,,")) == (1, 0, 0, 1)
    again = take(house, config, "zoe@example.org,fr", header="email,language")
    assert counts(again) == (1, 0, 0, 1)
    assert stored(house) == before
    assert subscribed(house) == (Subscription(newsletter="digest", topics=()),)


def test_a_source_without_an_instant_leaves_the_instant_and_an_instant_the_source(
    house: Database, config: Config
) -> None:
    take(house, config, ZOE)
    before = stored(house)
    header = "email,language,consent_at,consent_source"
    take(house, config, "zoe@example.org,fr,,Mailchimp", header=header)
    assert stored(house) == replace(before, consent_source="Mailchimp")
    take(house, config, "zoe@example.org,fr,2014-01-01,", header=header)
    there = datetime(2014, 1, 1, tzinfo=UTC)
    assert stored(house) == replace(before, consent_source="Mailchimp", consent_at=there)


def test_subscriptions_are_added_and_never_taken(house: Database, config: Config) -> None:
    take(house, config, ZOE)
    assert counts(take(house, config, ZOE.replace("digest", "policy"))) == (1, 0, 1, 0)
    assert [entry.newsletter for entry in subscribed(house)] == ["digest", "policy"]


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.BOUNCED, Status.COMPLAINED])
@pytest.mark.parametrize("said", ["active", "pending", ""])
def test_a_list_from_elsewhere_calls_nobody_back_who_left(
    house: Database, config: Config, status: Status, said: str
) -> None:
    take(house, config, ZOE)
    before = stored(house)
    with house.write() as tx:
        subscribers.change(tx, before.id, status=status)
    take(house, config, ZOE.replace(",active,", f",{said},"))
    assert stored(house).status is status


@pytest.mark.parametrize("status", ["unsubscribed", "complained"])
def test_who_left_is_subscribed_to_nothing_whatever_a_list_says(
    either: Database, config: Config, status: str
) -> None:
    for key in ("digest", "policy"):
        make.start(either, config, key=key)
    take(either, config, ZOE.replace(",digest,", ",digest policy,"), ZOE.replace("zoe@", "ann@"))
    left = ZOE.replace(",active,", f",{status},")
    assert counts(take(either, config, left, left.replace("zoe@", "new@"))) == (2, 1, 1, 0)
    assert subscribed(either) == subscribed(either, "new@example.org") == ()
    # Nor does a later list subscribe them behind their back.
    assert counts(take(either, config, ZOE)) == (1, 0, 0, 1)
    assert (subscribed(either), stored(either).status) == ((), status)
    assert [entry.newsletter for entry in subscribed(either, "ann@example.org")] == ["digest"]


def test_who_bounced_and_left_elsewhere_stays_bounced_and_gets_nothing_at_a_new_address(
    house: Database, config: Config
) -> None:
    take(house, config, ZOE.replace(",active,", ",bounced,"))
    assert [entry.newsletter for entry in subscribed(house)] == ["digest"]
    take(house, config, ZOE.replace(",active,", ",unsubscribed,"))
    assert (stored(house).status, subscribed(house)) == (Status.BOUNCED, ())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("zoe@,fr,,,,,,,", "email: 'zoe@' is not an e-mail address"),
        (",fr,,,,,,,", "email: '' is not an e-mail address"),
        ("zoe@example.org,,,,,,,,", "language: is missing: write one ("),
        ("zoe@example.org,french,,,,,,,", "language: 'french': not a language tag (BCP 47)"),
        (
            "zoe@example.org,de,,,,,,,",
            "language: nothing is published in de; there are: en, fr, es, ar",
        ),
        (
            "zoe@example.org,fr,weekly,,,,,,",
            "newsletters: no newsletter 'weekly'; there are: digest, policy",
        ),
        (
            "zoe@example.org,fr,,,,Brussels,,,",
            "timezone: no IANA time zone 'Brussels'; one is Europe/Brussels",
        ),
        (
            "zoe@example.org,fr,,,,,gone,,",
            "status: 'gone' is none of pending, active, unsubscribed, bounced or complained",
        ),
        ("zoe@example.org,fr,,,,,erased,,", "status: 'erased' is none of pending"),
        (
            "zoe@example.org,fr,,,,,,yesterday,",
            "consent_at: 'yesterday' is no instant such as 2013-05-22T16:42:10Z",
        ),
        ("zoe@example.org,fr,,,,,,0001-01-01T00:00+14:00,", "consent_at: '0001-01-01T00:00+14:00'"),
        (f"zoe@example.org,fr,,,{'Z' * 201},,,,", "name: has 201 characters, 200 at the most"),
        ("zoe@example.org,fr,,,Zo\udceb,,,,", "name: is not UTF-8: save the file as UTF-8"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_by_line_and_the_others_are_in(
    house: Database, config: Config, row: str, reason: str
) -> None:
    outcome = take(house, config, "ann@example.org,en", row, "ben@example.org,ar")
    (rejected,) = outcome.rejected
    assert (rejected.line, rejected.email) == (3, row.partition(",")[0])
    assert rejected.reason.startswith(reason)
    assert counts(outcome) == (3, 2, 0, 0)
    with house.read() as tx:
        assert [found.email for found in members.page(tx, limit=9)] == [
            "ann@example.org",
            "ben@example.org",
        ]


def test_lines_are_counted_as_an_editor_counts_them(house: Database, config: Config) -> None:
    quoted = 'ann@example.org,en,,,"Ann\nof two lines",,,,'
    outcome = take(house, config, quoted, "", "nobody", quoted.replace("ann@", "@"))
    assert [rejected.line for rejected in outcome.rejected] == [5, 6]
    assert stored(house, "ann@example.org").name == "Ann of two lines"


def test_a_quote_that_nobody_closed_is_told_by_the_line_where_it_opens(
    house: Database, config: Config
) -> None:
    swallowed = [f"zoe{number}@example.org,fr" for number in range(20)]
    outcome = take(house, config, "ann@example.org,en", '"ben@example.org,en', *swallowed)
    assert [rejected.line for rejected in outcome.rejected] == [3]
    with pytest.raises(InputError, match=r"people\.csv, line 3: field larger than field limit"):
        take(house, config, "ann@example.org,en", '"ben@example.org,en', "x" * 140_000)


def test_more_rows_than_one_transaction_takes_are_all_taken(
    house: Database, config: Config
) -> None:
    rows = [f"zoe{number}@example.org,fr,digest" for number in range(BATCH + 1)]
    outcome = take(house, config, *rows[:BATCH], "nobody,fr", *rows[BATCH:])
    assert counts(outcome) == (BATCH + 2, BATCH + 1, 0, 0)
    assert [rejected.line for rejected in outcome.rejected] == [BATCH + 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_files_of_every_spreadsheet_are_read(
    house: Database, config: Config, tmp_path: Path, encoding: str, ending: str
) -> None:
    path = tmp_path / "people.csv"
    rows = [
        " Email ,LANGUAGE,Name,newsletters,Remarks",
        'zoe@example.org,fr,"Hartley, ""Zoë""","digest; policy",none,more,and more',
        "",
        "أمل@example.org,ar",
        "amal@example.org,ar,أمل",
    ]
    path.write_text(ending.join([*rows, ""]), encoding=encoding, newline="")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        outcome = import_csv(house, config, lines, str(path))
    assert counts(outcome) == (3, 2, 0, 0)
    assert [rejected.line for rejected in outcome.rejected] == [4]
    assert stored(house).name == 'Hartley, "Zoë"'
    assert stored(house, "amal@example.org").name == "أمل"


@pytest.mark.parametrize(
    "header", ["", "zoe@example.org,fr", "email", "language", "mail,language", "email|language"]
)
def test_a_file_without_its_header_is_refused_whole(
    house: Database, config: Config, header: str
) -> None:
    with pytest.raises(InputError, match="line 1 must name its columns: email,language,newsle"):
        take(house, config, "zoe@example.org,fr", header=header)
    with house.read() as tx:
        assert members.page(tx, limit=9) == []


def test_an_empty_file_is_refused(house: Database, config: Config) -> None:
    with pytest.raises(InputError, match=r"people\.csv: line 1 must name its columns"):
        import_csv(house, config, [], "people.csv")


def row_of(**changes: str) -> dict[str, str]:
    return {"email": "zoe@example.org", "language": "fr", **changes}


def person(config: Config, row: Mapping[str, str]) -> Member:
    return Checks(config, [make.newsletter()]).person(cells_of(row))[0]


@pytest.mark.parametrize(
    ("given_as", "field", "value"),
    [
        ({"language": "FR_ca"}, "language", "fr-CA"),
        ({"language": "arz"}, "language", "arz"),
        ({"name": " Zoë\u202e  Hartley\r\nBcc: x "}, "name", "Zoë Hartley Bcc: x"),
        ({"name": "أمل"}, "name", "أمل"),
        ({}, "timezone", "UTC"),
        ({"timezone": " Asia/Amman "}, "timezone", "Asia/Amman"),
        ({}, "status", Status.ACTIVE),
        ({"status": "pending"}, "status", Status.PENDING),
        ({}, "consent_at", None),
        ({"consent_at": "2013-05-22"}, "consent_at", datetime(2013, 5, 22, tzinfo=UTC)),
        (
            {"consent_at": "2013-05-22T18:42:10+02:00"},
            "consent_at",
            datetime(2013, 5, 22, 16, 42, 10, tzinfo=UTC),
        ),
        ({"consent_source": "a\tform"}, "consent_source", "a form"),
    ],
)
def test_what_a_row_says_is_kept_clean(
    config: Config, given_as: dict[str, str], field: str, value: object
) -> None:
    found = person(config, row_of(**given_as))
    assert getattr(found, field) == value


@given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=30)))
def test_any_row_is_a_person_or_refused(
    tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    try:
        found = person(config, row_of(**row))
    except InputError:
        return
    for value in (found.name, found.consent_source):
        assert value.splitlines() in ([], [value])
    assert found.consent_at is None or found.consent_at.tzinfo is UTC


def test_one_person_is_added_or_changed(house: Database, config: Config) -> None:
    added = add(house, config, row_of(newsletters="digest"))
    assert added == stored(house)
    changed = add(house, config, row_of(name="Zoë", newsletters="policy"))
    assert (changed.id, changed.name) == (added.id, "Zoë")
    assert [entry.newsletter for entry in subscribed(house)] == ["digest", "policy"]
    with pytest.raises(InputError, match="no newsletter 'weekly'"):
        add(house, config, row_of(name="Ann", newsletters="weekly"))
    assert stored(house).name == "Zoë"
