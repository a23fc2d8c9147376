"""The table of questions, joined to the functions that answer them, put to one card after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from cardscope import tables
from cardscope.errors import InvalidTable
from cardscope.probes import content, form, likeness, metadata, provenance
from cardscope.probes.question import Question, View
from cardscope.types import CardFacts, Finding, Outcome, RepositoryKind, Severity

Check = Callable[[View, Question], Finding]

_CHECKS: Mapping[str, Check] = {
    **content.CHECKS,
    **metadata.CHECKS,
    **provenance.CHECKS,
    **form.CHECKS,
    **likeness.CHECKS,
}

_SAYS = "Does the card say "


def run_probes(facts: CardFacts, *, explain: bool = True) -> tuple[Finding, ...]:
    """One finding for each row of ``tables/probes.toml``, in the order of the table.

    A check that fails is a finding with the outcome ``error`` and never an exception: one odd card must not end a run.

    Args:
        facts: Parts that nobody looked for (``lineage``, ``attribution`` of ``None``) give answers of ``unknown``.
        explain: Without it the findings hold outcome and credit only, which is all a score needs; same outcomes.
    """
    view = View(facts, brief=not explain)
    plan = _plan(facts.kind)
    try:
        return tuple([check(view, question) for check, question in plan])
    except Exception:
        # A bug in one check must not cost the other sixty: they are asked again, one by one.
        return tuple([_ask_safely(check, view, question) for check, question in plan])


def _ask_safely(check: Check, view: View, question: Question) -> Finding:
    try:
        return check(view, question)
    except Exception as error:
        return Finding(question.id, Outcome.ERROR, f"the check failed: {type(error).__name__}")


def _not_asked(view: View, question: Question) -> Finding:
    return question.not_applicable


@cache
def questions() -> Mapping[str, Question]:
    """All questions by id, in the order of the table.

    Raises:
        InvalidTable: A row lacks a cell, or has neither labels nor a function of its id.
    """
    return {name: _question(name, row) for name, row in tables.read_table("probes").items() if name != "table"}


@cache
def _plan(kind: RepositoryKind) -> tuple[tuple[Check, Question], ...]:
    weights = tables.read_table("profiles")["weights"]
    return tuple(
        (_CHECKS.get(name, content.covered) if weights.get(name, {}).get(kind.value) else _not_asked, question)
        for name, question in questions().items()
    )


def _question(name: str, row: Mapping[str, Any]) -> Question:
    try:
        labels = tuple(row.get("labels", ()))
        if name not in _CHECKS and not labels:
            raise InvalidTable(f"{name} has neither labels nor a function", subject="probes")
        severity = Severity(row["severity"])
        fix = row.get("fix", "")
        marks = tuple(row.get("marks", ()))
        return Question(
            id=name,
            axis=row["axis"],
            part=row["part"],
            question=row["question"],
            topic=row["question"].removeprefix(_SAYS)[:-1] if row["question"].startswith(_SAYS) else "",
            motivation=row["motivation"],
            fix=fix,
            severity=severity,
            labels=labels,
            order={label: place for place, label in enumerate(labels)},
            codes=(*row.get("codes", ()), *row.get("mends", {})),
            mends=dict(row.get("mends", {})),
            marks=marks,
            known=frozenset(marks),
            groups={key: tuple(words) for key, words in row.get("groups", {}).items()},
            threshold=float(row.get("threshold", 0.0)),
            yes=Finding(name, Outcome.YES, credit=1.0),
            no=Finding(name, Outcome.NO, fix=fix, severity=severity, credit=0.0),
            unknown=Finding(name, Outcome.UNKNOWN),
            not_applicable=Finding(name, Outcome.NOT_APPLICABLE),
            partly={},
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        if isinstance(error, InvalidTable):
            raise
        raise InvalidTable(f"{name} is no question ({error})", subject="probes") from error


for _cached in (questions, _plan):
    tables.on_overlay(_cached.cache_clear)
