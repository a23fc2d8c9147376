"""Kinship over real cards, odd ones included: nothing raises, and what it says can be found on the page."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cardscope import parse_card
from cardscope.embedders.static import StaticEmbedder
from cardscope.similarity import SAFETY_LABELS, measure_kinship
from cardscope.types import Card, Change, Kinship

SEED = 11


def specimens(shared: Path) -> Iterator[Card]:
    for path in sorted((shared / "cards" / "specimens").iterdir()):
        if path.suffix != ".jsonl" and path.is_file():
            yield parse_card(path.read_bytes())


def real(shared: Path, count: int) -> list[Card]:
    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    rows = random.Random(SEED).sample(range(table.num_rows), count)
    return [parse_card(row["card"], model_id=row["model_id"]) for row in table.take(rows).to_pylist()]


def check(result: Kinship, child: Card, parent: Card) -> None:
    assert 0.0 <= result.inherited_share <= 1.0
    assert all(-1.001 <= value <= 1.001 for value in result.similarity.values())
    assert all(1 <= span.first <= span.last <= len(child.lines) for span in result.inherited)
    for row in result.sections:
        assert (row.child is None) is (row.change is Change.DROPPED)
        assert (row.parent is None) is (row.change is Change.ADDED)
        assert (row.similarity is None) is (row.change in (Change.ADDED, Change.DROPPED))
    for side in ("child", "parent"):
        spans = [getattr(row, side) for row in result.sections if getattr(row, side)]
        assert len(spans) == len(set(spans))
    for text in result.dropped:
        assert text.label in SAFETY_LABELS
        assert 0.0 < text.share <= 1.0
        assert text.parent.last <= len(parent.lines)
        assert all(sentence.isprintable() for sentence in text.sentences)


@pytest.mark.shared
def test_random_pairs(shared):
    cards = real(shared, 120)
    embedder = StaticEmbedder()
    for child, parent in zip(cards[::2], cards[1::2], strict=True):
        check(measure_kinship(child, parent, embedder), child, parent)


@pytest.mark.shared
def test_a_real_card_is_its_own_twin(shared):
    embedder = StaticEmbedder()
    for card in real(shared, 40):
        result = measure_kinship(card, card, embedder)
        check(result, card, card)
        assert {row.change for row in result.sections} <= {Change.KEPT}
        assert result.dropped == ()
        assert all(value == pytest.approx(1.0, abs=1e-3) for value in result.similarity.values())


@pytest.mark.shared
def test_specimens_against_each_other(shared):
    cards = list(specimens(shared))
    embedder = StaticEmbedder()
    for child, parent in zip(cards, [*cards[1:], cards[0]], strict=True):
        check(measure_kinship(child, parent, embedder), child, parent)
