"""How well `label_section` agrees with people: headings of popular cards, labelled by students.

Truth: ``cards/sections.parquet``. Their fourteen or so labels are coarser than ours, so both are mapped to ten classes.
What they left open ("ignore", "Mixed", "For later use" ...) is not scored. Their splitter took ``# comments`` inside
code and last lines of front matter for headings; a row counts only when the parsed card has a section of that heading.

The lexicon was tuned on the models of one half (by hash of the id); the numbers are those of the other half. The
baseline knows the words of the Hub's template and nothing else. Intervals: 95 %, bootstrap over models.

Beside it: the share of the headings of a sample of real cards that get a label (by their own words or their place; the
titles of cards are not counted), and, as a check from elsewhere, how well the number of core labels that a card
answers tells the cards that a survey found of high quality from the rest (area under the curve).
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections import Counter, defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from cardscope import parse_card, tables
from cardscope.parsing.labels import Known, heading_labels
from cardscope.parsing.lexicon import normalize_heading
from cardscope.types import CoverageState

DATA = ("cards/sections.parquet", "cards/cards.parquet", "cards/quality.parquet")
ROUNDS = 1000
#: Models whose cards are read for the share of headings that get a label.
SAMPLE = 3000

#: The students' labels, in the spelling they used, to classes.
TRUTH = {
    "Usage(How to Use)": "usage",
    "Model Deployment": "usage",
    "Model Description": "description",
    "Introduction": "description",
    "Evaluation/Performance/Results": "evaluation",
    "training info": "training",
    "Dataset": "training",
    "Citation/References": "citation",
    "Model Limitations": "limitations",
    "Bias": "limitations",
    "Ethical Usage": "limitations",
    "License": "license",
    "Intended Usage": "usage",
    "Intended Use": "usage",
    "contributions and acknowledgement": "thanks",
    "Contact Information": "contact",
    "Table of Contents": "contents",
    "Table of contents": "contents",
    "Environmental Impat": "environment",
    "FAQ": "more",
    "Release Note": "changes",
}

_GROUPS = {
    # The students put "Direct Use", "Intended uses" and "Out-of-Scope Use" under usage, with few exceptions.
    "usage": "intended_use intended_users direct_use downstream_use out_of_scope how_to_use prompt_format examples "
    "demo inference_hardware provided_files quantization",
    "description": "model_description model_type architecture technical_specifications developer version date language "
    "base_model repository funded_by shared_by",
    "evaluation": "results metrics evaluation_data factors results_summary model_examination",
    "training": "training_procedure training_data training_hardware preprocessing hyperparameters speeds_sizes_times "
    "software framework_versions",
    "citation": "citation paper",
    "limitations": "limitations bias recommendations ethical_considerations",
    "license": "license",
    "thanks": "acknowledgements",
    "contact": "contact",
    "contents": "table_of_contents",
    "environment": "environmental_impact",
    "more": "more_information glossary",
    "changes": "changelog",
    "authors": "authors",
}
#: Our labels to the same classes.
CLASS = {label: name for name, labels in _GROUPS.items() for label in labels.split()}


class Row(NamedTuple):
    """One heading that a student labelled and that the parsed card has."""

    model: str
    truth: str
    guess: str
    others: frozenset[str]
    baseline: str
    heading: str


def tuned_on(model: str) -> bool:
    """Whether a model is of the half that the lexicon may be tuned on."""
    return hashlib.sha256(f"half:{model}".encode()).digest()[0] % 2 == 0


@lru_cache(maxsize=2)
def rows(shared: Path) -> tuple[tuple[Row, ...], Counter[str]]:
    """The scored rows of both halves, and a count of what became of all rows."""
    import pyarrow.parquet as pq

    labelled: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in pq.read_table(shared / DATA[0], columns=["model_id", "order", "heading", "label"]).to_pylist():
        labelled[row["model_id"]].append(row)
    cards: dict[str, list[str]] = defaultdict(list)
    wanted = pq.read_table(
        shared / DATA[1], columns=["model_id", "card"], filters=[("model_id", "in", sorted(labelled))]
    )
    for row in wanted.to_pylist():
        cards[row["model_id"]].append(row["card"])
    template = _template()
    found: list[Row] = []
    counts: Counter[str] = Counter()
    for model, given in sorted(labelled.items()):
        given.sort(key=lambda row: row["order"])
        matched = max((_align(given, card) for card in cards[model]), key=lambda pairs: len(pairs[0]), default=({}, ()))
        for place, row in enumerate(given):
            section = matched[0].get(place)
            truth = TRUTH.get((row["label"] or "").strip())
            if section is None:
                where = "no section: in code or front matter" if place in matched[1] else "no section: not found"
                counts[where if row["heading"] else "no heading"] += 1
            elif truth is None:
                counts["left open by the students"] += 1
            else:
                counts["scored"] += 1
                classes = [CLASS[label] for label in section.labels]
                base = template.get(normalize_heading(row["heading"] or ""), "")
                found.append(
                    Row(model, truth, classes[0] if classes else "", frozenset(classes), base, row["heading"] or "")
                )
    return tuple(found), counts


def _template() -> dict[tuple[str, ...], str]:
    table = tables.read_table("sections")
    return {
        normalize_heading(words): CLASS[label]
        for label, row in table.items()
        if label != "table"
        for words in row["template"]
    }


def _align(given: list[dict[str, Any]], text: str) -> tuple[dict[int, Any], frozenset[int]]:
    """Rows to sections of the same heading, in order; and the rows whose heading stands in code only."""
    card = parse_card(text)
    sections = list(card.sections)
    names = [normalize_heading(section.heading) for section in sections]
    code = {
        normalize_heading(line)
        for section in sections
        for block in section.blocks
        if block.kind.value in {"code", "comment", "html"}
        for line in card.lines[block.span.first - 1 : block.span.last]
        if line.lstrip().startswith("#")
    }
    if card.front_matter.span:
        code.update(normalize_heading(line) for line in card.lines[1 : card.front_matter.span.last])
    pairs: dict[int, Any] = {}
    in_code = set()
    start = 0
    for place, row in enumerate(given):
        name = normalize_heading(row["heading"] or "")
        if name in names[start:]:
            start = names.index(name, start) + 1
            pairs[place] = sections[start - 1]
        elif name in code:
            in_code.add(place)
    return pairs, frozenset(in_code)


def micro(scored: list[Row], guess: str) -> float:
    """F1 over all rows; an unlabelled heading costs recall, a wrong label both."""
    right = sum(getattr(row, guess) == row.truth for row in scored)
    said = sum(bool(getattr(row, guess)) for row in scored)
    return 2 * right / (said + len(scored)) if scored else 0.0


def macro(scored: list[Row], guess: str, least: int = 5) -> float:
    """Mean F1 of the classes with at least ``least`` rows."""
    truths = Counter(row.truth for row in scored)
    guesses = Counter(getattr(row, guess) for row in scored)
    right = Counter(row.truth for row in scored if getattr(row, guess) == row.truth)
    scores = [2 * right[name] / (count + guesses[name]) for name, count in truths.items() if count >= least]
    return sum(scores) / len(scores) if scores else 0.0


def _interval(scored: list[Row], measure: Any) -> tuple[float, float]:
    by_model: dict[str, list[Row]] = defaultdict(list)
    for row in scored:
        by_model[row.model].append(row)
    groups = [by_model[model] for model in sorted(by_model)]
    chance = random.Random(7)
    values = sorted(
        measure([row for group in chance.choices(groups, k=len(groups)) for row in group], "guess")
        for _ in range(ROUNDS)
    )
    return values[int(0.025 * ROUNDS)], values[int(0.975 * ROUNDS) - 1]


def evaluate(shared: Path) -> dict[str, Any]:
    """Numbers of the half that nothing was tuned on."""
    every, _ = rows(shared)
    scored = [row for row in every if not tuned_on(row.model)]
    result: dict[str, Any] = {}
    for name, measure in (("micro_f1", micro), ("macro_f1", macro)):
        low, high = _interval(scored, measure)
        result[name] = {
            "value": measure(scored, "guess"), "low": low, "high": high, "baseline": measure(scored, "baseline"),
        }  # fmt: skip
    result["truth_among_labels"] = sum(row.truth in row.others for row in scored) / len(scored)
    shares = heading_shares(shared)
    result["headings_labelled"] = shares["all"]["labelled"]
    result["distinct_headings_labelled"] = shares["all"]["distinct_labelled"]
    result["quality_auc_of_core_labels"] = quality_auc(shared)
    return result


_SCRIPTS = {
    "japanese": {"HIRAGANA", "KATAKANA"},
    "korean": {"HANGUL"},
    "chinese": {"CJK"},
    "cyrillic": {"CYRILLIC"},
}


def _script(text: str) -> str:
    """Rough script of a heading: what decides is the rarest one in it."""
    names = {unicodedata.name(char, "?").split()[0] for char in text if char.isalpha() and not char.isascii()}
    for script, marks in _SCRIPTS.items():
        if names & marks:
            return script
    return "other" if names else "ascii"


@lru_cache(maxsize=2)
def heading_shares(shared: Path) -> dict[str, dict[str, Any]]:
    """By script: headings, and the share of them (and of the distinct ones) that get a label."""
    import pyarrow.parquet as pq

    table = pq.read_table(shared / DATA[1], columns=["model_id", "card"]).to_pylist()
    latest = {row["model_id"]: row["card"] for row in table}
    order = sorted(latest, key=lambda model: hashlib.sha256(f"sample:{model}".encode()).digest())
    total: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    distinct: dict[str, dict[tuple[str, ...], bool]] = defaultdict(dict)
    for model in order[:SAMPLE]:
        sections = parse_card(latest[model]).sections
        for section in sections:
            above = sections[section.parent].labels if section.parent is not None else ()
            labels, known = heading_labels(section.heading, above)
            name = normalize_heading(section.heading)
            if not name or (section.level == 1 and known < Known.EXACT):
                continue
            for group in ("all", _script(section.heading)):
                total[group] += 1
                labelled[group] += bool(labels)
                distinct[group][name] = distinct[group].get(name, False) or bool(labels)
    return {
        group: {
            "headings": count,
            "labelled": labelled[group] / count,
            "distinct": len(distinct[group]),
            "distinct_labelled": sum(distinct[group].values()) / len(distinct[group]),
        }
        for group, count in sorted(total.items())
    }


@lru_cache(maxsize=2)
def quality_auc(shared: Path) -> float:
    """Chance that a card of high quality answers more core labels than another one; ties count half."""
    import pyarrow.parquet as pq

    core = list(tables.read_table("sections"))[1:24]
    good: list[int] = []
    rest: list[int] = []
    for row in pq.read_table(shared / DATA[2], columns=["body", "high_quality"]).to_pylist():
        coverage = parse_card(row["body"] or "").coverage
        count = sum(coverage[label].state is CoverageState.PRESENT for label in core)
        (good if row["high_quality"] else rest).append(count)
    pairs = sum((high > low) + 0.5 * (high == low) for high in good for low in rest)
    return pairs / (len(good) * len(rest))


def details(shared: Path) -> dict[str, Any]:
    """Counts, the tuned half beside the other, and F1 by class on both halves together."""
    every, counts = rows(shared)
    halves = {
        name: [row for row in every if tuned_on(row.model) is tuned]
        for name, tuned in (("tuned_half", True), ("other_half", False))
    }
    classes: dict[str, Any] = {}
    for name in sorted({row.truth for row in every}):
        right = sum(row.truth == row.guess == name for row in every)
        truths, guesses = sum(row.truth == name for row in every), sum(row.guess == name for row in every)
        classes[name] = {"rows": truths, "f1": round(2 * right / (truths + guesses), 3)}
    return {
        "rows": dict(sorted(counts.items())),
        "by_class": classes,
        "headings_by_script": {
            name: {key: round(value, 4) for key, value in cells.items()}
            for name, cells in heading_shares(shared).items()
        },
        **{
            name: {
                "rows": len(scored),
                "models": len({row.model for row in scored}),
                "micro_f1": round(micro(scored, "guess"), 4),
                "macro_f1": round(macro(scored, "guess"), 4),
                "baseline_micro_f1": round(micro(scored, "baseline"), 4),
            }
            for name, scored in halves.items()
        },
    }
