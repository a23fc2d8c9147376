"""The signature tables, compiled once: every mark of every tool in one automaton, every metadata signal in a lookup.

A row of ``tables/generators/*.toml`` says how one tool is known:

- ``sure``: signals of which one is enough (reliability A); ``together``: lists of signals that must all be there (B);
  ``hint``: the same, but only a hint (C).
- ``hides``: ids that are not reported beside this one, because this tool writes their marks itself.
- ``layer``: how far out the tool stands, by `LAYERS`; ``block``: which lines are its, by `cardscope.templates.blocks`.
- ``version``: texts after which the version stands; ``dating``: a signal and the versions it tells, first hit wins.
- ``variants``: a signal and the id to report instead, first hit wins.
- ``title``: the first heading is the model's name, put there by the tool.

A signal is a literal, case-sensitive text, or one of ``tag:x``, ``library:x``, ``key:x``, ``key:x=y`` (metadata),
``headings:n`` (n of the row's ``headings``, in their order), ``core:n`` (n of its ``core`` headings),
``form:empty-body`` (nothing but one or two metadata keys) and ``form:one-section``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cardscope.errors import InvalidTable
from cardscope.tables import names, on_overlay, read_table

#: Outermost first: what a later tool did to a repository comes before what it was made of.
LAYERS = ("converter", "merge", "outer", "method", "trainer", "peft", "template", "minimal", "appended")
_KINDS = ("tag:", "library:", "key:", "headings:", "core:", "form:")
_KEYS = frozenset(
    {
        "name",
        "group",
        "layer",
        "sure",
        "together",
        "hint",
        "hides",
        "block",
        "until",
        "base_follows",
        "version",
        "dating",
        "variants",
        "headings",
        "core",
        "title",
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One tool, its signals numbered.

    Attributes:
        signals: All that speak for it, surest first, each once.
    """

    id: str
    order: tuple[int, int]
    sure: tuple[int, ...]
    together: tuple[tuple[int, ...], ...]
    hint: tuple[tuple[int, ...], ...]
    hides: tuple[str, ...]
    block: str
    until: tuple[str, ...]
    base_follows: bool
    version: tuple[str, ...]
    dating: tuple[tuple[str, str], ...]
    variants: tuple[tuple[str, str], ...]
    headings: tuple[str, ...]
    core: frozenset[str]
    title: bool
    signals: tuple[int, ...]


@dataclass(slots=True)
class Signatures:
    """All rows, ready to be asked.

    Attributes:
        signals: The text of each signal, by its number.
        literals: Number of the signal each pattern of the automaton stands for.
        asks: Rows to look at when a signal fired.
        lazy: Signals that are worked out only when a row asks: kind and argument.
        long: Rows that headings alone can speak for.
    """

    rows: tuple[Row, ...]
    signals: list[str] = field(default_factory=list)
    literals: list[int] = field(default_factory=list)
    tags: dict[str, int] = field(default_factory=dict)
    libraries: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    asks: dict[int, tuple[int, ...]] = field(default_factory=dict)
    lazy: dict[int, tuple[str, str]] = field(default_factory=dict)
    long: tuple[int, ...] = ()
    empty: tuple[int, ...] = ()
    automaton: Any = None


@cache
def signatures() -> Signatures:
    """The compiled tables; compiled anew after a user's overlay was laid or taken away.

    Raises:
        InvalidTable: A row has an unknown key or layer.
    """
    import ahocorasick_rs

    compiled = Signatures(())
    numbers: dict[str, int] = {}
    rows: list[Row] = []
    for table in names("generators"):
        for identity, cells in read_table(table).get("generator", {}).items():
            rows.append(_row(identity, cells, len(rows), numbers))
    compiled.rows = tuple(rows)
    compiled.signals = list(numbers)
    asks: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        for number in row.signals:
            asks.setdefault(number, []).append(at)
    compiled.asks = {number: tuple(found) for number, found in asks.items()}
    for number, signal in enumerate(compiled.signals):
        _sort_in(compiled, number, signal)
    compiled.long = tuple(
        at
        for at, row in enumerate(rows)
        if any(all(n in compiled.lazy for n in group) and row.headings for group in row.together)
    )
    # Over bytes: over text it also works out the place of every character, which takes it half as long again.
    compiled.automaton = ahocorasick_rs.BytesAhoCorasick(
        [compiled.signals[number].encode() for number in compiled.literals],
        implementation=ahocorasick_rs.Implementation.DFA,
    )
    return compiled


on_overlay(signatures.cache_clear)


def _sort_in(compiled: Signatures, number: int, signal: str) -> None:
    kind = next((kind for kind in _KINDS if signal.startswith(kind)), "")
    argument = signal.removeprefix(kind)
    if kind == "tag:":
        compiled.tags[argument] = number
    elif kind == "library:":
        compiled.libraries[argument] = number
    elif kind == "key:":
        key, _, value = argument.partition("=")
        compiled.keys.setdefault(key, []).append((value, number))
    elif argument == "empty-body":
        compiled.empty += compiled.asks[number]
        compiled.lazy[number] = (kind, argument)
    elif kind:
        compiled.lazy[number] = (kind, argument)
    else:
        compiled.literals.append(number)


def _row(identity: str, cells: Mapping[str, Any], at: int, numbers: dict[str, int]) -> Row:
    layer = cells.get("layer")
    if odd := set(cells) - _KEYS:
        raise InvalidTable(f"has unknown keys {', '.join(sorted(odd))}", subject=f"generator {identity}")
    if layer not in LAYERS:
        raise InvalidTable(f"has no layer out of {', '.join(LAYERS)}", subject=f"generator {identity}")

    def number(signal: str) -> int:
        return numbers.setdefault(signal, len(numbers))

    def groups(key: str) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(number(signal) for signal in group) for group in cells.get(key, ()))

    sure = tuple(number(signal) for signal in cells.get("sure", ()))
    together, hint = groups("together"), groups("hint")
    return Row(
        id=identity,
        order=(LAYERS.index(layer), at),
        sure=sure,
        together=together,
        hint=hint,
        hides=tuple(cells.get("hides", ())),
        block=cells.get("block", "body"),
        until=tuple(cells.get("until", ())),
        base_follows=cells.get("base_follows", False),
        version=tuple(cells.get("version", ())),
        dating=_pairs(cells.get("dating", ())),
        variants=_pairs(cells.get("variants", ())),
        headings=tuple(heading.lower() for heading in cells.get("headings", ())),
        core=frozenset(heading.lower() for heading in cells.get("core", ())),
        title=cells.get("title", False),
        signals=tuple(dict.fromkeys((*sure, *(n for group in (*together, *hint) for n in group)))),
    )


def _pairs(cells: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in cells)
