"""``cardscope score``, second half: rows to a table of measures by period and group, read from the rows alone.

Every measure is a function of sums over cards, kept for each slice (a period of a group) and each bucket of owners. So
one pass over the rows, file by file, is enough; memory grows with the number of slices and not of cards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from cardscope.corpus import measures
from cardscope.corpus.columns import (
    Counts,
    codes,
    completeness,
    dense,
    fixed_matrix,
    flattened,
    floats,
    likeness_of,
    list_matrix,
    templates_of,
)
from cardscope.corpus.duplicates import near_duplicates
from cardscope.corpus.editions import DIMENSIONS, arrow, order_of, select
from cardscope.errors import InvalidCorpus
from cardscope.types import Edition, Estimate, Period, Timeline

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Groups of a dimension that are told apart; the rest is one group, ``other``.
TOP: Final = 12
OTHER: Final = "other"
QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
#: Columns whose mean is a measure as it stands.
PLAIN: Final = ("quality", "standardization", "share_template", "share_placeholder", "share_authored", "paper_flag",
                "chars", "words", "n_sections")  # fmt: skip


@dataclass
class _Slices:
    """Every card's slice in one dimension.

    Attributes:
        of_card: Index of group times periods plus period, shape ``(n,)``.
        weight: 1 divided by the number of cards the owner has in the slice, shape ``(n,)``.
    """

    name: str
    groups: tuple[str, ...]
    of_card: Ints
    weight: Floats
    cards: Ints
    owners: Ints
    values: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)


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

    if not rows:
        raise InvalidCorpus("the run has no rows to reduce", hint="is the corpus empty? see: cardscope corpus info")
    connection = duckdb.connect()
    try:
        select(connection, rows, of, by)
        chosen = arrow(connection, "select * from chosen order by file, place")
    except duckdb.Error as error:
        raise InvalidCorpus(f"the rows cannot be read ({str(error).splitlines()[0][:200]})") from error
    finally:
        connection.close()
    return _Reduction(chosen, of, by, dimensions or tuple(DIMENSIONS)).run()


class _Reduction:
    """One reduction: the chosen cards, their slices, and the sums that are gathered file by file."""

    def __init__(self, chosen: pa.Table, of: Edition, by: Period, dimensions: Sequence[str]) -> None:
        import numpy as np

        self.of, self.by = of, by
        self.chosen = chosen
        self.periods = tuple(order_of(pc.unique(chosen["period"]).to_pylist()))
        self.period = codes(chosen["period"], self.periods)
        owners = chosen["owner_name"].combine_chunks().dictionary_encode()
        self.owner = owners.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.n_owners = len(owners.dictionary)
        dealt = [xxhash.xxh3_64_intdigest(name.encode()) % measures.BUCKETS for name in owners.dictionary.to_pylist()]
        self.bucket = np.asarray(dealt, np.int64)[self.owner]
        self.model = dense(chosen["model"])
        self.slices = [self._slices(name) for name in dict.fromkeys(("all", *dimensions))]
        self.draws = measures.draws()
        self.labels: tuple[str, ...] = ()
        self.columns: dict[str, Floats] = {}
        self.vectors: dict[tuple[str, str, str], Floats] = {}

    def run(self) -> Timeline:
        import numpy as np

        self._gather()
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
            owners=self.n_owners,
            undated=undated,
            failed=int(np.isnan(self.columns["quality"]).sum()) if self.columns else 0,
        )

    # --- slices ---------------------------------------------------------------------------------------------------

    def _slices(self, name: str) -> _Slices:
        import numpy as np

        n, periods = len(self.period), len(self.periods)
        if name == "all":
            groups: tuple[str, ...] = ("all",)
            code = np.zeros(n, np.int64)
        else:
            column = self.chosen[name].combine_chunks()
            counted = pc.value_counts(column).to_pylist()
            ranked = sorted(counted, key=lambda row: (-row["counts"], str(row["values"])))
            top = [str(row["values"]) for row in ranked[:TOP]]
            groups = (*top, OTHER) if len(ranked) > TOP else tuple(top)
            code = codes(column, groups)
        of_card = code * periods + self.period
        size = len(groups) * periods
        pairs, inverse, counts = np.unique(
            of_card * self.n_owners + self.owner, return_inverse=True, return_counts=True
        )
        return _Slices(
            name,
            groups,
            of_card,
            1.0 / counts[inverse],
            np.bincount(of_card, minlength=size),
            np.bincount(pairs // self.n_owners, minlength=size),
        )

    def _sizes(self) -> Iterator[tuple[tuple[str, str, str], tuple[int, int]]]:
        for slices in self.slices:
            for at, (group, period) in enumerate(self._names(slices)):
                if slices.cards[at]:
                    yield (slices.name, group, period), (int(slices.cards[at]), int(slices.owners[at]))

    def _names(self, slices: _Slices) -> Iterator[tuple[str, str]]:
        for group in slices.groups:
            for period in self.periods:
                yield group, period

    # --- one pass over the files ----------------------------------------------------------------------------------

    def _gather(self) -> None:
        import numpy as np

        files = self.chosen["file"].combine_chunks().dictionary_encode()
        file_of = files.indices.to_numpy(zero_copy_only=False)
        place = self.chosen["place"].to_numpy()
        sketches: list[Any] = []
        pieces: list[dict[str, Floats]] = []
        self.headings: list[tuple[Ints, Ints]] = []
        templates: list[npt.NDArray[np.uint64]] = []
        start = 0
        for number, path in enumerate(files.dictionary.to_pylist()):
            rows = np.flatnonzero(file_of == number)
            assert len(rows) == 0 or rows[0] == start  # `chosen` is in the order of the files
            try:
                table = pq.read_table(path).take(place[rows])
            except (OSError, pa.ArrowException) as error:
                raise InvalidCorpus(f"a file of rows cannot be read ({error})", subject=path) from error
            names = (table.schema.metadata or {}).get(b"cardscope.labels", b"").decode()
            self.labels = tuple(names.split(",")) if names else ()
            pieces.append(self._scalars(table))
            sketches.append(fixed_matrix(table["sketch"]))
            self.headings.append(flattened(table["headings"], start))
            templates.append(templates_of(table))
            self._add_vectors(table, rows)
            start += len(rows)
        self.columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        self.columns["near_duplicate"] = near_duplicates(np.concatenate(sketches), self.model).astype(np.float64)
        self.templates = np.unique(np.concatenate(templates), return_inverse=True)[1].astype(np.int64)

    def _scalars(self, table: pa.Table) -> dict[str, Floats]:
        import numpy as np

        found = {name: floats(table[name]) for name in PLAIN}
        broken = table["error"].is_valid().to_numpy()
        for name in ("quality_parts", "standardization_parts"):
            words = (table.schema.metadata or {}).get(f"cardscope.{name}".encode(), b"").decode().split(",")
            parts = list_matrix(table[name], len(words))
            axis = name.partition("_")[0]
            found.update({f"{axis}: {word}": parts[:, at] for at, word in enumerate(words)})
        states = list_matrix(table["coverage"], len(self.labels))
        for at, label in enumerate(self.labels):
            found[f"present: {label}"] = (states[:, at] == 2).astype(np.float64)
            found[f"placeholder: {label}"] = (states[:, at] == 1).astype(np.float64)
        found["generator_recognised"] = (pc.list_value_length(table["generators"]).to_numpy() > 0).astype(np.float64)
        found["front_matter_complete"] = completeness(table["front_matter_fields"])
        for column in found.values():
            column[broken] = np.nan
        return found

    def _add_vectors(self, table: pa.Table, rows: Ints) -> None:
        """Adds Σwv of this file to every slice and bucket; the only large columns, so never held together."""
        import numpy as np
        from scipy import sparse

        for column in ("vector", "vector_own"):
            if column not in table.column_names:
                continue
            vectors = fixed_matrix(table[column]).astype(np.float32)
            squares = (vectors**2).sum(axis=1).astype(np.float64)
            present = squares > 0.25
            for slices in self.slices:
                # Buckets are for intervals, which only the whole gets; a month of a group by bucket would be gigabytes.
                buckets, bucket = _buckets(slices), self.bucket[rows] % _buckets(slices)
                cells, cell = np.unique(slices.of_card[rows] * buckets + bucket, return_inverse=True)
                for weight, values in (("card", np.ones(len(rows))), ("owner", slices.weight[rows])):
                    kept = np.where(present, values, 0.0)
                    where = sparse.csr_matrix((kept, (cell, np.arange(len(rows)))), shape=(len(cells), len(rows)))
                    # Last three columns: Σw, Σw², Σw²|v|², which turn a squared sum into a mean over pairs.
                    own = [np.bincount(cell, each, len(cells)) for each in (kept, kept**2, kept**2 * squares)]
                    key = (slices.name, column, weight)
                    if key not in self.vectors:
                        size = len(slices.cards) * buckets
                        self.vectors[key] = np.zeros((size, vectors.shape[1] + 3))
                    self.vectors[key][cells] += np.column_stack([where @ vectors, *own])

    # --- estimates ------------------------------------------------------------------------------------------------

    def _estimates(self, slices: _Slices) -> Iterator[Estimate]:
        import numpy as np

        names = list(self._names(slices))
        filled = np.flatnonzero(slices.cards)
        for measure, weight, value, low, high in (
            *self._means(slices, filled),
            *self._spread(slices, filled),
            *self._diversity(slices, filled),
            *self._likeness(slices, filled),
        ):
            for place, at in enumerate(filled):
                if not math.isnan(value[place]):  # else the slice cannot tell
                    group, period = names[at]
                    bounds = (None, None) if math.isnan(low[place]) else (float(low[place]), float(high[place]))
                    yield Estimate(slices.name, group, period, measure, weight, float(value[place]), *bounds)

    def _means(self, slices: _Slices, filled: Ints) -> Iterator[_Found]:
        import numpy as np

        cell = slices.of_card * measures.BUCKETS + self.bucket
        size = len(slices.cards) * measures.BUCKETS

        def summed(values: Floats) -> Floats:
            sums = np.bincount(cell, values, size).astype(np.float64)
            return sums.reshape(-1, measures.BUCKETS)[filled]

        for measure, column in self.columns.items():
            known = np.isfinite(column)
            values = np.where(known, column, 0.0)
            for weight, weights in (("card", known.astype(np.float64)), ("owner", np.where(known, slices.weight, 0.0))):
                # A hundred labels by seven dimensions would be most of the work: groups tell their values only.
                told = slices.name == "all" or ": " not in measure
                yield (
                    measure,
                    weight,
                    *measures.ratios(summed(values * weights), summed(weights), self.draws if told else None),
                )

    def _spread(self, slices: _Slices, filled: Ints) -> Iterator[_Found]:
        import numpy as np

        order = np.argsort(slices.of_card, kind="stable")
        edges = np.searchsorted(slices.of_card[order], np.arange(len(slices.cards) + 1))
        members = [order[edges[at] : edges[at + 1]] for at in filled]
        unknown = np.full(len(filled), np.nan)
        for measure in ("quality", "standardization", "chars"):
            column = self.columns[measure]
            for weight, weights in (("card", np.ones(len(self.period))), ("owner", slices.weight)):
                found = np.asarray([measures.quantiles(column[own], weights[own], QUANTILES) for own in members])
                for place, point in enumerate(QUANTILES):
                    yield f"{measure} p{point * 100:.0f}", weight, found[:, place], unknown, unknown

    def _diversity(self, slices: _Slices, filled: Ints) -> Iterator[_Found]:
        import numpy as np

        # Whole distributions are counted again for an interval, which costs: the whole gets them, groups their values.
        told = slices.name == "all"
        headings = np.concatenate([hashes for hashes, _ in self.headings])
        holder = np.concatenate([cards for _, cards in self.headings])
        heading = np.unique(headings, return_inverse=True)[1].astype(np.int64)
        everyone = np.arange(len(self.templates))
        wanted: list[tuple[str, Ints, Ints, Callable[[Floats], float]]] = [
            (f"templates (Hill {order})", self.templates, everyone, partial(measures.hill, order=order))
            for order in (0, 1, 2)
        ]
        wanted.append(("heading entropy (bits)", heading, holder, measures.entropy))
        for weight, weights in (("card", np.ones(len(self.period))), ("owner", slices.weight)):
            for measure, kind, card, statistic in wanted:
                counts = Counts(slices.of_card, len(slices.cards), self.bucket, kind, card, weights)
                found = np.asarray([counts.statistic(at, statistic, told=told) for at in filled])
                yield measure, weight, found[:, 0], found[:, 1], found[:, 2]

    def _likeness(self, slices: _Slices, filled: Ints) -> Iterator[_Found]:
        import numpy as np

        names = {"vector": "mean similarity", "vector_own": "mean similarity without boilerplate"}
        for (name, column, weight), sums in self.vectors.items():
            if name != slices.name:
                continue
            shaped = sums.reshape(-1, _buckets(slices), sums.shape[1])[filled]
            low = high = np.full(len(filled), np.nan)
            if name == "all":  # as with diversity: the whole gets intervals, groups their values
                # A card that a draw holds d times weighs d, and its pair with itself d².
                weights = (self.draws, self.draws**2)
                drawn = np.stack(
                    [
                        likeness_of(np.concatenate([weights[0] @ own[:, :-2], weights[1] @ own[:, -2:]], axis=1))
                        for own in shaped
                    ],
                    axis=1,
                )
                low, high = measures.intervals(drawn)
                alone = np.count_nonzero(shaped[..., -3], axis=1) < 2  # one bucket of owners tells nothing of others
                low[alone] = high[alone] = np.nan
            yield names[column], weight, likeness_of(shaped.sum(axis=1)), low, high

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


def _buckets(slices: _Slices) -> int:
    """Groups of owners that sums of vectors are kept apart for."""
    return measures.BUCKETS if slices.name == "all" else 1


#: measure, weight; value, low and high of each filled slice
_Found = tuple[str, str, "Floats", "Floats", "Floats"]
