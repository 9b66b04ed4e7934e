"""Every page of the sample site in Chromium, light and dark, small and large; and by machine."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from lxml import etree, html
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from publisher import addresses, languages
from publisher.config import Config
from tests import browser, make, sample, served

SITE = "https://news.example.org"
SCHEMES = ("light", "dark")
WIDTHS = (360, 1280)
#: WCAG 2.2, levels A and AA.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "selectors": False,
    # Style sheets would be fetched anew for one rule alone, which has a test of its own.
    "preload": False,
}
#: Bytes of a page with its styles, unpacked and without pictures.
HEAVIEST = 60_000
#: An address below each front page where nothing stands.
NOWHERE = "/nowhere/"
#: The pages of a language, and the door before them.
PLACES = ("", *make.LANGUAGES)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the site; its feeds are so short that they have archives."""
    return sample.build(tmp_path_factory.mktemp("pages"), entries=4)


@pytest.fixture(scope="module")
def port(config: Config) -> Iterator[int]:
    with served.server(config) as server:
        yield server.port


@pytest.fixture(scope="module")
def chromium(port: int) -> Iterator[Browser]:  # noqa: ARG001
    # After the site was made: Playwright's loop runs in this thread, and delivery has its own.
    with browser.browser() as found:
        yield found


def paths(config: Config, place: str) -> list[str]:
    """Return the addresses of a language's pages: also of those that are gone, and of none."""
    if not place:
        return ["/"]
    found = []
    for file in sorted((config.public / place).rglob("*.html")):
        path = f"/{file.parent.relative_to(config.public).as_posix()}/"
        if not (file.parent / "moved.txt").exists():
            found.append(f"/{place}{NOWHERE}" if file.name == "404.html" else path)
    return found


def file_of(config: Config, path: str) -> Path:
    """Return what is shown at an address."""
    if path.endswith(NOWHERE):
        return config.public / path.removesuffix(NOWHERE).lstrip("/") / "404.html"
    place = config.public / path.lstrip("/")
    there = place / "index.html"
    return there if there.exists() else place / "gone.html"


def trees(config: Config) -> dict[str, html.HtmlElement]:
    """Return all pages that stand for themselves, by address."""
    return {
        path: html.fromstring(file.read_bytes())
        for place in PLACES
        for path in paths(config, place)
        if (file := file_of(config, path)).name == "index.html" and not addresses.is_edition(path)
    }


def test_the_site_has_all_that_a_page_can_show(config: Config) -> None:
    for tag in make.LANGUAGES:
        found = paths(config, tag)
        for part in ("items", "archive", "topics", "newsletters", "feeds"):
            assert [path for path in found if f"/{part}/" in path], (tag, part)
        assert len([path for path in found if addresses.is_edition(path)]) == 1
        assert len([path for path in found if file_of(config, path).name == "gone.html"]) == 2
    whole = "".join(
        file_of(config, path).read_text("utf-8") for tag in PLACES for path in paths(config, tag)
    )
    for shown in ("notice other", "notice grave", '<div class="table"', 'class="translations"'):
        assert shown in whole


# In the browser.


@dataclass
class Visit:
    """A page in a browser, and what it did that it should not."""

    page: Page
    origin: str
    faults: list[str]

    def look(self, path: str) -> None:
        """Open a page and look at it in every combination."""
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        self.page.goto(self.origin + quote(path))
        self.page.evaluate(AXE_SCRIPT)
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for width in WIDTHS:
                self.page.set_viewport_size({"width": width, "height": 800})
                where = f"{path} ({scheme}, {width})"
                if not self.page.evaluate(
                    "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
                ):
                    self.faults.append(f"{where}: scrolls sideways")
                self.faults += [f"{where}: {found}" for found in violations(self.page)]

    def heed_request(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", f"{SITE}/")):
            self.faults.append(f"{self.page.url}: asked for {url}")

    def heed_message(self, said: ConsoleMessage) -> None:
        # The browser tells of a page that is gone as of a fault; and a mail names no icon.
        is_answer = said.location["url"] in {self.page.url, f"{self.origin}/favicon.ico"}
        if said.type in {"error", "warning"} and not (is_answer and "status of 4" in said.text):
            self.faults.append(f"{self.page.url}: {said.text}")


def violations(page: Page) -> list[str]:
    found = page.evaluate("rules => axe.run(rules).then(result => result.violations)", RULES)
    return [f"{each['id']} at {node['html']}" for each in found for node in each["nodes"]]


def _from_here(route: Route, page: Page, port: int) -> None:
    path = route.request.url.removeprefix(SITE)
    route.fulfill(response=page.request.get(f"http://127.0.0.1:{port}{path}"))


@contextmanager
def visit(chromium: Browser, port: int, **context: Any) -> Iterator[Visit]:
    with chromium.new_context(**context) as opened:
        page = opened.new_page()
        # An edition has whole addresses of the site, which is here.
        page.route(f"{SITE}/**", lambda route: _from_here(route, page, port))
        made = Visit(page=page, origin=f"http://127.0.0.1:{port}", faults=[])
        page.on("request", lambda request: made.heed_request(request.url))
        page.on("console", made.heed_message)
        page.on("pageerror", lambda error: made.faults.append(str(error)))
        yield made


def test_what_keeps_somebody_out_is_found(chromium: Browser, port: int) -> None:
    with visit(chromium, port) as visited:
        visited.page.goto(f"{visited.origin}/en{NOWHERE}")
        visited.page.evaluate(AXE_SCRIPT)
        assert violations(visited.page) == []
        visited.page.evaluate(
            """() => {
                const main = document.querySelector("main");
                main.innerHTML = '<p>Faint.</p><img src="/icon.svg">';
                main.firstChild.style.color = "#bbb";
            }"""
        )
        found = violations(visited.page)
        assert {fault.partition(" ")[0] for fault in found} == {"color-contrast", "image-alt"}


@pytest.mark.parametrize("place", PLACES)
def test_everybody_can_use_every_page(
    config: Config, chromium: Browser, port: int, place: str
) -> None:
    with visit(chromium, port) as visited:
        for path in paths(config, place):
            visited.look(path)
    assert visited.faults == []


def test_a_keyboard_reaches_the_content_first(chromium: Browser, port: int) -> None:
    with visit(chromium, port) as visited:
        visited.page.goto(f"{visited.origin}/ar/")
        visited.page.keyboard.press("Tab")
        assert visited.page.evaluate("document.activeElement.className") == "skip"
        box = visited.page.locator(".skip").bounding_box()
        assert box is not None
        assert box["y"] >= 0
        visited.page.keyboard.press("Enter")
        assert visited.page.evaluate("document.activeElement.id") == "content"


def test_paper_shows_the_text_and_where_it_is_from(
    config: Config, chromium: Browser, port: int
) -> None:
    path = next(path for path in paths(config, "en") if "in-figures" in path)
    with visit(chromium, port, color_scheme="dark") as visited:
        visited.page.goto(visited.origin + path)
        visited.page.emulate_media(media="print", color_scheme="dark")
        assert visited.page.locator(".address").inner_text() == SITE + path
        assert not visited.page.locator("nav.languages").is_visible()
        ink = visited.page.evaluate("getComputedStyle(document.body).color")
        assert ink == "rgb(24, 33, 38)"


def test_paper_breaks_no_number_of_a_table(config: Config, chromium: Browser, port: int) -> None:
    path = next(path for path in paths(config, "en") if "in-figures" in path)
    with visit(chromium, port) as visited:
        visited.page.goto(visited.origin + path)
        visited.page.emulate_media(media="print")
        visited.page.set_viewport_size({"width": 680, "height": 960})
        lines = """() => {
            const cell = document.querySelector(".table tr:nth-child(2) td.right");
            cell.nextElementSibling.textContent = "Much was said of this number. ".repeat(9);
            const range = document.createRange();
            range.selectNodeContents(cell);
            return [cell.textContent, range.getClientRects().length];
        }"""
        assert visited.page.evaluate(lines) == ["500", 1]


def test_a_telephone_of_2022_shows_fields_and_buttons(chromium: Browser) -> None:
    """What came later (``light-dark()``, ``:has()``) may be missed, but nothing depends on it."""
    folder = sample.ROOT / "templates" / "web"
    styles = "".join((folder / f"{name}.css").read_text("utf-8") for name in ("style", "forms"))
    for late in ("light-dark(", ":has("):
        styles = styles.replace(late, late.replace("(", "-unknown("))
    with chromium.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.set_content(
            f"""<style>{styles}</style><main><ul class="topics"><li><a href="/">Labour</a></ul>
            <form class="reader"><p class="field"><label for="email">E-mail</label>
            <input id="email"></p><button>Subscribe</button></form></main>"""
        )
        look = """name => {
            const {borderTopStyle, backgroundColor, display} = getComputedStyle(
                document.querySelector(name));
            return [borderTopStyle, backgroundColor, display];
        }"""
        assert page.evaluate(look, "input")[0] == "solid"
        assert page.evaluate(look, "button")[1] == "rgb(130, 204, 224)"
        assert page.evaluate(look, "label")[2] == "block"
        assert page.evaluate(look, ".topics a")[2] == "inline-block"


# As it stands.


@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_light_and_well_formed(config: Config, place: str) -> None:
    style = (config.public / "style.css").stat().st_size
    for path in paths(config, place):
        body = file_of(config, path).read_bytes()
        assert len(body) + style < HEAVIEST, path
        assert faults_of(body) == [], path
        tree = html.fromstring(body)
        wanted = place or make.LANGUAGES[0]
        assert (tree.get("lang"), tree.get("dir")) == (wanted, languages.direction(wanted)), path
        assert len(tree.findall(".//h1")) == 1, path
        assert tree.findtext(".//title"), path
        assert not tree.xpath("//script[not(@type='application/ld+json')] | //style[not(//table)]")


def faults_of(body: bytes) -> list[str]:
    """Return what a parser has to mend, but for elements that came after its time."""
    parser = etree.HTMLParser(encoding="utf-8")
    etree.fromstring(body, parser)
    told = [entry.message for entry in parser.error_log]
    return [line for line in told if not (line.startswith("Tag ") and line.endswith(" invalid"))]


def alternates(tree: html.HtmlElement) -> dict[str, str]:
    """Return where a page is in other languages, by language, x-default among them."""
    found = tree.xpath("//link[@rel='alternate'][@hreflang][not(@type)]")
    return {link.get("hreflang"): address(link) for link in found}


def address(link: html.HtmlElement) -> str:
    """Return the path that a link of ours leads to."""
    return unquote(link.get("href").removeprefix(SITE))


def test_a_page_names_its_own_address_and_its_other_languages(config: Config) -> None:
    pages = trees(config)
    assert len(pages) > 60
    for path, tree in pages.items():
        (canonical,) = tree.xpath("//link[@rel='canonical']")
        assert canonical.get("href") == SITE + quote(path)
        others = alternates(tree)
        assert list(others)[-1] == "x-default", path
        is_front = path.count("/") <= 2
        assert others["x-default"] == ("/" if is_front else next(iter(others.values()))), path
        if path != "/":
            assert others[tree.get("lang")] == path
        for other in others.values():
            # Each says the same of all.
            assert alternates(pages[other]) == others, (path, other)
        switch = tree.xpath("//nav[@class='languages']//a")
        offered = {link.get("hreflang"): address(link) for link in switch}
        assert {tag: others.get(tag, f"/{tag}/") for tag in offered} == offered


def test_a_page_leads_feed_readers_to_its_feeds(config: Config) -> None:
    for path, tree in trees(config).items():
        found = tree.xpath("//link[@rel='alternate'][@type]")
        offered = [(link.get("type"), address(link)) for link in found]
        for kind, feed in offered:
            assert (config.public / feed.lstrip("/")).exists(), feed
            assert kind == addresses.FEED_FORMATS[feed.rpartition(".")[2]]
        tag = tree.get("lang")
        assert {addresses.feed(tag, suffix) for suffix in addresses.FEED_FORMATS} <= {
            feed for _, feed in offered
        }, path
        if path.startswith(f"/{tag}/topics/") and path != f"/{tag}/topics/":
            # The narrowest first: readers take the first that they find.
            topic = path.split("/")[3]
            assert offered[0][1] == addresses.feed(tag, "atom", topic)


def linked(tree: html.HtmlElement) -> Mapping[str, Any]:
    (script,) = tree.xpath("//script[@type='application/ld+json']")
    said: Mapping[str, Any] = json.loads(script.text)
    return said


def test_items_and_fronts_say_what_they_are_to_machines(config: Config) -> None:
    pages = trees(config)
    works = {path: linked(tree) for path, tree in pages.items() if "/items/" in path}
    for path, said in works.items():
        tree = pages[path]
        (title,) = tree.xpath("//h1")
        assert said["@type"] == "NewsArticle"
        assert said["headline"] == title.text
        assert said["inLanguage"] == title.get("lang")
        assert said["mainEntityOfPage"] == SITE + quote(path)
        assert said["datePublished"] <= said["dateModified"]
        for work in said.get("workTranslation", []):
            back = works[unquote(work["url"].removeprefix(SITE))]
            assert back["translationOfWork"]["url"] == said["url"]
    assert any("workTranslation" in said for said in works.values())
    assert any(said.get("correction") for said in works.values())
    assert any(said.get("isBasedOn") for said in works.values())
    for path in ("/", *(f"/{tag}/" for tag in make.LANGUAGES)):
        assert linked(pages[path])["@type"] == "WebSite"


def test_a_page_says_how_to_show_it_to_those_it_is_shared_with(config: Config) -> None:
    kinds = set()
    for path, tree in trees(config).items():
        found = tree.xpath("//meta[@property]")
        said = {meta.get("property"): meta.get("content") for meta in found}
        assert said["og:url"] == SITE + quote(path)
        assert said["og:title"]
        if path != "/":
            assert said["og:locale"].partition("_")[0] == tree.get("lang")
        kinds.add((said["og:type"], "/items/" in path))
    assert kinds == {("article", True), ("website", False)}


def test_a_page_can_be_turned(config: Config) -> None:
    """The one rule that axe would have to fetch the style sheet for (WCAG 2.1, 1.3.4)."""
    assert "orientation" not in (config.public / "style.css").read_text("utf-8")
