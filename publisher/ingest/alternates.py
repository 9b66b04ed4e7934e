"""The languages of a page that stands beside what an API says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from publisher.ingest import head
from publisher.ingest.fetch import Fetcher
from publisher.ingest.stated import bare, site_language

#: Not there; gone.
_ABSENT = (404, 410)


@dataclass(frozen=True, kw_only=True)
class Alternates:
    """The languages of a page; what it does not say is empty."""

    #: Its address in the end, bare.
    place: str = ""
    #: Its own language, as it was written.
    language: str = ""
    #: The bare addresses of its translations, and mostly its own, with their languages.
    others: Sequence[tuple[str, str]] = ()

    @property
    def own(self) -> str:
        """The language that its alternates say it is in."""
        found = (tag for place, tag in self.others if place == self.place and not _is_default(tag))
        return next(found, "")

    @property
    def places(self) -> frozenset[str]:
        """The bare addresses of the page and of all its translations."""
        return frozenset({self.place, *(place for place, _ in self.others)})

    def family(self, languages: Sequence[str]) -> list[str]:
        """Return the bare addresses of what is one item with it, in the order of the languages.

        The page for all languages that are not named stands first.
        """
        defaults = [place for place, tag in self.others if _is_default(tag)]
        named: dict[str | None, str] = {}
        for place, tag in self.others:
            named.setdefault(site_language(tag, languages), place)
        found = [named[language] for language in languages if language in named]
        return list(dict.fromkeys([*defaults, *found]))


def alternates(fetcher: Fetcher, url: str) -> Alternates:
    """Return the languages that the page at an address names; none where it is not there.

    Raises InputError where nobody can say now what it names.
    """
    answer = fetcher.get(url, allowed=_ABSENT)
    if answer.status in _ABSENT:
        return Alternates(place=bare(url))
    found = head.read(head.tree(answer), answer)
    return Alternates(
        place=bare(answer.url),
        language=next(filter(None, found.languages), ""),
        others=[(bare(entry.target), entry.language) for entry in found.translations],
    )


def _is_default(tag: str) -> bool:
    return tag.lower() == "x-default"
