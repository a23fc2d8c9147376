"""Pieces of Markdown to sections: which block stands under which heading, and which section in which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cardscope.text.markdown import Piece
from cardscope.text.spans import span_of
from cardscope.types import Block, BlockKind, HeadingStyle

_NO_HEADING, _BOLD, _HTML = HeadingStyle.NONE, HeadingStyle.BOLD, HeadingStyle.HTML


@dataclass(slots=True)
class OutlineSection:
    """A section before it has labels; see `cardscope.types.Section` for what the fields mean."""

    heading: str
    level: int
    first: int
    head_last: int
    style: HeadingStyle = HeadingStyle.NONE
    parent: int | None = None
    last: int = 0
    words: int = 0
    blocks: list[Block] = field(default_factory=list)


def build_outline(pieces: Sequence[Piece], lines: Sequence[str], first: int) -> list[OutlineSection]:
    """Sections of a body that begins on line ``first`` of the README (1-based); spans count the README's lines.

    Blank means what CommonMark means by it: nothing but spaces and tabs.

    A bold line is a heading only if something other than a heading follows it: one that introduces nothing is text.
    """
    offset = first - 1
    current = OutlineSection("", 0, first, offset)
    sections = [current]
    taken = offset  # last line that belongs to a heading or a block
    real = 0  # level of the last heading that is not a bold line
    open_at: list[int] = []  # indices of the sections that are open, outermost first
    for index, piece in enumerate(pieces):
        begin, end, style = piece.first + offset, piece.last + offset, piece.style
        if style is _NO_HEADING or (style is _BOLD and _introduces_nothing(pieces, index)):
            current.words += piece.words
            if begin <= taken:
                begin = taken + 1
            if begin <= end:
                current.blocks.append(_block(piece.kind, begin, end, piece.info))
                taken = end
            continue
        if _repeats(current, style, begin):
            sections.pop()
            if open_at and open_at[-1] == len(sections):
                open_at.pop()
        elif len(sections) > 1 and begin <= current.head_last:
            # A second heading on the line of the first cannot have lines of its own.
            continue
        level = min(real + 1, 6) if style is _BOLD else piece.level
        if style is not _BOLD:
            real = level
        while open_at and sections[open_at[-1]].level >= level:
            open_at.pop()
        parent = open_at[-1] if open_at else None
        open_at.append(len(sections))
        current = OutlineSection(piece.text, level, begin, end, style, parent, 0, 0, [])
        sections.append(current)
        taken = end
    return _close(sections, lines)


@lru_cache(maxsize=8192)
def _block(kind: BlockKind, first: int, last: int, info: str) -> Block:
    """A block out of a cache, for the same reason as `span_of`."""
    return Block(kind, span_of(first, last), info)


def _introduces_nothing(pieces: Sequence[Piece], index: int) -> bool:
    return index + 1 == len(pieces) or pieces[index + 1].style is not _NO_HEADING


def _repeats(current: OutlineSection, style: HeadingStyle, begin: int) -> bool:
    """Whether this is the Markdown heading inside the tag that was just read: ``<h1>``, ``# Title``, ``</h1>``."""
    return current.style is _HTML and not current.blocks and begin <= current.head_last and style is not _HTML


def _close(sections: list[OutlineSection], lines: Sequence[str]) -> list[OutlineSection]:
    """Ends every section on its last line with content, and drops the opening one when nothing stands in it."""
    following = len(lines) + 1
    for section in reversed(sections):
        last = min(following - 1, len(lines))
        while last > section.head_last and not lines[last - 1].strip(" \t"):
            last -= 1
        # A heading tag over several lines may reach into the next heading.
        section.last = max(min(last, following - 1), section.first)
        while section.blocks and section.blocks[-1].span.last > section.last:
            _cut_last_block(section)
        following = section.first
    opening = sections[0]
    end = sections[1].first - 1 if len(sections) > 1 else len(lines)
    while opening.first <= end and not lines[opening.first - 1].strip(" \t"):
        opening.first += 1
    if opening.first <= end:
        return sections
    for section in sections:
        section.parent = None if section.parent is None else section.parent - 1
    return sections[1:]


def _cut_last_block(section: OutlineSection) -> None:
    """Ends a block where its section ends: a tag that holds a heading reaches into the next section."""
    block = section.blocks.pop()
    if block.span.first <= section.last:
        section.blocks.append(_block(block.kind, block.span.first, section.last, block.info))
