"""Where a line is cut that is too long, in any script.

Between words, if that costs little. Chinese, Japanese, Thai and others write no spaces, or few:
there the line is cut where there is room no more, but in no sign that is written as several.
"""

import unicodedata

#: What words stand between: one of them has no width (Khmer, Burmese), one is ideographic.
_SPACES = " \u200b\u3000"

_JOINER, _NON_JOINER = "\u200d", "\u200c"
#: The vowels am of Thai and Lao: letters by name, marks by their place.
_LIKE_MARKS = "\u0e33\u0eb3" + _JOINER + _NON_JOINER
#: Colours of skins, and the letters that say which flag a flag is: they follow an emoji.
_MODIFIERS = (("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f"))
#: Two of these are one flag.
_FLAGS = ("\U0001f1e6", "\U0001f1ff")
#: The canonical class of what joins the letters of India into one (Unicode Standard, 12.1).
_VIRAMA = 9


def cut(line: str, limit: int) -> str:
    """Return a line, or as much of its beginning as fits with the sign that there is more."""
    if len(line) <= limit:
        return line
    return beginning(line, limit - 1, back=limit // 5).rstrip() + "…"


def beginning(line: str, room: int, *, back: int, spaces: str = _SPACES) -> str:
    """Return the beginning of a line that is longer than ``room``.

    It ends before one of ``spaces`` where that gives up ``back`` characters at the most.
    """
    least = max(room - back, 1)
    space = max(line.rfind(sign, least, room + 1) for sign in spaces)
    if space >= 0:
        return line[:space]
    ends = (end for end in range(room, least - 1, -1) if not _is_within(line, end))
    return line[: next(ends, room)]


def _is_within(line: str, place: int) -> bool:
    """Say whether a place is within what readers take for one sign (Unicode Annex 29, mostly)."""
    before, after = line[place - 1], line[place]
    return (
        unicodedata.category(after).startswith("M")
        or after in _LIKE_MARKS
        or any(first <= after <= last for first, last in _MODIFIERS)
        or before == _JOINER
        or (unicodedata.combining(before) == _VIRAMA and after.isalpha())
        or (_is_flag(after) and _flags_before(line, place) % 2 == 1)
    )


def _is_flag(sign: str) -> bool:
    return _FLAGS[0] <= sign <= _FLAGS[1]


def _flags_before(line: str, place: int) -> int:
    begin = place
    while begin and _is_flag(line[begin - 1]):
        begin -= 1
    return place - begin
