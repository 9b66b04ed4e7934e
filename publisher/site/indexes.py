"""The pages of a language that lead to others: its topics, its feeds, and what is not there."""

from collections.abc import Iterator

from publisher import addresses
from publisher.site.view import Document, View


def documents(view: View, language: str) -> Iterator[Document]:
    """Yield the pages of a language that lead to others."""
    topics = {key: view.topic_name(key, language) for key in view.topics_of(language)}
    # In the order in which readers look for a name; keys are of no language.
    named = dict(sorted(topics.items(), key=lambda pair: (pair[1].casefold(), pair[0])))
    yield addresses.index(language, "topics"), view.page(language, "topics", topics=named)
    yield (
        addresses.index(language, "feeds"),
        view.page(language, "feeds", names={"": "", **named}, opml=addresses.OPML),
    )
    yield addresses.missing(language), view.page(language, "missing")
