"""Makes the demo hub out of a seed: ``--update`` writes ``corpora/demo/``, ``--check`` compares with what is there.

Everything in it is simulated: the owners, the models, and every text. Parquet files differ between versions of the
library that writes them, so the check compares tables, not bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from demo_parts import families, oddities
from demo_parts.record import Model, revision

SEED = 20250629
DEMO = Path(__file__).with_name("demo")
_TIME = pa.timestamp("us", tz="UTC")
_COMMON = [
    ("model_id", pa.string()), ("revision", pa.string()), ("created_at", _TIME), ("last_modified", _TIME),
    ("downloads", pa.int64()), ("likes", pa.int64()), ("tags", pa.list_(pa.string())), ("pipeline_tag", pa.string()),
    ("library_name", pa.string()), ("gated", pa.string()), ("private", pa.bool_()),
]  # fmt: skip
CARDS = pa.schema([*_COMMON[:4], ("card", pa.string()), *_COMMON[4:], ("renamed_from", pa.list_(pa.string()))])
MODELS = pa.schema([_COMMON[0], ("state", pa.string()), *_COMMON[1:]])


def make(seed: int = SEED) -> tuple[pa.Table, pa.Table]:
    """The two tables of the hub: cards, and models without a readable card; rows in the order of their ids."""
    models = [*families.named(seed), *families.crowd(seed)]
    base = next(model.card for model in models if model.model_id == oddities.BASE)
    models += oddities.oddities(seed, base or "")
    models.sort(key=lambda model: model.model_id)
    if double := [name for name, count in Counter(model.model_id for model in models).items() if count > 1]:
        raise SystemExit(f"made twice: {', '.join(double)}")
    gone = sorted(oddities.unreadable(seed), key=lambda model: model.model_id)
    cards = pa.Table.from_pylist([_row(model, seed, CARDS) for model in models], schema=CARDS)
    return cards, pa.Table.from_pylist([_row(model, seed, MODELS) for model in gone], schema=MODELS)


def _row(model: Model, seed: int, schema: pa.Schema) -> dict[str, Any]:
    row = {
        "model_id": model.model_id, "revision": revision(model.model_id, seed), "created_at": model.created,
        "last_modified": model.modified, "card": model.card, "downloads": model.downloads, "likes": model.likes,
        "tags": list(model.tags) if model.state else model.hub_tags(), "pipeline_tag": model.pipeline_tag,
        "library_name": model.library_name, "gated": model.gated, "private": model.private,
        "renamed_from": list(model.renamed_from), "state": model.state,
    }  # fmt: skip
    return {name: row[name] for name in schema.names}


def digest(*tables: pa.Table) -> str:
    """SHA-256 over the rows of all tables, written as JSON; the same for the same rows whatever wrote the files."""
    text = json.dumps([table.to_pylist() for table in tables], default=str, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def describe(cards: pa.Table, gone: pa.Table) -> str:
    """The text of ``demo.toml``."""
    relations = Counter(
        parts[1] if len(parts) > 2 else "stated"
        for tags in cards["tags"].to_pylist()
        for parts in (tag.split(":") for tag in tags)
        if parts[0] == "base_model"
    )
    counts = "\n".join(f"{relation} = {relations[relation]}" for relation in sorted(relations))
    return f"""# Written by corpora/make_demo.py; the text of the hub is simulated.
flagship = "{families.FLAGSHIP}"
description = "A small simulated hub: eight families of invented models, with conflicts, lost warnings and broken links"
seed = {SEED}
digest = "{digest(cards, gone)}"

[counts]
cards = {cards.num_rows}
without_card = {gone.num_rows}

[links]
{counts}
"""


def update(folder: Path = DEMO) -> None:
    """Writes the three files."""
    folder.mkdir(parents=True, exist_ok=True)
    cards, gone = make()
    pq.write_table(cards, folder / "cards.parquet", compression="zstd", compression_level=19)
    pq.write_table(gone, folder / "models.parquet", compression="zstd")
    (folder / "demo.toml").write_text(describe(cards, gone), encoding="utf-8")


def check(folder: Path = DEMO) -> list[str]:
    """What differs between the committed hub and the one this script makes; empty when nothing does."""
    cards, gone = make()
    wrong = [
        name
        for name, table in (("cards.parquet", cards), ("models.parquet", gone))
        if not (folder / name).exists() or not pq.read_table(folder / name).equals(table)
    ]
    text = (folder / "demo.toml").read_text(encoding="utf-8") if (folder / "demo.toml").exists() else ""
    if text != describe(cards, gone) or tomllib.loads(text)["digest"] != digest(cards, gone):
        wrong.append("demo.toml")
    return wrong


def main() -> int:
    """Runs the mode that was asked for; 1 when the check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare with what is committed")
    mode.add_argument("--update", action="store_true", help="write it anew")
    if parser.parse_args().update:
        update()
        return 0
    wrong = check()
    if wrong:
        print(f"not what make_demo.py makes: {', '.join(wrong)}; run it with --update", file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
