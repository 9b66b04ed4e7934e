"""Templates: Jinja2's one home.

Whatever a template prints in HTML or XML is escaped; a name that nobody gave is an error, never
an empty place. Every template gets, beside the values of its caller:

    language, direction      of its readers;  words  the language that our strings are in
    t(key, **slots)          our strings in their language;  n(key, number)  with plural forms
    date(instant)            a day as they write it;  time(instant)  what the clock shows then
    number(value)            a number likewise;  year_name(number)  a year
    listed(words)            words as they join them: "a, b and c"
    language_name(tag)       a language's name in itself;  direction_of(tag)  ltr or rtl
    territorial(tag)         a language with its likeliest territory, as OpenGraph wants it

``value | tojson`` is data for machines: no text in it can end the element that it stands in.
``line | cut(300)`` is a line, cut where any script may be if it is longer than that.

An operator's folder may hold files that take the place of ours. Who writes such a file need not be
who runs the house: where there is a folder, templates run in Jinja2's sandbox, which lets none of
them at the insides of Python.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from traceback import walk_tb
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from publisher import cutting, languages
from publisher.errors import RenderError

#: In the wheel the templates stand inside the package, in a checkout beside it.
FOLDERS = (Path(__file__).parent / "templates", Path(__file__).parent.parent / "templates")


@dataclass(frozen=True, kw_only=True)
class Template:
    """A file that pages and mails are made by."""

    #: Its path below a folder of templates, such as ``email/digest/body.html``.
    name: str
    path: Path
    #: Whether it stands in the operator's folder.
    is_own: bool
    #: Whether one of ours goes by the same name.
    is_ours: bool

    @property
    def is_rendered(self) -> bool:
        """Whether it is filled in; what is not is given out as it stands."""
        return self.path.suffix in {".html", ".opml", ".txt", ".xml"}

    @property
    def mail(self) -> str:
        """The name of the mail that it is a part of: its folder in ``email``; else empty."""
        parts = self.name.split("/")
        return parts[1] if parts[0] == "email" and len(parts) > 2 else ""  # noqa: PLR2004


@cache
def _environment(overrides: Path | None) -> jinja2.Environment:
    if overrides and not overrides.is_dir():
        raise RenderError(f"{overrides}: no such folder; make it, or mend site.templates")
    # The sandbox asks again at every name, which a feed of a thousand entries would notice.
    kind = ImmutableSandboxedEnvironment if overrides else jinja2.Environment
    environment = kind(
        loader=jinja2.FileSystemLoader([overrides, *FOLDERS] if overrides else FOLDERS),
        autoescape=jinja2.select_autoescape(["html", "xml", "opml"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Read once, as our strings and the code are: no page is half of the old templates and
        # half of the new, and nothing that is kept can differ from what would be made now.
        auto_reload=False,
    )
    environment.filters["cut"] = cutting.cut
    environment.policies["json.dumps_function"] = _json
    environment.policies["json.dumps_kwargs"] = {}
    return environment


def _json(value: object) -> str:
    """Return JSON in the letters of its texts; Jinja2 escapes ``<``, ``>``, ``&`` and ``'`` in it.

    U+2028 and U+2029 end a line in scripts of before 2019.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def render(
    template: str,
    chain: Sequence[str],
    *,
    zone: str = "UTC",
    overrides: Path | None = None,
    **values: object,
) -> str:
    """Render a template for readers of ``chain[0]``; our strings come from the chain.

    Dates are days of the time zone ``zone``. A file in the folder ``overrides`` takes the place
    of ours. Raises RenderError, which names the file and the line.
    """
    environment = _environment(overrides)
    try:
        found = environment.get_template(template)
        rendered = found.render({**_of_readers(chain, zone), **values})
        # Half a character cannot be written anywhere: better known here, with a name.
        rendered.encode()
    except Exception as error:
        # Whatever a template of others does: it may add a number to a word.
        raise RenderError(f"{_place(error, template)}: {_reason(error)}") from error
    return rendered


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
        "time": partial(languages.time, language=strings.locale, zone=zone),
        "number": partial(languages.number, language=strings.locale),
        "year_name": partial(languages.year, language=strings.locale),
        "listed": partial(languages.listing, language=strings.locale),
        "language_name": languages.name,
        "name_here": partial(languages.name, within=strings.language),
        "direction_of": languages.direction,
        "territorial": languages.territorial,
    }


def read(name: str, overrides: Path | None = None) -> str:
    """Return a file of the templates as it stands. Raises RenderError when there is none."""
    return _path(name, overrides).read_text(encoding="utf-8")


def listing(overrides: Path | None = None) -> list[Template]:
    """Return all templates, by name. Raises RenderError when there is no such folder."""
    ours = {name for folder in FOLDERS for name in _names(folder)}
    own = set(_names(overrides)) if overrides else set()
    return [
        Template(
            name=name,
            path=_path(name, overrides),
            is_own=name in own,
            is_ours=name in ours,
        )
        for name in sorted(ours | own)
    ]


def parse(name: str, overrides: Path | None = None) -> None:
    """Read a template. Raises RenderError for one that is none, with the file and the line."""
    try:
        _environment(overrides).get_template(name)
    except (jinja2.TemplateError, ValueError, RecursionError) as error:
        # The last two: bytes that are no text, numbers too long, brackets too deep.
        raise RenderError(f"{_place(error, name)}: {_reason(error)}") from error


def used(overrides: Path | None = None) -> set[str]:
    """Return the names of the templates that this process has read, for itself or in others."""
    cached = _environment(overrides).cache
    return {str(key[1]) for key in cached or ()}


def _path(name: str, overrides: Path | None) -> Path:
    for folder in (overrides, *FOLDERS):
        if folder and (folder / name).is_file():
            return folder / name
    raise RenderError(f"templates/{name}: no such file")


def _names(folder: Path) -> list[str]:
    return jinja2.FileSystemLoader(folder).list_templates()


def _place(error: BaseException, template: str) -> str:
    """Return the file and the line where a template failed, as far as they are known."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{_shown(error.filename or template)}:{error.lineno}"
    # Jinja2 gives the frames of templates the names and the lines of their files.
    calls = [
        (frame.f_code.co_filename, line)
        for frame, line in walk_tb(error.__traceback__)
        if "__jinja_exception__" in frame.f_globals
    ]
    if not calls:
        return _shown(template)
    filename, line = calls[-1]
    return f"{_shown(filename)}:{line}"


def _shown(filename: str) -> str:
    """Return the name of one of our files as our documents have it; others with their folder."""
    path = Path(filename)
    for folder in FOLDERS:
        if path.is_relative_to(folder):
            return f"templates/{path.relative_to(folder).as_posix()}"
    return filename if path.is_absolute() else f"templates/{filename}"


def _reason(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateNotFound):
        return f"no template {error.name!r}"
    if isinstance(error, jinja2.TemplateError):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return f"{type(error).__name__}: {error}"
