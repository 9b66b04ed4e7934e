"""Signed links: itsdangerous' one home.

    c3.WzQyXQ.d8Zc...       purpose and key id . what it is about . signature
    d3-1204-k5f2...         kind of mail and key id - its number - signature: a return path

A token says what it is for, so that a link for leaving cannot be used to read anything. The
newest key signs, all keys are known again, so keys can be replaced while mails with old links
are still in inboxes. What a token says can be read by whoever has it; only we can write one.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData
from itsdangerous.signer import SigningAlgorithm

from publisher.errors import TokenError
from store.records import SigningKey

#: Longer ones are not even read: the longest address makes one of about five hundred.
_LONGEST = 1_000
_HEAD = re.compile(r"([a-z])([0-9]{1,9})", re.ASCII)

_RETURN = re.compile(r"([dl])([0-9]{1,9})-([0-9]{1,10})-([a-z2-7]{20})", re.ASCII)

#: Made once: a campaign has two tokens for each mail.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

Subject = tuple[int | str, ...]


class Purpose(StrEnum):
    """What a token is for."""

    CONFIRM = "c"
    PREFERENCES = "p"
    LEAVE = "l"
    #: To change an address.
    ADDRESS = "a"


class Mail(StrEnum):
    """What a mail of ours is."""

    DELIVERY = "d"
    LETTER = "l"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Makes and reads tokens with these keys, oldest first."""

    keys: Sequence[SigningKey]

    def make(self, purpose: Purpose, *subject: int | str, until: datetime | None = None) -> str:
        """Return a token about ``subject``, good until then, or for ever."""
        key = self.keys[-1]
        said = [*subject, int(until.timestamp()) if until else 0]
        packed = _ENCODER.encode(said).encode()
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

    def make_return(self, mail: Mail, number: int) -> str:
        """Return what the return path of a mail is known by, for ever: at most 43 octets.

        In lower case, and fit for the local part of an address (RFC 5321, 4.5.3.1.1): servers on
        the way may change its case, and some do.
        """
        return _returning(self.keys[-1], mail, number)

    def read_return(self, token: str) -> tuple[Mail, int]:
        """Return which mail a return path is of. Raises TokenError."""
        token = token.lower()
        found = _RETURN.fullmatch(token)
        key = next((key for key in self.keys if found and str(key.id) == found[2]), None)
        if not (found and key):
            raise TokenError("not a return path of ours")
        mail, number = Mail(found[1]), int(found[3])
        if not hmac.compare_digest(_returning(key, mail, number), token):
            raise TokenError("not a return path of ours")
        return mail, number

    def mark(self, *said: int | str) -> str:
        """Return what tells a mail of ours about which this is said from all others: 64 bits.

        By the oldest key, which stays when another signs: it is the same for ever. Without a key
        it is nobody's, which is enough for a mail that is only looked at.
        """
        secret = self.keys[0].secret if self.keys else ""
        text = " ".join(map(str, said))
        return hmac.digest(bytes.fromhex(secret), b"mail:" + text.encode(), "sha256").hex()[:16]

    def digests(self, email: str) -> list[str]:
        """Return by what an address is known that must not be written to: by each key, in order.

        A keyed hash (RFC 2104), so that nobody can try addresses on a copy of the table alone.
        """
        return [
            hmac.new(bytes.fromhex(key.secret), b"suppression:" + email.encode(), hashlib.sha256)
            .hexdigest()
            for key in self.keys
        ]  # fmt: skip


def _returning(key: SigningKey, mail: Mail, number: int) -> str:
    said = f"{mail}{key.id}-{number}"
    # A hundred bits, more than the eighty that RFC 2104, 5 asks for at least.
    digest = hmac.digest(bytes.fromhex(key.secret), b"return:" + said.encode(), "sha256")
    return f"{said}-{base64.b32encode(digest)[:20].decode('ascii').lower()}"


@lru_cache(maxsize=64)
def _signer(key: SigningKey, purpose: Purpose) -> Signer:
    # The purpose is in the key as well: no signature for one is any for another.
    derived = hmac.digest(bytes.fromhex(key.secret), f"tidings.{purpose}".encode(), "sha256")
    return Signer(derived, key_derivation="none", algorithm=_HmacSha256())


class _HmacSha256(SigningAlgorithm):
    """That of the library, in one call instead of an object with its copies."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        """Return the signature."""
        return hmac.digest(key, value, "sha256")
