"""Which lines only hold a place: what a template wrote where the author should have written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cardscope import tables
from cardscope.types import Block, BlockKind, Span

#: Longer lines are prose whatever stands in them; the longest line a known template leaves open has 230 characters.
_LONGEST = 400
#: List marks, quote marks, table bars, emphasis and blanks around a line.
_EDGE = " \t\u00a0\u3000-*+>|_`#"
_DOTS = ".…!。"
_VISIBLE = frozenset({BlockKind.CODE, BlockKind.TABLE, BlockKind.IMAGE, BlockKind.BADGE})
_HIDDEN = frozenset({BlockKind.COMMENT, BlockKind.RULE})
_CODE, _TABLE = BlockKind.CODE, BlockKind.TABLE


class _Marks:
    """The table, compiled: one automaton tells for most lines at once that they hold no mark at all."""

    __slots__ = ("_any", "_cased", "lead_in", "whole", "within")

    def __init__(self) -> None:
        from ahocorasick_rs import BytesAhoCorasick

        table = tables.read_table("placeholders")
        self.whole = frozenset(str(mark) for mark in table["whole"]["marks"])
        self.within = tuple(str(mark) for mark in table["within"]["marks"])
        self.lead_in = tuple(str(mark) for mark in table["lead_in"]["marks"])
        marks = sorted({*self.whole, *self.within, *self.lead_in})
        self._any: Any = BytesAhoCorasick([mark.encode() for mark in marks])
        letters = {letter for mark in marks for letter in mark + mark.upper() if not letter.isascii()}
        cased = (letter for letter in letters if letter.lower() != letter.upper())
        self._cased = tuple(sorted({letter.encode()[:1] for letter in cased}))

    def may_hold(self, lowered: str) -> bool:
        """Whether any mark stands anywhere in a text in lower case."""
        return bool(self._any.find_matches_as_indexes(lowered.encode("utf-8", "replace")))

    def places(self, text: bytes) -> tuple[bytes, list[int]]:
        """The text in lower case as far as marks are concerned, and where in it a mark begins, of each line with any.

        Bytes are lowered and searched in half the time of text; only alphabets with capitals that a mark is written in
        must be looked up.
        """
        if any(map(text.__contains__, self._cased)):
            lowered = text.decode("utf-8", "replace").lower().encode("utf-8", "replace")
        else:
            lowered = text.lower()
        return lowered, [start for _, start, _ in self._any.find_matches_as_indexes(lowered)]


@lru_cache(maxsize=1)
def _marks() -> _Marks:
    return _Marks()


def _clear() -> None:
    _marks.cache_clear()
    _read.cache_clear()


tables.on_overlay(_clear)


@lru_cache(maxsize=8192)
def _read(line: str) -> str:
    """``placeholder``, ``lead`` (says nothing by itself: a lead-in, a bare ``Key:``, a comment) or ``content``."""
    text = line.strip(_EDGE)
    if not text:
        return "lead"
    lowered = line.lower()
    marks = _marks()
    if marks.may_hold(lowered):
        if any(mark in lowered for mark in marks.within):
            return "placeholder"
        value = _value(lowered)
        if value in marks.whole or (not value and _value(lowered.rpartition(":")[2]) in marks.whole):
            return "placeholder"
        if lowered.strip(_EDGE).startswith(marks.lead_in):
            return "lead"
    if text.startswith("<!--") and (text.find("-->") in {-1, len(text) - 3}):
        return "lead"
    # A key with nothing behind it, or a line that is bold as a whole and ends in a colon, only announces.
    if text[-1] in ":：" and len(text) < 60 and line.lstrip(" \t-*+>")[:1].isalnum() and "**" in line:
        return "lead"
    return "content"


def _value(lowered: str) -> str:
    """What a line says: the last cell of a row; without comment and without a short key before a colon."""
    lowered = lowered.partition("<!--")[0].strip(_EDGE)
    if "|" in lowered:
        lowered = lowered.rpartition("|")[2]
    key, colon, value = lowered.partition(":")
    if colon and len(key) <= 60 and not value.startswith("//"):
        lowered = value
    return lowered.strip(_EDGE).rstrip(_DOTS).strip(_EDGE)


def is_placeholder(line: str) -> bool:
    """Whether nobody has written here yet, although a place was made for it.

    >>> is_placeholder("- **License:** [More Information Needed]"), is_placeholder("- **License:** mit")
    (True, False)
    """
    return len(line) <= _LONGEST and _read(line) == "placeholder"


def placeholder_spans(lines: Sequence[str], text: bytes, first: int) -> tuple[Span, ...]:
    """Runs of placeholder lines among some lines of a README, in order.

    Args:
        text: The same lines in UTF-8, line feeds between them.
        first: Number of the first line.
    """
    found: list[Span] = []
    at, before, asked = 0, 0, -1
    # Only lines with a mark are read; no mark reaches over a line end, and lower case moves none.
    lowered, places = _marks().places(text)
    for place in places:
        at += lowered.count(b"\n", before, place)
        before = place
        if at == asked or not is_placeholder(lines[at]):
            continue
        asked, number = at, first + at
        if found and found[-1].last == number - 1:
            found[-1] = Span(found[-1].first, number)
        else:
            found.append(Span(number, number))
    return tuple(found)


def section_is_placeholder(blocks: Sequence[Block], lines: Sequence[str], span: Span) -> bool:
    """Whether a reader finds nothing under a heading: no block, or comments, placeholders and their lead-ins only.

    Args:
        blocks: Of the section, without its heading.
        lines: Of the whole README.
        span: Of the section; blocks that reach out of it are read no further.
    """
    for block in blocks:
        kind = block.kind
        if kind in _HIDDEN:
            continue
        first, last = block.span.first, min(block.span.last, span.last)
        if kind in _VISIBLE:
            if kind is _CODE and _is_open_code(lines, first, last):
                continue
            if kind is _TABLE and _is_open_table(lines, first, last):
                continue
            return False
        for number in range(first, last + 1):
            line = lines[number - 1]
            if len(line) > _LONGEST or _read(line) == "content":
                return False
    return True


def _is_open_code(lines: Sequence[str], first: int, last: int) -> bool:
    """A code block of a few lines in which a tool left a note to fill in."""
    if last - first > 4:
        return False
    inside = [line for line in lines[first - 1 : last] if not line.lstrip().startswith(("```", "~~~"))]
    return all(not line.strip() or is_placeholder(line) for line in inside)


def _is_open_table(lines: Sequence[str], first: int, last: int) -> bool:
    """A table whose every row behind the head is open."""
    rows = lines[first + 1 : last]
    return bool(rows) and all(is_placeholder(row) for row in rows)
