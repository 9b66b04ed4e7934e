"""The pages of items: each as told last, and what stands where one stood before."""

from collections.abc import Collection, Iterator, Sequence

from publisher import addresses
from publisher.ledger import tell_all
from publisher.site import linked, media
from publisher.site.view import Document, View
from publisher.story import Story
from store import publications
from store.records import FEED

#: Items whose pages are made at a time: memory stays flat however many there are.
_CHUNK = 200


def documents(view: View, ids: Sequence[int]) -> Iterator[Document]:
    """Yield the pictures and the pages of these items, in all languages."""
    for start in range(0, len(ids), _CHUNK):
        rows = publications.tellings(view.tx, ids[start : start + _CHUNK], FEED)
        # A language that was taken from the site keeps its rows, and gets no pages.
        ours = [row for row in rows if row.language in view.config.site.languages]
        yield from _documents(view, tell_all(view.tx, ours, view.config))


def _documents(view: View, stories: Sequence[Story]) -> Iterator[Document]:
    """Yield the pages of items, from all that was ever told of them, oldest telling first."""
    latest = {(story.item_id, story.language): story for story in stories}
    there = [story for story in latest.values() if not story.is_gone]
    yield from media.documents(view, latest.values())
    for story in there:
        yield story.path, _page(view, story, there)
    # Each address that there ever was once, however often the item was told there.
    for story in {story.path: story for story in stories}.values():
        now = latest[story.item_id, story.language]
        # Mails and readers know the old address, from before the title changed.
        is_old = not now.is_gone and story.path != now.path
        address = addresses.link(view.config.base_path, now.path).encode()
        yield addresses.moved(story.path), address if is_old else None
        # The notice first: at no moment is there neither it nor the page.
        notice = view.page(story.language, "gone", story=now) if now.is_gone else None
        yield addresses.gone(story.path), notice
        if is_old:
            yield story.path, view.page(story.language, "moved", story=now)
        if now.is_gone:
            yield story.path, None


def _page(view: View, story: Story, stories: Collection[Story]) -> bytes:
    versions = [other for other in stories if other.item_id == story.item_id]
    versions.sort(key=lambda version: view.config.site.languages.index(version.language))
    return view.page(
        story.language,
        "item",
        story=story,
        versions={version.language: version.path for version in versions},
        translations=[version for version in versions if linked.is_other(version, story)],
        linked=linked.article(story, versions, view.config),
    )
