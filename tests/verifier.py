"""What a receiver says of signatures (DKIM): dkimpy's view, which shares no line with ours.

dkimpy leaves Ed25519 to PyNaCl. Where that is not installed, cryptography does its two verbs; what
is signed, and how it is put together, stays dkimpy's.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from publisher.mail.keys import Key


class _VerifyKey:
    def __init__(self, text: bytes, encoder: Any) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(text))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


if not hasattr(dkim, "nacl"):
    dkim.nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(ValueError=ValueError, BadSignatureError=InvalidSignature),
    )


@cache
def rsa(selector: str = "202611", domain: str = "example.org") -> Key:
    """Return a key; the same for the same name, for one takes a while to make."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    return Key(domain=domain, selector=selector, private=private)


@cache
def ed25519(selector: str = "202611e", domain: str = "example.org") -> Key:
    return Key(domain=domain, selector=selector, private=Ed25519PrivateKey.generate())


def records(keys: Iterable[Key]) -> dict[str, str]:
    """Return what the DNS has of keys, by name."""
    return {key.name: key.record for key in keys}


def verdicts(message: bytes, known: Mapping[str, str]) -> list[bool]:
    """Return for each signature of a message whether it is good, by what the DNS knows."""

    def texts(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001
        text = known.get(name.decode().rstrip("."))
        return text and text.encode()  # type: ignore[return-value]

    count = message.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
    return [_is_good(message, number, texts) for number in range(count)]


def _is_good(message: bytes, number: int, texts: Any) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(idx=number, dnsfunc=texts))
    except dkim.DKIMException:
        return False
