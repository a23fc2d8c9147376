"""One pass over the files of rows: sums for every slice, and the few columns of cards that no sum can stand for.

Memory grows with the number of slices; by card it is some 200 bytes (both scores, the length, a sketch, hashes of the
template and the headings), so that two million cards fit beside the map's own processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cardscope.corpus import measures
from cardscope.corpus.columns import completeness, fixed_matrix, flattened, floats, list_matrix, templates_of
from cardscope.corpus.duplicates import SKETCH
from cardscope.corpus.slices import WEIGHTS, Slices, by_slice
from cardscope.corpus.store import filesystem
from cardscope.errors import InvalidCorpus

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Columns whose mean is a measure as it stands.
PLAIN: Final = ("quality", "standardization", "share_template", "share_placeholder", "share_authored", "paper_flag",
                "chars", "words", "n_sections")  # fmt: skip
#: Columns kept card by card, for quantiles; the parts of both scores are, too.
SPREAD: Final = ("quality", "standardization", "chars")
VECTORS: Final = ("vector", "vector_own")
_NEEDED: Final = (*PLAIN, "error", "quality_parts", "standardization_parts", "coverage", "generators",
                  "front_matter_fields", "sketch", "headings", "skeleton", "text_id", *VECTORS)  # fmt: skip


class CellSums:
    """Σw·x of every cell, for both ways to weigh a card; a cell is a slice's share of a bucket of owners.

    Attributes:
        sums: Shape ``(weights, slices, buckets, width)``.
    """

    def __init__(self, slices: Slices, buckets: int, width: int) -> None:
        import numpy as np

        self.slices, self.buckets = slices, buckets
        self.sums = np.zeros((len(WEIGHTS), len(slices.cards) * buckets, width))

    def add(self, rows: slice, bucket: Ints, values: Floats, power: int = 1) -> None:
        """Adds the cards of a few files.

        Args:
            rows: Their places among all cards.
            bucket: Of their owners.
            values: Shape ``(len(rows), width)``.
            power: Of the weights.
        """
        from scipy import sparse

        order, cells, edges = self._cells(rows, bucket)
        for at, weight in enumerate(WEIGHTS):
            weights = self.slices.weights(weight, rows)[order] ** power
            summed = sparse.csr_matrix((weights, order, edges), shape=(len(edges) - 1, len(order))) @ values
            if self.buckets == 1:
                self.sums[at] += summed
            else:
                self.sums[at, cells] += summed

    def _cells(self, rows: slice, bucket: Ints) -> tuple[Ints, Ints, Ints]:
        """Cards in the order of their cells, the cells that have any, and where each begins and the last one ends."""
        import numpy as np

        slice_of = self.slices.of_card[rows]
        if self.buckets == 1:
            order, edges = by_slice(slice_of, len(self.slices.cards))
            return order, np.arange(len(self.slices.cards)), edges
        first, _ = by_slice((bucket % self.buckets).astype(np.int32), self.buckets)
        order = first[by_slice(slice_of[first], len(self.slices.cards))[0]]
        cell = slice_of[order].astype(np.int64) * self.buckets + bucket[order] % self.buckets
        edges = np.flatnonzero(np.concatenate(([True], cell[1:] != cell[:-1], [True])))
        return order, cell[edges[:-1]], edges

    def of(self, weight: str) -> Floats:
        """Shape ``(slices, buckets, width)``."""
        shaped: Floats = self.sums[WEIGHTS.index(weight)].reshape(-1, self.buckets, self.sums.shape[-1])
        return shaped


@dataclass(frozen=True, slots=True)
class Layout:
    """Which measure stands where in the sums.

    Attributes:
        told: Measures whose interval is told in every dimension; known of every card.
        parts: Parts of the scores, unknown where a card is not asked for them.
        labels: Two measures a section label; known of every card.
    """

    told: tuple[str, ...]
    parts: tuple[str, ...]
    labels: tuple[str, ...]


class Gathered:
    """What a pass leaves: see the attributes; `add` takes a few files at a time.

    Attributes:
        sound: 1 for a card that could be read, else 0; the others are in no measure.
        told: By dimension, sums of ``layout.told`` and, in the last column, of the weights alone.
        rest: By dimension, sums of ``layout.parts``, ``layout.labels``, weights alone, weights where a part is known.
        vectors: By dimension and column, sums of the vectors and of the weights of those that are there.
        squares: Likewise Σw² and Σw²|v|².
        values: The columns of `SPREAD` and the parts of the scores, card by card; ``nan`` where there is none.
        sketch: Minhashes of every card's lines, shape ``(n, SKETCH)``.
        template: Hash of what a card is cut from.
        headings: Hashes of headings, and the card each is of, file by file.
    """

    def __init__(self, count: int, bucket: Ints, slices: Sequence[Slices]) -> None:
        import numpy as np

        self.bucket, self.slices = bucket, slices
        self.layout: Layout | None = None
        self.sound = np.ones(count)
        self.values: dict[str, npt.NDArray[np.floating]] = {}
        self.count = count
        self.sketch = np.zeros((count, SKETCH), np.uint32)
        self.template = np.zeros(count, np.uint64)
        self.headings: list[tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]] = []
        self.told: dict[str, CellSums] = {}
        self.rest: dict[str, CellSums] = {}
        self.vectors: dict[tuple[str, str], CellSums] = {}
        self.squares: dict[tuple[str, str], CellSums] = {}

    def add(self, files: Sequence[tuple[str, Ints]], start: int) -> None:
        """Reads some files of rows, one behind the other.

        Args:
            files: Path of each, and the rows of it that count, ascending.
            start: Place of the first of them among all cards.

        Raises:
            InvalidCorpus: A file is damaged.
        """
        table = pa.concat_tables([_read(path, place) for path, place in files])
        rows = slice(start, start + len(table))
        self.sound[rows] = table["error"].is_null().to_numpy()
        self._scalars(table, rows)
        self.sketch[rows] = fixed_matrix(table["sketch"])
        self.template[rows] = templates_of(table)
        self.headings.append(flattened(table["headings"], start))
        for column in VECTORS:
            if column in table.column_names:
                self._add_vectors(column, table, rows)

    def _scalars(self, table: pa.Table, rows: slice) -> None:
        import numpy as np

        told = _told(table)
        parts, labels = _parts(table), _labels(table)
        if self.layout is None:
            self.layout = Layout((*told, "near_duplicate"), tuple(parts), tuple(labels))
            for slices in self.slices:
                self.told[slices.name] = CellSums(slices, measures.BUCKETS, len(told) + 1)
                self.rest[slices.name] = CellSums(slices, _buckets(slices), 2 * len(parts) + len(labels) + 1)
        sound = self.sound[rows]
        self._keep({**{name: told[name] for name in SPREAD}, **parts}, rows)
        left = _stacked([*told.values(), sound], sound)
        known = [np.isfinite(column).astype(np.float64) for column in parts.values()]
        right = _stacked([*parts.values(), *labels.values(), sound, *known], sound)
        for slices in self.slices:
            self.told[slices.name].add(rows, self.bucket[rows], left)
            self.rest[slices.name].add(rows, self.bucket[rows], right)

    def _keep(self, columns: Mapping[str, Floats], rows: slice) -> None:
        import numpy as np

        for name, column in columns.items():
            if name not in self.values:
                # Lengths in characters need more digits than single precision has; scores are stored in it.
                self.values[name] = np.full(self.count, np.nan, np.float64 if name == "chars" else np.float32)
            self.values[name][rows] = np.where(self.sound[rows] == 0, np.nan, column)

    def _add_vectors(self, column: str, table: pa.Table, rows: slice) -> None:
        """Sums of vectors: the only large column, so never held together."""
        import numpy as np

        vectors = fixed_matrix(table[column]).astype(np.float64)
        squares = np.einsum("ij,ij->i", vectors, vectors)
        there = (squares > 0.25).astype(np.float64)
        matrix = np.column_stack([vectors * there[:, None], there])
        square = np.column_stack([there, squares * there])
        for slices in self.slices:
            key = (slices.name, column)
            if key not in self.vectors:
                self.vectors[key] = CellSums(slices, _buckets(slices), matrix.shape[1])
                self.squares[key] = CellSums(slices, _buckets(slices), 2)
            self.vectors[key].add(rows, self.bucket[rows], matrix)
            self.squares[key].add(rows, self.bucket[rows], square, power=2)


def _read(path: str, place: Ints) -> pa.Table:
    """The columns that are needed of the rows that count."""
    try:
        fs, inside = filesystem(path)
        with fs.open_input_file(inside) as stream:
            file = pq.ParquetFile(stream)
            table = file.read(columns=[name for name in _NEEDED if name in file.schema_arrow.names])
    except (OSError, pa.ArrowException) as error:
        raise InvalidCorpus(f"a file of rows cannot be read ({error})", subject=path) from error
    return table.take(place) if len(place) < len(table) else table


def _buckets(slices: Slices) -> int:
    """Groups of owners kept apart: only the whole gets an interval of everything, groups would take gigabytes."""
    return measures.BUCKETS if slices.name == "all" else 1


def _stacked(columns: list[Floats], sound: Floats) -> Floats:
    import numpy as np

    matrix = np.column_stack(columns)
    matrix[~np.isfinite(matrix) | (sound == 0)[:, None]] = 0.0
    result: Floats = matrix
    return result


def _told(table: pa.Table) -> dict[str, Floats]:
    import numpy as np

    found = {name: floats(table[name]) for name in PLAIN}
    found["generator_recognised"] = (pc.list_value_length(table["generators"]).to_numpy() > 0).astype(np.float64)
    found["front_matter_complete"] = completeness(table["front_matter_fields"])
    return found


def _parts(table: pa.Table) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for name in ("quality_parts", "standardization_parts"):
        words = _names(table, name)
        matrix = list_matrix(table[name], len(words))
        axis = name.partition("_")[0]
        found.update({f"{axis}: {word}": matrix[:, at] for at, word in enumerate(words)})
    return found


def _labels(table: pa.Table) -> Mapping[str, Floats]:
    import numpy as np

    labels = _names(table, "labels")
    states = list_matrix(table["coverage"], len(labels))
    found: dict[str, Floats] = {}
    for at, label in enumerate(labels):
        found[f"present: {label}"] = (states[:, at] == 2).astype(np.float64)
        found[f"placeholder: {label}"] = (states[:, at] == 1).astype(np.float64)
    return found


def _names(table: pa.Table, key: str) -> list[str]:
    """Names of the places of a list column, from the schema of the rows."""
    words = (table.schema.metadata or {}).get(f"cardscope.{key}".encode(), b"").decode()
    return words.split(",") if words else []
