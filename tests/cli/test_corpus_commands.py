"""The commands on a corpus, as a person calls them: import, info, verify, sample, diff, score."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "corpora" / "demo" / "cards.parquet"


def cardscope(*words: str | Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}
    command = [sys.executable, "-m", "cardscope", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "demo"
    done = cardscope("corpus", "import", DEMO, path, "--title", "the demo hub")
    assert done.returncode == 0, done.stderr
    assert "0 rejected" in done.stderr
    return path


def test_info_verify_sample_diff(corpus: Path, tmp_path: Path) -> None:
    info = json.loads(cardscope("corpus", "info", corpus, "--format", "json").stdout)
    assert info["title"] == "the demo hub"
    assert info["models"] == info["counts"]["cards"] > 200
    assert "months" in cardscope("corpus", "info", corpus).stdout
    whole = cardscope("corpus", "verify", corpus)
    assert (whole.returncode, whole.stderr.strip()) == (0, "whole")
    assert cardscope("corpus", "sample", corpus, tmp_path / "s", "-n", "20").returncode == 0
    diff = json.loads(cardscope("corpus", "diff", corpus, tmp_path / "s", "--format", "json").stdout)
    assert len(diff["removed"]) == info["models"] - 20


def test_analyze_reads_a_model_of_a_corpus_as_it_reads_one_of_its_table(corpus: Path) -> None:
    """What lies beside the table is not in the corpus, so a model is compared that is a root and has no children."""
    model = "oddbin/renamed-now"
    out_of = {}
    for source in (corpus, DEMO):
        done = cardscope("analyze", model, "--source", source, "--format", "json", "-q")
        assert done.returncode == 0, done.stderr
        out_of[source] = json.loads(done.stdout)
    for part in ("sections", "coverage", "generators", "findings", "score", "dates", "revision"):
        assert out_of[corpus][part] == out_of[DEMO][part]
    missing = cardscope("analyze", "nobody/renamed-now", "--source", corpus)
    assert missing.returncode == 3
    assert f"did you mean {model}?" in missing.stdout


def test_verify_says_what_is_damaged(corpus: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    part = next(path for path in copy.rglob("part-*.parquet") if path.parent.parent.name == "texts")
    part.write_bytes(part.read_bytes()[:-1])
    done = cardscope("corpus", "verify", copy)
    assert done.returncode == 1
    assert part.relative_to(copy).as_posix() in done.stdout


def test_score_in_every_format(corpus: Path, tmp_path: Path) -> None:
    words = (
        "score",
        corpus,
        "--run",
        tmp_path / "run",
        "--by",
        "year",
        "--no-vectors",
        "--workers",
        "1",
        "--group",
        "kind",
    )
    text = cardscope(*words)
    assert text.returncode == 0, text.stderr
    assert "What moves" in text.stdout
    assert "By kind" in text.stdout
    assert "By licence" not in text.stdout
    content = json.loads(cardscope(*words, "--format", "json").stdout)
    assert content["schema"] == "cardscope.timeline/1"
    target = tmp_path / "timeline.md"
    done = cardscope(*words, "--format", "markdown", "-o", target)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.read_text().startswith("# Cards over time")
    state = json.loads((tmp_path / "run" / "run.json").read_text())
    assert state["counts"]["done"] == content["counts"]["models"]


def test_what_is_no_corpus_is_said(tmp_path: Path) -> None:
    done = cardscope("score", tmp_path)
    assert done.returncode == 3
    assert "corpus.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_score_refuses_a_wrong_embedder_before_it_begins(corpus: Path, tmp_path: Path) -> None:
    words = ("score", corpus, "--run", tmp_path / "run", "--embedder", "./no-such-folder")
    done = cardscope(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is neither an embedder nor a folder" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("words", [["simulate"], ["corpus", "crawl"], ["corpus", "import", str(DEMO)]])
def test_place_that_cannot_be_made_is_no_bug_and_said_once(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / "file" / "corpus"
    done = cardscope(*words, place)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: {place}: the corpus cannot be written (Not a directory)\nhint: make room")


def test_help_lines_are_whole() -> None:
    for words in ((), ("corpus",)):
        assert "..." not in cardscope(*words, "--help").stdout.partition("Commands:")[2]


def test_an_import_says_why_rows_were_rejected_and_fails_when_nothing_came(tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text('{"model_id": "a/one", "card": "# One"}\n{\n[1]\n{"model_id": "a/two"}\n')
    some = cardscope("corpus", "import", tmp_path / "some.jsonl", tmp_path / "some")
    assert some.returncode == 0, some.stderr
    assert "1 cards" in some.stderr
    assert "rejected: 2 bad-json, 1 no-card" in some.stderr
    (tmp_path / "none.jsonl").write_text('[\n{"model_id": "a/one", "card": "# One"},\n')
    none = cardscope("corpus", "import", tmp_path / "none.jsonl", tmp_path / "none")
    assert none.returncode == 3
    assert "rejected: 2 bad-json" in none.stderr
