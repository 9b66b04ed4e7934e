"""What the pre-flight takes for there: by the ledger, by the files, and by what answers itself."""

import re

import pytest

from publisher import inspection, publishing, site
from publisher.config import Config
from publisher.errors import PreflightError
from publisher.mail.edition import Rendered
from store import issues
from store.database import Database
from store.records import Issue, IssueState, Newsletter
from tests import make

URL = "https://news.example.org"


@pytest.fixture
def newsletter(database: Database, config: Config) -> Newsletter:
    """Begin a newsletter, with one item published and another that nobody was told of."""
    begun = make.start(database, config)
    make.take(database, config, make.draft(), make.draft("fr"))
    publishing.publish_due(database, config, now=make.NOW)
    make.take(database, config, make.draft(key="new", words=make.text(title="New", slug="new")))
    return begun


def issue(database: Database) -> Issue:
    with database.write() as tx:
        (number,) = issues.plan(tx, "digest", {make.FRIDAY: IssueState.PLANNED})
        return issues.get(tx, number)


def dead(database: Database, config: Config, newsletter: Newsletter, *paths: str) -> list[str]:
    """Return those of some paths that a mail may not lead to."""
    links = "".join(f'<a href="{URL}{path}" lang="fr">x</a>' for path in paths)
    mail = Rendered(subject="s", preheader="p", html=links, text=links)
    with database.read() as tx:
        number = issues.listing(tx)[-1]
        found = inspection.inspect(
            tx, number, newsletter, [("fr", mail)], config, reads_words=False
        )
    said = [each.message for _, of in found for each in of if each.code == "link-dead"]
    return [re.sub(f"{URL}(.*): .*", r"\1", each) for each in said]


def test_what_is_told_or_about_to_be_is_there_before_its_files(
    database: Database, config: Config, newsletter: Newsletter
) -> None:
    number = issue(database).id
    there = (
        "/",
        "/fr/",
        "/fr/topics/",
        "/fr/newsletters/digest/",
        f"/fr/newsletters/digest/{number}/",
        "/fr/items/1-dignity-fr/",
        "/en/items/2-new/",
        "/leave/abc",
    )
    nowhere = (
        "/fr/items/1-dignity-en/",
        "/fr/items/99-none/",
        "/fr/nothing/",
        "/style.css",
        "/../../../../etc/passwd",
        "/" + "x" * 5000,
        "/%00",
    )
    assert dead(database, config, newsletter, *there, *nowhere) == [*nowhere]


def test_files_are_there_and_old_addresses_lead_on(
    database: Database, config: Config, newsletter: Newsletter
) -> None:
    issue(database)
    site.refresh(database, config, now=make.NOW)
    old = config.public / "fr" / "items" / "1-before"
    old.mkdir()
    (old / "moved.txt").write_text("/fr/items/1-dignity-fr/", encoding="utf-8")
    gone = config.public / "fr" / "items" / "3-gone"
    gone.mkdir()
    (gone / "gone.html").write_text("gone", encoding="utf-8")
    paths = ("/style.css", "/fr/feed.atom", "/fr/items/1-before/", "/fr/items/3-gone/")
    assert dead(database, config, newsletter, *paths) == ["/fr/items/3-gone/"]


def test_only_errors_keep_an_issue_back_and_all_are_named(
    database: Database, config: Config, newsletter: Newsletter
) -> None:
    planned = issue(database)

    def mail(language: str, more: str = "") -> tuple[str, Rendered]:
        page = f'<html lang="{language}" dir="ltr"><p>x</p>{more}</html>'
        return language, Rendered(subject="SHOUTED LOUDLY", preheader="", html=page, text="x")

    with database.read() as tx:
        inspection.require(tx, planned, newsletter, [mail("en"), mail("fr")], config)
        broken = [mail("en", '<img src="x">'), mail("fr", '<a href="y">x</a>')]
        with pytest.raises(PreflightError) as caught:
            inspection.require(tx, planned, newsletter, broken, config)
    assert caught.value.what == f"issue {planned.id}"
    places = [reason.partition(":")[0] for reason in caught.value.reasons]
    assert places == ["en, html", "en, html", "fr, html"]
