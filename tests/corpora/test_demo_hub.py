"""The shipped hub is what its script makes, and holds what the demo, the tests and the README promise."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "corpora" / "demo"


@pytest.fixture(scope="module")
def cards() -> dict[str, dict]:
    return {row["model_id"]: row for row in pq.read_table(DEMO / "cards.parquet").to_pylist()}


@pytest.fixture(scope="module")
def unreadable() -> dict[str, dict]:
    return {row["model_id"]: row for row in pq.read_table(DEMO / "models.parquet").to_pylist()}


def parents(row: dict) -> set[str]:
    return {tag.rsplit(":", 1)[1] for tag in row["tags"] if tag.startswith("base_model:")}


def test_committed_hub_is_what_the_script_makes():
    done = subprocess.run(
        [sys.executable, ROOT / "corpora" / "make_demo.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_small_enough_to_ship(cards):
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < 600_000
    assert 180 <= len(cards) <= 260


def test_flagship_has_three_generations_above_and_quantised_children_below(cards):
    flagship = tomllib.loads((DEMO / "demo.toml").read_text())["flagship"]
    line = [flagship]
    while above := parents(cards[line[-1]]):
        (parent,) = above
        line.append(parent)
    assert len(line) == 4
    assert [cards[name]["card"].split("license: ")[1].split()[0] for name in line] == [
        "apache-2.0", "apache-2.0", "cc-by-nc-4.0", "cc-by-nc-4.0",
    ]  # fmt: skip
    quantised = [row for row in cards.values() if f"base_model:quantized:{flagship}" in row["tags"]]
    assert len(quantised) >= 3


def test_every_relation_and_every_state_is_there(cards, unreadable):
    tags = {tag for row in cards.values() for tag in row["tags"]}
    for relation in ("finetune", "adapter", "quantized", "merge"):
        assert any(tag.startswith(f"base_model:{relation}:") for tag in tags), relation
    assert {row["state"] for row in unreadable.values()} == {"gated", "private", "removed", "no-readme"}
    assert not set(cards) & set(unreadable)
    assert any(len(parents(row)) >= 3 for row in cards.values())


def test_rows_are_what_an_index_needs(cards):
    for row in cards.values():
        assert re.fullmatch("[0-9a-f]{40}", row["revision"])
        assert row["created_at"].isoformat() >= "2022-04"
        assert row["created_at"] <= row["last_modified"]
        assert row["last_modified"].isoformat() < "2025-07"
        assert len(row["tags"]) == len(set(row["tags"]))


def test_links_point_at_models_of_the_hub_or_are_known_to_be_dead(cards, unreadable):
    known = set(cards) | set(unreadable) | {old for row in cards.values() for old in row["renamed_from"]}
    dead = {parent for row in cards.values() for parent in parents(row)} - known
    assert dead == {"polar-institute/borealis-13b"}


def test_texts_name_no_real_owner(cards):
    text = "\n".join(row["card"] for row in cards.values()).casefold()
    for owner in ("meta-llama", "mistralai", "google/", "microsoft/", "thebloke", "bartowski", "mradermacher"):
        assert owner not in text
