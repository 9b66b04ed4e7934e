"""Files of other programs: told by their columns; who left there has left here."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher.config import Config
from publisher.errors import InputError
from publisher.subscriptions.importing import Outcome, import_csv
from publisher.subscriptions.reading import Given
from store import members
from store.database import Database
from store.members import Member
from store.records import Status
from tests import make

PEOPLE = Path(__file__).parents[2] / "data" / "people"
GIVEN = Given(language="fr", newsletters="digest")


@pytest.fixture
def house(database: Database, config: Config) -> Database:
    """Return a store with a newsletter."""
    make.start(database, config)
    return database


def take(database: Database, config: Config, name: str, given: Given = GIVEN) -> Outcome:
    path = PEOPLE / name
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        return import_csv(database, config, lines, name, given=given)


def everybody(database: Database) -> dict[str, Member]:
    with database.read() as tx:
        return {member.email: member for member in members.page(tx, limit=100)}


def test_listmonk_gives_names_states_and_what_its_attributes_say(
    house: Database, config: Config
) -> None:
    outcome = take(house, config, "listmonk.csv")
    assert (outcome.rows, outcome.added) == (5, 4)
    found = everybody(house)
    zoe = found["zoe@example.org"]
    assert (zoe.name, zoe.language, zoe.topics) == ("Zoë Hartley", "en", {"digest": ()})
    assert zoe.consent_at == datetime(2024, 3, 5, 10, 20, 30, 123456, tzinfo=UTC)
    assert zoe.consent_source == "listmonk: created_at"
    assert found["luc@example.org"].language == "fr"
    assert found["luc@example.org"].consent_at == datetime(
        2024, 3, 6, 8, 20, 30, 500000, tzinfo=UTC
    )
    written = {email for email, member in found.items() if member.status is Status.ACTIVE}
    assert written == {"zoe@example.org", "luc@example.org"}
    assert found["gone@example.org"].status is Status.UNSUBSCRIBED
    (rejected,) = outcome.rejected
    assert (rejected.line, rejected.email) == (6, "new@example.org")
    assert rejected.reason.startswith("status: 'sleeping' is none of enabled, subscribed")


def test_mailchimp_says_when_somebody_confirmed_or_else_signed_up(
    house: Database, config: Config
) -> None:
    outcome = take(house, config, "mailchimp_subscribed.csv")
    assert (outcome.added, outcome.rejected) == (2, [])
    found = everybody(house)
    amina, kim = found["amina@example.org"], found["kim@example.org"]
    assert (amina.name, amina.language, amina.status) == ("أمينة حسن", "ar", Status.ACTIVE)
    assert amina.consent_at == datetime(2015, 3, 16, 14, 44, 2, tzinfo=UTC)
    assert amina.consent_source == "Mailchimp: confirm_time"
    assert (kim.name, kim.language) == ("Kim", "fr")
    assert kim.consent_source == "Mailchimp: optin_time"


def test_who_left_mailchimp_or_was_cleaned_from_it_is_not_written_to(
    house: Database, config: Config
) -> None:
    left = take(house, config, "mailchimp_unsubscribed.csv")
    take(house, config, "mailchimp_cleaned.csv")
    found = everybody(house)
    assert {email: member.status for email, member in found.items()} == {
        "left@example.org": Status.UNSUBSCRIBED,
        "dead@example.org": Status.BOUNCED,
    }
    assert [(row.line, row.reason) for row in left.rejected] == [
        (3, "status: nobody can say whether they left: add a column 'status'")
    ]


def test_a_list_without_dates_leaves_the_one_that_is_known(house: Database, config: Config) -> None:
    take(house, config, "mailchimp_subscribed.csv")
    before = everybody(house)["kim@example.org"]
    header = "Email Address,First Name,MEMBER_RATING\n"
    import_csv(house, config, [header, "kim@example.org,Kim,2\n"], "undated.csv", given=GIVEN)
    after = everybody(house)["kim@example.org"]
    assert after.consent_at == before.consent_at is not None
    assert after.consent_source == "Mailchimp"


def test_mailman_lists_addresses_with_names_or_without(house: Database, config: Config) -> None:
    outcome = take(house, config, "mailman.txt")
    names = {email: member.name for email, member in everybody(house).items()}
    assert names == {
        "zoe@example.org": "",
        "siobhan@example.org": "Hartley, Siobhán",
        "luc@example.org": "Luc Gagnon",
        "kim@example.org": "",
    }
    assert [row.line for row in outcome.rejected] == [5]


def test_mailman_members_who_stopped_delivery_are_not_written_to(
    house: Database, config: Config
) -> None:
    take(house, config, "mailman3.csv", Given(language="es"))
    found = everybody(house)
    assert {member.email: (member.language, member.status) for member in found.values()} == {
        "zoe@example.org": ("en", Status.ACTIVE),
        "luc@example.org": ("es", Status.UNSUBSCRIBED),
        "dead@example.org": ("fr", Status.BOUNCED),
    }


def test_who_left_there_after_all_leaves_here_and_comes_back_by_no_list(
    house: Database, config: Config
) -> None:
    make.subscribe(house, ["left@example.org"])
    take(house, config, "mailchimp_unsubscribed.csv")
    assert everybody(house)["left@example.org"].status is Status.UNSUBSCRIBED
    lines = ["email,language,status\n", "left@example.org,fr,active\n"]
    import_csv(house, config, lines, "people.csv")
    assert everybody(house)["left@example.org"].status is Status.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("mailchimp_cleaned.csv", "as Mailchimp wrote it, no column names a language, so say"),
        ("mailman.txt", "line 1 names no columns, so say with --language"),
    ],
)
def test_a_file_that_knows_no_languages_is_refused_until_one_is_given(
    house: Database, config: Config, name: str, wrong: str
) -> None:
    with pytest.raises(InputError, match=wrong):
        take(house, config, name, Given())
    assert everybody(house) == {}


def test_what_is_given_must_be_possible(house: Database, config: Config) -> None:
    with pytest.raises(InputError, match="language: nothing is published in de"):
        take(house, config, "mailman.txt", Given(language="de"))
    with pytest.raises(InputError, match="newsletters: no newsletter 'weekly'"):
        take(house, config, "mailman.txt", Given(language="fr", newsletters="weekly"))


def test_what_a_row_says_itself_goes_before_what_is_given(house: Database, config: Config) -> None:
    lines = ["email,language\n", "a@example.org,ar\n", "b@example.org,\n"]
    import_csv(house, config, lines, "people.csv", given=GIVEN)
    import_csv(house, config, ["email\n", "c@example.org\n"], "people.csv", given=GIVEN)
    languages = {email: member.language for email, member in everybody(house).items()}
    assert languages == {"a@example.org": "ar", "b@example.org": "fr", "c@example.org": "fr"}
