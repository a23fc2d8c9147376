"""Does the quality score agree with people: 541 card bodies that a survey labelled as of high quality or not.

The bodies came without front matter, so only what the text says is tried. Weights were tuned on the half of the models
whose hash is even; the numbers here are of the other half, whose bodies were not looked at. The rival is the number of
words: longer cards are better cards, and a score that does not beat that is not worth its table.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

DATA = ("cards/quality.parquet", "generated/manifest.jsonl")
_ROUNDS = 2000
#: The score stands on labels, generators and attribution, each with floors of its own; their every step moves it a bit.
_TOLERANCE = 0.01


def evaluate(shared: Path) -> dict[str, Any]:
    """Areas under the ROC curve on the half that was held back, with intervals over owners."""
    import numpy as np

    cards = [card for card in scored(shared) if card["held_back"]]
    labels = np.array([card["label"] for card in cards])
    quality = np.array([card["quality"] for card in cards])
    words = np.array([card["words"] for card in cards])
    standard = np.array([card["standardization"] for card in cards])
    # Four in ten bodies of high quality carry a tool's own marks (TheBloke's, ML-Agents'): people wrote the others.
    written = labels & ~np.array([card["tool"] for card in cards])
    low, high = interval(labels, quality, [card["owner"] for card in cards])
    ahead_low, ahead_high = interval(labels, quality, [card["owner"] for card in cards], rival=words)
    baseline = auc(labels, words)
    return {
        "auc": {"value": auc(labels, quality), "low": low, "high": high, "baseline": baseline, "tolerance": _TOLERANCE},
        "auc ahead of length": {
            "value": auc(labels, quality) - baseline,
            "low": ahead_low,
            "high": ahead_high,
            "tolerance": _TOLERANCE,
        },
        # The two scores are meant to be different things: template-likeness must not speak for quality.
        "auc of standardization": {"value": auc(labels, standard), "better": "low", "tolerance": 0.05},
        "generated against written, auc of standardization": generated(shared, standard[written], words[written]),
    }


def generated(shared: Path, written: Any, words: Any) -> dict[str, Any]:
    """Bodies that tools wrote against bodies of high quality by people; the rival is that those are longer."""
    import numpy as np

    from cardscope import parse_card

    made, sizes, tools = [], [], []
    for path in sorted((shared / "generated").glob("*/*.md")):
        text = path.read_text(encoding="utf-8", errors="replace")
        # Front matter is cut off as it was for the others.
        card = parse_card(text)
        body = "\n".join(card.lines[card.body.first - 1 :]) if card.body else ""
        made.append(_scores(body, None, ())[1].standardization.value or 0.0)
        sizes.append(len(body.split()))
        tools.append(path.parent.name)
    labels = np.array([True] * len(made) + [False] * len(written))
    values = np.concatenate([made, written])
    owners = tools + [f"written {number}" for number in range(len(written))]
    low, high = interval(labels, values, owners)
    rival = -np.concatenate([sizes, words])
    return {
        "value": auc(labels, values),
        "low": low,
        "high": high,
        "baseline": auc(labels, rival),
        "tolerance": _TOLERANCE,
    }


def details(shared: Path) -> dict[str, Any]:
    """Sizes, the half that was used for tuning, and how well each question alone tells the two groups apart."""
    import numpy as np

    cards = scored(shared)
    result: dict[str, Any] = {}
    for name, half in (("tuned on", False), ("held back", True)):
        chosen = [card for card in cards if card["held_back"] is half]
        labels = np.array([card["label"] for card in chosen])
        result[name] = {
            "cards": len(chosen),
            "of high quality": int(labels.sum()),
            "owners": len({card["owner"] for card in chosen}),
            "auc": round(auc(labels, np.array([card["quality"] for card in chosen])), 4),
            "auc of length": round(auc(labels, np.array([card["words"] for card in chosen])), 4),
            "auc of standardization": round(auc(labels, np.array([card["standardization"] for card in chosen])), 4),
        }
    result["questions, on the half used for tuning"] = questions_alone(
        [card for card in cards if not card["held_back"]]
    )
    return result


def scored(shared: Path) -> list[dict[str, Any]]:
    """Both scores, all credits and the label of every body."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(shared / "cards" / "quality.parquet").to_pylist()
    cards = []
    for row in sorted(rows, key=lambda row: row["model_id"]):
        name = row["model_id"]
        findings, points, kind, tool = _scores(row["body"], name, tuple(row["tags"] if row["tags"] is not None else ()))
        cards.append(
            {
                "owner": name.partition("/")[0] if "/" in name else "",
                "held_back": int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1,
                "label": bool(row["high_quality"]),
                "quality": points.quality.value or 0.0,
                "standardization": points.standardization.value or 0.0,
                "words": len(row["body"].split()),
                "kind": kind.value,
                "tool": tool,
                "credits": {finding.probe: finding.credit for finding in findings},
            }
        )
    return cards


def _scores(body: str, name: str | None, tags: tuple[str, ...]) -> Any:
    from cardscope import attribute, detect_generators, parse_card, score
    from cardscope.lineage import Clues, repository_kind, state_edges
    from cardscope.probes import run_probes
    from cardscope.types import CardFacts, ModelInfo

    card = parse_card(body, name)
    info = ModelInfo(card.model_id, tags=tags) if card.model_id else None
    generators = detect_generators(card)
    clues = Clues(card, generators)
    edges = state_edges(card.model_id, card.front_matter, info, clues)
    kind = repository_kind(card.front_matter, info, edges, clues)
    facts = CardFacts(card, kind, info, generators, attribute(card, generators, ()))
    findings = run_probes(facts, explain=False)
    return findings, score(kind, findings), kind, any(match.reliability == "A" for match in generators)


def questions_alone(cards: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean credit in both groups for each question that was answered in both."""
    result = {}
    for probe in cards[0]["credits"]:
        means = []
        for label in (True, False):
            every = [card["credits"][probe] for card in cards if card["label"] is label]
            earned = [credit for credit in every if credit is not None]
            means.append(round(sum(earned) / len(earned), 3) if earned else None)
        if None not in means and means != [means[0], means[0]]:
            result[probe] = {"high quality": means[0], "others": means[1]}
    return result


def auc(labels: Any, values: Any) -> float:
    """Chance that a card of high quality has the greater value than another one; ties count half."""
    import numpy as np

    positive, negative = values[labels], values[~labels]
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(negative)))


def interval(labels: Any, values: Any, owners: list[str], rival: Any = None) -> tuple[float, float]:
    """95 % of the AUC (or of its lead over a rival's) when owners, not cards, are drawn anew."""
    import numpy as np

    draw = np.random.default_rng(0)
    _, group = np.unique(np.array(owners), return_inverse=True)
    members = [np.flatnonzero(group == number) for number in range(group.max() + 1)]
    found = []
    for _ in range(_ROUNDS):
        chosen = np.concatenate([members[number] for number in draw.integers(0, len(members), len(members))])
        if 0 < labels[chosen].sum() < len(chosen):
            area = auc(labels[chosen], values[chosen])
            found.append(area - auc(labels[chosen], rival[chosen]) if rival is not None else area)
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
