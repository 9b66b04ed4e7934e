"""What pages say of themselves to machines: JSON-LD in the words of schema.org. Pure.

https://schema.org/NewsArticle and https://schema.org/WebSite; a property that would be empty
is left out.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from publisher import addresses
from publisher.config import Config
from publisher.story import Correction, Picture, Story

Linked = Mapping[str, Any]

_CONTEXT = "https://schema.org"


def door(config: Config) -> Linked:
    """Return what the page says where readers choose their language."""
    names = list(dict.fromkeys(config.name(tag) for tag in config.site.languages))
    return _filled(
        {
            "@context": _CONTEXT,
            "@type": "WebSite",
            "url": addresses.link(config.site.url, "/"),
            "name": names[0],
            "alternateName": names[1:],
            "inLanguage": list(config.site.languages),
        }
    )


def site(language: str, config: Config) -> Linked:
    """Return what the front page of a language says."""
    return {
        "@context": _CONTEXT,
        "@type": "WebSite",
        "url": addresses.link(config.site.url, addresses.front(language)),
        "name": config.name(language),
        "inLanguage": language,
        "publisher": _house(language, config),
    }


def article(story: Story, versions: Iterable[Story], config: Config) -> Linked:
    """Return what the page of an item says; ``versions`` are the item in every language."""
    url = addresses.link(config.site.url, story.path)
    house = _house(story.language, config)
    said = {
        "@context": _CONTEXT,
        "@type": "NewsArticle",
        "@id": url,
        "url": url,
        "mainEntityOfPage": url,
        "headline": story.title,
        "description": story.summary,
        "inLanguage": story.shown_language,
        "datePublished": story.published.isoformat(),
        "dateModified": story.updated.isoformat(),
        "keywords": [topic.name for topic in story.topics],
        "author": house,
        "publisher": house,
        "image": _image(story.picture, config) if story.picture else None,
        "isBasedOn": story.origin,
        "copyrightNotice": config.rights(story.language),
        "correction": [_correction(correction) for correction in story.corrections],
        **_translations(story, versions, config),
    }
    return _filled(said)


def is_other(version: Story, story: Story) -> bool:
    """Say whether a version has the same text in other words: in its own, no fallback's."""
    return version.shown_language == version.language != story.shown_language


def _translations(story: Story, versions: Iterable[Story], config: Config) -> Linked:
    """Return what was translated from this text, or what this text was translated from.

    A page that shows another language's words for want of its own is neither.
    """
    if story.shown_language != story.language:
        return {}
    others = [version for version in versions if is_other(version, story)]
    source = [_work(each, config) for each in others if each.language == each.source_language]
    if story.language == story.source_language:
        return {"workTranslation": [_work(each, config) for each in others]}
    return {"translationOfWork": source[0] if source else None}


def _work(story: Story, config: Config) -> Linked:
    url = addresses.link(config.site.url, story.path)
    return {"@type": "NewsArticle", "@id": url, "url": url, "inLanguage": story.language}


def _house(language: str, config: Config) -> Linked:
    url = addresses.link(config.site.url, "/")
    return {"@type": "Organization", "name": config.name(language), "url": url}


def _image(picture: Picture, config: Config) -> Linked:
    return _filled(
        {
            "@type": "ImageObject",
            "url": addresses.link(config.site.url, picture.path),
            "width": picture.width,
            "height": picture.height,
            "caption": picture.alt,
        }
    )


def _correction(correction: Correction) -> Linked:
    return _filled(
        {
            "@type": "CorrectionComment",
            "datePublished": correction.date.isoformat(),
            "text": correction.note,
            "inLanguage": correction.language,
        }
    )


def _filled(said: Linked) -> Linked:
    return {name: value for name, value in said.items() if value not in (None, "", [])}
