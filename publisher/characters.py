"""Text from outside, made fit for storing: which characters it may hold. Pure."""

import re
import unicodedata
from collections.abc import Sequence

#: Explicit directional embeddings, overrides and isolates (Unicode Standard Annex 9, 2):
#: in a title they could turn the text around it.
_BIDI_CONTROLS = "\u202a-\u202e\u2066-\u2069"
#: The last two code points of every plane, and a block of the first: noncharacters for ever.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
#: What may not stand in XML 1.0, or is discouraged there: C0 but tab and line feed, C1,
#: surrogates, noncharacters. And U+FEFF: the debris of files put together, in no word.
_FORBIDDEN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff{_NONCHARACTERS}]+")
_DIRECTION = re.compile(f"[{_BIDI_CONTROLS}]")
#: What ends a line somewhere: presentation programs write a vertical tab within paragraphs.
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")

#: Runs that may be combining marks, which are neither letters nor spaces. Half as long as allowed:
#: four of them stand for two marks each.
_PILED = re.compile(r"[^\w\s\x00-\u02ff]{16,}")
#: The most marks upon one letter (Unicode Standard Annex 15, 13, Stream-Safe Text Format):
#: putting n marks in order takes time with the square of n.
_MARKS = 30


def clean_text(text: str) -> str:
    """Return text of several lines fit for storing: line ends as LF, NFC, no control characters."""
    lines = _FORBIDDEN.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", _PILED.sub(_thinned, lines)).strip()


def _thinned(run: re.Match[str]) -> str:
    """Return a run of signs with no more marks upon one letter than any language writes."""
    kept, piled = [], 0
    for sign in "".join(unicodedata.normalize("NFD", sign) for sign in run[0]):
        piled = piled + 1 if unicodedata.combining(sign) else 0
        if piled <= _MARKS:
            kept.append(sign)
    return "".join(kept)


def clean_line(text: str) -> str:
    """Return text of one line fit for a title or a header: white space folded, no bidi controls."""
    if _is_plain(text):
        # Nothing to clean, which is soon seen; the names of a million subscribers come by here.
        return " ".join(text.split())
    # \s knows U+202F and U+00A0, which belong into French titles: fold only what breaks lines.
    return re.sub(r"[\t\n ]+", " ", clean_text(_DIRECTION.sub("", text)))


def _is_plain(text: str) -> bool:
    return (
        text.isprintable()
        and unicodedata.is_normalized("NFC", text)
        and (text.isascii() or not _PILED.search(text))
    )


def are_clean(lines: Sequence[str]) -> bool:
    """Say whether all lines are seen at once to be clean; of some that are it may say no."""
    # What stands between them joins with no sign, and is no white space.
    whole = "|".join(["", *lines, ""])
    return _is_plain(whole) and not any(space in whole for space in ("  ", "| ", " |"))


def fit(text: str) -> str:
    """Return text without the characters that no XML can hold."""
    return _FORBIDDEN.sub("", text)
