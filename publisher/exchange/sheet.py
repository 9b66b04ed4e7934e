"""A text as a translator gets it: what to translate, what is there, what it was made from. Pure.

The body goes out block by block. How a translation's blocks stand to those of its source is
known where both count the same; then only what has changed in the source is to be done again.
Else the body goes out whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from publisher import characters, markup
from publisher.exchange.blocks import Blocks, join, split
from publisher.freshness import digest
from store.records import Text

#: To compare two bodies costs at worst the cube of their lengths; longer ones go out whole.
MAX_COMPARED = 500

#: The units beside the body.
FIELDS = ("title", "summary", "image_alt")
#: The body of a text as one unit.
BODY = "body"

#: Which block of the old body one of the new body is, if any, and whether it is unchanged.
Pair = tuple[int | None, bool]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One thing to translate."""

    #: ``title``, ``summary``, ``image_alt``, ``body`` or ``body.N``.
    id: str
    source: str
    #: What the translation says there now, None where there is none.
    target: str | None = None
    #: Whether that is a translation of the source as it is.
    done: bool = False
    #: What the source said when that was made, where it said something else.
    previous: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What there is to translate of a text; source words that are empty are not."""

    units: tuple[Unit, ...]
    #: What stands around the units of the body.
    gaps: tuple[str, ...]
    #: The translation as it stands, None where there is none.
    before: Text | None

    @property
    def body(self) -> tuple[Unit, ...]:
        """The units that make the body."""
        return tuple(unit for unit in self.units if unit.id.partition(".")[0] == BODY)

    def words(self, answers: Mapping[str, str]) -> Text:
        """Return the text that these answers, by unit, make; the others stay as they are.

        Where there is no translation of a unit yet, the source speaks.
        """
        said = {unit.id: answers.get(unit.id) or unit.target or unit.source for unit in self.units}
        blocks = [said[unit.id] for unit in self.body]
        before = {} if self.before is None else vars(self.before)
        title = characters.clean_line(said.get("title", before.get("title", "")))
        return Text(
            title=title,
            summary=characters.clean_line(said.get("summary", before.get("summary", ""))),
            body=characters.clean_text(join(self.gaps, blocks)),
            slug=before["slug"] if before else markup.slug(title),
            image_alt=characters.clean_line(said.get("image_alt", before.get("image_alt", ""))),
        )


def sheet(
    source: Text, target: Text | None = None, previous: Text | None = None, *, begun: bool = False
) -> Sheet:
    """Return what there is to translate of a source text, beside its translation as it stands.

    ``previous`` is the source text that the translation was made from, None where nobody
    knows it. ``begun`` says that the translation is a draft: what it has in the words of the
    source is then not translated yet.
    """
    current = previous is not None and digest(previous) == digest(source)
    body, gaps = _body(source, target, previous, current=current)
    title, summary, alt = (_field(name, source, target, previous) for name in FIELDS)
    units = (unit for unit in (title, summary, *body, alt) if unit.source)
    # A draft without a source to compare with was begun from this one.
    known = current or (begun and previous is None)
    return Sheet(
        units=tuple(_standing(unit, current=known, begun=begun) for unit in units),
        gaps=gaps,
        before=target,
    )


def _field(name: str, source: Text, target: Text | None, previous: Text | None) -> Unit:
    new, old = getattr(source, name), getattr(previous, name, None)
    return Unit(
        id=name,
        source=new,
        target=getattr(target, name, "") or None,
        done=old is not None and same(new, old),
        previous=old,
    )


def _standing(unit: Unit, *, current: bool, begun: bool) -> Unit:
    """Return a unit that says of its translation only what is of use. Pure."""
    if unit.target is None or (begun and same(unit.target, unit.source)):
        return replace(unit, target=None, done=False, previous=None)
    done = current or unit.done
    return replace(unit, done=done, previous=None if done else unit.previous or None)


def same(one: str, other: str) -> bool:
    """Say whether two texts differ in nothing but white space, as digests see it."""
    return one.split() == other.split()


def _body(
    source: Text, target: Text | None, previous: Text | None, *, current: bool
) -> tuple[list[Unit], tuple[str, ...]]:
    """Return the units of a body and the gaps around them."""
    new, old = split(source.body), split(target.body if target else "")
    if not new.texts:
        return [], (target.body if target else source.body,)
    was = new if current else split(previous.body) if previous else None
    nothing: list[Pair] = [(None, False)] * len(new)
    pairs = _pairs(new, old, was, current=current) if target else nothing
    if pairs is None:
        return [_field(BODY, source, target, previous)], ("", "")
    units = [
        Unit(
            id=f"{BODY}.{number}",
            source=text,
            target=None if place is None else old.texts[place],
            done=unchanged,
            previous=None if place is None or was is None else was.texts[place],
        )
        for number, (text, (place, unchanged)) in enumerate(
            zip(new.texts, pairs, strict=True), start=1
        )
    ]
    return units, tuple(_gaps(new, old, pairs))


def _pairs(new: Blocks, old: Blocks, was: Blocks | None, *, current: bool) -> list[Pair] | None:
    """Return for each block of the source the translation's; None where nobody can say."""
    if current or was is None:
        return [(place, current) for place in range(len(new))] if len(new) == len(old) else None
    if len(was) != len(old) or max(len(was), len(new)) > MAX_COMPARED:
        return None
    return _compared(was.texts, new.texts)


def _compared(was: Sequence[str], new: Sequence[str]) -> list[Pair]:
    one, other = ([" ".join(text.split()) for text in side] for side in (was, new))
    # What has only moved is translated already.
    places = {text: number for number, text in enumerate(one)}
    pairs: list[Pair] = []
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for act, first, end, at, until in matcher.get_opcodes():
        for number, text in enumerate(other[at:until], start=first):
            if act == "equal":
                pairs.append((number, True))
            elif text in places:
                pairs.append((places[text], True))
            else:
                pairs.append((number if number < end else None, False))
    return pairs


def _gaps(new: Blocks, old: Blocks, pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield the translation's gap where two of its blocks still are neighbours, else the source's.

    An untouched body is then the same to the last character.
    """
    places = [-1, *(place for place, _ in pairs), len(old)]
    for number, (left, right) in enumerate(pairwise(places)):
        neighbours = left is not None and right is not None and right == left + 1
        yield old.gaps[left + 1] if neighbours and left is not None else new.gaps[number]
