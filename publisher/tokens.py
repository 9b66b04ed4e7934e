"""Signed links: itsdangerous' one home.

    c3.WzQyXQ.d8Zc...       purpose and key id . what it is about . signature

A token says what it is for, so that a link for leaving cannot be used to read anything. The
newest key signs, all keys are known again, so keys can be replaced while mails with old links
are still in inboxes. What a token says can be read by whoever has it; only we can write one.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData

from publisher.errors import TokenError
from store.records import SigningKey

#: Longer ones are not even read: the longest address makes one of about five hundred.
_LONGEST = 1_000
_HEAD = re.compile(r"([a-z])([0-9]{1,9})", re.ASCII)

Subject = tuple[int | str, ...]


class Purpose(StrEnum):
    """What a token is for."""

    CONFIRM = "c"
    PREFERENCES = "p"
    LEAVE = "l"
    #: To change an address.
    ADDRESS = "a"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Makes and reads tokens with these keys, oldest first."""

    keys: Sequence[SigningKey]

    def make(self, purpose: Purpose, *subject: int | str, until: datetime | None = None) -> str:
        """Return a token about ``subject``, good until then, or for ever."""
        key = self.keys[-1]
        said = [*subject, int(until.timestamp()) if until else 0]
        packed = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
        head = f"{purpose}{key.id}.{base64_encode(packed).decode('ascii')}"
        return _signer(key, purpose).sign(head).decode("ascii")

    def read(self, token: str, purpose: Purpose, *, now: datetime) -> Subject:
        """Return what a token is about. Raises TokenError, which says whether it was good once."""
        body = self._verified(token, purpose)
        try:
            *subject, until = json.loads(base64_decode(body))
        except (BadData, ValueError, TypeError) as error:
            raise TokenError("not a token of ours") from error
        if until and now >= datetime.fromtimestamp(until, UTC):
            raise TokenError("the link is too old", expired=True)
        return tuple(subject)

    def _verified(self, token: str, purpose: Purpose) -> str:
        """Return the middle of a token that we signed for this purpose."""
        head, dot, body = token.rpartition(".")[0].partition(".")
        found = _HEAD.fullmatch(head)
        key = next((key for key in self.keys if found and str(key.id) == found[2]), None)
        if not (dot and found and key and found[1] == purpose and len(token) <= _LONGEST):
            raise TokenError("not a token of ours")
        # Signed again and compared as text: base64 has several spellings of one signature.
        ours = _signer(key, purpose).sign(f"{head}.{body}")
        if not hmac.compare_digest(ours, token.encode("utf-8", "replace")):
            raise TokenError("not a token of ours")
        return body

    def digests(self, email: str) -> list[str]:
        """Return by what an address is known that must not be written to: by each key, in order.

        A keyed hash (RFC 2104), so that nobody can try addresses on a copy of the table alone.
        """
        return [
            hmac.new(bytes.fromhex(key.secret), b"suppression:" + email.encode(), hashlib.sha256)
            .hexdigest()
            for key in self.keys
        ]  # fmt: skip


def _signer(key: SigningKey, purpose: Purpose) -> Signer:
    # The purpose is in the key as well: no signature for one is any for another.
    return Signer(
        bytes.fromhex(key.secret),
        salt=f"tidings.{purpose}",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
