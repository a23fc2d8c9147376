"""The reduction on rows whose every measure can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from cardscope.corpus.batch import rows_paths, run_batch
from cardscope.corpus.editions import BEFORE, UNDATED
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.reduce import reduce_rows
from cardscope.corpus.rows import MapOptions
from cardscope.corpus.score import timeline_of
from cardscope.corpus.slices import OTHER, TOP
from cardscope.corpus.store import Corpus
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus
from cardscope.reporters.terminal_timeline import TimelineReporter
from cardscope.reporters.timeline import Lookup, to_dict, to_markdown
from cardscope.types import Edition, Period, Timeline

LONG = "# Model\n\nAn owner wrote this sentence about the model by hand.\n"


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("reduce")
    with CorpusWriter(folder / "c", shards=4) as writer:
        for number in range(30):  # one prolific owner, thirty copies in January
            card = {"model_id": f"mill/m{number}", "created_at": at("2024-01-05"), "library_name": "keras"}
            writer.add(card, b"---\nlicense: mit\n---\n" + LONG.encode())
        for number in range(3):  # three others with a card each
            card = {"model_id": f"hand{number}/m", "created_at": at("2024-01-20"), "library_name": f"lib{number}"}
            writer.add(
                card, f"---\nlanguage: [en, de]\n---\n# M{number}\n\nQuite another text, number {number}.\n".encode()
            )
        first = {
            "model_id": "hand0/two",
            "created_at": at("2024-02-01"),
            "modified_at": at("2024-02-01"),
            "revision": "a",
        }
        writer.add(first, b"# First words\n")
        writer.add({**first, "modified_at": at("2024-05-01"), "revision": "b"}, b"# Last words\n\nMore of them.\n")
        writer.add({"model_id": "old/one", "created_at": datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)}, b"# Old\n")
        writer.add({"model_id": "lost/one"}, b"# Undated\n")
        for number in range(TOP + 4):
            card = {"model_id": f"many/l{number}", "created_at": at("2024-03-01"), "library_name": f"z{number}"}
            writer.add(card, f"# L{number}\n".encode())
    state = run_batch(Corpus(folder / "c"), str(folder / "run"), LocalEngine(1), MapOptions())
    assert state.failed == 0
    return str(folder / "run")


@cache
def reduced(run: str, of: Edition = Edition.FIRST, by: Period = Period.MONTH) -> Timeline:
    return reduce_rows(rows_paths(run), of=of, by=by)


def test_every_card_is_in_one_period(run: str) -> None:
    timeline = reduced(run)
    assert timeline.cards == 30 + 3 + 1 + 1 + 1 + TOP + 4
    assert (
        sum(cards for (dimension, _, _), (cards, _) in timeline.sizes.items() if dimension == "all") == timeline.cards
    )
    assert timeline.periods == (BEFORE, "2024-01", "2024-02", "2024-03", UNDATED)
    assert timeline.undated == 1
    assert timeline.sizes[("all", "all", "2024-01")] == (33, 4)


def test_editions_are_different_questions(run: str) -> None:
    assert "2024-05" in reduced(run, Edition.CURRENT).periods
    assert (
        reduced(run, Edition.CURRENT).cards == reduced(run, Edition.FIRST).cards == reduced(run, Edition.ALL).cards - 1
    )
    lookup = Lookup(reduced(run, Edition.FIRST))
    first = lookup.get("all", "all", "2024-02", "chars")
    assert first is not None
    assert first.value == len("# First words\n")


def test_one_uploader_moves_the_cards_and_not_the_owners(run: str) -> None:
    lookup = Lookup(reduced(run))
    by_card = lookup.get("all", "all", "2024-01", "near_duplicate", "card")
    by_owner = lookup.get("all", "all", "2024-01", "near_duplicate", "owner")
    assert by_card is not None
    assert by_owner is not None
    assert by_card.value == pytest.approx(30 / 33)
    assert by_owner.value == pytest.approx(1 / 4)


def test_diversity_and_likeness_of_copies(run: str) -> None:
    lookup = Lookup(reduced(run))
    templates = lookup.get("licence", "mit", "2024-01", "templates (Hill 1)")
    alike = lookup.get("licence", "mit", "2024-01", "mean similarity")
    assert templates is not None
    assert alike is not None
    assert templates.value == pytest.approx(1.0)
    assert alike.value == pytest.approx(1.0, abs=2e-3)
    assert alike.low is None  # one owner tells nothing of others


def test_quantiles_of_scores_and_their_parts(run: str) -> None:
    lookup = Lookup(reduced(run))
    for measure in ("quality", "quality: Form", "standardization: Metadata", "chars"):
        found = [lookup.get("all", "all", "2024-01", f"{measure} p{point}") for point in (10, 25, 50, 75, 90)]
        values = [entry.value for entry in found if entry is not None]
        assert len(values) == 5
        assert values == sorted(values)
    assert lookup.get("licence", "mit", "2024-01", "quality p50") is not None
    assert lookup.get("licence", "mit", "2024-01", "quality: Form p50") is None  # of parts, for the whole only


def test_groups_beyond_the_common_ones_are_one_group(run: str) -> None:
    timeline = reduced(run)
    assert len(timeline.groups["library"]) == TOP + 1
    assert timeline.groups["library"][-1] == OTHER
    total = sum(cards for (dimension, _, _), (cards, _) in timeline.sizes.items() if dimension == "library")
    assert total == timeline.cards
    assert timeline.sizes[("language", "several", "2024-01")][0] == 3
    assert timeline.sizes[("licence", "none stated", "2024-01")][0] == 3


def test_periods_of_every_width(run: str) -> None:
    assert "2024-Q1" in reduced(run, by=Period.QUARTER).periods
    assert reduced(run, by=Period.YEAR).periods == (BEFORE, "2024", UNDATED)


def test_reports_say_the_same_and_hold_no_strange_characters(run: str) -> None:
    timeline = reduced(run)
    content = to_dict(timeline)
    assert content["counts"]["cards"] == timeline.cards
    told = [each for entry in content["slices"] for measure in entry["measures"].values() for each in measure.values()]
    assert len(told) == len(timeline.estimates)
    markdown = to_markdown(timeline)
    assert f"{timeline.cards:,} cards" in markdown
    for width in (60, 80, 120, 160):
        text = TimelineReporter(width).render(timeline)
        assert "\x1b" not in text
        assert max(len(line) for line in text.splitlines()) <= width
    assert "\x1b[" in TimelineReporter(80, color=True).render(timeline)
    svg = TimelineReporter(100, color=True).svg(timeline, "t")
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_a_sign_of_the_legend_stands_beside_its_name(run: str) -> None:
    timeline = reduced(run)
    tools = ("none recognised", "transformers-push-to-hub", "hf-modelcard-template", "peft", "transformers-trainer",
             "trl-sft", "unsloth", "gguf-my-repo", "huggingface-sb3", "mergekit")  # fmt: skip
    many = replace(timeline, groups={**timeline.groups, "generator": tools})
    for width in range(60, 161, 4):
        text = TimelineReporter(width).render(many)
        legend = text[text.index("With which tools") : text.index("other", text.index("With which tools"))]
        assert all(line.rstrip()[-1].isalnum() for line in legend.splitlines()[1:-1]), legend


def test_tables_lie_beside_the_rows(run: str) -> None:
    import pyarrow.parquet as pq

    from cardscope.corpus.batch import RunState

    state = RunState(run, "", "", 0, 0, 0, 0, {}, {"cardscope": "x"})
    timeline = timeline_of(run, state, of=Edition.FIRST, by=Period.MONTH)
    table = pq.read_table(Path(run) / "tables" / "first-month-estimates.parquet")
    assert table.num_rows == len(timeline.estimates)


def test_no_rows_is_said() -> None:
    with pytest.raises(InvalidCorpus, match="no rows"):
        reduce_rows([])


def test_rows_that_are_torn_are_said(run: str, tmp_path: Path) -> None:
    torn = tmp_path / "00.parquet"
    torn.write_bytes(Path(rows_paths(run)[0]).read_bytes()[:200])
    with pytest.raises(InvalidCorpus, match="cannot be read"):
        reduce_rows([str(torn)])
