"""A pass: whatever a step fails by, the others are taken."""

from logging import LogRecord

import pytest

from publisher.errors import ConfigError, StoreError
from publisher.passes import Pass


def test_whatever_a_step_fails_by_the_others_are_taken(unforeseen: list[LogRecord]) -> None:
    done, taken = Pass(), list[str]()

    def mistaken() -> None:
        raise KeyError("what nobody thought of")

    def foreseen() -> None:
        raise StoreError("the disk is full")

    for step in (foreseen, mistaken, lambda: taken.append("the last")):
        done.attempt(step)
        # Only what no other tick would mend is another kind of failure.
        assert done.unforeseen is (step is not foreseen)
    assert taken == ["the last"]
    first, second = done.problems
    assert first == "the disk is full"
    assert second == "unforeseen, see the traceback: KeyError('what nobody thought of')"
    logged = unforeseen.pop()
    assert logged.exc_info
    assert logged.exc_info[0] is KeyError


def test_a_mistake_in_the_configuration_ends_the_tick() -> None:
    def mistaken() -> None:
        raise ConfigError("mail.password_file", ["cannot be read"])

    with pytest.raises(ConfigError):
        Pass().attempt(mistaken)
