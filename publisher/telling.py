"""What an item tells each audience next, given what it has told before. Pure.

nothing told yet                 the first telling, when the policy lets a text out
an embargo, a withdrawal         WITHDRAWAL: the text is shown no more
a retraction                     RETRACTION: a notice in place of the text
another text, another revision   told anew; readers must look again when they are owed a correction
the source was corrected, and    CORRECTION: the same text, with a note that says so
the translation is not yet
else                             nothing: the ledger's last word holds
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from publisher import cases, freshness
from publisher.cases import Case
from publisher.config import Config
from publisher.policy import Answer, Fired, Policy, Show, Wait
from store.publications import Standing
from store.records import FEED, Change, Hold, Item, Publication


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of one item: what to tell, and what has to wait."""

    item: Item
    tell: tuple[Publication, ...]
    wait: tuple[Hold, ...]

    @property
    def next_look(self) -> datetime | None:
        """When something may be due again without anybody acting."""
        return min((hold.until for hold in self.wait if hold.until), default=None)


def decide(case: Case, standing: Standing, *, config: Config, now: datetime) -> Decision:
    """Decide what an item tells in each language of the site."""
    tell, wait = [], []
    for language in config.site.languages:
        policy = Policy(rule=config.rule(language), chain=config.chain(language))
        answer = cases.answer(case, language, policy, now=now)
        before = standing.get((case.item.id, language))
        row = next_telling(case, language, answer, before, now=now)
        if row:
            tell.append(row)
        last = row or before
        if isinstance(answer, Wait) and (last is None or last.change is Change.WITHDRAWAL):
            wait.append(
                Hold(
                    item_id=case.item.id,
                    language=language,
                    until=answer.until,
                    reason=answer.reason,
                )
            )
    return Decision(item=case.item, tell=tuple(tell), wait=tuple(wait))


def next_telling(
    case: Case, language: str, answer: Answer, before: Publication | None, *, now: datetime
) -> Publication | None:
    """Return the next row of the ledger for an audience of the feeds, None for no news."""
    if before is None:
        return first_telling(case, language, answer, now=now) if isinstance(answer, Show) else None
    if case.item.embargo and now < case.item.embargo:
        return _taken_back(before, now)
    notice = _notice(case, language, answer, before)
    if notice:
        return _retracted(case, before, notice, now)
    return _moved(case, language, _kept_up(case, answer, before), before, now)


def _kept_up(case: Case, answer: Answer, before: Publication) -> Answer:
    """Return what is shown to those who have had a fallback that the rule would not let out now.

    A deadline counts anew when the text that was shown is approved anew. Until then they would
    be shown what has been corrected already.
    """
    ready = freshness.ready(case.item, case.texts)
    if isinstance(answer, Show) or before.is_gone or before.shown_language not in ready:
        return answer
    late = before.rule == Fired.DEADLINE
    return Show(before.shown_language, Fired.DEADLINE if late else Fired.FALLBACK)


def _moved(
    case: Case, language: str, answer: Answer, before: Publication, now: datetime
) -> Publication | None:
    if isinstance(answer, Show) and not _keeps_its_own(case, language, answer, before):
        return _told_anew(case, answer, before, now)
    if case.is_withdrawn(before.shown_language):
        return _taken_back(before, now)
    if not before.is_gone and case.was_corrected(before.source_revision):
        return _again(
            case, before, now, change=Change.CORRECTION, updated=now, rule=Fired.SOURCE_CORRECTED
        )
    return None


def first_telling(case: Case, language: str, answer: Show, *, now: datetime) -> Publication:
    """Return the row for what an audience of the feeds has not had in any form.

    It bears the text's own date where that is in the past, so that readers of an archive see
    when something was said.
    """
    text = case.texts[answer.language]
    dated = text.dated if text.dated and text.dated <= now else now
    return Publication(
        item_id=case.item.id,
        language=language,
        channel=FEED,
        telling=1,
        shown_language=answer.language,
        revision=text.revision,
        source_revision=cases.source_revision(case, text.language, 0),
        rule=answer.rule,
        change=Change.NEW,
        told=now,
        published=dated,
        updated=dated,
        issue_id=None,
    )


def _again(case: Case, before: Publication, now: datetime, **changes: Any) -> Publication:  # noqa: ANN401
    shown = changes.get("shown_language", before.shown_language)
    known = cases.source_revision(case, shown, before.source_revision)
    again = replace(before, telling=before.telling + 1, told=now, source_revision=known)
    return replace(again, **changes)


def _told_anew(case: Case, answer: Show, before: Publication, now: datetime) -> Publication | None:
    text = case.texts[answer.language]
    same = (before.shown_language, before.revision) == (answer.language, text.revision)
    if same and not before.is_gone and before.rule != Fired.SOURCE_CORRECTED:
        return None
    change = _owed(case, answer, before)
    silent = (
        before.shown_language == answer.language
        and not before.is_gone
        and change is not Change.CORRECTION
    )
    return _again(
        case,
        before,
        now,
        shown_language=answer.language,
        revision=text.revision,
        rule=answer.rule,
        change=change,
        updated=before.updated if silent else now,
    )


def _owed(case: Case, answer: Show, before: Publication) -> Change:
    """Return what a new telling means to those who have had the last one.

    Every revision since counts, of the text and of its source: a minor edit after a correction
    that nobody was told of yet must not hush it up, nor a new text after a retraction.
    """
    since = case.since(before.shown_language, before.revision)
    source = case.since(case.item.source_language, before.source_revision)
    grave = {Change.CORRECTION, Change.RETRACTION} & (since | source)
    if grave or before.rule == Fired.SOURCE_CORRECTED:
        return Change.CORRECTION
    if before.shown_language != answer.language or before.is_gone:
        return Change.NEW
    return Change.MINOR if since <= {Change.MINOR} else Change.EDIT


def _keeps_its_own(case: Case, language: str, answer: Show, before: Publication) -> bool:
    """Say whether an audience keeps the text that it has had in its own language.

    Nobody falls back from that to another, unless it is gone.
    """
    own = before.shown_language == language and answer.language != language
    return own and not before.is_gone and not case.is_withdrawn(before.shown_language)


def _taken_back(before: Publication, now: datetime) -> Publication | None:
    if before.change is Change.WITHDRAWAL:
        return None
    return replace(
        before,
        telling=before.telling + 1,
        rule=Fired.TAKEN_BACK,
        change=Change.WITHDRAWAL,
        told=now,
        updated=now,
    )


@dataclass(frozen=True)
class _Notice:
    """What takes back a text: where its words are, and by which rule."""

    language: str
    revision: int
    rule: Fired


def _notice(case: Case, language: str, answer: Answer, before: Publication) -> _Notice | None:
    """Return what takes back the text that an audience has had, None when nothing does.

    The notice of a fallback gives way to a text of their own.
    """
    had, source = case.retraction(before.shown_language), case.item.source_language
    if not had and not case.retraction(source):
        # A notice of another language's text: nobody here has had what it takes back.
        return None
    own = isinstance(answer, Show) and answer.language == language
    for tag, rule in ((language, Fired.READY), (before.shown_language, Fired.FALLBACK)):
        text = case.retraction(tag)
        if text and not own:
            return _Notice(tag, text.revision, rule)
    if case.retraction(source):
        return _Notice(before.shown_language, before.revision, Fired.SOURCE_RETRACTED)
    return None


def _retracted(
    case: Case, before: Publication, notice: _Notice, now: datetime
) -> Publication | None:
    same = (before.shown_language, before.revision) == (notice.language, notice.revision)
    if before.change is Change.WITHDRAWAL or (before.change is Change.RETRACTION and same):
        return None
    return _again(
        case,
        before,
        now,
        shown_language=notice.language,
        revision=notice.revision,
        rule=notice.rule,
        change=Change.RETRACTION,
        updated=now,
    )
