"""Which of some languages a text is in, where that is sure: py3langid's one home.

A model of 140 languages, asked only about those that the site has: of a sentence in one of a
few languages it is sure, of a heading or a list of names hardly ever. What is not sure is not
said: half a page of false alarms is read by nobody.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from langcodes import Language
from langcodes.data_dicts import MACROLANGUAGES

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

#: So many bytes of letters (UTF-8, as the model reads) are a sentence: 40 letters of Latin
#: script, 20 of Arabic, 14 of Chinese.
_ENOUGH = 40
#: How sure is sure, among the languages asked about.
_SURE = 0.98


def written_in(text: str, languages: Sequence[str]) -> str | None:
    """Return the one of some languages that a text is surely in; None where that is not sure.

    Languages that the model cannot tell apart (``pt-BR`` and ``pt-PT``) are one to it: the first
    of them is returned. Of a language that it does not know it never says anything.
    """
    labels: dict[str, str] = {}
    for language in languages:
        label = label_of(language)
        if label is None:
            # A text in it would be taken for one of the others.
            return None
        labels.setdefault(label, language)
    if len(labels) < 2 or _letters(text) < _ENOUGH:  # noqa: PLR2004  (one is no choice)
        return None
    scores = {label: score for label, score in _model().rank(text) if label in labels}
    best = max(scores, key=lambda label: scores[label])
    whole = sum(scores.values())
    return labels[best] if whole and scores[best] / whole >= _SURE else None


@cache
def label_of(language: str) -> str | None:
    """Return what the model calls a language, None for one that it does not know.

    By its macrolanguage (ISO 639-3), where it knows only that: Bokmål is ``no`` to it.
    """
    code = Language.get(language).language or ""
    known = set(_model().labels)
    return next((each for each in (code, MACROLANGUAGES.get(code)) if each in known), None)


def _letters(text: str) -> int:
    return len("".join(filter(str.isalpha, text)).encode())


@cache
def _model() -> "LanguageIdentifier":
    # 100 MB and most of a second: for those who ask.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
