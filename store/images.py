"""Pictures as they are published, each once, known by their bytes."""

from collections import defaultdict
from collections.abc import Collection, Iterator

from sqlalchemy import func, select

from store.database import Transaction
from store.errors import NotFoundError
from store.records import Image
from store.tables import images, items

_FIELDS = (
    *(images.c[name] for name in ("sha256", "suffix", "width", "height")),
    # Of bytes on both databases, and neither reads them for it.
    func.length(images.c.body).label("length"),
)


def put(tx: Transaction, *, sha256: str, suffix: str, width: int, height: int, body: bytes) -> None:
    """Keep a picture; one that is there already stays."""
    row = {"sha256": sha256, "suffix": suffix, "width": width, "height": height, "body": body}
    tx.insert_new(images, [row], returning="sha256")


def many(tx: Transaction, digests: Collection[str | None]) -> dict[str, Image]:
    """Return the pictures of these digests, by digest, without their bytes; None is no picture."""
    wanted = sorted({digest for digest in digests if digest})
    query = select(*_FIELDS).where(images.c.sha256.in_(wanted))
    return {row["sha256"]: Image(**row) for row in tx.rows(query)} if wanted else {}


def body(tx: Transaction, sha256: str) -> bytes:
    """Return the bytes of a picture. Raises NotFoundError."""
    row = tx.row(select(images.c.body).where(images.c.sha256 == sha256))
    if row is None:
        raise NotFoundError("picture", sha256)
    return bytes(row["body"])


def users(tx: Transaction, digests: Collection[str]) -> dict[str, list[int]]:
    """Return the ids of the items that have these pictures, by digest."""
    found: dict[str, list[int]] = defaultdict(list)
    query = select(items.c.id, items.c.image_sha256).order_by(items.c.id)
    for row in tx.rows(query.where(items.c.image_sha256.in_(sorted(digests)))) if digests else ():
        found[row["image_sha256"]].append(row["id"])
    return dict(found)


def in_use(tx: Transaction) -> Iterator[Image]:
    """Yield the pictures that items have, without their bytes."""
    query = select(*_FIELDS).where(images.c.sha256.in_(select(items.c.image_sha256)))
    for row in tx.each(query.order_by(images.c.sha256)):
        yield Image(**row)
