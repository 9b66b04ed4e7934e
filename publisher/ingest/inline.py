"""Lines of CommonMark from their pieces: text escaped, emphasis only where it is read as such.

    pieces --> tokens --spaces moved out of emphasis--> --marks that would not work dropped--> text

CommonMark says by the characters around a run of signs whether it can open or close emphasis
(0.31, 6.2). Where they would make it plain asterisks in the middle of a text, as between the
letters of languages that write no spaces, the words go without.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of a paragraph: plain text, or what its mark says."""

    #: Empty for plain text; else ``*``, ``**``, ``~~``, ``link``, ``image``, ``code`` or ``br``.
    mark: str = ""
    #: Of plain text, of code, and in the place of an image; not escaped.
    text: str = ""
    #: Where a link or an image leads.
    target: str = ""
    #: What stands within emphasis or a link.
    inner: tuple["Piece", ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Token:
    #: ``text``, ``done`` (as it shall stand), ``open`` or ``close``.
    kind: str
    value: str


#: What means something within a line. Underscores between letters do not.
_SIGNS = re.compile(
    r"[\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])|<(?!\s)|&(?=#?\w+;)|\A~|~\Z|~(?=~)|(?<=~)~"
)
#: What at its beginning makes a line something else than a line of a paragraph.
_BLOCK = re.compile(
    r"(\d{1,9})([.)])(?=\s|\Z)|()(#{1,6}(?=\s|\Z)|[-+](?=\s|\Z)|>|[-=:|](?=[-=:| ]*\Z))"
)


def paragraph(pieces: Iterable[Piece]) -> str:
    """Return the pieces of a paragraph as CommonMark, with its line breaks."""
    lines = [_unblocked(line.strip(" ")) for line in _written(pieces, frozenset()).split("\n")]
    return "\\\n".join(filter(None, lines))


def line(pieces: Iterable[Piece]) -> str:
    """Return pieces as CommonMark that stands on one line, within something else."""
    return " ".join(_written(pieces, frozenset()).split())


def _written(pieces: Iterable[Piece], within: frozenset[str]) -> str:
    tokens = _tightened(_tokens(pieces, within))
    for last in (False, False, True):
        bad = _useless(tokens)
        if not bad:
            break
        if last:
            # What goes may spoil what stays, and so on: enough.
            bad = {place for place, token in enumerate(tokens) if token.kind in {"open", "close"}}
        tokens = _tightened(token for place, token in enumerate(tokens) if place not in bad)
    out: list[str] = []
    for place, token in enumerate(tokens):
        text = _escaped(token.value) if token.kind == "text" else token.value
        follower = tokens[place + 1].value if place + 1 < len(tokens) else ""
        if text.endswith("!") and follower.startswith("["):
            text = f"{text[:-1]}\\!"
        # Signs of two pieces of code would be one run.
        beside = text.startswith("`") and bool(out) and out[-1].endswith("`")
        out.append(f" {text}" if beside else text)
    return "".join(out)


def _tokens(pieces: Iterable[Piece], within: frozenset[str]) -> Iterator[_Token]:
    for piece in pieces:
        if piece.mark in {"", "br"}:
            folded = re.sub(r"[ \t\r\n\f]+", " ", piece.text)
            yield _Token(kind="text", value="\n" if piece.mark else folded)
        elif piece.mark == "code":
            code = _code(piece.text)
            yield from [_Token(kind="done", value=code)] if code else []
        elif piece.mark == "image":
            alt = _escaped(" ".join(piece.text.split()))
            yield _Token(kind="done", value=f"![{alt}]({_target(piece.target)})")
        elif piece.mark in within:
            yield from _tokens(piece.inner, within)
        elif piece.mark == "link":
            label = " ".join(_written(piece.inner, within | {"link"}).split())
            yield from (
                [_Token(kind="done", value=f"[{label}]({_target(piece.target)})")] if label else []
            )
        else:
            yield _Token(kind="open", value=piece.mark)
            yield from _tokens(piece.inner, within | {piece.mark})
            yield _Token(kind="close", value=piece.mark)


def _tightened(tokens: Iterable[_Token]) -> list[_Token]:
    """Return tokens with texts joined, spaces single and outside of emphasis, and none empty."""
    out: list[_Token] = []
    for token in _coalesced(tokens):
        if token.kind == "text":
            _put_text(out, token.value)
        elif token.kind == "close":
            spaces = _take_spaces(out)
            if out and out[-1].kind == "open":
                out.pop()
            else:
                out.append(token)
            _put_text(out, spaces)
        else:
            out.append(token)
    return out


def _coalesced(tokens: Iterable[_Token]) -> Iterator[_Token]:
    for is_text, run in groupby(tokens, lambda token: token.kind == "text"):
        if is_text:
            yield _Token(kind="text", value="".join(token.value for token in run))
        else:
            yield from run


def _put_text(out: list[_Token], text: str) -> None:
    """Add text; white space where emphasis begins goes before it."""
    words = text.lstrip()
    spaces = text[: len(text) - len(words)]
    place = len(out)
    while place and out[place - 1].kind == "open":
        place -= 1
    _insert(out, place, spaces)
    _insert(out, len(out), words)


def _insert(out: list[_Token], place: int, text: str) -> None:
    if not text:
        return
    if place and out[place - 1].kind == "text":
        joined = re.sub(r" *\n[ \n]*", "\n", re.sub(" +", " ", out[place - 1].value + text))
        out[place - 1] = _Token(kind="text", value=joined)
    else:
        out.insert(place, _Token(kind="text", value=text))


def _take_spaces(out: list[_Token]) -> str:
    """Remove white space from the end, and return it."""
    if not out or out[-1].kind != "text":
        return ""
    text = out.pop().value
    words = text.rstrip()
    if words:
        out.append(_Token(kind="text", value=words))
    return text[len(words) :]


def _useless(tokens: Sequence[_Token]) -> set[int]:
    """Return the places of marks that would be read as plain signs, with their partners."""
    found: set[int] = set()
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind == "open":
            opened.append(place)
        elif token.kind == "close":
            start = opened.pop()
            nested = any(tokens[outer].value[0] == token.value[0] for outer in opened)
            if not (_opens(tokens, start, nested=nested) and _closes(tokens, place, nested=nested)):
                found |= {start, place}
    return found


def _opens(tokens: Sequence[_Token], place: int, *, nested: bool) -> bool:
    before, after = _around(tokens, place)
    # Directly after other emphasis both would be one run of signs.
    apart = place == 0 or tokens[place - 1].kind != "close"
    return apart and bool(after) and _stands(after, before, nested=nested)


def _closes(tokens: Sequence[_Token], place: int, *, nested: bool) -> bool:
    before, after = _around(tokens, place)
    return bool(before) and _stands(before, after, nested=nested)


def _stands(inside: str, outside: str, *, nested: bool) -> bool:
    """Say whether a run of signs between two characters works.

    Between letters it could as well open as close, which is settled by what else is open.
    """
    if nested:
        return not outside
    return not outside or _is_mark(outside) or not _is_sign(inside)


def _around(tokens: Sequence[_Token], place: int) -> tuple[str, str]:
    """Return the characters before and after the run of marks at a place; empty for none."""
    kind, sign = tokens[place].kind, tokens[place].value[0]
    first, last = place, place
    while first and _is_run(tokens[first - 1], kind, sign):
        first -= 1
    while last + 1 < len(tokens) and _is_run(tokens[last + 1], kind, sign):
        last += 1
    before = tokens[first - 1].value[-1:] if first else ""
    after = tokens[last + 1].value[:1] if last + 1 < len(tokens) else ""
    return before.strip(), after.strip()


def _is_run(token: _Token, kind: str, sign: str) -> bool:
    return token.kind == kind and token.value[0] == sign


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_mark(character: str) -> bool:
    # Readers of older versions of CommonMark take symbols for letters.
    return unicodedata.category(character)[0] == "P"


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", text)


def _unblocked(line: str) -> str:
    found = _BLOCK.match(line)
    if found is None:
        return line
    number, end, _, sign = found.groups()
    return f"{number or ''}\\{end or sign}{line[found.end() :]}"


def _target(address: str) -> str:
    return re.sub(r"&(?=#?\w+;)", r"\\&", address)


def _code(text: str) -> str:
    content = " ".join(text.split())
    if not content:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    space = " " if content[0] == "`" or content[-1] == "`" else ""
    return f"{fence}{space}{content}{space}{fence}"
