"""Keys: made once, for our eyes only; chosen by the sender's domain; replaced by selector."""

import re
import resource
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from publisher.config import Config
from publisher.errors import ConfigError, ConflictError, InputError
from publisher.mail import keys
from publisher.mail.keys import Key, Keys
from tests import make
from tests.verifier import ed25519, rsa


def written(config: Config, *made: Key) -> None:
    config.dkim_folder.mkdir(exist_ok=True)
    for key in made:
        packed = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (config.dkim_folder / f"{key.name}.pem").write_bytes(packed)


def selecting(folder: Path, *selectors: str) -> Config:
    return make.config(folder, dkim={"selectors": selectors})


def test_a_key_is_written_for_our_eyes_only_and_is_there_again(tmp_path: Path) -> None:
    config = selecting(tmp_path, "202611", "202611e")
    for selector in ("202611", "202611e"):
        key, path = keys.make(config, "Example.org", selector, ed25519=selector.endswith("e"))
        assert path == tmp_path / "dkim" / f"{selector}._domainkey.example.org.pem"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        (found,) = [each for each in keys.there(config) if each.selector == selector]
        assert (found.name, found.record) == (key.name, key.record)
        assert found.sign(b"d" * 32) == key.sign(b"d" * 32)
    # RSA comes first, whatever the names say.
    assert [key.algorithm for key in keys.load(config).keys] == ["rsa-sha256", "ed25519-sha256"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    config = selecting(tmp_path, "202611")
    _, path = keys.make(config, "example.org", "202611", ed25519=True)
    before = path.read_bytes()
    with pytest.raises(ConflictError, match="exists already"):
        keys.make(config, "example.org", "202611", ed25519=True)
    assert path.read_bytes() == before


def test_a_key_that_the_disk_does_not_take_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    config = selecting(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(InputError, match="File too large"):
            keys.make(config, "example.org", "202611", ed25519=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert keys.there(config) == []
    keys.make(config, "example.org", "202611", ed25519=False)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    config = selecting(tmp_path, "202611")
    config.dkim_folder.touch()
    with pytest.raises(InputError, match=r"dkim: is no folder: correct dkim\.folder"):
        keys.make(config, "example.org", "202611", ed25519=True)


def test_a_domain_in_other_letters_is_that_of_the_dns(tmp_path: Path) -> None:
    key, path = keys.make(selecting(tmp_path), "Straße.example", "a", ed25519=True)
    assert key.name == "a._domainkey.xn--strae-oqa.example"
    assert path.name == f"{key.name}.pem"


@pytest.mark.parametrize(
    ("domain", "selector"),
    [
        ("example", "a"),
        ("../example.org", "a"),
        ("a..example.org", "a"),
        ("example.org\n", "a"),
        ("example.org", "a/b"),
        ("example.org", ""),
        ("example.org", "A"),
        ("example.org", "a."),
        ("example.org", "é"),
    ],
)
def test_what_is_no_name_of_the_dns_is_refused(tmp_path: Path, domain: str, selector: str) -> None:
    with pytest.raises(InputError):
        keys.make(selecting(tmp_path), domain, selector, ed25519=True)
    assert not (tmp_path / "dkim").exists()


def test_a_record_fits_the_dns() -> None:
    long = rsa()
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390,}={0,2}", long.record)
    strings = re.findall(r'"([^"]*)"', long.zone_line)
    assert "".join(strings) == long.record
    assert max(map(len, strings)) == 255
    assert long.zone_line.startswith("202611._domainkey.example.org. IN TXT ( ")
    short = ed25519()
    assert short.zone_line == f'202611e._domainkey.example.org. IN TXT "{short.record}"'
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=", short.record)


def test_a_record_is_ours_however_it_is_written() -> None:
    record = rsa().record
    spaced = record.replace("; ", " ;\t").replace("p=", "n=x; p = ").replace("AA", "A A")
    assert rsa().is_in([record])
    assert rsa().is_in(["other", spaced])
    assert not rsa().is_in([])
    assert not rsa().is_in([rsa("202701").record, "v=DKIM1; p="])


@pytest.mark.parametrize(
    ("address", "domains"),
    [
        ("news@example.org", ["example.org"] * 2),
        ("news@EXAMPLE.org", ["example.org"] * 2),
        ("news@lists.example.org", ["example.org"] * 2),
        ("news@news.example.org", ["news.example.org"]),
        ("news@a.news.example.org", ["news.example.org"]),
        ("news@example.net", ["example.net"]),
        ("news@badexample.org", []),
        ("news@org", []),
    ],
)
def test_the_nearest_domain_of_the_sender_signs(address: str, domains: list[str]) -> None:
    known = Keys(keys=[rsa(), ed25519(), rsa("a", "news.example.org"), rsa("a", "example.net")])
    assert [key.domain for key in known.of(address)] == domains


def test_the_file_of_a_key_is_found_however_its_name_is_written(tmp_path: Path) -> None:
    config = selecting(tmp_path, "202611")
    written(config, rsa())
    path = config.dkim_folder / "202611._domainkey.Example.ORG.pem"
    (config.dkim_folder / f"{rsa().name}.pem").rename(path)
    (key,) = keys.load(config).keys
    assert (key.name, keys.file_of(config, key)) == (rsa().name, path)


def test_only_keys_that_are_named_sign(tmp_path: Path) -> None:
    written(selecting(tmp_path), rsa(), ed25519(), rsa("202701"))
    assert keys.load(selecting(tmp_path)) == Keys()
    (key,) = keys.load(selecting(tmp_path, "202701")).keys
    assert key.selector == "202701"


def test_what_is_missing_is_said_at_once(tmp_path: Path) -> None:
    config = selecting(tmp_path, "202611", "202611e")
    written(config, ed25519())
    with pytest.raises(ConfigError) as refused:
        keys.load(config)
    missing, bare = refused.value.mistakes
    assert "'tidings dkim keygen --selector 202611' makes one" in missing
    assert bare.startswith("example.org needs an RSA key")
    assert keys.signing(config).fault == f"{missing}; {bare}"


def pem(private: object, encryption: object) -> bytes:
    packed: bytes = private.private_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PrivateFormat.PKCS8, encryption
    )
    return packed


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (lambda: b"", "no private key without a password"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "no private key without a password"),
        (
            lambda: pem(ed25519().private, BestAvailableEncryption(b"x")),
            "no private key without a password",
        ),
        (lambda: pem(elliptic(SECP256R1()), NoEncryption()), "neither Ed25519 nor RSA"),
        (
            lambda: pem(generate_private_key(public_exponent=65537, key_size=1024), NoEncryption()),
            "RSA of 2048 bits or more",
        ),
    ],
)
def test_a_file_without_a_fit_key_is_named(
    tmp_path: Path, content: Callable[[], bytes], complaint: str
) -> None:
    config = selecting(tmp_path, "202611")
    config.dkim_folder.mkdir()
    path = config.dkim_folder / "202611._domainkey.example.org.pem"
    path.write_bytes(content())
    with pytest.raises(ConfigError, match=complaint) as refused:
        keys.load(config)
    assert refused.value.source == str(path)
    # A file that nobody asks for hurts nobody.
    assert keys.load(selecting(tmp_path)) == Keys()
