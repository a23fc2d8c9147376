"""One model out of a corpus of many shards: the same answers as out of the table the corpus was made from."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cardscope.corpus.importing import import_corpus
from cardscope.corpus.simulate import simulate
from cardscope.corpus.source import StoreSource
from cardscope.corpus.store import Corpus
from cardscope.corpus.writer import CorpusWriter
from cardscope.embedders import load_embedder
from cardscope.errors import InvalidCorpus
from cardscope.options import KinshipOptions, LineageOptions, Options
from cardscope.pipeline import Analyzer
from cardscope.plugins import load
from cardscope.sources.corpus import CorpusSource
from cardscope.types import ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason

ROOT = Path(__file__).parent.parent.parent
BASE, TUNED = ModelId("acme/base"), ModelId("kin/tuned")
OLD, NEW = "a" * 40, "b" * 40


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def card(model: str, revision: str, at: int, **facts: Any) -> dict[str, Any]:
    dates = {"created_at": day(1), "modified_at": day(at), "observed_at": day(at)}
    return {"model_id": model, "revision": revision, "source": "test", **dates, **facts}


def snapshot(model: str, at: int, **facts: Any) -> dict[str, Any]:
    return {"model_id": model, "observed_at": day(at), "source": "hub", **facts}


def edge(child: str, parent: str, relation: str, stated: str = "tag") -> dict[str, Any]:
    return {"child": child, "parent": parent, "relation": relation, "stated": stated}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sessions of a writer: a base in two editions, a child that changed its parent, and models without a card."""
    path = tmp_path_factory.mktemp("store") / "c"
    with CorpusWriter(path, source="first") as writer:
        writer.add(
            card(BASE, NEW, 9, downloads=5, tags=["en"], library_name="transformers"), b"---\nlicense: mit\n---\n"
        )
        writer.add(card(TUNED, "c" * 40, 3, downloads=7, tags=["base_model:finetune:acme/base"]), b"# Tuned\n")
        writer.add(card("kin/small", "", 3, downloads=70), b"# Small\n")
        writer.add(card("kin/gone", "d" * 40, 3, downloads=900), b"# Gone\n")
        writer.add(card("odd/empty", "", 3), b"\n")
        writer.add_edges([edge(TUNED, "acme/former", "finetune"), edge(TUNED, BASE, "unknown")])
        writer.add_edges([edge(TUNED, BASE, "finetune"), edge("kin/small", BASE, "quantized", "front matter")])
        writer.add_edges([edge("kin/gone", BASE, "quantized"), edge("kin/guess", BASE, "merge", "card_text")])
    with CorpusWriter(path, source="second") as writer:
        writer.add(card(BASE, OLD, 2, downloads=4, tags=["fr"]), b"# Older\n")
        writer.add_models([snapshot(BASE, 12, downloads=50, likes=3, gated="manual"), snapshot(BASE, 5, downloads=20)])
        writer.add_models([snapshot(TUNED, 12, downloads=9), snapshot("kin/gone", 12, removed="not-found")])
        writer.add_models([snapshot("shut/gated", 12, removed="gated", gated="auto", downloads=6)])
        writer.add_models([snapshot("shut/private", 12, private=True), snapshot("old/name", 12, removed="renamed")])
        writer.add_models([snapshot("bare/readme", 12, removed="no-readme"), snapshot("bare/told", 12, downloads=1)])
    return path


def test_current_edition_is_the_answer_whatever_session_brought_it(folder: Path) -> None:
    found = StoreSource(folder).get(BASE)
    assert isinstance(found, RawCard)
    assert (found.content, found.revision, found.dates.modified) == (b"---\nlicense: mit\n---\n", NEW, day(9))
    assert found.origin == f"{folder}: {BASE}"


@pytest.mark.parametrize("revision", [OLD, OLD[:7]])
def test_revision_picks_an_edition(folder: Path, revision: str) -> None:
    source = StoreSource(folder)
    found = source.get(BASE, revision)
    assert isinstance(found, RawCard)
    assert (found.content, found.revision) == (b"# Older\n", OLD)
    info = source.info(BASE, OLD)
    assert isinstance(info, ModelInfo)
    assert (info.downloads, info.tags, info.card_data, info.dates.modified) == (4, ("fr",), {}, day(2))


def test_revision_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    missing = StoreSource(folder).get(BASE, "f" * 40)
    assert isinstance(missing, SkippedCard)
    assert missing.reason is SkipReason.NOT_FOUND
    assert missing.hint == f"known here: {OLD[:12]}, {NEW[:12]}"


def test_latest_of_everything_is_told_with_the_current_edition(folder: Path) -> None:
    info = StoreSource(folder).info(BASE)
    assert isinstance(info, ModelInfo)
    assert (info.downloads, info.likes, info.gated, info.library_name) == (50, 3, "manual", "transformers")
    assert info.card_data == {"license": "mit"}
    assert (info.dates.created, info.dates.observed) == (day(1), day(9))


def test_gate_that_a_crawl_did_not_find_is_open_and_one_nobody_asked_for_is_unknown(folder: Path) -> None:
    source = StoreSource(folder)
    assert [
        info.gated for name in (TUNED, ModelId("kin/small")) if isinstance(info := source.info(name), ModelInfo)
    ] == [
        False,
        None,
    ]


def test_parents_are_those_of_the_tags_of_today(folder: Path) -> None:
    source = StoreSource(folder)
    tuned, small = source.info(TUNED), source.info(ModelId("kin/small"))
    assert isinstance(tuned, ModelInfo)
    assert isinstance(small, ModelInfo)
    assert tuned.base_models == ((BASE, Relation.FINETUNE),)
    assert small.base_models == ((BASE, Relation.QUANTIZED),)


def test_children_are_counted_and_listed_without_the_ones_that_are_gone_or_guessed(folder: Path) -> None:
    source = StoreSource(folder)
    info = source.info(BASE)
    assert isinstance(info, ModelInfo)
    assert info.children == {Relation.FINETUNE: 1, Relation.QUANTIZED: 1}
    assert [(child.model_id, child.downloads) for child in source.children(BASE, Relation.FINETUNE, 5)] == [(TUNED, 9)]
    assert [child.model_id for child in source.children(BASE, Relation.QUANTIZED, 5)] == ["kin/small"]
    assert source.children(BASE, Relation.QUANTIZED, 0) == ()


@pytest.mark.parametrize(
    ("model", "reason"),
    [("shut/gated", "gated"), ("shut/private", "private"), ("old/name", "not-found"), ("bare/readme", "no-readme"),
     ("bare/told", "no-readme"), ("odd/empty", "empty-readme")],
)  # fmt: skip
def test_models_without_a_card_say_why(folder: Path, model: str, reason: str) -> None:
    answer = StoreSource(folder).get(ModelId(model))
    assert isinstance(answer, SkippedCard)
    assert (answer.reason.value, answer.model_id) == (reason, model)
    assert answer.hint


def test_of_a_gated_model_is_told_what_an_index_says_and_of_a_private_one_nothing(folder: Path) -> None:
    source = StoreSource(folder)
    gated = source.info(ModelId("shut/gated"))
    assert isinstance(gated, ModelInfo)
    assert (gated.downloads, gated.gated, gated.card_data) == (6, "auto", None)
    assert isinstance(source.info(ModelId("shut/private")), SkippedCard)


def test_other_capitals_are_understood_and_other_owners_suggested(folder: Path) -> None:
    source = StoreSource(folder)
    found = source.get(ModelId("Acme/BASE"))
    assert isinstance(found, RawCard)
    assert (found.model_id, found.renamed_from) == (BASE, "Acme/BASE")
    missing = source.get(ModelId("other/tuned"))
    assert isinstance(missing, SkippedCard)
    assert (missing.message, missing.hint) == (f"is not in {folder}", f"did you mean {TUNED}?")
    assert (source.has_account("kin"), source.has_account("nobody")) == (True, None)


def test_everything_once_and_every_edition_when_asked(folder: Path) -> None:
    answers = list(StoreSource(folder).iter())
    assert sorted(str(answer.model_id) for answer in answers) == [
        "acme/base", "bare/readme", "bare/told", "kin/gone", "kin/small", "kin/tuned", "odd/empty", "old/name",
        "shut/gated", "shut/private",
    ]  # fmt: skip
    assert next(answer for answer in answers if answer.model_id == BASE) == StoreSource(folder).get(BASE)
    assert len(list(StoreSource(folder, every_revision=True).iter())) == 11


def test_damaged_part_is_an_error_that_names_the_corpus(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for part in (copy / "cards").rglob("*.parquet"):
        part.write_bytes(b"no parquet")
    with pytest.raises(InvalidCorpus, match="a part cannot be read"):
        StoreSource(copy).get(BASE)
    with pytest.raises(InvalidCorpus, match="is not a corpus"):
        StoreSource(tmp_path)


# --- against the table it was made from, and the truth it was made with -------------------------------------------


def analyses(source: Any, models: list[ModelId]) -> list[dict[str, Any]]:
    embedder = load_embedder("lexical")
    options = Options(lineage=LineageOptions(children=1000), kinship=KinshipOptions(parents=1))
    analyzer = Analyzer(source, source, embedder=lambda: embedder, options=options)
    reporter = load("reporter", "json")()
    return [comparable(json.loads(reporter.render(analyzer.analyze(model)))) for model in models]


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what only one of the two can know, or that has no order: where it lies, gates, the order of children."""
    answer["origin"] = ""
    for ancestor in answer["lineage"]["ancestors"]:
        ancestor["gated"] = None
    answer["lineage"]["children"]["top"].sort(key=lambda child: str(child["model_id"]))
    return answer


def test_analyses_out_of_a_corpus_are_those_out_of_its_table(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    shutil.copy(ROOT / "corpora" / "demo" / "cards.parquet", table)
    import_corpus(str(table), tmp_path / "c")
    rows = pq.read_table(table, columns=["model_id", "renamed_from"]).to_pylist()
    # A corpus keeps no former names, so the model that has one and its child are left out.
    models = [ModelId(row["model_id"]) for row in rows if "old-name" not in row["model_id"] and not row["renamed_from"]]
    models = models[::4]
    assert len(models) > 50
    assert analyses(StoreSource(tmp_path / "c"), models) == analyses(CorpusSource(table), models)


def test_simulated_corpus_answers_with_what_was_planted(tmp_path: Path) -> None:
    simulate(tmp_path / "c", models=400, seed=3, workers=1)
    corpus, source = Corpus(tmp_path / "c"), StoreSource(tmp_path / "c")
    edges = corpus.table("edges").to_pylist()
    assert edges
    for row in edges[:25]:
        info = source.info(ModelId(row["child"]))
        assert isinstance(info, ModelInfo)
        assert (row["parent"], row["relation"]) in [(parent, word.value) for parent, word in info.base_models]
    parent = max((row["parent"] for row in edges), key=[row["parent"] for row in edges].count)
    info = source.info(ModelId(parent))
    assert isinstance(info, ModelInfo)
    assert info.children is not None
    assert sum(info.children.values()) == len({row["child"] for row in edges if row["parent"] == parent})
    assert isinstance(load("source", "store")(str(tmp_path / "c")).get(ModelId(edges[0]["child"])), RawCard)
