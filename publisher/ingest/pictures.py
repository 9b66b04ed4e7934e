r"""The pictures that drafts name, read beside their files or fetched, and kept as we publish them.

    image: a path -------> the file beside the text's, or below it --\
    image: an address ---> fetched, by the rules of all addresses ----+--> prepared --> store
                                                                       \--> problem: named

A picture that cannot be had stops no text. It is kept in a transaction of its own, before that
of the text: reading takes long, and nobody else could write meanwhile.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from publisher.errors import InputError
from publisher.ingest.drafts import Draft
from publisher.ingest.fields import is_address
from store import images
from store.database import Database

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.ingest.fetch import Fetcher


class Pictures:
    """Reads pictures, for the time of one import.

    ``fetcher`` gives what fetches those at addresses; without it they are left for another time.
    A host that has let us wait in vain for ``patience`` seconds is not asked any more.
    """

    def __init__(
        self, fetcher: "Callable[[], Fetcher] | None" = None, *, patience: float = 60.0
    ) -> None:
        self._fetcher = fetcher
        self._patience = patience
        # By address: many items may name one picture.
        self._fetched: dict[str, str | InputError] = {}
        self._wasted: dict[str, float] = defaultdict(float)

    def can_read(self, draft: Draft) -> bool:
        """Say whether a draft names a picture that can be looked for."""
        if not draft.image:
            return False
        return self._fetcher is not None if is_address(draft.image) else draft.folder is not None

    def keep(self, database: Database, draft: Draft) -> str:
        """Keep the picture that a draft names; return its digest.

        Raises InputError, which names the field, for one that cannot be had.
        """
        place = draft.image or ""
        try:
            if not is_address(place):
                return _kept(database, _beside(draft.folder or Path(), place))
            found = self._fetched.get(place) or self._fetch(database, place)
        except InputError as error:
            raise InputError("image", f"{place}: {error.reason}") from error
        if isinstance(found, InputError):
            raise InputError("image", f"{place}: {found.reason}") from found
        return found

    def _fetch(self, database: Database, place: str) -> str | InputError:
        found: str | InputError
        host, begun = urlsplit(place).netloc, monotonic()
        try:
            self._refuse_slow(host)
            found = _kept(database, self._content(place))
        except InputError as error:
            found = error
            self._wasted[host] += monotonic() - begun
        self._fetched[place] = found
        return found

    def _content(self, place: str) -> bytes:
        assert self._fetcher is not None  # noqa: S101  (see can_read)
        return self._fetcher().get(place).content

    def _refuse_slow(self, host: str) -> None:
        if self._wasted[host] > self._patience:
            raise InputError(
                host, "its server has let us wait in vain too long: import again later"
            )


@contextmanager
def opened(config: "Config") -> Iterator[Pictures]:
    """Give what reads pictures, those at addresses too, for as long as the block lasts."""
    with ExitStack() as stack:

        @cache
        def fetcher() -> "Fetcher":
            from publisher.ingest.fetch import Fetcher  # noqa: PLC0415  (slow to import)

            return stack.enter_context(Fetcher(config))

        yield Pictures(fetcher)


def _kept(database: Database, body: bytes) -> str:
    from publisher.images import prepare  # noqa: PLC0415  (slow to import)

    ready = prepare(body)
    with database.write() as tx:
        images.put(
            tx,
            sha256=ready.sha256,
            suffix=ready.suffix,
            width=ready.width,
            height=ready.height,
            body=ready.body,
        )
    return ready.sha256


def _beside(folder: Path, name: str) -> bytes:
    """Return what is in a file in a folder, or below it. Raises InputError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise InputError(name, "leads out of the folder of its text: put the picture beside that")
    try:
        # As it is in the end: a link may lead anywhere.
        place, above = (folder / path).resolve(), folder.resolve()
        if not place.is_relative_to(above):
            raise InputError(name, "is a link out of the folder of its text: put a copy there")
        return _read(place)
    except OSError as error:
        reason = f"{error.strerror}: put the picture beside its text, or correct the path"
        raise InputError(name, reason) from error
    except (RuntimeError, ValueError) as error:
        # Links in a circle, and names that no file can have.
        raise InputError(name, "is no name of a file: correct the path") from error


def _read(place: Path) -> bytes:
    from publisher.images import MAX_BYTES  # noqa: PLC0415  (slow to import)

    # Opening a named pipe would wait for somebody to write.
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError(str(place), "is no file: name the picture itself")
        with open(descriptor, "rb", closefd=False) as file:
            # One byte more than may be: who prepares it says that it is too large.
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
