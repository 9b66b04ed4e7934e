"""The pictures of items: there before the page that shows one, and gone with the last."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from publisher import addresses
from publisher.site.view import Document, View
from publisher.story import Story
from store import images, items, publications
from store.records import FEED, Change, Image

#: The names of pictures that are published, whatever their format.
_OURS = re.compile(r"[0-9a-f]{64}\.[a-z]+")

_GONE = (Change.RETRACTION, Change.WITHDRAWAL)


def documents(view: View, stories: Collection[Story]) -> Iterator[Document]:
    """Yield the pictures of items of which ``stories`` says what was told last."""
    known = items.many(view.tx, {story.item_id for story in stories})
    there = images.many(view.tx, [item.image_sha256 for item in known.values()])
    shown = {known[story.item_id].image_sha256 for story in stories if not story.is_gone}
    for digest, image in there.items():
        if digest in shown:
            yield _path(image), images.body(view.tx, digest)
    behind = there.keys() - shown
    shown_elsewhere = _shown(view, behind)
    for digest in sorted(behind - shown_elsewhere):
        yield _path(there[digest]), None


def left_over(view: View, public: Path) -> Iterator[Document]:
    """Yield, as gone, the pictures on disk that no item has any more."""
    kept = {_path(image) for image in images.in_use(view.tx)}
    folder = public / addresses.MEDIA.strip("/")
    for place in sorted(folder.iterdir() if folder.is_dir() else ()):
        path = f"{addresses.MEDIA}{place.name}"
        # What somebody put there by hand is theirs.
        if _OURS.fullmatch(place.name) and path not in kept:
            yield path, None


def _path(image: Image) -> str:
    return addresses.media(image.sha256, image.suffix)


def _shown(view: View, digests: Collection[str]) -> set[str]:
    """Return those of some pictures that a page of any item shows."""
    users = images.users(view.tx, digests)
    rows = publications.tellings(view.tx, {one for ids in users.values() for one in ids}, FEED)
    latest = {(row.item_id, row.language): row for row in rows}
    pages = {row.item_id for row in latest.values() if row.change not in _GONE}
    return {digest for digest, ids in users.items() if not pages.isdisjoint(ids)}
