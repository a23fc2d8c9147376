"""The map: the same rows bit for bit whoever computes them, in whatever order, however often interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cardscope.corpus import batch
from cardscope.corpus.batch import Done, Task, rows_paths, run_batch
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.importing import import_corpus
from cardscope.corpus.rows import MapOptions
from cardscope.corpus.score import timeline_of
from cardscope.corpus.store import Corpus
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus, OutputError, UsageError
from cardscope.types import Edition, Period
from tests.corpus.rowfiles import digests

ROOT = Path(__file__).parent.parent.parent


def backwards(tasks: Sequence[Task], work: Callable[[Task], Done]) -> Iterator[Done]:
    yield from map(work, reversed(tasks))


def test_order_and_batch_size_change_nothing(corpus: Corpus, reference: dict[str, str], tmp_path: Path) -> None:
    run_batch(corpus, str(tmp_path / "run"), backwards, MapOptions(batch=3))
    assert digests(str(tmp_path / "run")) == reference


def test_several_processes_change_nothing(corpus: Corpus, reference: dict[str, str], tmp_path: Path) -> None:
    run_batch(corpus, str(tmp_path / "run"), LocalEngine(2))
    assert digests(str(tmp_path / "run")) == reference


def test_a_killed_run_goes_on_where_it_stopped(corpus: Corpus, reference: dict[str, str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    code = (
        "import sys\nfrom cardscope.corpus.batch import run_batch\nfrom cardscope.corpus.store import Corpus\n"
        "from cardscope.corpus.engines.local import LocalEngine\n"
        f"run_batch(Corpus({corpus.path!r}), {str(run)!r}, LocalEngine(1))\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while len(list((run / "rows").glob("*.parquet"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    kept = len(rows_paths(str(run)))
    assert 0 < kept < len(reference)
    state = run_batch(corpus, str(run), LocalEngine(1))
    assert state.reused >= kept - 1
    assert digests(str(run)) == reference
    assert not list(run.rglob("*.partial"))


def test_a_worker_killed_by_the_kernel_costs_nothing(corpus: Corpus, reference: dict[str, str], tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    killed = threading.Event()

    def kill_one() -> None:
        import psutil

        deadline = time.monotonic() + 60
        while not rows_paths(run) and time.monotonic() < deadline:
            time.sleep(0.01)
        workers = [
            child for child in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(child.cmdline())
        ]
        if workers:
            os.kill(workers[0].pid, signal.SIGKILL)
            killed.set()

    killer = threading.Thread(target=kill_one)
    killer.start()
    state = run_batch(corpus, run, LocalEngine(2))
    killer.join()
    assert killed.is_set()
    assert state.problems == {}
    assert digests(run) == reference


def test_another_version_does_the_work_again(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = str(tmp_path / "run")
    options = MapOptions(embedder="")
    run_batch(corpus, run, LocalEngine(1), options)
    assert run_batch(corpus, run, LocalEngine(1), options).reused == len(corpus.shards())
    monkeypatch.setattr(batch.cardscope, "__version__", "99.0")
    assert run_batch(corpus, run, LocalEngine(1), options).reused == 0


def test_a_damaged_shard_is_named_and_the_rest_is_scored(tmp_path: Path) -> None:
    path = tmp_path / "c"
    import_corpus(str(ROOT / "corpora" / "demo" / "cards.parquet"), path)
    corpus = Corpus(path)
    victim = corpus.shards()[3]
    part = path / victim.texts[0]
    part.write_bytes(part.read_bytes()[:100])
    state = run_batch(corpus, str(tmp_path / "run"), LocalEngine(1), MapOptions(embedder=""))
    assert list(state.problems) == [victim.name]
    assert victim.texts[0] in state.problems[victim.name]
    written = json.loads((tmp_path / "run" / "run.json").read_text())
    assert written["counts"]["done"] + written["counts"]["skipped"] == corpus.manifest.counts["cards"]
    assert written["counts"]["skipped"] > 0


def test_two_runs_at_a_time_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    run = str(tmp_path / "run")

    def nested(tasks: Sequence[Task], work: Callable[[Task], Done]) -> Iterator[Done]:
        with pytest.raises(InvalidCorpus, match="another session"):
            run_batch(corpus, run, LocalEngine(1), MapOptions(embedder=""))
        yield from map(work, tasks[:1])

    run_batch(corpus, run, nested, MapOptions(embedder=""))


def test_a_run_folder_that_cannot_be_written_is_said(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError):
        run_batch(corpus, str(tmp_path / "file"), LocalEngine(1), MapOptions(embedder=""))


def test_rows_hold_no_text_and_no_card_is_lost(corpus: Corpus, reference: dict[str, str], tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    run_batch(corpus, run, LocalEngine(1), MapOptions(embedder=""))
    tables = [pq.read_table(path) for path in rows_paths(run)]
    names = [name for table in tables for name in table["model_id"].to_pylist()]
    assert len(names) == corpus.manifest.counts["cards"]
    assert all(table["error"].null_count == table.num_rows for table in tables)
    longest = max(
        len(value)
        for table in tables
        for column in table.column_names
        if str(table.schema.field(column).type) == "string"
        for value in table[column].to_pylist()
        if value
    )
    assert longest < 200


def test_a_full_disk_is_said_and_what_was_done_is_kept(corpus: Corpus, tmp_path: Path) -> None:
    code = (
        "import resource\nfrom cardscope.corpus.batch import run_batch\nfrom cardscope.corpus.store import Corpus\n"
        "from cardscope.corpus.engines.local import LocalEngine\nfrom cardscope.corpus.rows import MapOptions\n"
        "from cardscope.errors import OutputError\nimport signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "import cardscope.parsing, cardscope.pipeline\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        f"    run_batch(Corpus({corpus.path!r}), {str(tmp_path / 'run')!r}, LocalEngine(1), MapOptions(embedder=''))\n"
        "except OutputError as error:\n    print('SAID', error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "SAID make room" in done.stdout, done.stdout + done.stderr
    assert not list((tmp_path / "run").rglob("*.partial"))
    assert not rows_paths(str(tmp_path / "run"))


def cards_of(folder: Path, names: Sequence[str]) -> Corpus:
    with CorpusWriter(folder) as writer:
        for name in names:
            writer.add({"model_id": name}, f"# {name}\n\nSome words on {name}.\n".encode())
    return Corpus(folder)


def test_rows_of_another_corpus_in_the_folder_of_the_run_do_not_count(tmp_path: Path) -> None:
    run = str(tmp_path / "run")
    many = cards_of(tmp_path / "many", [f"a/model-{number}" for number in range(40)])
    run_batch(many, run, LocalEngine(1), MapOptions(embedder=""))
    few = cards_of(tmp_path / "few", ["b/one", "b/two"])
    state = run_batch(few, run, LocalEngine(1), MapOptions(embedder=""))
    timeline = timeline_of(run, state, of=Edition.CURRENT, by=Period.YEAR)
    assert (state.done, timeline.cards, timeline.models) == (2, 2, 2)
    assert rows_paths(run) == list(state.rows)


def test_texts_that_are_missing_or_not_their_own_are_a_damaged_shard(tmp_path: Path) -> None:
    run, folder = str(tmp_path / "run"), tmp_path / "c"
    corpus = cards_of(folder, [f"a/model-{number}" for number in range(30)])
    whole = run_batch(corpus, run, LocalEngine(1), MapOptions(embedder=""))
    assert (whole.done, dict(whole.problems)) == (30, {})
    first, second = (folder / path for shard in corpus.shards()[:2] for path in shard.texts)
    kept = {path: path.read_bytes() for path in (first, second)}
    table = pq.read_table(first)
    other = table.set_column(table.schema.get_field_index("content"), "content", [[b"# Another\n"] * len(table)])
    pq.write_table(other.cast(table.schema), first)
    pq.write_table(pq.read_table(second).slice(1), second)
    for path in rows_paths(run):
        Path(path).unlink()
    state = run_batch(Corpus(folder), run, LocalEngine(1), MapOptions(embedder=""))
    assert sorted(state.problems) == [shard.name[:2] for shard in corpus.shards()[:2]]
    assert "not the one of its address" in next(iter(state.problems.values()))
    assert "are missing" in list(state.problems.values())[1]
    assert len(rows_paths(run)) == len(corpus.shards()) - 2
    for path, content in kept.items():
        path.write_bytes(content)
    assert run_batch(Corpus(folder), run, LocalEngine(1), MapOptions(embedder="")).done == 30


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_workers_do_not_outlive_whom_they_work_for(tmp_path: Path, how: signal.Signals) -> None:
    import psutil

    folder = tmp_path / "c"
    cards_of(folder, [f"a/model-{number}" for number in range(3000)])
    words = [sys.executable, "-m", "cardscope", "score", str(folder), "--no-vectors", "--workers", "2", "-q"]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.01)
        workers = [each for each in psutil.Process(child.pid).children() if "spawn_main" in " ".join(each.cmdline())]
    assert workers
    child.send_signal(how)
    child.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


def test_a_run_is_kept_out_of_its_corpus(tmp_path: Path) -> None:
    corpus = cards_of(tmp_path / "c", ["a/one"])
    with pytest.raises(UsageError, match="lies in"):
        run_batch(corpus, str(tmp_path / "c" / "run"), LocalEngine(1))
