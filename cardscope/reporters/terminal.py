"""The report a person reads: rich renderables put together top-down, and turned into text or a picture.

Nothing of a card is ever given to rich as markup: every string of a card passes `said`, which cleans it of control
characters and wraps it in a `Text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cardscope.reporters.digest import section_shares, wrong_ones
from cardscope.reporters.palette import (
    AUTHOR_GLYPH,
    AUTHOR_STYLE,
    OUTCOME_GLYPH,
    OUTCOME_STYLE,
    SEVERITY_STYLE,
    SVG_FORMAT,
    SVG_THEME,
    THEME,
    bar,
    gauge,
    lines_of,
    said,
)
from cardscope.reporters.terminal_family import family_tree, kinship_block, license_block
from cardscope.types import (
    Author,
    CardAnalysis,
    CoverageState,
    Finding,
    Outcome,
    Score,
    Section,
    SkippedCard,
)

#: Findings shown before the rest is only counted; ``explain`` shows all.
_FINDINGS = 12
_SECTIONS = 40
#: Labels that every card is looked through for; the table goes on with rarer ones, which are only counted when absent.
_CORE = 23


class TerminalReporter:
    """Renders an analysis for a terminal.

    Args:
        width: Columns; the layout holds from 60 on.
        color: Whether to write ANSI colours; without them the same glyphs carry the meaning.
        explain: Whether to show also what was answered well.
    """

    def __init__(self, width: int = 80, *, color: bool = False, explain: bool = False) -> None:
        self.width = width
        self.color = color
        self.explain = explain

    def render(self, result: CardAnalysis | SkippedCard) -> str:
        """The report as text, with colours when they were asked for."""
        console = self._console(StringIO())
        console.print(self.page(result))
        output = console.file
        assert isinstance(output, StringIO)
        return "\n".join(line.rstrip() for line in output.getvalue().split("\n"))

    def svg(self, result: CardAnalysis | SkippedCard, title: str) -> str:
        """The report as a picture that makes no outside request."""
        console = Console(
            file=StringIO(), width=self.width, record=True, theme=THEME, force_terminal=True, color_system="truecolor"
        )
        console.print(self.page(result))
        return console.export_svg(title=title, theme=SVG_THEME, code_format=SVG_FORMAT, unique_id="cardscope")

    def page(self, result: CardAnalysis | SkippedCard) -> RenderableType:
        """The report as a renderable, for a caller with a console of its own."""
        if isinstance(result, SkippedCard):
            return _skipped(result)
        return Group(*self._blocks(result))

    def _console(self, stream: StringIO) -> Console:
        return Console(
            file=stream,
            width=self.width,
            theme=THEME,
            force_terminal=self.color,
            no_color=not self.color,
            color_system="truecolor" if self.color else None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def _blocks(self, result: CardAnalysis) -> Iterator[RenderableType]:
        facts = result.facts
        yield from _head(result, self.width)
        if facts.lineage is not None:
            yield _heading("Where it comes from")
            yield _inset(family_tree(result))
        if facts.licenses:
            yield _heading("May it be used")
            yield _inset(license_block(result))
        dropped = kinship_block(result)
        if dropped is not None:
            yield _heading("Lost on the way")
            yield _inset(dropped)
        yield _heading("Who wrote it")
        yield _inset(_authorship(result, self.width))
        yield _heading("What the reader finds")
        yield _inset(_coverage(result))
        yield _heading("What to do")
        yield _inset(_findings(result, explain=self.explain))
        yield _heading("What it is worth")
        yield _inset(_scores(result, self.width))
        yield _foot(result)


def _heading(title: str) -> RenderableType:
    return Group(Text(), Rule(Text(title, style="title"), align="left", style="faint"))


def _inset(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 1))


def _skipped(skipped: SkippedCard) -> RenderableType:
    asked = skipped.model_id or skipped.subject or "card"
    head = Text.assemble(("skipped ", "bad"), said(asked, 200), (f"  {skipped.reason.value}", "faint"))
    lines = [head, said(skipped.message, 300)]
    if skipped.hint:
        lines.append(Text.assemble(("→ ", "accent"), said(skipped.hint, 300)))
    return Group(*lines)


def _head(result: CardAnalysis, width: int) -> Iterator[RenderableType]:
    facts = result.facts
    name = Text()
    owner, slash, repository = str(facts.card.model_id or result.origin or "card").rpartition("/")
    name.append_text(said(owner + slash, 100, "faint")).append_text(said(repository, 120, "name"))
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1)
    grid.add_column(justify="right")
    grid.add_row(Group(name, *_facts_lines(result)), _dials(result, 12 if width < 100 else 20))
    yield Padding(grid, (1, 1, 0, 1))


def _facts_lines(result: CardAnalysis) -> Iterator[Text]:
    facts, info = result.facts, result.facts.info
    first = [facts.kind.value, *(filter(None, (_field(result, "pipeline_tag"), _field(result, "library_name"))))]
    yield Text(" · ").join(said(word, 40) for word in first)
    when = [
        f"{word} {date:%Y-%m-%d}"
        for word, date in (("created", result.dates.created), ("changed", result.dates.modified))
        if date is not None
    ]
    if when:
        yield said(" · ".join(when), 120, "faint")
    if info is not None and (info.downloads is not None or info.likes is not None):
        counts = [
            f"{count:,} {word}"
            for word, count in (("downloads", info.downloads), ("likes", info.likes))
            if count is not None
        ]
        if info.gated:
            counts.append("gated")
        if result.revision:
            counts.append(f"revision {result.revision[:8]}")
        yield said(" · ".join(counts), 120, "faint")


def _field(result: CardAnalysis, key: str) -> str | None:
    value = result.facts.card.front_matter.fields.get(key)
    if isinstance(value, str):
        return value
    info = result.facts.info
    return getattr(info, key, None) if info is not None else None


def _dials(result: CardAnalysis, size: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right")
    grid.add_column()
    grid.add_column(justify="right")
    for word, score, style in (
        ("quality", result.score.quality, None),
        ("standardization", result.score.standardization, "accent"),
    ):
        shown = "—" if score.value is None else f"{score.value:.0f}"
        grid.add_row(Text(word, style="faint"), gauge(score.value, size, style), Text(shown, style="name"))
    return grid


def _authorship(result: CardAnalysis, width: int) -> RenderableType:
    attribution = result.facts.attribution
    parts: list[RenderableType] = []
    if result.facts.generators:
        names = Text("written with  ", style="faint")
        for number, match in enumerate(result.facts.generators):
            names.append("  over  " if number else "", style="faint").append_text(said(match.id, 60, "accent"))
            if match.version:
                names.append(" ").append_text(said(match.version, 20))
        parts.append(names)
    if attribution is None or not any(attribution.shares.values()):
        return Group(*parts, Text("The card has no words.", style="faint"))
    legend = Text()
    for author in Author:
        share = attribution.shares.get(author, 0.0)
        legend.append(AUTHOR_GLYPH[author], style=AUTHOR_STYLE[author])
        legend.append(f" {author.value} {share:.0%}   ", style="plain" if share else "faint")
    parts += [legend, Text(), _section_table(result, width)]
    return Group(*parts)


def _section_table(result: CardAnalysis, width: int) -> Table:
    sections = result.facts.card.sections
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(justify="right", style="faint", min_width=7)
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", style="faint", min_width=5)
    table.add_column(no_wrap=True)
    if width >= 100:
        table.add_column(ratio=2, no_wrap=True, overflow="ellipsis", style="faint")
    size = 16 if width < 100 else 24
    attribution = result.facts.attribution
    assert attribution is not None
    shares = section_shares(result.facts.card, attribution)
    for section, own in zip(sections[:_SECTIONS], shares, strict=False):
        row: list[RenderableType] = [
            Text(lines_of((section.span,))),
            _section_name(section),
            Text(f"{section.words:,}"),
            bar({author: round(1000 * share) for author, share in own.items()}, size),
        ]
        if width >= 100:
            row.append(Text(", ".join(section.labels)))
        table.add_row(*row)
    if len(sections) > _SECTIONS:
        table.add_row("", Text(f"and {len(sections) - _SECTIONS} more sections", style="faint"), "", "")
    return table


def _section_name(section: Section) -> Text:
    indent = "  " * max(0, section.level - 1)
    if not section.heading:
        return Text(indent + "before the first heading", style="faint")
    return Text(indent).append_text(said(section.heading, 80, "name" if section.level == 1 else "plain"))


def _coverage(result: CardAnalysis) -> RenderableType:
    rows = {state: Text() for state in CoverageState}
    unasked = 0
    for place, (label, cover) in enumerate(result.facts.card.coverage.items()):
        if cover.state is CoverageState.ABSENT and place >= _CORE:
            unasked += 1
            continue
        row = rows[cover.state]
        row.append(", " if row else "").append(label.replace("_", " "))
    if unasked:
        rows[CoverageState.ABSENT].append(f" and {unasked} rarer ones")
    marks = {
        CoverageState.PRESENT: ("●", "good"),
        CoverageState.PLACEHOLDER: ("◌", "warn"),
        CoverageState.ABSENT: ("·", "faint"),
    }
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for state, row in rows.items():
        if row:
            glyph, style = marks[state]
            row.stylize("faint" if state is CoverageState.ABSENT else "plain")
            table.add_row(Text(f"{glyph} {state.value}", style=style), row)
    return table


def _findings(result: CardAnalysis, *, explain: bool) -> RenderableType:
    wrong = wrong_ones(result)
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right", style="faint")
    shown = wrong if explain else wrong[:_FINDINGS]
    for finding in shown:
        _finding_row(table, finding)
    if not wrong:
        table.add_row(Text("✓", style="good"), Text("Nothing is asked of this card that it does not answer."), "")
    if len(shown) < len(wrong):
        table.add_row("", Text(f"and {len(wrong) - len(shown)} more: --explain shows all", style="faint"), "")
    if explain:
        for finding in result.findings:
            if finding.outcome not in (Outcome.NO, Outcome.ERROR):
                _finding_row(table, finding)
    return table


def _finding_row(table: Table, finding: Finding) -> None:
    glyph = Text(OUTCOME_GLYPH[finding.outcome], style=OUTCOME_STYLE[finding.outcome])
    if finding.outcome is Outcome.NO:
        glyph.stylize(SEVERITY_STYLE[finding.severity])
    words = said(finding.message or finding.probe, 300)
    if finding.fix and finding.fix != finding.message:
        words.append("\n→ ", style="accent").append_text(said(finding.fix, 300, "faint"))
    table.add_row(glyph, words, Text(lines_of(finding.spans, "line ", "lines ")))


def _scores(result: CardAnalysis, width: int) -> RenderableType:
    size = 14 if width < 100 or width >= 120 else 10
    quality = _score_table("quality", result.score.quality, None, size)
    standard = _score_table("standardization", result.score.standardization, "accent", size)
    if width < 100:
        return Group(quality, Text(), standard)
    grid = Table.grid(expand=True, padding=(0, 2))
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(quality, standard)
    return grid


def _score_table(title: str, score: Score, style: str | None, size: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=24, no_wrap=True)
    table.add_column()
    table.add_column(justify="right")
    shown = "—" if score.value is None else f"{score.value:.0f}"
    table.add_row(Text(title, style="name"), gauge(score.value, size, style), Text(f"{shown} of 100", style="name"))
    for part in score.parts:
        share = None if not part.possible else 100 * part.points / part.possible
        points = f"{part.points:.1f} of {part.possible:.0f}" if part.possible else "not asked"
        table.add_row(Text(f"  {part.name}", style="faint"), gauge(share, size, style), Text(points, style="faint"))
    return table


def _foot(result: CardAnalysis) -> RenderableType:
    versions = result.versions
    words = [
        f"cardscope {versions.get('cardscope', '')}",
        f"profile {result.score.profile}",
        f"policy {result.score.policy}",
    ]
    if "embedder" in versions:
        words.append(versions["embedder"])
    return Padding(said(" · ".join(words), 200, "faint"), (1, 1, 1, 1))
