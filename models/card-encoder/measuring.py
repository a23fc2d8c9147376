"""Two kinds of tasks and what an encoder gets in them, alone and against another on the same items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Vectors = Callable[[Sequence[str]], Array]
Score = Callable[[Array], float]


@dataclass(frozen=True)
class Retrieval:
    """Query ``i`` must find ``candidates[i][answer[i]]`` before the others."""

    queries: list[str]
    candidates: list[list[str]]
    answers: list[int]
    groups: list[str]


@dataclass(frozen=True)
class Pairs:
    """Pairs of texts that belong together (truth 1) or not (0)."""

    left: list[str]
    right: list[str]
    truth: list[int]
    groups: list[str]


Task = Retrieval | Pairs


def measure(task: Task, vectors: Vectors, rounds: int = 300) -> dict[str, Any]:
    """Accuracy at one, or area under the curve, with a 95 % interval."""
    found = _interval(task, _score(task, vectors), rounds)
    return found | {"n": len(task.groups), "groups": len(set(task.groups))}


def ahead(task: Task, ours: Vectors, theirs: Vectors, rounds: int = 1000) -> dict[str, Any]:
    """How much more of the same items ours gets right than theirs, with a 95 % interval over the same draws."""
    first, second = _score(task, ours), _score(task, theirs)
    return _interval(task, lambda index: first(index) - second(index), rounds)


def _interval(task: Task, score: Score, rounds: int) -> dict[str, Any]:
    """The score of all items, and bootstrap over groups."""
    members: dict[str, list[int]] = defaultdict(list)
    for number, group in enumerate(task.groups):
        members[group].append(number)
    blocks = [np.array(numbers) for numbers in members.values()]
    generator = np.random.default_rng(3)
    drawn = [
        score(np.concatenate([blocks[i] for i in generator.integers(0, len(blocks), len(blocks))]))
        for _ in range(rounds)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    value = score(np.arange(len(task.groups)))
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _score(task: Task, vectors: Vectors) -> Score:
    """What to ask of a draw of items."""
    if isinstance(task, Retrieval):
        hits = _hits(task, vectors)
        return lambda index: float(hits[index].mean())
    similarity, truth = _cosines(task, vectors), np.array(task.truth)
    return lambda index: _auc(similarity[index], truth[index])


def _hits(task: Retrieval, vectors: Vectors) -> Array:
    texts = sorted({*task.queries, *(text for found in task.candidates for text in found)})
    place = {text: number for number, text in enumerate(texts)}
    table = vectors(texts)
    hits, rows = [], {}
    for query, found, answer in zip(task.queries, task.candidates, task.answers, strict=True):
        if id(found) not in rows:
            rows.clear()
            rows[id(found)] = table.take([place[text] for text in found], axis=0)
        similarity = rows[id(found)].dot(table[place[query]])
        best = np.flatnonzero(similarity >= similarity.max() - 1e-6)
        # Equal texts under two headings cannot be told apart by anyone: a tie counts its share.
        hits.append(float(answer in best) / len(best))
    return np.array(hits)


def _cosines(task: Pairs, vectors: Vectors) -> Array:
    texts = sorted({*task.left, *task.right})
    place = {text: number for number, text in enumerate(texts)}
    table = vectors(texts)
    left, right = table[[place[t] for t in task.left]], table[[place[t] for t in task.right]]
    return np.einsum("ij,ij->i", left, right)


def _auc(similarity: Array, truth: Array) -> float:
    _, inverse, counts = np.unique(similarity, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(truth.sum())
    negative = len(truth) - positive
    return float((ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))
