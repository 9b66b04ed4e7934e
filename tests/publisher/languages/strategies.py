"""Tags for tests by hypothesis: any that are valid, made of what CLDR knows parts of."""

from babel import Locale
from babel.core import get_global
from hypothesis import strategies as st

from publisher import languages
from publisher.errors import InputError

_ENGLISH = Locale("en")


def _is_tag(text: str) -> bool:
    try:
        return languages.tag(text) == text
    except InputError:
        return False


def _parts(known: list[str], longest: int) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(part for part in known if len(part) <= longest))


_CODES = {code.partition("_")[0] for code in (*get_global("likely_subtags"), *_ENGLISH.languages)}
_LANGUAGES = _parts(list(_CODES), 3) | st.from_regex("[a-z]{2,3}", fullmatch=True)
_SCRIPTS = st.just("") | _parts(list(_ENGLISH.scripts), 4)
_REGIONS = st.just("") | _parts(list(_ENGLISH.territories), 3)
_VARIANTS = st.just("") | _parts([str(code).lower() for code in _ENGLISH.variants], 8)
_REST = st.sampled_from(["", "", "", "u-nu-arab", "x-plain", "t-fr"])

#: Canonical tags of languages that one can publish in.
TAGS = (
    st.tuples(_LANGUAGES, _SCRIPTS, _REGIONS, _VARIANTS, _REST)
    .map(lambda parts: "-".join(filter(None, parts)))
    .filter(_is_tag)
)
