"""What the scheduled job writes, as readers get it: pages that move, go and come back."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

import scheduler
from publisher import addresses, publishing, retracting, site
from publisher.config import Config
from publisher.mail import links
from store import editions
from store.database import Database
from tests import make, served
from tests.fakes import free_port
from tests.served import Reply

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def get(config: Config) -> Callable[[str], Reply]:
    files = served.files(config.public)
    return lambda path: served.ask(files, quote(path))


def publish(database: Database, config: Config) -> None:
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar"])
def test_an_old_address_leads_to_the_new_one_and_back_again(
    database: Database, config: Config, get: Callable[[str], Reply], language: str
) -> None:
    first, second = addresses.item(language, 1, "كرامة"), addresses.item(language, 1, "été")
    for slug, there, elsewhere in (
        ("كرامة", first, None),
        ("été", second, first),
        ("كرامة", first, second),
    ):
        words = make.text(language, slug=slug, summary=slug)
        make.take(database, config, make.draft(language, words=words))
        publish(database, config)
        assert get(there).status == 200
        if elsewhere:
            reply = get(elsewhere)
            assert (reply.status, reply.headers["location"]) == (301, quote(there))


def test_a_page_that_was_taken_back_is_gone(
    database: Database, config: Config, get: Callable[[str], Reply]
) -> None:
    make.take(database, config, make.draft("en"))
    publish(database, config)
    (page,) = config.public.glob("en/items/*/")
    path = f"/en/items/{page.name}/"
    assert get(path).status == 200
    retracting.retract(database, config, 1, {"en": "It was wrong."}, author="staff", now=make.NOW)
    publish(database, config)
    assert get(path).status == 410


def test_the_containers_use_what_is_documented() -> None:
    text = (ROOT / "docs" / "compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    nginx, conf = services["nginx"], (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    assert "./nginx.conf:/etc/nginx/conf.d/default.conf:ro" in nginx["volumes"]
    assert "root /srv/news/public;" in conf
    assert "public:/srv/news/public:ro" in nginx["volumes"]
    assert "public:/srv/news/public" in services["tidings"]["volumes"]
    # nginx.conf asks 127.0.0.1:8000, where the default of `tidings serve` is.
    assert "proxy_pass http://127.0.0.1:8000;" in conf
    assert nginx["network_mode"] == "service:tidings"
    # What is told of workers in containers takes the image that is built here.
    operators = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    assert f"image: {services['tidings']['image']}\n" in operators


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar"])
def test_what_is_not_there_is_told_in_the_language_it_was_looked_for_in(
    database: Database, config: Config, get: Callable[[str], Reply], language: str
) -> None:
    publish(database, config)
    for path in (f"/{language}/none", f"/{language}/items/99-none/"):
        reply = get(path)
        assert reply.status == 404
        assert f'<html lang="{language}"' in reply.body.decode()
    # It is nobody's page, so nobody may find it at an address of its own.
    assert get(addresses.missing(language)).status == 404
    assert get("/none").body == get("/xx/none").body == b"Not Found\n"


def test_an_edition_is_shown_with_the_styles_it_was_mailed_with(
    database: Database, config: Config, get: Callable[[str], Reply]
) -> None:
    make.start(database, config)
    make.take(database, config, make.draft("en"))
    make.subscribe(database, ["a@example.org"])
    config = config.model_copy(
        update={"mail": config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})}
    )
    done = scheduler.tick(database, config, now=make.NOW)
    assert done.queued == 1
    reply = get("/en/newsletters/digest/1/")
    assert reply.status == 200
    assert "style-src 'unsafe-inline'" in reply.headers["content-security-policy"]
    with database.read() as tx:
        html = {each.language: each.html for each in editions.of(tx, 1)}
    # As it was mailed, but for the links that were each reader's own.
    assert reply.body.decode() == links.public(config, "en").fill_html(html["en"])
    index = get("/en/newsletters/digest/")
    assert "style-src 'self'" in index.headers["content-security-policy"]
    assert 'href="/en/newsletters/digest/1/"' in index.body.decode()
