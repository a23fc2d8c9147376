"""Tools are found by their marks, in layers, with the lines and the version that are theirs."""

from __future__ import annotations

import json
import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardscope import detect_generators, parse_card
from cardscope.errors import InvalidTable
from cardscope.tables import names, read_table, use_overlay
from cardscope.templates.rows import LAYERS, signatures
from cardscope.templates.signatures import paper_flag
from cardscope.types import Span

CASES = Path(__file__).parent.parent / "cases" / "templates"
TOOLS = tomllib.loads((CASES / "tools.toml").read_text(encoding="utf-8"))["case"]

EXACT = re.compile(r"\d+\.\d+\.\d+")

#: What is written together, by the table of co-occurrences in ../shared/generators.md.
TOGETHER = {
    "axolotl": {"transformers-trainer", "peft"},
    "llama-factory": {"transformers-trainer", "peft"},
    "peft": {"hf-modelcard-template"},
    "lerobot": {"hf-modelcard-template"},
    "transformers-push-to-hub": {"hf-modelcard-template"},
    "diffusers-push-to-hub": {"hf-modelcard-template"},
    **{
        f"diffusers-{script}": {"diffusers-training"}
        for script in ("controlnet", "dreambooth", "dreambooth-lora", "t2i", "textual-inversion")
    },
}


@pytest.mark.parametrize("case", TOOLS, ids=[case["name"] for case in TOOLS])
def test_case(case):
    card = parse_card(case["text"].lstrip("\n"))
    assert [[match.id, match.version or ""] for match in detect_generators(card)] == case["expect"]


def test_every_generated_card_names_its_tool_and_no_other(shared):
    folder = shared / "generated"
    wrong = []
    for row in map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()):
        found = {match.id for match in detect_generators(parse_card((folder / row["file"]).read_bytes()))}
        if row["generator"] not in found or found - {row["generator"]} - TOGETHER.get(row["generator"], set()):
            wrong.append((row["file"], sorted(found)))
    assert wrong == []


def test_versions_told_by_a_line_are_the_tools_own(shared):
    folder = shared / "generated"
    told = same = 0
    for row in map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()):
        for match in detect_generators(parse_card((folder / row["file"]).read_bytes())):
            # Ranges such as ``>=0.18`` come from wording, not from a line with the version.
            if match.id == row["generator"] and match.version and EXACT.fullmatch(match.version):
                told += 1
                same += match.version == row["version"]
    assert told > 90
    assert same == told


def test_popular_cards_match_only_what_was_read_in_them(shared):
    pq = pytest.importorskip("pyarrow.parquet")
    expected = tomllib.loads((CASES / "popular.toml").read_text(encoding="utf-8"))["expected"]
    popular = set(pq.read_table(shared / "cards" / "sections.parquet", columns=["model_id"])["model_id"].to_pylist())
    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    found: dict[str, set[str]] = {}
    for model, text in zip(table["model_id"].to_pylist(), table["card"].to_pylist(), strict=True):
        if model in popular and (matches := detect_generators(parse_card(text))):
            found.setdefault(model, set()).update(match.id for match in matches)
    assert {model: sorted(ids) for model, ids in found.items()} == expected


def test_each_layer_has_its_own_lines():
    card = parse_card(TOOLS[0]["text"].lstrip("\n"))
    trainer, peft = detect_generators(card)
    line = card.lines.index("- PEFT 0.13.2") + 1
    assert peft.spans == (Span(line, line),)
    assert not any(span.first <= line <= span.last for span in trainer.spans)
    assert trainer.spans[0].first == card.body.first
    assert trainer.spans[-1].last == card.body.last


def test_what_follows_a_converters_block_is_not_its():
    text = (
        "# Tern, made using [Heretic](https://github.com/p-e-w/heretic) v1.2.0\n"
        "\n## Abliteration parameters\n\n-----\n\n"
        "<!-- according to the information the Trainer had access to -->\n"
        "\n# tern\n\nWritten by the Trainer.\n"
    )
    heretic, trainer = detect_generators(parse_card(text))
    assert (heretic.id, heretic.version, heretic.spans) == ("heretic", "1.2.0", (Span(1, 5),))
    assert trainer.id == "transformers-trainer"
    assert trainer.spans[0].first == 6


def test_evidence_points_at_the_marks():
    card = parse_card(TOOLS[2]["text"].lstrip("\n"))
    (match,) = detect_generators(card)
    seen = {proof.what: proof.spans for proof in match.evidence}
    for what, spans in seen.items():
        if not what.startswith(("tag:", "key:", "library:")):
            assert all(what in card.lines[span.first - 1] for span in spans), what
    assert seen["key:licence=license"] == (card.front_matter.lines["licence"],)


def test_order_is_by_layer():
    orders = {row.id: row.order[0] for row in signatures().rows}
    card = parse_card(TOOLS[7]["text"].lstrip("\n"))
    found = [orders[match.id] for match in detect_generators(card)]
    assert found == sorted(found)
    assert LAYERS[0] == "converter"


def test_tables_hold_the_required_groups_and_ids_once():
    rows = [row for table in names("generators") for row in read_table(table)["generator"].items()]
    groups = [cells["group"] for _, cells in rows]
    assert len(rows) == len({identity for identity, _ in rows})
    assert groups.count("A") >= 8
    assert groups.count("B") >= 20
    for identity, cells in rows:
        assert cells.get("sure") or cells.get("together") or cells.get("hint"), identity
        for hidden in cells.get("hides", ()):
            assert hidden in {other for other, _ in rows}, (identity, hidden)


def test_a_users_row_is_found_and_a_wrong_one_named(tmp_path):
    folder = tmp_path / "generators"
    folder.mkdir()
    row = '[generator.ternkit]\nlayer = "outer"\nsure = ["hatched by ternkit"]\nversion = ["ternkit v"]\n'
    (folder / "mine.toml").write_text(row, encoding="utf-8")
    try:
        use_overlay(tmp_path)
        (match,) = detect_generators(parse_card("# Tern\n\nhatched by ternkit v2.1\n"))
        assert (match.id, match.version) == ("ternkit", "2.1")
        (folder / "mine.toml").write_text(row.replace("outer", "sky"), encoding="utf-8")
        use_overlay(tmp_path)
        with pytest.raises(InvalidTable, match="layer"):
            detect_generators(parse_card("# Tern\n"))
    finally:
        use_overlay(None)
    assert detect_generators(parse_card("# Tern\n\nhatched by ternkit v2.1\n")) == ()


def test_hostile_repetition_ends():
    for mark in ("# Model Card for Model ID\n", "- PEFT 0.13.2\n", "using mlx-lm version **", "[Heretic]("):
        card = parse_card(mark * (300_000 // len(mark)))
        before = time.process_time()
        matches = detect_generators(card)
        # Not a stopwatch: something quadratic would take minutes here.
        assert time.process_time() - before < 20
        assert all(len(proof.spans) <= 40 for match in matches for proof in match.evidence)


@given(st.text(alphabet="#-*`[]()<>!\n\r abPEFT0.1", max_size=300))
@settings(max_examples=150, deadline=None)
def test_spans_stay_inside_any_card(text):
    card = parse_card(text)
    for match in detect_generators(card):
        for span in (*match.spans, *(span for proof in match.evidence for span in proof.spans)):
            assert 1 <= span.first <= span.last <= len(card.lines)


def test_paper_flag_is_two_phrases_in_any_case():
    assert paper_flag("This card was AUTOMATICALLY generated")
    assert paper_flag("generated automatically")
    assert not paper_flag("It has been trained using [TRL](https://github.com/huggingface/trl)")


def test_the_empty_template_with_the_name_of_a_library_is_only_a_hint():
    """Anybody can write both by hand; PEFT itself leaves its version at the end of the card."""
    text = "---\nlibrary_name: peft\n---\n# Model Card for Model ID\n\nIt counts owls.\n"
    found = {match.id: match.reliability for match in detect_generators(parse_card(text))}
    assert found["peft"] == "C"
    found = {match.id: match.reliability for match in detect_generators(parse_card(text + "\n- PEFT 0.13.2\n"))}
    assert found["peft"] != "C"
