"""How diverse the things are that occur in the cards of a slice (templates, headings), with intervals over owners.

Every statistic here is a function of the number of occurrences N and of a sum over kinds, Σφ(c) of the counts c:

    Hill number of order 0    Σ1                      kinds that occur at all
    order 1                   N · exp(−Σ c·log c / N) exponential of Shannon entropy
    order 2                   N² / Σc²                what two drawn at random tell

(Hill 1973). So one sort of the occurrences is enough, and leaving a group of owners out for an interval changes only
the terms of the kinds which that group holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cardscope.corpus.slices import Slices, by_slice, totals

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Groups of owners that a jackknife leaves out one at a time.
JACKKNIFE: Final = 50
#: Counts below this are what is left of a kind when rounding is taken away; no weight of an owner is that small.
_NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Occurrences:
    """What occurs in which card, in the order of kinds.

    Attributes:
        kind: A number for each kind, ascending, shape ``(m,)``.
        card: The card it occurs in, shape ``(m,)``.
    """

    kind: npt.NDArray[np.int32]
    card: npt.NDArray[np.int32]


def occurrences(hashes: npt.NDArray[np.unsignedinteger], card: npt.NDArray[np.int32]) -> Occurrences:
    """Occurrences of things that are told apart by a hash."""
    import numpy as np

    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    new = np.concatenate(([False], ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, bool)
    return Occurrences(np.cumsum(new, dtype=np.int32), card[order])


class Diversity:
    """Counts of the kinds in each slice of a dimension, for both ways to weigh a card.

    Args:
        sound: Cards that count at all, shape ``(n,)``.
        group: Group of owners below `JACKKNIFE` that each card falls into; ``None`` leaves intervals out.
    """

    def __init__(self, found: Occurrences, slices: Slices, sound: Floats, group: Ints | None) -> None:
        import numpy as np

        self.size = len(slices.cards)
        self.slices = slices
        self.sound = sound
        place, _ = by_slice(slices.of_card[found.card], self.size)
        kind, self.card = found.kind[place], found.card[place]
        slice_of = slices.of_card[self.card]
        new = np.ones(len(kind), bool)
        new[1:] = (kind[1:] != kind[:-1]) | (slice_of[1:] != slice_of[:-1])
        self.starts = np.flatnonzero(new)
        self.slice_of = slice_of[self.starts]
        self.told = group is not None
        if group is not None:
            # Occurrences of one kind in one slice, put in the order of the groups that hold them.
            run = np.cumsum(new, dtype=np.int64) - 1
            key = run * JACKKNIFE + group[self.card]
            self.regroup = np.argsort(key, kind="stable")
            key = key[self.regroup]
            self.held = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else self.starts
            self.run_of, self.group_of = key[self.held] // JACKKNIFE, key[self.held] % JACKKNIFE

    def hill(self, weight: str, orders: tuple[int, ...] = (0, 1, 2)) -> list[tuple[Floats, Floats, Floats]]:
        """Hill numbers of every slice, each as value, low and high; ``nan`` where a slice holds nothing.

        The interval is a jackknife over groups of owners (Efron 1982): diversity falls when kinds are left out, as
        every bootstrap draw leaves some out, so its percentiles need not even hold the value. Leaving out one group of
        `JACKKNIFE` at a time keeps that bias small and the interval around the value.
        """
        return self._statistics(weight, [_HILL[order] for order in orders])

    def entropy(self, weight: str) -> tuple[Floats, Floats, Floats]:
        """Shannon entropy in bits of every slice, as value, low and high."""
        return self._statistics(weight, [(_HILL[1][0], _bits)])[0]

    def _statistics(self, weight: str, wanted: list[tuple[_Term, _Statistic]]) -> list[tuple[Floats, Floats, Floats]]:
        import numpy as np

        weights = (self.slices.weights(weight) * self.sound)[self.card]
        counts = np.add.reduceat(weights, self.starts) if len(self.starts) else np.zeros(0)
        total = totals(self.slice_of, counts, self.size)
        unknown = np.full(self.size, np.nan)
        found = []
        for term, statistic in wanted:
            sums = totals(self.slice_of, term(counts), self.size)
            value = np.where(total > _NOTHING, statistic(total, sums), np.nan)
            margin = self._margin(weights, counts, total, sums, term, statistic) if self.told else unknown
            found.append((value, np.maximum(0.0, value - margin), value + margin))
        return found

    def _margin(
        self, weights: Floats, counts: Floats, total: Floats, sums: Floats, term: _Term, statistic: _Statistic
    ) -> Floats:
        """Half the width of each slice's interval; ``nan`` where fewer than two groups of owners have cards."""
        import numpy as np

        if not len(self.starts):
            return np.full(self.size, np.nan)
        held = np.add.reduceat(weights[self.regroup], self.held)
        whole = counts[self.run_of]
        cell = self.slice_of[self.run_of].astype(np.int64) * JACKKNIFE + self.group_of
        shape = (self.size, JACKKNIFE)
        lost = totals(cell, term(whole) - term(whole - held), self.size * JACKKNIFE).reshape(shape)
        gone = totals(cell, held, self.size * JACKKNIFE).reshape(shape)
        without = statistic(total[:, None] - gone, sums[:, None] - lost)
        there = gone > _NOTHING
        groups = there.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(there, without, 0.0).sum(axis=1) / groups
            spread = (groups - 1) / groups * np.where(there, (without - mean[:, None]) ** 2, 0.0).sum(axis=1)
        return np.where(groups >= 2, 1.96 * spread**0.5, np.nan)


#: φ of the counts, and the statistic of N and Σφ.
_Term = Callable[["Floats"], "Floats"]
_Statistic = Callable[["Floats", "Floats"], "Floats"]


def _occurs(counts: Floats) -> Floats:
    return (counts > _NOTHING).astype(float)


def _c_log_c(counts: Floats) -> Floats:
    import numpy as np

    kept = np.where(counts > _NOTHING, counts, 1.0)
    result: Floats = kept * np.log(kept)
    return result


def _hill_1(total: Floats, sums: Floats) -> Floats:
    import numpy as np

    kept = np.where(total > _NOTHING, total, 1.0)
    result: Floats = np.where(total > _NOTHING, kept * np.exp(-sums / kept), 0.0)
    return result


def _bits(total: Floats, sums: Floats) -> Floats:
    import numpy as np

    kept = np.where(total > _NOTHING, total, 1.0)
    result: Floats = np.where(total > _NOTHING, np.log2(kept) - sums / kept / np.log(2), 0.0)
    return result


def _hill_2(total: Floats, sums: Floats) -> Floats:
    import numpy as np

    return np.where(sums > _NOTHING**2, total**2 / np.where(sums > 0, sums, 1.0), 0.0)


_HILL: Final[dict[int, tuple[_Term, _Statistic]]] = {
    0: (_occurs, lambda total, sums: sums),
    1: (_c_log_c, _hill_1),
    2: (lambda counts: counts**2, _hill_2),
}
