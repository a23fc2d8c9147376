"""The demo hub as a corpus, and its rows as one process makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardscope.corpus.batch import run_batch
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.importing import import_corpus
from cardscope.corpus.store import Corpus
from tests.corpus.rowfiles import digests

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The demo hub's cards as a corpus."""
    path = tmp_path_factory.mktemp("corpus") / "demo"
    import_corpus(str(ROOT / "corpora" / "demo" / "cards.parquet"), path)
    return Corpus(path)


@pytest.fixture(scope="session")
def reference(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Rows as one process makes them in order."""
    run = str(tmp_path_factory.mktemp("run") / "reference")
    state = run_batch(corpus, run, LocalEngine(1))
    assert state.problems == {}
    assert state.done == corpus.manifest.counts["cards"]
    return digests(run)
