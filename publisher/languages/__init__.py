"""Languages: whatever depends on one comes from here, and no language is special.

    tags.py        BCP 47 tags, chains, scripts and direction, who understands what
    writing.py     how a language writes names of languages, dates, numbers and lists
    catalogue.py   our own strings, with plural forms, from ``publisher/locale/<tag>.po``
    bidi.py        what keeps a name together in a sentence that runs the other way
    detection.py   which language a text is in

The one home of langcodes, Babel and py3langid; what holds for one language comes from the CLDR
data of the first two, or from its catalogue.
"""

from publisher.languages.catalogue import Strings, catalogues, missing, strings
from publisher.languages.detection import label_of, written_in
from publisher.languages.tags import chain, closest, direction, foreign, tag, territorial
from publisher.languages.writing import date, listing, name, number, time, year

__all__ = [
    "Strings",
    "catalogues",
    "chain",
    "closest",
    "date",
    "direction",
    "foreign",
    "label_of",
    "listing",
    "missing",
    "name",
    "number",
    "strings",
    "tag",
    "territorial",
    "time",
    "written_in",
    "year",
]
