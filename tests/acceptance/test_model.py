"""Whatever people do to items, in whatever order, a simple model says what readers see.

Hypothesis imports, edits, translates, approves, withdraws, corrects, retracts and embargoes
items in four languages, and lets time pass. After each pass of the scheduled job the public
files and the ledger must be what the model says; and a job that is stopped at any boundary
and run again must leave the same as one that was not.
"""

import gzip
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from lxml import etree
from sqlalchemy import event

import scheduler
from publisher import addresses, editing, languages, retracting
from publisher.config import Config
from publisher.errors import EditConflictError
from store import editions, issues, publications
from store.database import Database
from store.records import FEED, Change, Publication, Text, Workflow, newsletter_channel
from tests import make

LANGUAGES = make.LANGUAGES
CHANNELS = (FEED, newsletter_channel("digest"))
ATOM = "{http://www.w3.org/2005/Atom}"
TOKEN = re.compile(r"tok\d+x")
#: What readers of a language are told in place of a text that was taken back.
NOTICE = "notice"

LANGUAGE = st.sampled_from(LANGUAGES)
#: Mostly approved: what nobody approves tells nothing.
WORKFLOWS = st.sampled_from([Workflow.APPROVED] * 4 + [None, *Workflow])
RULES = st.sampled_from(
    ["skip", "hold", "fallback", "hold for 5h, then fallback", "hold for 5h, then skip"]
)


@dataclass
class ModelText:
    """A text as the model sees it: its words are a token that no other text has."""

    token: str
    workflow: Workflow
    #: Names the words for whoever translates them: a minor edit keeps it.
    version: int
    made_from: str
    basis: int
    approved: datetime | None
    retraction: bool = False
    #: Whether a correction of it has not been told yet to those who read its language.
    owed: bool = False


@dataclass
class ModelItem:
    """An item as the model sees it."""

    source: str
    texts: dict[str, ModelText] = field(default_factory=dict)
    embargo: datetime | None = None
    #: What each audience of the feeds is shown: the language of the text and its token.
    shown: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    #: The words of its retractions.
    notices: set[str] = field(default_factory=set)

    def is_current(self, language: str) -> bool:
        text = self.texts.get(language)
        if text is None or language == self.source:
            return text is not None
        parent = self.texts.get(text.made_from)
        return (
            parent is not None and parent.version == text.basis and self.is_current(text.made_from)
        )

    def is_ready(self, language: str) -> bool:
        text = self.texts.get(language)
        return (
            text is not None
            and text.workflow is Workflow.APPROVED
            and not text.retraction
            and self.is_current(language)
        )

    def is_retracted(self, language: str) -> bool:
        text = self.texts.get(language)
        return text is not None and text.retraction and text.workflow is Workflow.APPROVED

    def is_withdrawn(self, language: str) -> bool:
        text = self.texts.get(language)
        return text is not None and text.workflow is Workflow.WITHDRAWN

    def expected(self, language: str, rule_: str, now: datetime) -> tuple[str, str] | None:
        """Return what readers of a language shall be shown."""
        if self.embargo and now < self.embargo:
            return None
        before = self.shown.get(language)
        if before and any(self.is_retracted(tag) for tag in (language, before[0], self.source)):
            return (before[0], NOTICE)
        if self.is_retracted(self.source) or (
            language in self.shown and self.is_retracted(language)
        ):
            return None
        if self.is_ready(language):
            return (language, self.texts[language].token)
        return self._instead(language, before, rule_, now)

    def _instead(
        self, language: str, before: tuple[str, str] | None, rule_: str, now: datetime
    ) -> tuple[str, str] | None:
        own = before and before[0] == language and before[1] != NOTICE
        if own and not self.is_withdrawn(language):
            return before
        fallback = self._fallback(language, rule_, now)
        if fallback:
            return (fallback, self.texts[fallback].token)
        if before is None or self.is_withdrawn(before[0]):
            return None
        if before[1] != NOTICE and self.is_ready(before[0]):
            # A fallback that was told moves on with its text, though its deadline counts anew.
            return (before[0], self.texts[before[0]].token)
        return before

    def _fallback(self, language: str, rule_: str, now: datetime) -> str | None:
        ready = [tag for tag in LANGUAGES if self.is_ready(tag)]
        if not ready or rule_ in {"skip", "hold"} or rule_.endswith("then skip"):
            return None
        if rule_.startswith("hold for"):
            since = min(
                text.approved for tag, text in self.texts.items() if tag in ready and text.approved
            )
            if now < max(since, self.embargo or since) + timedelta(hours=5):
                return None
        return next(tag for tag in languages.chain(language, LANGUAGES) if tag in ready)


class Stopped(BaseException):
    """The power is gone."""


class News(RuleBasedStateMachine):
    """An editorial office at work."""

    image: bytes

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tidings-model-"))
        self.stack = make.a_store(self.image)
        self.database = self.stack.__enter__()
        self.now = make.NOW
        self.numbers = itertools.count(1)
        self.items: dict[int, ModelItem] = {}
        #: Every token that was ready at some pass, and under no embargo then.
        self.released: set[str] = set()
        self.ticked = True

    def teardown(self) -> None:
        self.stack.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    @initialize(rule_=RULES, arabic=RULES, digest=RULES)
    def found(self, rule_: str, arabic: str, digest: str) -> None:
        self.policies = dict.fromkeys(LANGUAGES, rule_) | {"ar": arabic}
        feeds = {"missing": rule_, "missing_in": {"ar": arabic}}
        self.config = make.config(self.folder, feeds=feeds)
        make.start(
            self.database,
            self.config,
            schedule="0 */6 * * *",
            timezone="UTC",
            rules={"*": digest},
            since=self.now,
        )

    # What people do.

    @rule(tags=st.sets(LANGUAGE, min_size=1), workflow=WORKFLOWS)
    @precondition(lambda self: len(self.items) < 2)
    def import_new(self, tags: set[str], workflow: Workflow | None) -> None:
        number = len(self.items) + 1
        item = ModelItem(source=min(tags, key=LANGUAGES.index))
        self._import(number, item, tags, workflow, None)
        self.items[number] = item

    @rule(
        data=st.data(),
        tags=st.sets(LANGUAGE, min_size=1),
        workflow=WORKFLOWS,
        change=st.sampled_from([None, Change.MINOR, Change.CORRECTION]),
    )
    @precondition(lambda self: self.items)
    def import_again(
        self, data: st.DataObject, tags: set[str], workflow: Workflow | None, change: Change | None
    ) -> None:
        number = data.draw(st.sampled_from(sorted(self.items)))
        self._import(number, self.items[number], tags, workflow, change)

    def _import(
        self,
        number: int,
        item: ModelItem,
        tags: set[str],
        workflow: Workflow | None,
        change: Change | None,
    ) -> None:
        drafts = []
        for tag in sorted(tags, key=lambda tag: (tag != item.source, tag)):
            token = self._token()
            drafts.append(
                make.draft(
                    tag,
                    key=f"item-{number}",
                    words=words(tag, token),
                    workflow=workflow,
                    change=change,
                    embargo=item.embargo,
                )
            )
            before = item.texts.get(tag)
            after = self._revised(item, tag, token, change or Change.EDIT)
            withdrawn = before is not None and before.workflow is Workflow.WITHDRAWN
            if not (withdrawn and workflow is not Workflow.APPROVED):
                after.workflow = workflow or Workflow.IN_REVIEW
            after.approved = self.now if after.workflow is Workflow.APPROVED else None
            item.texts[tag] = after
        make.take(self.database, self.config, *drafts, now=self.now)
        self.ticked = False

    def _revised(self, item: ModelItem, tag: str, token: str, change: Change) -> ModelText:
        """Return a text with new words, made from its parent as that stands."""
        before = item.texts.get(tag)
        parent = before.made_from if before else item.source
        minor = before is not None and change is Change.MINOR
        version = before.version if before and minor else next(self.numbers)
        above = item.texts.get(parent)
        basis = above.version if above and tag != item.source else 0
        return ModelText(
            token=token,
            workflow=before.workflow if before else Workflow.IN_REVIEW,
            version=version,
            made_from=parent,
            basis=before.basis if before and minor else basis,
            approved=None,
            owed=before is not None and (before.owed or change is Change.CORRECTION),
        )

    @rule(
        data=st.data(),
        change=st.sampled_from([Change.EDIT, Change.MINOR, Change.CORRECTION]),
        late=st.sampled_from([False, False, False, True]),
        approved=st.booleans(),
    )
    @precondition(lambda self: self.items)
    def edit(self, data: st.DataObject, change: Change, late: bool, approved: bool) -> None:
        """Somebody edits a text; who has read an older revision is told, and changes nothing."""
        number, tag = self._choose(data)
        item = self.items[number]
        before = item.texts[tag]
        read = editing.text_of(self.database, number, tag).revision
        token = self._token()
        arguments = (self.database, self.config, number, tag, words(tag, token))
        if late:
            with pytest.raises(EditConflictError) as refused:
                editing.edit(*arguments, read=read - 1, author="late", now=self.now)
            assert refused.value.theirs is not None
            assert before.token in refused.value.theirs.body
            assert token in refused.value.yours.body
            return
        editing.edit(
            *arguments, read=read, author="somebody", now=self.now, change=change, note="n"
        )
        after = self._revised(item, tag, token, change)
        reviewed = before.workflow is Workflow.APPROVED
        after.workflow = Workflow.IN_REVIEW if reviewed else before.workflow
        item.texts[tag] = after
        self.ticked = False
        if approved:
            self._approve(number, tag)

    @rule(data=st.data(), tag=LANGUAGE)
    @precondition(lambda self: self.items)
    def translate(self, data: st.DataObject, tag: str) -> None:
        """Add a language, made from any text that there is."""
        number, parent = self._choose(data)
        item = self.items[number]
        if tag in item.texts or item.source not in item.texts:
            return
        token = self._token()
        editing.edit(
            self.database,
            self.config,
            number,
            tag,
            words(tag, token),
            read=0,
            author="translator",
            now=self.now,
            made_from=parent,
        )
        item.texts[tag] = ModelText(
            token=token,
            workflow=Workflow.IN_REVIEW,
            version=next(self.numbers),
            made_from=parent,
            basis=item.texts[parent].version,
            approved=None,
        )
        self.ticked = False

    @rule(data=st.data())
    @precondition(lambda self: self.items)
    def approve(self, data: st.DataObject) -> None:
        self._approve(*self._choose(data))

    def _approve(self, number: int, tag: str) -> None:
        editing.approve(self.database, number, tag, now=self.now)
        text = self.items[number].texts[tag]
        text.approved = text.approved or self.now
        text.workflow = Workflow.APPROVED
        self.ticked = False

    @rule(data=st.data())
    @precondition(lambda self: self.items)
    def withdraw(self, data: st.DataObject) -> None:
        number, tag = self._choose(data)
        editing.withdraw(self.database, number, tag, now=self.now)
        text = self.items[number].texts[tag]
        text.approved, text.workflow = None, Workflow.WITHDRAWN
        self.ticked = False

    @rule(data=st.data(), seldom=st.integers(0, 3))
    @precondition(lambda self: self.items)
    def retract(self, data: st.DataObject, seldom: int) -> None:
        # Once an item is retracted not much can happen to it.
        if seldom:
            return
        number, _ = self._choose(data)
        item = self.items[number]
        token = self._token()
        retracting.retract(
            self.database, self.config, number, {"": token}, author="chief", now=self.now
        )
        item.notices.add(token)
        item.texts[item.source] = ModelText(
            token=token,
            workflow=Workflow.APPROVED,
            version=next(self.numbers),
            made_from=item.source,
            basis=0,
            approved=self.now,
            retraction=True,
            owed=True,
        )
        self.ticked = False

    @rule(data=st.data(), hours=st.sampled_from([None, 3, 3, 40]))
    @precondition(lambda self: self.items)
    def embargo(self, data: st.DataObject, hours: int | None) -> None:
        number, _ = self._choose(data)
        until = None if hours is None else self.now + timedelta(hours=hours)
        editing.embargo(self.database, number, until, now=self.now)
        self.items[number].embargo = until
        self.ticked = False

    @rule(hours=st.sampled_from([1, 2, 4, 7, 50]))
    @precondition(lambda self: self.items)
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.ticked = False

    @rule()
    @precondition(lambda self: self.items)
    def tick_undisturbed(self) -> None:
        self.tick(None)

    @rule()
    @precondition(lambda self: self.items)
    def tick_once_more(self) -> None:
        # Twice as often as other rules: what happens between two looks is what matters.
        self.tick(None)

    @rule(boundary=st.integers(0, 12))
    @precondition(lambda self: self.items)
    def tick_stopped(self, boundary: int) -> None:
        self.tick(boundary)

    def tick(self, boundary: int | None) -> None:
        """Run the scheduled job; or stop it at a boundary, and run it again."""
        self.now += timedelta(seconds=1)
        if boundary is not None:
            whole = self._undisturbed()
            self._stopped_at(boundary)
        scheduler.tick(self.database, self.config, now=self.now)
        self._believe()
        self.ticked = True
        if boundary is not None:
            assert self._outcome(self.database, self.config) == whole
        again = scheduler.tick(self.database, self.config, now=self.now)
        assert (again.published, again.feeds_written, again.queued) == ([], 0, 0)
        assert not again.problems

    def _believe(self) -> None:
        """Have the model say what readers see after a job."""
        for item in self.items.values():
            for language in LANGUAGES:
                seen = item.expected(language, self.policies[language], self.now)
                self._check_what_readers_are_told(item, language, seen)
                if seen or language in item.shown:
                    item.shown[language] = seen
            if not (item.embargo and self.now < item.embargo):
                ready = [tag for tag in LANGUAGES if item.is_ready(tag)]
                self.released |= {item.texts[tag].token for tag in ready}
                if item.is_retracted(item.source):
                    self.released.add(item.texts[item.source].token)

    def _check_what_readers_are_told(
        self, item: ModelItem, language: str, seen: tuple[str, str] | None
    ) -> None:
        """Readers hear of a correction when it is told; those of the source, of nothing less."""
        before, text = item.shown.get(language), item.texts.get(language)
        if not seen or not text or seen != (language, text.token):
            return
        if before and before != seen and before[0] == language and before[1] != NOTICE:
            number = next(number for number, known in self.items.items() if known is item)
            with self.database.read() as tx:
                row = publications.standing(tx, [number], FEED)[number, language]
            told = (row.change is Change.CORRECTION, row.updated == self.now)
            if text.owed or language == item.source:
                assert told == (text.owed, text.owed)
        text.owed = False

    # What must hold.

    @invariant()
    def readers_see_what_the_model_says(self) -> None:
        if not self.ticked:
            return
        for language in LANGUAGES:
            path = self.config.public / language / "feed.atom"
            entries = dict(feed(path)) if path.exists() else {}
            for number, item in self.items.items():
                entry = entries.pop(number, None)
                seen = item.shown.get(language)
                assert (entry is None) == (seen is None), (language, number, seen, entry)
                if entry is None or seen is None:
                    continue
                shown, token = seen
                if token == NOTICE:
                    # Only the title is left of the text, which says what was retracted.
                    assert set(TOKEN.findall(entry)) <= item.notices
                    continue
                assert set(TOKEN.findall(entry)) == {token}
                assert token in self.released
                label = f"<em>{notice(language, shown, self.config)}</em>"
                assert (label in entry) == (shown != language)
            assert not entries

    @invariant()
    def nothing_is_seen_before_its_embargo_ends(self) -> None:
        if not self.ticked:
            return
        hidden = {
            text.token
            for item in self.items.values()
            if item.embargo and self.now < item.embargo
            for text in item.texts.values()
        }
        for path in self.config.public.rglob("*"):
            if path.is_file():
                body = path.read_bytes()
                text = (gzip.decompress(body) if path.suffix == ".gz" else body).decode()
                tokens = set(TOKEN.findall(text))
                assert tokens <= self.released, path
                # What was mailed stays as it was mailed, even if it is taken back later.
                site_path = "/" + str(path.relative_to(self.config.public)).removesuffix(".gz")
                assert addresses.is_edition(site_path) or not tokens & hidden, path

    @invariant()
    def the_ledger_tells_everything_once(self) -> None:
        with self.database.read() as tx:
            told = {
                channel: publications.tellings(tx, list(self.items), channel)
                for channel in CHANNELS
            }
            frozen = [
                edition for issue in issues.listing(tx) for edition in editions.of(tx, issue.id)
            ]
        for rows in told.values():
            for audience in by_audience(rows):
                assert [row.telling for row in audience] == list(range(1, len(audience) + 1))
                for before, after in itertools.pairwise(audience):
                    assert says(before) != says(after)
                    assert before.published == after.published
                    assert before.updated <= after.updated
                    if after.change is Change.MINOR:
                        assert before.updated == after.updated
        # A digest tells an item to an audience once, and only what was ready.
        assert all(row.telling == 1 for row in told[CHANNELS[1]])
        for edition in frozen:
            assert edition.items > 0
            assert set(TOKEN.findall(edition.html)) <= self.released
            assert set(TOKEN.findall(edition.text)) <= self.released

    # How it is done.

    def _token(self) -> str:
        return f"tok{next(self.numbers)}x"

    def _choose(self, data: st.DataObject) -> tuple[int, str]:
        number = data.draw(st.sampled_from(sorted(self.items)))
        return number, data.draw(st.sampled_from(sorted(self.items[number].texts)))

    def _undisturbed(self) -> tuple[object, ...]:
        """Return what a job leaves that nobody stops, on a copy of all that there is."""
        raw = self.database._engine.raw_connection()
        image: bytes = raw.driver_connection.serialize()  # type: ignore[union-attr]
        raw.close()
        folder = Path(tempfile.mkdtemp(prefix="tidings-twin-"))
        config = self.config.model_copy(update={"folder": folder})
        if self.config.public.exists():
            shutil.copytree(self.config.public, config.public)
        with make.a_store(image) as twin:
            scheduler.tick(twin, config, now=self.now)
            outcome = self._outcome(twin, config)
        shutil.rmtree(folder)
        return outcome

    def _stopped_at(self, boundary: int) -> None:
        passed = itertools.count()

        def at_boundary(*_: object) -> None:
            if next(passed) == boundary:
                raise Stopped

        engine = self.database._engine
        event.listen(engine, "commit", at_boundary)
        try:
            scheduler.tick(self.database, self.config, now=self.now)
        except Stopped:
            pass
        finally:
            event.remove(engine, "commit", at_boundary)

    def _outcome(self, database: Database, config: Config) -> tuple[object, ...]:
        with database.read() as tx:
            rows = [
                replace(row, issue_id=None)
                for channel in CHANNELS
                for row in publications.tellings(tx, list(self.items), channel)
            ]
            numbers = [(issue.slot, issue.state, issue.blocking) for issue in issues.listing(tx)]
            held = publications.held(tx)
        files = {
            str(path.relative_to(config.public)): path.read_bytes()
            for path in config.public.rglob("*")
            if path.is_file()
        }
        return rows, numbers, held, files


def words(language: str, token: str) -> Text:
    return make.text(language, title=f"Title {token}", body=f"Body {token}.", slug=f"s-{token}")


def notice(language: str, shown: str, config: Config) -> str:
    strings = languages.strings(*config.chain(language))
    return strings.text(
        "fallback-notice",
        language=languages.name(language, within=language),
        shown=languages.name(shown, within=language),
    )


def feed(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the entries of an Atom feed: the item's number, and what stands below its title."""
    for entry in etree.parse(path).iter(f"{ATOM}entry"):
        number = int(entry.findtext(f"{ATOM}id").rsplit("/", 2)[1])
        parts = ("summary", "content")
        yield number, " ".join(entry.findtext(f"{ATOM}{part}") or "" for part in parts)


def by_audience(rows: list[Publication]) -> Iterator[list[Publication]]:
    """Yield what each audience was told of each item."""

    def audience(row: Publication) -> tuple[int, str]:
        return row.item_id, row.language

    for _, group in itertools.groupby(sorted(rows, key=audience), key=audience):
        yield list(group)


def says(row: Publication) -> tuple[object, ...]:
    """Return what tells one telling from the next."""
    return row.shown_language, row.revision, row.change, row.rule, row.source_revision


def test_readers_see_what_a_simple_model_says_whatever_happens(migrated: bytes) -> None:
    News.image = migrated
    run_state_machine_as_test(
        News,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
