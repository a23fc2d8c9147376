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
    """Means of many slices, each a ratio of sums over buckets, with their intervals.

    Args:
        numerator: Sum of the measure in each bucket, shape ``(slices, buckets)``.
        denominator: Cards (or owners) in each bucket, same shape.
        weights: As from `draws`; ``None`` leaves intervals out.

    Returns:
        Value, low and high of each slice; ``nan`` for an empty slice, and no interval from fewer than two buckets.
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        value = numerator.sum(axis=1) / denominator.sum(axis=1)
        if weights is None:
            unknown = np.full(len(value), np.nan)
            return value, unknown, unknown
        # Single precision: an interval is known to two digits, and the product is most of the reduction's time.
        light = weights.astype(np.float32)
        above, below = (light @ sums.T.astype(np.float32) for sums in (numerator, denominator))
        low, high = intervals((above / below).astype(np.float64))
    alone = np.count_nonzero(denominator, axis=1) < 2
    low[alone] = high[alone] = np.nan
    return value, low, high


def hill(counts: Floats, order: float) -> float:
    """Hill number: the number of equally common templates that would be as diverse as these (Hill 1973).

    Order 0 counts templates, 1 weighs them by their share (exponential of Shannon entropy), 2 by its square, so that
    only the common ones matter. Counts may be fractional.
    """
    import numpy as np

    shares = counts[counts > 0] / counts.sum() if counts.sum() > 0 else counts[:0]
    if len(shares) == 0:
        return float("nan")
    if order == 0:
        return float(len(shares))
    if order == 1:
        return float(np.exp(-(shares * np.log(shares)).sum()))
    return float((shares**order).sum() ** (1.0 / (1.0 - order)))


def entropy(counts: Floats) -> float:
    """Shannon entropy in bits of a distribution given as counts."""
    import numpy as np

    return float(np.log2(hill(counts, 1))) if counts.sum() > 0 else float("nan")


def likeness(vector_sum: Floats, weight_sum: Floats, square_sum: Floats) -> Floats:
    """Mean cosine of all pairs of different cards, exactly and in linear time.

    For vectors v of length 1 (or 0) with weights w: the squared length of Σwv is the sum over all pairs, from which the
    pairs of a card with itself, Σw²|v|², are taken away.

    Args:
        vector_sum: Σwv, shape ``(..., dimensions)``.
        weight_sum: Shape ``(..., 2)``: Σw and Σw² of the cards that have a vector.
        square_sum: Σw²|v|², shape ``(...,)``.
    """
    import numpy as np

    pairs = weight_sum[..., 0] ** 2 - weight_sum[..., 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        result = ((vector_sum**2).sum(axis=-1) - square_sum) / pairs
    return np.where(pairs > 1e-9, result, np.nan)


def quantiles(values: Floats, weights: Floats, points: tuple[float, ...]) -> list[float]:
    """Weighted quantiles (the inverse of the weighted distribution function); ``nan`` for an empty slice."""
    import numpy as np

    usable = np.isfinite(values)
    values, weights = values[usable], weights[usable]
    if len(values) == 0:
        return [float("nan")] * len(points)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, np.asarray(points) * reached[-1] - 1e-9)
    return [float(values[order[min(place, len(order) - 1)]]) for place in places]
