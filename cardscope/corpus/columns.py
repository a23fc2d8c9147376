"""Columns of rows as arrays, and counts of things that occur in them: what the reduction does its sums on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from cardscope.corpus import measures

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

#: Groups of owners that a jackknife leaves out one at a time.
JACKKNIFE: Final = 50


def likeness_of(sums: Floats) -> Floats:
    """Mean similarity out of sums whose last three columns are Σw, Σw² and Σw²|v|²."""
    return measures.likeness(sums[..., :-3], sums[..., -3:-1], sums[..., -1])


def codes(column: Any, names: Sequence[str]) -> Ints:  # noqa: ANN401 - a column of a table
    """Place of each value in ``names``; values that are not there count as the last name."""
    import numpy as np

    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    found = pc.index_in(values, pa.array(names, pa.string()))
    result: Ints = pc.fill_null(found, len(names) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
    return result


def dense(column: Any) -> Ints:  # noqa: ANN401 - a column of a table
    """Each value as a number of its own, from 0, in order of first appearance."""
    import numpy as np

    encoded = column.combine_chunks().dictionary_encode()
    result: Ints = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return result


def floats(column: Any) -> Floats:  # noqa: ANN401 - a column of a table
    """A column of numbers or truths with nulls as ``nan``, writable."""
    import numpy as np

    result: Floats = column.cast(pa.float64()).to_numpy().astype(np.float64)
    return result.copy()


def fixed_matrix(column: Any) -> npt.NDArray[Any]:  # noqa: ANN401 - a column of a table
    """A column of lists of one length, as a matrix of the type it is stored in."""
    array = column.combine_chunks()
    values: npt.NDArray[Any] = array.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(array), array.type.list_size)


def list_matrix(column: Any, width: int) -> Floats:  # noqa: ANN401 - a column of a table
    """A column of lists that all happen to hold ``width`` numbers, nulls as ``nan``."""
    import numpy as np

    array = column.combine_chunks()
    values = array.flatten().cast(pa.float64()).to_numpy(zero_copy_only=False)
    result: Floats = np.array(values, np.float64).reshape(len(array), width)
    return result


def flattened(column: Any, start: int) -> tuple[Ints, Ints]:  # noqa: ANN401 - a column of a table
    """All values of a column of lists, and the card each is of."""
    import numpy as np

    array = column.combine_chunks()
    counts = pc.list_value_length(array).to_numpy()
    return array.flatten().to_numpy().astype(np.int64), np.repeat(np.arange(start, start + len(array)), counts)


def templates_of(table: pa.Table) -> npt.NDArray[np.uint64]:
    """What a card is cut from: its skeleton, or the text itself where there are no headings to compare."""
    import numpy as np

    skeleton = table["skeleton"].to_numpy()
    own = np.asarray([int.from_bytes(address[:8], "little") for address in table["text_id"].to_pylist()], np.uint64)
    return np.where(skeleton == 0, own, skeleton).astype(np.uint64)


def completeness(column: Any) -> Floats:  # noqa: ANN401 - a column of a table
    """Share of the front matter keys asked of every card (``tables/metadata.toml``) that are there."""
    import numpy as np

    from cardscope import tables

    asked = [name for name, row in tables.read_table("metadata")["fields"].items() if row["asked"]]
    array = column.combine_chunks()
    hit = pc.is_in(array.flatten(), pa.array(asked)).to_numpy(zero_copy_only=False).astype(np.float64)
    holder = np.repeat(np.arange(len(array)), pc.list_value_length(array).to_numpy())
    result: Floats = np.bincount(holder, hit, len(array)) / len(asked)
    return result


class Counts:
    """How often each kind of thing occurs in each slice, by bucket of owners; for statistics of whole distributions."""

    def __init__(self, of_card: Ints, size: int, bucket: Ints, kind: Ints, card: Ints, weight: Floats) -> None:
        import numpy as np

        kinds = int(kind.max()) + 1 if len(kind) else 1
        key = (of_card[card] * kinds + kind) * measures.BUCKETS + bucket[card]
        keys, inverse = np.unique(key, return_inverse=True)
        self.count = np.bincount(inverse, weight[card], len(keys)) if len(keys) else np.zeros(0)
        self.bucket = keys % measures.BUCKETS
        whole = keys // measures.BUCKETS
        self.kind = whole % kinds
        self.edges = np.searchsorted(whole // kinds, np.arange(size + 1))

    def statistic(self, at: int, of: Callable[[Floats], float], *, told: bool) -> tuple[float, float, float]:
        """``of`` the counts of slice ``at`` and, when it is to be ``told``, an interval; ``nan`` where there is none.

        The interval is a jackknife over groups of owners (Efron 1982): diversity falls when kinds are left out, as
        every bootstrap draw leaves some out, so its percentiles need not even hold the value. Leaving out one group of
        `JACKKNIFE` at a time keeps that bias small and the interval around the value.
        """
        import numpy as np

        part = slice(self.edges[at], self.edges[at + 1])
        kind = np.unique(self.kind[part], return_inverse=True)[1]
        count, group = self.count[part], self.bucket[part] % JACKKNIFE
        nothing = float("nan")
        if not len(kind):
            return nothing, nothing, nothing
        value = float(of(np.bincount(kind, count).astype(np.float64)))
        groups = np.unique(group) if told else group[:0]
        if len(groups) < 2:
            return value, nothing, nothing
        without = np.asarray([of(np.bincount(kind, count * (group != left)).astype(np.float64)) for left in groups])
        spread = (len(groups) - 1) / len(groups) * float(((without - without.mean()) ** 2).sum())
        margin = 1.96 * spread**0.5
        return value, max(0.0, value - margin), value + margin
