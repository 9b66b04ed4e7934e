"""Pictures in the store: each once, found without their bytes, and whose they are."""

import hashlib

import pytest

from store import images
from store.database import Database, Transaction
from store.errors import ConflictError, NotFoundError
from store.records import Image
from tests.store import fill


def put(tx: Transaction, body: bytes) -> str:
    digest = hashlib.sha256(body).hexdigest()
    images.put(tx, sha256=digest, suffix="jpg", width=4, height=3, body=body)
    return digest


def test_a_picture_is_kept_once_and_found_without_its_bytes(either: Database) -> None:
    body = bytes(range(256)) * 40
    with either.write() as tx:
        digest = put(tx, body)
        assert put(tx, body) == digest
        other = put(tx, "صورة".encode())
    with either.read() as tx:
        # Of bytes, not of letters.
        assert images.many(tx, [digest, other, None, "0" * 64]) == {
            digest: Image(sha256=digest, suffix="jpg", width=4, height=3, length=10_240),
            other: Image(sha256=other, suffix="jpg", width=4, height=3, length=8),
        }
        assert images.many(tx, []) == images.many(tx, [None]) == {}
        assert images.body(tx, digest) == body


def test_a_picture_that_is_not_there_is_named(either: Database) -> None:
    with either.read() as tx, pytest.raises(NotFoundError) as missing:
        images.body(tx, "0" * 64)
    assert (missing.value.kind, missing.value.key) == ("picture", "0" * 64)


def test_whose_a_picture_is(either: Database) -> None:
    with either.write() as tx:
        shared, alone, unused = put(tx, b"shared"), put(tx, b"alone"), put(tx, b"unused")
        ids = [
            fill.item(tx, f"item {number}", image_sha256=digest).id
            for number, digest in enumerate((shared, alone, shared, None))
        ]
    with either.read() as tx:
        assert images.users(tx, [shared, alone, unused]) == {
            shared: [ids[0], ids[2]],
            alone: [ids[1]],
        }
        assert images.users(tx, []) == {}
        assert {image.sha256 for image in images.in_use(tx)} == {shared, alone}


def test_no_item_has_a_picture_that_is_not_kept(either: Database) -> None:
    with pytest.raises(ConflictError), either.write() as tx:
        fill.item(tx, "dignity", image_sha256="0" * 64)
