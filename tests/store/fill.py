"""What the store's tests put into a store before they ask it anything."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any, TypeVar

from store import editions, issues, items, newsletters, topics, translations
from store.database import Transaction
from store.records import Group, Issue, IssueState, Item, Newsletter, Translation
from tests import make

PREFIX = "tag:news.example.org,2013:item"

T = TypeVar("T")


def topic(tx: Transaction, *keys: str) -> None:
    for key in keys:
        topics.put(tx, key, {"en": key.title()})


def item(tx: Transaction, key: str = "dignity", **changes: Any) -> Item:
    fields = vars(make.item(key=key, **changes)).copy()
    del fields["id"], fields["tag"]
    return items.add(tx, tag_prefix=PREFIX, **fields)


def text(tx: Transaction, of: Item, language: str = "en", **changes: Any) -> Translation:
    saved = make.translation(language, item_id=of.id, **changes)
    translations.save(tx, saved, author="ann")
    return saved


def newsletter(tx: Transaction, **changes: Any) -> Newsletter:
    added = make.newsletter(**changes)
    newsletters.add(tx, added)
    return added


def issue(tx: Transaction, newsletter_key: str = "digest", slot: datetime = make.NOW) -> Issue:
    [issue_id] = issues.plan(tx, newsletter_key, {slot: IssueState.SENDING})
    return issues.get(tx, issue_id)


def edition(
    tx: Transaction,
    of: Issue,
    language: str = "en",
    *,
    spoken: Collection[str] = (),
    topics: Sequence[str] = (),
    **changes: Any,
) -> int:
    """Add an edition for those who speak these languages (or its own) and take these topics."""
    groups = [Group(language=tag, topics=tuple(topics), people=1) for tag in spoken or [language]]
    return editions.add(
        tx,
        issue_id=of.id,
        language=language,
        subject=f"Digest in {language}",
        preheader="",
        html="<p>News</p>",
        text="News",
        sha256="0" * 64,
        tells=changes.pop("tells", ()),
        groups=groups,
        **changes,
    )


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Do the work in this many threads that start together; return what each came to."""
    start = Barrier(count)

    def begin(number: int) -> T:
        start.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))
