"""Pages that seldom change, made anew only when something that they show has changed.

Every pass asks for all of them: whether a topic has got a name or a newsletter its first issue
is known best by what the page would show.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from publisher.kept import Kept
from publisher.rendering import render

#: Bytes for all pages that a process keeps: those of some fifty languages with as many topics.
_ROOM = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that a page is made from."""

    template: str
    #: Where our strings come from, nearest first.
    chain: tuple[str, ...]
    #: The time zone of the days that it names.
    zone: str
    #: The folder of the operator's own templates.
    templates: Path | None
    #: All that is data in the values, as Python writes it: what is written alike is alike.
    shown: str
    #: What the template gets; what is no data in it does not differ from pass to pass.
    values: Mapping[str, object] = field(compare=False)


def _make(page: Page) -> str:
    return render(
        page.template, page.chain, zone=page.zone, overrides=page.templates, **page.values
    )


def _size(page: Page, made: str) -> int:
    # Most scripts take two bytes a letter in Python; the values are about what is shown of them.
    return 2 * (len(made) + 2 * len(page.shown))


#: Pages by what they show. Pure; raises RenderError.
make: Callable[[Page], str] = Kept(_make, size=_size, limit=_ROOM)
