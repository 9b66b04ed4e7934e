"""What a source no longer shows: reported, never deleted. Pure."""

from collections.abc import Collection, Iterable, Iterator

from store.records import Place


def gone(
    places: Iterable[Place], *, shown: Collection[tuple[str, str]], unread: Collection[str]
) -> Iterator[Place]:
    """Yield the places, of those within a source, that it did not show.

    ``shown`` are the origins and languages of the texts that it did show; ``unread`` the origins
    of what could not be read: what is there, or below, may still be there.
    """
    for place in places:
        if (place.origin, place.language) in shown:
            continue
        if not any(above in unread for above in _with_what_is_above(place.origin)):
            yield place


def _with_what_is_above(origin: str) -> Iterator[str]:
    yield origin
    end = origin.rfind("/")
    while end > 0:
        yield origin[:end]
        end = origin.rfind("/", 0, end)
