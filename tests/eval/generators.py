"""Which tool wrote a card, and which lines: how often the signatures and the boilerplate are right.

Truth: cards written by the tools themselves on made-up arguments (``generated/``). The signatures were tuned looking at
every other card of each tool; only the others count for recall and precision here. Tools that are written together by
`../shared/generators.md` count as right. Rivals: the paper's two phrases, which name no tool and can only say whether
any was at work, and the tags alone (the first tag or library name that only one tool of the tuning half writes).

Boilerplate is tried in two ways: the shipped table, mined from all these cards and real ones, and a table mined from
the tuning half alone (what a new version of a tool meets). On popular cards written by people nothing should be a
template's; the models there that a tool or template did write are listed in ``tests/cases/templates/popular.toml``.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import random
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

DATA = ("generated/manifest.jsonl", "cards/cards.parquet", "cards/sections.parquet")
ROOT = Path(__file__).parent.parent.parent
TOGETHER = {
    "axolotl": {"transformers-trainer", "peft"},
    "llama-factory": {"transformers-trainer", "peft"},
    "peft": {"hf-modelcard-template"},
    "lerobot": {"hf-modelcard-template"},
    "transformers-push-to-hub": {"hf-modelcard-template"},
    "diffusers-push-to-hub": {"hf-modelcard-template"},
}
_SCRIPTS = ("controlnet", "dreambooth", "dreambooth-lora", "t2i", "textual-inversion")
TOGETHER |= {f"diffusers-{script}": {"diffusers-training"} for script in _SCRIPTS}
SEED = 11


@functools.cache
def halves(shared: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Rows of the manifest: every first, third, ... card of a tool for tuning, the others for measuring."""
    split: tuple[list[dict[str, str]], list[dict[str, str]]] = ([], [])
    seen: dict[str, int] = defaultdict(int)
    for row in map(json.loads, (shared / "generated" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()):
        split[seen[row["generator"]] % 2].append(row)
        seen[row["generator"]] += 1
    return split


def _cards(shared: Path, rows: Sequence[dict[str, str]]) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    from cardscope import detect_generators, parse_card

    for row in rows:
        card = parse_card((shared / "generated" / row["file"]).read_bytes())
        yield row["generator"], card, detect_generators(card)


def wilson(hits: int, of: int) -> dict[str, float]:
    """A share with its 95 % interval."""
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return {"value": share, "low": middle - half, "high": middle + half}


def bootstrap(values: Sequence[float]) -> dict[str, float]:
    """A mean with the 95 % interval of 1,000 resamples."""
    dice = random.Random(SEED)
    means = sorted(sum(dice.choices(values, k=len(values))) / len(values) for _ in range(1000))
    return {"value": sum(values) / len(values), "low": means[25], "high": means[974]}


@functools.cache
def named(shared: Path) -> dict[str, dict[str, int]]:
    """By tool: its cards in the measuring half, how often it was named, how often it was named wrongly."""
    table: dict[str, dict[str, int]] = defaultdict(lambda: {"cards": 0, "found": 0, "wrong": 0})
    for truth, _, matches in _cards(shared, halves(shared)[1]):
        found = {match.id for match in matches}
        table[truth]["cards"] += 1
        table[truth]["found"] += truth in found
        for other in found - {truth} - TOGETHER.get(truth, set()):
            table[other]["wrong"] += 1
    return dict(table)


def by_tags(shared: Path) -> tuple[int, int]:
    """Hits and answers of the rival that looks at tags and library names alone."""
    owners: dict[str, set[str]] = defaultdict(set)
    for truth, card, _ in _cards(shared, halves(shared)[0]):
        for word in _words(card):
            owners[word].add(truth)
    hits = answers = 0
    for truth, card, _ in _cards(shared, halves(shared)[1]):
        said = next((next(iter(owners[word])) for word in _words(card) if len(owners.get(word, ())) == 1), None)
        answers += said is not None
        hits += said == truth
    return hits, answers


def _words(card: Any) -> list[str]:
    fields = card.front_matter.fields
    tags = fields.get("tags")
    return [str(word) for word in (*(tags if isinstance(tags, list) else [tags]), fields.get("library_name")) if word]


@functools.cache
def popular(shared: Path) -> dict[str, Any]:
    """Matches and template shares on the newest card of each of the most liked models."""
    import pyarrow.parquet as pq

    from cardscope import attribute, detect_generators, parse_card
    from cardscope.types import Author

    listed = tomllib.loads((ROOT / "tests/cases/templates/popular.toml").read_text(encoding="utf-8"))["expected"]
    wanted = set(pq.read_table(shared / "cards" / "sections.parquet", columns=["model_id"])["model_id"].to_pylist())
    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    pairs = zip(table["model_id"].to_pylist(), table["card"].to_pylist(), strict=True)
    newest = {model: text for model, text in pairs if model in wanted}
    silent, shares, models = [], [], []
    for model, text in newest.items():
        if model in listed:
            continue
        card = parse_card(text)
        matches = detect_generators(card)
        silent.append(not matches)
        models.append(model)
        shares.append(attribute(card, matches).shares[Author.TEMPLATE])
    return {"cards": len(silent), "silent": sum(silent), "shares": shares, "models": models}


@functools.cache
def planted(shared: Path) -> tuple[float, ...]:
    """For each tool's card: share of the lines of people, set under one of its headings, that stay theirs."""
    from cardscope import attribute, detect_generators, parse_card
    from cardscope.types import Author

    dice = random.Random(SEED)
    pool = _lines_of_people(shared)
    kept = []
    for _, card, _ in _cards(shared, halves(shared)[1]):
        places = [section.span.first for section in card.sections if section.level]
        if not places:
            continue
        at, start = dice.choice(places), dice.randrange(len(pool) - 6)
        lines = [*card.lines[:at], "", *pool[start : start + 6], "", *card.lines[at:]]
        mixed = parse_card("\n".join(lines))
        parts = attribute(mixed, detect_generators(mixed)).spans
        authored = {
            line
            for part in parts
            if part.author is Author.AUTHORED
            for line in range(part.span.first, part.span.last + 1)
        }
        kept.append(sum(line in authored for line in range(at + 2, at + 8)) / 6)
    return tuple(kept)


def _lines_of_people(shared: Path) -> list[str]:
    """Prose and list lines of the popular cards that no tool wrote, in the order of the table."""
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    silent = set(popular(shared)["models"])
    lines = []
    for model, text in zip(table["model_id"].to_pylist(), table["card"].to_pylist(), strict=True):
        if model in silent:
            silent.discard(model)
            body = text.split("\n---\n", 1)[-1]
            lines += [line for line in body.split("\n") if 30 <= len(line) <= 300 and line[0] not in "#`<|!:"]
    return lines


def _miner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cardscope_boilerplate_miner", ROOT / "corpora" / "boilerplate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def boilerplate_shares(shared: Path) -> dict[str, list[float]]:
    """Share of words called template or placeholder in each card of the measuring half, by way of mining."""
    from cardscope import attribute
    from cardscope.templates.lines import Boilerplate
    from cardscope.types import Author

    whole, starts = _miner().from_generated(shared, [row["file"] for row in halves(shared)[0]])
    tables: dict[str, Boilerplate | None] = {"shipped": None, "other half": Boilerplate(_turn(whole), _turn(starts))}
    found: dict[str, list[float]] = {name: [] for name in tables}
    found["placeholders alone"] = []
    for _, card, matches in _cards(shared, halves(shared)[1]):
        for name, known in tables.items():
            shares = attribute(card, matches, known=known).shares
            found[name].append(shares[Author.TEMPLATE] + shares[Author.PLACEHOLDER])
        found["placeholders alone"].append(attribute(card, ()).shares[Author.PLACEHOLDER])
    return found


def _turn(by_row: dict[str, set[int]]) -> dict[int, tuple[str, ...]]:
    turned: dict[int, tuple[str, ...]] = {}
    for row, hashes in by_row.items():
        for number in hashes:
            turned[number] = (*turned.get(number, ()), row)
    return turned


def evaluate(shared: Path) -> dict[str, Any]:
    """Recall, precision and versions on the measuring half, silence on popular cards, lines given to tools."""
    from cardscope.templates.signatures import paper_flag

    table = named(shared)
    cards = sum(row["cards"] for row in table.values())
    found = sum(row["found"] for row in table.values())
    wrong = sum(row["wrong"] for row in table.values())
    flagged = sum(paper_flag(card.text) for _, card, _ in _cards(shared, halves(shared)[1]))
    hits, answers = by_tags(shared)
    told = [
        (match.version, row["version"])
        for row, (truth, _, matches) in zip(halves(shared)[1], _cards(shared, halves(shared)[1]), strict=True)
        for match in matches
        if match.id == truth and match.version and re.fullmatch(r"\d+\.\d+\.\d+", match.version)
    ]
    people, shares = popular(shared), boilerplate_shares(shared)
    return {
        "tool named": {**wilson(found, cards), "baseline": hits / cards},
        "names that are right": {**wilson(found, found + wrong), "baseline": hits / max(answers, 1)},
        "automation seen": {**wilson(found, cards), "baseline": flagged / cards},
        "versions right": wilson(sum(said == true for said, true in told), len(told)),
        "popular cards without a false tool": wilson(people["silent"], people["cards"]),
        "words of tools given to them": {
            **bootstrap(shares["shipped"]),
            "baseline": sum(shares["placeholders alone"]) / len(shares["placeholders alone"]),
            "tolerance": 0.005,
        },
        "words of tools, boilerplate of the other half": {**bootstrap(shares["other half"]), "tolerance": 0.005},
        "lines of people in a tool's card left to them": {**bootstrap(planted(shared)), "tolerance": 0.005},
    }


def details(shared: Path) -> dict[str, Any]:
    """By tool, on the measuring half; and counts on all real cards."""
    return {
        "by tool": dict(sorted(named(shared).items())),
        "tools in real cards": real_counts(shared),
        "popular cards": popular(shared)["cards"],
    }


def real_counts(shared: Path) -> dict[str, Any]:
    """How many of every fifth real card each tool wrote, and what the paper's rule sees of them."""
    import pyarrow.parquet as pq

    from cardscope import detect_generators, parse_card
    from cardscope.templates.signatures import paper_flag

    texts = pq.read_table(shared / "cards" / "cards.parquet", columns=["card"])["card"].to_pylist()[::5]
    counts: dict[str, int] = defaultdict(int)
    total = {"cards": len(texts), "with a tool": 0, "flagged by the two phrases": 0, "flagged without a tool": 0}
    for text in texts:
        matches = detect_generators(parse_card(text))
        flag = paper_flag(text)
        total["with a tool"] += bool(matches)
        total["flagged by the two phrases"] += flag
        total["flagged without a tool"] += flag and not matches
        for match in matches:
            counts[match.id] += 1
    return {"total": total, "by tool": dict(sorted(counts.items(), key=lambda pair: -pair[1]))}
