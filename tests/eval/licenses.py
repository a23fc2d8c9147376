"""How many worked licence cases come out as expected, and how many labels of real cards find their row.

The rival of the first is what a reader without the table does: the same label or a well-known permissive parent is
fine, anything else is not. The rival of the second looks labels up as they are written. The third: cards that drop the
agreement of their base from the label, and say in the text that it applies; 13 of 149 do, by hand. The list of names
was widened after reading these cards, so its recall flatters. Its rival takes the family's name and the word licence
anywhere in the text for enough.
"""

from __future__ import annotations

import csv
import functools
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

DATA = ("cards/cards.parquet", "licenses/edges_dev.csv", "licenses/licenses.csv")


#: Which terms a base asks for, told by its name.
_BASES = {
    "llama2": "llama-?2", "llama3.1": r"llama-?3\.1", "llama3.2": r"llama-?3\.2", "llama3": "llama-?3-",
    "gemma": "gemma",
    "openrail++": "stable-diffusion-xl|sdxl", "creativeml-openrail-m": "stable-diffusion-(v1|2)",
    "bigscience-bloom-rail-1.0": "bloom",
}  # fmt: skip
_SAY_TERMS = frozenset({
    "lllyasviel/control_v11f1e_sd15_tile", "lllyasviel/control_v11p_sd15_openpose", "lllyasviel/sd-controlnet-canny",
    "CrucibleAI/ControlNetMediaPipeFace",
    "danilopeixoto/pandora-7b-chat", "EpistemeAI/Math-Code-Llama3.1-8B", "vidore/colpali", "vidore/colpali-v1.2",
    "TheBloke/Luna-AI-Llama2-Uncensored-GGUF", "TheBloke/Luna-AI-Llama2-Uncensored-GPTQ",
    "solidrust/Llama-3-Smaug-8B-AWQ",
    "TheBloke/llama-2-13B-chat-limarp-v2-merged-GGUF", "somosnlp/gemma-7b-it-legal-refugiados-es",
})  # fmt: skip


def wilson(hits: int, count: int) -> tuple[float, float]:
    z = 1.959964
    share, spread = hits / count, z * z / count
    middle, width = share + spread / 2, z * math.sqrt(share * (1 - share) / count + spread / count / 4)
    return (middle - width) / (1 + spread), min(1.0, (middle + width) / (1 + spread))


def _rival(parent: str, child: str) -> str:
    if parent == child or parent in ("mit", "apache-2.0", "bsd-3-clause"):
        return "compatible"
    return "unknown" if "(missing)" in (parent, child) else "incompatible"


@functools.cache
def stated(shared: Path) -> Counter[str]:
    """Labels of real cards with how many cards have them; the latest revision of each model counts."""
    import pyarrow.parquet as pq

    from cardscope.lineage import license_fields
    from cardscope.text.decode import decode
    from cardscope.text.frontmatter import read_front_matter

    latest: dict[str, str] = {}
    for row in pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"]).to_pylist():
        latest[row["model_id"]] = row["card"]
    counts: Counter[str] = Counter()
    for text in latest.values():
        if "license" not in text[:20000]:
            continue
        raw = license_fields(read_front_matter(decode(text))[0].fields)
        for entry in raw.license:
            named = entry.strip().lower() == "other" and raw.license_name
            counts[f"other:{raw.license_name}" if named else entry] += 1
    return counts


@functools.cache
def terms_told(shared: Path) -> tuple[tuple[bool, bool, bool], ...]:
    """For each card whose label drops its base's terms: says so by hand, found, found by the rival."""
    import pyarrow.parquet as pq

    from cardscope import parse_card
    from cardscope.licensing.table import find, licenses
    from cardscope.licensing.terms import names_terms

    found: dict[str, tuple[bool, bool, bool]] = {}
    for entry in pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"]).to_pylist():
        name = entry["model_id"]
        if "base_model" not in entry["card"][:3000] or name in found:
            continue
        card = parse_card(entry["card"])
        base, label = str(card.front_matter.fields.get("base_model")), card.front_matter.fields.get("license")
        row = next((key for key, word in _BASES.items() if re.search(word, base, re.IGNORECASE)), None)
        if row is None or not isinstance(label, str) or find(label).license in (None, licenses()[row]):
            continue
        body = "\n".join(card.lines[card.body.first - 1 : card.body.last]).lower() if card.body else ""
        family = re.match("[a-z]+", row.rpartition("-")[0] or row)
        rival = "license" in body and bool(family) and family.group() in body
        found[name] = (name in _SAY_TERMS, names_terms(licenses()[row], card, None), rival)
    return tuple(found.values())


def evaluate(shared: Path) -> dict[str, dict[str, float]]:
    """Shares, all better when higher."""
    from cardscope.licensing import judge_edge
    from cardscope.licensing.table import find, licenses

    with (shared / "licenses" / "edges_dev.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    outcomes = reasons = rival = 0
    for row in rows:
        verdict = judge_edge(row["parent_license"], row["relation"], row["child_license"])
        outcomes += verdict.outcome == row["expected_verdict"]
        reasons += verdict.reason == row["reason"]
        rival += _rival(row["parent_license"], row["child_license"]) == row["expected_verdict"]
    counts = stated(shared)
    total = sum(counts.values())
    matched = sum(number for text, number in counts.items() if find(text).matched in ("id", "alias", "unknown"))
    plain = sum(number for text, number in counts.items() if text in licenses())
    told = terms_told(shared)
    hits = sum(truth and seen for truth, seen, _ in told)
    rival_hits = sum(truth and guess for truth, _, guess in told)
    return {
        "terms_in_text_precision": _metric(
            hits, sum(seen for _, seen, _ in told), rival_hits / max(1, sum(guess for *_, guess in told))
        ),
        "terms_in_text_recall": _metric(
            hits, sum(truth for truth, *_ in told), rival_hits / max(1, sum(truth for truth, *_ in told))
        ),
        "worked_cases_outcome": _metric(outcomes, len(rows), rival / len(rows)),
        "worked_cases_reason": _metric(reasons, len(rows), 0.0),
        "real_labels_with_a_row": _metric(matched, total, plain / total),
    }


def _metric(hits: int, count: int, baseline: float) -> dict[str, float]:
    low, high = wilson(hits, count)
    return {"value": hits / count, "low": low, "high": high, "baseline": baseline}


def details(shared: Path) -> dict[str, Any]:
    """How labels were matched."""
    from cardscope.licensing.table import find

    counts: Counter[str] = Counter()
    for text, number in stated(shared).items():
        label = find(text)
        counts["other without a name" if label.matched == "custom" and not label.name else label.matched] += number
    return {"labels of real cards by match": dict(sorted(counts.items()))}
