"""The part of the terminal report about a model's family: lineage, licence verdicts, and what the child dropped."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from cardscope.reporters.palette import LICENSE_GLYPH, LICENSE_STYLE, lines_of, said
from cardscope.types import (
    Ancestor,
    CardAnalysis,
    Change,
    CoverageState,
    Edge,
    Kinship,
    LicenseFields,
    LicenseOutcome,
    LicenseVerdict,
    Lineage,
    Problem,
)

_VERDICTS = 8


def family_tree(result: CardAnalysis) -> RenderableType:
    """The ancestors down to the model and on to its children, with licence, relation and similarity at each."""
    lineage = result.facts.lineage
    assert lineage is not None
    notes = [
        Text.assemble(("! ", "warn"), said(problem.message, 200, "faint"), (_where(problem), "faint"))
        for problem in (*lineage.problems, *(problem for edge in lineage.parents for problem in edge.problems))
    ]
    if not lineage.parents:
        told = result.facts.card.coverage.get("base_model")
        words = "No base model is named: a root, as far as the card says."
        if told is not None and told.state is CoverageState.PRESENT and told.spans:
            where = lines_of(told.spans, "line ", "lines ")
            words = f"The front matter names no base model; the text does, on {where}."
        return Group(Text(words, style="faint"), *_children(lineage), *notes)
    return Group(_ancestry(result, lineage), *notes)


def _where(problem: Problem) -> str:
    lines = lines_of(problem.spans, "line ", "lines ")
    return f" ({lines})" if lines else ""


def _ancestry(result: CardAnalysis, lineage: Lineage) -> Tree:
    """Roots on top: each chain is drawn from its farthest ancestor down to the model."""
    top = Tree(Text("roots", style="faint"), guide_style="faint", hide_root=True)
    known = {str(ancestor.model_id): ancestor for ancestor in lineage.ancestors}
    verdicts = {verdict.ancestor: verdict for verdict in result.facts.licenses}
    kin = {str(kinship.parent): kinship for kinship in result.facts.kinship}
    above: dict[str, list[Edge]] = {}
    for edge in (*lineage.edges, *lineage.parents):
        rows = above.setdefault(str(edge.child), [])
        if all(edge.parent != row.parent for row in rows):
            rows.append(edge)
    drawn: dict[str, Tree] = {}
    me = str(lineage.model_id or "")

    def place(name: str, trail: tuple[str, ...]) -> Tree:
        if name in drawn:
            return drawn[name]
        edges = [edge for edge in above.get(name, []) if edge.parent not in trail and edge.parent != name]
        # A model stands under its first parent; further parents of a merge are named beside it.
        spot = place(edges[0].parent, (*trail, name)) if edges else top
        if name == me:
            label = _self_line(result, edges)
        else:
            label = _ancestor_line(name, known.get(name), edges, verdicts.get(name), kin.get(name))
        drawn[name] = spot.add(label)
        return drawn[name]

    for edge in above.get(me, []):
        if edge.parent != me:
            place(edge.parent, (me,))
    mine = place(me, ())
    for line in _children(lineage):
        mine.add(line)
    return top


def _relation(edges: list[Edge]) -> Text:
    if not edges:
        return Text()
    words = edges[0].relation.value
    if len(edges) > 1:
        words += " of " + ", ".join(edge.parent for edge in edges)
    return said(words, 160, "accent").append("  ")


def _ancestor_line(
    name: str, ancestor: Ancestor | None, edges: list[Edge], verdict: LicenseVerdict | None, kinship: Kinship | None
) -> Text:
    line = _relation(edges).append_text(said(name, 120))
    line.append("  ").append_text(_license_words(ancestor.license if ancestor else None))
    if verdict is not None:
        line.append(f" {LICENSE_GLYPH[verdict.outcome]}", style=LICENSE_STYLE[verdict.outcome])
    if kinship is not None and "body" in kinship.similarity:
        line.append(f"  alike {kinship.similarity['body']:.2f}", style="faint")
        line.append(f"  {kinship.inherited_share:.0%} taken over", style="inherited")
    return line


def _self_line(result: CardAnalysis, edges: list[Edge]) -> Text:
    from cardscope.lineage import license_fields

    line = _relation(edges).append_text(said(result.facts.card.model_id or "this card", 120, "name"))
    return line.append("  ").append_text(_license_words(license_fields(result.facts.card.front_matter.fields)))


def _license_words(fields: LicenseFields | None) -> Text:
    if fields is None:
        return Text("licence not known", style="faint")
    words = ", ".join(fields.license) or "no licence"
    if fields.license_name:
        words += f" ({fields.license_name})"
    return said(words, 80, "warn" if not fields.license else "plain")


def _children(lineage: Lineage) -> Iterator[Text]:
    counts = lineage.children.counts
    if counts and any(counts.values()):
        words = ", ".join(f"{count:,} {relation.value}" for relation, count in counts.items() if count)
        yield Text.assemble(("children: ", "faint"), said(words, 160, "faint"))
    for name, relation, downloads in lineage.children.top[:4]:
        line = Text(f"{relation.value}  ", style="accent").append_text(said(name, 120, "faint"))
        if downloads is not None:
            line.append(f"  {downloads:,} downloads", style="faint")
        yield line


def license_block(result: CardAnalysis) -> RenderableType:
    """Each verdict in a sentence, worst first, with its reason and where the terms can be read."""
    order = list(LicenseOutcome)
    verdicts = sorted(result.facts.licenses, key=lambda verdict: order.index(verdict.outcome))
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for verdict in verdicts[:_VERDICTS]:
        style = LICENSE_STYLE[verdict.outcome]
        words = Text().append(verdict.outcome.value, style=style)
        words.append(" with ", style="faint").append_text(said(verdict.ancestor or "its parents", 120))
        if verdict.inherited:
            words.append("  inherited", style="warn")
        words.append("\n").append_text(said(verdict.message, 400))
        words.append("\n").append_text(_because(verdict))
        for advisory in verdict.advisories:
            words.append("\n→ ", style="accent").append_text(said(advisory.message, 300, "faint"))
        table.add_row(Text(LICENSE_GLYPH[verdict.outcome], style=style), words)
    if len(verdicts) > _VERDICTS:
        table.add_row("", Text(f"and {len(verdicts) - _VERDICTS} more", style="faint"))
    return table


def _because(verdict: LicenseVerdict) -> Text:
    words = [verdict.reason]
    if verdict.lost_at:
        words.append(f"dropped at {verdict.lost_at}")
    if verdict.drift and verdict.drift != "same":
        words.append(f"terms {verdict.drift}")
    if verdict.confidence != "high":
        words.append(f"confidence {verdict.confidence}")
    words += list(dict.fromkeys(entry.source_url for entry in verdict.evidence if entry.source_url))[:2]
    return said(" · ".join(words), 400, "faint")


def kinship_block(result: CardAnalysis) -> RenderableType | None:
    """What the parents warned about and this card does not say; ``None`` when there is no parent to compare with."""
    parts: list[RenderableType] = []
    for kinship in result.facts.kinship:
        counts = {change: sum(row.change is change for row in kinship.sections) for change in Change}
        line = said(kinship.parent or "the parent", 120).append("  sections: ", style="faint")
        line.append(", ".join(f"{count} {change.value}" for change, count in counts.items() if count), style="faint")
        parts.append(line)
        for dropped in kinship.dropped:
            row = Text().append("✗ ", style="bad").append(dropped.label.replace("_", " "), style="name")
            row.append(
                f"  {dropped.share:.0%} dropped, {lines_of((dropped.parent,), 'line ', 'lines ')} of the parent",
                style="faint",
            )
            parts.append(row)
            parts += [
                Padding(Text("“").append_text(said(sentence, 160)).append("”"), (0, 0, 0, 2))
                for sentence in dropped.sentences[:2]
            ]
        if not kinship.dropped:
            parts.append(Text("✓ no warning or term of the parent was dropped", style="good"))
    return Group(*parts) if parts else None
