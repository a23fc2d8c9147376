"""The statistics against slow, plain versions of themselves, and against cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardscope.corpus import measures
from cardscope.corpus.duplicates import SKETCH, near_duplicates, sketches


def brute_likeness(vectors: np.ndarray, weights: np.ndarray) -> float:
    above = below = 0.0
    for i in range(len(vectors)):
        for j in range(len(vectors)):
            if i != j:
                above += weights[i] * weights[j] * float(vectors[i] @ vectors[j])
                below += weights[i] * weights[j]
    return above / below


@pytest.mark.parametrize("weighted", [False, True])
def test_mean_similarity_is_that_of_all_pairs(weighted: bool) -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(40, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = random.uniform(0.1, 1, 40) if weighted else np.ones(40)
    squares = (vectors**2).sum(axis=1)
    found = measures.likeness(
        np.asarray([*(weights[:, None] * vectors).sum(axis=0), weights.sum()]),
        np.asarray([(weights**2).sum(), (weights**2 * squares).sum()]),
    )
    assert float(found) == pytest.approx(brute_likeness(vectors, weights), abs=1e-12)


def test_one_card_has_no_pair() -> None:
    found = measures.likeness(np.asarray([1.0, 0.0, 1.0]), np.asarray([1.0, 1.0]))
    assert np.isnan(found)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=50))
def test_quantiles_with_equal_weights_are_numpy_s(values: list[float]) -> None:
    array = np.sort(np.asarray(values))
    found = measures.quantiles(array, np.ones(len(array)), (0.1, 0.5, 0.9))
    expected = np.quantile(array, [0.1, 0.5, 0.9], method="inverted_cdf")
    assert found == pytest.approx(list(expected))


def test_quantiles_follow_the_weights() -> None:
    assert measures.quantiles(np.asarray([1.0, 2.0]), np.asarray([1.0, 9.0]), (0.5,)) == [2.0]
    assert np.isnan(measures.quantiles(np.zeros(0), np.zeros(0), (0.5,))[0])


def test_intervals_cover_as_often_as_they_say() -> None:
    """Of many made samples of owners, about 95 % of the intervals of a mean hold the true mean."""
    random = np.random.default_rng(7)
    weights = measures.draws()
    above = np.zeros((300, measures.BUCKETS))
    below = np.zeros_like(above)
    for sample in range(300):
        bucket = random.integers(0, measures.BUCKETS, 400)
        cards = random.zipf(2.0, 400).clip(max=50)
        level = random.normal(10, 3, 400)  # owners differ; the cards of one owner are alike
        np.add.at(above[sample], bucket, cards * level)
        np.add.at(below[sample], bucket, cards)
    _, low, high = measures.ratios(above[None], below[None], weights)
    covered = float(((low <= 10) & (high >= 10)).mean())
    assert 0.88 <= covered <= 0.99


def test_one_owner_gives_no_interval() -> None:
    above = np.zeros((1, measures.BUCKETS))
    below = np.zeros_like(above)
    above[0, 3], below[0, 3] = 50.0, 10.0
    value, low, high = measures.ratios(above[None], below[None], measures.draws())
    assert value[0, 0] == 5.0
    assert np.isnan(low[0, 0])
    assert np.isnan(high[0, 0])


def test_measures_with_one_yardstick_are_those_with_their_own() -> None:
    random = np.random.default_rng(3)
    above = random.uniform(0, 9, (4, 5, measures.BUCKETS))
    below = random.uniform(1, 2, (1, 5, measures.BUCKETS))
    weights = measures.draws()
    together = measures.ratios(above, below, weights)
    apart = [measures.ratios(own[None], below, weights) for own in above]
    for place, told in enumerate(together):
        assert told == pytest.approx(np.concatenate([entry[place] for entry in apart]))


def cards_sharing(share: float, count: int, seed: int) -> tuple[list[list[int]], np.ndarray]:
    """Pairs of cards whose sets of lines have the Jaccard similarity ``share``; each of its own model."""
    random = np.random.default_rng(seed)
    lines: list[list[int]] = []
    for _ in range(count):
        common = round(2 * 100 * share / (1 + share))
        base = random.integers(0, 2**63, 200 - common).tolist()
        own = (len(base) - common) // 2
        lines += [base[: common + own], base[:common] + base[common + own :]]
    return lines, np.arange(2 * count)


@pytest.mark.parametrize(
    ("share", "least", "most"), [(1.0, 1.0, 1.0), (0.9, 0.95, 1.0), (0.5, 0.0, 0.12), (0.1, 0.0, 0.0)]
)
def test_near_duplicates_are_found_by_their_likeness(share: float, least: float, most: float) -> None:
    lines, models = cards_sharing(share, 300, 5)
    found = float(near_duplicates(sketches(lines), models).mean())
    assert least <= found <= most


def test_revisions_of_one_model_are_no_duplicates_and_empty_cards_nobody_s_twin() -> None:
    sketch = sketches([[1, 2, 3], [1, 2, 3], [], []])
    assert sketch.shape == (4, SKETCH)
    assert not near_duplicates(sketch, np.asarray([0, 0, 1, 2])).any()
    assert near_duplicates(sketch, np.asarray([0, 1, 2, 3])).tolist() == [True, True, False, False]


@settings(max_examples=20)
@given(st.integers(2, 40))
def test_a_family_of_copies_is_found_whole(size: int) -> None:
    lines = [list(range(50)) for _ in range(size)]
    assert near_duplicates(sketches(lines), np.arange(size)).all()
