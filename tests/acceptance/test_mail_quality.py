"""The sample digest as those who get it see it: by filters, and in browsers."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from publisher import inspection
from publisher.config import Config
from publisher.mail import compiled, links, senders
from publisher.mail.edition import Rendered
from store import editions, issues, newsletters
from store.database import open_database
from store.records import Edition
from tests import browser, make, sample
from tests.acceptance.test_pages import violations

WIDTHS = (320, 390, 640)
SCHEMES = ("light", "dark")
#: Bytes of HTML: from some 102 kB on Gmail shows only the beginning.
HEAVIEST = 80_000

#: What every newsletter trips that has HTML and pictures, and was not sent yet: each costs nothing.
HARMLESS = {
    *("NO_RECEIVED", "NO_RELAYS", "HTML_MESSAGE"),
    *("HTML_IMAGE_RATIO_02", "HTML_IMAGE_RATIO_04", "HTML_IMAGE_RATIO_06", "HTML_IMAGE_RATIO_08"),
    # What makes a list of a list: this one is to its credit.
    "MAILING_LIST_MULTI",
}
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return sample.build(tmp_path_factory.mktemp("mails"), entries=25)


@pytest.fixture(scope="module")
def mails(config: Config) -> Mapping[str, bytes]:
    """Return by language the message of one reader."""
    return {edition.language: _message(config, edition) for edition in kept(config)}


@pytest.fixture(scope="module")
def chromium(config: Config) -> Iterator[Browser]:  # noqa: ARG001
    # After the site was made: Playwright's loop runs in this thread, and delivery has its own.
    with browser.browser() as found:
        yield found


def kept(config: Config) -> list[Edition]:
    database = open_database(config.database_url)
    with database.read() as tx:
        found = [edition for issue in issues.listing(tx) for edition in editions.of(tx, issue.id)]
    database.close()
    return found


def _message(config: Config, edition: Edition) -> bytes:
    database = open_database(config.database_url)
    with database.read() as tx:
        issue = issues.get(tx, edition.issue_id)
        newsletter = newsletters.get(tx, issue.newsletter)
    database.close()
    reader = compiled.sample(edition, "reader@example.org")
    from_ = senders.sender(newsletter, edition.language, config)
    return compiled.message(
        replace(reader, name="Zoë Hartley"),
        edition,
        from_,
        links.public(config, edition.language),
        date=issue.frozen or issue.slot,
    )


def test_there_is_a_digest_in_each_language(mails: Mapping[str, bytes]) -> None:
    assert set(mails) == {*make.LANGUAGES}


def verdict(mail: bytes, home: Path) -> tuple[float, dict[str, float]]:
    """Return SpamAssassin's score of a mail and what it made it up from; no network is asked."""
    program = shutil.which("spamassassin")
    assert program, "no SpamAssassin: './run test' installs it"
    done = subprocess.run(
        [program, "--local", "--test-mode", "--nocreate-prefs"],
        input=mail,
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"},
    )
    report = done.stdout.decode("utf-8", "replace").partition("Content analysis details:")[2]
    score = re.search(r"\((-?[\d.]+) points", report)
    assert score, report
    rules = re.findall(r"^\s*(-?\d+(?:\.\d+)?)\s+([A-Z][A-Z0-9_]+)\s", report, re.MULTILINE)
    return float(score[1]), {name: float(points) for points, name in rules}


def test_what_is_spam_is_found(tmp_path: Path) -> None:
    score, rules = verdict(b"Subject: Digest\r\n\r\n" + GTUBE + b"\r\n", tmp_path)
    assert "GTUBE" in rules
    assert score > 500


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_filters_find_nothing_to_say(
    mails: Mapping[str, bytes], language: str, tmp_path: Path
) -> None:
    score, rules = verdict(mails[language], tmp_path)
    assert score < 1.0, rules
    # Not by what is to its credit alone.
    assert sum(points for points in rules.values() if points > 0) < 1.0, rules
    assert rules.keys() <= HARMLESS, rules
    assert "HTML_MESSAGE" in rules


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_everybody_can_read_it_small_and_large_in_the_light_and_in_the_dark(
    config: Config, chromium: Browser, language: str
) -> None:
    (file,) = config.public.glob(f"{language}/newsletters/*/[0-9]*/index.html")
    path = file.parent.relative_to(config.public).as_posix()
    assert file.stat().st_size < HEAVIEST
    faults = []
    with chromium.new_context() as context:
        browser.site(context, config.site.url, config.public)
        page = context.new_page()
        page.on("requestfailed", lambda request: faults.append(f"asked for {request.url}"))
        page.goto(f"{config.site.url}/{path}/")
        page.evaluate(AXE_SCRIPT)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                where = f"{language}, {scheme}, {width}"
                faults += [f"{where}: {found}" for found in (*violations(page), *sizes(page))]
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        assert page.evaluate("document.images.length") == 3
    assert [fault for fault in faults if "favicon" not in fault] == []


def sizes(page: Page) -> Iterator[str]:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    if page.evaluate(wide) > 0:
        yield "scrolls sideways"
    # A finger finds what is 24 pixels high (WCAG 2.2, 2.5.8).
    for height in page.evaluate(
        "[...document.querySelectorAll('.button a')].map(a => a.offsetHeight)"
    ):
        if height < 24:
            yield f"a button of {height} pixels"


def test_the_preflight_finds_what_was_taken_back_since_and_nothing_else(config: Config) -> None:
    database = open_database(config.database_url)
    with database.read() as tx:
        (issue,) = issues.listing(tx)
        newsletter = newsletters.get(tx, issue.newsletter)
        made = [(each.language, _rendered(each)) for each in editions.of(tx, issue.id)]
        found = inspection.inspect(tx, issue, newsletter, made, config)
    database.close()
    said = [(tag, each.code, each.where, each.message) for tag, of in found for each in of]
    # The tests' relay has no name of its own.
    said = [each for each in said if not each[1].startswith("mail-")]
    gone = re.compile(r"/items/\d+-[^/]*(dignity|dignit|كرامة)[^/]*/: the site has no such page$")
    assert {tag for tag, *_ in said} == {*make.LANGUAGES}
    assert [each for each in said if each[1] != "link-dead" or not gone.search(each[3])] == []


def _rendered(edition: Edition) -> Rendered:
    return Rendered(
        subject=edition.subject,
        preheader=edition.preheader,
        html=edition.html,
        text=edition.text,
    )
