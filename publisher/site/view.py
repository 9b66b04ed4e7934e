"""What one pass over the public files sees: one snapshot of the store, and the settings."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

from publisher import addresses, markup
from publisher.config import Config
from publisher.rendering import render
from publisher.site import steady
from publisher.site.linked import Linked
from publisher.site.touched import Listing, archives, leads_on
from publisher.story import label
from store import entries, newsletters, topics
from store.database import Transaction
from store.records import Newsletter, Topic

#: The page where readers choose their language.
HOME = "/"

_NOWHERE: Mapping[str, str] = {}

#: What the frame of every page gets beside its data.
_FRAMERS: Mapping[str, object] = {"framed": markup.framed, "home": HOME}

#: A public file: its path below the site's address, and its bytes; None where there is none.
Document = tuple[str, bytes | None]


@dataclass(frozen=True, kw_only=True)
class View:
    """The store in a read transaction, with what every list asks for."""

    tx: Transaction
    config: Config
    #: By feed that has told something, the number of its last place.
    ends: Mapping[entries.Feed, int]
    topics: Mapping[str, Topic]
    newsletters: Sequence[Newsletter]

    @property
    def size(self) -> int:
        """How many entries a document of a feed holds."""
        return self.config.feeds.entries

    def archives(self, listing: Listing) -> int:
        """Return how many archive documents the feed of a list has."""
        return archives(listing.feed, self.ends.get(listing.feed, 0), size=self.size)

    def following(self, listing: Listing) -> int | None:
        """Return the number of the archive document that one leads on to."""
        end = self.ends.get(listing.feed, 0)
        is_led_to = listing.archive and leads_on(listing, end, size=self.size)
        return listing.archive + 1 if listing.archive and is_led_to else None

    def topic_name(self, key: str, language: str) -> str:
        """Return the name of a topic for readers of a language."""
        return label(self.topics[key], self.config.chain(language)).name

    def title(self, listing: Listing) -> str:
        """Return the title of a feed."""
        site = self.config.name(listing.language)
        if not listing.topic:
            return site
        return f"{site}: {self.topic_name(listing.topic, listing.language)}"

    @cached_property
    def topic_links(self) -> Mapping[str, Mapping[str, str]]:
        """The topics that have a page, by language and key, with the link to it.

        Lists name some hundred topics: a template looks them up quicker than it calls for them.
        """
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for language, key in self.ends:
            path = addresses.listing(language, key)
            found[language][key] = addresses.link(self.config.base_path, path)
        return found

    def topics_of(self, language: str) -> Sequence[str]:
        """Return the topics that a language has news of, by key."""
        return [topic for tag, topic in self.ends if tag == language and topic]

    def page(
        self,
        language: str,
        name: str,
        *,
        versions: Mapping[str, str] = _NOWHERE,
        linked: Linked | None = None,
        **values: object,
    ) -> bytes:
        """Return a page for readers of a language, from ``templates/web``. Raises RenderError.

        ``versions`` are the paths of the page in each language that has it, by language; what
        only stands in the place of a page has none.
        """
        data = {"versions": versions, "linked": linked, **self._framing(language), **values}
        return self.render(f"web/{name}.html", language, **data, **_FRAMERS)

    def steady(
        self,
        language: str,
        name: str,
        *,
        versions: Mapping[str, str] = _NOWHERE,
        linked: Linked | None = None,
        **values: object,
    ) -> bytes:
        """Return a page as :meth:`page` does, that seldom changes; all its values are data."""
        data = {"versions": versions, "linked": linked, **self._framing(language), **values}
        config = self.config
        shown = (config.site.url, {tag: config.name(tag) for tag in config.site.languages}, data)
        page = steady.Page(
            template=f"web/{name}.html",
            chain=config.chain(language),
            zone=config.site.timezone,
            templates=config.templates,
            shown=repr(shown),
            values={**self._values, **data, **_FRAMERS},
        )
        return steady.make(page).encode()

    def _framing(self, language: str) -> dict[str, object]:
        """Return what the frame of a page for readers of a language is made from."""
        return {
            "topic_links": self.topic_links.get(language, {}),
            "rights": self.config.rights(language),
        }

    def neutral(self, name: str, **values: object) -> bytes:
        """Return what is for no language more than for another, from ``templates/map``."""
        return self.render(f"map/{name}", self.config.site.languages[0], **values)

    def render(self, template: str, language: str, **values: object) -> bytes:
        """Return a document for readers of a language. Raises RenderError."""
        config = self.config
        made = render(
            template,
            config.chain(language),
            zone=config.site.timezone,
            overrides=config.templates,
            **{**self._values, **values},
        )
        return made.encode()

    @cached_property
    def _values(self) -> Mapping[str, object]:
        """What every document of the site gets."""
        config = self.config
        return {
            "link": partial(addresses.link, config.base_path),
            "absolute": partial(addresses.link, config.site.url),
            "front": addresses.front,
            "listing": addresses.listing,
            "feed_path": addresses.feed,
            "index_path": addresses.index,
            "newsletter_path": addresses.newsletter,
            "subscribe_path": addresses.subscribe,
            "edition_path": addresses.edition,
            "formats": addresses.FEED_FORMATS,
            "format_names": addresses.FEED_NAMES,
            "languages": config.site.languages,
            # A page asks for it again and again.
            "site_name": cache(config.name),
        }


def view(tx: Transaction, config: Config) -> View:
    """Return what a transaction sees."""
    return View(
        tx=tx,
        config=config,
        ends=entries.ends(tx, config.site.languages),
        topics={topic.key: topic for topic in topics.listing(tx)},
        newsletters=newsletters.listing(tx),
    )


def fronts(config: Config) -> Iterator[Listing]:
    """Yield the lists that stand there before there is any news."""
    return (Listing(language=language) for language in config.site.languages)
