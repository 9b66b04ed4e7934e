"""Somebody is added by staff, or what is known of them is changed."""

from sqlalchemy import select

from publisher import subscriptions
from publisher.config import Config
from publisher.wallclock import in_utc
from store import tables
from store.database import Database
from store.records import Act
from tests import make
from tests.people import ZOE

BEFORE = "2013-03-18T10:05:00Z"
ROW = {"email": ZOE, "language": "en", "newsletters": "digest", "consent_at": BEFORE}


def test_when_somebody_agreed_changes_only_together_with_how(
    site: Database, config: Config
) -> None:
    subscriptions.add(site, config, {**ROW, "consent_source": "sign-up sheet"})
    again = {**ROW, "consent_at": in_utc(make.NOW)}
    kept = subscriptions.add(site, config, again)
    assert (in_utc(kept.consent_at or make.NOW), kept.consent_source) == (BEFORE, "sign-up sheet")
    new = subscriptions.add(site, config, {**again, "consent_source": "telephone"})
    assert (new.consent_at, new.consent_source) == (make.NOW, "telephone")
    # What was done, and when, is kept of each.
    with site.read() as tx:
        acts = [row for row in tx.rows(select(tables.consents)) if row["act"] == Act.ENTERED]
    assert [in_utc(row["at"]) for row in acts] == [BEFORE, in_utc(make.NOW), in_utc(make.NOW)]


def test_who_is_known_without_consent_gets_the_instant_at_which_it_is_given(
    site: Database, config: Config
) -> None:
    subscriptions.add(site, config, {**ROW, "consent_at": ""})
    assert subscriptions.add(site, config, ROW).consent_at is not None
