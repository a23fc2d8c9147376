"""What every report of a card shows: the findings worth mending in their order, and who wrote each section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cardscope.probes import questions
from cardscope.scoring import lost
from cardscope.types import AttributedSpan, Attribution, Author, Card, CardAnalysis, Finding, Outcome, Severity

_SEVERITY = {severity: rank for rank, severity in enumerate(Severity)}


def wrong_ones(result: CardAnalysis) -> list[Finding]:
    """Findings on quality that cost points or broke, the heaviest first.

    The order is by severity, then by the points lost: a licence conflict stands above a missing tag of equal weight.
    """
    known = questions()
    kind = result.facts.kind
    wrong = [
        finding
        for finding in result.findings
        if finding.outcome in (Outcome.NO, Outcome.ERROR)
        and (finding.probe not in known or known[finding.probe].axis == "quality")
    ]
    return sorted(wrong, key=lambda finding: (_SEVERITY[finding.severity], -lost(kind, finding), finding.probe))


def section_shares(card: Card, attribution: Attribution) -> tuple[dict[Author, float], ...]:
    """Share of the words of each section by author; each adds up to 1, or is empty for a section without words.

    An attributed span that reaches over several sections gives each its part by lines.
    """
    words: list[dict[Author, float]] = [{} for _ in card.sections]
    for index, part in overlaps(card, attribution.spans):
        span = card.sections[index].span
        lines = min(span.last, part.span.last) - max(span.first, part.span.first) + 1
        share = part.words * lines / (part.span.last - part.span.first + 1)
        words[index][part.author] = words[index].get(part.author, 0.0) + share
    sums = [sum(section.values()) for section in words]
    return tuple(
        {author: count / total for author, count in section.items()} if total else {}
        for section, total in zip(words, sums, strict=True)
    )


def overlaps(card: Card, parts: Sequence[AttributedSpan]) -> Iterator[tuple[int, AttributedSpan]]:
    """Each attributed span with the index of every section it reaches into; both stand in the order of the text."""
    at = 0
    for part in parts:
        while at < len(card.sections) and card.sections[at].span.last < part.span.first:
            at += 1
        for index in range(at, len(card.sections)):
            if card.sections[index].span.first > part.span.last:
                break
            yield index, part
