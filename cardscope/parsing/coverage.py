"""Does this card have it: for every label of the table present, placeholder or absent, how found and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from cardscope import tables
from cardscope.parsing.lexicon import Lexicon, lexicon
from cardscope.parsing.placeholders import is_placeholder
from cardscope.types import BlockKind, Coverage, CoverageState, Found, FrontMatter, LabelEvidence, Section, Value

#: The surest way of finding wins when there are several; sections first, then what a program reads, then hints.
_ORDER = {
    Found.HEADING: 0,
    Found.LIST: 1,
    Found.TABLE: 2,
    Found.FRONT_MATTER: 3,
    Found.CODE: 4,
    Found.PROSE: 5,
}
#: Words that fill a field and say nothing.
_SAYS_NOTHING = frozenset({"", "unknown", "none", "null", "n/a", "na", "tbd", "todo", "-", "?", "undefined"})
_ABSENT = Coverage(CoverageState.ABSENT)
_PRESENT = CoverageState.PRESENT
_OPEN = CoverageState.PLACEHOLDER
_QUIET = frozenset({BlockKind.COMMENT, BlockKind.RULE})


@lru_cache(maxsize=1)
def _nothing() -> Mapping[str, Coverage]:
    return dict.fromkeys(lexicon().names, _ABSENT)


tables.on_overlay(_nothing.cache_clear)


def cover(sections: Sequence[Section], front_matter: FrontMatter, lines: Sequence[str]) -> Mapping[str, Coverage]:
    """What a reader who looks for each label of the table would find.

    A heading with nothing under it but sub-headings answers nothing by itself: its sub-sections do. What answers a
    narrower label answers the wider one too (``direct_use`` is an ``intended_use``).

    Args:
        sections: With their evidence, in the order of the text.
        front_matter: As read; a field counts by its value, not by being there.
        lines: Of the whole README.
    """
    table = lexicon()
    present: dict[str, list[LabelEvidence]] = {}
    held: dict[str, list[LabelEvidence]] = {}
    groups = {section.parent for section in sections}
    for index, section in enumerate(sections):
        bare: bool | None = None
        for entry in section.evidence:
            if not entry.placeholder:
                present.setdefault(entry.label, []).append(entry)
                continue
            if entry.how is Found.HEADING and index in groups:
                if bare is None:
                    bare = all(block.kind in _QUIET for block in section.blocks)
                if bare:
                    continue
            held.setdefault(entry.label, []).append(entry)
    if front_matter.fields:
        _from_fields(present, held, front_matter, table)
    result = dict(_nothing())
    for state, found in ((_OPEN, held), (_PRESENT, present)):
        for label, entries in found.items():
            result[label] = _answer(state, entries)
    _roll_up(result, table)
    return result


def _answer(state: CoverageState, entries: list[LabelEvidence]) -> Coverage:
    if len(entries) == 1:
        return Coverage(state, entries[0].how, entries[0].spans)
    how = min((entry.how for entry in entries), key=_ORDER.__getitem__)
    return Coverage(state, how, tuple(sorted({span for entry in entries for span in entry.spans})))


def _roll_up(result: dict[str, Coverage], table: Lexicon) -> None:
    """A narrower answer counts for the wider question where that has none, or only a placeholder."""
    for label, parent in table.parents.items():
        below = result[label]
        above = result[parent].state
        if above is CoverageState.ABSENT or (above is _OPEN and below.state is _PRESENT):
            result[parent] = below


def _from_fields(
    present: dict[str, list[LabelEvidence]],
    held: dict[str, list[LabelEvidence]],
    front_matter: FrontMatter,
    table: Lexicon,
) -> None:
    for name, value in front_matter.fields.items():
        if name == "model-index":
            parts: Iterable[tuple[str, Value]] = _model_index(value)
        elif name == "tags":
            parts = [("tags.arxiv", True)] if _has_paper_tag(value) else []
        elif isinstance(value, dict):
            parts = [(name, value), *((f"{name}.{key}", below) for key, below in value.items())]
        else:
            parts = [(name, value)]
        for field, content in parts:
            labels = table.fields.get(field)
            if labels is None:
                continue
            state = _state(content)
            if state is CoverageState.ABSENT:
                continue
            span = front_matter.lines.get(name) or front_matter.span
            for label in labels:
                target = present if state is _PRESENT else held
                evidence = LabelEvidence(label, Found.FRONT_MATTER, (span,) if span else (), state is _OPEN)
                target.setdefault(label, []).append(evidence)


def _state(value: Value) -> CoverageState:
    """Whether a value says something; ``false`` and 0 do."""
    if value is None or (isinstance(value, (list, dict)) and not value):
        return CoverageState.ABSENT
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _SAYS_NOTHING:
            return CoverageState.PLACEHOLDER if text else CoverageState.ABSENT
        return _OPEN if is_placeholder(text) else _PRESENT
    if isinstance(value, list):
        states = {_state(item) for item in value[:20]}
        return _PRESENT if _PRESENT in states else _OPEN if _OPEN in states else CoverageState.ABSENT
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
