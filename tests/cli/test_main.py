"""The root command: help is light, names agree with the commands, errors are one sentence and an exit code."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from cardscope.cli.main import COMMANDS

HEAVY = (
    "numpy", "rich", "spacy", "sklearn", "torch", "sentence_transformers", "huggingface_hub", "datasets", "dask",
    "distributed", "pyarrow", "duckdb", "pyromark", "ryaml", "yaml", "tokenizers", "rapidfuzz", "scipy",
)  # fmt: skip


def cardscope(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    env = {**os.environ, "NO_COLOR": "1", **environment}
    return subprocess.run(
        [sys.executable, "-m", "cardscope", *words], capture_output=True, text=True, env=env, input=""
    )


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("analyze", "--help")])
def test_help_loads_no_heavy_library(words: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from cardscope.cli.main import _guarded\n"
        f"code = _guarded({list(words)!r})\n"
        f"loaded = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "print('CODE', code, 'LOADED', loaded)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "CODE 0 LOADED []", done.stdout + done.stderr


def test_importing_the_package_loads_nothing() -> None:
    code = f"import sys, cardscope\nprint(sorted(set({(*HEAVY, 'click')!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_line_is_the_command_s_own(name: str) -> None:
    module, line = COMMANDS[name]
    command = import_module(module).command
    assert command.name == name
    assert command.help.splitlines()[0] == line


def test_unknown_command_is_usage() -> None:
    done = cardscope("analyse")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_every_public_name_resolves() -> None:
    import cardscope as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError):
        _ = package.no_such_name


@pytest.mark.parametrize("words", [("simulate", "n" * 300, "--models", "100"), ("corpus", "crawl", "n" * 300)])
def test_what_the_system_refuses_is_no_bug(words: tuple[str, ...]) -> None:
    done = cardscope(*words, HF_ENDPOINT="http://127.0.0.1:1")
    assert done.returncode == 3, done.stderr
    assert "error: " in done.stderr
    assert "bug" not in done.stderr


def test_an_address_of_no_known_kind_is_usage() -> None:
    done = cardscope("corpus", "info", "foo://nowhere")
    assert done.returncode == 2
    assert "is no address that can be opened" in done.stderr
