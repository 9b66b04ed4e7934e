"""The keys that mail is signed with (DKIM, RFC 6376): cryptography's one home.

A key is a file that is called by the name of its record in the DNS, where everybody finds the
public half of it:

    dkim/202611._domainkey.example.org.pem
         selector          domain

RSA always (RFC 8301: SHA-256, 2048 bits): large receivers cannot check Ed25519 (RFC 8463), which
may sign beside it. Keys are replaced by selector: make one, publish its record, then name it in
``dkim.selectors``; the old record stays until the mails that it signed have arrived.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from publisher import addresses, beside
from publisher.config import Config
from publisher.errors import ConfigError, ConflictError, InputError

_BITS = 2048
_PADDING, _PREHASHED = PKCS1v15(), Prehashed(SHA256())

#: The longest string of a TXT record (RFC 1035, 3.3.14).
_STRING = 255
_MIDDLE = "._domainkey."
#: Labels of the DNS (RFC 1035, 2.3.1) with dots between them.
_LABELS = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key of a domain."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def name(self) -> str:
        """The name of its record in the DNS (RFC 6376, 3.6.2.1)."""
        return f"{self.selector}{_MIDDLE}{self.domain}"

    @property
    def algorithm(self) -> str:
        """What it signs by (``a=``)."""
        return f"{self._kind}-sha256"

    @property
    def _kind(self) -> str:
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def record(self) -> str:
        """The public half, as the DNS has it (RFC 6376, 3.6.1; RFC 8463, 4)."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            packed = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            packed = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={self._kind}; p={b64encode(packed).decode('ascii')}"

    @property
    def zone_line(self) -> str:
        """The record as a line of a zone file: in strings that are not too long."""
        text = self.record
        strings = [text[start : start + _STRING] for start in range(0, len(text), _STRING)]
        quoted = " ".join(f'"{string}"' for string in strings)
        return f"{self.name}. IN TXT {f'( {quoted} )' if len(strings) > 1 else quoted}"

    def is_in(self, texts: Iterable[str]) -> bool:
        """Say whether one of the texts of its name in the DNS is its public half."""
        ours = _tag(self.record, "p")
        return any(_tag(text, "p") == ours for text in texts)

    def sign(self, digest: bytes) -> bytes:
        """Return the signature of a SHA-256 digest: always the same one for the same."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(digest, _PADDING, _PREHASHED)
        # It signs the digest as if that were the message (RFC 8463, 3).
        return self.private.sign(digest)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The keys that sign now; none where the relay signs."""

    keys: Sequence[Key] = ()

    def of(self, address: str) -> Sequence[Key]:
        """Return the keys of an address's domain, or of the nearest one above it.

        So the domain that signs is the sender's for DMARC, too (RFC 7489, 3.1.1: relaxed).
        """
        host = address.rpartition("@")[2].lower()
        fit = [key for key in self.keys if host == key.domain or host.endswith(f".{key.domain}")]
        nearest = max((len(key.domain) for key in fit), default=0)
        return [key for key in fit if len(key.domain) == nearest]

    def fault(self, address: str) -> str:
        """Return why nothing signs mail from an address, though mail is signed here.

        One selector may be that of several domains, of which a host lacks the key of one.
        """
        if not self.keys or self.of(address):
            return ""
        return f"no key that signs is of the domain of {address}"


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How mail is signed, and what the world knows of it."""

    keys: Keys = Keys()
    #: Why the keys cannot be used; empty when they can.
    fault: str = ""
    #: The texts that the DNS has at the names of the keys, where it was asked; None: no answer.
    records: Mapping[str, Sequence[str] | None] = field(default_factory=dict)


def signing(config: Config) -> Signing:
    """Return how mail is signed; the DNS is not asked."""
    try:
        return Signing(keys=load(config))
    except ConfigError as error:
        return Signing(fault="; ".join(error.mistakes))


def load(config: Config) -> Keys:
    """Return the keys that the configuration names. Raises ConfigError for any that is unfit."""
    selectors = config.dkim.selectors
    found = [key for key in there(config, selectors) if key.selector in selectors]
    missing = [name for name in selectors if name not in {key.selector for key in found}]
    rsa = {key.domain for key in found if isinstance(key.private, RSAPrivateKey)}
    bare = sorted({key.domain for key in found} - rsa)
    mistakes = [
        *(
            f"{name}: no key in {config.dkim_folder}; 'tidings dkim keygen --selector {name}' "
            "makes one"
            for name in missing
        ),
        *(f"{domain} needs an RSA key: not everybody can check Ed25519" for domain in bare),
    ]
    if mistakes:
        raise ConfigError("dkim.selectors", mistakes)
    # RSA first: some look at one signature only.
    first = sorted(found, key=lambda key: (key.domain, key.algorithm != "rsa-sha256"))
    return Keys(keys=tuple(first))


def there(config: Config, selectors: Iterable[str] | None = None) -> list[Key]:
    """Return the keys in the folder, all or those of some selectors, by their names.

    Raises ConfigError for a file that holds none.
    """
    wanted = None if selectors is None else {*selectors}
    return [_read(path) for path in _files(config) if wanted is None or _split(path)[0] in wanted]


def file_of(config: Config, key: Key) -> Path:
    """Return the file of a key, however its name is written."""
    known = {_split(path): path for path in _files(config)}
    return known.get((key.selector, key.domain), config.dkim_folder / f"{key.name}.pem")


def _files(config: Config) -> list[Path]:
    return sorted(config.dkim_folder.glob(f"*{_MIDDLE}*.pem"))


def make(config: Config, domain: str, selector: str, *, ed25519: bool) -> tuple[Key, Path]:
    """Make a key and write it to the folder, for our eyes only.

    Raises InputError, and ConflictError where there is one: it may have signed mails.
    """
    key = Key(
        domain=_domain(domain),
        selector=_selector(selector),
        private=Ed25519PrivateKey.generate()
        if ed25519
        else generate_private_key(public_exponent=65537, key_size=_BITS),
    )
    path = config.dkim_folder / f"{key.name}.pem"
    packed = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.write_new(str(path), packed)
    except FileExistsError as error:
        if not path.exists():
            raise InputError(str(path.parent), "is no folder: correct dkim.folder") from error
        raise ConflictError(f"{path} exists already; choose another --selector") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from error
    return key, path


def _tag(text: str, name: str) -> str:
    """Return the value of a tag of a record, without white space (RFC 6376, 3.2)."""
    tags = (tag.partition("=") for tag in text.split(";"))
    return next(("".join(value.split()) for key, _, value in tags if key.strip() == name), "")


def _domain(text: str) -> str:
    domain = addresses.ascii_host(text)
    if "." not in domain or not _LABELS.fullmatch(domain):
        raise InputError(repr(text), "no domain such as example.org")
    return domain


def _selector(text: str) -> str:
    if not _LABELS.fullmatch(text):
        raise InputError(repr(text), "no selector such as 202611 (RFC 6376, 3.1)")
    return text


def _split(path: Path) -> tuple[str, str]:
    """Return the selector and the domain that a file is called by."""
    selector, _, domain = path.name.removesuffix(".pem").lower().partition(_MIDDLE)
    return selector, domain


def _read(path: Path) -> Key:
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(str(path), [f"no private key without a password: {error}"]) from error
    selector, domain = _split(path)
    if isinstance(private, RSAPrivateKey) and private.key_size >= _BITS:
        return Key(domain=domain, selector=selector, private=private)
    if isinstance(private, Ed25519PrivateKey):
        return Key(domain=domain, selector=selector, private=private)
    raise ConfigError(str(path), [f"neither Ed25519 nor RSA of {_BITS} bits or more (RFC 8301)"])
