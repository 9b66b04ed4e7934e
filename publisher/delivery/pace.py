"""When to try again. Pure."""

from datetime import timedelta

#: The first pause after a temporary refusal; each next one is twice as long.
_FIRST = timedelta(minutes=5)
_LONGEST = timedelta(hours=4)

#: After so many attempts, about two days, a temporary refusal counts as permanent.
MAX_ATTEMPTS = 18


def pause(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts (from 1), None to give up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return min(_FIRST * (1 << attempts - 1), _LONGEST)
