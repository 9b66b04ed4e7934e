"""Reading what comes back, and writing what goes out."""

from pathlib import Path

from publisher.errors import InputError, StoreError

#: A larger file is no text for a translator.
MAX_BYTES = 20_000_000

#: The most bytes of a file's name that come from its title; file systems allow 255 in all.
_MAX_NAME = 120


def read(path: Path) -> str:
    """Return a file as text, its lines ended by LF. Raises InputError."""
    try:
        if path.is_fifo():
            # Opening one waits for somebody to write.
            raise InputError("file", "is a named pipe, not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # A path with a NUL in it is a ValueError.
        raise InputError("file", getattr(error, "strerror", None) or str(error)) from error
    if len(data) > MAX_BYTES:
        raise InputError("file", f"is larger than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        reason = f"the byte {data[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        raise InputError(f"line {line}", reason) from error


def write(place: Path, text: str, *, overwrite: bool) -> None:
    """Write a file whole or not at all.

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
        beside = place.with_name(f".{place.name}.new")
        beside.write_bytes(body)
        beside.replace(place)
    except OSError as error:
        raise StoreError(f"cannot write {place}: {error.strerror}") from error


def name(item_id: int, slug: str, language: str, suffix: str) -> str:
    """Return the name of a file for an item in a language; the slug is for people."""
    shown = slug.encode()[:_MAX_NAME].decode(errors="ignore").strip("-")
    return f"{item_id}-{shown}.{language}.{suffix}" if shown else f"{item_id}.{language}.{suffix}"
