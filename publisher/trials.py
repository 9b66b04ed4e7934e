"""Try every template before readers meet it: on a house in memory, in all languages of the site.

nothing published yet ----+--> pages, feeds, maps, mails, forms --> faults with file and line
hostile news, bare news --+    by those who make them otherwise

So a template gets here what it will get, and there is no list of what that is.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from publisher import rendering, trialled
from publisher.config import Config
from publisher.errors import TidingsError
from publisher.ledger import tell_all
from publisher.mail import letters, reminders
from publisher.mail.edition import render_correction, render_edition, templates
from publisher.site import indexes, listings, maps, newsletters, touched
from publisher.site import items as item_pages
from publisher.site.view import View, fronts, view
from publisher.tokens import Tokens
from store import editions, items, publications
from store.database import Database, open_database
from store.records import FEED, DeliveryState, Letter, Missing, SigningKey


@dataclass(kw_only=True)
class Trial:
    """What became of the templates."""

    templates: list[rendering.Template]
    #: A sentence for each fault, with its file and line.
    faults: list[str] = field(default_factory=list)
    #: The names of templates that nothing was rendered by.
    untried: list[str] = field(default_factory=list)

    def attempt(self, step: Callable[[], object]) -> None:
        """Take a step; what fails is noted, once, and the next is taken all the same."""
        try:
            step()
        except TidingsError as error:
            if str(error) not in self.faults:
                self.faults.append(str(error))


class Visits(Protocol):
    """Who shows the pages that are made for one request: the web's business."""

    def __call__(
        self, database: Database, config: Config, *, now: datetime
    ) -> Iterable[Callable[[], object]]:
        """Yield steps, each of which shows one."""


def run(config: Config, *, now: datetime, visits: Visits) -> Trial:
    """Try all templates of a site. Raises RenderError when their folder is not there."""
    trial = Trial(templates=rendering.listing(config.templates))
    # One entry to a feed: then there are archives.
    short = config.feeds.model_copy(update={"entries": 1})
    house = config.model_copy(update={"feeds": short})
    with _database() as database:
        with database.read() as tx:
            _pages(trial, view(tx, house))
        _visits(trial, visits(database, house, now=now))
        trial.attempt(lambda: trialled.fill(database, house, now=now))
        with database.read() as tx:
            _pages(trial, view(tx, house))
            _mails(trial, view(tx, house), now)
        trial.attempt(lambda: trialled.offer(database, house, now=now))
        _visits(trial, visits(database, house, now=now))
        _letters(trial, house, now)
        _reminders(trial, house, now)
    used = rendering.used(config.templates)
    trial.untried = [
        each.name for each in trial.templates if each.is_rendered and each.name not in used
    ]
    for name in trial.untried:
        trial.attempt(partial(rendering.parse, name, config.templates))
    return trial


@contextmanager
def _database() -> Iterator[Database]:
    database = open_database("sqlite://")
    database.migrate()
    yield database
    database.close()


def _pages(trial: Trial, seen: View) -> None:
    """Render all that stands on a site, each list and each item by itself."""
    every = [*touched.every(seen.ends, size=seen.size), *fronts(seen.config)]
    for listing in dict.fromkeys(every):
        trial.attempt(partial(_drain, listings.documents, seen, [listing]))
    for item in items.listing(seen.tx):
        trial.attempt(partial(_drain, item_pages.documents, seen, [item.id]))
    for language in seen.config.site.languages:
        trial.attempt(partial(_drain, indexes.documents, seen, language))
        trial.attempt(partial(_drain, newsletters.indexes, seen, language))
    for issue_id in editions.listed(seen.tx):
        trial.attempt(partial(_drain, newsletters.documents, seen, [issue_id]))
    trial.attempt(partial(_drain, maps.parts, seen, [1]))
    trial.attempt(partial(_drain, maps.site, seen))
    trial.attempt(partial(maps.index, seen))
    trial.attempt(partial(indexes.home, seen))


def _visits(trial: Trial, steps: Iterable[Callable[[], object]]) -> None:
    for step in steps:
        trial.attempt(step)


def _drain(make: Callable[..., Iterable[object]], *given: object) -> None:
    for _ in make(*given):
        pass


def _letters(trial: Trial, config: Config, now: datetime) -> None:
    """Render every letter to a single person."""
    tokens = Tokens(keys=[SigningKey(id=1, secret="0" * 64)])
    details = {"names": [trialled.HOSTILE], "consent": 1, "old": "old@example.org"}
    for language in config.site.languages:
        for name in letters.NAMES:
            letter = Letter(
                id=1,
                subscriber_id=1,
                name=name,
                language=language,
                email="reader@example.org",
                details=details,
                created=now,
                state=DeliveryState.QUEUED,
                code=0,
                detail="",
                attempts=0,
            )
            trial.attempt(partial(letters.message, letter, tokens, config))


def _reminders(trial: Trial, config: Config, now: datetime) -> None:
    """Render every reminder to translators: with a deadline, after which this or that, and none."""
    wanted = [
        reminders.Wanted(item=number, title=trialled.HOSTILE, source_language=language)
        for number, language in enumerate(config.site.languages, start=1)
    ]
    ends = [(now, Missing.SKIP), (now, Missing.FALLBACK), (None, Missing.SKIP)]
    for language in config.site.languages:
        for until, then in ends:
            reminder = reminders.Reminder(
                issue_id=1,
                newsletter=trialled.newsletter(config, now=now),
                language=language,
                day=now.date().isoformat(),
                wanted=wanted,
                until=until,
                then=then,
            )
            trial.attempt(
                partial(reminders.message, reminder, "staff@example.org", config, now=now)
            )


def _mails(trial: Trial, seen: View, now: datetime) -> None:
    """Render every mail of stories that say all there is, and of such that say hardly anything."""
    rows = publications.standing(seen.tx, [item.id for item in items.listing(seen.tx)], FEED)
    for language in seen.config.site.languages:
        told = [row for row in rows.values() if row.language == language]
        stories = tell_all(seen.tx, told, seen.config)
        for name in templates(seen.config.templates):
            letter = trialled.newsletter(seen.config, template=name, now=now)
            for each in (stories, stories[:1]):
                digest = partial(render_edition, letter, language, each, issue_id=1)
                trial.attempt(partial(digest, slot=now, config=seen.config))
        letter = trialled.newsletter(seen.config, now=now)
        for story in stories:
            for note in ("", trialled.HOSTILE):
                correction = partial(render_correction, letter, language, story, note=note)
                trial.attempt(partial(correction, sent=now, config=seen.config, issue_id=1))
