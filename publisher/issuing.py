"""What people do with an issue: plan it, word it, approve it, schedule it, stop it, go on.

Each act is one transaction. Where an issue stands decides whether it is possible
(:mod:`publisher.issue_states`); the next tick does what follows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from publisher import characters, gating, issue_states, wallclock
from publisher.approvals import Consent
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.gating import Gate
from publisher.issue_states import OPEN, Act
from store import approvals, cancelling, candidates, dues, issues, items, jobs, newsletters
from store.database import Database, Transaction
from store.records import Approval, Issue, IssueState, Newsletter, Words

#: The most characters of a subject, of a preheader (mail programs show no more), of an intro.
_LONGEST = {"subject": 250, "preheader": 140, "intro": 20_000}


def plan(
    database: Database,
    key: str,
    slot: datetime,
    *,
    frequency: str = "",
    chosen: Sequence[int] | None = None,
) -> Issue:
    """Plan an issue of a newsletter, of the items ``chosen`` in that order or of what is new.

    For those who get it at a frequency that it has. Raises NotFoundError, InputError, or
    ConflictError when it has an issue for them in that slot.
    """
    with database.write() as tx:
        newsletter = newsletters.get(tx, key)
        if chosen is not None:
            check_items(tx, newsletter, chosen, frequency=frequency)
        return issues.plan_by_hand(tx, key, slot, frequency=frequency, chosen=chosen)


def check_items(
    tx: Transaction, newsletter: Newsletter, chosen: Sequence[int], *, frequency: str = ""
) -> None:
    """Raise InputError when an issue for who has this frequency cannot be of these items."""
    if not chosen or len({*chosen}) < len(chosen):
        raise InputError("items", "name at least one item, and each once")
    strangers = [str(item_id) for item_id in chosen if item_id not in items.many(tx, chosen)]
    if strangers:
        raise InputError("items", f"no item {', '.join(strangers)}: see 'tidings item list'")
    left = candidates.untold(tx, newsletter, chosen, frequency=frequency)
    untold = {item_id for of_language in left.values() for item_id in of_language}
    for item_id in chosen:
        if item_id not in untold:
            raise InputError(
                "items", f"item {item_id} was in an issue in every language: leave it out"
            )


def write(
    database: Database,
    issue_id: int,
    language: str,
    *,
    author: str,
    subject: str | None = None,
    preheader: str | None = None,
    intro: str | None = None,
) -> Issue:
    """Give an issue words of its own in a language; None leaves a part, empty takes it back.

    Raises InputError, or ConflictError once it is frozen.
    """
    parts = {
        "subject": subject and characters.clean_line(subject),
        "preheader": preheader and characters.clean_line(preheader),
        "intro": intro and characters.clean_text(intro),
    }
    with database.write() as tx:
        issue = issues.get(tx, issue_id)
        issue_states.of(issue, Act.WRITE)
        _check_language(newsletters.get(tx, issue.newsletter), language)
        words = _written(issue.words.get(language, Words()), parts, author)
        issues.write(tx, issue, {**issue.words, language: words})
        return issues.get(tx, issue_id)


def _written(words: Words, parts: Mapping[str, str | None], author: str) -> Words:
    """Return words with these parts anew, by their author; those that are None stay."""
    anew = {part: text for part, text in parts.items() if text is not None}
    for part, text in anew.items():
        if len(text) > _LONGEST[part]:
            raise InputError(part, f"has {len(text)} characters, {_LONGEST[part]} at the most")
    told = {part: anew.get(part, getattr(words, part)) for part in parts}
    by = {**words.authors, **dict.fromkeys(anew, author)}
    # What is taken back is nobody's.
    authors = {part: who for part, who in by.items() if told[part]}
    return Words(authors=authors, **told)


def _check_language(newsletter: Newsletter, language: str) -> None:
    if language not in newsletter.languages:
        there = ", ".join(newsletter.languages)
        raise InputError("language", f"{newsletter.key} is not in {language}; it is in {there}")


def approve(
    database: Database,
    config: Config,
    issue_id: int,
    language: str,
    *,
    by: str,
    now: datetime,
    seen: str | None = None,
) -> Approval:
    """Approve what an issue would tell in a language, exactly as it would be frozen now.

    ``seen`` is the digest of what was looked at, where somebody gave one: it is refused when
    the content is another by now. Raises ConflictError and InputError, which say why.
    """
    with database.write() as tx:
        issue = issues.get(tx, issue_id)
        issue_states.of(issue, Act.APPROVE)
        newsletter = newsletters.get(tx, issue.newsletter)
        _check_language(newsletter, language)
        if not newsletter.approval:
            raise ConflictError(f"{newsletter.key} asks for no approval: its issues need none")
        consent = _to_approve(gating.look(tx, issue, newsletter, config, now=now), language)
        _check_approver(issue, consent, by, seen)
        approval = Approval(language=language, digest=consent.digest, approved_by=by, at=now)
        approvals.add(tx, issue.id, approval)
        return consent.approval or approval


def _to_approve(gate: Gate, language: str) -> Consent:
    for entry in gate.blocking:
        if entry.language == language:
            raise ConflictError(
                f"issue {gate.issue.id} is not complete in {language}: "
                f"it waits for item {entry.item} ({entry.reason})"
            )
    for consent in gate.consents:
        if consent.language == language:
            return consent
    there = ", ".join(gate.chosen) or "no language"
    raise ConflictError(f"issue {gate.issue.id} holds news in {there}, none in {language}")


def _check_approver(issue: Issue, consent: Consent, by: str, seen: str | None) -> None:
    if not characters.clean_line(by):
        raise InputError("by", "say who approves it")
    if seen is not None and seen != consent.digest:
        raise ConflictError(
            f"issue {issue.id} in {consent.language} is not what you have seen any more: "
            "look at 'tidings issue preview' again"
        )
    if consent.is_author(by):
        raise ConflictError(
            f"{by} is an author of issue {issue.id} in {consent.language}: "
            "somebody else must approve it"
        )


def schedule(database: Database, issue_id: int, at: datetime) -> Issue:
    """Have an issue be sent not before an instant.

    Until then it is frozen as soon as it can be. Raises InputError for an instant before its
    slot, ConflictError once it is being sent.
    """
    with database.write() as tx:
        issue = issues.get(tx, issue_id)
        issue_states.of(issue, Act.SCHEDULE)
        if at < issue.slot:
            slot = wallclock.in_utc(issue.slot)
            raise InputError("at", f"issue {issue.id} is planned for {slot}: give that or later")
        issues.schedule(tx, issue, at)
        dues.put_off_all(tx, issue, at)
        return issues.get(tx, issue_id)


def pause(database: Database, issue_id: int) -> Issue:
    """Stop an issue: nothing more is taken for sending. Raises ConflictError."""
    with database.write() as tx:
        issue = issues.get(tx, issue_id)
        issues.move(tx, issue, issue_states.of(issue, Act.PAUSE), blocking=issue.blocking)
        return issues.get(tx, issue_id)


def resume(database: Database, issue_id: int, *, now: datetime) -> Issue:
    """Go on with an issue that was paused, from where it was. Raises ConflictError."""
    with database.write() as tx:
        issue = issues.get(tx, issue_id)
        state = issue_states.of(issue, Act.RESUME_SENDING if issue.frozen else Act.RESUME)
        if state is IssueState.SCHEDULED and (issue.send_at or now) <= now:
            state = issue_states.move(state, Act.SEND)
        issues.move(tx, issue, state)
        jobs.wake(tx, now=now)
        return issues.get(tx, issue_id)


def cancel(database: Database, issue_id: int, *, now: datetime) -> Issue:
    """End an issue: what waits is cancelled, what is sent or under way stays what it is.

    What it held and had not frozen yet, the next issue tells. Raises ConflictError.
    """
    with database.write() as tx:
        issue = issues.get(tx, issue_id)
        issues.move(tx, issue, issue_states.of(issue, Act.CANCEL))
        if issue.state not in OPEN:
            cancelling.cancel(tx, issue, now)
        return issues.get(tx, issue_id)
