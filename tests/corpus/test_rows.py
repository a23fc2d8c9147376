"""One row: the same whether a text stands alone or under many ids, and never holding what the probes were not told."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cardscope.corpus.importing import import_corpus
from cardscope.corpus.rows import MapOptions, map_shard
from cardscope.corpus.store import Corpus

BODY = "# Fjord\n\nA small model that tells fjords from lakes.\n\n## Training\n\n[More Information Needed]\n"
TEXTS = (
    f"---\nlicense: mit\ntags:\n- coast\n---\n{BODY}",
    f"---\nbase_model: maker/lake\n---\n{BODY}## Results\n\n- Accuracy: 0.91\n",
    BODY,
)
#: Ids and tags that make another kind of repository of the same text.
MODELS = (
    ("maker/fjord", [], None),
    ("maker/fjord-gguf", ["gguf"], None),
    ("other/fjord", ["base_model:quantized:maker/fjord", "gguf"], "gguf"),
    ("maker/lake", ["merge", "mergekit"], "transformers"),
    ("fjord", ["base_model:adapter:maker/fjord"], "peft"),
    ("fourth/fjord", [], "transformers"),
)


def rows_of(cards: list[dict[str, object]], folder: Path) -> list[dict[str, object]]:
    """Rows of cards that are put into a corpus together, by model and text."""
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(cards), folder / "cards.parquet")
    import_corpus(str(folder / "cards.parquet"), folder / "corpus")
    corpus = Corpus(folder / "corpus")
    rows = [row for shard in corpus.shards() for row in map_shard(corpus, shard, MapOptions("")).to_pylist()]
    return sorted(rows, key=lambda row: (row["model_id"], row["text_id"]))


def test_a_text_under_many_ids_gives_the_rows_it_gives_alone(tmp_path: Path) -> None:
    cards = [
        {"model_id": f"{name}-{at}", "card": text, "tags": tags, "library_name": library, "revision": "0" * 40}
        for at, text in enumerate(TEXTS)
        for name, tags, library in MODELS
    ]
    together = rows_of(cards, tmp_path / "together")
    alone = [row for at, card in enumerate(cards) for row in rows_of([card], tmp_path / str(at))]
    assert together == sorted(alone, key=lambda row: (row["model_id"], row["text_id"]))
    of_first = [row for row in together if str(row["model_id"]).endswith("-0")]
    assert {row["kind"] for row in of_first} == {"base", "quantized", "merge", "adapter"}
    assert len({row["quality"] for row in of_first}) >= 2
