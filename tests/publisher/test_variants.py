"""Sets of topics: each reader gets what they take, and no set of items is made twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.policy import Fired, Show
from publisher.selection import Chosen
from publisher.variants import variants, wants
from store.records import Group
from tests import make

TOPICS = ("asylum", "health", "work")
SETS = st.sets(st.sampled_from(TOPICS)).map(lambda found: tuple(sorted(found)))


def pick(number: int, *topics: str) -> Chosen:
    item = make.item(id=number, topics=topics)
    return Chosen(item=item, answer=Show("fr", Fired.READY), text=make.translation("fr"))


def group(*topics: str, language: str = "fr", people: int = 1) -> Group:
    return Group(language=language, topics=topics, people=people)


NEWS = (pick(1, "asylum"), pick(2, "health", "work"), pick(3))


@pytest.mark.parametrize(
    ("topics", "told"),
    [
        ((), [1, 2, 3]),
        (("work",), [2]),
        (("health",), [2]),
        (("asylum", "work"), [1, 2]),
        # An item that is on no topic is for those who take all.
        (TOPICS, [1, 2]),
        (("sport",), []),
    ],
)
def test_readers_get_the_items_on_a_topic_that_they_take(
    topics: tuple[str, ...], told: list[int]
) -> None:
    assert [each.item.id for each in NEWS if wants(topics, each.item)] == told


def test_sets_of_topics_that_choose_the_same_share_an_edition() -> None:
    groups = [group("work"), group("health", "sport"), group("health"), group("sport"), group()]
    whole, part = variants(NEWS, groups)
    assert (whole.picks, whole.groups) == (NEWS, (group(),))
    assert (part.picks, part.groups) == (NEWS[1:2], tuple(groups[:3]))


def test_the_whole_is_made_though_nobody_takes_it() -> None:
    whole, part = variants(NEWS, [group("asylum")])
    assert (whole.picks, whole.groups) == (NEWS, ())
    assert part.picks == NEWS[:1]


@given(st.lists(SETS, max_size=8), st.sets(SETS, max_size=9))
def test_everybody_gets_exactly_what_they_take_once(
    items: list[tuple[str, ...]], taken: set[tuple[str, ...]]
) -> None:
    news = [pick(number, *topics) for number, topics in enumerate(items)]
    groups = [group(*topics) for topics in sorted(taken)]
    made = variants(news, groups)
    assert made[0].picks == tuple(news)
    assert len({tuple(each.item.id for each in one.picks) for one in made}) == len(made)
    served = [reader for one in made for reader in one.groups]
    assert len(served) == len({*served})
    for reader in groups:
        mine = tuple(each for each in news if wants(reader.topics, each.item))
        (got,) = [one.picks for one in made if reader in one.groups] or [()]
        assert got == mine
