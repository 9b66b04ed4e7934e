"""A site as the scheduled job leaves it, in a folder of its own."""

import gzip
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LANGUAGES = ("en", "fr", "es", "ar")
#: A page that is gone, and one that has another address.
GONE, MOVED = "/en/items/0-gone/", "/en/items/0-moved/"

_ITEMS = 60
_WORDS = (
    *("people", "move", "between", "cities", "borders", "work", "study", "family", "safety"),
    *("every", "parish", "school", "council", "office", "shelter", "clinic", "court", "meets"),
    *("them", "with", "its", "own", "rules", "hopes", "and", "the", "of", "for", "in"),
)


def make_site(home: Path) -> None:
    """Publish news in all languages, and lay ``.gz`` beside each file that has none."""
    content = home / "content"
    content.mkdir()
    chance = random.Random(4)  # noqa: S311  (the same texts each time)
    for number in range(_ITEMS):
        for language in LANGUAGES:
            text = _item(number, language, chance)
            (content / f"item-{number}.{language}.md").write_text(text, encoding="utf-8")
    address = ("--url", "https://news.example.org", "--languages", ",".join(LANGUAGES))
    for command in (("init", ".", *address), ("item", "import", str(content)), ("tick",)):
        subprocess.run(  # noqa: S603
            [sys.executable, "-m", "publisher", *command],
            cwd=home,
            env={**os.environ, **environment()},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    public = home / "public"
    for place in [place for place in public.rglob("*") if place.is_file()]:
        packed = place.with_name(f"{place.name}.gz")
        if place.suffix != ".gz" and not packed.exists():
            packed.write_bytes(gzip.compress(place.read_bytes(), 9, mtime=0))
    for path, name, note in ((GONE, "gone.html", "gone"), (MOVED, "moved.txt", "/en/")):
        folder = public / path.strip("/")
        folder.mkdir(parents=True)
        (folder / name).write_text(note, encoding="utf-8")


def _item(number: int, language: str, chance: random.Random) -> str:
    paragraphs = [" ".join(chance.choices(_WORDS, k=70)) for _ in range(3)]
    return (
        f"---\ntitle: Story {number} in {language}\ndate: 2026-11-{1 + number % 20:02d}\n"
        f"summary: What number {number} is about.\nworkflow: approved\n---\n\n"
        + "\n\n".join(paragraphs)
        + "\n"
    )


def environment() -> dict[str, str]:
    """Return where a process finds this checkout."""
    return {"PYTHONPATH": str(ROOT)}
