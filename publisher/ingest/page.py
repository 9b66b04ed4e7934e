r"""Web pages: one article, with its translations where the page names them.

    page --head--> language, article, translations --each fetched once--> pages
      \--text---> the article alone, without menus and notices --> CommonMark

The translations of a page are one item with it. A page that is not in the language that others
say it is in is a fallback of its site, and no translation.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from publisher import characters
from publisher.errors import InputError
from publisher.ingest import head, stated
from publisher.ingest.article import article
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fetch import Fetcher
from publisher.ingest.fields import MAX_LINE, words
from publisher.ingest.head import Head
from publisher.ingest.limits import MAX_SUMMARY
from publisher.ingest.response import Response
from publisher.ingest.stated import bare
from publisher.ingest.trees import Element
from store.records import Kind, Workflow

_ADVICE = {
    "title": "is missing: the page has neither a heading nor a title",
    "body": "is empty: no article was found on the page; is it a list of others?",
}
_UNSAID = "is missing: the page does not say its language (<html lang>); say it with --language"


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A page as it was read, in one of our languages."""

    place: str
    root: Element
    head: Head
    language: str


@dataclass(frozen=True, kw_only=True)
class _Family:
    """A page and its translations."""

    first: _Read
    #: The address of each by language, in the order of the site.
    pages: Mapping[str, str]
    #: What all of them share, whichever is read first.
    key: str
    #: The language of the page for all others (x-default), else that of the first.
    lead: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page as it was fetched, or as it was saved in a file."""

    #: For people: its address or its path.
    place: str
    response: Response
    #: What fetches its translations; None leaves them.
    fetcher: Fetcher | None
    #: The languages of the site.
    languages: tuple[str, ...]
    #: The zone of dates without one.
    zone: ZoneInfo
    #: What the language is where the page does not say it.
    language: str = ""
    #: None: what is new waits for review.
    workflow: Workflow | None = None

    @property
    def scope(self) -> str:
        """A page says nothing of others."""
        return ""

    def is_complete(self) -> bool:
        """Say whether the page names no translation, which could change by itself.

        Raises InputError where it cannot be read.
        """
        found = head.read(head.tree(self.response), self.response)
        return len({bare(entry.target) for entry in found.translations}) <= 1

    def drafts(self) -> Iterator[Draft | Rejected]:
        """Yield the draft of the page, then those of its translations."""
        try:
            family = self._family(self._read(self.place, self.response, self.language))
        except InputError as error:
            yield Rejected(source=self.place, reason=str(error))
            return
        yield self._draft(family.first, family)
        for language in family.pages:
            if language != family.first.language and self.fetcher:
                yield self._translation(self.fetcher, family, language)

    def _read(self, place: str, response: Response, fallback: str) -> _Read:
        root = head.tree(response)
        found = head.read(root, response)
        language = stated.language([*found.languages, fallback], self.languages, _UNSAID)
        return _Read(place=place, root=root, head=found, language=language)

    def _family(self, page: _Read) -> _Family:
        found = {page.language: page.head.url}
        defaults = []
        for entry in page.head.translations:
            language = stated.site_language(entry.language, self.languages)
            if language:
                found.setdefault(language, entry.target)
            elif entry.language.lower() == "x-default":
                defaults.append(entry.target)
        pages = {language: found[language] for language in self.languages if language in found}
        named = [*defaults, *pages.values()] if len(pages) > 1 else [page.head.url]
        key = bare(next(filter(None, named), "")) or characters.clean_line(self.place)
        leads = (language for language, url in pages.items() if url in defaults)
        return _Family(first=page, pages=pages, key=key, lead=next(leads, page.language))

    def _translation(self, fetcher: Fetcher, family: _Family, language: str) -> Draft | Rejected:
        url, first = family.pages[language], family.first.place
        try:
            page = self._read(url, fetcher.get(url), language)
            if page.language != language:
                raise InputError(
                    "lang",
                    f"{first} says that it is in {language}, but it is in {page.language}: "
                    "its site has no such translation",
                )
            named = {bare(entry.target) for entry in page.head.translations}
            if named and not named & {bare(family.first.head.url), bare(self.response.url)}:
                raise InputError("hreflang", f"does not name {first} as its translation")
        except InputError as error:
            reason = error.reason if error.source == url else str(error)
            return Rejected(source=url, reason=reason, origin=bare(url))
        return self._draft(page, family)

    def _draft(self, page: _Read, family: _Family) -> Draft | Rejected:
        origin = bare(page.head.url) or characters.clean_line(page.place)
        try:
            return self._drafted(page, stated.key(family.key), stated.key(origin), family.lead)
        except InputError as error:
            return Rejected(source=page.place, reason=str(error), origin=origin)

    def _drafted(self, page: _Read, key: str, origin: str, lead: str) -> Draft:
        about = page.head
        lines = [characters.clean_line(line) for line in about.descriptions]
        summary = next((line for line in lines if 0 < len(line) <= MAX_SUMMARY), "")
        titles = (characters.clean_line(title) for title in about.titles)
        return Draft(
            source=page.place,
            key=key,
            origin=origin,
            slug="",
            language=page.language,
            words=words(
                title=stated.whole("title", next(filter(None, titles), "")),
                summary=stated.whole("summary", summary),
                body=stated.whole("body", article(page.root, about.base)),
                image_alt=about.image_alt[:MAX_LINE] if about.image else "",
                advice=_ADVICE,
            ),
            dated=_dated(about.dates, self.zone),
            kind=Kind.NEWS,
            topics=stated.topics(about.sections),
            embargo=None,
            url=stated.address(about.url),
            image=stated.address(about.image),
            workflow=self.workflow,
            source_language=lead,
            source_digest=None,
            made_from=None,
            change=None,
            note="",
        )


def _dated(dates: Iterable[str], zone: ZoneInfo) -> datetime | None:
    """Return the first date that is one. Raises InputError where there are only others."""
    failure = None
    for date in dates:
        try:
            found = stated.instant(date, zone)
        except InputError as error:
            failure = failure or error
        else:
            if found:
                return found
    if failure:
        raise failure
    return None
