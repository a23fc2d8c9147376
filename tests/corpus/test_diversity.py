"""Hill numbers and entropy of many slices at once, against plain versions of themselves one slice at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardscope.corpus.diversity import JACKKNIFE, Diversity, occurrences
from cardscope.corpus.slices import Slices, by_slice, cut


def plain_hill(counts: np.ndarray, order: int) -> float:
    shares = counts[counts > 1e-12] / counts.sum()
    if order == 0:
        return float(len(shares))
    if order == 1:
        return float(np.exp(-(shares * np.log(shares)).sum()))
    return float((shares**order).sum() ** (1.0 / (1.0 - order)))


def made(seed: int, cards: int = 400) -> tuple[Slices, np.ndarray, np.ndarray, np.ndarray]:
    """Slices by two groups and three periods; kinds, each in a card; owners with heavy tails."""
    random = np.random.default_rng(seed)
    owner = np.minimum(random.zipf(1.6, cards), 60) - 1
    owner = np.unique(owner, return_inverse=True)[1]
    groups = pa.array(random.choice(["a", "b"], cards).tolist())
    slices = cut("group", groups, random.integers(0, 3, cards), ("p", "q", "r"), owner)
    card = np.sort(random.integers(0, cards, 3 * cards)).astype(np.int32)
    kind = random.zipf(1.5, len(card)).clip(max=10**6).astype(np.uint32)
    return slices, owner, kind, card


@pytest.mark.parametrize("weight", ["card", "owner"])
def test_every_slice_is_as_if_counted_alone(weight: str) -> None:
    slices, _, kind, card = made(1)
    found = Diversity(occurrences(kind, card), slices, np.ones(400), None)
    weights = slices.weights(weight)
    hills = found.hill(weight)
    bits = found.entropy(weight)[0]
    for at in range(len(slices.cards)):
        mine = slices.of_card[card] == at
        counts = np.bincount(np.unique(kind[mine], return_inverse=True)[1], weights[card[mine]])
        for order in (0, 1, 2):
            assert hills[order][0][at] == pytest.approx(plain_hill(counts, order))
            assert np.isnan(hills[order][1][at])
        assert bits[at] == pytest.approx(np.log2(plain_hill(counts, 1)))


@pytest.mark.parametrize("weight", ["card", "owner"])
def test_leaving_a_group_out_is_as_if_it_never_was(weight: str) -> None:
    slices, owner, kind, card = made(2)
    group = owner % JACKKNIFE
    weights = slices.weights(weight)
    found = Diversity(occurrences(kind, card), slices, np.ones(400), group).hill(weight)
    for at in range(len(slices.cards)):
        mine = slices.of_card[card] == at
        kinds = np.unique(kind[mine], return_inverse=True)[1]
        held = group[card[mine]]
        for order in (0, 1, 2):
            without = np.asarray(
                [
                    plain_hill(np.bincount(kinds, weights[card[mine]] * (held != left)), order)
                    for left in np.unique(held)
                ]
            )
            spread = (len(without) - 1) / len(without) * ((without - without.mean()) ** 2).sum()
            value, low, high = (part[at] for part in found[order])
            assert high - value == pytest.approx(1.96 * spread**0.5, rel=1e-6)
            assert low == pytest.approx(max(0.0, value - 1.96 * spread**0.5), rel=1e-6)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_hill_numbers_fall_with_their_order(kinds: list[int]) -> None:
    card = np.arange(len(kinds), dtype=np.int32)
    slices = cut("all", None, np.zeros(len(kinds), np.int64), ("p",), card.astype(np.int64))
    found = Diversity(occurrences(np.asarray(kinds, np.uint32), card), slices, np.ones(len(kinds)), None).hill("card")
    zero, one, two = (float(told[0][0]) for told in found)
    assert zero == len(set(kinds))
    assert zero + 1e-9 >= one >= two - 1e-9
    assert two >= 1 - 1e-9


def test_an_unread_card_counts_for_nothing_and_an_empty_slice_says_nothing() -> None:
    slices = cut("all", None, np.asarray([0, 0, 2]), ("p", "q", "r"), np.asarray([0, 1, 2]))
    found = occurrences(np.asarray([7, 8, 9], np.uint64), np.arange(3, dtype=np.int32))
    value, low, _ = Diversity(found, slices, np.asarray([1.0, 0.0, 0.0]), np.asarray([0, 1, 2])).hill("card")[0]
    assert value[0] == 1
    assert np.isnan(value[1:]).all()
    assert np.isnan(low).all()  # one owner tells nothing of others


@given(st.lists(st.integers(0, 9), max_size=60))
def test_items_come_out_by_slice_in_their_order(of_item: list[int]) -> None:
    array = np.asarray(of_item, np.int32)
    order, edges = by_slice(array, 10)
    for at in range(10):
        assert order[edges[at] : edges[at + 1]].tolist() == [place for place, own in enumerate(of_item) if own == at]
