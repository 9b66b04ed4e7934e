"""Which way in a path or an address takes."""

from pathlib import Path

from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest.drafts import Source
from publisher.ingest.folder import Folder
from publisher.ingest.table import SUFFIXES, Table


def source_of(place: str, config: Config) -> Source:
    """Return the source at a path. Raises InputError where none of ours can read it."""
    path = Path(place)
    if "://" in place:
        raise InputError(place, "this version reads files and folders; save the page as one")
    if not path.exists():
        raise InputError(place, "no such file or folder")
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return Table(path=path, languages=config.site.languages, zone=config.zone)
    if path.is_file() and path.suffix not in {".md", ".markdown"}:
        raise InputError(place, "not a Markdown file (.md) or a table (.csv, .tsv)")
    return Folder(path=path, languages=config.site.languages, zone=config.zone)
