"""Reading what comes back, and writing what goes out."""

from pathlib import Path

from publisher import beside
from publisher.errors import InputError, StoreError
from publisher.ingest import textfile

#: A larger file is no text for a translator.
MAX_BYTES = 20_000_000

#: The most bytes of a file's name that come from its title; file systems allow 255 in all.
_MAX_NAME = 120


def read(path: Path) -> str:
    """Return a file as text, its lines ended by LF. Raises InputError."""
    try:
        return textfile.read(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        # A path with a NUL in it is a ValueError.
        raise InputError("file", getattr(error, "strerror", None) or str(error)) from error


def write(place: Path, text: str, *, overwrite: bool) -> None:
    """Write a file whole, durably, or not at all.

    Raises InputError, unless ``overwrite``, where another file of that name is: it may hold
    somebody's work.
    """
    body = text.encode()
    try:
        if place.exists():
            if place.read_bytes() == body:
                return
            if not overwrite:
                reason = "is there already and differs: move it away, or use --overwrite"
                raise InputError(str(place), reason)
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.put(str(place), body)
    except OSError as error:
        raise StoreError(f"cannot write {place}: {error.strerror}") from error


def name(item_id: int, slug: str, language: str, suffix: str) -> str:
    """Return the name of a file for an item in a language; the slug is for people."""
    shown = slug.encode()[:_MAX_NAME].decode(errors="ignore").strip("-")
    return f"{item_id}-{shown}.{language}.{suffix}" if shown else f"{item_id}.{language}.{suffix}"
