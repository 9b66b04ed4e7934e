"""What a process keeps: the values of pure functions, within its room."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from publisher.kept import Kept


def lengths(made: list[str], *, limit: int) -> Kept[str, int]:
    """Return a function that notes what it makes; a word takes a byte for each letter."""

    def length(word: str) -> int:
        made.append(word)
        return len(word)

    return Kept(length, size=lambda word, _: len(word), limit=limit)


def test_a_value_is_made_once() -> None:
    made: list[str] = []
    length = lengths(made, limit=100)
    assert [length(word) for word in ("un", "deux", "un", "un")] == [2, 4, 2, 2]
    assert made == ["un", "deux"]


def test_the_longest_unused_is_given_up_first() -> None:
    made: list[str] = []
    length = lengths(made, limit=8)
    # One byte each, so eight fit; "a" is used again, and "b" has to go for "i".
    for word in "abcdefghaia":
        length(word)
    assert made == [*"abcdefghi"]
    length("b")
    assert made == [*"abcdefghib"]


def test_what_would_take_too_much_of_the_room_is_made_anew() -> None:
    made: list[str] = []
    length = lengths(made, limit=16)
    # An eighth of 16 is 2.
    for word in ("un", "dos", "dos", "un"):
        length(word)
    assert made == ["un", "dos", "dos"]


@given(st.lists(st.text(max_size=4)), st.integers(0, 40))
def test_it_answers_as_the_function_does_whatever_the_room(words: list[str], limit: int) -> None:
    length = lengths([], limit=limit)
    assert [length(word) for word in words] == [len(word) for word in words]


def test_threads_at_once_get_what_one_would() -> None:
    length = lengths([], limit=64)
    words = ["x" * (number % 9) for number in range(2_000)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(length, words)) == [len(word) for word in words]
