"""Which items of one sequence belong to which of another, when both may have been cut, moved and rewritten."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence


def align_equal(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of equal items, each item at most once; the first on the left with the first on the right.

    Items that are ``None`` or empty equal nothing.

    >>> align_equal(["a", "b", "b"], ["b", "c", "a"])
    [(0, 2), (1, 0)]
    """
    waiting: dict[Hashable, list[int]] = {}
    for index in range(len(right) - 1, -1, -1):
        if right[index]:
            waiting.setdefault(right[index], []).append(index)
    pairs = []
    for index, item in enumerate(left):
        if item and (places := waiting.get(item)):
            pairs.append((index, places.pop()))
    return pairs


def align_scored(
    scores: Mapping[tuple[int, int], float],
    threshold: float,
    left: int,
    right: int,
    *,
    order: float = 0.05,
) -> list[tuple[int, int]]:
    """Pairs by descending score, each index at most once: the surest pairs first, the rest makes do.

    Greedy and not optimal on purpose: an optimal assignment gives up a sure pair to save two doubtful ones, and a
    reader who compares two cards does not.

    Args:
        scores: Of the pairs worth considering; a pair that is not in it is never made.
        threshold: Least score of a pair.
        left: Length of the left sequence.
        right: Length of the right sequence.
        order: What is taken off the score of a pair at opposite ends of the two cards when two pairs compete; cards
            are edited in place more often than they are shuffled. It never decides whether a pair is good enough.

    Returns:
        Pairs of indices, sorted.

    >>> align_scored({(0, 0): 0.7, (0, 1): 0.9, (1, 0): 0.8, (1, 1): 0.6}, 0.5, 2, 2)
    [(0, 1), (1, 0)]
    """

    def rank(pair: tuple[int, int]) -> tuple[float, tuple[int, int]]:
        distance = abs(pair[0] / max(1, left - 1) - pair[1] / max(1, right - 1))
        return (order * distance - scores[pair], pair)

    pairs: list[tuple[int, int]] = []
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    for pair in sorted((pair for pair, score in scores.items() if score >= threshold), key=rank):
        if pair[0] not in taken_left and pair[1] not in taken_right:
            pairs.append(pair)
            taken_left.add(pair[0])
            taken_right.add(pair[1])
    return sorted(pairs)
