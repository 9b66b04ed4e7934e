"""A reader's whole journey, over real SMTP and in a real browser, in every language."""

import email
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Locator, Page

import scheduler
from publisher import languages
from publisher.config import Config
from publisher.ingest import intake
from publisher.web import public
from store import deliveries, issues, subscribers
from store.database import Database, open_database
from store.records import DeliveryState, Status
from tests import browser, make, served
from tests.fakes import Relay

ADDRESS = "zoe@example.org"
#: WCAG 2.2, levels A and AA.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "preload": False,
}
#: Whom a reader turns into: the next language of the site.
NEXT = dict(zip(make.LANGUAGES, (*make.LANGUAGES[1:], make.LANGUAGES[0]), strict=True))
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.browser() as found:
        yield found


@dataclass
class Journey:
    """A site, its relay, and a reader in front of a browser; time passes as the test says."""

    database: Database
    config: Config
    relay: Relay
    page: Page
    port: int = 0
    now: datetime = make.NOW
    read: int = 0
    checked: set[str] = field(default_factory=set)

    def clock(self) -> datetime:
        return self.now

    def open(self, address: str) -> None:
        """Open an address of the site, which is here on loopback."""
        parts = urlsplit(address)
        query = f"?{parts.query}" if parts.query else ""
        self.page.goto(f"http://127.0.0.1:{self.port}{parts.path}{query}")
        self.check()

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label, exact=True).click()
        self.page.wait_for_load_state()
        self.check()

    def check(self) -> None:
        """See what axe sees, and that the page is in one language and direction."""
        self.page.evaluate(AXE_SCRIPT)
        run = "rules => axe.run(rules).then(result => result.violations)"
        found = self.page.evaluate(run, RULES)
        assert [(each["id"], each["nodes"]) for each in found] == []
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def topic(self, t: Callable[..., str], name: str, language: str) -> Locator:
        """Return the box of a topic of the digest."""
        group = t("topics-of", newsletter=make.newsletter().names[language])
        return self.page.get_by_role("group", name=group).get_by_label(f"{name} {language}")

    @property
    def language(self) -> str:
        said = self.page.locator("html").get_attribute("lang")
        assert said is not None
        assert self.page.locator("html").get_attribute("dir") == languages.direction(said)
        return said

    def tick(self) -> None:
        """Run the scheduled job, in a thread of its own: Playwright's loop runs in this one."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(scheduler.tick, self.database, self.config, now=self.now).result()
        assert done.problems == done.busy == []

    def mail(self) -> EmailMessage:
        """Let the scheduled job run, and return the one mail that came of it."""
        self.tick()
        new = self.relay.accepted[self.read :]
        self.read += len(new)
        assert [recipient for recipient, _ in new] == [ADDRESS]
        found = email.message_from_bytes(new[0][1], policy=default)
        assert isinstance(found, EmailMessage)
        return found

    def silence(self) -> None:
        """Let the scheduled job run, and see that nothing comes of it."""
        self.tick()
        assert len(self.relay.accepted) == self.read


def words(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def link(mail: EmailMessage, kind: str) -> str:
    """Return a mail's link of a kind: the same in both of its parts."""
    pattern = rf"https://news\.example\.org/{kind}/[\w.-]+"
    (found,) = {*re.findall(pattern, words(mail))}
    assert {*re.findall(pattern, words(mail, "html"))} == {found}
    return found


@pytest.fixture
def journey(
    migrated: bytes, tmp_path: Path, chromium: Browser, request: pytest.FixtureRequest
) -> Iterator[Journey]:
    """Give a site with two newsletters and two topics, served."""
    path = tmp_path / "tidings.db"
    path.write_bytes(migrated)
    database = open_database(f"sqlite:///{path}")
    language = request.getfixturevalue("language")
    context = chromium.new_context(locale=language, viewport={"width": 390, "height": 844})
    with Relay() as relay:
        config = relay.serves(make.config(tmp_path))
        topics = {"labour": "Labour", "asylum": "Asylum"}
        for key, name in topics.items():
            named = {tag: f"{name} {tag}" for tag in make.LANGUAGES}
            intake.put_topic(database, config, key, named)
        make.start(database, config)
        make.start(database, config, key="alerts", names={"en": "Alerts"})
        made = Journey(database=database, config=config, relay=relay, page=context.new_page())
        # Makes the front pages and the styles.
        made.silence()
        behind = public.application(database, config, clock=made.clock)
        with served.server(config, rest=behind) as server:
            made.port = server.port
            yield made
    context.close()
    database.close()


def publish(journey: Journey, key: str) -> None:
    drafts = [make.draft(tag, key=key, source=f"{key}.{tag}.md") for tag in make.LANGUAGES]
    make.take(journey.database, journey.config, *drafts, now=journey.now)


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_reader_comes_changes_leaves_comes_back_and_is_forgotten(
    journey: Journey, language: str
) -> None:
    t = languages.strings(language).text
    page = journey.page

    # Signs up: the browser's language leads to the form in it.
    journey.open("/subscribe")
    assert (journey.language, urlsplit(page.url).path) == (language, f"/subscribe/{language}")
    page.get_by_label(t("email")).fill("Zoe@Example.org")
    page.get_by_role("checkbox", name=make.newsletter().names[language], exact=True).check()
    journey.topic(t, "Labour", language).check()
    journey.press(t("subscribe"))
    assert page.get_by_role("heading", level=1).inner_text() == t("asked-title")

    # Confirms: looking at the page is not enough.
    letter = journey.mail()
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == language
    journey.open(link(letter, "confirm"))
    assert status(journey) is Status.PENDING
    journey.press(t("confirm"))
    assert status(journey) is Status.ACTIVE
    assert page.get_by_role("heading", level=1).inner_text() == t("confirmed-title")
    assert t("welcome-subject", site=journey.config.name(language)) == journey.mail()["Subject"]

    # Receives, in their language.
    journey.now += WEEK
    publish(journey, "first")
    digest = journey.mail()
    assert digest["Content-Language"] == language
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    # Changes language and topics.
    journey.open(link(digest, "preferences"))
    other = NEXT[language]
    page.get_by_label(t("your-language"), exact=True).select_option(other)
    journey.topic(t, "Labour", language).uncheck()
    journey.topic(t, "Asylum", language).check()
    journey.press(t("save"))
    assert journey.language == other
    assert page.get_by_role("status").inner_text() == languages.strings(other).text("saved")
    assert topics(journey) == {"digest": ("asylum",)}

    # Receives, in the other language.
    journey.now += WEEK
    publish(journey, "second")
    digest = journey.mail()
    assert digest["Content-Language"] == other

    # Leaves by one click, as a mail program does it: no cookie, no page before.
    (one_click, _) = re.findall(r"<(.*?)>", digest["List-Unsubscribe"])
    reply = page.request.post(
        f"http://127.0.0.1:{journey.port}{urlsplit(one_click).path}",
        form={"List-Unsubscribe": "One-Click"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert status(journey) is Status.UNSUBSCRIBED
    o = languages.strings(other).text
    assert o("goodbye-subject", site=journey.config.name(other)) == journey.mail()["Subject"]
    journey.now += WEEK
    publish(journey, "third")
    journey.silence()

    # Comes back.
    journey.open(f"/subscribe/{other}")
    page.get_by_label(o("email")).fill(ADDRESS)
    page.get_by_role("checkbox", name=make.newsletter().names[other], exact=True).check()
    journey.press(o("subscribe"))
    journey.open(link(journey.mail(), "confirm"))
    journey.press(o("confirm"))
    assert o("welcome-subject", site=journey.config.name(other)) == journey.mail()["Subject"]
    journey.now += WEEK
    publish(journey, "fourth")
    digest = journey.mail()

    # Is forgotten: what was sent stays, about nobody.
    journey.open(link(digest, "preferences"))
    page.get_by_label(o("erase-sure")).check()
    journey.press(o("erase"))
    assert page.get_by_role("heading", level=1).inner_text() == o("erased-title")
    assert status(journey) is None
    with journey.database.read() as tx:
        (nobody,) = subscribers.listing(tx)
        sent = [deliveries.counts(tx, issue_id=issue.id) for issue in issues.listing(tx)]
    assert (nobody.status, nobody.name, ADDRESS in nobody.email) == (Status.ERASED, "", False)
    assert sum(counts[DeliveryState.SENT] for counts in sent) == 3
    journey.now += WEEK
    publish(journey, "fifth")
    journey.silence()
    journey.open(link(digest, "leave"))


def status(journey: Journey) -> Status | None:
    with journey.database.read() as tx:
        found = subscribers.by_email(tx, ADDRESS)
    return found.status if found else None


def topics(journey: Journey) -> dict[str, tuple[str, ...]]:
    with journey.database.read() as tx:
        found = subscribers.by_email(tx, ADDRESS)
        assert found is not None
        had = subscribers.subscriptions_of(tx, found.id)
    return {entry.newsletter: entry.topics for entry in had}
