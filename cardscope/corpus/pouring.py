"""From the journal of a crawl into its corpus: once, whatever happens in between.

The journal first notes, and waits for the disk, what is moved and under which label. The corpus takes all of it or
nothing and keeps the label among its sources. Only then does the journal let go. Whoever finds a label noted looks
whether the corpus has it, and does the missing half.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cardscope.corpus.journal import Journal
from cardscope.corpus.store import MANIFEST, Corpus, Manifest
from cardscope.corpus.writer import CorpusWriter

_DATES: Final = ("created_at", "modified_at", "observed_at")
SOURCE: Final = "hub"


def open_corpus(destination: Path, title: str) -> None:
    """Makes an empty corpus where none is.

    Raises:
        InvalidCorpus: The folder holds something else.
        OutputError: It cannot be written.
    """
    if (destination / MANIFEST).exists():
        Corpus(destination)
    else:
        with CorpusWriter(destination, title=title):
            pass


def pour(journal: Journal, destination: Path, title: str) -> Manifest:
    """Moves every finished card and model out of the journal into the corpus, in one session of its writer.

    Raises:
        InvalidCorpus: Someone else is writing to the corpus; the journal keeps everything.
        OutputError: The disk is full; the corpus is as it was, and the journal keeps everything.
    """
    while journal.interrupted() or any(journal.waiting()):
        manifest = Corpus(destination).manifest
        label = journal.begin_telling(
            f"crawl of {title}, {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} #{len(manifest.parts)}"
        )
        told: list[tuple[str, str]] = []
        if label in manifest.sources:
            # The corpus has it, and the program died before it could note that.
            told += [(row["model_id"], _parents(row)) for row, _ in journal.snapshots() if "base_models" in row]
        else:
            with CorpusWriter(destination, source=label) as writer:
                for card, content in journal.cards():
                    writer.add(_dated(card), content)
                for row, known in journal.snapshots():
                    writer.add_models([{**_dated(row), "source": SOURCE}])
                    writer.add_edges(_edges(row, known))
                    if "base_models" in row:
                        told.append((row["model_id"], _parents(row)))
        journal.end_telling(told)
    return Corpus(destination).manifest


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{key: datetime.fromisoformat(row[key]) for key in _DATES if row.get(key)}}


def _parents(row: dict[str, Any]) -> str:
    return json.dumps([[parent["id"], parent["relation"]] for parent in row["base_models"]])


def _edges(row: dict[str, Any], known: list[list[str]]) -> Iterator[dict[str, Any]]:
    """The parents that a model's tags name and that the corpus was not told of before."""
    for parent in row.get("base_models", ()):
        if [parent["id"], parent["relation"]] not in known and parent["id"] != row["model_id"]:
            seen = _dated(row)["observed_at"]
            stated = {"relation": parent["relation"], "stated": "tag", "observed_at": seen, "source": SOURCE}
            yield {"child": row["model_id"], "parent": parent["id"], **stated}
