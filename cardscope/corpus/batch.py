"""``cardscope score``, first half: every shard of a corpus mapped to rows, in a run folder that survives anything.

    run.json          what was run over what, with which versions; counts done, skipped, rejected
    rows/SS.parquet   rows of one shard; whole or not there
    tables/*.parquet  the reduced tables (see `cardscope.corpus.reduce`)

A shard is done when its rows lie there and carry the key of this very work: digest of the shard, options, versions. So
a run that was killed goes on where it stopped, and one whose tables or program changed does the work again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

import cardscope
from cardscope import tables
from cardscope.corpus.locks import hold
from cardscope.corpus.places import keep_apart
from cardscope.corpus.rows import UNREPEATED, MapOptions, map_shard
from cardscope.corpus.store import Corpus, Shard, filesystem
from cardscope.errors import CardscopeError, InvalidCorpus, OutputError, UsageError
from cardscope.pipeline import table_versions

FORMAT: Final = "cardscope.run/1"
_KEY: Final = b"cardscope.key"


@dataclass(frozen=True, slots=True)
class Task:
    """One shard to map, as it travels to a worker: a few words, never a table.

    Attributes:
        key: Of this very work; see `_key`.
        program: Version of cardscope that made the task; a worker of another one would make other rows.
    """

    corpus: str
    shard: Shard
    options: MapOptions
    target: str
    key: str
    program: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task.

    Attributes:
        failed: Rows whose card could not be read; they are rows all the same.
        problem: Why the shard has no rows; empty when it has.
    """

    shard: int
    rows: int = 0
    failed: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunState:
    """How far a run came.

    Attributes:
        done: Rows written, by this session or an earlier one.
        reused: Shards that an earlier session had finished.
        problems: Shard name to reason, for shards that could not be mapped.
        rows: Files of the rows of this very run, in order of the shards.
    """

    path: str
    corpus: str
    key: str
    done: int
    failed: int
    reused: int
    shards: int
    problems: Mapping[str, str]
    versions: Mapping[str, str]
    rows: tuple[str, ...] = ()


#: Runs ``work`` on every task, in any order, on any number of workers; yields one `Done` for each task.
Engine = Callable[[Sequence[Task], Callable[[Task], Done]], Iterator[Done]]
#: Told shards done, shards in all, rows so far.
Listener = Callable[[int, int, int], None]


def run_batch(
    corpus: Corpus, run: str, engine: Engine, options: MapOptions | None = None, *, tell: Listener | None = None
) -> RunState:
    """Maps whatever is not mapped yet, and says in ``run.json`` what is there.

    Args:
        run: A folder, or an address that fsspec knows; made when it is not there.
        engine: See `cardscope.corpus.engines`.

    Raises:
        UsageError: The run is to be kept in the corpus itself, or in a folder of it.
        InvalidCorpus: Another session works on the same run.
        OutputError: The run folder cannot be written.
    """
    keep_apart(corpus.path, run, within=True)
    options = options or MapOptions()
    versions = run_versions(options)
    with _locked(run):
        tasks = [_task(corpus, shard, options, run, versions) for shard in corpus.shards()]
        finished = {task.shard.number: found for task in tasks if (found := _finished(task)) is not None}
        open_tasks = [task for task in tasks if task.shard.number not in finished]
        reused = len(finished)
        for done in engine(open_tasks, work):
            finished[done.shard] = done
            if tell is not None:
                tell(len(finished), len(tasks), sum(entry.rows for entry in finished.values()))
        whole = tuple(
            task.target for task in tasks if (told := finished.get(task.shard.number)) is not None and not told.problem
        )
        _sweep(run, whole)
        state = RunState(
            path=run,
            corpus=corpus.digest,
            key=_key(corpus.digest, options, versions),
            done=sum(entry.rows for entry in finished.values()),
            failed=sum(entry.failed for entry in finished.values()),
            reused=reused,
            shards=len(tasks),
            problems={f"{done.shard:02d}": done.problem for done in finished.values() if done.problem},
            versions=versions,
            rows=whole,
        )
        _write_state(run, state, corpus, options)
    return state


def work(task: Task) -> Done:
    """Maps one shard and writes its rows whole or not at all; runs in whatever process an engine chose.

    A damaged shard is an answer, not an exception: the others are worth having. A full disk is not one.
    """
    if task.program != cardscope.__version__:
        raise UsageError(
            f"the worker has cardscope {cardscope.__version__}, the run was started with {task.program}",
            hint="install the same cardscope on every worker",
        )
    _one_thread()
    corpus = _opened(task.corpus)
    try:
        table = map_shard(corpus, task.shard, task.options)
    except InvalidCorpus as error:
        return Done(task.shard.number, problem=str(error))
    metadata = {**(table.schema.metadata or {}), _KEY: task.key.encode()}
    _write_rows(table.replace_schema_metadata(metadata), task.target)
    failed = table.num_rows - table["error"].null_count
    return Done(task.shard.number, table.num_rows, failed)


def run_versions(options: MapOptions) -> dict[str, str]:
    """What the rows depend on besides corpus and options."""
    versions = {"cardscope": cardscope.__version__, **table_versions(), "tables": tables.digest()}
    if options.embedder:
        from cardscope.embedders import load_embedder

        versions["embedder"] = load_embedder(options.embedder).name
    return versions


def _sweep(run: str, whole: Sequence[str]) -> None:
    """Takes away rows of shards that are no more or cannot be read any more, and of another corpus in this folder."""
    fs, _ = filesystem(run)
    for path in set(rows_paths(run)).difference(whole):
        _remove(fs, filesystem(path)[1])


def rows_paths(run: str) -> list[str]:
    """Paths (or addresses) of the finished rows of a run, in order of the shards."""
    from pyarrow.fs import FileSelector

    fs, folder = filesystem(f"{run}/rows")
    found = fs.get_file_info(FileSelector(folder, allow_not_found=True))
    return sorted(f"{run}/rows/{entry.base_name}" for entry in found if entry.extension == "parquet")


# --- below --------------------------------------------------------------------------------------------------------


def _key(digest: str, options: MapOptions, versions: Mapping[str, str]) -> str:
    # The batch size bounds memory and never changes a row, so it is no part of the key.
    words = json.dumps([digest, options.embedder, sorted(versions.items())])
    return xxhash.xxh3_128_hexdigest(words.encode())


def _task(corpus: Corpus, shard: Shard, options: MapOptions, run: str, versions: Mapping[str, str]) -> Task:
    key = _key(shard.digest, options, versions)
    return Task(corpus.path, shard, options, f"{run}/rows/{shard.name}.parquet", key, versions["cardscope"])


def _finished(task: Task) -> Done | None:
    """The rows of an earlier session, when they are whole and of this very work."""
    fs, path = filesystem(task.target)
    try:
        with fs.open_input_file(path) as stream:
            file = pq.ParquetFile(stream)
            metadata = file.schema_arrow.metadata or {}
            if metadata.get(_KEY, b"").decode() != task.key:
                return None
            errors = file.read(columns=["error"])["error"]
    except (OSError, pa.ArrowException, KeyError):
        return None
    return Done(task.shard.number, len(errors), len(errors) - errors.null_count)


def _write_rows(table: pa.Table, target: str) -> None:
    fs, path = filesystem(target)
    partial = f"{path}.{os.getpid()}.partial"
    try:
        fs.create_dir(path.rpartition("/")[0], recursive=True)
        with fs.open_output_stream(partial) as stream:
            pq.write_table(
                table, stream, compression="zstd", compression_level=1, use_dictionary=_repeating(table.schema)
            )
        fs.move(partial, path)
    except OSError as error:
        _remove(fs, partial)
        raise _cannot_write(target, error) from error


def _repeating(schema: pa.Schema) -> list[str]:
    """Columns, as Parquet names them, in which a value stands for many cards: a dictionary of the rest is lost work.

    Without one, rows with vectors take 13 µs a card to write instead of 22, and 8 % less room.
    """
    nested = {field.name: f"{field.name}.list.element" for field in schema if pa.types.is_nested(field.type)}
    return [nested.get(name, name) for name in schema.names if name not in UNREPEATED]


def _remove(fs: Any, path: str) -> None:  # noqa: ANN401 - an Arrow file system
    try:
        fs.delete_file(path)
    except OSError:
        return


def _write_state(run: str, state: RunState, corpus: Corpus, options: MapOptions) -> None:
    counts = corpus.manifest.counts
    content = {
        "format": FORMAT,
        "corpus": {"path": Path(corpus.path).name, "title": corpus.manifest.title, "digest": state.corpus},
        "options": asdict(options),
        "versions": dict(state.versions),
        "counts": {
            "done": state.done,
            "failed": state.failed,
            "skipped": counts.get("cards", 0) - state.done,
            "rejected": counts.get("rejects", 0),
        },
        "shards": {"all": state.shards, "problems": dict(state.problems)},
    }
    fs, path = filesystem(f"{run}/run.json")
    try:
        fs.create_dir(path.rpartition("/")[0], recursive=True)
        with fs.open_output_stream(f"{path}.partial") as stream:
            stream.write(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n")
        fs.move(f"{path}.partial", path)
    except OSError as error:
        raise _cannot_write(run, error) from error


@contextmanager
def _locked(run: str) -> Iterator[None]:
    """Holds a local run folder for one session; on an object store the operator keeps two apart."""
    if "://" in run:
        yield
        return
    folder = Path(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = hold(
            folder / ".lock",
            "another session works on this run",
            subject=run,
            hint="wait until it has ended, or name another folder",
        )
    except OSError as error:
        raise _cannot_write(run, error) from error
    with lock:
        for left_over in (folder / "rows").glob("*.partial"):
            left_over.unlink(missing_ok=True)
        yield


_corpora: dict[str, Corpus] = {}


def _opened(path: str) -> Corpus:
    if path not in _corpora:
        _corpora[path] = Corpus(path)
    return _corpora[path]


def _one_thread() -> None:
    """A worker is one of several: threads of its own would only take turns with the others."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _cannot_write(where: str, error: OSError) -> CardscopeError:
    return OutputError(
        f"the run cannot be written ({error.strerror or error})",
        subject=where,
        hint="make room and start the same command again: finished shards are kept",
    )
