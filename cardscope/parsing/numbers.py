"""Results without a heading: a table whose numbers stand under, or beside, the names of measures or benchmarks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cardscope.types import Block, Found, LabelEvidence, Span

#: Rows of a table, and characters of a row, that are looked at.
_ROWS = 40
_WIDTH = 600
#: A first cell that is longer holds a sentence and names nothing.
_CELL = 48
_BREAK = re.compile(r"[^a-z0-9]+")
_DIGIT = re.compile(r"[0-9]")
#: A table with one of these in its head is the log of a training run, written by a tool, and no report on the model.
_LOG = frozenset({"epoch", "epochs", "step", "steps"})
_RESULTS = "results"


def from_numbers(
    found: dict[str, LabelEvidence], columns: Mapping[str, tuple[str, ...]], block: Block, lines: Sequence[str]
) -> None:
    """Adds what the head of a table of numbers answers, or else its first cells; with either there are results.

    Args:
        found: Labels of the section so far; what is known already stays.
        columns: Word to the labels that it answers.
        block: A table.
        lines: Of the whole README.
    """
    first, last = block.span.first, block.span.last
    rows = lines[first + 1 : min(last, first + _ROWS)]
    if not any(_DIGIT.search(row, 0, _WIDTH) for row in rows):
        return
    names = _words(lines[first - 1][:_WIDTH])
    if not _LOG.isdisjoint(names):
        return
    named = dict.fromkeys(_labels(columns, names), Span(first, first))
    if not named:
        for number, row in enumerate(rows, first + 2):
            cell, bar, rest = row[:_WIDTH].strip(" \t|").partition("|")
            if bar and len(cell) <= _CELL and _DIGIT.search(rest):
                for label in _labels(columns, _words(cell)):
                    named.setdefault(label, Span(number, number))
    if named:
        named.setdefault(_RESULTS, block.span)
    for label, span in named.items():
        if label not in found or found[label].placeholder:
            found[label] = LabelEvidence(label, Found.TABLE, (span,))


def _words(text: str) -> list[str]:
    return _BREAK.split(text.lower())


def _labels(columns: Mapping[str, tuple[str, ...]], words: Sequence[str]) -> dict[str, None]:
    return {label: None for word in words for label in columns.get(word, ())}
