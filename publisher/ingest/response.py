"""What a server gave for an address, and how its bytes are read. Pure."""

import codecs
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from publisher.errors import InputError
from publisher.ingest.links import Link

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a server gave for an address."""

    #: The address in the end, after all redirects; without a fragment.
    url: str
    status: int
    #: Lower case, without parameters; empty where the server does not say.
    media_type: str
    #: What the server says that the text is encoded in; empty where it does not say.
    charset: str
    #: Unpacked.
    content: bytes
    #: By their names in lower case; of several of one name all, with commas.
    headers: Mapping[str, str]
    #: From the headers ``Link``.
    links: tuple[Link, ...]

    @property
    def text(self) -> str:
        """The content as text, in the encoding that the server states, else UTF-8.

        What does not fit shows as U+FFFD.
        """
        return decoded(self.content, self.charset or "utf-8")

    def json(self) -> Any:  # noqa: ANN401
        """Return the content read as JSON. Raises InputError for what is none."""
        return read_json(self.url, self.content)


@dataclass(frozen=True, kw_only=True)
class NotModified:
    """The server says that an address is as it was when it was read last."""

    url: str
    #: How many texts came from it then.
    texts: int


def decoded(content: bytes, charset: str) -> str:
    """Return bytes as text; a byte order mark goes before what is said of them."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    with suppress(LookupError, UnicodeError):
        return content.decode(charset, "replace")
    return content.decode("utf-8", "replace")


def read_json(source: str, content: bytes) -> Any:  # noqa: ANN401
    """Return what JSON says. Raises InputError for what is none, or is too deep."""
    try:
        return json.loads(content.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as error:
        reason = f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise InputError(source, reason) from error
    except (ValueError, RecursionError) as error:
        raise InputError(source, "is not JSON: a number is too large, or lists too deep") from error
