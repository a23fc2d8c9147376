"""The gate itself on invented numbers, and every registered evaluation against its floors."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("cardscope_eval_gate", Path(__file__).with_name("gate.py"))
gate = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = gate
_spec.loader.exec_module(gate)


def test_a_worse_value_is_a_regression_and_a_better_one_is_not():
    pinned = {"f1": {"value": 0.9}, "error": {"value": 0.1, "better": "low"}, "gone": {"value": 1.0}}
    good = {"f1": gate.Metric(0.9), "error": gate.Metric(0.05, better="low"), "gone": gate.Metric(1.0)}
    assert gate.regressions(good, pinned) == []
    bad = {"f1": gate.Metric(0.89), "error": gate.Metric(0.11, better="low")}
    assert [line.split(":")[0] for line in gate.regressions(bad, pinned)] == ["f1", "error", "gone"]


def test_tolerance_forgives_no_more_than_it_says():
    pinned = {"auc": {"value": 0.9}}
    assert gate.regressions({"auc": gate.Metric(0.89, tolerance=0.01)}, pinned) == []
    assert gate.regressions({"auc": gate.Metric(0.888, tolerance=0.01)}, pinned)


def test_a_floor_is_lowered_only_when_allowed():
    pinned = {"f1": {"value": 0.9}, "recall": {"value": 0.5}}
    measured = {"f1": gate.Metric(0.8), "recall": gate.Metric(0.6, low=0.5, high=0.7, baseline=0.2)}
    floors, refused = gate.pin(measured, pinned, allow_regression=False)
    assert floors["f1"] == {"value": 0.9}
    assert floors["recall"] == {"value": 0.6, "low": 0.5, "high": 0.7, "baseline": 0.2}
    assert len(refused) == 1
    floors, refused = gate.pin(measured, pinned, allow_regression=True)
    assert floors["f1"] == {"value": 0.8}
    assert refused == []


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        gate.as_metric(float("nan"))
    with pytest.raises(ValueError, match="high or low"):
        gate.as_metric({"value": 1.0, "better": "more"})


def test_the_fingerprint_follows_content_and_absence(tmp_path):
    (tmp_path / "a").write_text("one")
    first = gate.fingerprint(tmp_path, ("a", "b"))
    (tmp_path / "b").write_text("")
    second = gate.fingerprint(tmp_path, ("a", "b"))
    (tmp_path / "a").write_text("two")
    assert len({first, second, gate.fingerprint(tmp_path, ("a", "b"))}) == 3


def test_update_keeps_the_floor_of_the_same_data_and_forgets_that_of_other_data(tmp_path, monkeypatch):
    """Runs a real evaluation module written for the purpose, from pinning to refusal."""
    (tmp_path / "numbers.txt").write_text("0.9")
    (tmp_path / "invented.py").write_text(
        "from pathlib import Path\nDATA = ('data.txt',)\nSOURCE = Path(__file__).with_name('numbers.txt')\n"
        "def evaluate(shared):\n    return {'f1': float(SOURCE.read_text())}\n"
    )
    (tmp_path / "data.txt").write_text("x")
    monkeypatch.setattr(gate, "HERE", tmp_path)
    monkeypatch.setattr(gate, "FLOORS", tmp_path / "floors.json")
    monkeypatch.setattr(gate, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(gate, "EVALUATIONS", {"invented": "invented"})
    assert gate.check("invented", tmp_path) == ["has no floors yet: run with --update"]
    assert gate.update("invented", tmp_path) == []
    assert gate.check("invented", tmp_path) == []
    (tmp_path / "numbers.txt").write_text("0.7")
    assert gate.check("invented", tmp_path)
    assert gate.update("invented", tmp_path)
    assert gate.read_floors()["invented"]["metrics"]["f1"]["value"] == 0.9
    (tmp_path / "data.txt").write_text("y")
    assert "data differ" in gate.check("invented", tmp_path)[0]
    assert gate.update("invented", tmp_path) == []
    assert gate.read_floors()["invented"]["metrics"]["f1"]["value"] == 0.7
    assert gate.update("invented", tmp_path, allow_regression=True) == []


@pytest.mark.parametrize("name", sorted(gate.EVALUATIONS))
def test_floors_hold(name, shared):
    pinned = gate.read_floors().get(name)
    assert pinned is not None, "an evaluation is registered and has no floors: python tests/eval/gate.py --update"
    if pinned["fingerprint"] != gate.fingerprint(shared, gate.load(gate.EVALUATIONS[name]).DATA):
        pytest.skip("the shared data are not those the floors were pinned with")
    assert gate.check(name, shared) == []
