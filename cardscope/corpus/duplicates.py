"""Near duplicates among millions of cards, from sketches of their lines: who has a twin that is not the same model.

A sketch is `SKETCH` minhashes of a card's set of lines. Two sets that share the share J of their lines agree in each
minhash with probability J. Cards that agree in one whole band are compared; J = 0.8 is found with probability
1 - (1 - 0.8^4)^8 = 0.985, J = 0.4 with 0.19, and the comparison then drops what is below `ALIKE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

SKETCH: Final = 32
_ROWS: Final = 4
#: Share of agreeing minhashes from which two cards are called near duplicates.
ALIKE: Final = 0.75
_SEED: Final = 4
#: Pairs compared at a time, for memory.
_AT_ONCE: Final = 200_000


def sketches(lines: Sequence[Sequence[int]]) -> npt.NDArray[np.uint32]:
    """Minhashes of each list of line hashes, shape ``(len(lines), SKETCH)``; zeros for an empty list."""
    import numpy as np

    counts = np.fromiter((len(entry) for entry in lines), np.int64, len(lines))
    result = np.zeros((len(lines), SKETCH), np.uint32)
    if not counts.sum():
        return result
    flat = np.fromiter((value for entry in lines for value in entry), np.uint64, int(counts.sum()))
    starts = np.concatenate(([0], np.cumsum(counts[counts > 0])[:-1]))
    generator = np.random.default_rng(_SEED)
    factors = generator.integers(1, 2**63, SKETCH, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    shifts = generator.integers(0, 2**63, SKETCH, dtype=np.uint64)
    for place in range(SKETCH):
        # Multiply-shift: the upper half of a product with an odd number is a fair hash of a fair hash.
        mixed = ((flat ^ shifts[place]) * factors[place]) >> np.uint64(32)
        result[counts > 0, place] = np.minimum.reduceat(mixed, starts).astype(np.uint32)
    return result


def near_duplicates(sketch: npt.NDArray[np.uint32], model: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each card has a near duplicate under another model.

    Args:
        sketch: Shape ``(n, SKETCH)``, as from `sketches`; rows of zeros (cards without lines) are nobody's twin.
        model: A number for each model; revisions of one model are no duplicates of each other.
    """
    import numpy as np

    found = np.zeros(len(sketch), bool)
    rows = np.flatnonzero(sketch.any(axis=1))
    for start in range(0, SKETCH, _ROWS):
        band = _mixed(sketch, rows, start)
        order = np.argsort(band, kind="stable")
        ordered = rows[order]
        same = band[order][1:] == band[order][:-1]
        # Inside a run of equal bands each card is held against its neighbour and against the first of the run: enough
        # for a family of copies, and linear where all pairs would not be.
        first = np.maximum.accumulate(np.where(np.concatenate(([True], ~same)), np.arange(len(ordered)), 0))
        _mark(found, sketch, model, ordered[1:][same], ordered[:-1][same])
        _mark(found, sketch, model, ordered[1:][same], ordered[first[1:]][same])
    return found


def _mixed(sketch: npt.NDArray[np.uint32], rows: npt.NDArray[np.int64], start: int) -> npt.NDArray[np.uint64]:
    """One band of each sketch as one number: sorted ten times as fast, and what falls together is compared anyway."""
    import numpy as np

    mixed = np.zeros(len(rows), np.uint64)
    for place in range(start, start + _ROWS):
        mixed = (mixed ^ sketch[rows, place]) * np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth 1998, 6.4)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _mark(
    found: npt.NDArray[np.bool_],
    sketch: npt.NDArray[np.uint32],
    model: npt.NDArray[np.int64],
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
) -> None:
    for start in range(0, len(left), _AT_ONCE):
        one, other = left[start : start + _AT_ONCE], right[start : start + _AT_ONCE]
        alike = (sketch[one] == sketch[other]).sum(axis=1) >= ALIKE * SKETCH
        alike &= model[one] != model[other]
        found[one[alike]] = True
        found[other[alike]] = True
