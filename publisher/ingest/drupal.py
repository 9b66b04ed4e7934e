r"""Drupal, through its JSON:API.

    /jsonapi --> kinds of nodes (bundles); of each, in each language of ours:

    /fr/jsonapi/node/article --langcode fr--> Draft
                              \--another: Drupal's fallback, which is no translation
    /jsonapi/node/article    --what no language has shown--> Draft

The texts of one node are one item.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from publisher.errors import InputError
from publisher.ingest import cms
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fetch import Fetcher
from publisher.ingest.jsonapi import Listing
from publisher.ingest.node import Node, relationships
from store.records import Workflow

#: As many as Drupal gives at once.
PER_PAGE = 50

_BUNDLE = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Drupal:
    """The nodes of a Drupal site."""

    #: The address of its API, without a slash at its end: ``https://example.org/jsonapi``.
    root: str
    fetcher: Fetcher
    #: The languages of our site.
    languages: tuple[str, ...]
    #: The kind of nodes to read; empty for all.
    bundle: str = ""
    #: What is public there; None: what is new waits for review.
    workflow: Workflow | None = None

    @property
    def scope(self) -> str:
        """The API shows all that is public."""
        return f"{self.root}/node/{self.bundle}/" if self.bundle else f"{self.root}/"

    def drafts(self) -> Iterator[Draft | Rejected]:
        """Yield the drafts of all nodes, then what was passed over."""
        run = _Run(source=self, tally=cms.Tally(address=self.root))
        try:
            bundles = [self.bundle] if self.bundle else self._bundles()
        except InputError as error:
            yield cms.refused(self.root, error, self.scope.removesuffix("/"))
            return
        for bundle in bundles:
            for language in [*self.languages, ""]:
                yield from run.listing(bundle, language)
            yield from run.waiting()
        yield from run.tally.told()

    def _bundles(self) -> Sequence[str]:
        links = cms.dig(self.fetcher.get(self.root).json(), "links")
        names = [str(name) for name in links] if isinstance(links, dict) else []
        found = [name.removeprefix("node--") for name in names if name.startswith("node--")]
        bundles = [name for name in found if _BUNDLE.fullmatch(name)]
        if not bundles:
            raise InputError(self.root, "names no nodes: is this the address of the JSON:API?")
        return sorted(bundles)


def root_of(place: str) -> tuple[str, str] | None:
    """Return the API's root and the bundle in an address below it; None for any other address."""
    found = re.match(r"(https?://[^?#]*/jsonapi)(?:/node/([a-z0-9_]+))?(?:[/?#]|\Z)", place)
    return (found[1], found[2] or "") if found else None


@dataclass(kw_only=True)
class _Run:
    """One reading of a site, and what it has seen."""

    source: Drupal
    tally: cms.Tally
    #: The texts that were shown, and those that became drafts: by node and language.
    seen: set[tuple[str, str]] = field(default_factory=set)
    given: set[tuple[str, str]] = field(default_factory=set)
    #: Texts that are made from one that has not come yet.
    held: list[Draft] = field(default_factory=list)

    def listing(self, bundle: str, language: str) -> Iterator[Draft | Rejected]:
        """Yield the texts of a kind of nodes in a language; where it is empty, in any other."""
        site = self.source.root.removesuffix("/jsonapi")
        base = f"{site}/{language.lower()}" if language else site
        url = f"{base}/jsonapi/node/{bundle}"
        listing = Listing(fetcher=self.source.fetcher, url=url, size=PER_PAGE, wanted=relationships)
        try:
            # A language that Drupal does not have is no fault of anybody.
            for page in listing.pages(optional=bool(language)):
                if page.refused:
                    yield cms.refused(page.refused.source, page.refused, self._kind(bundle))
                for row in page.rows:
                    yield from self._text(Node(row=row, page=page, base=base), bundle, language)
        except InputError as error:
            yield cms.refused(url, error, self._kind(bundle))

    def waiting(self) -> Iterator[Draft]:
        """Yield what was made from other texts; where these are not there, from the source."""
        for draft in self.held:
            known = (draft.key, draft.made_from) in self.given
            yield draft if known else replace(draft, made_from=None)
        self.held.clear()

    def _kind(self, bundle: str) -> str:
        """Return what the origins of all nodes of a kind begin with."""
        return f"{self.source.root}/node/{bundle}"

    def _text(self, node: Node, bundle: str, language: str) -> Iterator[Draft | Rejected]:
        if not node.uuid:
            reason = "a node has no id: it is passed by"
            yield Rejected(source=self.source.root, reason=reason, origin=self._kind(bundle))
            return
        origin = f"{self._kind(bundle)}/{node.uuid}"
        try:
            draft = self._draft(node, bundle, language, origin)
        except InputError as error:
            yield Rejected(source=node.url or origin, reason=str(error), origin=origin)
            return
        if draft is None:
            return
        self.given.add((draft.key, draft.language))
        if draft.made_from and (draft.key, draft.made_from) not in self.given:
            self.held.append(draft)
        else:
            yield draft

    def _draft(self, node: Node, bundle: str, language: str, origin: str) -> Draft | None:
        found = self._language(node, language)
        if found is None or (node.uuid, found) in self.seen:
            return None
        self.seen.add((node.uuid, found))
        if not node.has_body:
            reason = f"body: nodes of the kind {bundle} have none"
            self.tally.pass_over(reason, self._kind(bundle))
            return None
        return cms.drafted(
            node.fields(self.source.languages, self.source.workflow),
            body=node.body(),
            source=node.url or origin,
            key=node.uuid,
            origin=origin,
            language=found,
            site=self.source.languages,
        )

    def _language(self, node: Node, asked: str) -> str | None:
        """Return the language of a text to take, None for one to pass over."""
        found = node.language(self.source.languages)
        if asked:
            # Another is what Drupal shows where there is no translation.
            return found if found == asked else None
        if found is None:
            self.tally.pass_over_foreign(node.langcode, self.source.languages)
        return found
