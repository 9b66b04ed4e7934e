"""However a site came to be what it is, bit by bit, its files are those of a rebuild."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from publisher import editing, press, publishing, retracting, site
from publisher.config import Config
from publisher.ingest import intake
from store import items, translations
from store.database import Database
from store.records import Change
from tests import make

#: So few that archive documents (RFC 5005) fill up in a few steps.
ENTRIES = 2
LANGUAGES = st.sets(st.sampled_from(make.LANGUAGES), min_size=1)
TOPICS = st.sets(st.sampled_from(["labour", "asylum"]))
ITEMS = st.integers(0, 5)
TAGS = st.sampled_from(make.LANGUAGES)

Act = Callable[[Database, Config, int], None]


def take(number: int, languages: set[str], topics: set[str], title: str) -> Act:
    def act(database: Database, config: Config, hour: int) -> None:
        drafts = [
            make.draft(
                tag,
                key=f"item-{number}",
                source=f"item-{number}.{tag}.md",
                words=make.text(tag, title=f"{title} {tag}"),
                topics={key: key.title() for key in topics},
                change=Change.CORRECTION,
            )
            for tag in sorted(languages)
        ]
        intake.take(database, config, drafts, now=make.NOW + timedelta(hours=hour))

    return act


def withdraw(number: int, language: str) -> Act:
    def act(database: Database, _config: Config, hour: int) -> None:
        for item_id in _has(database, number, language):
            editing.withdraw(database, item_id, language, now=make.NOW + timedelta(hours=hour))

    return act


def approve(number: int, language: str) -> Act:
    def act(database: Database, _config: Config, hour: int) -> None:
        for item_id in _has(database, number, language):
            editing.approve(database, item_id, language, now=make.NOW + timedelta(hours=hour))

    return act


def retract(number: int) -> Act:
    def act(database: Database, config: Config, hour: int) -> None:
        for item_id in _has(database, number, "en"):
            retracting.retract(
                database,
                config,
                item_id,
                {"en": f"Wrong {hour}."},
                author="ann",
                now=make.NOW + timedelta(hours=hour),
            )

    return act


def name_topic(key: str, name: str) -> Act:
    def act(database: Database, config: Config, _hour: int) -> None:
        intake.put_topic(database, config, key, {"en": name, "ar": f"{name} ع"})

    return act


def mail() -> Act:
    def act(database: Database, config: Config, hour: int) -> None:
        slot = make.NOW + timedelta(hours=hour)
        press.plan(database, make.newsletter(), [slot])
        for issue_id in press.open_issues(database, slot):
            press.press(database, issue_id, config, now=slot)

    return act


def _has(database: Database, number: int, language: str) -> list[int]:
    with database.read() as tx:
        item = items.by_key(tx, f"item-{number}")
        there = item and language in translations.of(tx, [item.id])[item.id]
    return [item.id] if item and there else []


#: One feed fills with what was taken back while another, which nobody writes, has some of it.
MANY_GONE = [
    *(take(number, {"en"}, {"asylum" if number else "labour"}, "A") for number in range(3)),
    *(withdraw(number, "en") for number in range(3)),
]

ACTS = st.one_of(
    st.builds(take, ITEMS, LANGUAGES, TOPICS, st.sampled_from(["A", "B"])),
    st.builds(take, ITEMS, LANGUAGES, TOPICS, st.sampled_from(["A", "B"])),
    st.builds(withdraw, ITEMS, TAGS),
    st.builds(approve, ITEMS, TAGS),
    st.builds(retract, ITEMS),
    st.builds(name_topic, st.sampled_from(["labour", "asylum"]), st.sampled_from(["X", "Y"])),
    st.builds(mail),
)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def a_store(migrated: bytes) -> Callable[[], AbstractContextManager[Database]]:
    """Return what makes an empty store: each example has its own."""
    return lambda: make.a_store(migrated)


# Without shrinking: each step down from a failure publishes a site, and minutes are soon gone.
@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(ACTS, min_size=4, max_size=16))
@example(acts=MANY_GONE)
def test_bit_by_bit_gives_the_bytes_of_a_rebuild(
    a_store: Callable[[], AbstractContextManager[Database]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    acts: list[Act],
) -> None:
    for module in (site.touched, site.maps):
        monkeypatch.setattr(module, "PART", 2)
    folder = tmp_path_factory.mktemp("site")
    config, fresh = (make.config(folder / name, feeds={"entries": ENTRIES}) for name in "ab")
    with a_store() as database:
        make.start(database, config)
        for hour, act in enumerate(acts):
            act(database, config, hour)
            publishing.publish_due(database, config, now=make.NOW + timedelta(hours=hour))
            site.refresh(database, config, now=make.NOW)
        assert site.rebuild(database, fresh) == len(files(fresh.public))
    grown, built = files(config.public), files(fresh.public)
    assert {path for path in built if grown.get(path) != built[path]} == set()
    assert grown.keys() - built.keys() == set()
