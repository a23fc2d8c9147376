"""The part of the encoder that tells which question a text answers: a plain classifier, folded into the table.

A ridge-held softmax over the words of a section, one output a label of ``labels.py``. Its logits are a sum over words,
so they are dimensions of a word table like any other; cosines between logits tell sections of one label from others
better than vectors trained on pairs do, for the ridge keeps rare words from learning their few texts by heart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn import functional

Array = np.ndarray[Any, np.dtype[Any]]


def bags(texts: Sequence[Array], size: int) -> Any:  # noqa: ANN401 - a scipy matrix
    """Counts of rows, one line a text."""
    import scipy.sparse as sp

    ends = np.cumsum([0] + [len(text) for text in texts])
    flat = np.concatenate(texts).astype(np.int32)
    found = sp.csr_matrix((np.ones(len(flat), dtype=np.float32), flat, ends), shape=(len(texts), size))
    found.sum_duplicates()
    return found


def means(texts: Sequence[Array], size: int) -> Any:  # noqa: ANN401 - a scipy matrix
    """Shares of rows, one line a text."""
    import scipy.sparse as sp

    found = bags(texts, size)
    return (sp.diags(1.0 / np.maximum(np.asarray(found.sum(1)).ravel(), 1.0)) @ found).tocsr()


def fit(
    texts: Sequence[Array], found: Sequence[int], owners: Sequence[str], size: int, ridge: float = 1e-6,
    steps: int = 800, each: int = 20, rate: float = 0.05, seed: int = 0,
) -> Array:  # fmt: skip
    """Rows of logits, each summing to nothing.

    Args:
        texts: Bodies as row numbers.
        found: The label of each, from 0 on.
        owners: Whose each is; labels, and owners within a label, are drawn with equal weight.
        size: Rows of the table.
        ridge: Weight of the squared coefficients.
        steps: Batches.
        each: Texts of each label in a batch.
        rate: Learning rate at the start; down to nothing.
        seed: Of the draw.
    """
    import scipy.sparse as sp

    rows, label = bags(texts, size), np.array(found)
    count = int(label.max()) + 1
    seen = np.bincount(rows.indices, minlength=size)
    rare = np.log((1.0 + len(texts)) / (1.0 + seen)).astype(np.float32)
    scaled = rows @ sp.diags(rare)
    length = np.asarray(scaled.multiply(scaled).sum(1)).ravel() ** 0.5
    scaled = (sp.diags(1.0 / np.maximum(length, 1e-9)) @ scaled).tocsr().astype(np.float32)
    pools: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, (name, owner) in enumerate(zip(found, owners, strict=True)):
        pools[name][owner].append(number)
    choices = {name: [np.array(members) for members in pool.values()] for name, pool in sorted(pools.items())}
    draw = np.random.default_rng(seed)
    weights = torch.zeros(size, count, requires_grad=True)
    offset = torch.zeros(count, requires_grad=True)
    optimizer = torch.optim.Adam([weights, offset], lr=rate)
    for step in range(steps):
        picked: list[int] = []
        for pool in choices.values():
            picked += [draw.choice(pool[owner]) for owner in draw.integers(0, len(pool), each)]
        batch = scaled[picked]
        parts = (torch.from_numpy(part) for part in (batch.indptr.astype(np.int64), batch.indices.astype(np.int64)))
        logits = torch.sparse_csr_tensor(*parts, torch.from_numpy(batch.data), batch.shape) @ weights + offset
        target = torch.from_numpy(label[picked])
        loss = functional.cross_entropy(logits, target, label_smoothing=0.05)
        loss = loss + ridge * count / 2 * (weights * weights).sum()
        optimizer.param_groups[0]["lr"] = rate * (1.0 - step / steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    table = weights.detach().numpy() * rare[:, None]
    return table - table.mean(axis=1, keepdims=True)


def narrow(table: Array) -> Array:
    """The same cosines in one dimension less: rows that sum to nothing lie in a hyperplane."""
    count = table.shape[1]
    basis = np.linalg.qr(np.hstack([np.ones((count, 1)), np.eye(count)[:, : count - 1]]))[0][:, 1:]
    return (table @ basis).astype(np.float32)


def even_out(table: Array, cards: Any, strength: float) -> Array:  # noqa: ANN401 - a scipy matrix
    """The table with those directions made short in which whole cards differ most.

    What sets whole cards apart most is their kind (code, tables, a list of numbers), which hides whose family they are.

    Args:
        table: Rows, any number of dimensions.
        cards: Shares of rows of whole cards, one line a card.
        strength: 0 leaves everything; at 1 a direction of average variance is divided by the root of 2.
    """
    vectors = cards @ table
    vectors = vectors - vectors.mean(axis=0)
    variance, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    return table @ (directions / np.sqrt(1.0 + strength * variance / variance.mean())) @ directions.T


def leveled(table: Array, sections: Any) -> Array:  # noqa: ANN401 - a scipy matrix
    """The table scaled so that the mean section has a vector of length 1."""
    return table / np.linalg.norm(sections @ table, axis=1).mean()


def rarity(owned: Sequence[Sequence[Array]], size: int) -> Array:
    """For each row, how rare it is among owners: the logarithm of all by those who use it, a column.

    Args:
        owned: For each owner, its texts as row numbers.
        size: Rows of the table.
    """
    users = np.zeros(size)
    for texts in owned:
        users[np.unique(np.concatenate(texts))] += 1
    return (np.log((1.0 + len(owned)) / (1.0 + users)) + 0.1)[:, None]
