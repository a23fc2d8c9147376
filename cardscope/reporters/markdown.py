"""An analysis as a page of Markdown, for a comment on a pull request.

Words of a card stand in code spans, where no renderer looks for links, mentions, images or HTML; sentences of our own
that quote a card are escaped character by character.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from cardscope.probes import questions
from cardscope.reporters.digest import section_shares, wrong_ones
from cardscope.scoring import lost, weights
from cardscope.text.clean import clean
from cardscope.types import (
    Author,
    CardAnalysis,
    CoverageState,
    Edge,
    Finding,
    Kinship,
    LicenseFields,
    LicenseOutcome,
    LicenseVerdict,
    Score,
    SkippedCard,
    Span,
)

#: What Markdown, HTML, or GitHub after both, would make something of; list marks only count at the start of a line.
_LIVE = re.compile(r"[\\`*_{}\[\]#!|<>~&@$]|://|www\.|\A[-+=]|\A\d{1,9}[.)]")
#: Mentions and issue numbers are looked for in the rendered text, so no backslash helps; an empty comment parts them.
_ESCAPED = {"&": "&amp;", "@": "@<!-- -->", "#": "\\#<!-- -->", "://": "\\://", "www.": "www\\."}
_TICKS = re.compile(r"`+")
_MARK = {
    LicenseOutcome.INCOMPATIBLE: "❌",
    LicenseOutcome.NEEDS_REVIEW: "⚠️",
    LicenseOutcome.UNKNOWN: "❔",
    LicenseOutcome.COMPATIBLE: "✅",
}
_MOST_ROWS = 60


class MarkdownReporter:
    """What the terminal shows, as CommonMark with tables.

    Args:
        findings: Most findings to show before the fold; the rest stands behind it.
    """

    def __init__(self, findings: int = 12) -> None:
        self.findings = findings

    def render(self, result: CardAnalysis | SkippedCard) -> str:
        """The whole page; nothing of the card in it is live markup."""
        if isinstance(result, SkippedCard):
            return "\n".join(_skipped(result)) + "\n"
        return "\n".join(_page(result, self.findings)) + "\n"


def code(text: str, limit: int = 120, *, cell: bool = False) -> str:
    """Text of a card as a code span that it cannot leave; ``cell`` also keeps it inside its cell of a table.

    >>> code("a`b <i>")
    '``a`b <i>``'
    """
    text = clean(text, limit)
    if not text:
        return "—"
    if cell:
        text = text.replace("|", "\\|")
    fence = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str, limit: int = 400) -> str:
    r"""A sentence of ours in which a name of a card may stand: pairs of backticks stay code, all else is escaped.

    >>> print(prose("add `a_b` <b> to *this*"))
    add `a_b` \<b\> to \*this\*
    """
    pieces = clean(text, limit).split("`")
    if len(pieces) % 2 == 0:
        return _escape("`".join(pieces))
    return "".join(code(piece, 0) if at % 2 else _escape(piece) for at, piece in enumerate(pieces) if piece)


def _escape(text: str) -> str:
    return _LIVE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    mark = match.group()
    if mark[0].isdigit():
        return f"{mark[:-1]}\\{mark[-1]}"
    return _ESCAPED.get(mark) or "\\" + mark


def _skipped(skipped: SkippedCard) -> Iterator[str]:
    asked = skipped.model_id or skipped.subject
    name = code(asked) if asked else "the card"
    yield f"**cardscope could not read {name}**: {prose(skipped.message)} ({skipped.reason.value}, at {skipped.stage})"
    if skipped.hint:
        yield ""
        yield prose(skipped.hint)


def _page(result: CardAnalysis, most: int) -> Iterator[str]:
    facts = result.facts
    name = code(facts.card.model_id) if facts.card.model_id else code(result.origin or "a model card")
    yield f"# {name}"
    yield ""
    yield f"{facts.kind.value}{_about(result)}"
    yield ""
    yield from _scores(result)
    yield from _findings(result, most)
    yield from _lineage(result)
    yield from _licenses(facts.licenses)
    for kinship in facts.kinship:
        yield from _kinship(kinship)
    yield from _sections(result)
    yield from _coverage(result)
    yield ""
    versions = ", ".join(f"{key} {value}" for key, value in result.versions.items() if not key.startswith("tables/"))
    yield f"<sub>{prose(versions or 'cardscope')}; {prose(result.score.policy)}</sub>"


def _about(result: CardAnalysis) -> str:
    fields = result.facts.card.front_matter.fields
    words = []
    for key in ("license", "library_name", "pipeline_tag", "language"):
        value = fields.get(key)
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        shown = ", ".join(str(entry) for entry in texts[:4] if isinstance(entry, str))
        if shown:
            words.append(f" · {key.replace('_name', '').replace('_', ' ')} {code(shown, 60)}")
    if result.revision:
        words.append(f" · revision {code(result.revision[:12])}")
    if result.facts.generators:
        words.append(" · written with " + ", ".join(code(match.id, 60) for match in result.facts.generators[:4]))
    return "".join(words)


def _scores(result: CardAnalysis) -> Iterator[str]:
    for title, score in (("Quality", result.score.quality), ("Standardization", result.score.standardization)):
        yield f"| {title} | {_value(score)} |"
        yield "|:--|--:|"
        for part in score.parts:
            points = f"{part.points:.1f} of {part.possible:g}" if part.possible else "not asked"
            yield f"| {part.name} | {points} |"
        yield ""


def _value(score: Score) -> str:
    return "—" if score.value is None else f"**{score.value:.0f}** of 100"


def _findings(result: CardAnalysis, most: int) -> Iterator[str]:
    wrong = wrong_ones(result)
    yield "## What to mend"
    yield ""
    if not wrong:
        yield "Nothing is asked of this card that it does not answer."
        yield ""
        return
    yield from (_finding(result, finding) for finding in wrong[:most])
    if len(wrong) > most:
        yield ""
        yield f"<details><summary>{len(wrong) - most} more</summary>"
        yield ""
        yield from (_finding(result, finding) for finding in wrong[most:])
        yield ""
        yield "</details>"
    yield ""


def _finding(result: CardAnalysis, finding: Finding) -> str:
    asked = questions().get(finding.probe)
    points = lost(result.facts.kind, finding)
    where = f" ({lines(finding.spans)})" if finding.spans else ""
    question = prose(asked.question) if asked else prose(finding.probe)
    said = finding.message if asked is None or asked.topic not in finding.message or not asked.topic else ""
    answer = f" {prose(said)}{where}" if said else where
    cost = f", {points:.1f} points" if points else ""
    fix = f"  \n  → {prose(finding.fix)}" if finding.fix not in ("", finding.message) else ""
    return f"- **{question}**{answer} — {finding.severity.value}{cost}{fix}"


def lines(spans: Sequence[Span], most: int = 4) -> str:
    """Line numbers as a person writes them.

    >>> lines((Span(3, 3), Span(8, 9)))
    'lines 3, 8–9'
    """
    shown = [str(span.first) if span.first == span.last else f"{span.first}–{span.last}" for span in spans[:most]]
    single = len(spans) == 1 and spans[0].first == spans[0].last
    return ("line " if single else "lines ") + ", ".join(shown) + (", …" if len(spans) > most else "")


def _lineage(result: CardAnalysis) -> Iterator[str]:
    lineage = result.facts.lineage
    if lineage is None or not (lineage.parents or lineage.ancestors or lineage.children.counts or lineage.problems):
        return
    yield "## Lineage"
    yield ""
    for ancestor in reversed(lineage.ancestors[:_MOST_ROWS]):
        relation = ancestor.relations[0].value if ancestor.relations else "unknown"
        yield f"- {ancestor.depth} above: {code(ancestor.model_id)}, {_license(ancestor.license)} → {relation}"
    for edge in lineage.parents[:_MOST_ROWS]:
        if edge.problems or not lineage.ancestors:
            yield f"- {_edge(edge)}"
    for problem in lineage.problems[:_MOST_ROWS]:
        yield f"- {prose(problem.message)}" + (f" ({lines(problem.spans)})" if problem.spans else "")
    counts = lineage.children.counts
    if counts:
        yield "- below: " + ", ".join(f"{count} {relation.value}" for relation, count in counts.items())
    yield ""


def _edge(edge: Edge) -> str:
    stated = ", ".join(dict.fromkeys(statement.stated.value for statement in edge.statements))
    problems = "; ".join(prose(problem.message) for problem in edge.problems)
    return f"{edge.relation.value} of {code(edge.parent)} ({stated})" + (f" — {problems}" if problems else "")


def _license(fields: LicenseFields | None) -> str:
    if fields is None:
        return "not read"
    names = list(fields.license) or ["no licence"]
    return code(", ".join(names[:4]) + (f" ({fields.license_name})" if fields.license_name else ""), 80)


def _licenses(verdicts: Sequence[LicenseVerdict]) -> Iterator[str]:
    if not verdicts:
        return
    yield "## Licences"
    yield ""
    for verdict in verdicts[:_MOST_ROWS]:
        against = f" against {code(verdict.ancestor)}" if verdict.ancestor else ""
        inherited = " (inherited)" if verdict.inherited else ""
        said = f"{prose(verdict.message)} — {code(verdict.reason)}"
        yield f"- {_MARK[verdict.outcome]} **{verdict.outcome.value}**{against}{inherited}: {said}"
        if len(verdict.path) > 2:
            yield "  - " + " → ".join(code(name, 80) for name in verdict.path[:12])
        sources = dict.fromkeys(side.source_url for side in verdict.evidence if side.source_url)
        if sources:
            yield "  - terms: " + ", ".join(code(source, 0) for source in sources)
        for advisory in verdict.advisories[:8]:
            yield f"  - {prose(advisory.message)}"
    yield ""


def _kinship(kinship: Kinship) -> Iterator[str]:
    yield f"## Beside {code(kinship.parent or 'its parent')}"
    yield ""
    likeness = ", ".join(f"{name} {value:.2f}" for name, value in kinship.similarity.items() if math.isfinite(value))
    changes = [section.change.value for section in kinship.sections]
    counts = ", ".join(f"{changes.count(change)} {change}" for change in dict.fromkeys(changes))
    yield f"{kinship.inherited_share:.0%} of the words stand in the parent. Similarity: {likeness or 'not measured'}."
    if counts:
        yield f"Sections: {counts}."
    for text in kinship.dropped[:8]:
        yield ""
        share = f"{text.share:.0%}"
        yield f"**Dropped: {text.label.replace('_', ' ')}** ({share}, {lines((text.parent,))} of the parent)"
        yield ""
        for sentence in text.sentences[:3]:
            yield f"> {code(sentence, 240)}"
            yield ">"
    yield ""


def _sections(result: CardAnalysis) -> Iterator[str]:
    card = result.facts.card
    if not card.sections:
        return
    attribution = result.facts.attribution
    shares = section_shares(card, attribution) if attribution is not None else ({},) * len(card.sections)
    yield f"<details><summary>{len(card.sections)} sections</summary>"
    yield ""
    yield "| section | labels | lines | words | who |"
    yield "|:--|:--|--:|--:|:--|"
    for section, share in list(zip(card.sections, shares, strict=True))[:_MOST_ROWS]:
        who = ", ".join(f"{share[author]:.0%} {author.value}" for author in Author if share.get(author))
        indent = "· " * max(0, section.level - 1)
        title = code(section.heading, 60, cell=True) if section.heading else "(before the first heading)"
        span = f"{section.span.first}–{section.span.last}"
        yield f"| {indent}{title} | {', '.join(section.labels) or '—'} | {span} | {section.words} | {who or '—'} |"
    if len(card.sections) > _MOST_ROWS:
        yield ""
        yield f"and {len(card.sections) - _MOST_ROWS} more"
    yield ""
    yield "</details>"
    yield ""


def _coverage(result: CardAnalysis) -> Iterator[str]:
    asked = {
        label
        for question in questions().values()
        if question.axis == "quality" and weights(result.facts.kind)[question.id]
        for label in question.labels
    }
    for state in CoverageState:
        labels = [
            label
            for label, found in result.facts.card.coverage.items()
            if found.state is state and (state is not CoverageState.ABSENT or label in asked)
        ]
        if labels:
            yield f"**{state.value}**: {', '.join(label.replace('_', ' ') for label in labels)}  "
