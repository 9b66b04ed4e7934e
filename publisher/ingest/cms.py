"""What content management systems answer: JSON that is read without trust.

answer --dig, text, number, entries--> values of the right type, or none
       --drafted--> a draft, checked like all others; or InputError, which names the field
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from publisher import characters, languages
from publisher.errors import InputError
from publisher.ingest import stated
from publisher.ingest.commonmark import from_html
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fields import MAX_LINE, Fields
from publisher.ingest.limits import MAX_SUMMARY
from publisher.ingest.trees import html_tree

#: Answers that one list may have; a longer one is a server's mistake.
MAX_PAGES = 1_000

#: Numbers beyond this are no ids.
_MAX_NUMBER = 2**63

#: How much is shown of a language that nobody knows.
_SHOWN = 80

_ADVICE = {
    "title": "is missing: give the text a title where it was written",
    "body": "is empty: the API gives no text; is it made of blocks, or protected?",
}


def dig(value: Any, *path: str | int) -> Any:  # noqa: ANN401
    """Return what stands at a path within JSON, None where nothing does."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
    return value


def text(value: Any, *path: str | int) -> str:  # noqa: ANN401
    """Return the text at a path, empty where there is none."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def line(value: Any, *path: str | int) -> str:  # noqa: ANN401
    """Return the text at a path as one clean line."""
    return characters.clean_line(text(value, *path))


def number(value: Any, *path: str | int) -> int | None:  # noqa: ANN401
    """Return the whole number at a path, also from its digits; None where there is none."""
    found = dig(value, *path)
    if isinstance(found, str) and re.fullmatch(r"[0-9]{1,18}", found):
        return int(found)
    whole = isinstance(found, int) and not isinstance(found, bool)
    return found if whole and 0 <= found < _MAX_NUMBER else None


def entries(value: Any, *path: str | int) -> list[Any]:  # noqa: ANN401
    """Return the list at a path; one value alone is a list of one."""
    found = dig(value, *path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def plain(name: str, given: str) -> str:
    """Return HTML that stands for one line, as a title does, as text. Raises InputError."""
    if not re.search("[<&]", given):
        return characters.clean_line(given)
    with _named(name):
        root = html_tree(given)
    for element in list(root.iter("script", "style", "template")):
        element.text = ""
    return characters.clean_line("".join(root.itertext()))


def summary(name: str, given: str) -> str:
    """Return the HTML of a summary as text; what is too long for one is none. Raises InputError."""
    found = plain(name, given)
    return found if len(found) <= MAX_SUMMARY else ""


def commonmark(given: str, base: str) -> str:
    """Return the HTML of a body as CommonMark. Raises InputError."""
    with _named("body"):
        return stated.whole("body", from_html(given, base))


def picture(address: str, alt: str) -> dict[str, str]:
    """Return the fields of an image; of one that has no address of the web, none."""
    found = stated.address(address)
    return {"image": found, "image_alt": characters.clean_line(alt)[:MAX_LINE]} if found else {}


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(name, error.reason) from error


def instant(value: Any, *path: str | int) -> str:  # noqa: ANN401
    """Return the instant at a path as text; empty for none, and for the year 0 that means none.

    Some versions of Drupal count seconds.
    """
    seconds = dig(value, *path)
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds < 2**33:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    found = line(value, *path)
    return "" if found.startswith(("0000", "-0001")) else found


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What is passed over for a reason that many texts share: told once, with their number."""

    #: The address of the list.
    address: str
    #: Reasons, each with what the origins begin with of the texts that it is about.
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def pass_over(self, reason: str, origin: str) -> None:
        """Count a text that is passed over."""
        self.counts[reason, origin] += 1

    def pass_over_foreign(self, written: str, site: tuple[str, ...]) -> None:
        """Count a text in a language that the site does not have."""
        shown = written[:_SHOWN] or "none"
        self.pass_over(f"lang: {languages.foreign(shown, site)}", f"{self.address}?lang={shown}")

    def told(self) -> Iterator[Rejected]:
        """Yield each reason."""
        for (reason, origin), count in self.counts.items():
            told = f"{reason}; passed over: {count}"
            yield Rejected(source=self.address, reason=told, origin=origin)


def drafted(
    data: Mapping[str, Any],
    *,
    body: str,
    source: str,
    key: str,
    origin: str,
    language: str,
    site: tuple[str, ...],
) -> Draft:
    """Return the draft of a text by its fields. Raises InputError.

    Its slug says nothing of which texts are one item: the system knows that itself.
    """
    stated.whole("title", str(data["title"]))
    fields = Fields(data=data, languages=site, zone=ZoneInfo("UTC"), advice=_ADVICE)
    found = fields.draft(source=source, key=key, origin=origin, language=language, body=body)
    return replace(found, slug="")


def refused(url: str, error: InputError, origin: str) -> Rejected:
    """Return the refusal of what stands at an address; ``origin`` is what all of it begins with."""
    reason = error.reason if error.source == url else str(error)
    return Rejected(source=url, reason=reason, origin=origin)


def too_large(error: InputError) -> bool:
    """Return whether an answer was refused only because it is too large."""
    return isinstance(error.__cause__, InputError) and error.__cause__.source == "size"
