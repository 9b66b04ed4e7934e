"""Reports: how the languages stand to one another. Of items only, never of persons."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from publisher.config import Config
from store import figures
from store.database import Database
from store.parity import count
from store.records import Lag, Parity, Reach

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class LanguageReport:
    """How one language of the site stands."""

    language: str
    #: In the store, and under no embargo.
    items: int
    #: Items that the readers of its feed and pages see, in whatever language.
    published: int
    #: Items without a text in it.
    missing: int
    #: Items whose text in it is behind its source.
    outdated: int
    current: int
    #: The median time from an item's first telling in its source language to the first in this
    #: one, in hours; negative where this one came first. None where nothing was translated.
    median_lag_hours: float | None
    #: How many of the published items are shown in another language now.
    fallbacks: int
    #: The same as a share of the published items, 0 to 1; None where nothing is published.
    fallback_rate: float | None


def parity(
    database: Database, config: Config, *, now: datetime, since: datetime | None = None
) -> list[LanguageReport]:
    """Return how each language of the site stands, over the items that came ``since`` then."""
    with database.read() as tx:
        counts = count(tx, config.site.languages, now=now, since=since)
        reach = figures.reach(tx, now=now, since=since)
        hours = hours_of(figures.lags(tx, now=now, since=since))
    return [report(found, reach.get(found.language), hours.get(found.language)) for found in counts]


def report(found: Parity, reach: Reach | None, hours: Sequence[float] | None) -> LanguageReport:
    """Return what is reported of a language, from what was counted. Pure."""
    published, fallbacks = (reach.published, reach.fallbacks) if reach else (0, 0)
    return LanguageReport(
        **vars(found),
        published=published,
        median_lag_hours=round(median(hours), 2) if hours else None,
        fallbacks=fallbacks,
        fallback_rate=round(fallbacks / published, 4) if published else None,
    )


def hours_of(lags: Iterable[Lag]) -> Mapping[str, "array[float]"]:
    """Return how many hours after the source items were told in each language. Pure."""
    # Eight bytes a figure: there may be hundreds of thousands.
    hours: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for lag in lags:
        hours[lag.language].append((lag.told - lag.source_told) / _HOUR)
    return hours
