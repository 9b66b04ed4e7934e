"""``python -m tests.screenshots`` takes the pictures of the public pages in ``docs/screenshots``.

They show the sample site of the tests. Look at each before you commit it.
"""

import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests import browser, sample, served

FOLDER = sample.ROOT / "docs" / "screenshots"

#: Bytes: whoever clones the project carries them for ever.
_LARGEST = 120_000


@dataclass(frozen=True)
class Shot:
    """A picture: a page of the site, as a pattern of its file, in one of its looks."""

    name: str
    page: str
    scheme: str
    width: int
    height: int


SHOTS = (
    Shot("front-en-light", "en/index.html", "light", 1280, 1040),
    Shot("front-fr-dark", "fr/index.html", "dark", 1280, 1040),
    Shot("item-ar-dark", "ar/items/*حلول*/index.html", "dark", 360, 900),
    Shot("item-en-light", "en/items/*-in-figures-*/index.html", "light", 360, 900),
    Shot("fallback-ar-light", "ar/items/*-in-figures-*/index.html", "light", 1280, 1040),
    Shot("topic-fr-light", "fr/topics/icmc-europe/index.html", "light", 1280, 700),
    Shot("feeds-es-dark", "es/feeds/index.html", "dark", 1280, 700),
)


def take(folder: Path) -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as site:
        config = sample.build(Path(site), entries=25)
        folder.mkdir(exist_ok=True)
        with served.server(config) as server, browser.browser() as chromium:
            for shot in SHOTS:
                (file,) = config.public.glob(shot.page)
                path = file.parent.relative_to(config.public).as_posix()
                body = _taken(chromium, shot, f"http://127.0.0.1:{server.port}/{path}/")
                (folder / f"{shot.name}.png").write_bytes(body)


def _taken(chromium: Browser, shot: Shot, url: str) -> bytes:
    with chromium.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,  # type: ignore[arg-type]
        # A telephone has more points to an inch.
        device_scale_factor=1 if shot.width > 1000 else 2,
    ) as context:
        page = context.new_page()
        page.goto(url)
        return _packed(page.screenshot())


def _packed(body: bytes) -> bytes:
    """Return a picture in a palette: our pages have few colours."""
    packed = io.BytesIO()
    Image.open(io.BytesIO(body)).convert("RGB").quantize(256).save(packed, "PNG", optimize=True)
    if packed.tell() > _LARGEST:
        raise ValueError(f"{packed.tell()} bytes: more than {_LARGEST}")
    return packed.getvalue()


if __name__ == "__main__":
    take(FOLDER)
    sys.stdout.write(f"{len(SHOTS)} pictures in {FOLDER}\n")
