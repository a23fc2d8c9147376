"""Columns of rows as arrays: what the reduction does its sums on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def dense(column: Any) -> Ints:  # noqa: ANN401 - a column of a table
    """Each value as a number of its own, from 0, in order of first appearance."""
    import numpy as np

    encoded = column.dictionary_encode()
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


def flattened(column: Any, start: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:  # noqa: ANN401 - a column
    """All values of a column of lists of 32-bit hashes, and the card each is of."""
    import numpy as np

    array = column.combine_chunks()
    counts = pc.list_value_length(array).to_numpy()
    cards = np.arange(start, start + len(array), dtype=np.int32)
    return array.flatten().to_numpy().astype(np.uint32), np.repeat(cards, counts)


def templates_of(table: pa.Table) -> npt.NDArray[np.uint64]:
    """What a card is cut from: its skeleton, or the text itself where there are no headings to compare."""
    import numpy as np

    skeleton = table["skeleton"].to_numpy()
    joined = b"".join(address[:8] for address in table["text_id"].to_pylist())
    return np.where(skeleton == 0, np.frombuffer(joined, "<u8"), skeleton).astype(np.uint64)


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
