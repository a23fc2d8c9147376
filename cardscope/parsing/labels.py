"""What a section is about: by its heading first, then by where it stands, then by what stands in it.

A heading is looked up as a whole, then for the phrases it holds; a sub-heading of no known meaning takes over what
its enclosing section is about. Lists, tables, code and the opening paragraphs are searched for the statements that
people write there instead of a section ("Developed by: ...", a BibTeX entry, "a fine-tuned version of ...").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

from cardscope import tables
from cardscope.parsing.lexicon import LONGEST, Lexicon, lexicon, normalize_heading
from cardscope.parsing.numbers import from_numbers
from cardscope.parsing.placeholders import is_placeholder, section_is_placeholder
from cardscope.types import Block, BlockKind, Found, LabelEvidence, Span

#: A key before a colon is no longer than this, emphasis and list mark included.
_KEY = 64
#: Longer tables and lists hold numbers or data, whose keys are no statements about the model.
_ROWS = 60
#: Lines of one code block that are looked at.
_CODE_LINES = 60
#: Lines of one paragraph or list, and marks in them, that are looked at; finding a line is linear in what stands above.
_PROSE_LINES = 200
_MARKS = 200
#: Fewer characters are a label or a badge, not a description.
_SENTENCE = 25
#: Lines above a title in which another heading, or the end of the front matter, is looked for.
_ABOVE = 12
#: What a bare number in a table can answer; for the rest it is a count of something of that name.
_COUNTED = frozenset({"version", "date", "architecture", "hyperparameters", "environmental_impact"})
_KEY_EDGE = " \t\u00a0-*+•|>_`#"
#: Below headings of these labels, as below those of none, code may be anything.
_CODE_TELLS = frozenset({"model_description", "examples", "technical_specifications"})
#: Prose under a heading of these labels may answer other questions too: which, or (empty) any.
_OPEN: dict[str, frozenset[str]] = {
    "model_description": frozenset(),
    "base_model": frozenset(),
    "intended_use": frozenset({"out_of_scope", "limitations", "intended_users", "recommendations"}),
    "limitations": frozenset({"out_of_scope", "bias", "recommendations"}),
    "training_procedure": frozenset({"training_hardware", "training_data", "base_model", "environmental_impact"}),
}
#: What prose under a heading of no known meaning is searched for: of all labels the only one that held when read.
_OF_ANY = frozenset({"developer"})
#: Members by a name of this module: looking one up in its enumeration costs more than most of what is done with it.
_CODE, _TABLE, _LIST = BlockKind.CODE, BlockKind.TABLE, BlockKind.LIST
_BY_HEADING, _BY_TABLE, _BY_LIST, _BY_PROSE = Found.HEADING, Found.TABLE, Found.LIST, Found.PROSE
_SPOKEN = frozenset({BlockKind.PARAGRAPH, BlockKind.QUOTE})
_TEXT = _SPOKEN | {BlockKind.LIST, BlockKind.HTML}


class Known(IntEnum):
    """How sure the labels of a heading are."""

    NOTHING = 0
    INHERITED = 1
    INSIDE = 2
    EXACT = 3


_EXACT, _INSIDE = Known.EXACT, Known.INSIDE
_PREAMBLE: tuple[tuple[str, ...], Known, bool, frozenset[str] | None] = ((), Known.NOTHING, False, None)


def heading_labels(heading: str, parent_labels: tuple[str, ...] = ()) -> tuple[tuple[str, ...], Known]:
    """Labels that a heading gives by its own words, or else by its place.

    >>> heading_labels("## 3. Intended uses & limitations")[0]
    ('intended_use', 'limitations')
    >>> heading_labels("With two GPUs", ("how_to_use",))
    (('how_to_use',), <Known.INHERITED: 1>)
    """
    return _heading(heading[:LONGEST], parent_labels)[:2]


@lru_cache(maxsize=16384)
def _heading(
    heading: str, parent_labels: tuple[str, ...]
) -> tuple[tuple[str, ...], Known, bool, frozenset[str] | None]:
    """What `heading_labels` gives; whether lists below are left alone; for what prose below is searched."""
    labels, known = _look_up(heading, parent_labels)
    closed = lexicon().closed
    return labels, known, any(label in closed for label in labels), _OPEN.get(labels[0]) if labels else _OF_ANY


tables.on_overlay(_heading.cache_clear)


def _look_up(heading: str, parent_labels: tuple[str, ...]) -> tuple[tuple[str, ...], Known]:
    table = lexicon()
    words = normalize_heading(heading)
    if not words:
        return (), Known.NOTHING
    if found := table.exactly(words, parent_labels):
        return found, Known.EXACT
    if found := table.inside(words) or table.starts.get(words[0], ()):
        return found, Known.INSIDE
    for label in parent_labels:
        if label in table.inherit:
            return (label,), Known.INHERITED
    return (), Known.NOTHING


def label_section(
    heading: str,
    parent_labels: tuple[str, ...],
    blocks: Sequence[Block],
    lines: Sequence[str],
    span: Span,
    name: str = "",
) -> tuple[LabelEvidence, ...]:
    """Everything a section answers, surest first: its heading, then lists, tables, code, prose.

    Args:
        heading: Visible text; empty for what stands before the first heading.
        parent_labels: Labels that the enclosing section has by its heading, surest first.
        blocks: Of the section, without its heading, with spans in lines of the README.
        lines: Of the whole README.
        span: From the heading line to the last line with content.
        name: What the title calls the model, as an id without an owner, in lower case; empty when it tells none.
    """
    labels, known, closed, prose = _heading(heading[:LONGEST], parent_labels) if heading else _PREAMBLE
    found: dict[str, LabelEvidence] = {}
    if known is not _EXACT and (not heading or _is_title(lines, span, first=known is _INSIDE)):
        # The name of a model may hold any word; what stands under it says what the model is.
        prose = frozenset()
        if known is not _INSIDE or not _opens_with(heading, labels[0]):
            labels, closed = (), False
            _describe(found, blocks, lines)
    if labels:
        open_place = section_is_placeholder(blocks, lines, span)
        if len(labels) > 1 and not open_place:
            labels = _spoken_of(labels, lines, span)
        where = (span,)
        for label in labels:
            found[label] = LabelEvidence(label, _BY_HEADING, where, open_place)
        # What answers the narrower question answers the wider one too: last, since it is not what the heading says.
        for label in labels:
            above = lexicon().parents.get(label)
            if above is not None and above not in found:
                found[above] = LabelEvidence(above, _BY_HEADING, where, open_place)
    _from_blocks(found, blocks, lines, name, closed=closed, prose=prose)
    return tuple(found.values())


def _spoken_of(labels: tuple[str, ...], lines: Sequence[str], span: Span) -> tuple[str, ...]:
    """Of the labels that a heading names together, those that the text below it can be about."""
    cues = lexicon().cues
    asked = {label: words for label in labels for other in labels if (words := cues.get((label, other)))}
    if not asked:
        return labels
    text = " ".join(lines[span.first : min(span.last, span.first + _PROSE_LINES)]).lower()
    return tuple([label for label in labels if label not in asked or any(map(text.__contains__, asked[label]))])


def _from_blocks(
    found: dict[str, LabelEvidence],
    blocks: Sequence[Block],
    lines: Sequence[str],
    name: str,
    *,
    closed: bool,
    prose: frozenset[str] | None,
) -> None:
    """Adds what the blocks of a section answer to what its heading does."""
    table = lexicon()
    wanted = not found or next(iter(found)) in _CODE_TELLS
    for block in blocks:
        kind = block.kind
        if kind is _CODE:
            _from_code(found, table, block, lines, name, wanted=wanted)
            continue
        if kind is _TABLE:
            from_numbers(found, table.columns, block, lines)
        if closed:
            continue
        if kind is _TABLE:
            _from_table(found, table.keys, block, lines)
        elif kind in _TEXT:
            _from_rows(found, table.keys, block, lines, _BY_LIST if kind is _LIST else _BY_PROSE)
            if prose is not None:
                _from_prose(found, table, block, lines, prose)


def _from_rows(
    found: dict[str, LabelEvidence], keys: Mapping[str, str], block: Block, lines: Sequence[str], how: Found
) -> None:
    """Statements of the form ``key: value`` in a list or in prose, one a line."""
    first, last = block.span.first, block.span.last
    if last - first > _ROWS:
        return
    for number, line in enumerate(lines[first - 1 : last], first):
        end = line.find(":", 2, _KEY)
        if end < 0 and (line.isascii() or (end := line.find("：", 1, _KEY)) < 0):
            continue
        label = keys.get(line[:end].strip(_KEY_EDGE).lower())
        if label is None or (label in found and not found[label].placeholder):
            continue
        value = line[end + 1 :].strip(" \t*_|`")
        is_open = (not value and not _goes_on(lines, number, how)) or is_placeholder(line)
        if label not in found or not is_open:
            found[label] = LabelEvidence(label, how, (Span(number, number),), is_open)


def _from_table(found: dict[str, LabelEvidence], keys: Mapping[str, str], block: Block, lines: Sequence[str]) -> None:
    """Statements in a table: a key and a value in each row, below a head that names the two columns."""
    first, last = block.span.first, block.span.last
    if last - first > _ROWS or lines[first - 1].strip(" \t|").count("|") != 1:
        return
    for number in range(first + 2, last + 1):
        line = lines[number - 1]
        end = line.find("|", 2, _KEY)
        if end < 0:
            continue
        label = keys.get(line[:end].strip(_KEY_EDGE).lower())
        if label is None or (label in found and not found[label].placeholder):
            continue
        value = line[end + 1 :].strip(" \t*_|`")
        if label not in _COUNTED and value.replace(".", "").replace(",", "").isdigit():
            continue
        is_open = not value or is_placeholder(line)
        if label not in found or not is_open:
            found[label] = LabelEvidence(label, _BY_TABLE, (Span(number, number),), is_open)


def _goes_on(lines: Sequence[str], number: int, how: Found) -> bool:
    """Whether the value of a key stands below: in a list further in, in prose as text that is no other key."""
    here = lines[number - 1]
    below = next((line for line in lines[number : number + 2] if line.strip()), "")
    if how is _BY_LIST:
        return len(below) - len(below.lstrip()) > len(here) - len(here.lstrip())
    return bool(below) and not below.lstrip().startswith(("#", "**", "__", "<", "---", "|"))


def _from_code(
    found: dict[str, LabelEvidence], table: Lexicon, block: Block, lines: Sequence[str], name: str, *, wanted: bool
) -> None:
    """What code says: anything where the heading leaves it open, elsewhere how to cite and to load this very model."""
    first, last = block.span.first, block.span.last
    text = "\n".join(lines[first - 1 : min(last, first + _CODE_LINES)])
    loads = not wanted and "how_to_use" not in found and _loads(text, name, table.loads)
    if not wanted and not loads and "@" not in text:
        return
    said: dict[str, None] = {}
    for pattern, _, _ in table.code.find_matches_as_indexes(text.encode("utf-8", "replace")):
        said.update(dict.fromkeys(table.code_labels[pattern]))
    for label in said:
        # Code that trains names the model, too, for what it writes.
        by_name = label == "how_to_use" and loads and "training_procedure" not in said
        if label not in found and (wanted or by_name or label == "citation"):
            found[label] = LabelEvidence(label, Found.CODE, (block.span,))


def _loads(text: str, name: str, calls: Sequence[str]) -> bool:
    """Whether a program imports something, loads a model, and names this one in quotes."""
    if not name or "import " not in text or name not in (text := text.lower()):
        return False
    if not any(map(text.__contains__, calls)):
        return False
    ends = (text.find(name + quote) for quote in "\"'")
    return any(at > 0 and text[at - 1] in "\"'/:" for at in ends)


def _from_prose(
    found: dict[str, LabelEvidence], table: Lexicon, block: Block, lines: Sequence[str], wanted: frozenset[str]
) -> None:
    first, last = block.span.first, block.span.last
    text = "\n".join(lines[first - 1 : min(last, first + _PROSE_LINES)]).lower().encode("utf-8", "replace")
    for pattern, start, _ in table.prose.find_matches_as_indexes(text)[:_MARKS]:
        labels = table.prose_labels[pattern]
        if wanted and not wanted.intersection(labels):
            continue
        if all(label in found and not found[label].placeholder for label in labels):
            continue
        number = first + text.count(b"\n", 0, start)
        is_open = pattern in table.prose_open
        if not is_open and is_placeholder(lines[number - 1]):
            continue
        for label in labels:
            if label not in found or (found[label].placeholder and not is_open):
                found[label] = LabelEvidence(label, _BY_PROSE, (Span(number, number),), is_open)


def _opens_with(heading: str, label: str) -> bool:
    """Whether a heading that holds a phrase begins with a word that means the same: "Usage with ...", no name."""
    return label == "model_description" or label in lexicon().exact.get(normalize_heading(heading)[0], ())


def _is_title(lines: Sequence[str], span: Span, *, first: bool) -> bool:
    """Whether the heading is of the first level or the first of the card; ``first`` asks for the latter alone."""
    line = lines[span.first - 1].lstrip()
    if not first and (
        (line.startswith("#") and not line.startswith("##"))
        or line[:3].lower() == "<h1"
        or (span.first < len(lines) and lines[span.first].startswith("=="))
    ):
        return True
    for number in range(span.first - 1, max(span.first - _ABOVE, 0), -1):
        above = lines[number - 1].strip()
        if above in {"---", "..."}:
            return True
        if above.startswith(("#", "```")):
            return False
    return span.first <= _ABOVE


def _describe(found: dict[str, LabelEvidence], blocks: Sequence[Block], lines: Sequence[str]) -> None:
    """The first sentence under a title, or before every heading, describes the model."""
    if "model_description" in found and not found["model_description"].placeholder:
        return
    for block in blocks:
        if block.kind in _SPOKEN:
            text = lines[block.span.first - 1]
            if (len(text) >= _SENTENCE or block.span.last > block.span.first) and not is_placeholder(text):
                found["model_description"] = LabelEvidence("model_description", Found.PROSE, (block.span,))
                return
