"""The command compares a parent with spaCy and without torch, wherever torch is installed; a library never hides it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="without torch there is nothing to leave out")

ANALYZE = """
import sys
from cardscope.cli.main import _guarded
code = _guarded(["analyze", "saltmarsh-ai/ledger-7b-chat", "--source", "demo", "--format", "json", "-o", sys.argv[1]])
print(code, "spacy" in sys.modules, "torch" in sys.modules)
"""
AFTERWARDS = """
from cardscope.cli.lean import load_nlp
load_nlp()
import torch, spacy
from cardscope.nlp import sentences
print(torch.zeros(2).tolist(), len(sentences("It swims. It dives.", "en")), spacy.blank("en")("a b").text)
"""
BEFORE = """
import torch
from cardscope.cli.lean import load_nlp
load_nlp()
from thinc.compat import has_torch
import sys
print(has_torch, sys.modules["torch"] is torch)
"""
LIBRARY = """
import cardscope.nlp
from thinc.compat import has_torch
print(has_torch)
"""


def said(code: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_analysis_with_a_parent_loads_no_torch(tmp_path) -> None:
    assert said(ANALYZE, str(tmp_path / "out.json")) == "0 True False"


def test_torch_is_whole_afterwards() -> None:
    assert said(AFTERWARDS) == "[0.0, 0.0] 2 a b"


def test_torch_that_is_loaded_already_stays() -> None:
    assert said(BEFORE) == "True True"


def test_library_hides_nothing() -> None:
    assert said(LIBRARY) == "True"
