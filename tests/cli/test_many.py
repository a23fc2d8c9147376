"""``cardscope analyze`` with many targets: lists, one source for all, each result at once, and nothing lost to one."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardscope.cli.main import _guarded
from cardscope.cli.targets import Reader, listed
from cardscope.errors import UsageError
from cardscope.types import SkippedCard, SkipReason
from tests.cli.test_analyze import CARD, FLAGSHIP, FORBIDDEN, hub, run
from tests.hub.server import HubServer
from tests.hub.world import HubModel

OTHER = "oddbin/renamed-now"
ANALYZE = (sys.executable, "-m", "cardscope", "analyze")


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "README.md"
    path.parent.mkdir()
    path.write_text(CARD, encoding="utf-8")
    return path


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"# nothing\n\n   \n\t# more\n", []),
        (b"a/b\nc/d", ["a/b", "c/d"]),
        (b"\xef\xbb\xbfa/b\r\n  c/d \r\n", ["a/b", "c/d"]),
        (b"a/b # said behind it\n./C#/README.md\n", ["a/b # said behind it", "./C#/README.md"]),
        (b"caf\xe9.md\n", ["caf\udce9.md"]),
        (b"x" * 10_000 + b"\na/b\n", ["x" * 4096, "a/b"]),
        (b"#" + b"x" * 10_000 + b"\na/b\n", ["a/b"]),
    ],
)
def test_what_a_list_holds(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    (tmp_path / "list").write_bytes(content)
    assert list(listed(tmp_path / "list")) == expected


def test_targets_of_a_file_of_stdin_and_of_the_line(readme: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"# two\n\n{FLAGSHIP}\n{OTHER}\n", encoding="utf-8")
    words = (str(readme), "--source", "demo", "--format", "jsonl")
    done = run(*words, "--targets", str(tmp_path / "list"))
    assert done.returncode == 0, done.stderr
    assert [line["model_id"] for line in lines(done)] == [None, FLAGSHIP, OTHER]
    assert run(*words, "--targets", "-", given=(tmp_path / "list").read_bytes()).stdout == done.stdout


def test_each_of_many_is_told_as_it_is_alone(tmp_path: Path) -> None:
    """A parent compared for one card must not leave its mark (the embedder among the versions) on the next one."""
    together = run(FLAGSHIP, OTHER, "--source", "demo", "--format", "jsonl").stdout
    alone = [run(name, "--source", "demo", "--format", "jsonl").stdout for name in (FLAGSHIP, OTHER)]
    assert together == b"".join(alone)


def test_list_that_cannot_be(readme: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# none today\n")
    for words in ([], ["--targets", str(tmp_path / "none")], ["--targets", str(tmp_path)],
                  ["--targets", str(tmp_path / "empty"), "--format", "json"]):  # fmt: skip
        assert run(*words).returncode == 2, words
    done = run("--targets", str(tmp_path / "empty"), "--format", "jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", f"{tmp_path / 'empty'}: holds no targets\n".encode())
    with pytest.raises(UsageError, match="cannot be read"):
        listed(Path("a\0b"))


# --- one among many -----------------------------------------------------------------------------------------------


def test_target_that_can_be_none_is_skipped_among_others(readme: Path, tmp_path: Path) -> None:
    wrong = ["a b c", "https://huggingface.co/datasets/a/b", "https://[x", "x/y/z/q", "", "x" * 5000]
    done = run(*wrong, str(readme), "-", "-", "--format", "jsonl", given=CARD.encode())
    *skipped, first, second, third = lines(done)
    assert done.returncode == 3
    assert [line["skipped"]["subject"] for line in skipped] == [word or "''" for word in wrong]  # type: ignore[index]
    assert {line["skipped"]["reason"] for line in skipped} == {"not-found"}  # type: ignore[index]
    assert first["sections"] == second["sections"]
    assert third["skipped"]["message"] == "stdin was read already"  # type: ignore[index]
    assert b"skipped: a b c: is neither the id of a model nor a file here (not-found)\nhint: " in done.stderr
    assert b"(not-found)" in next(line for line in done.stderr.splitlines() if line.startswith(b"skipped: xxx"))
    pinned = run(str(readme), "a b", "--revision", "main", "--format", "jsonl")
    assert pinned.returncode == 3
    assert lines(pinned)[0]["skipped"]["message"] == "a card at hand has no revisions"  # type: ignore[index]


@pytest.mark.parametrize(("where", "code"), [("foo://nowhere", 2), ("./no-such-corpus", 3)])
def test_source_that_cannot_be_is_no_skipped_target(where: str, code: int) -> None:
    done = run("a b", "c/d", "e/f", "--source", where, "--format", "jsonl")
    assert done.returncode == code
    assert len(lines(done)) == 1
    assert b"error: " in done.stderr


def test_list_of_one_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a b c\n")
    assert run("a b c").returncode == 2
    done = run("--targets", str(tmp_path / "list"))
    assert done.returncode == 3
    assert b"a b c" in done.stdout


def test_card_on_stdin_beside_a_list_on_stdin_is_skipped() -> None:
    done = run("-", "--targets", "-", "--format", "jsonl", given=b"a b\n-\n")
    assert [line["skipped"]["subject"] for line in lines(done)] == ["-", "a b", "-"]  # type: ignore[index]


def test_lines_of_a_list_cannot_draw(tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e[red]x"
    (tmp_path / "list").write_text(f"{evil}\n./{evil}.md\nx/y{evil}\nhttps://hf.co/datasets/{evil}\n", encoding="utf-8")
    for style in ("terminal", "jsonl", "markdown"):
        done = run("--targets", str(tmp_path / "list"), "--format", style)
        assert done.returncode == 3
        assert not FORBIDDEN.search((done.stdout + done.stderr).decode())


def test_broken_source_ends_the_run_and_leaves_the_old_file(readme: Path, tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("old")
    with HubServer([HubModel("owl/open", CARD.encode())], tokens={}) as server:
        where = hub(server, tmp_path, HF_TOKEN="hf_wrongwrongwrong")
        words = (str(readme), "owl/open", "--format", "jsonl")
        shown, kept = run(*words, **where), run(*words, "-o", str(place), **where)
    assert (shown.returncode, len(lines(shown))) == (3, 1)
    assert (kept.returncode, place.read_text()) == (3, "old")
    assert not list(tmp_path.glob("*.partial"))


# --- one source, and a line at a time -----------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["terminal", "jsonl", "markdown"])
def test_source_is_opened_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, style: str) -> None:
    from cardscope.sources.corpus import CorpusSource

    opened: list[object] = []
    plain = CorpusSource.__init__

    def counted(self: CorpusSource, path: str, **more: bool) -> None:
        opened.append(path)
        plain(self, path, **more)

    monkeypatch.setattr(CorpusSource, "__init__", counted)
    words = ["analyze", FLAGSHIP, OTHER, "no/body", "--source", "demo", "--format", style, "-o", str(tmp_path / "out")]
    assert _guarded(words) == 3
    assert opened == ["demo"]


def test_no_result_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Weak(SkippedCard):
        """One that can be watched: the plain one has slots."""

    alive: weakref.WeakSet[Weak] = weakref.WeakSet()
    most = 0

    def read(self: Reader, target: str) -> SkippedCard:
        nonlocal most
        most = max(most, len(alive))
        result = Weak(None, "fetch", SkipReason.NOT_FOUND, target)
        alive.add(result)
        return result

    monkeypatch.setattr(Reader, "read", read)
    (tmp_path / "list").write_text("".join(f"a/b{number}\n" for number in range(100)))
    words = ["analyze", "--targets", str(tmp_path / "list"), "--format", "jsonl", "-o", str(tmp_path / "out")]
    assert _guarded(words) == 3
    assert len((tmp_path / "out").read_text().splitlines()) == 100
    assert most <= 2


@pytest.fixture
def stream() -> Iterator[subprocess.Popen[bytes]]:
    words = (*ANALYZE, "--targets", "-", "--source", "demo", "--format", "jsonl")
    pipe = subprocess.PIPE
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env=buffered) as running:
        yield running
        running.kill()


def feed(running: subprocess.Popen[bytes], *names: str) -> None:
    assert running.stdin is not None
    running.stdin.write("".join(f"{name}\n" for name in names).encode())


def feed_without_end(running: subprocess.Popen[bytes], name: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        feed(running, name)


def line_of(running: subprocess.Popen[bytes]) -> dict[str, object]:
    assert running.stdout is not None
    text = b""
    while not text.endswith(b"\n"):
        assert select.select([running.stdout], [], [], 60)[0], "no line within a minute"
        piece = os.read(running.stdout.fileno(), 1 << 16)
        assert piece, "the stream ended"
        text += piece
    answer: dict[str, object] = json.loads(text)
    return answer


def test_each_line_comes_before_the_next_target_is_given(stream: subprocess.Popen[bytes]) -> None:
    for name in (FLAGSHIP, "no/body", OTHER):
        feed(stream, name)
        assert line_of(stream)["model_id"] == name
    assert stream.stdin is not None
    stream.stdin.close()
    assert stream.wait(60) == 3


def test_reader_that_goes_away_ends_an_endless_list(stream: subprocess.Popen[bytes]) -> None:
    feed(stream, OTHER)
    line_of(stream)
    assert stream.stdout is not None
    assert stream.stderr is not None
    stream.stdout.close()
    with pytest.raises(BrokenPipeError):
        feed_without_end(stream, OTHER)
    assert stream.wait(60) == 0
    assert stream.stderr.read() == b""


def test_gate_looks_at_all_although_nobody_reads(readme: Path) -> None:
    words = (FLAGSHIP, str(readme), "--source", "demo", "--format", "jsonl")
    high, low = (line["score"]["quality"]["value"] for line in lines(run(*words)))  # type: ignore[index]
    assert low < high
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run((*ANALYZE, *words, "--fail-under", str(high)), stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_place_that_can_be_no_file_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read: list[str] = []
    monkeypatch.setattr(Reader, "read", lambda self, target: read.append(target))
    for place in (tmp_path, tmp_path / "no" / "folder"):
        assert _guarded(["analyze", "a/b", "c/d", "-o", str(place)]) == 3
    assert read == []
    assert "cannot be written (Is a directory)" in capsys.readouterr().err
