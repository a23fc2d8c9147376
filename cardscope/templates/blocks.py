"""Which lines a tool wrote, given where its marks stand.

A row's ``block`` says how far its hand reaches: ``body`` (the whole body, less the blocks that others wrote into it),
``until`` (from the start of the body, or its first mark, to the line that begins with one of the row's ``until``),
``between`` (from its first mark to its last), ``sections`` (each section with a mark), ``paragraph`` (from a mark to
the next blank line), ``lines`` (the lines of its marks), ``front matter`` (only metadata is its).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cardscope.templates.rows import Row
from cardscope.types import Card, Span


def block_of(card: Card, row: Row, lines: Sequence[int], *, inner: bool = False) -> tuple[Span, ...]:
    """The lines of one tool, before those of others are taken out.

    Args:
        lines: Where its marks stand in the body, ascending; may be empty when only metadata spoke.
        inner: Another tool has the whole body already; then a row that would claim it gets the sections of its marks.
    """
    front = card.front_matter.span
    metadata = (front,) if front is not None else ()
    if card.body is None or row.block == "front matter":
        return metadata
    if row.block == "body" and not (inner and lines):
        return (card.body,)
    if not lines:
        return metadata
    if row.block == "body":
        return _sections(card, lines)
    if row.block == "until":
        return (_until(card, card.body, row, lines),)
    if row.block == "between":
        return (Span(_with_heading(card, lines[0]), lines[-1]),)
    if row.block == "sections":
        return _sections(card, lines)
    if row.block == "paragraph":
        return joined(Span(line, _paragraph_end(card, line)) for line in lines)
    return joined(Span(_list_start(card, line), line) for line in lines)


def without(span: Span, taken: Sequence[Span]) -> tuple[Span, ...]:
    """``span`` less the lines of ``taken``, which may overlap and stand in any order.

    >>> without(Span(1, 9), [Span(3, 4), Span(8, 12)])
    (Span(first=1, last=2), Span(first=5, last=7))
    """
    left, first = [], span.first
    for other in sorted(taken):
        if other.last < first or other.first > span.last:
            continue
        if other.first > first:
            left.append(Span(first, other.first - 1))
        first = max(first, other.last + 1)
    if first <= span.last:
        left.append(Span(first, span.last))
    return tuple(left)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap made one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].last + 1:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return tuple(found)


def _until(card: Card, body: Span, row: Row, lines: Sequence[int]) -> Span:
    # A tool that writes in front of the base model's card begins with the body; one that writes inside, at its mark.
    first = body.first if row.base_follows else lines[0]
    for number in range(lines[0], body.last + 1):
        text = card.lines[number - 1].lstrip("#*<>h1234567890 \t")
        if text.startswith(row.until) or card.lines[number - 1].startswith(row.until):
            return Span(first, number)
    return Span(first, body.last if row.base_follows else max(lines[-1], first))


def _with_heading(card: Card, line: int) -> int:
    """The line of the heading right above, when nothing but blank lines is between."""
    number = line - 1
    while number >= 1 and not card.lines[number - 1].strip():
        number -= 1
    return number if number >= 1 and card.lines[number - 1].startswith("#") else line


def _list_start(card: Card, line: int) -> int:
    """The heading's line when it was set above this one line, as PEFT does under a template; else the line itself."""
    alone = line >= len(card.lines) or not card.lines[line].startswith("- ")
    return _with_heading(card, line) if alone and card.lines[line - 1].startswith("- ") else line


def _sections(card: Card, lines: Sequence[int]) -> tuple[Span, ...]:
    found, at = [], 0
    for line in lines:
        while at < len(card.sections) - 1 and card.sections[at].span.last < line:
            at += 1
        if at < len(card.sections) and card.sections[at].span.first <= line <= card.sections[at].span.last:
            found.append(card.sections[at].span)
        else:
            found.append(Span(line, line))
    return joined(found)


def _paragraph_end(card: Card, line: int) -> int:
    while line < len(card.lines) and card.lines[line].strip():
        line += 1
    return line
