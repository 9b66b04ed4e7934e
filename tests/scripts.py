"""Every script of Unicode, by the names of its letters."""

import re
import sys
import unicodedata
from collections.abc import Mapping
from functools import cache

#: What the name of a letter goes on with after that of its script.
_REST = re.compile(
    r" (?:CAPITAL|SMALL|SUBSCRIPT|MODIFIER|FINAL|INITIAL|LETTER|SYLLABLE|SYLLABICS|IDEOGRAPH|"
    r"UNIFIED|COMPATIBILITY|LIGATURE|HIEROGLYPH|SIGN|VOWEL|CHARACTER|SYMBOL|RADICAL|NUMERAL|"
    r"LOGOGRAM|COMPONENT|NUMBER|DIGIT|CHOSEONG|JUNGSEONG|JONGSEONG|INDEPENDENT|DEPENDENT|PHRASE)\b"
)
#: Scripts whose letters are symbols to Unicode.
_OF_SYMBOLS = {
    "BRAILLE": "\u2801\u2803\u2809\u2819",
    "SIGNWRITING": "\U0001d800\U0001d801\U0001d802",
}
#: Letters of a sample.
_ENOUGH = 24


@cache
def samples() -> Mapping[str, str]:
    """Return some letters of each script, by a name of it."""
    found: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        name = unicodedata.name(letter, "")
        if name and unicodedata.category(letter)[0] == "L":
            letters = found.setdefault(_REST.split(name)[0], [])
            if len(letters) < _ENOUGH:
                letters.append(letter)
    # A name that only one letter has is of no script: OHM SIGN, FEMININE ORDINAL INDICATOR.
    scripts = {name: "".join(letters) for name, letters in found.items() if len(letters) > 2}
    return {**scripts, **_OF_SYMBOLS}
