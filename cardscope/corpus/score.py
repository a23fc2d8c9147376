"""A finished run as a timeline, with its tables written beside the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

import pyarrow as pa
import pyarrow.parquet as pq

from cardscope.corpus.batch import RunState, rows_paths
from cardscope.corpus.reduce import reduce_rows
from cardscope.corpus.store import filesystem
from cardscope.errors import OutputError
from cardscope.types import Edition, Period, Timeline

ESTIMATES = pa.schema(
    [
        ("dimension", pa.string()),
        ("group", pa.string()),
        ("period", pa.string()),
        ("measure", pa.string()),
        ("weight", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
    ]
)
_fields = attrgetter(*ESTIMATES.names)
SIZES = pa.schema(
    [
        ("dimension", pa.string()),
        ("group", pa.string()),
        ("period", pa.string()),
        ("cards", pa.int64()),
        ("owners", pa.int64()),
    ]
)
MIX = pa.schema([("period", pa.string()), ("generator", pa.string()), ("share", pa.float64())])


def timeline_of(run: str, state: RunState, *, of: Edition, by: Period, dimensions: Sequence[str] = ()) -> Timeline:
    """Reduces the rows of a run and leaves the tables in its folder, named after edition and period.

    Raises:
        InvalidCorpus: The run has no rows, or they cannot be read.
        OutputError: The tables cannot be written.
    """
    timeline = reduce_rows(state.rows or rows_paths(run), of=of, by=by, dimensions=dimensions)
    timeline = replace(timeline, versions=state.versions)
    sizes = [(*key, *counts) for key, counts in timeline.sizes.items()]
    mix = [(*key, share) for key, share in timeline.mix.items()]
    for name, table in (
        ("estimates", _table([_fields(entry) for entry in timeline.estimates], ESTIMATES)),
        ("sizes", _table(sizes, SIZES)),
        ("mix", _table(mix, MIX)),
    ):
        _write(f"{run}/tables/{of.value}-{by.value}-{name}.parquet", table)
    return timeline


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _write(target: str, table: pa.Table) -> None:
    fs, path = filesystem(target)
    try:
        fs.create_dir(path.rpartition("/")[0], recursive=True)
        with fs.open_output_stream(f"{path}.partial") as stream:
            pq.write_table(table, stream, compression="zstd")
        fs.move(f"{path}.partial", path)
    except OSError as error:
        raise OutputError(f"a table cannot be written ({error})", subject=target) from error
