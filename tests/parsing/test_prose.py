"""Marks of other languages in prose, held against lines of real cards that were read and judged by hand."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from cardscope.parsing import parse_card
from cardscope.types import Found

CASES = Path(__file__).parent.parent / "cases" / "sections" / "prose.toml"
TRUTH = {name: row for name, row in tomllib.loads(CASES.read_text(encoding="utf-8")).items() if name != "table"}
#: Fewer hits than this say nothing about how often a language's marks are right.
ENOUGH = 30
LEAST = 0.9


@pytest.mark.parametrize("language", list(TRUTH))
def test_the_counts_are_those_of_the_hits(language):
    row = TRUTH[language]
    assert len(row["hits"]) == row["judged"] <= row["found"]
    assert sum(right for *_, right in row["hits"]) == row["right"]
    if row["judged"] >= ENOUGH:
        assert row["right"] / row["judged"] >= LEAST


@pytest.mark.shared
def test_what_was_judged_right_is_found_and_what_was_judged_wrong_is_the_rest(shared):
    """A mark that is taken away, or no longer reaches its line, must be noticed; so must one that was mended."""
    import pyarrow.parquet as pq

    models = sorted({hit[0] for row in TRUTH.values() for hit in row["hits"]})
    told = pq.read_table(
        shared / "cards" / "cards.parquet", columns=["model_id", "card"], filters=[("model_id", "in", models)]
    )
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for row in told.to_pylist():
        for section in parse_card(row["card"], row["model_id"]).sections:
            for entry in section.evidence:
                if entry.how is Found.PROSE:
                    found[row["model_id"]].add((entry.label, entry.spans[0].first))
    lost = [
        (language, *hit)
        for language, row in TRUTH.items()
        for hit in row["hits"]
        if (hit[1], hit[2]) not in found[hit[0]]
    ]
    assert lost == []
