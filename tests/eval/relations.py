"""How often the relation that is guessed for a stated parent is the one the Hub tells.

Truth: children whose relation the Hub's tags or its model tree give. Five looks at each child: its own card (library,
tags and name of the card alone), the Hub's tags without those that name a base model, the name alone, the card with the
tools that wrote it, and a card that lies about as a file, so that title and tools must tell what the name would.
``base_model_relation`` is hidden in all of them: it would be believed, not guessed. Hints were chosen on children whose
hash is even; only odd ones count here. The rival calls everything a fine-tune.

The Hub calls some copies fine-tunes that their cards call quantised (all of Pruna AI's, some of mradermacher's), and
some merges, too: these count as wrong here. It is why the tools lose a little where the name is known.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = ("cards/cards.parquet", "cards/lineage.parquet", "cards/metadata.parquet")
RELATIONS = ("finetune", "adapter", "quantized", "merge")
#: Fewer truths than this make no floor.
_FEWEST = 15


def is_tuning(model_id: str) -> bool:
    return int(hashlib.sha256(model_id.encode()).hexdigest(), 16) % 2 == 0


def wilson(hits: int, count: int) -> tuple[float, float]:
    z = 1.959964
    share, spread = hits / count, z * z / count
    middle, width = share + spread / 2, z * math.sqrt(share * (1 - share) / count + spread / count / 4)
    return (middle - width) / (1 + spread), (middle + width) / (1 + spread)


@functools.cache
def truth(shared: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    import pyarrow.parquet as pq

    columns = ["child", "parent", "relation", "evidence"]
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for row in pq.read_table(shared / "cards" / "lineage.parquet", columns=columns).to_pylist():
        if row["evidence"] in ("hub_tag", "hub_model_tree") and row["relation"] in RELATIONS:
            found.setdefault(row["child"], (row["relation"], {}))[1][row["parent"]] = None
    return {child: (relation, tuple(parents)) for child, (relation, parents) in found.items()}


def _cards(shared: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow.parquet as pq

    from cardscope import parse_card

    latest: dict[str, str] = {}
    for row in pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"]).to_pylist():
        if row["model_id"] in truth(shared):
            latest[row["model_id"]] = row["card"]
    for name, text in latest.items():
        card = parse_card(text)
        if card.front_matter.fields.get("base_model"):
            yield name, card


def own_cards(shared: Path) -> Iterator[tuple[str, dict[str, Any], None, None]]:
    for name, card in _cards(shared):
        yield name, dict(card.front_matter.fields), None, None


def with_tools(shared: Path) -> Iterator[tuple[str, dict[str, Any], None, Any]]:
    from cardscope import detect_generators
    from cardscope.lineage import Clues

    for name, card in _cards(shared):
        yield name, dict(card.front_matter.fields), None, Clues(card, detect_generators(card))


def hub_tags(shared: Path) -> Iterator[tuple[str, dict[str, Any], Any, None]]:
    import pyarrow.parquet as pq

    from cardscope.types import ModelId, ModelInfo

    columns = ["model_id", "tags", "library_name"]
    seen: dict[str, Any] = {}
    for row in pq.read_table(shared / "cards" / "metadata.parquet", columns=columns).to_pylist():
        if row["model_id"] in truth(shared) and row["tags"]:
            seen[row["model_id"]] = row
    for name, row in seen.items():
        tags = tuple(tag for tag in row["tags"] if not tag.startswith("base_model:"))
        info = ModelInfo(ModelId(name), tags=tags, library_name=row["library_name"])
        yield name, {"base_model": list(truth(shared)[name][1])}, info, None


def names(shared: Path) -> Iterator[tuple[str, dict[str, Any], None, None]]:
    for name, (_, parents) in truth(shared).items():
        yield name, {"base_model": list(parents)}, None, None


LOOKS = {
    "own_card": own_cards,
    "hub_tags": hub_tags,
    "name_only": names,
    "card_and_tools": with_tools,
    "card_as_file": with_tools,
}
#: What is read from a file has no id.
NAMELESS = frozenset({"card_as_file"})


@functools.cache
def confusion(shared: Path, look: str, tuning: bool = False) -> dict[tuple[str, str], int]:
    """Truth and guess, counted over the children of one half."""
    from cardscope.lineage import Clues, state_edges
    from cardscope.types import FrontMatter, FrontMatterState, ModelId

    counts: Counter[tuple[str, str]] = Counter()
    for name, fields, info, clues in LOOKS[look](shared):
        if is_tuning(name) is not tuning:
            continue
        fields.pop("base_model_relation", None)
        if isinstance(fields.get("tags"), list):
            fields["tags"] = [tag for tag in fields["tags"] if not str(tag).startswith("base_model:")]
        model = None if look in NAMELESS else ModelId(name)
        edges = state_edges(model, FrontMatter(FrontMatterState.PRESENT, fields), info, clues or Clues())
        guessed = edges[0].relation.value if edges else "none"
        counts[truth(shared)[name][0], guessed] += 1
    return dict(counts)


def evaluate(shared: Path) -> dict[str, dict[str, float]]:
    """Accuracy by look, and recall and precision by relation where there are truths enough."""
    found: dict[str, dict[str, float]] = {}
    for look in LOOKS:
        counts = confusion(shared, look)
        by_truth, by_guess = defaultdict(int), defaultdict(int)
        for (told, guessed), number in counts.items():
            by_truth[told] += number
            by_guess[guessed] += number
        total = sum(counts.values())
        right = sum(number for (told, guessed), number in counts.items() if told == guessed)
        found[f"{look}_accuracy"] = _metric(right, total, by_truth["finetune"] / total)
        for relation in RELATIONS:
            hits = counts.get((relation, relation), 0)
            always = relation == "finetune"
            if by_truth[relation] >= _FEWEST:
                found[f"{look}_{relation}_recall"] = _metric(hits, by_truth[relation], float(always))
            if by_guess[relation] >= _FEWEST:
                baseline = by_truth[relation] / total if always else 0.0
                found[f"{look}_{relation}_precision"] = _metric(hits, by_guess[relation], baseline)
    return found


def _metric(hits: int, count: int, baseline: float) -> dict[str, float]:
    low, high = wilson(hits, count)
    return {"value": hits / count, "low": low, "high": high, "baseline": baseline}


def details(shared: Path) -> dict[str, Any]:
    """Confusions of both halves: the tuning half shows how little was fitted."""
    return {
        f"{look} ({'tuning' if tuning else 'reported'} half)": {
            f"{told} as {guessed}": number
            for (told, guessed), number in sorted(confusion(shared, look, tuning).items())
        }
        for look in LOOKS
        for tuning in (False, True)
    }
