"""Every command with a reader that goes away (``| head -1``) or a place without room: quiet, and no false failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.server import HubServer
from tests.hub.world import HubModel


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipes") / "hub"
    made = ["simulate", str(path), "--models", "100", "--workers", "1", "-q"]
    assert subprocess.run([sys.executable, "-m", "cardscope", *made]).returncode == 0
    return path


def closed(stream: str, *words: str, **environment: str) -> tuple[int, bytes]:
    """Exit code, and what the other stream got, when nobody reads one of the two."""
    read, write = os.pipe()
    os.close(read)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: write}
    command = [sys.executable, "-m", "cardscope", *words]
    with subprocess.Popen(command, env={**os.environ, **environment}, **streams) as running:
        os.close(write)
        out, talk = running.communicate()
    return running.returncode, out if stream == "stderr" else talk


COMMANDS = (
    "--help", "--version", "analyze --help", "corpus --help", "license mit mit", "license mit mit --format json",
    "corpus info CORPUS", "corpus info CORPUS --format json", "corpus diff CORPUS CORPUS", "corpus verify CORPUS",
    "score CORPUS --no-vectors --workers 1 --run CORPUS.run --by year",
)  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_nobody_reads_the_output(corpus: Path, line: str) -> None:
    code, talk = closed("stdout", *line.replace("CORPUS", str(corpus)).split())
    assert code == 0
    assert talk in (b"", b"whole\n")


@pytest.mark.parametrize("line", ["corpus verify CORPUS", "corpus sample CORPUS CORPUS.sample -n 5", "simulate NEW"])
def test_nobody_hears_the_talk(corpus: Path, tmp_path: Path, line: str) -> None:
    words = line.replace("CORPUS", str(corpus)).replace("NEW", f"{tmp_path / 'new'} --models 100 --workers 1").split()
    assert closed("stderr", *words) == (0, b"")


def test_damage_is_told_by_the_exit_code_all_the_same(corpus: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    part = next(path for path in copy.rglob("part-*.parquet") if path.parent.parent.name == "texts")
    part.write_bytes(part.read_bytes()[:-1])
    code, talk = closed("stdout", "corpus", "verify", str(copy))
    assert (code, talk.endswith(b" problems\n")) == (1, True)


def test_plan_of_a_crawl_that_nobody_reads(tmp_path: Path) -> None:
    with HubServer([HubModel("owl/open", b"# Owl\n")]) as server:
        where = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf")}
        assert closed("stdout", "corpus", "crawl", str(tmp_path / "c"), "--dry-run", **where) == (0, b"")
        assert closed("stderr", "corpus", "crawl", str(tmp_path / "c"), **where) == (0, b"")
        assert (tmp_path / "c" / "corpus.toml").exists()


@pytest.mark.parametrize("words", [("analyze",), ("analyze", "a b c"), ("license", "mit", "mit", "--relation", "x")])
def test_error_that_nobody_hears_keeps_its_exit_code(words: tuple[str, ...]) -> None:
    assert closed("stderr", *words) == (2, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_no_room_behind_stdout_is_an_error_and_no_bug(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Owl\n\nIt sees at night.\n", encoding="utf-8")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cardscope", "analyze", str(readme)], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 3
    assert done.stderr.startswith(b"error: stdout: cannot be written (No space left on device)\nhint: ")
