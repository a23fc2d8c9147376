"""The paper's counts of words, with and without a corpus to take the vocabulary from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cardscope.embedders import load_embedder
from cardscope.embedders.lexical import PAPER_TERMS, LexicalEmbedder

CORPUS = ["blue model for small tests", "green model for large tests", "a licence of no one", "blue blue licence"]


def test_counts_give_the_cosine_one_can_work_out_by_hand() -> None:
    embedder = LexicalEmbedder("counts").fit(["red red blue", "red green"])
    first, second = embedder.encode(["red red blue", "red green"])
    # Terms: red 2, blue 1, "red red" 1, "red blue" 1 against red 1, green 1, "red green" 1.
    assert first @ second == pytest.approx(2 / (math.sqrt(7) * math.sqrt(3)), abs=1e-6)


def test_fitted_tfidf_is_scikit_learns_own() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    theirs = TfidfVectorizer(ngram_range=(1, 2), max_features=PAPER_TERMS).fit_transform(CORPUS).toarray()
    np.testing.assert_allclose(LexicalEmbedder().fit(CORPUS).encode(CORPUS), theirs, atol=1e-6)


@pytest.mark.parametrize("weighting", ["tfidf", "counts"])
def test_without_a_corpus_equal_texts_are_alike_and_others_less(weighting: str) -> None:
    embedder = LexicalEmbedder(weighting)
    first, same, near, far, empty = embedder.encode([CORPUS[0], CORPUS[0].upper(), CORPUS[1], CORPUS[2], "?!"])
    assert first @ same == pytest.approx(1.0, abs=1e-6)
    assert 1.0 > first @ near > first @ far
    assert not empty.any()


def test_shape_name_and_wrong_weighting() -> None:
    embedder = load_embedder("lexical")
    assert embedder.encode([]).shape == (0, embedder.dimensions)
    assert embedder.encode(["one text"]).shape == (1, embedder.dimensions)
    assert embedder.name == "lexical-tfidf@hashed-4096"
    assert LexicalEmbedder("counts").fit(CORPUS).name.startswith("lexical-counts@fitted-")
    with pytest.raises(ValueError, match="weighting"):
        LexicalEmbedder("bm25")
