"""A post of WordPress, as its REST API gives it. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from publisher import characters
from publisher.errors import InputError
from publisher.ingest import cms, stated
from store.records import Workflow

_WORKFLOWS = {
    "pending": Workflow.IN_REVIEW,
    "draft": Workflow.DRAFT,
    "auto-draft": Workflow.DRAFT,
    "private": Workflow.WITHDRAWN,
    "trash": Workflow.WITHDRAWN,
}
#: A code or a locale of a language, such as fr, pt-br and pt_BR.
_CODE = re.compile(r"[A-Za-z0-9_-]{2,20}")
#: What WordPress puts at the end of a summary that nobody wrote: the beginning of the text.
_CUT = re.compile(r'class="[^"]*\bmore-link\b|\[(?:&hellip;|&#8230;|…|\.\.\.)\]\s*(?:</p>)?\s*\Z')


def language(post: Any) -> str:  # noqa: ANN401
    """Return the code or the locale that a plugin gives it; empty where none does."""
    names = ("lang", "polylang_current_lang", "wpml_current_locale")
    return next(filter(None, (cms.line(post, name) for name in names)), "")


def translations(post: Any) -> dict[str, int]:  # noqa: ANN401
    """Return the posts that are the same text, by the code of their language or their locale."""
    found = cms.dig(post, "translations")
    pairs = list(found.items()) if isinstance(found, dict) else []
    for name in ("polylang_translations", "wpml_translations"):
        pairs += [
            (cms.line(entry, "locale"), cms.dig(entry, "id")) for entry in cms.entries(post, name)
        ]
    numbers = {code: cms.number(value) for code, value in pairs if _CODE.fullmatch(code)}
    return {code: number for code, number in numbers.items() if number}


def body(post: Any) -> str:  # noqa: ANN401
    """Return the HTML of its text. Raises InputError."""
    if cms.dig(post, "content", "protected") is True:
        raise InputError("body", "is protected by a password: only its title is public")
    return cms.text(post, "content", "rendered")


def fields(post: Any, public: Workflow | None) -> Mapping[str, Any]:  # noqa: ANN401
    """Return what it says beside its text; ``public`` is what is public. Raises InputError."""
    excerpt = cms.text(post, "excerpt", "rendered")
    status = cms.line(post, "status")
    published = cms.instant(post, "date_gmt") or cms.instant(post, "modified_gmt")
    media = cms.dig(post, "_embedded", "wp:featuredmedia", 0)
    return {
        "title": cms.plain("title", cms.text(post, "title", "rendered")),
        "summary": "" if _CUT.search(excerpt) else cms.summary("excerpt", excerpt),
        # Letters beyond ASCII come as their bytes.
        "slug": characters.clean_line(unquote(cms.text(post, "slug"))),
        "date": published,
        # Its date lies ahead.
        "embargo": published if status == "future" else "",
        "topics": list(stated.topics(_topics(post)).values()),
        "url": stated.address(cms.text(post, "link")),
        "workflow": _WORKFLOWS.get(status, public),
        **cms.picture(cms.text(media, "source_url"), cms.text(media, "alt_text")),
    }


def _topics(post: Any) -> Iterator[str]:  # noqa: ANN401
    for terms in cms.entries(post, "_embedded", "wp:term"):
        for term in cms.entries(terms):
            if cms.text(term, "taxonomy") in {"category", "post_tag"}:
                yield cms.plain("topics", cms.text(term, "name"))
