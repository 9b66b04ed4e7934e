"""Values inside sentences that run the other way (Unicode Standard Annex 9). Pure.

In an Arabic sentence ``2013.zoe@example.org`` would be shown as ``zoe@example.org.2013``, and of
``ICMC, 30 November`` the number would go to the wrong side of the name.
"""

import unicodedata

#: By the direction of a sentence: the sign that runs like it, and is not seen. Isolates would do
#: the same with fewer, but programs from before 2013 show them as boxes, also in subjects.
_MARKS = {"ltr": "\N{LEFT-TO-RIGHT MARK}", "rtl": "\N{RIGHT-TO-LEFT MARK}"}

#: Letters by their bidirectional class; all other signs go with what stands around them.
_RUNS = {"L": "ltr", "R": "rtl", "AL": "rtl"}


def kept_apart(value: str, around: str) -> str:
    """Return a value with what keeps it together in a sentence of a direction, where it needs that.

    One that has letters of both is left as it is: which way it runs cannot be told from here.
    """
    if around == "ltr" and value.isascii():
        return value
    runs = {_RUNS[kind] for kind in map(unicodedata.bidirectional, value) if kind in _RUNS}
    if not runs or around in runs:
        return value
    (own,) = runs
    # The outer ones also for a subject that begins with it: mail programs go by what comes first.
    return f"{_MARKS[around]}{_MARKS[own]}{value}{_MARKS[own]}{_MARKS[around]}"
