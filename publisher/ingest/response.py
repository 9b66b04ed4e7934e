"""What a server gave for an address, and how its bytes are read. Pure."""

import codecs
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from publisher.errors import InputError
from publisher.ingest.links import Link

#: Statuses (RFC 9110, 15): what was asked for; a fault of the server, and all beyond.
OK, SERVER_FAULT = 200, 500

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
        """The content as text; what is in no known encoding shows as U+FFFD."""
        return decoded(self.content, self.charset)

    def json(self) -> Any:  # noqa: ANN401
        """Return the content read as JSON. Raises InputError for what is none."""
        return read_json(self.url, self.content)


@dataclass(frozen=True, kw_only=True)
class NotModified:
    """The server says that an address is as it was when it was read last."""

    url: str
    #: How many texts came from it then.
    texts: int


def decoded(content: bytes, *stated: str) -> str:
    """Return bytes as text: what their mark says, else UTF-8 where they are, else as ``stated``.

    Servers call UTF-8 by other names out of old habit, and text in another encoding is hardly
    ever UTF-8 by chance. Where nothing fits, what is no UTF-8 shows as U+FFFD.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    # ISO 2022 shifts between character sets by escapes, in plain ASCII.
    for charset in ("utf-8", *stated) if b"\x1b" not in content else stated:
        with suppress(LookupError, ValueError):
            return content.decode(charset)
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
