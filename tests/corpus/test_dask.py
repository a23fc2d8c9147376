"""The Dask engine on a real scheduler with workers in processes of their own, over TCP: same rows as one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cardscope.corpus.batch import rows_paths, run_batch
from cardscope.corpus.engines.dask import DaskEngine
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.rows import MapOptions
from cardscope.corpus.store import Corpus
from cardscope.errors import MissingExtra, Unreachable, UsageError
from tests.corpus.rowfiles import digests

pytest.importorskip("distributed", reason="the extra cluster is not installed")


class Cluster:
    """A scheduler and workers as their own processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.file = folder / "scheduler.json"
        self.start("dask", "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(self.file))
        deadline = time.monotonic() + 30
        while not self.file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

    @property
    def address(self) -> str:
        import json

        return str(json.loads(self.file.read_text())["address"])

    def worker(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        name = f"w{len(self.processes)}"
        return self.start(
            "dask", "worker", self.address, "--nthreads", "1", "--no-dashboard", "--name", name,
            "--local-directory", str(self.folder / name), *words, **environment,
        )  # fmt: skip

    def start(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [str(Path(sys.executable).parent / words[0]), *words[1:]]
        log = (self.folder / f"log{len(self.processes)}").open("wb")
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent), **environment}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    found = Cluster(folder)
    try:
        yield found
    finally:
        found.stop()


@pytest.mark.slow
def test_two_workers_over_tcp_give_the_same_rows(
    corpus: Corpus,
    reference: dict[str, str],
    tmp_path: Path,
) -> None:
    with cluster(tmp_path) as found:
        found.worker()
        found.worker()
        state = run_batch(corpus, str(tmp_path / "run"), DaskEngine(found.address))
    assert state.problems == {}
    assert digests(str(tmp_path / "run")) == reference


@pytest.mark.slow
def test_one_worker_killed_and_one_that_joins_late(
    corpus: Corpus,
    reference: dict[str, str],
    tmp_path: Path,
) -> None:
    run = str(tmp_path / "run")
    with cluster(tmp_path) as found:
        first = found.worker("--no-nanny")

        def disturb() -> None:
            deadline = time.monotonic() + 60
            while not rows_paths(run) and time.monotonic() < deadline:
                time.sleep(0.01)
            found.worker("--no-nanny")
            first.send_signal(signal.SIGKILL)

        helper = threading.Thread(target=disturb)
        helper.start()
        state = run_batch(corpus, run, DaskEngine(found.address))
        helper.join()
        assert first.wait(10) == -signal.SIGKILL
    assert state.problems == {}
    assert digests(run) == reference


@pytest.mark.slow
def test_a_scheduler_that_dies_is_said_and_what_was_done_is_kept(
    corpus: Corpus, reference: dict[str, str], tmp_path: Path
) -> None:
    run = str(tmp_path / "run")
    with cluster(tmp_path) as found:
        found.worker("--no-nanny")

        def disturb() -> None:
            deadline = time.monotonic() + 60
            while not rows_paths(run) and time.monotonic() < deadline:
                time.sleep(0.01)
            found.processes[0].send_signal(signal.SIGKILL)

        helper = threading.Thread(target=disturb)
        helper.start()
        with pytest.raises(Unreachable, match="has gone away"):
            run_batch(corpus, run, DaskEngine(found.address))
        helper.join()
    assert rows_paths(run)
    assert run_batch(corpus, run, LocalEngine(1)).reused > 0
    assert digests(run) == reference


@pytest.mark.slow
@pytest.mark.parametrize("terminate", ["0.95", "False"], ids=["is ended again and again", "is paused and never ended"])
def test_a_worker_that_runs_out_of_memory_is_survived(
    corpus: Corpus, reference: dict[str, str], tmp_path: Path, terminate: str
) -> None:
    run = str(tmp_path / "run")
    with cluster(tmp_path) as found:
        # Too small for the interpreter with its libraries.
        small = found.worker("--memory-limit", "60MB", DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE=terminate)
        found.worker("--memory-limit", "0")
        state = run_batch(corpus, run, DaskEngine(found.address))
        assert small.poll() is None or terminate == "False"
    assert state.problems == {}
    assert digests(run) == reference


@pytest.mark.slow
def test_workers_of_another_version_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    package = tmp_path / "other" / "sitecustomize.py"
    package.parent.mkdir()
    package.write_text("import cardscope\ncardscope.__version__ = '0.0.0'\n")
    with cluster(tmp_path) as found:
        root = str(Path(__file__).parent.parent.parent)
        found.worker(PYTHONPATH=f"{package.parent}{os.pathsep}{root}")
        with pytest.raises(UsageError, match=r"cardscope 0\.1\.0 here, 0\.0\.0 there"):
            run_batch(corpus, str(tmp_path / "run"), DaskEngine(found.address), MapOptions(embedder=""))


@pytest.mark.slow
def test_a_cluster_of_its_own(corpus: Corpus, reference: dict[str, str], tmp_path: Path) -> None:
    state = run_batch(corpus, str(tmp_path / "run"), DaskEngine(workers=2))
    assert state.problems == {}
    assert digests(str(tmp_path / "run")) == reference


def test_no_scheduler_there_is_said(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no scheduler"):
        run_batch(corpus, str(tmp_path / "run"), DaskEngine("tcp://127.0.0.1:9", timeout=1), MapOptions(embedder=""))


def test_a_missing_extra_is_named(
    corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra) as caught:
        run_batch(corpus, str(tmp_path / "run"), DaskEngine(), MapOptions(embedder=""))
    assert "cardscope[cluster]" in caught.value.hint
