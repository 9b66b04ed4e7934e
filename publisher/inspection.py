"""Look at an issue's editions as mail: the pre-flight, with what the store and the disk know.

editions --> what the site has, or is about to have --> findings --> errors keep the issue back
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from publisher import addresses
from publisher.config import Config
from publisher.errors import PreflightError
from publisher.ledger import tell_all
from publisher.mail import compiled, keys, links, page, preflight, senders, targets
from publisher.mail.edition import Rendered
from publisher.mail.finding import Finding, Proof
from publisher.mail.keys import Signing
from store import images, items, publications
from store.database import Transaction
from store.records import FEED, Edition, Issue, Newsletter

#: An edition and its language.
Language = str
Editions = Sequence[tuple[Language, Rendered]]


def require(
    tx: Transaction, issue: Issue, newsletter: Newsletter, editions: Editions, config: Config
) -> None:
    """Let an issue pass when its editions are fit to be sent.

    Raises PreflightError, which names every error of every edition once.
    """
    if reasons := faults(tx, issue, newsletter, editions, config):
        hint = f"mend it; 'tidings issue check {issue.id}' says what else there is"
        raise PreflightError(f"issue {issue.id}", reasons, hint=hint)


def faults(
    tx: Transaction, issue: Issue, newsletter: Newsletter, editions: Editions, config: Config
) -> list[str]:
    """Return a sentence for every error of these editions, each once."""
    found = inspect(tx, issue, newsletter, editions, config, reads_words=False)
    reasons = (
        f"{language}, {each.where}: {each.message} ({each.code})"
        for language, findings in found
        for each in findings
        if each.level == "error"
    )
    return list(dict.fromkeys(reasons))


def inspect(
    tx: Transaction,
    issue: Issue,
    newsletter: Newsletter,
    editions: Editions,
    config: Config,
    *,
    reads_words: bool = True,
    signing: Signing | None = None,
) -> list[tuple[Language, list[Finding]]]:
    """Return what is wrong with each of an issue's editions.

    ``reads_words``: also which language their words are in, which only warns and takes a second.
    ``signing``: with what the DNS has of its keys, if it was asked.
    """
    signing = signing or keys.signing(config)
    paths = {path for _, each in editions for path in targets.ours(page.read(each.html), config)}
    known = _known(tx, paths, config)
    there = {*known.paths, *known.pages.values(), *_lists(issue, newsletter, config)}

    def is_there(path: str) -> bool:
        return path in there or addresses.is_answered(path) or _is_file(config, path)

    found = []
    for language, rendered in editions:
        proof = Proof(
            rendered=rendered,
            language=language,
            newsletter=newsletter,
            config=config,
            is_there=is_there,
            pages=known.pages,
            message=_message(issue, newsletter, language, rendered, config),
            reads_words=reads_words,
            signing=signing,
        )
        found.append((language, preflight.findings(proof)))
    return found


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the store says of the items that an issue leads to."""

    #: Their pages, by item and language of their readers.
    pages: Mapping[tuple[int, str], str]
    #: Their pictures, and what is led to of items that nobody was told of so far: an issue takes
    #: only what the next look publishes.
    paths: Collection[str]


def _known(tx: Transaction, paths: Iterable[str], config: Config) -> _Known:
    """Return what the ledger says: files may not be written yet."""
    of = {path: found for path in paths if (found := addresses.item_at(path)) is not None}
    rows = publications.standing(tx, {*of.values()}, FEED).values()
    stories = tell_all(tx, [row for row in rows if not row.is_gone], config)
    known = items.many(tx, {*of.values()})
    untold = known.keys() - {row.item_id for row in rows}
    pictures = images.many(tx, [item.image_sha256 for item in known.values()]).values()
    return _Known(
        pages={(story.item_id, story.language): story.path for story in stories},
        paths={
            *(path for path, item_id in of.items() if item_id in untold),
            *(addresses.media(picture.sha256, picture.suffix) for picture in pictures),
        },
    )


def _lists(issue: Issue, newsletter: Newsletter, config: Config) -> Iterable[str]:
    """Yield pages that are there in any case, and those that the issue brings about."""
    yield "/"
    for language in config.site.languages:
        yield addresses.front(language)
        yield from (addresses.index(language, name) for name in addresses.INDEXES)
        yield addresses.newsletter(language, newsletter.key)
        yield addresses.edition(language, newsletter.key, issue.id)


def _is_file(config: Config, path: str) -> bool:
    """Say whether a file is served at a path, or leads on from it."""
    place = config.public / path.lstrip("/")
    names = ("index.html", addresses.moved("")) if path.endswith("/") else ("",)
    # Of a path that no disk takes, such as one with a name of a thousand letters.
    with suppress(OSError, ValueError):
        return any((place / name).is_file() for name in names)
    return False


def _message(
    issue: Issue, newsletter: Newsletter, language: str, rendered: Rendered, config: Config
) -> bytes:
    """Return the edition's message to somebody."""
    edition = Edition(
        id=0, issue_id=issue.id, language=language, items=0, variant=0, **_parts(rendered)
    )
    somebody = compiled.sample(edition, config.sender)
    date = issue.frozen or issue.slot
    from_, reader = senders.sender(newsletter, language, config), links.public(config, language)
    return compiled.message(somebody, edition, from_, reader, date=date)


def _parts(rendered: Rendered) -> dict[str, Any]:
    names = ("subject", "preheader", "html", "text", "sha256")
    return {name: getattr(rendered, name) for name in names}
