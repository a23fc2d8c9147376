"""The rules to the letter: own cases from tests/cases/licenses, and the worked cases of the data folder."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

from cardscope.errors import UsageError
from cardscope.licensing import judge_edge
from cardscope.licensing.reasons import reasons
from cardscope.types import LicenseOutcome, Relation

CASES = Path(__file__).parents[1] / "cases" / "licenses"


def own_cases():
    for path in sorted(CASES.glob("*.toml")):
        for group, rows in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for number, row in enumerate(rows):
                yield pytest.param(*row, id=f"{path.stem}: {group}: {number}")


ALL = list(own_cases())


@pytest.mark.parametrize(("parent", "relation", "child", "outcome", "reason"), ALL)
def test_own_cases(parent, relation, child, outcome, reason):
    verdict = judge_edge(parent, relation, child)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.message
    assert verdict.evidence


def test_own_cases_reach_every_reason_of_labels_alone():
    reached = {param.values[4] for param in ALL}
    assert set(reasons()) - reached == {"SAME_OWNER_RELICENSE", "TERMS_IN_TEXT"}
    assert len(ALL) >= 120


def test_worked_cases(shared):
    with (shared / "licenses" / "edges_dev.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrong = []
    for row in rows:
        verdict = judge_edge(row["parent_license"], row["relation"], row["child_license"])
        if (verdict.outcome, verdict.reason) != (row["expected_verdict"], row["reason"]):
            wrong.append((row, verdict.reason))
    assert len(rows) == 186
    assert wrong == []


@pytest.mark.parametrize("relation", ["", "distilled", "finetune>", "finetune>quantized", ">", "fine tune"])
def test_only_a_bad_relation_is_an_error(relation):
    with pytest.raises(UsageError) as caught:
        judge_edge("mit", relation, "mit")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", " ", "|", "||", "\x1b[31m", "é" * 5000, "other:", "[]", "{parent}", "~"])
@pytest.mark.parametrize("relation", list(Relation))
def test_any_label_gets_a_verdict(text, relation):
    for parent, child in ((text, "mit"), ("llama2", text), (text, text)):
        verdict = judge_edge(parent, relation.value, child)
        assert isinstance(verdict.outcome, LicenseOutcome)
        assert "\x1b" not in verdict.message
        assert len(verdict.message) < 1000


def test_every_pair_of_rows_gets_a_reason_of_its_outcome():
    from cardscope.licensing.table import licenses

    known = reasons()
    for parent in licenses():
        for child in ("mit", "cc-by-nc-4.0", "llama2", "gpl-3.0", "cc", "cc0-1.0", "(missing)", "unknown", "other"):
            for relation in Relation:
                verdict = judge_edge(parent, relation, child)
                assert known[verdict.reason].outcome is verdict.outcome
