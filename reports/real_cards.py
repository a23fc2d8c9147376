"""What the real cards show over time: imports ../shared/cards, scores them, writes the aggregates of real-cards/.

No text of a card is in any of the files: numbers, ids of tools, licences and languages, names of the repositories the
cards were gathered from. The README beside them says what the numbers show and how far the gathering bends them; it is
written by hand, except for the tables between its marks.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

from cardscope.corpus.batch import run_batch
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.importing import import_corpus
from cardscope.corpus.rows import MapOptions
from cardscope.corpus.score import timeline_of
from cardscope.corpus.store import Corpus
from cardscope.reporters.terminal_timeline import TimelineReporter
from cardscope.reporters.timeline import HEADLINE, Lookup, shown, to_dict, to_markdown
from cardscope.types import Edition, Period, Timeline

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "reports" / "real-cards"
DIMENSIONS = ("kind", "relation", "generator", "licence", "language", "source")
_KEPT = {measure for measure, _, _ in HEADLINE} | {
    "quality p50",
    "standardization p50",
    "chars p50",
    "templates (Hill 2)",
}


def main() -> int:
    """Writes one JSON, one page and one picture for each edition, and the tables of the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards", nargs="?", type=Path, default=ROOT.parent / "shared" / "cards")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    tables: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        corpus_path = Path(folder) / "corpus"
        manifest = import_corpus(str(options.cards), corpus_path, title="real cards")
        run = f"{folder}/run"
        state = run_batch(Corpus(corpus_path), run, LocalEngine(options.workers), MapOptions())
        for of in (Edition.FIRST, Edition.CURRENT):
            timeline = timeline_of(run, state, of=of, by=Period.YEAR, dimensions=DIMENSIONS)
            _write(timeline, of)
            tables[of.value] = to_markdown(timeline).split("\n## ")[0].split("\n\n")[-1].strip()
            if of is Edition.FIRST:
                tables["sources"] = _sources(timeline)
    counts = {
        key: manifest.counts[key] for key in ("offered", "cards", "texts", "repeated", "rejects", "edges", "models")
    }
    tables["counts"] = ", ".join(f"{value:,} {key}" for key, value in counts.items()) + f"; {state.failed} rows failed"
    _fill(FOLDER / "README.md", tables)
    print(tables["counts"])
    return 1 if state.problems else 0


def _write(timeline: Timeline, of: Edition) -> None:
    content = to_dict(timeline)
    for entry in content["slices"]:
        entry["measures"] = {name: told for name, told in entry["measures"].items() if name in _KEPT}
    target = FOLDER / f"by-year-{of.value}.json"
    target.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    (FOLDER / f"by-year-{of.value}.md").write_text(to_markdown(timeline), encoding="utf-8")
    picture = TimelineReporter(110, color=True).svg(timeline, title="cardscope score, real cards")
    (FOLDER / f"by-year-{of.value}.svg").write_text(picture, encoding="utf-8")


def _sources(timeline: Timeline) -> str:
    """The same year out of different hands: how far the gathering decides the result."""
    lookup = Lookup(timeline)
    measures = ("quality", "standardization", "share_template", "near_duplicate", "chars")
    forms = {measure: form for measure, _, form in HEADLINE}
    lines = ["| gathered by | year | cards | owners | " + " | ".join(measures) + " |"]
    lines.append("| --- | --- | ---: | ---: |" + " ---: |" * len(measures))
    for source in timeline.groups["source"]:
        for period in timeline.periods:
            cards, owners = timeline.sizes.get(("source", source, period), (0, 0))
            if cards >= 200:
                values = [shown(forms[name], lookup.get("source", source, period, name)) for name in measures]
                lines.append(f"| {source} | {period} | {cards:,} | {owners:,} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def _fill(page: Path, tables: dict[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text, flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
