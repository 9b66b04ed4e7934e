"""What is told of many rows at a glance is what is told of each by a long look."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.config import Config
from publisher.errors import InputError
from publisher.subscriptions.checks import COLUMNS, REMEMBERED, Checks, Person, cells_of
from publisher.subscriptions.glance import Glance
from publisher.subscriptions.reading import Given, read
from tests import make

#: What is plain, and beside it what has to be cleaned, refused, or is nearly plain.
CELLS = {
    "email": (
        *("zoe@example.org", "Amal.H+news@Example.ORG", "a@b-c.example"),
        *("zoe@münchen.example", " zoe@example.org", "a@b.org\nc@d.org", "\u212aim@example.org"),
        *("zoe", "a..b@c.org", "a@-b.org", "a@b.org.", "", "a" * 65 + "@b.org"),
    ),
    "name": (
        *("", "Zoë Hartley", "أمينة حسن", "Íñigo Muñoz", "O'Brien", "Mr  Roth", " Roth", "Roth "),
        *("'=1+1", "'Zoë", "Zo\u0308e", "\u0308Zoe", "a\u202eb", "a\u00a0b", "a|b", "a | b"),
        *("a" * 200, "a" * 201, "a" + "\u0301" * 40, "\udcff", "a\nb"),
    ),
    "language": ("en", "fr", "es", "ar", "fr-CA", "FR_ca", "de", ""),
    "newsletters": ("", "digest", "policy digest", "weekly"),
    "topics": ("", "labour", "labour;europe"),
    "timezone": ("", "Asia/Amman", " Asia/Amman", "Brussels"),
    "status": ("", "active", "bounced", "gone"),
    "consent_at": (
        *("", "2013-05-22", "2013-05-22T02:00:00+00:00", "2013-05-22T02:00:00+02:00"),
        *("2013-05-22T02:00:00", " 2013-05-22 ", "then", "0001-01-01T00:00:00+14:00"),
    ),
    "consent_source": ("", "website", "a sheet\tof paper", "'=1", "la feuille d'avril", "\udce9"),
    "frequency": ("", "newsletter", "daily"),
}
#: Most rows of these are plain; a frequency needs a newsletter that has it.
PLAIN = {name: values[:2] for name, values in CELLS.items() if name != "frequency"}


def rows_of(cells: dict[str, tuple[str, ...]]) -> st.SearchStrategy[list[dict[str, str]]]:
    row = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in cells.items()})
    return st.lists(row, min_size=1, max_size=4)


def one_by_one(checks: Checks, rows: Sequence[dict[str, str]]) -> list[Person] | None:
    """Return the person of each row, or None where one is refused."""
    try:
        return [checks.person(cells_of(row)) for row in rows]
    except InputError:
        return None


def at_a_glance(checks: Checks, rows: Sequence[dict[str, str]]) -> Sequence[Person] | None:
    return Glance(checks).people(list(zip(*map(cells_of, rows), strict=True)))


@pytest.fixture
def checks(config: Config) -> Checks:
    return Checks(config, [make.newsletter(key=key) for key in ("digest", "policy")])


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=rows_of(CELLS)
    | rows_of(PLAIN)
    | st.lists(st.fixed_dictionaries({"email": st.text(), "language": st.just("en")}), min_size=1)
)
@example(rows=[{"email": "a@b.org", "language": "en", "name": "|", "consent_source": "it's"}])
def test_a_glance_tells_what_a_long_look_tells_or_nothing(
    checks: Checks, rows: list[dict[str, str]]
) -> None:
    assert at_a_glance(checks, rows) in (None, one_by_one(checks, rows))


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_rows_that_are_plain_are_told_at_a_glance(checks: Checks, language: str) -> None:
    names = {"en": "Zoe Hartley", "fr": "Chloé d'Aubigné", "es": "Íñigo Muñoz", "ar": "أمينة حسن"}
    rows = [
        {"email": "Zoe@Example.org", "language": language, "name": names[language]},
        {"email": "a@b.org", "language": language, "consent_at": "2013-05-22T02:00:00+00:00"},
        {"email": "c@d.org", "language": language, "newsletters": "digest", "topics": "labour"},
    ]
    assert at_a_glance(checks, rows) == one_by_one(checks, rows) != None  # noqa: E711


def test_a_glance_goes_on_where_every_row_says_something_of_its_own(checks: Checks) -> None:
    glance = Glance(checks)
    for start in range(0, 2 * REMEMBERED, 500):
        rows = [
            {"email": f"p{number}@b.org", "language": "en", "consent_source": f"sheet {number}"}
            for number in range(start, start + 500)
        ]
        people = glance.people(list(zip(*map(cells_of, rows), strict=True)))
        assert people is not None
        assert people[-1][0].consent_source == f"sheet {start + 499}"


@pytest.mark.parametrize("given_", [Given(), Given(language="fr")])
@pytest.mark.parametrize(
    "row", ["a@b.org,ar,Amal", "a@b.org,ar", "a@b.org,ar,Amal,more", "a@b.org"]
)
def test_columns_are_what_the_cells_of_each_row_are(given_: Given, row: str) -> None:
    sheet = read(["email,language,remarks\n"], "people.csv", given_)
    rows = [["z@b.org", "es", "x"], row.split(",")]
    columns = sheet.columns(rows)
    assert len(columns) == len(COLUMNS)
    assert list(zip(*columns, strict=True)) == [sheet.cells(one) for one in rows]
