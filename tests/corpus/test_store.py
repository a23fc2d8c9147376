"""The store: texts once, counts that add up, sessions that die, damage that is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from cardscope.corpus.store import MANIFEST, Corpus, Manifest, text_id
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus

DAY = datetime(2024, 5, 1, tzinfo=UTC)


def fill(path: Path, names: range, *, text: str = "# Card {}\n") -> Manifest:
    with CorpusWriter(path, title="test", source="made up", shards=8) as writer:
        for number in names:
            card = {"model_id": f"owner/m{number}", "revision": "r1", "created_at": DAY, "tags": ["a", "b"]}
            writer.add(card, text.format(number).encode())
    return writer.manifest


def all_cards(path: Path) -> list[str]:
    corpus = Corpus(path)
    return sorted(name for shard in corpus.shards() for name in corpus.cards(shard)["model_id"].to_pylist())


def test_a_text_under_many_ids_is_stored_once(tmp_path: Path) -> None:
    manifest = fill(tmp_path / "c", range(50), text="# The same for all\n")
    assert manifest.counts["cards"] == 50
    assert manifest.counts["texts"] == 1
    corpus = Corpus(tmp_path / "c")
    (shard,) = corpus.shards()
    (batch,) = corpus.texts(shard)
    assert batch.to_pylist() == [
        {"text_id": text_id(b"# The same for all\n"), "content": b"# The same for all\n", "size": 19}
    ]


def test_the_text_of_every_card_lies_in_its_own_shard(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(200))
    corpus = Corpus(tmp_path / "c")
    assert len(corpus.shards()) == 8
    for shard in corpus.shards():
        held = {row for batch in corpus.texts(shard) for row in batch["text_id"].to_pylist()}
        assert set(corpus.cards(shard, ["text_id"])["text_id"].to_pylist()) == held


def test_a_second_session_adds_only_what_is_new_and_counts_add_up(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(30))
    manifest = fill(tmp_path / "c", range(20, 50))
    with CorpusWriter(tmp_path / "c") as writer:
        writer.reject("row 7", "owner/bad", "no-text", "has no card")
    counts = writer.manifest.counts
    assert all_cards(tmp_path / "c") == sorted(f"owner/m{number}" for number in range(50))
    assert manifest.counts["repeated"] == 10
    assert counts["offered"] == counts["cards"] + counts["repeated"] + counts["rejects"] == 61


def test_a_session_that_dies_leaves_the_corpus_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(10))
    before = (tmp_path / "c" / MANIFEST).read_bytes()
    with pytest.raises(RuntimeError, match="power cut"), CorpusWriter(tmp_path / "c") as writer:  # noqa: PT012
        writer.add({"model_id": "owner/new"}, b"# New\n")
        writer.flush()
        raise RuntimeError("power cut")
    assert (tmp_path / "c" / MANIFEST).read_bytes() == before
    assert len(all_cards(tmp_path / "c")) == 10
    assert not list((tmp_path / "c").rglob("*.partial"))


def test_what_a_killed_session_left_is_swept_by_the_next(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(10))
    stray = tmp_path / "c" / "cards" / "00" / "part-00009.parquet.partial"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"half a file")
    fill(tmp_path / "c", range(10, 12))
    assert not stray.exists()
    assert len(all_cards(tmp_path / "c")) == 12


def test_two_writers_at_a_time_are_refused(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "c") as writer:
        writer.add({"model_id": "a/b"}, b"x")
        with pytest.raises(InvalidCorpus, match="another session"):
            CorpusWriter(tmp_path / "c")


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("do not touch")
    with pytest.raises(InvalidCorpus, match="not empty"):
        CorpusWriter(tmp_path)
    with pytest.raises(InvalidCorpus, match=r"corpus\.toml"):
        Corpus(tmp_path)


def test_a_truncated_part_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(40))
    corpus = Corpus(tmp_path / "c")
    shard = corpus.shards()[0]
    path = tmp_path / "c" / shard.texts[0]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InvalidCorpus, match=shard.texts[0]):
        list(corpus.texts(shard))


def test_others_can_read_it_without_us(tmp_path: Path) -> None:
    fill(tmp_path / "c", range(25))
    cards, texts = (f"'{tmp_path}/c/{kind}/*/*.parquet'" for kind in ("cards", "texts"))
    joined = f"select count(*) from {cards} join {texts} using (text_id)"
    count = duckdb.connect().execute(joined).fetchone()
    assert count == (25,)
    schema = pq.read_schema(next((tmp_path / "c" / "cards").rglob("*.parquet")))
    assert str(schema.field("created_at").type) == "timestamp[us, tz=UTC]"


def test_the_manifest_survives_a_round_trip(tmp_path: Path) -> None:
    manifest = fill(tmp_path / "c", range(3))
    assert Manifest.from_toml(manifest.to_toml(), "here") == manifest
    with pytest.raises(InvalidCorpus, match="format"):
        Manifest.from_toml(manifest.to_toml().replace("corpus/1", "corpus/9"), "here")
