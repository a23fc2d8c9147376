"""The paper's lexical measures: counts or TF-IDF of words and pairs of words (section 4.2 of its methods).

The paper takes the 512 most frequent terms *of the whole corpus*, so the vocabulary and the document frequencies
belong to a corpus and not to a text. With a corpus, call `LexicalEmbedder.fit` and get the paper's measure. Without
one (a card and its parent), terms are hashed into a fixed number of columns and every term weighs the same: the same
cosine on every machine, with nothing fitted on the two texts that are to be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: "the 512 most frequent terms of the whole corpus", unigrams and bigrams, default tokens, lower case, no stop words.
PAPER_TERMS = 512
_COLUMNS = 4096


class LexicalEmbedder:
    """Counts of terms as unit vectors, so that a product of two is their cosine.

    Args:
        weighting: ``tfidf`` or ``counts``; without `fit` there is no corpus to take document frequencies from, and
            ``tfidf`` then dampens repetition only (log of one plus the count).
    """

    def __init__(self, weighting: str = "tfidf") -> None:
        if weighting not in ("tfidf", "counts"):
            raise ValueError(f"weighting is tfidf or counts, not {weighting}")
        from sklearn.feature_extraction.text import HashingVectorizer

        self._weighting = weighting
        self._model: Any = HashingVectorizer(
            n_features=_COLUMNS, ngram_range=(1, 2), norm=None, alternate_sign=False, lowercase=True
        )
        self._hashed = True
        self.dimensions = _COLUMNS
        self.name = f"lexical-{weighting}@hashed-{_COLUMNS}"

    def fit(self, texts: Iterable[str]) -> LexicalEmbedder:
        """Takes vocabulary and document frequencies from a corpus, as the paper did; returns itself.

        Raises:
            ValueError: The texts have no words.
        """
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

        kind = TfidfVectorizer if self._weighting == "tfidf" else CountVectorizer
        self._model = kind(ngram_range=(1, 2), max_features=PAPER_TERMS, lowercase=True).fit(texts)
        self._hashed = False
        self.dimensions = len(self._model.vocabulary_)
        self.name = f"lexical-{self._weighting}@fitted-{self.dimensions}"
        return self

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Dense vectors of shape ``(len(texts), dimensions)``; rows have length 1, or 0 for a text without terms."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        vectors = self._model.transform(texts).toarray().astype(np.float64)
        if self._hashed and self._weighting == "tfidf":
            vectors = np.log1p(vectors)
        lengths = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
        lengths[lengths == 0.0] = 1.0
        return np.asarray(vectors / lengths, dtype=np.float32)
