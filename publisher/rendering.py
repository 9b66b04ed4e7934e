"""Templates: Jinja2's one home.

Whatever a template prints in HTML or XML is escaped; a name that nobody gave is an error, never
an empty place. Every template gets, beside the values of its caller:

    language, direction      of its readers;  words  the language that our strings are in
    t(key, **slots)          our strings in their language;  n(key, number)  with plural forms
    date(instant)            a day as they write it;  number(value)  a number likewise
    language_name(tag)       a language's name in itself;  direction_of(tag)  ltr or rtl
    territorial(tag)         a language with its likeliest territory, as OpenGraph wants it

``value | tojson`` is data for machines: no text in it can end the element that it stands in.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2

from publisher import languages
from publisher.errors import RenderError

#: In the wheel the templates stand inside the package, in a checkout beside it.
FOLDERS = (Path(__file__).parent / "templates", Path(__file__).parent.parent / "templates")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDERS),
        autoescape=jinja2.select_autoescape(["html", "xml", "opml"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Read once, as our strings and the code are: no page is half of the old templates and
        # half of the new, and nothing that is kept can differ from what would be made now.
        auto_reload=False,
    )
    environment.policies["json.dumps_function"] = _json
    environment.policies["json.dumps_kwargs"] = {}
    return environment


def _json(value: object) -> str:
    """Return JSON in the letters of its texts; Jinja2 escapes ``<``, ``>``, ``&`` and ``'`` in it.

    U+2028 and U+2029 end a line in scripts of before 2019.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def render(template: str, chain: Sequence[str], *, zone: str = "UTC", **values: object) -> str:
    """Render a template for readers of ``chain[0]``; our strings come from the chain.

    Dates are days of the time zone ``zone``. Raises RenderError.
    """
    try:
        found = _environment().get_template(template)
        return found.render({**_of_readers(chain, zone), **values})
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f"{template}:{line}" if line else template
        raise RenderError(f"templates/{place}: {error}") from error
    except KeyError as error:
        raise RenderError(f"templates/{template}: {error.args[0]}") from error


def _of_readers(chain: Sequence[str], zone: str) -> Mapping[str, Any]:
    """Return what every template gets."""
    strings = languages.strings(*chain)
    return {
        "language": chain[0],
        "direction": languages.direction(chain[0]),
        "words": strings.language,
        "t": strings.text,
        "n": strings.count,
        "date": partial(languages.date, language=strings.locale, zone=zone),
        "number": partial(languages.number, language=strings.locale),
        "language_name": languages.name,
        "name_here": partial(languages.name, within=strings.language),
        "direction_of": languages.direction,
        "territorial": languages.territorial,
    }


def read(name: str) -> str:
    """Return a file of the templates as it stands. Raises RenderError when there is none."""
    try:
        return _environment().loader.get_source(_environment(), name)[0]  # type: ignore[union-attr]
    except jinja2.TemplateNotFound as error:
        raise RenderError(f"templates/{name}: no such file") from error
