"""Some thousand rows at a time give what one row after the other would."""

import csv
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from publisher.characters import clean_line
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.subscriptions.checks import COLUMNS, Checks, cells_of
from publisher.subscriptions.email_addresses import email_address
from publisher.subscriptions.importing import LISTED, Outcome, import_csv
from store import members
from store.database import Database
from tests import make

EMAILS = ("zoe@example.org", "Zoe@Example.org", "amal@example.org", "luc@münchen.example", "x@")

ROW = st.fixed_dictionaries(
    {"email": st.sampled_from(EMAILS), "language": st.sampled_from(("en", "fr", "ar", "de"))},
    optional={
        "newsletters": st.sampled_from(("", "digest", "policy digest", "weekly")),
        "topics": st.sampled_from(("", "labour", "labour;europe")),
        "name": st.sampled_from(("", "Zoë", "أمل", "'=1+1", "Zo\u0308e")),
        "timezone": st.sampled_from(("", "Asia/Amman", "Brussels")),
        "status": st.sampled_from(("", "active", "pending", "unsubscribed", "bounced", "gone")),
        "consent_at": st.sampled_from(("", "2013-05-22", "2013-05-22T02:00:00+02:00", "then")),
        "consent_source": st.sampled_from(("", "website", "a sheet")),
    },
)


@dataclass
class Model:
    """What people are after one row after the other, as slow and plain as can be."""

    checks: Checks
    people: dict[str, dict[str, object]] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: {"added": 0, "updated": 0, "same": 0, "rejected": 0}
    )

    def take(self, row: dict[str, str]) -> None:
        self.counts[self.verdict(row)] += 1

    def verdict(self, row: dict[str, str]) -> str:
        try:
            wanted, unsaid = self.checks.person(cells_of(row))
        except InputError:
            return "rejected"
        said = {name: value for name, value in wanted._asdict().items() if name != "id"}
        said["topics"] = dict(wanted.topics)
        known = self.people.get(wanted.email)
        if known is None:
            self.people[wanted.email] = said
            return "added"
        after = dict(known)
        for name, value in said.items():
            if name == "topics":
                after["topics"] = {**known["topics"], **wanted.topics}  # type: ignore[dict-item]
            elif name == "status" and known["status"] not in {"active", "pending"}:
                continue
            elif name not in unsaid:
                after[name] = value
        if {known["status"], wanted.status} & {"unsubscribed", "complained"}:
            # Who has left is subscribed to nothing.
            after["topics"] = {}
        self.people[wanted.email] = after
        return "same" if after == known else "updated"


def stored(database: Database) -> dict[str, dict[str, object]]:
    with database.read() as tx:
        everybody = members.page(tx, limit=100)
    found = {member.email: member._asdict() for member in everybody}
    for member in found.values():
        del member["id"]
    return found


def lines_of(rows: list[dict[str, str]]) -> StringIO:
    file = StringIO(newline="")
    out = csv.DictWriter(file, COLUMNS, restval="")
    out.writeheader()
    out.writerows(rows)
    file.seek(0)
    return file


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(ROW, max_size=12), min_size=1, max_size=3), batch=st.integers(1, 5))
@example(
    files=[
        [{"email": "zoe@example.org", "language": "en", "status": "bounced"}],
        [{"email": f"{sign}@example.org", "language": "en"} for sign in "abc"]
        + [{"email": "zoe@example.org", "language": "fr", "newsletters": "digest"}],
    ],
    batch=2,
)
def test_batches_are_what_one_row_after_the_other_would_be(
    either: Database, config: Config, files: list[list[dict[str, str]]], batch: int
) -> None:
    make.nobody(either)
    for key in ("digest", "policy"):
        with suppress(ConflictError):
            make.start(either, config, key=key)
    model = Model(Checks(config, [make.newsletter(key=key) for key in ("digest", "policy")]))
    taken = {"added": 0, "updated": 0, "same": 0, "rejected": 0}
    for rows in files:
        outcome = import_csv(either, config, lines_of(rows), "people.csv", batch=batch)
        for row in rows:
            model.take(row)
        taken["rejected"] += len(outcome.rejected)
        for name in ("added", "updated", "same"):
            taken[name] += getattr(outcome, name)
    assert stored(either) == model.people
    assert taken == model.counts


def test_of_very_many_rejected_rows_the_first_are_listed_and_the_others_counted(
    database: Database, config: Config
) -> None:
    lines = ["email,language\n", *["nobody,en\n"] * (LISTED + 3), "zoe@example.org,en\n"]
    told = []
    outcome = import_csv(
        database,
        config,
        lines,
        "people.csv",
        on_rejected=lambda _sheet, row, rejected: told.append((rejected.line, row)),
    )
    assert (outcome.rows, outcome.added) == (LISTED + 4, 1)
    assert (len(outcome.rejected), outcome.unlisted) == (LISTED, 3)
    assert told[-1] == (LISTED + 4, ["nobody", "en"])


@given(text=st.one_of(st.emails(), st.from_regex(r"\A[a-z.+-]{1,9}@[a-z0-9.-]{1,9}\Z")))
def test_what_is_told_at_a_glance_is_told_the_same_by_a_long_look(text: str) -> None:
    def address(given_as: str) -> str:
        try:
            return email_address(given_as)
        except InputError:
            return "refused"

    # The glance knows no white space.
    assert address(text) == address(f" {text}")


def test_two_imports_at_once_take_everybody_once(either: Database, config: Config) -> None:
    make.start(either, config)
    rows = [f"p{number}@example.org,en,digest\n" for number in range(300)]
    lines = ["email,language,newsletters\n", *rows]

    def take(order: int) -> Outcome:
        return import_csv(either, config, [lines[0], *rows[::order]], "people.csv", batch=20)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(take, (1, -1)))
    assert sum(outcome.added for outcome in done) == len(rows)
    assert sum(outcome.same for outcome in done) == len(rows)
    with either.read() as tx:
        found = members.page(tx, limit=1000)
    assert sorted(member.email for member in found) == sorted(row.split(",")[0] for row in rows)
    assert all(member.topics == {"digest": ()} for member in found)


@given(text=st.text(max_size=40))
@example("Zoe\u0301 ")
@example("a" + "\u0301" * 40)
@example("\u202eb")
def test_a_clean_line_is_seen_to_be_clean(text: str) -> None:
    # With a line end it is cleaned step by step.
    assert clean_line(text) == clean_line(f"{text}\n")
