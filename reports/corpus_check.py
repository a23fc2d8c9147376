"""Reads every real card beside the checkout and writes what happened to ``reports/corpus-check.json``.

Counts only: no text of a card goes into the report. Run it from the top of the checkout:

    python reports/corpus_check.py [--sample N] [--seed S]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

SHARED = Path(os.environ.get("CARDSCOPE_SHARED", HERE.parent.parent / "shared"))
#: markdown-it-py reads some 400 cards a second, so it reads a sample of its own when all cards are asked for.
ORACLE = 4_000


def contents(sample: int | None, seed: int) -> Iterator[tuple[str, bytes]]:
    """Ids and bytes of the cards of the table (or of a sample of it) and of all specimens."""
    import pyarrow.parquet as pq

    rows = pq.read_table(SHARED / "cards" / "cards.parquet", columns=["model_id", "card", "raw"]).to_pylist()
    if sample is not None and sample < len(rows):
        rows = random.Random(seed).sample(rows, sample)
    for row in rows:
        yield row["model_id"], row["raw"] or row["card"].encode()
    for file in sorted((SHARED / "cards" / "specimens").glob("*.md")):
        yield file.name, file.read_bytes()


def parity(text: str, fields: dict[str, Any]) -> str:
    """How the front matter compares with what the Hub's client loads: same, differs, only-ours, unreadable, none."""
    import yaml
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    match = REGEX_YAML_BLOCK.search(text)
    if match is None:
        return "none" if not fields else "only-ours"
    try:
        theirs = yaml.load(match[2], Loader=yaml.CSafeLoader) or {}
    except (yaml.YAMLError, ValueError):
        return "unreadable" if not fields else "only-ours"
    if not isinstance(theirs, dict):
        return "unreadable"
    return "same" if repr(theirs) == repr(fields) else "differs-in-booleans" if _unbent(theirs, fields) else "differs"


def _unbent(theirs: Any, ours: Any) -> bool:
    """Whether the only differences are words that YAML 1.1 reads as booleans (``language: no``)."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return len(theirs) == len(ours) and all(map(_unbent, theirs.values(), ours.values()))
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(_unbent, theirs, ours))
    if isinstance(theirs, bool) and isinstance(ours, str):
        return ours.lower() in {"y", "n", "yes", "no", "on", "off"}
    return repr(theirs) == repr(ours)


def check(sample: int | None, seed: int) -> dict[str, Any]:
    """Reads the cards and counts."""
    from markdown_it import MarkdownIt

    from cardscope.parsing import parse_card

    oracle = MarkdownIt("commonmark").enable("table").disable(["inline"])
    chosen = random.Random(seed)
    counts: Counter[str] = Counter()
    styles: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    agree: Counter[bool] = Counter()
    failed: list[str] = []
    seconds = slowest = 0.0
    slowest_id = ""
    items = list(contents(sample, seed))
    for name, content in items:
        counts["cards"] += 1
        counts["bytes"] += len(content)
        started = time.process_time()
        try:
            card = parse_card(content)
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__}")
            continue
        took = time.process_time() - started
        seconds += took
        if took > slowest:
            slowest, slowest_id = took, name
        counts["sections"] += len(card.sections)
        styles.update(str(section.style) for section in card.sections)
        problems.update(problem.code for problem in (*card.problems, *card.front_matter.problems))
        problems[f"front matter {card.front_matter.state}"] += 1
        fields[parity(card.text, dict(card.front_matter.fields))] += 1
        if chosen.random() < ORACLE / len(items):
            span = card.front_matter.span
            first = span.last if span else 0
            expected = [
                (int(token.tag[1]), token.map[0] + 1 + first)
                for token in oracle.parse("\n".join(card.lines[first:]))
                if token.type == "heading_open" and token.map
            ]
            agree[
                expected == [(s.level, s.span.first) for s in card.sections if str(s.style) in {"atx", "setext"}]
            ] += 1
    return {
        "schema": "cardscope.corpus-check/1",
        "sample": sample,
        "seed": seed,
        **counts,
        "exceptions": failed,
        "microseconds_per_card": round(seconds / counts["cards"] * 1e6),
        "slowest": {"card": slowest_id, "milliseconds": round(slowest * 1e3, 1)},
        "headings": {"compared_with": "markdown-it-py", "equal": agree[True], "different": agree[False]},
        "front_matter": {"compared_with": "huggingface_hub", **dict(fields.most_common())},
        "sections_by_style": dict(styles.most_common()),
        "problems": dict(problems.most_common()),
    }


#: A report is drawn for one in so many cards: drawing costs ten times what analysing does.
DRAWN = 10


def analyse(sample: int | None, seed: int) -> dict[str, Any]:
    """Analyses every card whole, without its parents, and draws some: exceptions, slowest, stray characters."""
    from cardscope.pipeline import Analyzer
    from cardscope.reporters.jsonl import JsonReporter
    from cardscope.reporters.terminal import TerminalReporter
    from cardscope.types import CardAnalysis, RawCard, SkippedCard

    analyzer, terminal, lines = Analyzer(), TerminalReporter(80), JsonReporter()
    failed: list[str] = []
    counts: Counter[str] = Counter()
    seconds = slowest = 0.0
    slowest_id = ""
    for number, (name, content) in enumerate(contents(sample, seed)):
        started = time.process_time()
        try:
            result = analyzer.analyze_raw(RawCard(content))
            took = time.process_time() - started
            counts["analysed" if isinstance(result, CardAnalysis) else "empty"] += 1
            assert isinstance(result, (CardAnalysis, SkippedCard))
            if number % DRAWN == 0:
                counts["drawn"] += 1
                json.loads(lines.render(result))
                stray = {
                    char for char in terminal.render(result) if (ord(char) < 32 and char != "\n") or ord(char) == 127
                }
                if stray:
                    failed.append(f"{name}: control characters {sorted(map(ord, stray))} in the report")
        except Exception as error:
            failed.append(f"{name}: {type(error).__name__}")
            continue
        seconds += took
        if took > slowest:
            slowest, slowest_id = took, name
    return {
        **counts,
        "failed": failed,
        "microseconds_per_card": round(seconds / max(1, sum(counts.values()) - counts["drawn"]) * 1e6),
        "slowest": {"card": slowest_id, "milliseconds": round(slowest * 1e3, 1), "limit_milliseconds": 1000},
    }


def main() -> int:
    """Writes the report; 1 when a card raised or headings or fields differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="read only this many cards of the table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "corpus-check.json")
    arguments = parser.parse_args()
    if not (SHARED / "cards" / "cards.parquet").exists():
        print("the real cards are not beside this checkout (../shared, or CARDSCOPE_SHARED): nothing to check")
        return 0
    report = check(arguments.sample, arguments.seed)
    report["analysis"] = whole = analyse(arguments.sample, arguments.seed)
    arguments.output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({key: report[key] for key in ("cards", "exceptions", "microseconds_per_card", "slowest")}))
    different = report["headings"]["different"] > report["headings"]["equal"] / 1_000
    print(json.dumps({"analysis": whole}))
    slow = whole["slowest"]["milliseconds"] > whole["slowest"]["limit_milliseconds"]
    wrong = report["exceptions"] or whole["failed"] or report["front_matter"].get("differs")
    return int(bool(wrong) or different or slow)


if __name__ == "__main__":
    raise SystemExit(main())
