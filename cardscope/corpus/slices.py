"""Slices: every card's place among the periods of the groups of a dimension, and how much it weighs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Groups of a dimension that are told apart; the rest is one group, ``other``.
TOP: Final = 12
OTHER: Final = "other"
#: How cards can be weighed: each alike, or each uploader alike whatever they uploaded.
WEIGHTS: Final = ("card", "owner")


@dataclass(frozen=True, slots=True)
class Slices:
    """One dimension cut into slices; slice ``g * len(periods) + p`` is period ``p`` of group ``g``.

    Attributes:
        of_card: Slice of each card, shape ``(n,)``.
        shared: Cards that a card's owner has in its slice, itself among them, shape ``(n,)``.
        cards: Cards of each slice; ``owners`` likewise.
    """

    name: str
    groups: tuple[str, ...]
    periods: tuple[str, ...]
    of_card: npt.NDArray[np.int32]
    shared: npt.NDArray[np.int32]
    cards: Ints
    owners: Ints

    def weights(self, weight: str, rows: slice | npt.NDArray[np.signedinteger] = slice(None)) -> Floats:
        """What each card counts for, by one of `WEIGHTS`."""
        import numpy as np

        shared = self.shared[rows]
        return np.ones(len(shared)) if weight == "card" else 1.0 / shared

    def names(self) -> list[tuple[str, str]]:
        """Group and period of each slice."""
        return [(group, period) for group in self.groups for period in self.periods]


def cut(name: str, column: Any, period: Ints, periods: tuple[str, ...], owner: Ints) -> Slices:  # noqa: ANN401 - Arrow
    """Slices of a dimension.

    Args:
        column: The dimension's value of each card, an Arrow array of strings; ``None`` for one group of all cards.
        period: Place of each card's period in ``periods``.
        owner: A number for each card's owner, from 0.
    """
    import numpy as np

    if column is None:
        groups: tuple[str, ...] = ("all",)
        code = np.zeros(len(period), np.int64)
    else:
        counted = pc.value_counts(column).to_pylist()
        ranked = sorted(counted, key=lambda row: (-row["counts"], str(row["values"])))
        top = [str(row["values"]) for row in ranked[:TOP]]
        groups = (*top, OTHER) if len(ranked) > TOP else tuple(top)
        code = codes(column, groups)
    of_card = code * len(periods) + period
    size = len(groups) * len(periods)
    owners = int(owner.max()) + 1 if len(owner) else 1
    pairs, inverse, counts = np.unique(of_card * owners + owner, return_inverse=True, return_counts=True)
    return Slices(
        name,
        groups,
        periods,
        of_card.astype(np.int32),
        counts[inverse].astype(np.int32),
        np.bincount(of_card, minlength=size),
        np.bincount(pairs // owners, minlength=size),
    )


def codes(column: Any, names: Sequence[str]) -> Ints:  # noqa: ANN401 - an Arrow array
    """Place of each value in ``names``; values that are not there count as the last name."""
    import numpy as np

    found = pc.index_in(column, pa.array(names, pa.string()))
    result: Ints = pc.fill_null(found, len(names) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
    return result


def by_slice(of_item: npt.NDArray[np.int32], size: int) -> tuple[Ints, Ints]:
    """Items in the order of their slices, and where each slice begins and the last one ends.

    Args:
        of_item: Slice of each item; items keep their order within a slice.
        size: Number of slices.
    """
    import numpy as np

    # Sixteen bits are sorted by counting, four times as fast as by comparing; there are seldom more slices than that.
    keys = of_item.astype(np.uint16) if size <= 1 << 16 else of_item
    order = np.argsort(keys, kind="stable")
    edges = np.concatenate(([0], np.cumsum(np.bincount(of_item, minlength=size))))
    return order, edges


def totals(cell: npt.NDArray[np.signedinteger], values: Floats, size: int) -> Floats:
    """Sum of the values in each of ``size`` cells."""
    import numpy as np

    return np.bincount(cell, values, size).astype(np.float64, copy=False)
