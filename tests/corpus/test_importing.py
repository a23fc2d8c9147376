"""Importing: every kind of source, bad rows kept as rejects, counts that add up."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cardscope.corpus.adapters import Reject, choose
from cardscope.corpus.importing import import_corpus
from cardscope.corpus.inspect import compare, describe, sample, verify
from cardscope.corpus.store import Corpus, Manifest
from cardscope.errors import InvalidCorpus, MissingExtra, UsageError


def rows_of(path: Path) -> dict[str, dict[str, object]]:
    corpus = Corpus(path)
    texts = {
        row["text_id"]: row["content"]
        for shard in corpus.shards()
        for batch in corpus.texts(shard)
        for row in batch.to_pylist()
    }
    return {
        row["model_id"]: {**row, "content": texts[row["text_id"]]}
        for shard in corpus.shards()
        for row in corpus.cards(shard).to_pylist()
    }


def balanced(manifest: Manifest) -> bool:
    counts = manifest.counts
    return counts["offered"] == counts["cards"] + counts["repeated"] + counts["rejects"]


def test_jsonl_with_bad_lines(tmp_path: Path) -> None:
    source = tmp_path / "cards.jsonl"
    good = [{"modelId": "a/one", "card": "# One\n", "likes": 3}, {"modelId": "a/two", "card": "# Two\n"}]
    bad = ["{", "[1]", json.dumps({"modelId": "no spaces please", "card": "x"}), json.dumps({"modelId": "a/none"})]
    source.write_text("\n".join([json.dumps(row) for row in good] + bad) + "\n", encoding="utf-8")
    manifest = import_corpus(str(source), tmp_path / "c")
    assert set(rows_of(tmp_path / "c")) == {"a/one", "a/two"}
    reasons = sorted(Corpus(tmp_path / "c").table("rejects")["reason"].to_pylist())
    assert reasons == ["bad-json", "bad-json", "bad-model-id", "no-card"]
    assert balanced(manifest)


def test_odd_cells_cost_a_cell_and_not_the_import(tmp_path: Path) -> None:
    source = tmp_path / "cards.jsonl"
    rows = [
        {"foo": 1},
        {"model_id": "a/big", "card": "# Big\n", "downloads": 10**30, "observed_at": "2024-05-01"},
        {"model_id": "a/late", "card": "# Late\n", "created_at": "9999-12-31T23:59:59-12:00", "likes": -1},
        {"model_id": "a/plain", "card": "# Plain\n", "downloads": "12", "observed_at": "2024-05-02T10:00:00+02:00"},
    ]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    manifest = import_corpus(str(source), tmp_path / "c")
    found = rows_of(tmp_path / "c")
    assert (found["a/big"]["downloads"], found["a/plain"]["downloads"], found["a/late"]["likes"]) == (None, 12, None)
    assert str(found["a/plain"]["observed_at"]) == "2024-05-02 08:00:00+00:00"
    assert found["a/late"]["created_at"] is None
    assert Corpus(tmp_path / "c").table("rejects")["reason"].to_pylist() == ["no-schema"]
    assert balanced(manifest)
    assert describe(Corpus(tmp_path / "c")).months


def test_times_of_any_unit_are_read(tmp_path: Path) -> None:
    nanoseconds = pa.array([1_714_521_600_000_000_123, None, 2**62], pa.timestamp("ns", "UTC"))
    seconds = pa.array([1_714_521_600, 569_000_000_000, None], pa.timestamp("s"))
    table = pa.table({"model_id": ["a/one", "a/two", "a/three"], "card": ["# 1", "# 2", "# 3"],
                      "observed_at": nanoseconds, "created_at": seconds})  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet", version="2.6")
    import_corpus(str(tmp_path / "t.parquet"), tmp_path / "c")
    found = rows_of(tmp_path / "c")
    assert str(found["a/one"]["observed_at"]) == str(found["a/one"]["created_at"]) == "2024-05-01 00:00:00+00:00"
    assert found["a/two"]["created_at"] is None


def test_csv_with_a_mark_at_its_start_and_with_a_quote_that_never_ends(tmp_path: Path) -> None:
    (tmp_path / "mark.csv").write_bytes(b"\xef\xbb\xbfmodel_id,card\na/one,# One\n")
    import_corpus(str(tmp_path / "mark.csv"), tmp_path / "mark")
    assert set(rows_of(tmp_path / "mark")) == {"a/one"}
    (tmp_path / "open.csv").write_text('model_id,card\na/one,# One\na/two,"# Two\na/three,# Three\n')
    manifest = import_corpus(str(tmp_path / "open.csv"), tmp_path / "open")
    assert set(rows_of(tmp_path / "open")) == {"a/one"}
    assert manifest.counts["rejects"] == 1


def test_a_folder_of_somebody_else_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "letter.txt").write_text("dear")
    (tmp_path / "c.csv").write_text("model_id,card\na/one,# One\n")
    with pytest.raises(InvalidCorpus, match="not a corpus"):
        import_corpus(str(tmp_path / "c.csv"), tmp_path / "theirs")
    assert [entry.name for entry in (tmp_path / "theirs").iterdir()] == ["letter.txt"]
    with pytest.raises(UsageError, match="nothing to import"):
        import_corpus(" ", tmp_path / "c")


def test_csv_of_the_ecosystem_data_set(tmp_path: Path) -> None:
    columns = ["", "model_id", "likes", "downloads", "tags", "createdAt", "licenses", "parent_model", "finetune_parent",
               "quantized_parent", "adapter_parent", "merge_parent", "modelCard", "exception_raised"]  # fmt: skip
    cells = {
        "a/child": ["0", "a/child", "5", "7.0", "['x', 'license:mit']", "2024-05-01T10:00:00.000Z", "['mit']",
                    "['b/base']", "['b/base']", "[]", "[]", "[]", "---\nlicense: mit\n---\n# Hé \"quoted\"\n", ""],
        "a/gone": ["1", "a/gone", "", "", "[]", "", "[]", "[]", "[]", "[]", "[]", "[]", "", "404 not found"],
        "a/evil": ["2", "a/evil", "", "", "__import__('os').system('true')", "", "['" + "[" * 50, "[]", "[]", "[]",
                   "[]", "[]", "# Evil\n", ""],
    }  # fmt: skip
    source = tmp_path / "eco.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns, *cells.values()])
    manifest = import_corpus(str(source), tmp_path / "c")
    rows = rows_of(tmp_path / "c")
    assert set(rows) == {"a/child"}
    assert rows["a/child"]["downloads"] == 7
    assert rows["a/child"]["content"] == cells["a/child"][12].encode()
    corpus = Corpus(tmp_path / "c")
    edges = {(row["child"], row["parent"], row["relation"]) for row in corpus.table("edges").to_pylist()}
    assert edges == {("a/child", "b/base", "unknown"), ("a/child", "b/base", "finetune")}
    assert corpus.table("rejects")["reason"].to_pylist() == ["bad-list"]
    removed = {row["model_id"]: row["removed"] for row in corpus.table("models").to_pylist()}
    assert removed == {"a/child": None, "a/gone": "404 not found"}
    assert balanced(manifest)


def test_bytes_that_are_not_utf8_come_back_as_they_were(tmp_path: Path) -> None:
    source = tmp_path / "raw.csv"
    source.write_bytes(b'model_id,card\na/b,"# caf\xe9\n"\n')
    import_corpus(str(source), tmp_path / "c")
    assert rows_of(tmp_path / "c")["a/b"]["content"] == b"# caf\xe9\n"


def test_hub_stats_has_no_cards_and_loses_no_model(tmp_path: Path) -> None:
    source = tmp_path / "models.parquet"
    table = pa.table(
        {
            "id": ["a/b", "c/d"],
            "tags": [["base_model:x/y", "base_model:quantized:x/y"], ["license:mit"]],
            "downloads": [1, 2],
            "createdAt": ["2024-01-01T00:00:00.000Z", None],
        }
    )
    pq.write_table(table, source)
    manifest = import_corpus(str(source), tmp_path / "c")
    assert manifest.counts["models"] == 2
    (edge,) = Corpus(tmp_path / "c").table("edges").to_pylist()
    assert (edge["parent"], edge["relation"]) == ("x/y", "quantized")


def test_folder_and_git_history(tmp_path: Path) -> None:
    repository = tmp_path / "hub"
    card = repository / "owner" / "model" / "README.md"
    card.parent.mkdir(parents=True)

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(repository), *words], check=True, capture_output=True)

    card.write_text("# First\n", encoding="utf-8")
    manifest = import_corpus(str(repository), tmp_path / "plain")
    assert manifest.counts["cards"] == 1
    git("init", "-q")
    for text in ("# First\n", "# Second\r\n"):
        card.write_bytes(text.encode())
        git("-c", "core.autocrlf=false", "add", "-A")
        git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "edit")
    import_corpus(str(repository), tmp_path / "history")
    corpus = Corpus(tmp_path / "history")
    contents = {
        row for shard in corpus.shards() for batch in corpus.texts(shard) for row in batch["content"].to_pylist()
    }
    assert contents == {b"# First\n", b"# Second\r\n"}
    assert corpus.manifest.counts["cards"] == 2


def test_a_data_set_is_streamed(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the extra datasets is not installed")
    folder = tmp_path / "set"
    folder.mkdir()
    pq.write_table(pa.table({"modelId": ["a/b"], "card": ["# Hello\n"]}), folder / "train.parquet")
    manifest = import_corpus(f"hf://datasets/{folder}", tmp_path / "c")
    assert manifest.counts["cards"] == 1


def test_a_missing_extra_is_named_with_its_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra) as caught:
        import_corpus("hf://datasets/a/b", tmp_path / "c")
    assert caught.value.hint == "pip install 'cardscope[datasets]'"


def test_what_cannot_be_a_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        import_corpus(str(tmp_path / "nothing.parquet"), tmp_path / "c")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(InvalidCorpus, match="parquet"):
        import_corpus(str(tmp_path / "torn.parquet"), tmp_path / "c")
    with pytest.raises(UsageError, match="schemas"):
        choose(["title", "body"])


@pytest.mark.parametrize("cell", ["[" * 40, "['a'", "[" + "'a'," * 100_000 + "]"])
def test_list_text_that_is_no_list_is_a_reject(cell: str) -> None:
    row = {"model_id": "a/b", "tags": cell, "licenses": "[]", "finetune_parent": "[]", "modelCard": "x"}
    with pytest.raises(Reject, match="tags"):
        choose(row).take(row)


def test_sample_diff_verify_describe(tmp_path: Path) -> None:
    source = tmp_path / "cards.jsonl"
    lines = [json.dumps({"model_id": f"o{n % 7}/m{n}", "card": f"# Card {n % 60}\n"}) for n in range(100)]
    source.write_text("\n".join(lines), encoding="utf-8")
    import_corpus(str(source), tmp_path / "all")
    whole = Corpus(tmp_path / "all")
    assert verify(whole) == ()
    info = describe(whole)
    assert (info.models, info.owners, info.repeated_share) == (100, 7, 0.4)
    assert info.months == {"unknown": 100}
    for count in (10, 20):
        sample(whole, tmp_path / f"s{count}", count, seed=5)
    small, larger = (set(rows_of(tmp_path / f"s{count}")) for count in (10, 20))
    assert len(small) == 10
    assert small < larger
    found = compare(whole, Corpus(tmp_path / "s20"))
    assert (len(found.removed), found.added, found.changed, found.same) == (80, (), (), 20)
    victim = tmp_path / "all" / whole.manifest.parts[0].path
    victim.write_bytes(victim.read_bytes()[:-9] + b"123456789")
    assert {problem.code for problem in verify(Corpus(tmp_path / "all"))} >= {"part-changed"}


def test_real_cards_come_in_whole(shared: Path, tmp_path: Path) -> None:
    manifest = import_corpus(str(shared / "cards"), tmp_path / "c", limit=2000)
    assert manifest.counts["offered"] == 2000
    assert balanced(manifest)
    assert manifest.counts["models"] == 121283
