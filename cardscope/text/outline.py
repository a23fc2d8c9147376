"""Pieces of Markdown to sections: which block stands under which heading, and which section in which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cardscope.text.markdown import Piece
from cardscope.types import Block, HeadingStyle, Span


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
    opening = OutlineSection("", 0, first, offset)
    sections = [opening]
    real = 0  # level of the last heading that is not a bold line
    open_at: list[int] = []  # indices of the sections that are open, outermost first
    for index, piece in enumerate(pieces):
        current = sections[-1]
        if piece.style is HeadingStyle.NONE or (
            piece.style is HeadingStyle.BOLD and _introduces_nothing(pieces, index)
        ):
            _add_block(current, piece, offset)
            continue
        begin = piece.first + offset
        if _repeats(current, piece, begin):
            sections.pop()
            if open_at and open_at[-1] == len(sections):
                open_at.pop()
        elif len(sections) > 1 and begin <= current.head_last:
            # A second heading on the line of the first cannot have lines of its own.
            continue
        level = min(real + 1, 6) if piece.style is HeadingStyle.BOLD else piece.level
        if piece.style is not HeadingStyle.BOLD:
            real = level
        while open_at and sections[open_at[-1]].level >= level:
            open_at.pop()
        parent = open_at[-1] if open_at else None
        open_at.append(len(sections))
        sections.append(OutlineSection(piece.text, level, begin, piece.last + offset, piece.style, parent))
    return _close(sections, lines)


def _introduces_nothing(pieces: Sequence[Piece], index: int) -> bool:
    return index + 1 == len(pieces) or pieces[index + 1].style is not HeadingStyle.NONE


def _repeats(current: OutlineSection, piece: Piece, begin: int) -> bool:
    """Whether this is the Markdown heading inside the tag that was just read: ``<h1>``, ``# Title``, ``</h1>``."""
    return (
        current.style is HeadingStyle.HTML
        and not current.blocks
        and begin <= current.head_last
        and piece.style is not HeadingStyle.HTML
    )


def _add_block(section: OutlineSection, piece: Piece, offset: int) -> None:
    """Takes a block in, cut to the lines below the heading and below the block before it."""
    section.words += piece.words
    first = max(piece.first + offset, section.head_last + 1)
    last = piece.last + offset
    if section.blocks:
        first = max(first, section.blocks[-1].span.last + 1)
    if first <= last:
        section.blocks.append(Block(piece.kind, Span(first, last), piece.info))


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
        section.blocks.append(Block(block.kind, Span(block.span.first, section.last), block.info))
