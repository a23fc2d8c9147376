"""The statistics of a slice, as pure functions on arrays: means, quantiles, diversity, likeness, intervals.

All intervals are bootstrapped over owners, because a few owners upload thousands of cards and cards of one owner are
not independent. Owners are dealt into `BUCKETS` by a hash of their name; every measure is a function of sums over the
cards of a bucket, so that resampling two million cards costs no more than resampling two hundred rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Groups that owners are dealt into; an interval from 200 groups is as wide as one from owners to within 5 %.
BUCKETS: Final = 200
DRAWS: Final = 300
_LEVEL: Final = (2.5, 97.5)
_SEED: Final = 20250809


def draws(buckets: int = BUCKETS, count: int = DRAWS) -> Floats:
    """Weights of a Poisson bootstrap, shape ``(count, buckets)``: how often a draw holds each bucket.

    Poisson(1) weights stand for drawing with replacement (Hanley and MacGibbon 2006) and let every slice share them.
    """
    import numpy as np

    return np.random.default_rng(_SEED).poisson(1.0, (count, buckets)).astype(np.float64)


def intervals(values: Floats) -> tuple[Floats, Floats]:
    """The middle 95 % of statistics over their draws, shape ``(draws, slices)``.

    A draw that holds none of a slice's owners says nothing (``nan``); with fewer than half the draws there is no
    interval.
    """
    import numpy as np

    ordered = np.sort(values, axis=0)  # what is not a number comes last
    usable = np.isfinite(values).sum(axis=0)
    ends = []
    for level in _LEVEL:
        place = level / 100 * np.maximum(usable - 1, 0)
        below = np.floor(place).astype(np.int64)
        left = np.take_along_axis(ordered, below[None], axis=0)[0]
        right = np.take_along_axis(ordered, np.minimum(below + 1, np.maximum(usable - 1, 0))[None], axis=0)[0]
        end = left + (right - left) * (place - below)
        ends.append(np.where(usable >= max(2, len(values) // 2), end, np.nan))
    return ends[0], ends[1]


def ratios(numerator: Floats, denominator: Floats, weights: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Means of many measures in many slices, each a ratio of sums over buckets, with their intervals.

    Args:
        numerator: Sum of each measure in each bucket, shape ``(measures, slices, buckets)``.
        denominator: Cards (or owners) in each bucket, same shape, or ``(1, slices, buckets)`` when all share it.
        weights: As from `draws`; ``None`` leaves intervals out.

    Returns:
        Value, low and high, each of shape ``(measures, slices)``; ``nan`` for an empty slice, and no interval from
        fewer than two buckets.
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        value = numerator.sum(axis=-1) / denominator.sum(axis=-1)
        low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
        if weights is None:
            return value, low, high
        filled = np.count_nonzero(denominator, axis=-1) >= 2  # one bucket of owners tells nothing of others
        # Single precision: an interval is known to two digits.
        light = weights.T.astype(np.float32)
        below = [own[told].astype(np.float32) @ light for own, told in zip(denominator, filled, strict=True)]
        for at, own in enumerate(numerator):
            shared = at if len(denominator) > 1 else 0
            told = filled[shared]
            drawn = (own[told].astype(np.float32) @ light) / below[shared]
            low[at, told], high[at, told] = intervals(drawn.T.astype(np.float64))
    return value, low, high


def likeness(sums: Floats, squares: Floats) -> Floats:
    """Mean cosine of all pairs of different cards, exactly and in linear time.

    For vectors v of length 1 (or 0) with weights w: the squared length of Σwv is the sum over all pairs, from which the
    pairs of a card with itself, Σw²|v|², are taken away.

    Args:
        sums: Σwv and, last, Σw of the cards that have a vector, shape ``(..., dimensions + 1)``.
        squares: Σw² and Σw²|v|² of the same cards, shape ``(..., 2)``.
    """
    import numpy as np

    pairs = sums[..., -1] ** 2 - squares[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        result = ((sums[..., :-1] ** 2).sum(axis=-1) - squares[..., 1]) / pairs
    return np.where(pairs > 1e-9, result, np.nan)


def likeness_bounds(sums: Floats, squares: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Interval of `likeness` for many slices, from sums by bucket, shape ``(slices, buckets, ...)``."""
    import numpy as np

    # A card that a draw holds d times weighs d, and its pair with itself d².
    drawn = [likeness(weights @ own, weights**2 @ square) for own, square in zip(sums, squares, strict=True)]
    low, high = intervals(np.stack(drawn, axis=1))
    alone = np.count_nonzero(sums[..., -1], axis=1) < 2  # one bucket of owners tells nothing of others
    low[alone] = high[alone] = np.nan
    return low, high


def quantiles(values: npt.NDArray[np.floating], weights: Floats, points: tuple[float, ...]) -> list[float]:
    """Weighted quantiles (the inverse of the weighted distribution function) of values in ascending order.

    >>> import numpy as np
    >>> quantiles(np.array([1.0, 2.0]), np.array([1.0, 9.0]), (0.05, 0.5))
    [1.0, 2.0]
    """
    import numpy as np

    if len(values) == 0:
        return [float("nan")] * len(points)
    reached = np.cumsum(weights)
    places = np.searchsorted(reached, np.asarray(points) * reached[-1] - 1e-9)
    return [float(values[min(place, len(values) - 1)]) for place in places]
