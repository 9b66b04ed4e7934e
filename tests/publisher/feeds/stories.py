"""Stories for tests of feeds: each has a default for all that a test does not care about."""

from datetime import UTC, datetime

from publisher.feeds.build import Feed
from publisher.story import Label, Picture, Story, Translation
from tests import make

DAY = datetime(2013, 12, 18, tzinfo=UTC)

#: A picture whose path has another alphabet, and whose words have quotes.
PICTURE = Picture(
    path="/files/مهاجرون.png",
    type="image/png",
    width=640,
    height=480,
    length=12_345,
    alt='A "dog" & <b>',
)
FRENCH = Translation(language="fr", path="/fr/items/1-dignité/")
ARABIC = Translation(language="ar", path="/ar/items/1-كرامة/")


def story_of(language: str = "en", **changes: object) -> Story:
    """Return a story for readers of a language, in it."""
    values: dict[str, object] = {
        "item_id": 1,
        "id": f"tag:news.example.org,2013:item/1/{language}",
        "language": language,
        "shown_language": language,
        "notice": "",
        "kind": "news",
        "topics": (Label(key="labour", name="Labour & work"),),
        "title": make.TITLES[language],
        "summary": "A summary.",
        "body": make.BODIES[language],
        "path": f"/{language}/items/1-título/",
        "published": DAY,
        "updated": datetime(2013, 12, 19, 7, 30, tzinfo=UTC),
        "revision": 1,
        "corrections": (),
        "source_corrected": None,
        "retracted": None,
        "withdrawn": False,
    }
    return Story(**{**values, **changes})  # type: ignore[arg-type]


def feed_of(*stories: Story, language: str = "en", **changes: object) -> Feed:
    """Return the newest document of a feed of all news."""
    values: dict[str, object] = {"language": language, "topic": "", "title": "News"}
    return Feed(**{**values, "stories": stories, **changes})  # type: ignore[arg-type]
