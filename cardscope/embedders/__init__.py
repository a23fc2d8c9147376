"""Text to vectors: the shipped encoder, the paper's counts of words, or any Sentence Transformers model."""

from __future__ import annotations

from cardscope.plugins import Embedder, available, load

__all__ = ["load_embedder"]


def load_embedder(name: str) -> Embedder:
    """What ``--embedder`` takes: a name that a plug-in has registered, else the name or path of a neural model.

    ``neural`` alone is all-MiniLM-L6-v2.

    Raises:
        UsageError: There is no such model.
        MissingExtra: It is a neural model and sentence-transformers is not installed.
    """
    if name in available("embedder"):
        embedder: Embedder = load("embedder", name)()
        return embedder
    from cardscope.embedders.neural import NeuralEmbedder

    return NeuralEmbedder(name)
