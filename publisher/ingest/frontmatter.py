"""Split a Markdown file into its front matter and its text, and put it together.

Three forms are read: YAML between ``---`` lines and TOML between ``+++`` lines (Hugo,
Jekyll), and ``Key: value`` lines up to the first empty one (Pelican). YAML is read without
its guesses: ``lang: no`` stays Norwegian, a date stays as it was written, and no comment
begins within a title.
"""

import re
import tomllib
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import yaml

from publisher.errors import InputError

#: Longer front matter is no front matter but an attack or a mistake.
MAX_CHARACTERS = 65_536

#: Full stops in a line of TOML: reading a key of n parts takes time with the cube of n.
MAX_DOTS = 200

#: Lists within lists: reading them takes time with the square of their depth.
MAX_DEPTH = 50

_HERE = "front matter"

#: What mends most of what people write that YAML reads otherwise.
_MEND = 'put the value between quotation marks, such as title: "A: b", and \\ before one within it'

#: The fields that people read: there a number sign is theirs, behind all others it is a comment.
_PROSE = ("title", "summary", "description", "image_alt", "note")

#: What YAML passes over behind a value (YAML 1.2, 6.6).
_COMMENT = re.compile(r"[ \t]+#")

_FENCED = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^\1[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
#: Possessive throughout: trying again otherwise takes twice as long for each further line.
_HEADER = re.compile(
    r"\A(?:[A-Za-z][\w-]*+:[^\n]*+(?:\n|\Z)(?:[ \t][^\n]*+(?:\n|\Z))*+)++(?=\n|\Z)"
)


def split(text: str) -> tuple[Mapping[str, Any], str]:
    """Return front matter, its keys in lower case, and the text below it.

    Raises InputError for what is no front matter.
    """
    fenced = _FENCED.match(text)
    # One character more than is allowed: what is longer shall be told so.
    found = fenced or _HEADER.match(text, 0, MAX_CHARACTERS + 1)
    if found is None:
        raise InputError(_HERE, "is missing: write 'title: ...' between two --- lines")
    head = fenced[2] if fenced else found[0]
    if len(head) > MAX_CHARACTERS:
        raise InputError(_HERE, f"is longer than {MAX_CHARACTERS} characters")
    if _depth(head) > MAX_DEPTH:
        raise InputError(_HERE, f"opens more than {MAX_DEPTH} brackets and does not close them")
    data = _toml(head) if fenced and fenced[1] == "+++" else _yaml(head, fenced=bool(fenced))
    if not isinstance(data, Mapping):
        raise InputError(_HERE, "is not a list of 'key: value' lines")
    return {str(key).lower(): value for key, value in data.items()}, text[found.end() :]


def join(fields: Mapping[str, str | tuple[str, ...]], body: str) -> str:
    """Return a file of which :func:`split` gives these fields and this text back."""
    head = yaml.dump(
        dict(fields),
        Dumper=_PlainDumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        # A folded line is harder to compare.
        width=float("inf"),
    )
    return f"---\n{head}---\n\n{body}\n"


class _PlainDumper(yaml.SafeDumper):
    """YAML with each list on its line."""


_PlainDumper.add_representer(
    tuple,
    lambda dumper, values: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", values, flow_style=True
    ),
)


def _depth(head: str) -> int:
    """Return how many brackets are open at once, those in quotes among them."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", head))
    return max(accumulate(steps), default=0)


def _toml(head: str) -> Mapping[str, Any]:
    for number, line in enumerate(head.split("\n"), start=2):
        if line.count(".") > MAX_DOTS:
            reason = f"is not read: line {number} has more than {MAX_DOTS} full stops"
            raise InputError(_HERE, reason)
    try:
        return tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        raise InputError(_HERE, f"is not TOML: {error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(_HERE, "is not TOML: a number is too large, or lists too deep") from error


def _yaml(head: str, *, fenced: bool) -> Any:  # noqa: ANN401
    if not fenced:
        # Pelican's values are plain text: a colon in a title is only a colon.
        unfolded = re.sub(r"\n[ \t]+", " ", head.strip())
        pairs = (line.partition(":") for line in unfolded.split("\n"))
        return {key: value.strip() for key, _, value in pairs}
    try:
        return yaml.load(head, Loader=_PlainLoader)  # noqa: S506  (makes only str, list and dict)
    except yaml.MarkedYAMLError as error:
        # One line for the opening fence, one because marks count from 0.
        line = f"line {error.problem_mark.line + 2}: " if error.problem_mark else ""
        raise InputError(_HERE, f"is not YAML: {line}{error.problem}: {_MEND}") from error
    except yaml.reader.ReaderError as error:
        reason = f"holds the character U+{error.character:04X}: remove it"
        raise InputError(_HERE, reason) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # PyYAML asks chr() for whatever an escape says.
        reason = r"is not YAML: an escape such as \U names no character, or lists are too deep"
        raise InputError(_HERE, reason) from error


class _PlainLoader(yaml.BaseLoader):
    """YAML without types, and without aliases, which can make a gigabyte of a kilobyte."""

    def compose_node(
        self, parent: yaml.Node | None, index: yaml.Node | int | None
    ) -> yaml.Node | None:
        """Return the next node; ``index`` is the node of its key, where it is a field's value."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not read", problem_mark=mark)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        is_prose = isinstance(index, yaml.ScalarNode) and index.value.lower() in _PROSE
        if is_prose and isinstance(node, yaml.ScalarNode) and node.style is None:
            _refuse_comment(node.end_mark)
        return node


def _refuse_comment(end: yaml.Mark) -> None:
    """Raise InputError where a value without quotation marks would lose its words from # on."""
    if _COMMENT.match(end.buffer or "", end.pointer):
        reason = f"line {end.line + 2}: the words from # on would be lost as a comment: "
        raise InputError(_HERE, f"{reason}{_MEND}; comments stand on lines of their own")
