"""``cardscope score``, second half: rows to a table of measures by period and group, read from the rows alone.

Every measure is a function of sums over cards, kept for each slice (a period of a group) and each bucket of owners. So
one pass over the rows, file by file, is enough; see `cardscope.corpus.gather` for what it keeps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import xxhash

from cardscope.corpus import measures
from cardscope.corpus.columns import dense
from cardscope.corpus.diversity import JACKKNIFE, Diversity, Occurrences, occurrences
from cardscope.corpus.duplicates import near_duplicates
from cardscope.corpus.editions import DIMENSIONS, column, order_of, select
from cardscope.corpus.gather import SPREAD, VECTORS, Gathered
from cardscope.corpus.slices import WEIGHTS, Slices, by_slice, codes, cut, totals
from cardscope.errors import InvalidCorpus
from cardscope.types import Edition, Estimate, Period, Timeline

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
#: Cards whose rows are added up together: a small corpus is spread over as many files as a large one.
_AT_ONCE: Final = 4_000
_LIKENESS: Final = {"vector": "mean similarity", "vector_own": "mean similarity without boilerplate"}


def reduce_rows(
    rows: Sequence[str], *, of: Edition = Edition.CURRENT, by: Period = Period.MONTH, dimensions: Sequence[str] = ()
) -> Timeline:
    """Measures of the rows in these files.

    Args:
        rows: Paths of row files, as `cardscope.corpus.batch.rows_paths` lists them.
        dimensions: Of `DIMENSIONS`; all of them when empty. ``all`` is always among them.

    Raises:
        InvalidCorpus: There are no rows, or a file of rows is damaged.
    """
    import duckdb
    from threadpoolctl import threadpool_limits

    if not rows:
        raise InvalidCorpus("the run has no rows to reduce", hint="is the corpus empty? see: cardscope corpus info")
    connection = duckdb.connect()
    try:
        select(connection, rows, of, by)
        reduction = _Reduction(connection, of, by, dimensions or tuple(DIMENSIONS))
    except duckdb.Error as error:
        raise InvalidCorpus(f"the rows cannot be read ({str(error).splitlines()[0][:200]})") from error
    finally:
        connection.close()
    # The products are small: threads wait for each other longer than they work, and sums would follow their number.
    with threadpool_limits(1):
        return reduction.run()


class _Reduction:
    """One reduction: which cards count and in which slices, then the sums over them, then the estimates."""

    def __init__(self, chosen: duckdb.DuckDBPyConnection, of: Edition, by: Period, dimensions: Sequence[str]) -> None:
        import numpy as np

        self.of, self.by = of, by
        period = column(chosen, "period")
        self.periods = tuple(order_of(period.unique().to_pylist()))
        self.period = codes(period, self.periods)
        owners = column(chosen, "owner_name").dictionary_encode()
        owner = owners.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.owners = len(owners.dictionary)
        dealt = [xxhash.xxh3_64_intdigest(name.encode()) % measures.BUCKETS for name in owners.dictionary.to_pylist()]
        self.bucket = np.asarray(dealt, np.int64)[owner]
        self.model = dense(column(chosen, "model"))
        files = column(chosen, "file").dictionary_encode()
        self.files: list[str] = files.dictionary.to_pylist()
        self.file_of = files.indices.to_numpy(zero_copy_only=False)
        self.place = column(chosen, "place").to_numpy(zero_copy_only=False)
        self.slices = [
            cut(name, None if name == "all" else column(chosen, name), self.period, self.periods, owner)
            for name in dict.fromkeys(("all", *dimensions))
        ]
        self.draws = measures.draws()

    def run(self) -> Timeline:
        self.found = self._gather()
        self.near = near_duplicates(self.found.sketch, self.model) * self.found.sound
        self.found.sketch = self.found.sketch[:0]
        self.ascending = {name: _ascending(values) for name, values in self.found.values.items()}
        self.templates, self.headings = self._occurrences()
        estimates = tuple(estimate for slices in self.slices for estimate in self._estimates(slices))
        undated = int((self.period == self.periods.index("undated")).sum()) if "undated" in self.periods else 0
        return Timeline(
            of=self.of,
            by=self.by,
            periods=self.periods,
            groups={slices.name: slices.groups for slices in self.slices},
            sizes=dict(self._sizes()),
            estimates=estimates,
            mix=self._mix(),
            cards=len(self.period),
            models=int(self.model.max()) + 1 if len(self.model) else 0,
            owners=self.owners,
            undated=undated,
            failed=int((self.found.sound == 0).sum()),
        )

    def _gather(self) -> Gathered:
        import numpy as np

        found = Gathered(len(self.period), self.bucket, self.slices)
        edges = np.flatnonzero(np.diff(self.file_of)) + 1
        waiting: list[tuple[str, Ints]] = []
        start = end = 0
        for place in np.split(np.arange(len(self.file_of)), edges):
            if len(place):  # the cards are in the order of the files, so those of a file are neighbours
                waiting.append((self.files[self.file_of[place[0]]], self.place[place]))
                end += len(place)
                if end - start >= _AT_ONCE:
                    found.add(waiting, start)
                    waiting, start = [], end
        if waiting:
            found.add(waiting, start)
        return found

    def _occurrences(self) -> tuple[Occurrences, Occurrences]:
        import numpy as np

        found = self.found
        templates = occurrences(found.template, np.arange(len(found.template), dtype=np.int32))
        hashes, cards = (np.concatenate(parts) for parts in zip(*found.headings, strict=True))
        found.headings = []
        return templates, occurrences(hashes, cards)

    def _sizes(self) -> Iterator[tuple[tuple[str, str, str], tuple[int, int]]]:
        for slices in self.slices:
            for at, (group, period) in enumerate(slices.names()):
                if slices.cards[at]:
                    yield (slices.name, group, period), (int(slices.cards[at]), int(slices.owners[at]))

    # --- estimates ------------------------------------------------------------------------------------------------

    def _estimates(self, slices: Slices) -> Iterator[Estimate]:
        import numpy as np

        names = slices.names()
        filled = [(int(at), *names[at]) for at in np.flatnonzero(slices.cards)]
        for measure, weight, value, low, high in (
            *self._means(slices),
            *self._spread(slices),
            *self._diversity(slices),
            *self._likeness(slices),
        ):
            values, lows, highs = value.tolist(), low.tolist(), high.tolist()
            for at, group, period in filled:
                if not math.isnan(values[at]):  # else the slice cannot tell
                    bounds = (None, None) if math.isnan(lows[at]) else (lows[at], highs[at])
                    yield Estimate(slices.name, group, period, measure, weight, values[at], *bounds)

    def _means(self, slices: Slices) -> Iterator[_Found]:
        import numpy as np

        layout = self.found.layout
        if layout is None:
            return
        told, rest = self.found.told[slices.name], self.found.rest[slices.name]
        parts, labels = len(layout.parts), len(layout.labels)
        near = self._near(slices)
        # A hundred labels by seven dimensions would be most of the work: groups tell their values only.
        draws = self.draws if slices.name == "all" else None
        for weight in WEIGHTS:
            sums = _first(told.of(weight))
            everyone = sums[-1:]
            yield from _named(
                layout.told,
                weight,
                measures.ratios(np.concatenate([sums[:-1], near[weight][None]]), everyone, self.draws),
            )
            sums = _first(rest.of(weight))
            known = sums[parts + labels + 1 :]
            yield from _named(layout.parts, weight, measures.ratios(sums[:parts], known, draws))
            everyone = sums[parts + labels :][:1]
            yield from _named(layout.labels, weight, measures.ratios(sums[parts:][:labels], everyone, draws))

    def _near(self, slices: Slices) -> dict[str, Floats]:
        """Σw of the near duplicates in every cell; they are known only when all sketches are there."""
        import numpy as np

        cell = slices.of_card.astype(np.int64) * measures.BUCKETS + self.bucket
        size = len(slices.cards) * measures.BUCKETS
        return {
            weight: totals(cell, slices.weights(weight) * self.near, size).reshape(-1, measures.BUCKETS)
            for weight in WEIGHTS
        }

    def _spread(self, slices: Slices) -> Iterator[_Found]:
        import numpy as np

        unknown = np.full(len(slices.cards), np.nan)
        # Quantiles of the parts of the scores for the whole only, as with the intervals of means.
        for measure in self.ascending if slices.name == "all" else SPREAD:
            ascending = self.ascending[measure]
            place, edges = by_slice(slices.of_card[ascending], len(slices.cards))
            order = ascending[place]
            values = self.found.values[measure][order]
            for weight in WEIGHTS:
                weights = slices.weights(weight, order)
                found = np.asarray(
                    [
                        measures.quantiles(values[first:last], weights[first:last], QUANTILES)
                        for first, last in pairwise(edges)
                    ]
                )
                for at, point in enumerate(QUANTILES):
                    yield f"{measure} p{point * 100:.0f}", weight, found[:, at], unknown, unknown

    def _diversity(self, slices: Slices) -> Iterator[_Found]:
        # Whole distributions are counted again for an interval, which costs: the whole gets them, groups their values.
        group = self.bucket % JACKKNIFE if slices.name == "all" else None
        templates = Diversity(self.templates, slices, self.found.sound, group)
        for weight in WEIGHTS:
            for order, told in enumerate(templates.hill(weight)):
                yield f"templates (Hill {order})", weight, *told
        del templates
        headings = Diversity(self.headings, slices, self.found.sound, group)
        for weight in WEIGHTS:
            yield "heading entropy (bits)", weight, *headings.entropy(weight)

    def _likeness(self, slices: Slices) -> Iterator[_Found]:
        import numpy as np

        unknown = np.full(len(slices.cards), np.nan)
        for name in VECTORS:
            if (slices.name, name) not in self.found.vectors:
                continue
            for weight in WEIGHTS:
                sums = self.found.vectors[slices.name, name].of(weight)
                squares = self.found.squares[slices.name, name].of(weight)
                value = measures.likeness(sums.sum(axis=1), squares.sum(axis=1))
                if slices.name == "all":  # as with diversity: the whole gets intervals, groups their values
                    yield _LIKENESS[name], weight, value, *measures.likeness_bounds(sums, squares, self.draws)
                else:
                    yield _LIKENESS[name], weight, value, unknown, unknown

    def _mix(self) -> dict[tuple[str, str], float]:
        generator = next((slices for slices in self.slices if slices.name == "generator"), None)
        if generator is None:
            return {}
        total = self.slices[0].cards
        periods = len(self.periods)
        return {
            (period, group): float(generator.cards[row * periods + at] / total[at])
            for row, group in enumerate(generator.groups)
            for at, period in enumerate(self.periods)
            if total[at]
        }


def _ascending(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int32]:
    """Places of the known values, the smallest first."""
    import numpy as np

    return np.argsort(values, kind="stable")[: int(np.isfinite(values).sum())].astype(np.int32)


def _first(sums: Floats) -> Floats:
    """``(slices, buckets, measures)`` with the measures first."""
    import numpy as np

    return np.moveaxis(sums, -1, 0)


def _named(names: Sequence[str], weight: str, told: tuple[Floats, Floats, Floats]) -> Iterator[_Found]:
    for name, value, low, high in zip(names, *told, strict=True):
        yield name, weight, value, low, high


#: measure, weight; value, low and high of every slice
_Found = tuple[str, str, "Floats", "Floats", "Floats"]
