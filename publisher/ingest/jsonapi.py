"""Lists of a JSON:API (https://jsonapi.org, version 1.1), page after page.

page --> which relationships are wanted? --not yet included--> the same page with them
     --links.next--> its page[...] parameters only: the list never leaves its address
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from publisher.errors import InputError
from publisher.ingest import cms
from publisher.ingest.fetch import Fetcher

#: The most parameters of a link to the next page.
_MAX_PARAMETERS = 50
_LIMIT, _OFFSET = "page[limit]", "page[offset]"
_ABSENT = 404


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list."""

    rows: list[Any] = field(default_factory=list)
    #: What it includes beside its rows, by type and id.
    included: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    #: Why the row that should be here is not.
    refused: InputError | None = None

    def related(self, row: Any, name: str) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
        """Yield what a row relates to: the link itself, which may say more, and its target."""
        for found in cms.entries(row, "relationships", name, "data"):
            place = (cms.text(found, "type"), cms.text(found, "id"))
            yield found, self.included.get(place)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list at an address."""

    fetcher: Fetcher
    url: str
    #: Rows to ask for at once.
    size: int
    #: Says of a row which relationships to include.
    wanted: Callable[[Any], set[str]]
    #: How many pages are read of it.
    most: int = cms.MAX_PAGES

    def pages(self, *, optional: bool) -> Iterator[Page]:
        """Yield the pages of the list; none where it is ``optional`` and not there.

        Raises InputError where it breaks off.
        """
        include: set[str] = set()
        asked: set[tuple[tuple[str, str], ...]] = set()
        place: dict[str, str] | None = {_LIMIT: str(self.size)}
        while place:
            step = tuple(sorted(place.items()))
            if step in asked or len(asked) >= self.most:
                reason = "leads back to itself" if step in asked else "is longer than what is read"
                raise InputError(self.url, f"{reason} ({urlencode(place)})")
            asked.add(step)
            try:
                answer = self._page(place, include, optional=optional and len(asked) == 1)
            except InputError as error:
                if not cms.too_large(error):
                    raise
                refused, place = self._smaller(place, error)
                yield from [Page(refused=refused)] if refused else []
                continue
            if answer is None:
                return
            yield Page(rows=cms.entries(answer, "data"), included=_included(answer))
            place = self._next(answer)

    def _page(self, place: Mapping[str, str], include: set[str], *, optional: bool) -> Any:  # noqa: ANN401
        """Return a page with all that is wanted of it, None where there is no list."""
        answer = self._ask(place, include, optional=optional)
        wanted = {name for row in cms.entries(answer, "data") for name in self.wanted(row)}
        if answer is not None and wanted - include:
            include |= wanted
            answer = self._ask(place, include, optional=False)
        return answer

    def _ask(self, place: Mapping[str, str], include: set[str], *, optional: bool) -> Any:  # noqa: ANN401
        included = [("include", ",".join(sorted(include)))] if include else []
        url = f"{self.url}?{urlencode([*sorted(place.items()), *included])}"
        answer = self.fetcher.get(url, allowed={_ABSENT} if optional else ())
        if answer.status == _ABSENT:
            return None
        found = answer.json()
        if not isinstance(cms.dig(found, "data"), list):
            raise InputError(url, "is no list of a JSON:API: is this its address?")
        return found

    def _smaller(
        self, place: Mapping[str, str], error: InputError
    ) -> tuple[InputError | None, dict[str, str]]:
        """Return where to go on from a page that is too large: with fewer rows, or behind it."""
        size = int(place[_LIMIT])
        if size > 1:
            return None, {**place, _LIMIT: str(max(size // 10, 1))}
        offset = cms.number(place, _OFFSET) or 0
        behind = {**place, _OFFSET: str(offset + 1), _LIMIT: str(self.size)}
        return error, behind

    def _next(self, answer: Any) -> dict[str, str] | None:  # noqa: ANN401
        link = cms.line(answer, "links", "next", "href") or cms.line(answer, "links", "next")
        if not link:
            return None
        try:
            pairs = parse_qsl(urlsplit(link).query, max_num_fields=_MAX_PARAMETERS)
        except ValueError as error:
            raise InputError(self.url, "its link to the next page is no address") from error
        place = {name: value for name, value in pairs if name.startswith("page[")}
        if not place:
            raise InputError(self.url, "its link to the next page does not say which page")
        return {**place, _LIMIT: str(self.size)}


def _included(answer: Any) -> Mapping[tuple[str, str], Any]:  # noqa: ANN401
    return {
        (cms.text(entry, "type"), cms.text(entry, "id")): entry
        for entry in cms.entries(answer, "included")
    }
