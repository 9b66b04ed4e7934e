"""The archive of newsletters: each language's fullest edition as it was sent, and the lists."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from publisher import addresses
from publisher.mail import links
from publisher.mail.edition import title
from publisher.site.view import Document, View
from store import editions, issues
from store.records import Headline, Newsletter

#: Issues that a newsletter's own page lists; the pages of its years list all.
_NEWEST = 25


def indexes(view: View, language: str) -> Iterator[Document]:
    """Yield the page that lists the newsletters of a language, and the page of each."""
    mine = [each for each in view.newsletters if language in each.languages]
    chain = view.config.chain(language)
    names = {each.key: title(each, chain) for each in mine}
    versions = {tag: addresses.index(tag, "newsletters") for tag in view.config.site.languages}
    yield versions[language], view.steady(language, "newsletters", names=names, versions=versions)
    for each in mine:
        yield addresses.newsletter(language, each.key), _newest(view, each, language)


def documents(view: View, ids: Sequence[int]) -> Iterator[Document]:
    """Yield the editions of these issues, and the pages of their years."""
    known = {each.key: each for each in view.newsletters}
    years = set()
    for issue_id in ids:
        issue = issues.get(view.tx, issue_id)
        zone = ZoneInfo(known[issue.newsletter].timezone)
        for edition in editions.of(view.tx, issue_id):
            # The one that holds all; others are parts of it, for those who take some topics.
            if edition.variant == 0 and edition.language in view.config.site.languages:
                path = addresses.edition(edition.language, issue.newsletter, issue.id)
                yield (
                    path,
                    links.public(view.config, edition.language).fill_html(edition.html).encode(),
                )
                years.add((issue.newsletter, issue.slot.astimezone(zone).year))
    for key, year in sorted(years):
        yield from _year(view, known[key], year)


def _newest(view: View, newsletter: Newsletter, language: str) -> bytes:
    lines = editions.headlines(view.tx, newsletter.key, language, limit=_NEWEST)
    tags = _tags(view, newsletter)
    return _page(view, newsletter, language, tags=tags, lines=lines, year=None)


def _year(view: View, newsletter: Newsletter, year: int) -> Iterator[Document]:
    """Yield the pages of a year in all languages that had issues in it: each leads to all."""
    start, end = _bounds(newsletter, year)
    found = {
        tag: editions.headlines(view.tx, newsletter.key, tag, start=start, end=end)
        for tag in _tags(view, newsletter)
    }
    lists = {tag: lines for tag, lines in found.items() if lines}
    for language, lines in lists.items():
        path = addresses.newsletter(language, newsletter.key, year)
        yield path, _page(view, newsletter, language, tags=[*lists], lines=lines, year=year)


def _tags(view: View, newsletter: Newsletter) -> list[str]:
    """Return the languages of a newsletter in the order of the site."""
    return [tag for tag in view.config.site.languages if tag in newsletter.languages]


def _page(
    view: View,
    newsletter: Newsletter,
    language: str,
    *,
    tags: Sequence[str],
    lines: Sequence[Headline],
    year: int | None,
) -> bytes:
    return view.steady(
        language,
        "newsletter",
        newsletter_name=title(newsletter, view.config.chain(language)),
        key=newsletter.key,
        versions={tag: addresses.newsletter(tag, newsletter.key, year) for tag in tags},
        lines=lines,
        year=year,
        years=list(_years(view, newsletter, language)) if year is None else (),
    )


def _years(view: View, newsletter: Newsletter, language: str) -> Iterator[int]:
    """Yield the years in which a newsletter had issues in a language, newest first."""
    zone = ZoneInfo(newsletter.timezone)
    newest = editions.headlines(view.tx, newsletter.key, language, limit=1)
    oldest = editions.first_headline(view.tx, newsletter.key, language)
    if not newest or oldest is None:
        return
    for year in range(newest[0].slot.astimezone(zone).year, oldest.astimezone(zone).year - 1, -1):
        start, end = _bounds(newsletter, year)
        if editions.headlines(view.tx, newsletter.key, language, limit=1, start=start, end=end):
            yield year


def _bounds(newsletter: Newsletter, year: int) -> tuple[datetime, datetime]:
    """Return when a year begins and ends where the newsletter is at home."""
    zone = ZoneInfo(newsletter.timezone)
    return datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)
