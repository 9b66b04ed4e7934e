"""Where the links and the pictures of a mail lead. Pure.

Nothing is fetched: only what leads to the site itself can be known to be dead.
"""

from urllib.parse import unquote, urlsplit

from publisher import addresses
from publisher.config import Config
from publisher.mail.finding import Finding, Findings, Proof, error, warning
from publisher.mail.page import Link, Page

#: Schemes of links that lead somewhere from a mail.
_SCHEMES = frozenset(["http", "https", "mailto", "tel"])


def links(proof: Proof, page: Page) -> Findings:
    """Yield what is wrong with links: dead ones, and such to a page in another language."""
    for link in page.links:
        where = f"html:{link.line}"
        if _scheme(link.href) not in _SCHEMES:
            said = f"{link.href!r} leads nowhere from a mail"
            yield error("link-relative", where, said, "write the whole address, with https://")
            continue
        path = path_of(proof.config, link.href)
        if path is None:
            continue
        if not proof.is_there(path):
            said = f"{link.href}: the site has no such page"
            yield error("link-dead", where, said, "correct the address, or publish the page first")
        there = addresses.language(path)
        foreign = there in proof.config.site.languages and not proof.is_read(there)
        if foreign and link.language != there:
            yield _foreign(proof, link, path, there)


def _foreign(proof: Proof, link: Link, path: str, there: str) -> Finding:
    """Return what is said of a link to a page in a language that is not the readers'.

    Where there is the same page in theirs, nobody means the other.
    """
    said = f"{link.href}: a page in {there}, in an edition in {proof.language}"
    where, item_id = f"html:{link.line}", addresses.item_at(path)
    if item_id is None:
        same = f"/{proof.language}{path.removeprefix(f'/{there}')}"
        better = same if proof.is_there(same) else ""
    else:
        better = proof.pages.get((item_id, proof.language), "")
    if better:
        mend = f'link to {addresses.link(proof.config.site.url, better)}, or say hreflang="{there}"'
        return error("link-language", where, said, mend)
    return warning("link-language", where, said, "say beside it which language it leads to")


def images(proof: Proof, page: Page) -> Findings:
    """Yield what is wrong with pictures."""
    for image in page.images:
        where = f"html:{image.line}"
        path = path_of(proof.config, image.src)
        if _scheme(image.src) not in {"http", "https"}:
            said = f"{image.src!r} is nowhere for a mail"
            yield error("image-address", where, said, "write the whole address, with https://")
        elif path is not None and not proof.is_there(path):
            said = f"{image.src}: the site has no such picture"
            yield error("image-dead", where, said, "correct the address")
        if image.alt is None:
            said = f"{image.src}: nothing says what it shows"
            yield error("alt-missing", where, said, 'write alt="", or what it shows, in it')
        if not image.has_size:
            said = f"{image.src}: no width and height: the text jumps when it comes"
            yield warning("image-size", where, said, "write both, in pixels")


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""


def path_of(config: Config, address: str) -> str | None:
    """Return the path on the site that an address leads to, None for one elsewhere."""
    whole = address.partition("#")[0].partition("?")[0]
    if whole == config.site.url:
        return "/"
    if not whole.startswith(f"{config.site.url}/"):
        return None
    return unquote(whole.removeprefix(config.site.url))


def ours(page: Page, config: Config) -> set[str]:
    """Return the paths on the site that a mail leads to."""
    written = [link.href for link in page.links] + [image.src for image in page.images]
    return {path for path in (path_of(config, address) for address in written) if path}


def is_told(href: str, text: str) -> bool:
    """Say whether a text leads where a link does; of a mailbox its address is enough."""
    if _scheme(href) in {"mailto", "tel"}:
        return unquote(href.partition(":")[2].partition("?")[0]) in text
    return href in text or unquote(href) in unquote(text)
