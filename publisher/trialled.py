"""News that nobody wrote, to try templates on: hostile, bare, corrected, moved and taken back."""

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from publisher import editing, gating, launching, press, publishing, retracting
from publisher.config import Config
from publisher.errors import InputError, NotFoundError
from publisher.ingest import intake
from publisher.ingest.decide import words_of
from publisher.ingest.drafts import Draft
from publisher.mail.edition import DIGEST
from store import consents, items, subscribers
from store.database import Database
from store.records import Change, Kind, Newsletter, Text, Workflow

#: What breaks out of HTML, XML, JSON, templates and lines where it can; and letters that turn.
HOSTILE = (
    "</title></td><script>alert(1)</script> ]]> \"double\" 'single' & &amp; {{ 7 * 7 }} {% raw %}"
    " \u202eright\u202c \U0001f54a " + "long" * 60
)

#: The smallest picture there is.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
#: Characters of the name of a topic.
_TOPIC = 200
_KEY = "trial"
_OFTEN = "often"
_HOUR = timedelta(hours=1)
_BODY = f"{HOSTILE}\n\n## Part\n\n- one\n- [two](/there)\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n"


def newsletter(config: Config, *, template: str = DIGEST, now: datetime) -> Newsletter:
    """Return a newsletter in all languages of a site; its title is as bad as it can be."""
    return Newsletter(
        key=_KEY,
        names=dict.fromkeys(config.site.languages, HOSTILE),
        languages=config.site.languages,
        topics=(),
        schedule="0 7 * * FRI",
        timezone=config.site.timezone,
        rules={gating.OTHERS: "fallback"},
        since=now - _HOUR,
        template=template,
    )


def fill(database: Database, config: Config, *, now: datetime) -> None:
    """Publish all sorts of news, change some of them, and mail an issue. Raises RenderError."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pixel.png").write_bytes(_PIXEL)
        drafts = list(_drafts(config, Path(folder)))
        outcome = intake.take(database, config, drafts, now=now)
    for rejected in outcome.rejected:
        raise InputError(rejected.source, rejected.reason)
    intake.put_topic(database, config, _KEY, dict.fromkeys(config.site.languages, HOSTILE))
    publishing.publish_due(database, config, now=now)
    _change(database, config, now + _HOUR)
    publishing.publish_due(database, config, now=now + _HOUR)
    letter = launching.start(database, config, newsletter(config, now=now))
    for issue_id in press.plan(database, letter, [now + _HOUR]):
        press.press(database, issue_id, config, now=now + _HOUR)


def offer(database: Database, config: Config, *, now: datetime) -> None:
    """Add what sign-up forms can show: a second newsletter, topics and frequencies to choose."""
    intake.put_topic(database, config, _OFTEN, dict.fromkeys(config.site.languages, HOSTILE))
    often = replace(newsletter(config, now=now), key=_OFTEN, frequencies={"daily": "0 7 * * *"})
    launching.start(database, config, often)


def asked(database: Database, email: str) -> tuple[int, int]:
    """Return who has signed up with an address, and what they are to confirm."""
    with database.read() as tx:
        person = subscribers.by_email(tx, email)
        if person is None:
            raise NotFoundError("subscriber", email)
        return person.id, consents.of(tx, person.id)[-1].id


def _drafts(config: Config, folder: Path) -> Iterator[Draft]:
    first, *others = config.site.languages
    full = Text(title=HOSTILE, summary=HOSTILE, body=_BODY, slug="", image_alt=HOSTILE)
    bare = Text(title="-", summary="", body="-", slug="", image_alt="")
    for kind in Kind:
        # A text of each kind; only the first language has them all, the others what it lends.
        yield _draft(f"{kind}", first, bare, kind=kind)
    for key in ("full", "moved", "retracted", "withdrawn"):
        yield _draft(key, first, full, folder=folder)
        yield from (_draft(key, language, full, source=first) for language in others)


def _draft(
    key: str,
    language: str,
    words: Text,
    *,
    kind: Kind = Kind.NEWS,
    folder: Path | None = None,
    source: str | None = None,
) -> Draft:
    return Draft(
        source=f"{key}.{language}",
        key=key,
        origin="",
        slug="",
        language=language,
        words=editing.clean(words),
        dated=None,
        kind=kind,
        topics={_KEY: HOSTILE[:_TOPIC]} if folder or source else {},
        embargo=None,
        url="https://elsewhere.example/?a=1&b=%22" if folder else None,
        image="pixel.png" if folder else None,
        workflow=Workflow.APPROVED,
        source_language=source or language,
        source_digest=None,
        made_from=None,
        change=None,
        note="",
        folder=folder,
    )


def _change(database: Database, config: Config, now: datetime) -> None:
    """Correct a text, give another an address of its own, take one back and hide one."""
    with database.read() as tx:
        ids = {item.key: item.id for item in items.listing(tx)}
    first = config.site.languages[0]
    _edit(
        database,
        config,
        ids["full"],
        first,
        change=Change.CORRECTION,
        now=now,
        summary=f"{HOSTILE} 2",
    )
    _edit(database, config, ids["moved"], first, change=Change.MINOR, now=now, slug="moved")
    retracting.retract(database, config, ids["retracted"], {first: HOSTILE}, author=_KEY, now=now)
    for language in config.site.languages:
        editing.withdraw(database, ids["withdrawn"], language, now=now)


def _edit(
    database: Database,
    config: Config,
    item_id: int,
    language: str,
    *,
    change: Change,
    now: datetime,
    **words: str,
) -> None:
    text = replace(words_of(editing.text_of(database, item_id, language)), **words)
    note = HOSTILE if change is Change.CORRECTION else ""
    editing.correct(
        database, config, item_id, language, text, change=change, author=_KEY, now=now, note=note
    )
    editing.approve(database, item_id, language, now=now)
