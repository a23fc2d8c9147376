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
DRAWS: Final = 400
_LEVEL: Final = (2.5, 97.5)
_SEED: Final = 20250809


def draws(buckets: int = BUCKETS, count: int = DRAWS) -> Floats:
    """Weights of a Poisson bootstrap, shape ``(count, buckets)``: how often a draw holds each bucket.

    Poisson(1) weights stand for drawing with replacement (Hanley and MacGibbon 2006) and let every slice share them.
    """
    import numpy as np

    return np.random.default_rng(_SEED).poisson(1.0, (count, buckets)).astype(np.float64)


def interval(values: Floats) -> tuple[float, float] | None:
    """The middle 95 % of a statistic's draws; ``None`` when there are too few to tell."""
    import numpy as np

    usable = values[np.isfinite(values)]
    if len(usable) < DRAWS // 2:
        return None
    low, high = np.percentile(usable, _LEVEL)
    return float(low), float(high)


def ratio(numerator: Floats, denominator: Floats, weights: Floats) -> tuple[float, tuple[float, float] | None]:
    """A mean as sums over buckets, and its interval.

    Args:
        numerator: Sum of the measure in each bucket, shape ``(buckets,)``.
        denominator: Cards (or owners) in each bucket.
        weights: As from `draws`.

    Returns:
        The mean, ``nan`` for an empty slice; no interval from fewer than two buckets.
    """
    import numpy as np

    total = denominator.sum()
    if total == 0:
        return float("nan"), None
    value = float(numerator.sum() / total)
    if np.count_nonzero(denominator) < 2:
        return value, None
    with np.errstate(invalid="ignore", divide="ignore"):
        return value, interval((weights @ numerator) / (weights @ denominator))


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
