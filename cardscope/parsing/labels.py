"""What a section is about: by its heading first, then by where it stands, then by what stands in it.

A heading is looked up as a whole, then for the phrases it holds; a sub-heading of no known meaning takes over what
its enclosing section is about. Lists, tables, code and the opening paragraphs are searched for the statements that
people write there instead of a section ("Developed by: ...", a BibTeX entry, "a fine-tuned version of ...").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cardscope import tables
from cardscope.parsing.lexicon import Lexicon, lexicon, normalize_heading
from cardscope.parsing.placeholders import is_placeholder, section_is_placeholder
from cardscope.types import Block, BlockKind, Found, LabelEvidence, Span

#: A key before a colon is no longer than this, emphasis and list mark included.
_KEY = 64
#: Longer tables and lists hold numbers or data, whose keys are no statements about the model.
_ROWS = 60
#: Lines of one code block that are looked at.
_CODE_LINES = 60
#: Fewer characters are a label or a badge, not a description.
_SENTENCE = 25
_KEY_EDGE = " \t\u00a0-*+•|>_`#"
#: Prose under a heading of these labels, or of none, may answer other questions too.
_OPEN = frozenset({"model_description", "base_model", "intended_use", "limitations", "developer", "training_data"})
_TEXT = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE, BlockKind.HTML})


@lru_cache(maxsize=16384)
def heading_labels(heading: str, parent_labels: tuple[str, ...] = ()) -> tuple[tuple[str, ...], bool]:
    """Labels that a heading gives by its own words, or else by its place; the flag tells that they are its own.

    >>> heading_labels("## 3. Intended uses & limitations")
    (('intended_use', 'limitations'), True)
    >>> heading_labels("With two GPUs", ("how_to_use",))
    (('how_to_use',), False)
    """
    table = lexicon()
    words = normalize_heading(heading)
    if not words:
        return (), False
    found = table.exactly(words, parent_labels) or table.inside(words)
    if found:
        return found, True
    for label in parent_labels:
        if label in table.inherit:
            return (label,), False
    return (), False


tables.on_overlay(heading_labels.cache_clear)


def label_section(
    heading: str, parent_labels: tuple[str, ...], blocks: Sequence[Block], lines: Sequence[str], span: Span
) -> tuple[LabelEvidence, ...]:
    """Everything a section answers, surest first: its heading, then lists, tables, code, prose.

    Args:
        heading: Visible text; empty for what stands before the first heading.
        parent_labels: Labels of the enclosing section, surest first.
        blocks: Of the section, without its heading, with spans in lines of the README.
        lines: Of the whole README.
        span: From the heading line to the last line with content.
    """
    table = lexicon()
    labels, own = heading_labels(heading, parent_labels) if heading else ((), False)
    found: dict[str, LabelEvidence] = {}
    if labels:
        open_place = section_is_placeholder(blocks, lines, span)
        where = (span,)
        for label in labels:
            found[label] = LabelEvidence(label, Found.HEADING, where, open_place)
        if open_place and not blocks:
            return tuple(found.values())
    closed = any(label in table.closed for label in labels)
    _from_blocks(found, table, labels, blocks, lines, closed=closed)
    if not own and (not heading or _is_title(lines, span)):
        _describe(found, blocks, lines)
    return tuple(found.values())


def _from_blocks(
    found: dict[str, LabelEvidence],
    table: Lexicon,
    labels: tuple[str, ...],
    blocks: Sequence[Block],
    lines: Sequence[str],
    *,
    closed: bool,
) -> None:
    prose = not labels or labels[0] in _OPEN
    for block in blocks:
        kind = block.kind
        if kind is BlockKind.CODE:
            _from_code(found, table, block, lines, wanted=not labels)
        elif closed:
            continue
        elif kind is BlockKind.TABLE:
            _from_rows(found, table, block, lines, Found.TABLE)
        elif kind in _TEXT:
            _from_rows(found, table, block, lines, Found.LIST if kind is BlockKind.LIST else Found.PROSE)
            if prose:
                _from_prose(found, table, block, lines)


def _from_rows(found: dict[str, LabelEvidence], table: Lexicon, block: Block, lines: Sequence[str], how: Found) -> None:
    first, last = block.span.first, block.span.last
    if last - first > _ROWS:
        return
    keys = table.keys
    mark = "|" if how is Found.TABLE else ":"
    for number in range(first, last + 1):
        line = lines[number - 1]
        end = line.find(mark, 2, _KEY)
        if end < 0 and (how is Found.TABLE or (end := line.find("：", 1, _KEY)) < 0):
            continue
        key = line[:end].strip(_KEY_EDGE).lower()
        label = keys.get(key)
        if label is None or (label in found and not found[label].placeholder):
            continue
        value = line[end + 1 :].strip(" \t*_|`")
        is_open = not value and not _goes_on(lines, number, last) if how is not Found.TABLE else not value
        place = LabelEvidence(label, how, (Span(number, number),), is_open or is_placeholder(line))
        if label not in found or not place.placeholder:
            found[label] = place


def _goes_on(lines: Sequence[str], number: int, last: int) -> bool:
    """Whether the value of a key stands on the next line, further in."""
    if number >= last:
        return False
    below, here = lines[number], lines[number - 1]
    return len(below) - len(below.lstrip()) > len(here) - len(here.lstrip()) and bool(below.strip())


def _from_code(
    found: dict[str, LabelEvidence], table: Lexicon, block: Block, lines: Sequence[str], *, wanted: bool
) -> None:
    first, last = block.span.first, block.span.last
    text = "\n".join(lines[first - 1 : min(last, first + _CODE_LINES)])
    for mark, label in table.code:
        if mark in text and label not in found and (wanted or label == "citation"):
            if mark[0] == "@" and "{" not in text:
                continue
            found[label] = LabelEvidence(label, Found.CODE, (block.span,))


def _from_prose(found: dict[str, LabelEvidence], table: Lexicon, block: Block, lines: Sequence[str]) -> None:
    text = "\n".join(lines[block.span.first - 1 : block.span.last]).lower()
    for pattern, start, _ in table.prose.find_matches_as_indexes(text):
        labels = table.prose_labels[pattern]
        if all(label in found and not found[label].placeholder for label in labels):
            continue
        number = block.span.first + text.count("\n", 0, start)
        if is_placeholder(lines[number - 1]):
            continue
        for label in labels:
            if label not in found or found[label].placeholder:
                found[label] = LabelEvidence(label, Found.PROSE, (Span(number, number),))


def _is_title(lines: Sequence[str], span: Span) -> bool:
    """Whether the heading is of the first level, however written: then what follows says what the model is."""
    line = lines[span.first - 1].lstrip()
    if line.startswith("#"):
        return not line.startswith("##")
    return line[:3].lower() == "<h1" or (span.first < len(lines) and lines[span.first].startswith("="))


def _describe(found: dict[str, LabelEvidence], blocks: Sequence[Block], lines: Sequence[str]) -> None:
    """The first sentence under a title, or before every heading, describes the model."""
    if "model_description" in found and not found["model_description"].placeholder:
        return
    for block in blocks:
        if block.kind is BlockKind.PARAGRAPH or block.kind is BlockKind.QUOTE:
            text = lines[block.span.first - 1]
            if (len(text) >= _SENTENCE or block.span.last > block.span.first) and not is_placeholder(text):
                found["model_description"] = LabelEvidence("model_description", Found.PROSE, (block.span,))
                return
