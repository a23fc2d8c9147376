"""An analysis for a program: plain data under the schema ``cardscope.analysis/1``, whole or a line a card.

``schema/analysis-1.schema.json`` beside this module says what stands where; ``docs/json.md`` says what it means.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cardscope.probes import questions
from cardscope.reporters.digest import overlaps, section_shares
from cardscope.reporters.safe_json import dumps
from cardscope.scoring import weigh
from cardscope.types import (
    Ancestor,
    Attribution,
    Author,
    Card,
    CardAnalysis,
    Dates,
    Edge,
    Finding,
    Kinship,
    LicenseFields,
    LicenseVerdict,
    Lineage,
    Problem,
    Score,
    SkippedCard,
    Span,
)

SCHEMA = "cardscope.analysis/1"


class JsonReporter:
    """One analysis as one object over many lines."""

    def render(self, result: CardAnalysis | SkippedCard) -> str:
        """Valid JSON in UTF-8 whatever the card holds, ending in a line break."""
        return dumps(to_dict(result), indent=2) + "\n"


class JsonLinesReporter:
    """One analysis as one line, for streams."""

    def render(self, result: CardAnalysis | SkippedCard) -> str:
        """Valid JSON without a line break inside, ending in one."""
        return dumps(to_dict(result)) + "\n"


def to_dict(result: CardAnalysis | SkippedCard) -> dict[str, Any]:
    """An analysis as dicts, lists, text, numbers and ``None``, following ``cardscope.analysis/1``.

    Spans are ``[first, last]``, dates ISO 8601 in UTC with ``Z``, numbers that are not finite ``None``.
    """
    if isinstance(result, SkippedCard):
        skipped = {
            "stage": result.stage,
            "subject": result.subject,
            "reason": result.reason.value,
            "message": result.message,
            "hint": result.hint,
        }
        return {"schema": SCHEMA, "model_id": result.model_id, "skipped": skipped}
    facts = result.facts
    card = facts.card
    matter = card.front_matter
    elsewhere, by_section = _place_problems(card)
    return {
        "schema": SCHEMA,
        "model_id": card.model_id,
        "revision": result.revision,
        "cached": result.cached,
        "dates": _dates(result.dates),
        "kind": facts.kind.value,
        "front_matter": {
            "state": matter.state.value,
            "span": _span(matter.span),
            "fields": _plain(matter.fields),
            "lines": {key: _span(span) for key, span in matter.lines.items()},
            "problems": _problems((*matter.problems, *elsewhere)),
        },
        "sections": _sections(card, facts.attribution, by_section),
        "coverage": {
            label: {
                "state": found.state.value,
                "how": found.how.value if found.how else None,
                "spans": _spans(found.spans),
            }
            for label, found in card.coverage.items()
        },
        "generators": [
            {
                "id": match.id,
                "version": match.version,
                "reliability": match.reliability,
                "spans": _spans(match.spans),
                "evidence": [{"what": mark.what, "spans": _spans(mark.spans)} for mark in match.evidence],
            }
            for match in facts.generators
        ],
        "lineage": _lineage(facts.lineage),
        "licenses": [_verdict(verdict) for verdict in facts.licenses],
        "kinship": [_kinship(kinship) for kinship in facts.kinship],
        "findings": [_finding(result, finding) for finding in result.findings],
        "score": {
            "quality": _score(result.score.quality),
            "standardization": _score(result.score.standardization),
            "profile": result.score.profile,
            "policy": result.score.policy,
        },
        "versions": {**result.versions, "card": f"sha256:{card.digest}"},
    }


def _sections(
    card: Card, attribution: Attribution | None, problems: Sequence[Sequence[Problem]]
) -> list[dict[str, Any]]:
    shares = section_shares(card, attribution) if attribution is not None else None
    pieces = _pieces(card, attribution)
    return [
        {
            "heading": section.heading,
            "level": section.level,
            "style": section.style.value,
            "labels": list(section.labels),
            "span": _span(section.span),
            "parent": section.parent,
            "words": section.words,
            "attribution": _shares(shares[index]) if shares is not None else None,
            "authors": pieces[index],
            "problems": _problems(problems[index]),
        }
        for index, section in enumerate(card.sections)
    ]


def _pieces(card: Card, attribution: Attribution | None) -> list[list[dict[str, Any]]]:
    """The attributed lines of each section, cut at its ends."""
    pieces: list[list[dict[str, Any]]] = [[] for _ in card.sections]
    for index, part in overlaps(card, attribution.spans if attribution is not None else ()):
        span = card.sections[index].span
        cut = [max(part.span.first, span.first), min(part.span.last, span.last)]
        pieces[index].append({"author": part.author.value, "span": cut, "whose": part.whose})
    return pieces


def _shares(shares: Mapping[Author, float]) -> dict[str, float]:
    return {author.value: round(shares.get(author, 0.0), 4) for author in Author}


def _place_problems(card: Card) -> tuple[list[Problem], list[list[Problem]]]:
    """Problems of the text, each with the section its first line stands in; those of the whole file come first."""
    elsewhere: list[Problem] = []
    by_section: list[list[Problem]] = [[] for _ in card.sections]
    for problem in card.problems:
        first = problem.spans[0].first if problem.spans else 0
        for index, section in enumerate(card.sections):
            if section.span.first <= first <= section.span.last:
                by_section[index].append(problem)
                break
        else:
            elsewhere.append(problem)
    return elsewhere, by_section


def _lineage(lineage: Lineage | None) -> dict[str, Any] | None:
    if lineage is None:
        return None
    counts = lineage.children.counts
    return {
        "parents": [_edge(edge) for edge in lineage.parents],
        "edges": [_edge(edge) for edge in lineage.edges],
        "ancestors": [_ancestor(ancestor) for ancestor in lineage.ancestors],
        "children": {
            "counts": {relation.value: count for relation, count in counts.items()} if counts is not None else None,
            "top": [
                {"model_id": child, "relation": relation.value, "downloads": downloads}
                for child, relation, downloads in lineage.children.top
            ],
        },
        "problems": _problems(lineage.problems),
    }


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "child": edge.child,
        "parent": edge.parent,
        "relation": edge.relation.value,
        "statements": [
            {
                "stated": statement.stated.value,
                "value": statement.value,
                "relation": statement.relation.value,
                "span": _span(statement.span),
            }
            for statement in edge.statements
        ],
        "problems": _problems(edge.problems),
    }


def _ancestor(ancestor: Ancestor) -> dict[str, Any]:
    info = ancestor.info
    return {
        "model_id": ancestor.model_id,
        "depth": ancestor.depth,
        "path": list(ancestor.path),
        "relations": [relation.value for relation in ancestor.relations],
        "license": _license(ancestor.license) if ancestor.license is not None else None,
        "downloads": info.downloads if info is not None else None,
        "likes": info.likes if info is not None else None,
        "gated": info.gated if info is not None else None,
    }


def _license(fields: LicenseFields) -> dict[str, Any]:
    return {
        "license": list(fields.license),
        "license_name": fields.license_name,
        "license_link": fields.license_link,
    }


def _verdict(verdict: LicenseVerdict) -> dict[str, Any]:
    return {
        "ancestor": verdict.ancestor,
        "relation": verdict.relation.value,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "severity": verdict.severity.value,
        "message": verdict.message,
        "path": list(verdict.path),
        "evidence": [
            {
                "role": side.role,
                "model_id": side.model_id,
                "raw": _license(side.raw),
                "row": side.row,
                "matched": side.matched,
                "cells": dict(side.cells),
                "source_url": side.source_url,
                "confidence": side.confidence,
            }
            for side in verdict.evidence
        ],
        "inherited": verdict.inherited,
        "lost_at": verdict.lost_at,
        "confidence": verdict.confidence,
        "drift": verdict.drift,
        "drift_flags": list(verdict.drift_flags),
        "advisories": _problems(verdict.advisories),
        "parts": [_verdict(part) for part in verdict.parts],
    }


def _kinship(kinship: Kinship) -> dict[str, Any]:
    return {
        "parent": kinship.parent,
        "similarity": {key: _number(value, 4) for key, value in kinship.similarity.items()},
        "inherited_share": _number(kinship.inherited_share, 4),
        "inherited": _spans(kinship.inherited),
        "sections": [
            {
                "change": section.change.value,
                "heading": section.heading,
                "child": _span(section.child),
                "parent": _span(section.parent),
                "similarity": _number(section.similarity, 4),
            }
            for section in kinship.sections
        ],
        "dropped_safety": [
            {
                "label": text.label,
                "parent": _span(text.parent),
                "share": _number(text.share, 4),
                "sentences": list(text.sentences),
            }
            for text in kinship.dropped
        ],
    }


def _finding(result: CardAnalysis, finding: Finding) -> dict[str, Any]:
    asked = questions().get(finding.probe)
    return {
        "probe": finding.probe,
        "axis": asked.axis if asked else None,
        "part": asked.part if asked else None,
        "question": asked.question if asked else None,
        "outcome": finding.outcome.value,
        "message": finding.message,
        "value": _scalar(finding.value),
        "threshold": _scalar(finding.threshold),
        "spans": _spans(finding.spans),
        "fix": finding.fix,
        "severity": finding.severity.value,
        "credit": _number(finding.credit, 6),
        "weight": weigh(result.facts.kind, finding),
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "value": _number(score.value, 2),
        "parts": [
            {"name": part.name, "points": part.points, "possible": part.possible, "findings": list(part.findings)}
            for part in score.parts
        ],
    }


def _problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [{"code": problem.code, "message": problem.message, "spans": _spans(problem.spans)} for problem in problems]


def _dates(dates: Dates) -> dict[str, str | None]:
    return {"created": _date(dates.created), "modified": _date(dates.modified), "observed": _date(dates.observed)}


def _date(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _span(span: Span | None) -> list[int] | None:
    return [span.first, span.last] if span is not None else None


def _spans(spans: Sequence[Span]) -> list[list[int]]:
    return [[span.first, span.last] for span in spans]


def _number(value: float | None, digits: int) -> float | None:
    return round(float(value), digits) if value is not None and math.isfinite(value) else None


def _scalar(value: float | str | None) -> float | str | None:
    return value if value is None or isinstance(value, (str, bool, int)) else _number(value, 6)


def _plain(value: object) -> Any:  # noqa: ANN401 - any value a YAML block can hold
    """Front matter as JSON can hold it: keys as text, no NaN; its depth is bounded by the reader of front matter."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        # Programs read numbers of 64 bits; beyond some thousand digits Python itself refuses to write one in decimal.
        return value if value.bit_length() < 64 else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return str(value)
