"""Launching: what a newsletter must be to begin, and what may be changed of it."""

from dataclasses import replace

import pytest

from publisher import issuing, press, publishing
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.ingest import intake
from publisher.launching import change
from store.database import Database
from store.records import IssueState
from tests import make


@pytest.mark.parametrize(
    ("changes", "field", "mend"),
    [
        ({"key": "My Digest"}, "key", "lower-case letters, digits, hyphens"),
        ({"languages": ("en", "de")}, "languages", "de: this site has en, fr, es, ar"),
        ({"names": {"it": "Notizie"}}, "name", "it: this site has en, fr, es, ar"),
        ({"timezone": "Mars/Olympus"}, "timezone", "no IANA time zone 'Mars/Olympus'"),
        ({"topics": ("labor",)}, "topics", "no topic 'labor'; there are: labour"),
    ],
)
def test_a_newsletter_that_cannot_be_is_refused_by_field(
    database: Database, config: Config, changes: dict[str, object], field: str, mend: str
) -> None:
    intake.put_topic(database, config, "labour", {"en": "Labour"})
    with pytest.raises(InputError, match=mend) as refused:
        make.start(database, config, **changes)
    assert refused.value.source == field


def test_a_newsletter_begins_once(database: Database, config: Config) -> None:
    make.start(database, config)
    with pytest.raises(ConflictError):
        make.start(database, config)


def test_an_issue_that_waits_for_a_text_goes_out_by_another_rule(
    either: Database, config: Config
) -> None:
    make.start(either, config, missing="hold")
    make.take(either, config, make.draft("en"))
    make.subscribe(either, ["reader@example.org"], language="fr")
    publishing.publish_due(either, config, now=make.NOW)
    issue = issuing.plan(either, "digest", make.NOW)
    waits = press.press(either, issue.id, config, now=make.NOW).issue
    assert waits.state is IssueState.AWAITING_TRANSLATIONS
    change(either, "digest", rules={"ar": "skip", "*": "fallback"})
    goes = press.press(either, issue.id, config, now=make.NOW).issue
    assert goes.state is IssueState.SENDING


def test_only_what_is_given_changes(database: Database, config: Config) -> None:
    before = make.start(database, config)
    named = {**before.names, "fr": "La semaine"}
    assert change(database, "digest", names={"fr": "La semaine"}) == replace(before, names=named)
    rules = {**before.rules, "ar": "skip"}
    after = replace(before, names=named, rules=rules)
    assert change(database, "digest", rules={"ar": "skip"}) == after
    assert change(database, "digest") == after


@pytest.mark.parametrize(
    ("given", "field", "mend"),
    [
        ({"names": {"it": "Notizie"}}, "name", "it: this newsletter has en, fr"),
        ({"rules": {"es": "skip"}}, "missing", "es: this newsletter has en, fr"),
        ({"rules": {"fr": "perhaps"}}, "missing", "'perhaps' is no rule"),
        ({"rules": {"*": ""}}, "missing", "'' is no rule"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_field(
    database: Database, config: Config, given: dict[str, dict[str, str]], field: str, mend: str
) -> None:
    before = make.start(database, config, languages=("en", "fr"), names={"en": "Digest"})
    with pytest.raises(InputError, match=mend) as refused:
        change(database, "digest", names=given.get("names", {}), rules=given.get("rules", {}))
    assert refused.value.source == field
    assert change(database, "digest") == before
