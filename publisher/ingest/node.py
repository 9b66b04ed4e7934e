"""A node of Drupal in one language, as its JSON:API gives it. Pure."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from publisher.ingest import cms, stated
from publisher.ingest.jsonapi import Page
from publisher.ingest.links import absolute
from store.records import Workflow

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z0-9_]{1,64}")
_FILE, _MEDIA, _TERM = "file--file", "media--image", "taxonomy_term--"
#: The picture of an article in Drupal's own profile; and of a media entity.
_IMAGE, _MEDIA_IMAGE = "field_image", "field_media_image"
#: More pictures and topics than this have no place in news.
_MAX_RELATIONSHIPS = 20


def relationships(row: Any) -> set[str]:  # noqa: ANN401
    """Return which relationships of a row lead to pictures and topics."""
    found: list[str] = []
    for name, kinds in _kinds(row):
        if _FILE in kinds or any(kind.startswith(_TERM) for kind in kinds):
            found.append(name)
        if _MEDIA in kinds:
            found.append(f"{name}.{_MEDIA_IMAGE}")
    return set(sorted(found)[:_MAX_RELATIONSHIPS])


def _kinds(row: Any) -> Iterator[tuple[str, set[str]]]:  # noqa: ANN401
    """Yield the relationships of a row with the types of what they lead to, the image first."""
    found = cms.dig(row, "relationships")
    names = [name for name in found if _NAME.fullmatch(name)] if isinstance(found, dict) else []
    for name in sorted(names, key=lambda name: (name != _IMAGE, name)):
        # Files without a picture's description are there to be downloaded.
        kinds = {
            cms.text(link, "type")
            for link in cms.entries(row, "relationships", name, "data")
            if cms.text(link, "type") != _FILE or "alt" in (cms.dig(link, "meta") or {})
        }
        yield name, kinds


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node in one language."""

    row: Any
    page: Page
    #: The address of the site in the language that was asked for.
    base: str

    @property
    def uuid(self) -> str:
        """What Drupal calls the node in every language; empty where it says nothing usable."""
        found = cms.text(self.row, "id")
        return found if _UUID.fullmatch(found) else ""

    @property
    def langcode(self) -> str:
        """The language that the text is really in, by Drupal's own code."""
        return cms.line(self.row, "attributes", "langcode")

    @property
    def url(self) -> str:
        """The address of its page."""
        path = cms.line(self.row, "attributes", "path", "alias")
        number = cms.number(self.row, "attributes", "drupal_internal__nid")
        if not path.startswith("/"):
            path = f"/node/{number}" if number else ""
        return f"{self.base}{path}" if path else ""

    @property
    def has_body(self) -> bool:
        """Whether nodes of this kind have a text at all."""
        return "body" in (cms.dig(self.row, "attributes") or {})

    def body(self) -> str:
        """Return its text as CommonMark. Raises InputError."""
        found = cms.dig(self.row, "attributes", "body")
        written = cms.text(found, "value")
        if cms.text(found, "format") == "plain_text":
            written = _escaped(written)
        return cms.commonmark(cms.text(found, "processed") or written, self.url or self.base)

    def language(self, site: tuple[str, ...]) -> str | None:
        """Return the language of ours that it is in, None where it is in another."""
        return stated.site_language(self.langcode, site)

    def fields(self, site: tuple[str, ...], public: Workflow | None) -> Mapping[str, Any]:
        """Return what it says beside its text; ``public`` is what is public. Raises InputError."""
        attributes = cms.dig(self.row, "attributes")
        first = cms.dig(attributes, "default_langcode") is True
        hidden = cms.dig(attributes, "status") is False
        return {
            "title": cms.line(attributes, "title"),
            "summary": cms.summary("summary", cms.text(attributes, "body", "summary")),
            "slug": unquote(self.url).rpartition("/")[2],
            "date": cms.instant(attributes, "created") or cms.instant(attributes, "changed"),
            "topics": list(stated.topics(self._topics()).values()),
            "url": stated.address(self.url),
            "workflow": Workflow.DRAFT if hidden else public,
            "source_language": self.language(site) if first else None,
            "made_from": None if first else self._made_from(site),
            **next(filter(None, self._images()), {}),
        }

    def _made_from(self, site: tuple[str, ...]) -> str | None:
        # "und" stands for none.
        written = cms.line(self.row, "attributes", "content_translation_source")
        found = stated.site_language(written, site)
        return None if found == self.language(site) else found

    def _topics(self) -> Iterator[str]:
        for name, kinds in _kinds(self.row):
            if any(kind.startswith(_TERM) for kind in kinds):
                for _, term in self.page.related(self.row, name):
                    yield cms.line(term, "attributes", "name")

    def _images(self) -> Iterator[dict[str, str]]:
        """Yield the fields of its pictures."""
        for name, kinds in _kinds(self.row):
            for link, target in self.page.related(self.row, name):
                if _FILE in kinds:
                    yield self._picture(link, target)
                elif _MEDIA in kinds:
                    for inner, file in self.page.related(target, _MEDIA_IMAGE):
                        yield self._picture(inner, file)

    def _picture(self, link: Any, file: Any) -> dict[str, str]:  # noqa: ANN401
        address = absolute(cms.line(file, "attributes", "uri", "url"), self.base)
        return cms.picture(address, cms.text(link, "meta", "alt"))


def _escaped(written: str) -> str:
    """Return plain text as HTML, an empty line between paragraphs."""
    parts = re.split(r"\n\s*\n", html.escape(written.replace("\r\n", "\n")))
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts)
