"""WordPress, through its REST API.

    /wp/v2/posts, page after page --> language? --> Draft
                                        |  fields of Polylang or WPML, else the post's own page
                                        +--> texts that these name and no page showed: ?lang=...

WordPress itself knows no languages. Posts that the plugins join are one item, and so are pages
that name each other as alternates (hreflang).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from publisher.errors import InputError
from publisher.ingest import cms
from publisher.ingest.alternates import Alternates, alternates
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fetch import Fetcher
from publisher.ingest.fields import is_address
from publisher.ingest.post import body, fields, language, translations
from publisher.ingest.stated import bare, site_language
from store.records import Workflow

#: As many as WordPress gives at once.
PER_PAGE = 100

_UNSAID = "is missing: neither a plugin nor the post's page says it; say it with --language"


@dataclass(frozen=True, kw_only=True)
class WordPress:
    """The posts of a WordPress site."""

    #: The address of its API, without a slash at its end: ``https://example.org/wp-json``.
    root: str
    fetcher: Fetcher
    #: The languages of our site.
    languages: tuple[str, ...]
    #: What the API calls the kind of posts.
    route: str = "posts"
    #: What the language is where nobody says it.
    language: str = ""
    #: What is public there; None: what is new waits for review.
    workflow: Workflow | None = None

    @property
    def scope(self) -> str:
        """The API shows all that is public."""
        return f"{self.address}/"

    @property
    def address(self) -> str:
        """The address of the list."""
        return f"{self.root}/wp/v2/{self.route}"

    def drafts(self) -> Iterator[Draft | Rejected]:
        """Yield the drafts of all posts, then what was passed over."""
        run = _Run(source=self)
        yield from run.listing("")
        for code in run.unseen():
            yield from run.listing(code)
        yield from run.tally.told()


def root_of(place: str) -> tuple[str, str] | None:
    """Return the API's root and the kind of posts in an address below it; None for any other."""
    root = r"https?://[^?#]*/wp-json|https?://[^#]*\?rest_route="
    found = re.match(rf"({root})(?:/wp/v2/([a-z0-9_-]+))?(?=[/?#&]|\Z)", place)
    return (found[1], found[2] or "posts") if found else None


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one answer gives of a list."""

    posts: list[Any] = field(default_factory=list)
    #: Whether there may be more behind it.
    more: bool
    #: Why the post that should be here is not.
    refused: Rejected | None = None


@dataclass(kw_only=True)
class _Run:
    """One reading of a site, and what it has seen."""

    source: WordPress
    tally: cms.Tally = field(init=False)
    #: The posts that were shown.
    seen: set[int] = field(default_factory=set)
    #: By language of ours: the system's own code of it, and the posts that are said to be in it.
    named: dict[str, tuple[str, set[int]]] = field(default_factory=dict)
    #: Whether a list broke off.
    broken: bool = False
    _front: Alternates | None = None

    def __post_init__(self) -> None:
        self.tally = cms.Tally(address=self.source.address)

    def unseen(self) -> list[str]:
        """Return the codes of languages that have posts which the list did not show.

        Some plugins show one language at a time.
        """
        codes = [code for code, posts in self.named.values() if posts - self.seen]
        return [] if self.broken else codes

    def listing(self, code: str) -> Iterator[Draft | Rejected]:
        """Yield what the pages of a list hold: of all posts, or those in a language."""
        shown: set[int] = set()
        more, page, url = True, 0, self.source.address
        try:
            while more:
                page += 1
                url = self._url(page, PER_PAGE, code)
                if page > cms.MAX_PAGES:
                    raise InputError(url, f"is beyond the {cms.MAX_PAGES} pages that are read")
                for part in self._parts(page, PER_PAGE, code):
                    more = part.more
                    yield from self._shown(part, url, shown)
        except InputError as error:
            self.broken = True
            yield cms.refused(url, error, self.source.address)

    def _shown(self, part: _Part, url: str, shown: set[int]) -> Iterator[Draft | Rejected]:
        ids = {number for post in part.posts if (number := cms.number(post, "id"))}
        if part.posts and ids <= shown:
            raise InputError(url, "shows nothing that earlier pages did not: a list in circles")
        shown |= ids
        yield from self._texts(part.posts)
        if part.refused:
            self.broken = True
            yield part.refused

    def _url(self, page: int, size: int, code: str) -> str:
        # In the order of their ids: what is published meanwhile does not move the pages.
        query = f"per_page={size}&page={page}&orderby=id&order=asc&_embed=wp:term,wp:featuredmedia"
        language = f"&lang={code}" if code else ""
        sign = "&" if "?" in self.source.root else "?"
        return f"{self.source.address}{sign}{query}{language}"

    def _parts(self, page: int, size: int, code: str) -> Iterator[_Part]:
        """Yield the posts of a page, in smaller parts where it is too large. Raises InputError."""
        url = self._url(page, size, code)
        try:
            whole = self._part(url, page, size)
        except InputError as error:
            if not cms.too_large(error):
                raise
            if size == 1:
                yield _Part(more=True, refused=cms.refused(url, error, self.source.address))
                return
        else:
            yield whole
            return
        for smaller in range((page - 1) * 10 + 1, page * 10 + 1):
            for part in self._parts(smaller, size // 10, code):
                yield part
                if not part.more:
                    return

    def _part(self, url: str, page: int, size: int) -> _Part:
        answer = self.source.fetcher.get(url, allowed={400} if page > 1 else ())
        found = answer.json()
        if answer.status != 200:  # noqa: PLR2004  (HTTP: OK)
            if cms.text(found, "code") == "rest_post_invalid_page_number":
                return _Part(more=False)
            raise InputError(url, f"its server answered {answer.status}, which gives no posts")
        if not isinstance(found, list):
            raise InputError(url, "is no list of posts: is this the address of the API?")
        # The number of pages is not believed where a page is full: it may have been cut.
        total = answer.headers.get("x-wp-totalpages", "")
        pages = int(total) if re.fullmatch(r"[0-9]{1,9}", total) else 0
        return _Part(posts=found, more=bool(found) and (len(found) >= size or page < pages))

    def _texts(self, posts: list[Any]) -> Iterator[Draft | Rejected]:
        for post in posts:
            ident = cms.number(post, "id")
            if ident in self.seen:
                continue
            if ident is None:
                yield Rejected(
                    source=self.source.address, reason="a post has no id: it is passed by"
                )
                continue
            self.seen.add(ident)
            link = cms.line(post, "link")
            origin = f"{self.source.scope}{ident}"
            try:
                draft = self._draft(post, ident, link, origin)
            except InputError as error:
                yield Rejected(source=link or origin, reason=str(error), origin=origin)
            else:
                yield from [draft] if draft else []

    def _draft(self, post: Any, ident: int, link: str, origin: str) -> Draft | None:  # noqa: ANN401
        written, key = self._by_plugin(post, ident) or self._by_page(link, origin)
        found = site_language(written, self.source.languages)
        if found is None:
            self.tally.pass_over_foreign(written, self.source.languages)
            return None
        return cms.drafted(
            fields(post, self.source.workflow),
            body=cms.commonmark(body(post), link),
            source=link or origin,
            key=key,
            origin=origin,
            language=found,
            site=self.source.languages,
        )

    def _by_plugin(self, post: Any, ident: int) -> tuple[str, str] | None:  # noqa: ANN401
        """Return the language and the key of a post as Polylang or WPML give them."""
        written, posts = language(post), translations(post)
        if not written:
            return None
        for code, other in posts.items():
            mine = site_language(code, self.source.languages)
            if mine:
                # Of a locale (fr_FR) the plugins ask for the language.
                self.named.setdefault(mine, (code.split("_")[0], set()))[1].add(other)
        return written, bare(f"{self.source.scope}{min({ident, *posts.values()})}")

    def _by_page(self, link: str, origin: str) -> tuple[str, str]:
        """Return the language and the key of a post as its page gives them. Raises InputError."""
        page = alternates(self.source.fetcher, link) if is_address(link) else Alternates()
        front = self._front_page()
        nearest = (page.own, page.language, front.own, front.language, self.source.language)
        written = next(filter(None, nearest), "")
        if not written:
            raise InputError("lang", _UNSAID)
        # Where a translation is missing, some sites name the front page of that language.
        family = page.family(self.source.languages)
        joined = [place for place in family if place not in front.places]
        return written, joined[0] if page.own and len(joined) > 1 else bare(origin)

    def _front_page(self) -> Alternates:
        if self._front is None:
            home = re.sub(r"(wp-json|\?rest_route=)\Z", "", self.source.root)
            self._front = Alternates(place=bare(home))
            with suppress(InputError):
                self._front = alternates(self.source.fetcher, home)
        return self._front
