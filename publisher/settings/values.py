"""Values that several sections share, and what all sections are."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode

from publisher import languages
from publisher.errors import InputError

#: Seconds of a year. What is added to an instant has no more, or it would lead to no date.
YEAR = 31_536_000


def split(text: str) -> list[str]:
    """Return the words of a list with commas, spaces or both between them."""
    return text.replace(",", " ").split()


def shaped(pattern: str, hint: str) -> AfterValidator:
    """Return a check whether a text is written so; who does not know patterns gets the hint."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(hint)
        return value

    return AfterValidator(check)


def comma_separated(value: object) -> object:
    """Return a list for a text, which is how one stands in the environment."""
    return split(value) if isinstance(value, str) else value


def distinct(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return each once, in the order of the first."""
    return tuple(dict.fromkeys(tags))


def _tag(value: str) -> str:
    try:
        return languages.tag(value)
    except InputError as error:
        raise ValueError(str(error)) from error


def _line(value: str) -> str:
    # Mail headers and XML cannot hold them.
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value):
        raise ValueError("must be one line without control characters")
    return value


Tag = Annotated[str, AfterValidator(_tag)]
Line = Annotated[str, AfterValidator(_line)]
Languages = Annotated[
    tuple[Tag, ...], NoDecode, BeforeValidator(comma_separated), AfterValidator(distinct)
]


class Section(BaseModel):
    """A section of the configuration: frozen, and strict about names that it does not know.

    No number in it is infinite, or none: it is counted with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
