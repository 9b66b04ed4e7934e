"""What goes out comes in again: the same people, in any language, with any name."""

import csv
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.config import Config
from publisher.errors import ConflictError, NotFoundError
from publisher.subscriptions.checks import COLUMNS, LEFT
from publisher.subscriptions.exporting import PAGE, RejectedFile, export_csv
from publisher.subscriptions.importing import import_csv
from store import members, subscribers
from store.database import Database
from store.members import Member
from store.records import Status
from tests import make

HEADER = ",".join(COLUMNS) + "\r\n"
AGREED = datetime(2024, 3, 5, 10, 20, 30, 5, tzinfo=UTC)

PERSON = st.builds(
    Member,
    id=st.just(0),
    email=st.integers(0, 10**6).map("{}@example.org".format),
    name=st.sampled_from(["", "Zoë", "أمل حسن", "=1+1", "'-x", "''@x", "'Zoe", 'a,b;c "d"']),
    language=st.sampled_from(make.LANGUAGES),
    timezone=st.sampled_from(["UTC", "Asia/Amman"]),
    status=st.sampled_from([status for status in Status if status is not Status.ERASED]),
    consent_at=st.sampled_from([None, AGREED]),
    consent_source=st.sampled_from(["", "website", "+form"]),
    topics=st.dictionaries(
        st.sampled_from(["digest", "policy"]),
        st.sampled_from([(), ("labour",), ("labour", "europe")]),
    ),
).map(lambda member: member._replace(topics={}) if member.status in LEFT else member)


def everybody(database: Database) -> list[tuple[object, ...]]:
    with database.read() as tx:
        found = members.page(tx, limit=10_000)
    return sorted((*member.fields, *sorted(member.topics.items())) for member in found)


def put(database: Database, people: list[Member]) -> None:
    with database.write() as tx:
        members.save(tx, {}, {member.email: member for member in people})


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(PERSON, max_size=8, unique_by=lambda member: member.email))
@example(people=[])
def test_what_is_exported_can_be_imported_and_is_the_same(
    database: Database, config: Config, people: list[Member]
) -> None:
    make.nobody(database)
    for key in ("digest", "policy"):
        with suppress(ConflictError):
            make.start(database, config, key=key)
    put(database, people)
    before = everybody(database)
    lines = StringIO("".join(export_csv(database)), newline="")
    make.nobody(database)
    outcome = import_csv(database, config, lines, "people.csv")
    assert outcome.rejected == []
    assert everybody(database) == before


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@sum", "'=x"])
def test_no_cell_is_a_formula_to_a_spreadsheet(
    database: Database, config: Config, name: str
) -> None:
    make.subscribe(database, ["=zoe@example.org"], newsletter=make.start(database, config).key)
    with database.write() as tx:
        subscribers.change(tx, 1, name=name, consent_source=name)
    _, row = csv.reader(export_csv(database))
    assert row[0] == "'=zoe@example.org"
    assert (row[4], row[8]) == (f"'{name}", f"'{name}")
    assert not [cell for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_more_people_than_a_page_are_all_there_in_order(either: Database, config: Config) -> None:
    make.start(either, config)
    emails = [f"p{number:05}@example.org" for number in range(PAGE + 1)]
    people = [Member(0, email, "", "en", "UTC", Status.ACTIVE, None, "", {}) for email in emails]
    put(either, people)
    rows = list(csv.DictReader(export_csv(either)))
    assert [row["email"] for row in rows] == emails


def test_an_export_holds_only_whom_its_filters_leave(either: Database, config: Config) -> None:
    make.start(either, config)
    make.start(either, config, key="policy")
    for newsletter, language in (("digest", "en"), ("digest", "ar"), ("policy", "ar")):
        make.subscribe(
            either,
            [f"{newsletter}-{language}@example.org"],
            language=language,
            newsletter=newsletter,
        )
    (gone,) = make.subscribe(either, ["gone@example.org"])
    with either.write() as tx:
        subscribers.change(tx, gone, status=Status.ERASED)

    def emails(**filters: str) -> list[str]:
        status = Status(filters.pop("status")) if "status" in filters else None
        rows = csv.DictReader(export_csv(either, status=status, **filters))
        return [row["email"] for row in rows]

    assert emails(language="ar") == ["digest-ar@example.org", "policy-ar@example.org"]
    assert emails(newsletter="digest") == ["digest-ar@example.org", "digest-en@example.org"]
    assert emails(newsletter="policy", language="ar") == ["policy-ar@example.org"]
    assert emails(status="bounced") == []
    assert emails(status="erased") == []
    assert len(emails()) == 3
    with pytest.raises(NotFoundError):
        emails(newsletter="weekly")


def test_who_takes_other_topics_of_another_newsletter_has_a_row_for_each(
    database: Database, config: Config
) -> None:
    make.start(database, config)
    topics = {"digest": ("labour", "europe"), "policy": ()}
    make.start(database, config, key="policy", frequencies={"weekly": "fri 07:00"})
    often = {"policy": "weekly"}
    put(database, [Member(0, "a@b.org", "", "en", "UTC", Status.ACTIVE, None, "", topics, often)])
    written = "".join(export_csv(database))
    assert written == (
        f"{HEADER}a@b.org,en,policy,,,UTC,active,,,weekly\r\n"
        "a@b.org,en,digest,labour europe,,UTC,active,,,\r\n"
    )
    # Read again, it says nothing new; and who leaves a frequency out keeps it.
    assert import_csv(database, config, StringIO(written), "again.csv").same == 2
    import_csv(
        database, config, ["email,language,newsletters\n", "a@b.org,en,policy\n"], "less.csv"
    )
    assert "".join(export_csv(database)) == written
    own = ["email,language,newsletters,frequency\n", "a@b.org,en,policy,default\n"]
    assert import_csv(database, config, own, "own.csv").updated == 1
    assert import_csv(database, config, own, "own.csv").same == 1
    odd = ["email,language,newsletters,frequency\n", "a@b.org,en,policy,hourly\n"]
    (refused,) = import_csv(database, config, odd, "odd.csv").rejected
    assert "no 'hourly' in policy; there are: default, weekly" in refused.reason


def test_rejected_rows_come_in_once_they_are_mended(database: Database, config: Config) -> None:
    lines = [
        "Email;Language;Remarks\n",
        "zoe@;en;vip\n",
        "amal@example.org\n",
        "ok@example.org;en\n",
    ]
    aside = StringIO(newline="")
    first = import_csv(database, config, lines, "people.csv", on_rejected=RejectedFile(aside).add)
    assert (first.added, len(first.rejected)) == (1, 2)
    header, zoe, amal = csv.reader(StringIO(aside.getvalue()))
    assert header == ["Email", "Language", "Remarks", "line", "reason"]
    assert zoe == ["zoe@", "en", "vip", "2", "email: 'zoe@' is not an e-mail address"]
    assert amal[:4] == ["amal@example.org", "", "", "3"]
    mended = aside.getvalue().replace("zoe@,", "zoe@example.org,").replace(".org,,", ".org,ar,")
    again = import_csv(database, config, StringIO(mended, newline=""), "rejected.csv")
    assert (again.added, again.rejected) == (2, [])
