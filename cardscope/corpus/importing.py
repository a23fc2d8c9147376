"""``cardscope corpus import``: anything that holds cards, read row by row into a corpus.

What can be read: parquet, JSON Lines and CSV files (or a folder of parquet files of one table), a folder
``owner/name/README.md``, a git repository whose history holds such files, and a data set of the Hub by its name.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cardscope.corpus.adapters import Adapter, Reject, Row, Taken, choose
from cardscope.corpus.places import keep_apart
from cardscope.corpus.store import MANIFEST, Manifest
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus, UsageError

_LONGEST_CELL: Final = 64 << 20
#: Told how many rows were read, for a progress line.
Listener = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Reader:
    """A source of rows.

    Attributes:
        columns: Of the table; ``None`` where the rows are cards already.
        rows: Where each row stands, and the row, or the reason why it cannot be read.
    """

    name: str
    columns: tuple[str, ...] | None
    rows: Iterator[tuple[str, Row | Taken | Reject]]


def import_corpus(
    source: str, destination: Path, *, title: str = "", config: str = "", limit: int = 0, tell: Listener | None = None
) -> Manifest:
    """Reads everything in ``source`` into the corpus at ``destination``, made when it is not there.

    Args:
        source: A path, or ``hf://datasets/owner/name`` for a data set of the Hub (extra ``datasets``).
        config: Configuration of a data set of the Hub.
        limit: Most rows to read; 0 reads all.

    Returns:
        The manifest after the import; its counts add up to what was offered.

    Raises:
        InvalidCorpus: The source cannot be read at all.
        UsageError: Its columns fit no schema, or it is the destination, too.
        OutputError: The destination cannot be written.
    """
    if not source.strip():
        raise UsageError("names nothing to import", subject="SOURCE", hint="a file, a folder, or hf://datasets/…")
    keep_apart(source, destination)
    reader = _reader(source, config)
    adapter = choose(reader.columns) if reader.columns is not None else None
    label = f"{reader.name} ({adapter.name if adapter else 'files'}), {datetime.now(UTC):%Y-%m-%d}"
    with CorpusWriter(destination, title=title, source=label) as writer:
        for number, (where, row) in enumerate(reader.rows, 1):
            _take(writer, where, row, adapter)
            if tell is not None and number % 500 == 0:
                tell(number)
            if limit and number >= limit:
                break
        beside = Path(source)
        if adapter is not None and adapter.name == "observed":
            _take_beside(writer, beside if beside.is_dir() else beside.parent)
    return writer.manifest


def _take(writer: CorpusWriter, where: str, row: Row | Taken | Reject, adapter: Adapter | None) -> None:
    try:
        if isinstance(row, Reject):
            raise row
        taken = row if isinstance(row, Taken) else (adapter or _chosen(row)).take(row)
    except Reject as reject:
        writer.reject(where, reject.model, reject.reason, reject.message)
        return
    if taken.content is not None and taken.card is not None:
        writer.add(taken.card, taken.content)
    if taken.model is not None:
        writer.add_models([taken.model])
    writer.add_edges(taken.edges)


def _chosen(row: Row) -> Adapter:
    """For a stream of rows whose first one told nothing: each is looked at by itself."""
    try:
        return choose(row)
    except UsageError as error:
        raise Reject("no-schema", "has none of the schemas that can be imported") from error


def _take_beside(writer: CorpusWriter, folder: Path) -> None:
    """The tables that stand beside a table of observed cards: known edges and snapshots of models."""
    import pyarrow.parquet as pq

    lineage, metadata = folder / "lineage.parquet", folder / "metadata.parquet"
    if lineage.exists():
        rows = pq.read_table(lineage, columns=["child", "parent", "relation", "evidence", "observed_at", "source"])
        writer.add_edges([{**row, "stated": row.pop("evidence")} for row in rows.to_pylist()])
    if metadata.exists():
        for batch in pq.ParquetFile(metadata).iter_batches(batch_size=20_000):
            writer.add_models([_snapshot_beside(row) for row in batch.to_pylist()])


def _snapshot_beside(row: dict[str, Any]) -> dict[str, Any]:
    gone = row.get("removed")
    return {
        **{
            key: row.get(key)
            for key in ("model_id", "observed_at", "created_at", "downloads", "likes", "tags", "source")
        },
        **{key: row.get(key) for key in ("pipeline_tag", "library_name", "license")},
        "modified_at": row.get("last_modified"),
        "revision": row.get("sha"),
        "gated": None if row.get("gated") is None else str(row["gated"]).lower(),
        "removed": "removed" if gone else None,
    }


# --- readers ------------------------------------------------------------------------------------------------------


def _reader(source: str, config: str) -> Reader:
    if source.startswith("hf://datasets/"):
        return _hub_reader(source.removeprefix("hf://datasets/"), config)
    path = Path(source)
    if not path.exists():
        raise UsageError(
            "there is no such file or folder",
            subject=source,
            hint="for a data set of the Hub write hf://datasets/owner/name",
        )
    if path.is_dir():
        return _folder_reader(path)
    suffix = path.suffix.lower()
    if not os.access(path, os.R_OK):
        raise InvalidCorpus("may not be read", subject=source)
    if suffix == ".parquet":
        return _parquet_reader([path])
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _jsonl_reader(path)
    if suffix == ".csv":
        return _csv_reader(path)
    raise UsageError(
        "cannot be imported", subject=source, hint="known: .parquet, .jsonl, .csv, a folder, hf://datasets/…"
    )


def _folder_reader(path: Path) -> Reader:
    if (path / MANIFEST).exists():
        hint = "copy the folder as it is, or draw models of it with: cardscope corpus sample"
        raise UsageError("is a corpus already", subject=str(path), hint=hint)
    if (path / "cards.parquet").exists():
        return _parquet_reader([path / "cards.parquet"])
    if (path / ".git").exists():
        return Reader(path.name, None, _git_rows(path))
    if any(path.glob("*/*/README.md")):
        return Reader(path.name, None, _readme_rows(path))
    parts = sorted(path.glob("*.parquet"))
    if parts:
        return _parquet_reader(parts)
    raise InvalidCorpus("holds no cards", subject=str(path), hint="wanted: parquet files, or owner/name/README.md")


def _parquet_reader(paths: list[Path]) -> Reader:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = tuple(pq.read_schema(paths[0]).names)
    except (OSError, pa.ArrowException) as error:
        raise InvalidCorpus(f"cannot be read as parquet ({error})", subject=str(paths[0])) from error

    def rows() -> Iterator[tuple[str, Row]]:
        for path in paths:
            number = 0
            try:
                for batch in pq.ParquetFile(path, coerce_int96_timestamp_unit="us").iter_batches(batch_size=1000):
                    for row in _in_microseconds(batch).to_pylist():
                        number += 1
                        yield f"{path.name}:{number}", row
            except (OSError, pa.ArrowException) as error:
                raise InvalidCorpus(f"cannot be read past row {number} ({error})", subject=str(path)) from error

    return Reader(paths[0].name, columns, rows())


def _in_microseconds(batch: Any) -> Any:  # noqa: ANN401 - a batch of Arrow
    """Times of a finer or coarser unit as Python can hold them; one that is out of its range becomes null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for column in batch.columns:
        if pa.types.is_timestamp(column.type):
            last = pa.scalar(datetime(9999, 12, 30)).cast(pa.timestamp("us"))
            plain = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
            local = pc.cast(plain, pa.timestamp("us"), safe=False)
            inside = pc.and_(pc.less(local, last), pc.greater(local, pa.scalar(datetime(1, 1, 2), pa.timestamp("us"))))
            column = pc.if_else(inside, plain, pa.scalar(None, plain.type))
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _jsonl_reader(path: Path) -> Reader:
    def rows() -> Iterator[tuple[str, Row | Reject]]:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                where = f"{path.name}:{number}"
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    yield where, Reject("bad-json", "the line is no JSON")
                    continue
                yield where, row if isinstance(row, dict) else Reject("bad-json", "the line is no JSON object")

    with path.open("rb") as stream:
        try:
            head = json.loads(stream.readline() or b"{}")
        except (ValueError, RecursionError):
            head = {}
    return Reader(path.name, tuple(head) if _fits(head) else None, rows())


def _fits(head: object) -> bool:
    """Whether the first line tells a schema; in JSON a row leaves out what it does not have."""
    try:
        return isinstance(head, dict) and choose(head) is not None
    except UsageError:
        return False


def _csv_reader(path: Path) -> Reader:
    csv.field_size_limit(_LONGEST_CELL)

    def rows() -> Iterator[tuple[str, Row | Reject]]:
        # Undecodable bytes survive as surrogates, so that the card's bytes come back as they were.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            number = 0
            while True:
                number += 1
                try:
                    row = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield f"{path.name}:{number}", Reject("bad-csv", f"the row cannot be read ({error})")
                    continue
                complete = None not in row and None not in row.values()
                yield (
                    f"{path.name}:{number}",
                    row if complete else Reject("bad-csv", "the row has too many or few cells"),
                )

    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        columns = next(csv.reader(stream), [])
    return Reader(path.name, tuple(columns), rows())


def _readme_rows(path: Path) -> Iterator[tuple[str, Taken | Reject]]:
    for readme in sorted(path.glob("*/*/README.md")):
        name = f"{readme.parent.parent.name}/{readme.parent.name}"
        try:
            content = readme.read_bytes()
        except OSError as error:
            yield name, Reject("unreadable", f"cannot be read ({error.strerror})", name)
            continue
        changed = datetime.fromtimestamp(readme.stat().st_mtime, UTC)
        yield name, Taken(card={"model_id": name, "modified_at": changed, "source": path.name}, content=content)


def _git_rows(path: Path) -> Iterator[tuple[str, Taken | Reject]]:
    """Every version of every ``owner/name/README.md`` (or of the one README) in the history of a repository."""
    log = _git(
        path, "log", "--no-renames", "--diff-filter=AM", "--format=%x00%H %ct", "--name-only", "--reverse", "HEAD"
    )
    for entry in log.decode("utf-8", "replace").split("\0")[1:]:
        head, *names = [line for line in entry.splitlines() if line]
        commit, seconds = head.split(" ")
        for name in names:
            *folders, file = name.split("/")
            if file != "README.md" or len(folders) not in (0, 2):
                continue
            model = "/".join(folders) or path.resolve().name
            row = {
                "model_id": model,
                "revision": commit,
                "modified_at": datetime.fromtimestamp(int(seconds), UTC),
                "observed_at": datetime.fromtimestamp(int(seconds), UTC),
                "source": path.name,
            }
            yield f"{commit[:8]}:{name}", Taken(card=row, content=_git(path, "show", f"{commit}:{name}"))


def _git(path: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(path), *words], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InvalidCorpus("git cannot read the repository", subject=str(path)) from error
    return done.stdout


def _hub_reader(name: str, config: str) -> Reader:
    from cardscope.sources.datasets import stream_rows

    columns, rows = stream_rows(name, config)
    return Reader(name, columns, ((f"{name}:{number}", row) for number, row in enumerate(rows, 1)))
