"""A timeline as JSON, Markdown and tables: the machine's side of ``cardscope score``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cardscope.reporters.safe_json import dumps
from cardscope.text.clean import clean
from cardscope.types import Estimate, Timeline

SCHEMA: Final = "cardscope.timeline/1"
#: Measures of the short tables, with the words a reader sees and how to print them.
HEADLINE: Final = (
    ("quality", "quality", "{:.1f}"),
    ("standardization", "standardization", "{:.1f}"),
    ("share_template", "written by a template", "{:.0%}"),
    ("share_placeholder", "left to be filled", "{:.0%}"),
    ("share_authored", "written by the author", "{:.0%}"),
    ("generator_recognised", "cards with a known generator", "{:.0%}"),
    ("paper_flag", "caught by the paper's two phrases", "{:.0%}"),
    ("front_matter_complete", "front matter filled", "{:.0%}"),
    ("near_duplicate", "near duplicates", "{:.0%}"),
    ("chars", "characters", "{:,.0f}"),
    ("templates (Hill 1)", "effective number of templates", "{:,.0f}"),
    ("mean similarity", "mean similarity of two cards", "{:.3f}"),
    ("mean similarity without boilerplate", "the same without boilerplate", "{:.3f}"),
)  # fmt: skip


class Lookup:
    """Estimates by what they are of."""

    def __init__(self, timeline: Timeline) -> None:
        self._by = {
            (entry.dimension, entry.group, entry.period, entry.measure, entry.weight): entry
            for entry in timeline.estimates
        }

    def total(self, timeline: Timeline, dimension: str, group: str, measure: str) -> float | None:
        """A mean over all periods of a group, each weighed by its cards; ``None`` when no period has one."""
        above = below = 0.0
        for period in timeline.periods:
            entry = self.get(dimension, group, period, measure)
            if entry is not None:
                cards = timeline.sizes[(dimension, group, period)][0]
                above += entry.value * cards
                below += cards
        return above / below if below else None

    def get(self, dimension: str, group: str, period: str, measure: str, weight: str = "card") -> Estimate | None:
        """The estimate, or ``None`` where the slice cannot tell."""
        return self._by.get((dimension, group, period, measure, weight))


def to_dict(timeline: Timeline) -> dict[str, Any]:
    """The timeline as plain values, schema `SCHEMA`: a slice (a period of a group) with all its measures in one entry.

    An estimate is a list: the value, and the two ends of its interval where one is known.
    """
    slices: dict[tuple[str, str, str], dict[str, Any]] = {
        (dimension, group, period): {
            "dimension": dimension,
            "group": group,
            "period": period,
            "cards": cards,
            "owners": owners,
            "measures": {},
        }
        for (dimension, group, period), (cards, owners) in timeline.sizes.items()
    }
    for entry in timeline.estimates:
        if (told := _estimate(entry)) is not None:
            measures = slices[entry.dimension, entry.group, entry.period]["measures"]
            measures.setdefault(entry.measure, {})[entry.weight] = told
    return {
        "schema": SCHEMA,
        "of": timeline.of.value,
        "by": timeline.by.value,
        "counts": {
            "cards": timeline.cards,
            "models": timeline.models,
            "owners": timeline.owners,
            "undated": timeline.undated,
            "failed": timeline.failed,
        },
        "periods": list(timeline.periods),
        "groups": {name: list(groups) for name, groups in timeline.groups.items()},
        "slices": list(slices.values()),
        "mix": [
            {"period": period, "generator": generator, "share": _number(share)}
            for (period, generator), share in timeline.mix.items()
        ],
        "versions": dict(timeline.versions),
    }


def _estimate(entry: Estimate) -> list[float] | None:
    value, low, high = _number(entry.value), _number(entry.low), _number(entry.high)
    if value is None:
        return None
    return [value] if low is None or high is None else [value, low, high]


def to_json(timeline: Timeline) -> str:
    """The timeline as one JSON object, an entry of a list on a line: a slice, or a share of the generators.

    A timeline by month has hundreds of thousands of estimates, and ``json`` indents ten times slower than it writes.
    """
    members = []
    for key, value in to_dict(timeline).items():
        if isinstance(value, list) and value:
            written = "[\n  " + ",\n  ".join(dumps(entry) for entry in value) + "\n ]"
        else:
            written = dumps(value)
        members.append(f' "{key}": {written}')
    return "{\n" + ",\n".join(members) + "\n}\n"


def to_markdown(timeline: Timeline) -> str:
    """A table a period for the whole corpus, and one a dimension for the last period that says something."""
    lookup = Lookup(timeline)
    lines = [f"# Cards over time ({timeline.of.value} edition, by {timeline.by.value})", ""]
    counted = (
        f"{timeline.cards:,} cards of {timeline.models:,} models by {timeline.owners:,} owners; "
        f"{timeline.undated:,} without a date, {timeline.failed:,} could not be read."
    )
    yardstick = (
        "Each number counts every card alike; in brackets its 95 % interval, bootstrapped over owners. "
        "The line below it counts every owner alike."
    )
    lines += [counted, "", yardstick, ""]
    lines += _markdown_table(timeline, lookup, "all", [("all", period, period) for period in timeline.periods])
    for dimension, groups in timeline.groups.items():
        if dimension != "all":
            lines += ["", f"## By {dimension}, all periods together", ""]
            lines += _totals(timeline, lookup, dimension, groups)
    return "\n".join(lines) + "\n"


def shown(form: str, entry: Estimate | None) -> str:
    """A value as its measure is printed; a dash where there is none."""
    return "–" if entry is None or math.isnan(entry.value) else form.format(entry.value)


def _markdown_table(
    timeline: Timeline, lookup: Lookup, dimension: str, columns: Sequence[tuple[str, str, str]]
) -> Iterator[str]:
    yield "| | " + " | ".join(_cell(title) for _, _, title in columns) + " |"
    yield "| --- |" + " ---: |" * len(columns)
    sizes = [timeline.sizes.get((dimension, group, period), (0, 0)) for group, period, _ in columns]
    yield "| cards | " + " | ".join(f"{cards:,}" for cards, _ in sizes) + " |"
    yield "| owners | " + " | ".join(f"{owners:,}" for _, owners in sizes) + " |"
    for measure, words, form in HEADLINE:
        for weight, note in (("card", ""), ("owner", " (by owner)")):
            entries = [lookup.get(dimension, group, period, measure, weight) for group, period, _ in columns]
            if any(entries):
                yield f"| {words}{note} | " + " | ".join(_with_bounds(form, entry) for entry in entries) + " |"


def _totals(timeline: Timeline, lookup: Lookup, dimension: str, groups: Sequence[str]) -> Iterator[str]:
    """Groups side by side; means over all periods, each period weighed by its cards."""
    yield "| group | cards | quality | standardization | written by a template | near duplicates |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for group in groups:
        cells = [
            lookup.total(timeline, dimension, group, name)
            for name in ("quality", "standardization", "share_template", "near_duplicate")
        ]
        cards = sum(count for (row, name, _), (count, _) in timeline.sizes.items() if (row, name) == (dimension, group))
        forms = ("{:.1f}", "{:.1f}", "{:.0%}", "{:.0%}")
        words = ["–" if cell is None else form.format(cell) for form, cell in zip(forms, cells, strict=True)]
        yield f"| {_cell(group)} | {cards:,} | " + " | ".join(words) + " |"


def _with_bounds(form: str, entry: Estimate | None) -> str:
    if entry is None or entry.low is None or entry.high is None:
        return shown(form, entry)
    return f"{form.format(entry.value)} ({form.format(entry.low)} to {form.format(entry.high)})"


def _cell(text: str) -> str:
    # Groups come out of cards: licences, libraries, languages as people wrote them.
    safe = clean(text, 60)
    for sign in "\\`*_[]<>|":
        safe = safe.replace(sign, "\\" + sign if sign != "<" else "&lt;")
    return safe


def _number(value: float | None) -> float | None:
    """Six digits, which is more than any interval here is wide; nothing where there is no number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def grouped(timeline: Timeline) -> Mapping[str, tuple[str, ...]]:
    """Dimensions besides the whole, with their groups."""
    return {name: groups for name, groups in timeline.groups.items() if name != "all"}
