"""The yardstick itself: every label has a class, and the measures do what they say on invented rows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from cardscope import tables

_spec = importlib.util.spec_from_file_location("section_labels", Path(__file__).with_name("section_labels.py"))
evaluation = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = evaluation
_spec.loader.exec_module(evaluation)


def _row(truth, guess):
    return evaluation.Row("ferry/brook", truth, guess, frozenset({guess}), "", "")


def test_every_label_belongs_to_one_class_and_every_truth_to_a_known_one():
    assert set(evaluation.CLASS) == set(tables.read_table("sections")) - {"table"}
    assert set(evaluation.TRUTH.values()) <= set(evaluation.CLASS.values())


def test_silence_costs_less_than_a_wrong_label():
    right = [_row("usage", "usage")] * 3
    silent = evaluation.micro([*right, _row("license", "")], "guess")
    wrong = evaluation.micro([*right, _row("license", "usage")], "guess")
    assert (silent, wrong) == (pytest.approx(6 / 7), pytest.approx(6 / 8))
    assert evaluation.micro(right, "guess") == 1.0
    assert evaluation.micro(right, "baseline") == 0.0


def test_macro_weighs_classes_alike_and_leaves_out_rare_ones():
    rows = [_row("usage", "usage")] * 8 + [_row("license", "usage")] * 5 + [_row("contact", "")]
    assert evaluation.macro(rows, "guess") == pytest.approx((2 * 8 / (8 + 13) + 0.0) / 2)


def test_rows_are_aligned_in_order_and_comments_in_code_are_set_apart():
    given = [{"heading": heading} for heading in ("Usage", "load it", "Usage", "gone")]
    card = "---\nlicense: mit\n---\n## Usage\n\n```\n# load it\n```\n\n## License\n\n## Usage\n"
    pairs, apart = evaluation._align(given, card)
    assert {place: section.span.first for place, section in pairs.items()} == {0: 4, 2: 12}
    assert apart == {1}


def test_halves_are_of_the_models_and_both_are_used():
    names = [f"ferry/model-{number}" for number in range(200)]
    assert 60 < sum(map(evaluation.tuned_on, names)) < 140
