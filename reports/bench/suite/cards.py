"""Cards a second and core, stage by stage, on real cards when they are beside the checkout, else on the demo hub's."""

from __future__ import annotations

import gc
from typing import Any

from suite.measure import REFERENCE_LOOP, ROOT, SHARED, cpu_seconds, result

_CARDS = 3000


def run(options: Any) -> list[dict[str, Any]]:
    """Parse alone; parse, label, generators and licence; all of a batch's features; encoding."""
    from cardscope.corpus.features import pieces_of, read_text
    from cardscope.embedders import load_embedder
    from cardscope.licensing import judge_edge
    from cardscope.parsing import parse_card
    from cardscope.templates.signatures import detect_generators

    contents, where = contents_of(_CARDS)
    mean = sum(map(len, contents)) / len(contents)
    cards = [parse_card(content) for content in contents]
    features = [read_text(content) for content in contents]
    parts = [pieces_of(entry.card, entry.attribution) for entry in features]
    own = ["\n".join(text for counts, text in pieces if counts) for pieces in parts]
    embedder = load_embedder("static")

    def chain() -> None:
        for content in contents:
            card = parse_card(content)
            detect_generators(card)
            judge_edge("llama2", "finetune", str(card.front_matter.fields.get("license") or "(missing)"))

    stages = {
        "parse and label": lambda: [parse_card(content) for content in contents],
        "parse, label, generators, licence": chain,
        "all features of a batch (without probes)": lambda: as_batch(contents),
        "encode whole cards": lambda: embedder.encode([card.text for card in cards]),
        "encode the authors' own words": lambda: embedder.encode(own),
    }
    rows = []
    for name, work in stages.items():
        seconds, loop = cpu_seconds(work)
        each = seconds / len(contents)
        rows.append(
            result(
                f"{name}, {where}",
                round(1 / each),
                "cards/s/core",
                microseconds=round(each * 1e6, 1),
                at_reference_speed=round(loop / REFERENCE_LOOP / each),
                mean_bytes=round(mean),
                cards=len(contents),
            )
        )
    return rows


def as_batch(contents: list[bytes]) -> None:
    """Features one after the other, as the map of a batch makes them: none is kept, and cycles are not looked for."""
    from cardscope.corpus.features import read_text

    gc.disable()
    try:
        for content in contents:
            read_text(content)
    finally:
        gc.enable()


def contents_of(most: int) -> tuple[list[bytes], str]:
    """At most so many cards, taken evenly from all, and what they are."""
    import pyarrow.parquet as pq

    path = SHARED / "cards" / "cards.parquet"
    if not path.exists():
        path, where = ROOT / "corpora" / "demo" / "cards.parquet", "demo cards"
    else:
        where = "real cards"
    texts = pq.read_table(path, columns=["card"])["card"].to_pylist()
    step = max(1, len(texts) // most)
    return [text.encode("utf-8", "surrogatepass") for text in texts[::step]][:most], where
