"""Every point is explained by findings, and what is not known costs nothing."""

import random
import tomllib
from pathlib import Path

import pytest

from cardscope import tables
from cardscope.errors import InvalidTable
from cardscope.probes import questions, run_probes
from cardscope.scoring import lost, policy, score, score_values, weigh, weights
from cardscope.types import Author, Block, BlockKind, Finding, Outcome, RepositoryKind, Span
from tests.probes.build import facts, section

TABLES = Path(tables.__file__).parent


def rich_facts(kind=RepositoryKind.BASE):
    body = [
        section("Thing", 1, 6, level=1, words=60),
        section("Training Data", 8, 12, labels=["training_data"], words=40),
        section("Results", 14, 20, labels=["results"], blocks=[Block(BlockKind.TABLE, Span(15, 20))]),
    ]
    return facts(
        "accuracy 0.9\n" * 20,
        fields={"license": "mit", "language": "en", "tags": ["a"], "mine": 1},
        sections=body,
        present={"training_data": Span(8, 12), "results": Span(14, 20)},
        placeholder={"limitations": Span(30, 31)},
        authors={Author.AUTHORED: 0.6, Author.TEMPLATE: 0.4},
        kind=kind,
    )


@pytest.mark.parametrize("kind", list(RepositoryKind))
def test_both_scores_follow_from_findings_and_profile_alone(kind):
    findings = run_probes(rich_facts(kind))
    result = score(kind, findings)
    table = tomllib.loads((TABLES / "profiles.toml").read_text(encoding="utf-8"))["weights"]
    rows = tomllib.loads((TABLES / "probes.toml").read_text(encoding="utf-8"))
    for axis, got in (("quality", result.quality), ("standardization", result.standardization)):
        answered = [found for found in findings if found.credit is not None and rows[found.probe]["axis"] == axis]
        earned = sum(table[found.probe][kind.value] * found.credit for found in answered)
        possible = sum(table[found.probe][kind.value] for found in answered)
        assert got.value == pytest.approx(100 * earned / possible, abs=0.005)
        assert sum(part.points for part in got.parts) == pytest.approx(earned, abs=1e-4)
        assert sum(part.possible for part in got.parts) == pytest.approx(possible)
        assert sorted(name for part in got.parts for name in part.findings) == sorted(f.probe for f in answered)
        lacking = sum(lost(kind, found) for found in answered)
        assert earned + lacking == pytest.approx(possible)
    assert result.profile == kind.value
    assert result.policy == policy()


@pytest.mark.parametrize("kind", list(RepositoryKind))
def test_only_a_no_costs_points_and_yes_is_the_whole_credit(kind):
    for finding in run_probes(rich_facts(kind)):
        if finding.outcome is Outcome.YES:
            assert finding.credit == 1.0
        elif finding.outcome is Outcome.NO:
            assert 0.0 <= finding.credit < 1.0 or lost(kind, finding) == 0.0
        else:
            assert finding.credit is None
            assert lost(kind, finding) == 0.0


@pytest.mark.parametrize("kind", list(RepositoryKind))
@pytest.mark.parametrize("make", [rich_facts, lambda kind: facts(kind=kind)])
def test_without_explanation_the_answers_are_the_same(kind, make):
    full = run_probes(make(kind))
    brief = run_probes(make(kind), explain=False)
    assert [(f.probe, f.outcome, f.credit) for f in full] == [(f.probe, f.outcome, f.credit) for f in brief]
    assert score(kind, full) == score(kind, brief)
    assert all(not finding.message and not finding.spans for finding in brief)


def test_unknown_never_lowers_a_score():
    known = [Finding("says-limitations", Outcome.YES, credit=1.0)]
    more = [*known, Finding("says-results", Outcome.UNKNOWN), Finding("has-license", Outcome.ERROR, "broke")]
    assert score(RepositoryKind.BASE, known).quality.value == 100.0
    assert score(RepositoryKind.BASE, more).quality.value == 100.0


def test_nothing_answered_is_no_score_rather_than_zero():
    result = score(RepositoryKind.BASE, [])
    assert result.quality.value is None
    assert result.standardization.value is None
    assert {part.name for part in result.quality.parts} >= {"What it is", "Use and limits", "Form"}


def test_a_question_of_weight_0_earns_nothing_even_if_answered():
    answered = Finding("says-training-data", Outcome.YES, credit=1.0)
    assert weigh(RepositoryKind.QUANTIZED, answered) == 0.0
    assert score(RepositoryKind.QUANTIZED, [answered]).quality.value is None


def test_the_two_axes_do_not_touch():
    template = facts(sections=[section("A", 1, 9)], authors={Author.TEMPLATE: 1.0})
    author = facts(sections=[section("A", 1, 9)], authors={Author.AUTHORED: 1.0})
    one, other = (score(RepositoryKind.BASE, run_probes(entry)) for entry in (template, author))
    assert one.standardization.value > other.standardization.value
    assert one.quality.value < other.quality.value


def test_tables_fit_together():
    rows = tables.read_table("probes")
    assert set(tables.read_table("profiles")["weights"]) == set(rows) - {"table"}
    for kind in RepositoryKind:
        assert kind.value in tables.read_table("profiles")["profiles"]
        assert weights(kind)
    for name, row in rows.items():
        if name == "table":
            continue
        assert row["question"].endswith("?")
        assert row["motivation"].endswith(".")
        if row["axis"] == "quality":
            assert row["fix"], name
        assert set(row) <= {
            "axis", "part", "question", "motivation", "fix", "severity", "threshold", "labels", "codes", "marks",
            "groups", "mends",
        }  # fmt: skip
    assert len(questions()) == len(rows) - 1


def test_a_users_weights_lie_over_ours(tmp_path):
    (tmp_path / "profiles.toml").write_text("[weights.says-limitations]\nbase = 500\n", encoding="utf-8")
    before = score(RepositoryKind.BASE, run_probes(rich_facts())).quality.value
    try:
        tables.use_overlay(tmp_path)
        after = score(RepositoryKind.BASE, run_probes(rich_facts())).quality.value
        assert after < before
        (tmp_path / "profiles.toml").write_text("[weights.says-limitations]\nbase = -1\n", encoding="utf-8")
        tables.use_overlay(tmp_path)
        with pytest.raises(InvalidTable):
            score(RepositoryKind.BASE, [])
    finally:
        tables.use_overlay(None)
    assert score(RepositoryKind.BASE, run_probes(rich_facts())).quality.value == before


def numbers(kind, findings):
    """What `score_values` must give, out of the objects of `score`."""
    result = score(kind, findings)
    return tuple(
        (axis.value, [part.points / part.possible if part.possible else None for part in axis.parts])
        for axis in (result.quality, result.standardization)
    )


@pytest.mark.parametrize("kind", list(RepositoryKind))
def test_values_alone_are_those_of_the_score_to_the_last_bit(kind):
    draw = random.Random(f"{kind.value}")
    names = list(questions())
    unknown = [Finding(name, Outcome.UNKNOWN) for name in names]
    assert score_values(kind, unknown) == numbers(kind, unknown) == numbers(kind, ())
    assert score_values(kind, run_probes(rich_facts(kind))) == numbers(kind, run_probes(rich_facts(kind)))
    for _ in range(300):
        given = [draw.choice((None, 0.0, 1.0, 1.0, draw.random(), 1 / 3)) for _ in names]
        findings = [Finding(name, Outcome.NO, credit=credit) for name, credit in zip(names, given, strict=True)]
        assert score_values(kind, findings) == numbers(kind, findings)
