"""Languages: whatever depends on one comes from here, and no language is special.

    tags.py        BCP 47 tags, chains, scripts and direction, who understands what
    writing.py     how a language writes names of languages, dates, numbers and lists
    catalogue.py   our own strings, with plural forms, from ``publisher/locale/<tag>.po``

The one home of langcodes and Babel; what holds for one language comes from the CLDR data of
these two, or from its catalogue.
"""

from publisher.languages.catalogue import Strings, catalogues, strings
from publisher.languages.tags import chain, closest, direction, tag, territorial
from publisher.languages.writing import date, listing, name, number

__all__ = [
    "Strings",
    "catalogues",
    "chain",
    "closest",
    "date",
    "direction",
    "listing",
    "name",
    "number",
    "strings",
    "tag",
    "territorial",
]
