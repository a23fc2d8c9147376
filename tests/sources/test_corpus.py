"""Parquet files as a source of cards and an index of models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cardscope.errors import InvalidCorpus
from cardscope.sources.corpus import CorpusSource
from cardscope.types import ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason

BASE = ModelId("acme/base")


def write(path: Path, columns: Mapping[str, Sequence[Any]], **how: Any) -> Path:
    pq.write_table(pa.table(dict(columns)), path, **how)
    return path


def card(**fields: str) -> str:
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in fields.items()) + "---\n# Title\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six models: a base in two revisions and under two names, three children, an empty card, and bytes as found."""
    day = [datetime(2024, 1, day, tzinfo=UTC) for day in (2, 1, 3, 4, 5, 6, 7)]
    write(
        tmp_path / "cards.parquet",
        {
            "model_id": ["acme/base", "acme/base", "kin/tuned", "kin/more", "kin/small", "odd/empty", "odd/bytes"],
            "revision": ["b" * 40, "a" * 40, "c" * 40, "d" * 40, None, "", "e" * 40],
            "created_at": pa.array([datetime(2023, 1, 1, tzinfo=UTC)] * 7, pa.timestamp("us", tz="UTC")),
            "last_modified": pa.array(day, pa.timestamp("us", tz="UTC")),
            "card": [
                card(license="mit"),
                "# Older",
                card(base_model="acme/base", language="no"),
                card(base_model="old/base", base_model_relation="finetune"),
                "# Small",
                "\ufeff\n",
                "# Caf\ufffd",
            ],
            "raw": pa.array([None] * 6 + [b"# Caf\xe9"], pa.binary()),
            "downloads": pa.array([900, 800, 5, 50, None, 0, 0], pa.int64()),
            "likes": pa.array([9, 8, 0, 0, 0, 0, 0], pa.int64()),
            "tags": [["en"], [], ["base_model:acme/base"], [], ["base_model:quantized:acme/base"], [], None],
            "gated": [None, None, None, "manual", None, None, None],
            "private": [False] * 7,
            "renamed_from": [["old/base"], [], [], [], [], None, []],
        },
    )
    write(
        tmp_path / "models.parquet",
        {
            "model_id": ["shut/gated", "shut/private", "gone/away", "odd/no-readme", "odd/unknown-state"],
            "state": ["gated", "private", "removed", "no-readme", "asleep"],
            "downloads": [7, 7, 7, 7, 7],
            "tags": [["license:llama3"], ["base_model:adapter:acme/base"], [], ["base_model:adapter:acme/base"], []],
            "gated": ["auto", None, None, None, None],
        },
    )
    return tmp_path


def test_the_newest_revision_is_the_answer(corpus: Path) -> None:
    found = CorpusSource(corpus).get(BASE)
    assert isinstance(found, RawCard)
    assert (found.content, found.revision) == (card(license="mit").encode(), "b" * 40)
    assert found.dates.modified == datetime(2024, 1, 2, tzinfo=UTC)
    assert found.dates.created == datetime(2023, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("revision", ["a" * 40, "a" * 7])
def test_a_revision_picks(corpus: Path, revision: str) -> None:
    found = CorpusSource(corpus).get(BASE, revision)
    assert isinstance(found, RawCard)
    assert found.content == b"# Older"
    info = CorpusSource(corpus).info(BASE, revision)
    assert isinstance(info, ModelInfo)
    assert (info.downloads, info.revision) == (800, "a" * 40)


def test_a_revision_that_is_not_there(corpus: Path) -> None:
    missing = CorpusSource(corpus).get(BASE, "f" * 40)
    assert isinstance(missing, SkippedCard)
    assert missing.reason is SkipReason.NOT_FOUND
    assert "a" * 12 in missing.hint


def test_bytes_that_were_no_text_are_given_as_found(corpus: Path) -> None:
    found = CorpusSource(corpus).get(ModelId("odd/bytes"))
    assert isinstance(found, RawCard)
    assert found.content == b"# Caf\xe9"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("odd/empty", SkipReason.EMPTY_README),
        ("shut/gated", SkipReason.GATED),
        ("shut/private", SkipReason.PRIVATE),
        ("gone/away", SkipReason.NOT_FOUND),
        ("odd/no-readme", SkipReason.NO_README),
        ("odd/unknown-state", SkipReason.NOT_FOUND),
        ("no/such", SkipReason.NOT_FOUND),
    ],
)
def test_why_there_is_no_card(corpus: Path, model: str, reason: SkipReason) -> None:
    answer = CorpusSource(corpus).get(ModelId(model))
    assert isinstance(answer, SkippedCard)
    assert (answer.model_id, answer.reason, bool(answer.message)) == (model, reason, True)


def test_a_former_name(corpus: Path) -> None:
    old = ModelId("old/base")
    source = CorpusSource(corpus)
    found, info = source.get(old), source.info(old)
    assert isinstance(found, RawCard)
    assert isinstance(info, ModelInfo)
    assert (found.model_id, found.renamed_from, info.model_id, info.renamed_from) == (BASE, old, BASE, old)
    assert source.former_ids(BASE) == ("old/base",)


def test_other_capitals(corpus: Path) -> None:
    found = CorpusSource(corpus).get(ModelId("Acme/Base"))
    assert isinstance(found, RawCard)
    assert (found.model_id, found.renamed_from) == (BASE, "Acme/Base")


def test_accounts(corpus: Path) -> None:
    source = CorpusSource(corpus)
    assert (source.has_account("acme"), source.has_account("shut"), source.has_account("nobody")) == (True, True, None)
    assert CorpusSource("demo").has_account("nobody-of-that-name") is False


def test_info_of_the_columns(corpus: Path) -> None:
    source = CorpusSource(corpus)
    info = source.info(BASE)
    assert isinstance(info, ModelInfo)
    assert (info.downloads, info.likes, info.tags, info.gated, info.private) == (900, 9, ("en",), False, False)
    assert info.card_data == {"license": "mit"}
    child = source.info(ModelId("kin/tuned"))
    assert isinstance(child, ModelInfo)
    assert child.card_data == {"base_model": "acme/base", "language": "no"}
    assert child.base_models == (("acme/base", Relation.UNKNOWN),)


def test_what_is_known_of_a_model_without_a_card(corpus: Path) -> None:
    source = CorpusSource(corpus)
    gated, bare = source.info(ModelId("shut/gated")), source.info(ModelId("odd/no-readme"))
    assert isinstance(gated, ModelInfo)
    assert isinstance(bare, ModelInfo)
    assert (gated.gated, gated.tags) == ("auto", ("license:llama3",))
    assert bare.base_models == (("acme/base", Relation.ADAPTER),)
    for model in ("shut/private", "gone/away", "no/such"):
        assert isinstance(source.info(ModelId(model)), SkippedCard)


def test_children_by_field_tag_and_former_name(corpus: Path) -> None:
    source = CorpusSource(corpus)
    info = source.info(BASE)
    assert isinstance(info, ModelInfo)
    assert info.children == {
        Relation.UNKNOWN: 1,
        Relation.FINETUNE: 1,
        Relation.QUANTIZED: 1,
        Relation.ADAPTER: 1,
    }
    assert [child.model_id for child in source.children(BASE, Relation.FINETUNE, 3)] == ["kin/more"]
    assert [child.model_id for child in source.children(BASE, Relation.QUANTIZED, 3)] == ["kin/small"]
    assert [child.downloads for child in source.children(BASE, Relation.ADAPTER, 3)] == [7]
    assert list(source.children(BASE, Relation.FINETUNE, 0)) == []


def test_the_lineage_file_goes_before_the_cards(corpus: Path) -> None:
    write(
        corpus / "lineage.parquet",
        {
            "child": ["kin/tuned", "kin/tuned", "far/child", "far/other", "acme/base"],
            "parent": ["acme/base", "acme/second", "acme/base", "acme/base", "acme/base"],
            "relation": ["merge", "merge", "adapter", "finetune", "finetune"],
            "evidence": ["hub_tag", "hub_tag", "manual", "card_text", "hub_tag"],
        },
    )
    source = CorpusSource(corpus)
    child, info = source.info(ModelId("kin/tuned")), source.info(BASE)
    assert isinstance(child, ModelInfo)
    assert isinstance(info, ModelInfo)
    assert child.base_models == (("acme/base", Relation.MERGE), ("acme/second", Relation.MERGE))
    # A guess out of prose does not count, nor does a model that is its own parent.
    assert info.children == {Relation.MERGE: 1, Relation.ADAPTER: 2, Relation.QUANTIZED: 1}
    assert {child.model_id for child in source.children(BASE, Relation.ADAPTER, 5)} == {"far/child", "odd/no-readme"}


def test_all_cards_in_order(corpus: Path) -> None:
    answers = list(CorpusSource(corpus).iter())
    names = [answer.model_id for answer in answers]
    assert names[:6] == ["acme/base", "kin/tuned", "kin/more", "kin/small", "odd/empty", "odd/bytes"]
    assert sorted(names[6:]) == ["gone/away", "odd/no-readme", "shut/gated", "shut/private"]
    assert len(list(CorpusSource(corpus, every_revision=True).iter())) == 11


def test_two_columns_are_enough(tmp_path: Path) -> None:
    path = write(tmp_path / "any.parquet", {"model_id": ["a/b", "a/b"], "card": ["# One", "# Two"]})
    source = CorpusSource(path)
    found, info = source.get(ModelId("a/b")), source.info(ModelId("a/b"))
    assert isinstance(found, RawCard)
    assert isinstance(info, ModelInfo)
    assert found.content == b"# Two"
    assert (info.downloads, info.gated, info.private, info.revision) == (None, None, None, None)
    assert len(list(source.iter())) == 1


def test_dates_as_text_and_columns_of_somebody_else(tmp_path: Path) -> None:
    columns = {
        "model_id": ["a/b", "not an id"],
        "card": ["# One", "# Two"],
        "last_modified": ["2024-05-06T07:08:09.000Z", "yesterday"],
        "tags": ["one, two", ""],
        "downloads": ["many", "few"],
    }
    source = CorpusSource(write(tmp_path / "any.parquet", columns))
    info = source.info(ModelId("a/b"))
    assert isinstance(info, ModelInfo)
    assert info.dates.modified == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert (info.tags, info.downloads) == ((), None)
    assert [answer.model_id for answer in source.iter()] == ["a/b", None]


def test_a_null_card_is_no_readme(tmp_path: Path) -> None:
    source = CorpusSource(write(tmp_path / "any.parquet", {"model_id": ["a/b"], "card": pa.array([None], pa.string())}))
    answer = source.get(ModelId("a/b"))
    assert isinstance(answer, SkippedCard)
    assert answer.reason is SkipReason.NO_README


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"id": ["a/b"], "card": ["x"]}, "model_id"),
        ({"model_id": ["a/b"], "text": ["x"]}, "card"),
        ({"model_id": [1], "card": [2]}, "model_id and card"),
    ],
)
def test_a_file_without_what_is_needed(tmp_path: Path, columns: dict[str, list[Any]], named: str) -> None:
    with pytest.raises(InvalidCorpus, match=f"lacks the text column {named}$"):
        CorpusSource(write(tmp_path / "any.parquet", columns))


def test_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no parquet")
    with pytest.raises(InvalidCorpus, match="is no parquet file"):
        CorpusSource(tmp_path / "notes.txt")
    for path in (tmp_path, tmp_path / "missing.parquet", tmp_path / "it's [odd]*.parquet"):
        with pytest.raises(InvalidCorpus, match="does not exist"):
            CorpusSource(path)


def test_a_neighbour_without_its_columns(corpus: Path) -> None:
    write(corpus / "lineage.parquet", {"child": ["a/b"], "parent": ["c/d"]})
    with pytest.raises(InvalidCorpus, match="relation"):
        CorpusSource(corpus).info(BASE)


def test_the_demo() -> None:
    source = CorpusSource("demo")
    answers = list(source.iter())
    cards = [answer for answer in answers if isinstance(answer, RawCard)]
    assert len(cards) > 150
    assert {answer.reason for answer in answers if isinstance(answer, SkippedCard)} >= {SkipReason.GATED}
    for found in cards[:5]:
        assert found.model_id is not None
        assert isinstance(source.info(found.model_id), ModelInfo)


def test_a_corpus_is_opened_without_the_libraries_of_tables() -> None:
    script = (
        "import sys; from cardscope.sources.corpus import CorpusSource; from cardscope.types import ModelId;"
        "assert 'duckdb' not in sys.modules; s = CorpusSource('demo'); next(iter(s.iter()));"
        "print([m for m in ('pyarrow', 'pandas', 'numpy', 'huggingface_hub', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


# --- the real cards -----------------------------------------------------------------------------------------------


def test_the_real_cards_as_they_are(shared: Path) -> None:
    source = CorpusSource(shared / "cards" / "cards.parquet")
    german = ModelId("bert-base-german-cased")
    newest = source.get(german)
    assert isinstance(newest, RawCard)
    assert newest.dates.observed is not None
    days = [row["observed_at"] for row in source._cards.rows(("observed_at",), "model_id = ?", [german])]
    assert len(days) == 13
    assert days == sorted(days)
    info = source.info(ModelId("google-bert/bert-base-uncased"))
    assert isinstance(info, ModelInfo)
    assert info.children
    assert sum(info.children.values()) > 5


def test_every_model_of_the_real_cards_comes_once(shared: Path) -> None:
    names = [answer.model_id for answer in CorpusSource(shared / "cards" / "cards.parquet").iter()]
    # Four names are no ids of today (they hold two dashes in a row): their cards come, without an id.
    assert len(names) == 31160
    assert names.count(None) == 4
    assert len(set(names)) == 31157


def test_every_card_of_the_demo_that_is_not_there_says_what_to_do_next() -> None:
    skipped = [answer for answer in CorpusSource("demo").iter() if isinstance(answer, SkippedCard)]
    assert {answer.reason for answer in skipped} >= {SkipReason.GATED, SkipReason.PRIVATE, SkipReason.NO_README}
    assert all(answer.message and answer.hint for answer in skipped)
