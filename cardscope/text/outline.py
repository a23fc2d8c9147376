"""Headings and blocks to sections: which block stands under which heading, and which section in which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cardscope.types import Block, BlockKind, HeadingStyle, Span

_BOLD, _HTML = HeadingStyle.BOLD, HeadingStyle.HTML
_PARAGRAPH = BlockKind.PARAGRAPH


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


class Outline:
    """Takes headings and blocks in the order of the text; lines are those of the body, 1-based.

    A bold line is a heading only if something other than a heading follows it: one that introduces nothing is text. So
    it waits for what comes next.

    Args:
        first: Line of the README (1-based) on which the body begins; the sections count the README's lines.

    Attributes:
        pieces: Headings and blocks that were taken.
    """

    def __init__(self, first: int) -> None:
        self.pieces = 0
        self._offset = first - 1
        self._current = OutlineSection("", 0, first, first - 1)
        self._sections = [self._current]
        self._taken = first - 1  # last line that belongs to a heading or a block
        self._real = 0  # level of the last heading that is not a bold line
        self._open: list[int] = []  # indices of the sections that are open, outermost first
        self._waiting: tuple[str, int, int, int] | None = None  # a bold line: text, lines, words

    def block(self, kind: BlockKind, first: int, last: int, words: int, info: str = "") -> None:
        """Takes a block in, cut to the lines below the heading and below the block before it.

        Args:
            words: Of visible text.
            info: Language of a code block, ``details`` of a disclosure element.
        """
        self.pieces += 1
        if self._waiting is not None:
            (text, line, end, _), self._waiting = self._waiting, None
            self._open_section(_BOLD, min(self._real + 1, 6), text, line, end)
        current = self._current
        current.words += words
        first += self._offset
        last += self._offset
        if first <= self._taken:
            first = self._taken + 1
        if first <= last:
            current.blocks.append(Block(kind, Span(first, last), info))
            self._taken = last

    def heading(self, style: HeadingStyle, level: int, text: str, first: int, last: int, words: int = 0) -> None:
        """Takes a heading in.

        Args:
            level: Not that of a bold line, which follows from where it stands.
            text: What its reader sees.
            words: Of a bold line, which may be a block after all.
        """
        self.pieces += 1
        self._settle()
        if style is _BOLD:
            self._waiting = text, first, last, words
        else:
            self._open_section(style, level, text, first, last)

    def close(self, lines: Sequence[str]) -> list[OutlineSection]:
        """The sections, ended where their content ends.

        Args:
            lines: Of the whole README. Blank means what CommonMark means by it: nothing but spaces and tabs.
        """
        self._settle()
        return _close(self._sections, lines)

    def _settle(self) -> None:
        """A bold line before another heading or the end is a paragraph."""
        if self._waiting is not None:
            (_, first, last, words), self._waiting = self._waiting, None
            self.pieces -= 1  # it was counted when it came
            self.block(_PARAGRAPH, first, last, words)

    def _open_section(self, style: HeadingStyle, level: int, text: str, first: int, last: int) -> None:
        first += self._offset
        last += self._offset
        current, sections, open_at = self._current, self._sections, self._open
        if current.style is _HTML and not current.blocks and first <= current.head_last and style is not _HTML:
            # This is the Markdown heading inside the tag that was just read: <h1>, "# Title", </h1>.
            sections.pop()
            if open_at and open_at[-1] == len(sections):
                open_at.pop()
        elif len(sections) > 1 and first <= current.head_last:
            # A second heading on the line of the first cannot have lines of its own.
            return
        if style is not _BOLD:
            self._real = level
        while open_at and sections[open_at[-1]].level >= level:
            open_at.pop()
        parent = open_at[-1] if open_at else None
        open_at.append(len(sections))
        self._current = OutlineSection(text, level, first, last, style, parent, 0, 0, [])
        sections.append(self._current)
        self._taken = last


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
