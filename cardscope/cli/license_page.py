"""A licence verdict as a page for a person: the sentence first, both licences side by side, then the small print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cardscope.licensing.drift import said_flags
from cardscope.licensing.table import License, licenses
from cardscope.reporters.palette import LICENSE_GLYPH, LICENSE_STYLE, SEVERITY_STYLE, said
from cardscope.types import LicenseEvidence, LicenseVerdict

_MOST_PARTS = 12
#: Column of the licence table -> what it is called here; the order is that of a reader's questions.
_QUESTIONS = {
    "family": "kind",
    "commercial_use": "commercial use",
    "derivatives": "derivatives",
    "share_alike": "asks of derivatives",
    "pass_down_restrictions": "hands limits down",
    "attribution": "must travel along",
    "naming_requirement": "names to carry",
    "user_threshold": "size line",
    "territory_limits": "places left out",
    "output_training": "training on output",
}
#: Shown only where they decided.
_ALSO = {
    "relicense_ok": "also allows",
    "relicense_review": "asks for a look at",
    "relicense_no": "rules out",
    "derivative_scope": "derivative means",
    "ambiguity": "names a text",
}


def page(verdict: LicenseVerdict, parent: str, child: str) -> RenderableType:
    """The whole verdict in a frame; deciding cells stand out, everything that came from a label is cleaned."""
    style = LICENSE_STYLE[verdict.outcome]
    head = Text.assemble((f"{LICENSE_GLYPH[verdict.outcome]} {verdict.outcome.value}", style), "  ")
    head.append(verdict.reason, style="name").append("  severity ", style="faint")
    head.append(verdict.severity.value, style=SEVERITY_STYLE[verdict.severity])
    head.append("  confidence ", style="faint")
    head.append(verdict.confidence, style="warn" if verdict.confidence == "low" else "faint")
    parts: list[RenderableType] = [head, Text(), said(verdict.message, 800)]
    parts.append(_facts(verdict.evidence))
    if any(side.cells for side in verdict.evidence):
        parts += [Text.assemble(("■ ", "title"), ("cells that decided", "faint")), Text()]
    parts += _drift(verdict)
    parts += _sources(verdict.evidence)
    if verdict.parts:
        parts += [Text(), *_parts(verdict)]
    if verdict.advisories:
        parts += [Text(), *(_advice(advisory.message) for advisory in verdict.advisories)]
    title = said(parent or "(missing)", 60, "name").append(f" → {verdict.relation.value} → ", style="accent")
    title.append_text(said(child or "(missing)", 60, "name"))
    note = Text("labels only, no legal advice", style="faint")
    return Panel(
        Group(*parts),
        title=title,
        subtitle=note,
        title_align="left",
        subtitle_align="right",
        border_style="accent",
        padding=(1, 2),
    )


def _facts(sides: Sequence[LicenseEvidence]) -> RenderableType:
    """One column for each side; a row is left out where no side has anything to say."""
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, padding=(0, 1), border_style="faint")
    table.add_column("", style="faint", no_wrap=True)
    for side in sides[:4]:
        table.add_column(_heading(side), ratio=1, overflow="fold")
    rows = [licenses().get(side.row) if side.matched in ("id", "alias") else None for side in sides[:4]]
    decided = {column for side in sides for column in side.cells}
    also = {column: question for column, question in _ALSO.items() if column in decided}
    for column, question in (_QUESTIONS | also).items():
        cells = [_cell(row, column, side) for row, side in zip(rows, sides, strict=False)]
        if any(cell.plain not in ("", "–", "?") for cell in cells):
            table.add_row(question, *cells)
    return table


def _heading(side: LicenseEvidence) -> Text:
    heading = said(side.row or side.matched, 60, "name")
    how = f", by {side.matched}" if side.matched in ("id", "alias") else ", no row of the table" if side.row else ""
    return heading.append(f"\n{side.role}{how}", style="faint")


def _cell(row: License | None, column: str, side: LicenseEvidence) -> Text:
    found = getattr(row, column) if row is not None else "?"
    value = ", ".join(found) if isinstance(found, tuple) else str(found)
    deciding = column in side.cells
    return Text(value or "–", style="title" if deciding else "plain" if value else "faint")


def _drift(verdict: LicenseVerdict) -> Iterator[RenderableType]:
    if not verdict.drift or verdict.drift == "same":
        return
    line = Text("terms ", style="faint").append(verdict.drift, style="name")
    for sign, word in (("-", "  lost "), ("+", "  gained ")):
        if flags := said_flags(verdict.drift_flags, sign):
            line.append(word, style="faint").append(flags, style="plain")
    yield line


def _sources(sides: Sequence[LicenseEvidence]) -> Iterator[RenderableType]:
    for address in dict.fromkeys(side.source_url for side in sides if side.source_url):
        yield Text("source ", style="faint").append_text(said(address, 200, "accent"))


def _parts(verdict: LicenseVerdict) -> Iterator[RenderableType]:
    yield Text("put together from", style="faint")
    for part in verdict.parts[:_MOST_PARTS]:
        row = Text(f"{LICENSE_GLYPH[part.outcome]} ", style=LICENSE_STYLE[part.outcome])
        row.append_text(said(" → ".join(part.path), 100)).append(f"  {part.relation.value}  ", style="accent")
        yield row.append(part.reason, style="faint")
    if len(verdict.parts) > _MOST_PARTS:
        yield Text(f"  and {len(verdict.parts) - _MOST_PARTS} more", style="faint")


def _advice(words: str) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column()
    row.add_row(Text("→", style="accent"), said(words, 300))
    return row
