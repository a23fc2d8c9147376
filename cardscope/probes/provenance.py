"""Where the model says it comes from, and whether its terms, warnings and words came along honestly."""

from __future__ import annotations

import re

from cardscope.lineage.statements import names_in
from cardscope.probes.question import Question, View, lines_of
from cardscope.text.clean import clean
from cardscope.types import (
    CoverageState,
    Edge,
    Finding,
    LicenseOutcome,
    LicenseVerdict,
    Outcome,
    Problem,
    Relation,
    Severity,
    Span,
    Stated,
)

#: An address of a model's page; the Hub's own pages have no owner of these names.
_MODEL_LINK = re.compile(
    r"\]\(https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?!datasets/|spaces/|docs/|blog/|papers/|models\b)"
    r"([\w-][\w.-]{0,95}(?:/[\w.-]{1,96})?)[/?#)]"
)
#: Lines of a place that are looked at for such an address.
_LINES = 20
_RANK = {
    LicenseOutcome.INCOMPATIBLE: 0,
    LicenseOutcome.NEEDS_REVIEW: 1,
    LicenseOutcome.UNKNOWN: 2,
    LicenseOutcome.COMPATIBLE: 3,
}
_SEVERITY = {severity: rank for rank, severity in enumerate(Severity)}
#: A verdict that asks for a look is half a verdict.
_REVIEW_CREDIT = 0.5


def has_base_model(view: View, ask: Question) -> Finding:
    """``base_model`` in the front matter, of a repository that is told to be derived."""
    value = view.fields.get("base_model")
    if value and (isinstance(value, str) or next(names_in(value), None) is not None):
        if view.brief:
            return ask.yes
        entries = value if isinstance(value, list) else [value]
        shown = ", ".join(str(entry) for entry in entries if isinstance(entry, (str, int, float)))
        return view.yes(ask, value=clean(shown, 120), spans=view.key_span("base_model"))
    if view.brief:
        return ask.no
    for edge in _edges(view):
        for statement in edge.statements:
            if statement.stated is not Stated.FIELD:
                parent = clean(edge.parent, 100)
                spans = (statement.span,) if statement.span else view.top()
                fix = f"add `base_model: {parent}` to the front matter (stated by {statement.stated.value})"
                return view.no(ask, "the base model is not in the front matter", value=parent, spans=spans, fix=fix)
    if value:
        return view.no(ask, "`base_model` holds nothing that names a model", spans=view.key_span("base_model"))
    told = view.coverage.get("base_model")
    if told is not None and told.state is CoverageState.PRESENT and told.spans:
        where = lines_of(told.spans)
        linked = (_linked(line) for span in told.spans for line in view.lines(span)[:_LINES])
        parent = clean(next(filter(None, linked), ""), 100)
        fix = (
            f"add `base_model: {parent}` to the front matter"
            if parent
            else f"add the model of {where} as `base_model:`"
        )
        message = f"the base model is named on {where} and not in the front matter"
        return view.no(ask, message, value=parent, spans=told.spans, fix=fix)
    return view.no(ask, "no base model is named", spans=view.top())


def _linked(line: str) -> str:
    """The first model that a line links to on the Hub; empty when there is none."""
    found = _MODEL_LINK.search(line)
    return found[1] if found else ""


def _edges(view: View) -> tuple[Edge, ...]:
    return view.facts.lineage.parents if view.facts.lineage is not None else ()


def base_model_resolves(view: View, ask: Question) -> Finding:
    """Share of the stated parents without a problem; unknown when nobody looked."""
    if view.facts.lineage is None:
        return ask.unknown if view.fields.get("base_model") else ask.not_applicable
    edges = _edges(view)
    if not edges:
        return ask.not_applicable
    if any(problem.code == "unreachable" for problem in view.facts.lineage.problems):
        return ask.unknown
    bad: list[tuple[Edge, Problem]] = []
    for edge in edges:
        for problem in edge.problems:
            if problem.code in ask.codes:
                bad.append((edge, problem))
                break
    if not bad:
        return ask.yes
    first, problem = bad[0]
    parent = clean(first.parent, 100)
    spans = tuple(statement.span for statement in first.statements if statement.span is not None) or problem.spans
    mend = ask.mends.get(problem.code, ask.fix).replace("{parent}", parent)
    good = 1 - len(bad) / len(edges)
    message = f"{len(bad)} of {len(edges)} links to base models is bad: {parent} ({problem.code})"
    if problem.code == "renamed":
        # The Hub still forwards it: worth mending, not a broken link.
        good = (len(edges) - len(bad) / 2) / len(edges)
        message = f"{parent} has another name today"
    return view.graded(ask, good, message, spans=spans, fix=mend)


def says_relation(view: View, ask: Question) -> Finding:
    """The relation in the front matter, or known to the Hub, of a model that has parents."""
    if view.fields.get("base_model_relation"):
        return ask.yes if view.brief else view.yes(ask, spans=view.key_span("base_model_relation"))
    edges = _edges(view)
    if not edges and not view.fields.get("base_model"):
        return ask.not_applicable
    stated = (Stated.FIELD, Stated.TAG, Stated.HUB)
    for edge in edges:
        for statement in edge.statements:
            if statement.relation is not Relation.UNKNOWN and statement.stated in stated:
                return view.yes(ask, f"{statement.relation.value}, by {statement.stated.value}")
    kind = view.facts.kind.value
    fix = f"add `base_model_relation: {kind}` to the front matter" if kind != "base" else ""
    return view.no(ask, "the relation to the base model is not stated", spans=view.key_span("base_model"), fix=fix)


def license_fits(view: View, ask: Question) -> Finding:
    """The worst verdict of the lineage; needs-review earns half, unknown is unknown."""
    verdicts = view.facts.licenses
    if not verdicts:
        return ask.unknown if view.facts.lineage is None and view.fields.get("base_model") else ask.not_applicable
    worst = min(verdicts, key=lambda verdict: (_RANK[verdict.outcome], _SEVERITY[verdict.severity]))
    if worst.outcome is LicenseOutcome.COMPATIBLE:
        return ask.yes if view.brief else view.yes(ask, clean(worst.message, 200), value=worst.reason)
    if worst.outcome is LicenseOutcome.UNKNOWN:
        if view.brief:
            return ask.unknown
        return Finding(ask.id, Outcome.UNKNOWN, clean(worst.message, 200), worst.reason, severity=Severity.INFO)
    incompatible = worst.outcome is LicenseOutcome.INCOMPATIBLE
    return Finding(
        ask.id,
        Outcome.NO,
        "" if view.brief else clean(worst.message, 300) or worst.reason,
        worst.reason,
        LicenseOutcome.COMPATIBLE.value,
        view.key_span("license"),
        "" if view.brief else _license_mend(view, worst, incompatible=incompatible, default=ask.fix),
        worst.severity,
        0.0 if incompatible else _REVIEW_CREDIT,
    )


def _license_mend(view: View, verdict: LicenseVerdict, *, incompatible: bool, default: str) -> str:
    above = next((side.raw.license for side in verdict.evidence if side.role != "child" and side.raw.license), ())
    owner = clean(verdict.ancestor, 80)
    if incompatible and above and above[0] != "other":
        whose = f" (that of {owner})" if owner else ""
        return f"change to `license: {clean(above[0], 60)}`{whose}, or to one its terms allow"
    if not incompatible:
        return f"read the terms of {owner or 'the base model'} and say in the card how they are met ({verdict.reason})"
    return default


def license_duties(view: View, ask: Question) -> Finding:
    """Advisories of the verdicts: names and notices to be shown; not asked without a known parent."""
    verdicts = view.facts.licenses
    if not verdicts:
        return ask.not_applicable
    owed = [advisory for verdict in verdicts for advisory in verdict.advisories if advisory.code in ask.codes]
    if owed:
        code = owed[0].code
        message = "" if view.brief else clean(owed[0].message, 200)
        return view.no(ask, message, value=code, spans=owed[0].spans, fix=ask.mends.get(code, ""))
    if all(verdict.outcome is LicenseOutcome.UNKNOWN for verdict in verdicts):
        return ask.unknown
    return ask.yes


def keeps_warnings(view: View, ask: Question) -> Finding:
    """Share of the parents' warnings that stands in the child; unknown when no parent could be compared."""
    kinships = view.facts.kinship
    if not kinships:
        return ask.unknown if _edges(view) else ask.not_applicable
    dropped = [text for kinship in kinships for text in kinship.dropped if text.label != "license"]
    if not dropped:
        return ask.yes
    lost = max(text.share for text in dropped)
    worst = max(dropped, key=lambda text: text.share)
    parents = [kinship.parent.lower() for kinship in kinships if kinship.parent and kinship.dropped]
    pointer = _points_to(view, ask.marks, parents)
    if pointer is not None:
        return view.yes(ask, "the card points to the parent's warnings", spans=(pointer,))
    if view.brief:
        return view.graded(ask, 1.0 - lost)
    kinship = next(kinship for kinship in kinships if worst in kinship.dropped)
    where = f"lines {worst.parent.first}–{worst.parent.last} of {clean(kinship.parent or 'the parent', 80)}"
    label = worst.label.replace("_", " ")
    return view.graded(
        ask,
        1.0 - lost,
        f"{round(lost * 100)} % of the parent's text on {label} is gone",
        fix=f"carry over {where}, or link to them in one sentence",
    )


def _points_to(view: View, marks: tuple[str, ...], parents: list[str]) -> Span | None:
    """The line that sends the reader to the warnings of every parent, if there is one."""
    if not parents or not view.card.body:
        return None
    for number, line in enumerate(view.card.lines[view.card.body.first - 1 :], view.card.body.first):
        lower = line.lower()
        if any(mark in lower for mark in marks) and all(parent in lower for parent in parents):
            return Span(number, number)
    return None


def says_inherited(view: View, ask: Question) -> Finding:
    """Asked when a good part of the text stands in the parent: its id or a heading must say whose it is."""
    if not view.facts.kinship:
        return ask.not_applicable
    kinship = max(view.facts.kinship, key=lambda entry: entry.inherited_share)
    if kinship.inherited_share < ask.threshold:
        return ask.not_applicable
    first = kinship.inherited[0].first if kinship.inherited else 1
    body = view.card.body.first if view.card.body else 1
    text = "\n".join(view.card.lines[body - 1 :]).lower()
    if any(mark in text for mark in ask.marks):
        return view.yes(ask, "a heading or sentence says so", value=round(kinship.inherited_share, 4))
    # A link to the parent above the copied text says whose it is; the copy itself may name the parent on every line.
    before = "\n".join(view.card.lines[body - 1 : max(first - 1, body - 1)]).lower()
    if kinship.parent and kinship.parent.lower() in before:
        return view.yes(ask, "the parent is named above the text", value=round(kinship.inherited_share, 4))
    return view.no(
        ask,
        f"{round(kinship.inherited_share * 100)} % of the words are the parent's and nothing says so",
        value=round(kinship.inherited_share, 4),
        spans=_longest(kinship.inherited),
    )


def describes_itself(view: View, ask: Question) -> Finding:
    """No when nearly all words stand in the parent's card too."""
    if not view.facts.kinship:
        return ask.unknown if _edges(view) else ask.not_applicable
    if not view.words:
        return ask.not_applicable
    kinship = max(view.facts.kinship, key=lambda entry: entry.inherited_share)
    share = kinship.inherited_share
    if share < ask.threshold:
        return view.yes(ask, f"{round((1 - share) * 100)} % of the words are its own", value=round(share, 4))
    return view.no(
        ask,
        f"{round(share * 100)} % of the words stand in the parent's card",
        value=round(share, 4),
        spans=_longest(kinship.inherited),
    )


def _longest(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(sorted(sorted(spans, key=lambda span: span.first - span.last)[:3]))


CHECKS = {
    "has-base-model": has_base_model,
    "base-model-resolves": base_model_resolves,
    "says-relation": says_relation,
    "license-fits": license_fits,
    "license-duties": license_duties,
    "keeps-warnings": keeps_warnings,
    "says-inherited": says_inherited,
    "describes-itself": describes_itself,
}
