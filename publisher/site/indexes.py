"""Pages that lead to others: the door, a language's topics and feeds, and what is not there."""

from collections.abc import Iterator
from typing import Any

from publisher import addresses
from publisher.site import linked
from publisher.site.view import Document, View


def home(view: View) -> bytes:
    """Return the page where readers choose their language; it is of the first one."""
    tags = view.config.site.languages
    versions = {tag: addresses.front(tag) for tag in tags}
    names: dict[str, str] = {}
    for tag in tags:
        names.setdefault(view.config.name(tag), tag)
    linked_data = linked.door(view.config)
    return view.steady(tags[0], "home", versions=versions, names=names, linked=linked_data)


def documents(view: View, language: str) -> Iterator[Document]:
    """Yield the pages of a language that lead to others."""
    topics = {key: view.topic_name(key, language) for key in view.topics_of(language)}
    # In the order in which readers look for a name; keys are of no language.
    named = dict(sorted(topics.items(), key=lambda pair: (pair[1].casefold(), pair[0])))
    yield _index(view, language, "topics", topics=named)
    yield _index(view, language, "feeds", names={"": "", **named}, opml=addresses.OPML)
    yield addresses.missing(language), view.steady(language, "missing")


def _index(view: View, language: str, name: str, **values: Any) -> Document:  # noqa: ANN401
    versions = {tag: addresses.index(tag, name) for tag in view.config.site.languages}
    return versions[language], view.steady(language, name, versions=versions, **values)
