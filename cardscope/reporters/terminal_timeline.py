"""A timeline for a person at a terminal: sparklines of what moves, stacked bars of who writes, groups side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Final

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cardscope.reporters.palette import AUTHOR_GLYPH, AUTHOR_STYLE, SVG_FORMAT, SVG_THEME, THEME, bar, gauge, said
from cardscope.reporters.timeline import HEADLINE, Lookup, grouped, shown
from cardscope.types import Author, Timeline

_BARS: Final = "▁▂▃▄▅▆▇█"
#: Periods with fewer cards are drawn but not compared: their mean says more about chance than about time.
_FEW: Final = 20
_GLYPHS: Final = ("█", "▓", "▒", "░", "▞", "▚", "▙", "▟", "▛", "▜", "▤", "▥", "▦")
_COLOURS: Final = ("#73b978", "#7aa2f7", "#e0af68", "#9d7cd8", "#f0717a", "#7dcfff", "#c0caf5", "#b4a06a", "#6f8fb0",
                   "#a97f6a", "#6aa08c", "#8f6fb0", "#8a8f98")  # fmt: skip


class TimelineReporter:
    """Renders a timeline for a terminal.

    Args:
        width: Columns; holds from 60 on.
        color: Whether to write ANSI colours.
    """

    def __init__(self, width: int = 80, *, color: bool = False) -> None:
        self.width = width
        self.color = color

    def render(self, timeline: Timeline) -> str:
        """The report as text."""
        stream = StringIO()
        console = Console(
            file=stream, width=self.width, theme=THEME, force_terminal=self.color, no_color=not self.color,
            color_system="truecolor" if self.color else None, highlight=False, markup=False, emoji=False,
        )  # fmt: skip
        console.print(Group(*self._blocks(timeline)))
        return "\n".join(line.rstrip() for line in stream.getvalue().split("\n"))

    def svg(self, timeline: Timeline, title: str) -> str:
        """The report as a picture that makes no outside request."""
        console = Console(
            file=StringIO(), width=self.width, record=True, theme=THEME, force_terminal=True, color_system="truecolor"
        )
        console.print(Group(*self._blocks(timeline)))
        return console.export_svg(title=title, theme=SVG_THEME, code_format=SVG_FORMAT, unique_id="cardscope")

    def _blocks(self, timeline: Timeline) -> Iterator[RenderableType]:
        lookup = Lookup(timeline)
        yield Padding(_head(timeline), (1, 1, 0, 1))
        yield _heading("What moves")
        yield Padding(_movements(timeline, lookup, self.width), (0, 1))
        yield _heading("Who writes")
        yield Padding(_hands(timeline, lookup, self.width), (0, 1))
        if timeline.mix:
            yield _heading("With which tools")
            yield Padding(_mix(timeline, self.width), (0, 1))
        for dimension, groups in grouped(timeline).items():
            yield _heading(f"By {dimension}")
            yield Padding(_groups(timeline, lookup, dimension, groups, self.width), (0, 1))
        yield Padding(_foot(timeline), (1, 1))


def sparkline(values: Sequence[float | None], width: int = 0) -> str:
    """Values as bars between their least and greatest; a dot where there is none, thinned evenly to ``width``.

    >>> sparkline([1, 2, None, 3])
    '▁▅·█'
    """
    if width and len(values) > width:
        values = [values[place * len(values) // width] for place in range(width)]
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return "·" * len(values)
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    return "".join(
        "·" if value is None or not math.isfinite(value) else _BARS[round((value - low) / span * (len(_BARS) - 1))]
        for value in values
    )


def _heading(title: str) -> RenderableType:
    return Group(Text(), Rule(Text(title, style="title"), align="left", style="faint"))


def _head(timeline: Timeline) -> RenderableType:
    line = Text(f"{timeline.cards:,} cards", style="name")
    line.append(f" of {timeline.models:,} models by {timeline.owners:,} owners", style="plain")
    note = f"{timeline.of.value} edition, by {timeline.by.value}"
    if timeline.periods:
        note += f", {timeline.periods[0]} to {_last_dated(timeline)}"
    extra = [
        f"{count:,} {words}"
        for count, words in ((timeline.undated, "undated"), (timeline.failed, "unreadable"))
        if count
    ]
    return Group(line, Text(" · ".join([note, *extra]), style="faint"))


def _dated(timeline: Timeline) -> list[str]:
    return [period for period in timeline.periods if period[:1].isdigit()]


def _last_dated(timeline: Timeline) -> str:
    return (_dated(timeline) or list(timeline.periods))[-1]


def _movements(timeline: Timeline, lookup: Lookup, width: int) -> RenderableType:
    periods = [period for period in _dated(timeline) if timeline.sizes.get(("all", "all", period), (0, 0))[0] >= _FEW]
    table = Table.grid(padding=(0, 1))
    for justify in ("left", "left", "right", "right"):
        table.add_column(justify=justify, no_wrap=True)
    if width >= 100:
        table.add_column(justify="right", no_wrap=True, style="faint")
        table.add_column(justify="right", no_wrap=True, style="faint")
    if not periods:
        return Text(f"No period has {_FEW} cards or more.", style="faint")
    head = ["", "", periods[0], periods[-1], "95 % interval", "by owner"]
    table.add_row(*(Text(word, style="faint") for word in head[: 6 if width >= 100 else 4]))
    size = max(12, min(48, width - 62 - (32 if width >= 100 else 0)))
    for measure, words, form in HEADLINE:
        entries = [lookup.get("all", "all", period, measure) for period in periods]
        if not any(entries):
            continue
        values = [entry.value if entry else None for entry in entries]
        row = [
            Text(words),
            Text(sparkline(values, size), style="accent"),
            Text(shown(form, entries[0])),
            Text(shown(form, entries[-1]), style="name"),
        ]
        if width >= 100:
            last = entries[-1]
            bounds = f"{form.format(last.low)} to {form.format(last.high)}" if last and last.low is not None else ""
            row += [Text(bounds), Text(shown(form, lookup.get("all", "all", periods[-1], measure, "owner")))]
        table.add_row(*row)
    return table


def _hands(timeline: Timeline, lookup: Lookup, width: int) -> RenderableType:
    legend = Text()
    for author in (Author.AUTHORED, Author.TEMPLATE, Author.PLACEHOLDER):
        legend.append(AUTHOR_GLYPH[author], style=AUTHOR_STYLE[author]).append(f" {author.value}   ", style="faint")
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style="faint")
    table.add_column(justify="right", no_wrap=True, style="faint")
    table.add_column(no_wrap=True)
    for period in _thinned(list(timeline.periods), 24):
        shares = {author: lookup.get("all", "all", period, f"share_{author.value}") for author in Author}
        parts = {author: round(1000 * entry.value) for author, entry in shares.items() if entry is not None}
        cards = timeline.sizes.get(("all", "all", period), (0, 0))[0]
        table.add_row(period, f"{cards:,}", bar(parts, max(20, width - 34)))
    return Group(legend, table)


def _mix(timeline: Timeline, width: int) -> RenderableType:
    names = [name for name in timeline.groups.get("generator", ()) if name != "other"]
    order = [*names[:10], "other"]
    # In columns, so that no line ends between a sign and its name.
    entries = [
        Text(_GLYPHS[place], style=_COLOURS[place]).append(" ").append_text(said(name, 40, "faint"))
        for place, name in enumerate(order)
    ]
    legend = Columns(entries, padding=(0, 2))
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style="faint")
    table.add_column(no_wrap=True)
    size = max(20, width - 24)
    for period in _thinned(list(timeline.periods), 24):
        shares = [timeline.mix.get((period, name), 0.0) for name in order[:-1]]
        line, used, reached = Text(), 0, 0.0
        for place, share in enumerate([*shares, 1 - sum(shares)]):
            reached += share
            cells = round(size * min(1.0, reached)) - used
            line.append(_GLYPHS[place] * cells, style=_COLOURS[place])
            used += max(0, cells)
        table.add_row(period, line)
    return Group(legend, table)


def _groups(timeline: Timeline, lookup: Lookup, dimension: str, groups: Sequence[str], width: int) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 3)
    for _ in range(5):
        table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    words = ("", "cards", "quality", "standard", "template", "alike", "")
    table.add_row(*(Text(word, style="faint") for word in words))
    for group in groups:
        cards = sum(count for (row, name, _), (count, _) in timeline.sizes.items() if (row, name) == (dimension, group))
        cells = [
            lookup.total(timeline, dimension, group, name)
            for name in ("quality", "standardization", "share_template", "near_duplicate")
        ]
        forms = ("{:.0f}", "{:.0f}", "{:.0%}", "{:.0%}")
        shown_cells = [
            Text("–" if cell is None else form.format(cell)) for form, cell in zip(forms, cells, strict=True)
        ]
        table.add_row(said(group, 60), Text(f"{cards:,}", style="faint"), *shown_cells, gauge(cells[0], 12))
    return table


def _foot(timeline: Timeline) -> RenderableType:
    words = ["intervals: 95 %, bootstrapped over owners"]
    words += [f"{name} {version}" for name, version in timeline.versions.items() if name in ("cardscope", "embedder")]
    return said(" · ".join(words), 200, "faint")


def _thinned(periods: list[str], most: int) -> list[str]:
    """Evenly chosen periods, first and last among them, so that a chart fits a screen."""
    if len(periods) <= most:
        return periods
    return [periods[round(place * (len(periods) - 1) / (most - 1))] for place in range(most)]
