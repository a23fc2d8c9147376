"""``cardscope analyze`` as a person runs it: targets, formats, exit codes, files, pipes; in real processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hub.server import HubServer
from tests.hub.world import HubModel

FLAGSHIP = "saltmarsh-ai/ledger-7b-chat"
CARD = "# Tern\n\nTern tells terns from gulls.\n\n## Limitations\n\nIt fails at night in 3 of 10 pictures.\n"
SGR = re.compile(r"\x1b\[[0-9;]*m")
#: What no output may hold, colours aside: controls but newline and tab, C1, direction marks and overrides.
FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def run(*words: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {k: v for k, v in os.environ.items() if k not in ("HF_TOKEN", "FORCE_COLOR", "NO_COLOR", "CARDSCOPE_DEBUG")}
    environment = {"COLUMNS": "80", **environment}
    return subprocess.run(
        [sys.executable, "-m", "cardscope", "analyze", *words], capture_output=True, env={**kept, **environment},
        input=given,
    )  # fmt: skip


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "README.md"
    path.parent.mkdir()
    path.write_text(CARD, encoding="utf-8")
    return path


# --- targets ------------------------------------------------------------------------------------------------------


def test_file_folder_and_stdin_say_the_same(readme: Path) -> None:
    answers = [
        json.loads(run(*target, "--format", "json", given=given).stdout)
        for target, given in (([str(readme)], b""), ([str(readme.parent)], b""), (["-"], CARD.encode()))
    ]
    assert [answer["sections"][-1]["heading"] for answer in answers] == ["Limitations"] * 3
    assert answers[0] == answers[1] == answers[2]


def test_model_of_the_demo() -> None:
    done = run(FLAGSHIP, "--source", "demo", "--format", "json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["model_id"] == FLAGSHIP
    assert [a["depth"] for a in answer["lineage"]["ancestors"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nothing.md", "not-found"), ("empty.md", "empty-readme"), ("blank.md", "empty-readme"), ("bare", "no-readme")],
)
def test_what_cannot_be_read_exits_3_with_what_and_why(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty.md").write_bytes(b"")
    (tmp_path / "blank.md").write_bytes(b"\xef\xbb\xbf \r\n\n")
    (tmp_path / "bare").mkdir()
    done = run(str(tmp_path / name))
    assert done.returncode == 3
    assert reason in done.stdout.decode()
    answer = json.loads(run(str(tmp_path / name), "--format", "json").stdout)
    assert answer["skipped"]["reason"] == reason
    assert answer["skipped"]["hint"]


def test_bytes_that_are_no_text_are_analysed(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(bytes(range(256)) * 20)
    assert run(str(path)).returncode == 0


@pytest.mark.parametrize("target", ["a b c", "", "https://huggingface.co/datasets/a/b", "x/y/z/q"])
def test_word_that_is_no_model_is_usage(target: str) -> None:
    done = run(target)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("error: ")
    assert b"Traceback" not in done.stderr


# --- the Hub ------------------------------------------------------------------------------------------------------


def hub(server: HubServer, tmp_path: Path, **more: str) -> Mapping[str, str]:
    return {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf"), **more}


def test_outcomes_of_the_hub(tmp_path: Path) -> None:
    models = [
        HubModel("owl/open", CARD.encode(), renamed_from=("owl/before",)),
        HubModel("owl/gated", CARD.encode(), gated="manual"),
        HubModel("owl/bare", None),
        HubModel("owl/empty", b""),
        HubModel("owl/hidden", CARD.encode(), private=True),
    ]
    with HubServer(models, tokens={"hf_secretsecret": ["*"]}) as server:
        where = hub(server, tmp_path)
        for name, reason in (
            ("owl/gated", "gated"),
            ("owl/bare", "no-readme"),
            ("owl/empty", "empty-readme"),
            ("owl/hidden", "not-found"),
            ("owl/none", "not-found"),
        ):
            done = run(name, **where)
            assert (done.returncode, name in done.stdout.decode(), reason in done.stdout.decode()) == (3, True, True)
        renamed = json.loads(run("owl/before", "--format", "json", **where).stdout)
        assert renamed["model_id"] == "owl/open"
        opened = run("owl/gated", "owl/hidden", "--format", "jsonl", HF_TOKEN="hf_secretsecret", **where)
        assert opened.returncode == 0
        assert b"hf_secretsecret" not in opened.stdout + opened.stderr
        page = run(f"{server.url}/owl/open/blob/main/README.md", "--format", "json", **where)
        assert json.loads(page.stdout)["model_id"] == "owl/open"
        lost = run("owl/open", "--revision", "no-such", **where)
        assert (lost.returncode, b"no-such" in lost.stdout) == (3, True)


def test_wrong_token_is_an_error_that_does_not_say_it(tmp_path: Path) -> None:
    with HubServer([HubModel("owl/open", CARD.encode())], tokens={}) as server:
        for more in ({}, {"CARDSCOPE_DEBUG": "1"}):
            done = run("owl/open", HF_TOKEN="hf_wrongwrongwrong", **hub(server, tmp_path), **more)
            assert done.returncode == 3
            assert b"hf_wrongwrongwrong" not in done.stdout + done.stderr


def test_no_network(tmp_path: Path) -> None:
    where = {"HF_HOME": str(tmp_path / "hf")}
    offline = run("owl/open", HF_HUB_OFFLINE="1", **where)
    refused = run("owl/open", HF_ENDPOINT="http://127.0.0.1:9", **where)
    assert (offline.returncode, refused.returncode) == (3, 3)
    assert b"offline" in offline.stdout
    assert b"offline" in refused.stdout


def test_card_out_of_the_cache_is_said_to_be_one(tmp_path: Path) -> None:
    with HubServer([HubModel("owl/open", CARD.encode())]) as server:
        where = hub(server, tmp_path)
        online = run("owl/open", "--format", "json", **where)
    options = tmp_path / "options.toml"
    options.write_text("[source]\ntries = 1\n")
    gone = run("owl/open", "--format", "json", "--options", str(options), **where)
    forbidden = run("owl/open", "--format", "json", HF_HUB_OFFLINE="1", **where)
    assert [done.returncode for done in (online, gone, forbidden)] == [0, 0, 0]
    assert [json.loads(done.stdout)["cached"] for done in (online, gone, forbidden)] == [False, True, True]
    assert online.stderr == b""
    for done in (gone, forbidden):
        assert done.stderr.startswith(b"note: owl/open: is the card in the client's cache; the Hub was not asked")


# --- formats and files --------------------------------------------------------------------------------------------


def test_output_file_holds_what_stdout_would(readme: Path, tmp_path: Path) -> None:
    for style in ("terminal", "json", "jsonl", "markdown"):
        shown = run(str(readme), "--format", style)
        kept = run(str(readme), "--format", style, "-o", str(tmp_path / style))
        assert (kept.returncode, kept.stdout, kept.stderr) == (0, b"", b"")
        assert (tmp_path / style).read_bytes() == shown.stdout
    assert not list(tmp_path.glob("*.partial"))


def test_output_goes_through_links_and_into_pipes(readme: Path, tmp_path: Path) -> None:
    """What is no file is written to and stays what it is: a rename over it would take a device away from everybody."""
    import threading

    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    done = run(str(readme), "--format", "json", "-o", str(pipe))
    reader.join()
    assert (done.returncode, pipe.is_fifo()) == (0, True)
    link, target = tmp_path / "link.json", tmp_path / "target.json"
    link.symlink_to(target)
    target.write_text("old")
    assert run(str(readme), "--format", "json", "-o", str(link)).returncode == 0
    assert link.is_symlink()
    assert target.read_bytes() == got[0]


def test_skipped_card_is_told_on_stderr_when_the_report_goes_to_a_file(tmp_path: Path) -> None:
    done = run(str(tmp_path / "gone.md"), "--format", "json", "-o", str(tmp_path / "out.json"))
    assert done.returncode == 3
    assert b"not-found" in done.stderr
    assert b"hint: " in done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["skipped"]["reason"] == "not-found"


def test_skipped_card_at_hand_is_named_everywhere(tmp_path: Path) -> None:
    """An empty file said only that it is empty, and among several nobody knew which."""
    path = tmp_path / "empty.md"
    path.write_bytes(b"")
    for style in ("terminal", "json", "jsonl", "markdown"):
        done = run(str(path), "--format", style, COLUMNS="160")
        assert str(path) in done.stdout.decode()
        assert (f"skipped: {path}: has an empty README (empty-readme)" in done.stderr.decode()) == (style != "terminal")
    assert run("-", "--format", "json").stderr.startswith(b"skipped: stdin: has an empty README")


def test_place_that_cannot_be_written(readme: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "no" / "folder" / "x", tmp_path):
        done = run(str(readme), "-o", str(place))
        assert done.returncode == 3
        assert b"cannot be written" in done.stderr


def test_several_targets_in_lines(readme: Path, tmp_path: Path) -> None:
    done = run(str(readme), str(tmp_path / "gone.md"), "--format", "jsonl")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert ["skipped" in line for line in lines] == [False, True]
    assert run(str(readme), str(readme), "--format", "json").returncode == 2


def test_colour_follows_the_terminal_and_its_wishes(readme: Path) -> None:
    assert b"\x1b" not in run(str(readme)).stdout
    assert b"\x1b[" in run(str(readme), FORCE_COLOR="1").stdout
    assert b"\x1b" not in run(str(readme), FORCE_COLOR="1", NO_COLOR="1").stdout


def test_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.Popen(
        [sys.executable, "-m", "cardscope", "analyze", FLAGSHIP, "--source", "demo"],
        stdout=write, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(write)
    _, talk = done.communicate()
    assert (done.returncode, talk) == (0, b"")


# --- options ------------------------------------------------------------------------------------------------------


def test_fail_under(readme: Path) -> None:
    assert run(str(readme), "--fail-under", "0").returncode == 0
    assert run(str(readme), "--fail-under", "99").returncode == 1
    assert run(str(readme), "--fail-under", "101").returncode == 2


def test_explain_shows_every_question(readme: Path) -> None:
    short, full = run(str(readme)).stdout, run(str(readme), "--explain").stdout
    assert len(full.splitlines()) > len(short.splitlines())


@pytest.mark.parametrize(
    "words", [["--format", "yaml"], ["--options", "no.toml"], ["--tables", "no"], ["--nonsense"], ["--embedder"]]
)
def test_option_that_cannot_be_is_usage(readme: Path, words: list[str]) -> None:
    done = run(str(readme), *words)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["README", "--revision", "main"], "a card at hand has no revisions"),
        (["README", "--tables", "EMPTY"], "holds no table"),
        (["README", "--tables", "TYPO"], "licences.toml is the name of no table"),
    ],
)
def test_option_that_would_change_nothing_is_usage(readme: Path, tmp_path: Path, words: list[str], said: str) -> None:
    places = {"README": readme, "EMPTY": tmp_path / "empty", "TYPO": tmp_path / "typo"}
    places["EMPTY"].mkdir()
    places["TYPO"].mkdir()
    (places["TYPO"] / "licences.toml").write_text("")
    done = run(*(str(places.get(word, word)) for word in words))
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
    assert b"hint: " in done.stderr


@pytest.mark.parametrize("name", ["ledger-7b-chat", "someone/Ledger-7B-chat"])
def test_model_that_is_not_in_the_corpus_may_be_meant_otherwise(name: str) -> None:
    done = run(name, "--source", "demo", "--format", "json")
    skipped = json.loads(done.stdout)["skipped"]
    assert done.returncode == 3
    assert skipped["message"] == "is not in the demo hub"
    assert skipped["hint"] == f"did you mean {FLAGSHIP}?"


def test_debugging_shows_the_traceback_and_keeps_the_exit_code() -> None:
    done = run("a b c", CARDSCOPE_DEBUG="1")
    assert done.returncode == 2
    assert b"Traceback" in done.stderr


def test_embedders_of_choice(tmp_path: Path) -> None:
    for name in ("static", "lexical"):
        done = run(FLAGSHIP, "--source", "demo", "--embedder", name, "--format", "json")
        answer = json.loads(done.stdout)
        assert name in answer["versions"]["embedder"] or name == "static"
        assert 0 < answer["kinship"][0]["similarity"]["whole"] < 1


@pytest.mark.parametrize("name", ["no such thing", "./no-such-folder", "README.md", "EMPTY", "no/such-model", "lexcal"])
def test_embedder_that_is_none_is_usage_although_no_parent_is_compared(readme: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    name = name.replace("EMPTY", str(tmp_path / "empty"))
    with HubServer([HubModel("owl/open", CARD.encode())]) as server:
        done = run(str(readme), "--embedder", name, **hub(server, tmp_path))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"error: {name}: is ")
    assert b"hint: give static, lexical, the id of" in done.stderr


def test_embedder_that_nobody_can_be_asked_for_is_told_at_once(readme: Path, tmp_path: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    done = run(str(readme), "--embedder", "someone/some-encoder", **offline)
    assert done.returncode == 3
    assert b"someone/some-encoder: is not in the client's cache, and the Hub cannot be asked for it" in done.stderr
    # What is in the cache is tried, and here it is nothing that could be loaded.
    commit = "0" * 40
    held = tmp_path / "home/hub/models--someone--some-encoder"
    (held / "refs").mkdir(parents=True)
    (held / "refs/main").write_text(commit)
    (held / "snapshots" / commit).mkdir(parents=True)
    (held / "snapshots" / commit / "modules.json").write_text("[]")
    done = run(str(readme), "--embedder", "someone/some-encoder", **offline)
    assert b"cannot be asked for it" not in done.stderr


@pytest.mark.neural
def test_embedder_that_cannot_be_loaded_is_told_before_any_work(readme: Path, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="needs the extra neural")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    done = run(str(readme), "--embedder", str(broken))
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"cannot be loaded" in done.stderr


def test_words_of_the_command_line_cannot_draw(readme: Path, tmp_path: Path) -> None:
    evil = "\x1b[31m\u202e[red]x"
    for words in ([evil], [f"./{evil}.md"], [str(readme), "--options", evil], [str(readme), "--tables", evil],
                  ["x/y", "--source", evil], [str(readme), "-o", f"{tmp_path}/{evil}/x"],
                  [str(readme), "--format", evil], [str(readme), f"--{evil}"]):  # fmt: skip
        for colour in ({}, {"FORCE_COLOR": "1"}):
            done = run(*words, **colour)
            assert done.returncode in (2, 3)
            shown = (
                SGR.sub("", (done.stdout + done.stderr).decode()) if colour else (done.stdout + done.stderr).decode()
            )
            assert not FORBIDDEN.search(shown), (words, shown)


def test_a_gate_of_no_number_is_refused(readme: Path) -> None:
    assert run(str(readme), "--fail-under", "nan").returncode == 2


def test_a_report_that_cannot_be_written_is_no_bug(readme: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    for place in (tmp_path / "file" / "out", tmp_path / ("n" * 300), tmp_path / "ring"):
        done = run(str(readme), "-o", str(place))
        assert done.returncode == 3, done.stderr
        assert b"cannot be written" in done.stderr
