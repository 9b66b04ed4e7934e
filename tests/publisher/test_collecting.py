"""How often Python searches for circles of objects."""

import gc
from collections.abc import Iterator

import pytest

from publisher import collecting


@pytest.fixture(autouse=True)
def ours() -> Iterator[tuple[int, int, int]]:
    """Give what is set, and set it again afterwards."""
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_a_process_searches_seldom_only_inside_of_the_block() -> None:
    before = gc.get_threshold()
    with collecting.seldom():
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_threshold()[1:] == before[1:]
    assert gc.get_threshold() == before


def test_it_searches_as_before_when_the_block_fails() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), collecting.seldom():
        raise KeyError
    assert gc.get_threshold() == before


@pytest.mark.parametrize("often", [0, 10**6])
def test_who_searches_more_seldom_or_never_is_left_alone(often: int) -> None:
    gc.set_threshold(often, 7, 8)
    with collecting.seldom():
        assert gc.get_threshold() == (often, 7, 8)
    assert gc.get_threshold() == (often, 7, 8)
