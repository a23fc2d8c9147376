"""Does this card have it: for every label of the table present, placeholder or absent, how found and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from cardscope import tables
from cardscope.parsing.lexicon import Lexicon, lexicon
from cardscope.parsing.placeholders import is_placeholder
from cardscope.types import BlockKind, Coverage, CoverageState, Found, FrontMatter, Section, Span, Value

#: The surest way of finding wins when there are several; sections first, then what a program reads, then hints.
_ORDER = {
    Found.HEADING: 0,
    Found.LIST: 1,
    Found.TABLE: 2,
    Found.FRONT_MATTER: 3,
    Found.CODE: 4,
    Found.PROSE: 5,
}
#: Words that fill a field and say nothing; TRL wrote "license" for the licence of every model.
_SAYS_NOTHING = frozenset(
    {"", "unknown", "none", "null", "n/a", "na", "tbd", "todo", "-", "?", "undefined", "license", "licence"}
)
#: The label whose fields hold names of models and nothing else.
_NAMED = "base_model"
_MOST_SPANS = 50
_PAPER_TAG: Sequence[tuple[str, Value]] = (("tags.arxiv", True),)
_Answers: TypeAlias = dict[str, tuple[Found, tuple[Span, ...]]]
_NOTHING, _PRESENT, _OPEN = CoverageState.ABSENT, CoverageState.PRESENT, CoverageState.PLACEHOLDER
_BY_HEADING, _BY_FIELD = Found.HEADING, Found.FRONT_MATTER
_ABSENT = Coverage(_NOTHING)
_RULE = frozenset({BlockKind.RULE})
_QUIET = _RULE | {BlockKind.COMMENT}


@lru_cache(maxsize=1)
def _nothing() -> Mapping[str, Coverage]:
    return dict.fromkeys(lexicon().names, _ABSENT)


tables.on_overlay(_nothing.cache_clear)


def cover(sections: Sequence[Section], front_matter: FrontMatter, lines: Sequence[str]) -> Mapping[str, Coverage]:
    """What a reader who looks for each label of the table would find.

    A heading with nothing under it answers nothing, and holds no place either: who looks there finds neither an answer
    nor a word to replace. Below one with sub-headings, these answer. What answers a narrower label answers the wider
    one too (``direct_use`` is an ``intended_use``).

    Args:
        sections: With their evidence, in the order of the text.
        front_matter: As read; a field counts by its value, not by being there.
        lines: Of the whole README.
    """
    table = lexicon()
    present: _Answers = {}
    held: _Answers = {}
    groups = {section.parent for section in sections}
    for index, section in enumerate(sections):
        for entry in section.evidence:
            if not entry.placeholder:
                _note(present, entry.label, entry.how, entry.spans)
            elif not (entry.how is _BY_HEADING and _is_bare(section, _QUIET if index in groups else _RULE)):
                _note(held, entry.label, entry.how, entry.spans)
    if front_matter.fields:
        _from_fields(present, held, front_matter, table)
    result = dict(_nothing())
    for label, answer in held.items():
        if label not in present:
            result[label] = Coverage(_OPEN, *answer)
    for label, answer in present.items():
        result[label] = Coverage(_PRESENT, *answer)
    _roll_up(result, table)
    return result


def _note(found: _Answers, label: str, how: Found, spans: tuple[Span, ...]) -> None:
    """Adds a place to what is known of a label; the surest way of finding names the whole."""
    before = found.get(label)
    if before is None:
        found[label] = (how, spans)
        return
    known_how, known = before
    best = how if _ORDER[how] < _ORDER[known_how] else known_how
    if len(known) < _MOST_SPANS:
        known = _joined(known, spans)
    found[label] = (best, known)


def _joined(known: tuple[Span, ...], spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Places in order, each once; mostly one stands behind all others, or before them when it is a field's."""
    if len(spans) == 1 and known:
        line = spans[0].first
        if line > known[-1].first:
            return known + spans
        if line < known[0].first:
            return spans + known
    return tuple(sorted({*known, *spans}))


def _is_bare(section: Section, quiet: frozenset[BlockKind]) -> bool:
    return all(block.kind in quiet for block in section.blocks)


def _roll_up(result: dict[str, Coverage], table: Lexicon) -> None:
    """A narrower answer counts for the wider question where that has none, or only a placeholder."""
    for label, parent in table.parents.items():
        below = result[label]
        if below is not _ABSENT:
            above = result[parent].state
            if above is _NOTHING or (above is _OPEN and below.state is _PRESENT):
                result[parent] = below


def _from_fields(present: _Answers, held: _Answers, front_matter: FrontMatter, table: Lexicon) -> None:
    known = table.fields
    for name, value in front_matter.fields.items():
        if name == "model-index":
            parts: Sequence[tuple[str, Value]] = _model_index(value)
        elif name == "tags":
            parts = _PAPER_TAG if _has_paper_tag(value) else ()
        elif isinstance(value, dict):
            parts = [(name, value), *((f"{name}.{key}", below) for key, below in value.items())]
        elif name in known:
            parts = ((name, value),)
        else:
            continue
        for field, content in parts:
            if field not in known:
                continue
            if _NAMED in known[field]:
                content = _naming(content)
            if (state := _state(content)) is _NOTHING:
                continue
            span = front_matter.lines.get(name) or front_matter.span
            for label in known[field]:
                _note(present if state is _PRESENT else held, label, _BY_FIELD, (span,) if span else ())


def _naming(value: Value) -> Value:
    """What of a field of models can name one: no list inside the list, and neither true nor false."""
    if isinstance(value, list):
        return [entry for entry in value if not isinstance(entry, (list, bool))]
    return None if isinstance(value, bool) else value


def _state(value: Value) -> CoverageState:
    """Whether a value says something; ``false`` and 0 do."""
    if value is None or (isinstance(value, (list, dict)) and not value):
        return _NOTHING
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _SAYS_NOTHING:
            return _OPEN if text else _NOTHING
        return _OPEN if is_placeholder(text) else _PRESENT
    if isinstance(value, list):
        best = _NOTHING
        for item in value[:20]:
            if (state := _state(item)) is _PRESENT:
                return _PRESENT
            if state is _OPEN:
                best = _OPEN
        return best
    return _PRESENT


def _model_index(value: Value) -> list[tuple[str, Value]]:
    """What the ``model-index`` really holds; tools write it with an empty list of results."""
    entries = value if isinstance(value, list) else [value]
    found: dict[str, Value] = {}
    for entry in entries[:20]:
        results = entry.get("results") if isinstance(entry, dict) else None
        for result in results[:20] if isinstance(results, list) else ():
            if not isinstance(result, dict):
                continue
            if result.get("metrics"):
                found["model-index.results"] = found["model-index.metrics"] = True
            if result.get("dataset"):
                found["model-index.dataset"] = True
    return list(found.items())


def _has_paper_tag(value: Value) -> bool:
    return isinstance(value, list) and any(isinstance(tag, str) and tag.startswith("arxiv:") for tag in value)
