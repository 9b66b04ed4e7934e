"""A body in pieces that can be translated one by one, and be put together again. Pure.

    gap, block, gap, block, gap

Blocks are the paragraphs, list entries, tables and so on, without the white space around
them. Gaps are all the rest: that white space, and what holds no words, such as a rule.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from publisher import markup

#: CommonMark 0.31, 2.1: what ends a line.
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The pieces of a body; there is one gap more than there are blocks."""

    gaps: tuple[str, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def split(markdown: str) -> Blocks:
    """Return the pieces of a body; joined they are the body to the last character."""
    gaps, texts = [""], list[str]()
    for piece in _pieces(markdown):
        words = piece.strip()
        if not any(character.isalnum() for character in words):
            gaps[-1] += piece
            continue
        before, _, after = piece.partition(words)
        gaps[-1] += before
        texts.append(words)
        gaps.append(after)
    return Blocks(gaps=tuple(gaps), texts=tuple(texts))


def _pieces(markdown: str) -> Iterator[str]:
    lines = _LINE.findall(markdown)
    edges = {0, len(lines)}
    for first, end in markup.blocks(markdown):
        # What follows a block belongs to no block, such as the target of a link.
        edges |= {min(first, len(lines)), min(end, len(lines))}
    for first, end in pairwise(sorted(edges)):
        yield "".join(lines[first:end])


def join(gaps: Sequence[str], texts: Sequence[str]) -> str:
    """Return a body from its pieces."""
    return "".join(gap + text for gap, text in zip_longest(gaps, texts, fillvalue=""))
