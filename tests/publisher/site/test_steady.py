"""Pages that seldom change: kept by what they show, so that none shows what was."""

from pathlib import Path

import pytest

from publisher import publishing
from publisher.config import Config
from publisher.rendering import render
from publisher.site import indexes, steady
from publisher.site.view import view
from store import topics
from store.database import Database
from tests import make


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the templates that are rendered for such pages, as they are."""
    names: list[str] = []

    def note(template: str, *given: object, **values: object) -> str:
        names.append(template)
        return render(template, *given, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(steady, "render", note)
    return names


def pages(database: Database, config: Config, language: str) -> dict[str, bytes | None]:
    with database.read() as tx:
        return dict(indexes.documents(view(tx, config), language))


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_what_shows_the_same_is_made_once(
    database: Database, config: Config, rendered: list[str], language: str
) -> None:
    first = pages(database, config, language)
    rendered.clear()
    assert pages(database, config, language) == first
    assert rendered == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_topic_with_another_name_makes_its_pages_anew(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, make.draft(language, topics={"labour": "Labour"}))
    publishing.publish_due(database, config, now=make.NOW)
    before = pages(database, config, language)
    with database.write() as tx:
        topics.put(tx, "labour", {language: "كرامة & <b>"})
    after = pages(database, config, language)
    changed = {path for path, body in after.items() if before[path] != body}
    assert changed == {f"/{language}/topics/", f"/{language}/feeds/"}
    assert "كرامة &amp; &lt;b&gt;".encode() in (after[f"/{language}/topics/"] or b"")


def test_two_sites_of_one_process_have_pages_of_their_own(
    database: Database, tmp_path: Path
) -> None:
    one = make.config(tmp_path, site={"name": {"en": "One"}})
    other = make.config(tmp_path, site={"name": {"en": "Other"}})
    zone = make.config(tmp_path, site={"name": {"en": "One"}, "url": "https://x.example.org/news"})
    made = [pages(database, each, "en")["/en/topics/"] or b"" for each in (one, other, zone)]
    assert len(set(made)) == 3
    assert [b"<title>Topics \xe2\x80\x93 One</title>" in body for body in made] == [
        True,
        False,
        True,
    ]
    assert b'href="/news/en/topics/"' in made[2]
