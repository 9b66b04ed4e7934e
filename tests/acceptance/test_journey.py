"""A reader's whole journey, over real SMTP and in a real browser, in every language."""

import email
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Literal
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
SCHEMES: dict[str, Literal["light", "dark"]] = dict(
    zip(make.LANGUAGES, ("light", "dark", "light", "dark"), strict=True)
)
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
    def heading(self) -> str:
        return str(self.page.get_by_role("heading", level=1).inner_text())

    @property
    def language(self) -> str:
        said = str(self.page.locator("html").get_attribute("lang"))
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
    in_text, in_html = ({*re.findall(pattern, words(mail, part))} for part in ("plain", "html"))
    assert in_text == in_html
    found: str = in_text.pop()
    assert not in_text
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
    context = chromium.new_context(
        locale=language,
        viewport={"width": 390, "height": 844},
        color_scheme=SCHEMES[language],
    )
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
    topics = {"labour": "Labour", "asylum": "Asylum"}
    drafts = [
        make.draft(tag, key=key, source=f"{key}.{tag}.md", topics=topics) for tag in make.LANGUAGES
    ]
    make.take(journey.database, journey.config, *drafts, now=journey.now)


def sign_up(journey: Journey, language: str, email_address: str, topic: str = "") -> None:
    """Fill in the form, and confirm by the letter: looking at its page is not enough."""
    t, page = languages.strings(language).text, journey.page
    page.get_by_label(t("email")).fill(email_address)
    page.get_by_role("checkbox", name=make.newsletter().names[language], exact=True).check()
    if topic:
        journey.topic(t, topic, language).check()
    before = status(journey)
    journey.press(t("subscribe"))
    assert journey.heading == t("asked-title")
    letter = journey.mail()
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == language
    journey.open(link(letter, "confirm"))
    assert status(journey) is (before or Status.PENDING)
    journey.press(t("confirm"))
    assert status(journey) is Status.ACTIVE
    assert journey.heading == t("confirmed-title")
    assert t("welcome-subject", site=journey.config.name(language)) == journey.mail()["Subject"]


def mistype(journey: Journey, language: str) -> None:
    """Send the form with what is no address and without a newsletter: both are said."""
    t, page = languages.strings(language).text, journey.page
    page.get_by_label(t("email")).fill("zoe@example")
    # As from a browser that checks nothing by itself.
    page.locator("form.reader").evaluate("form => form.noValidate = true")
    journey.press(t("subscribe"))
    assert page.get_by_role("alert").inner_text() == t("form-wrong")
    field = page.get_by_label(t("email"))
    assert field.get_attribute("aria-invalid") == "true"
    # A screen reader reads at once what has the focus, and what is said of it.
    assert field.evaluate("field => field === document.activeElement")
    assert page.locator(f"#{field.get_attribute('aria-describedby')}").inner_text() == t(
        "error-email"
    )
    assert page.get_by_text(t("error-newsletters")).is_visible()
    assert journey.relay.accepted == []


def leave_and_undo(journey: Journey, digest: EmailMessage, language: str) -> None:
    """Leave by the page, and find that it was a mistake."""
    t, had = languages.strings(language).text, topics(journey)
    name = make.newsletter().names[language]
    journey.open(link(digest, "leave"))
    assert topics(journey) == had
    journey.press(t("leave"))
    assert journey.heading == t("left-title")
    assert status(journey) is Status.UNSUBSCRIBED
    journey.press(t("undo"))
    assert journey.heading == t("undone-title")
    assert (status(journey), topics(journey)) == (Status.ACTIVE, had)
    assert t("goodbye-subject", newsletters=name) == journey.mail()["Subject"]


def receive(journey: Journey, key: str, language: str) -> EmailMessage:
    """Let a week pass that has news, and read what comes of it."""
    journey.now += WEEK
    publish(journey, key)
    digest = journey.mail()
    assert digest["Content-Language"] == language
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return digest


def change(journey: Journey, digest: EmailMessage, language: str, other: str) -> None:
    """Read another language and another topic from now on."""
    t, page = languages.strings(language).text, journey.page
    journey.open(link(digest, "preferences"))
    choice = page.get_by_label(t("your-language"), exact=True)
    # Names begin as they do in the links to other languages: in capitals.
    assert all(name[0] == name[0].upper() for name in choice.inner_text().split("\n") if name)
    choice.select_option(other)
    journey.topic(t, "Labour", language).uncheck()
    journey.topic(t, "Asylum", language).check()
    journey.press(t("save"))
    assert journey.language == other
    assert page.get_by_role("status").inner_text() == languages.strings(other).text("saved")
    assert topics(journey) == {"digest": ("asylum",)}


def leave_by_one_click(journey: Journey, digest: EmailMessage, language: str) -> None:
    """Leave as a mail program does it: no cookie, no page before."""
    (one_click, _) = re.findall(r"<(.*?)>", digest["List-Unsubscribe"])
    reply = journey.page.request.post(
        f"http://127.0.0.1:{journey.port}{urlsplit(one_click).path}",
        form={"List-Unsubscribe": "One-Click"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert status(journey) is Status.UNSUBSCRIBED
    t, name = languages.strings(language).text, make.newsletter().names[language]
    assert t("goodbye-subject", newsletters=name) == journey.mail()["Subject"]
    journey.now += WEEK
    publish(journey, "not-for-them")
    journey.silence()


def be_erased(journey: Journey, digest: EmailMessage, language: str) -> None:
    """Be forgotten: what was sent stays, about nobody."""
    t, page = languages.strings(language).text, journey.page
    journey.open(link(digest, "preferences"))
    page.get_by_label(t("erase-sure")).check()
    journey.press(t("erase"))
    assert journey.heading == t("erased-title")
    assert status(journey) is None
    with journey.database.read() as tx:
        nobody = subscribers.get(tx, 1)
        sent = [deliveries.counts(tx, issue_id=issue.id) for issue in issues.listing(tx)]
    assert (nobody.status, nobody.name, ADDRESS in nobody.email) == (Status.ERASED, "", False)
    assert sum(counts[DeliveryState.SENT] for counts in sent) == 3
    journey.now += WEEK
    publish(journey, "for-nobody")
    journey.silence()
    # An old link does no harm, and tells nothing.
    journey.open(link(digest, "leave"))
    assert ADDRESS not in page.content()


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_reader_comes_changes_leaves_comes_back_and_is_forgotten(
    journey: Journey, language: str
) -> None:
    journey.open("/subscribe")
    # The browser's language led to the form in it.
    assert urlsplit(journey.page.url).path == f"/subscribe/{language}"
    assert journey.language == language
    mistype(journey, language)
    sign_up(journey, language, "Zoe@Example.org", topic="Labour")
    digest = receive(journey, "first", language)
    leave_and_undo(journey, digest, language)

    other = NEXT[language]
    change(journey, digest, language, other)
    digest = receive(journey, "second", other)
    leave_by_one_click(journey, digest, other)

    journey.open(f"/subscribe/{other}")
    sign_up(journey, other, ADDRESS)
    digest = receive(journey, "third", other)
    be_erased(journey, digest, other)


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
