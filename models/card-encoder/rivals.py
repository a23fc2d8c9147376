"""TF-IDF, the rival that needs nothing but the training cards."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def tfidf(cards: Any) -> Any:  # noqa: ANN401 - stands in for a function of texts to an array
    """TF-IDF over words, sublinear, with a stop list, fitted on the sections of training cards."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = sorted(
        {section.text for revisions in cards.of("train", "validation") for r in revisions for section in r.sections}
    )
    model = TfidfVectorizer(sublinear_tf=True, stop_words="english", min_df=2).fit(texts)
    # einsum and fancy indexing want arrays; a sparse product with a fixed projection would be another measure.
    return lambda found: Sparse(model.transform(found))


class Sparse:
    """Sparse rows that answer the few array questions `measure` asks."""

    def __init__(self, rows: Any) -> None:  # noqa: ANN401 - a scipy matrix
        self.rows = rows

    def __getitem__(self, index: Array | int) -> Array:
        """One row, or several, as plain arrays."""
        return self.rows[index].toarray()[0] if isinstance(index, int) else self.rows[index].toarray()

    def take(self, index: list[int], axis: int) -> Array:
        """Rows that stay sparse: a pool of thousands would not fit otherwise."""
        return self.rows[index]
