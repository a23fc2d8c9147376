"""The gate that quality cannot sink through by accident: measured values against pinned floors.

``python tests/eval/gate.py`` measures and compares; ``--update`` pins what was measured where it is not worse;
``--allow-regression`` lets ``--update`` pin a worse value too. Names of evaluations as arguments limit either.

To add an evaluation: write ``tests/eval/<module>.py`` and name it in `EVALUATIONS`. The module has

- ``DATA``: files below the shared folder that the numbers depend on; their fingerprint is pinned with the floor,
- ``evaluate(shared: Path)``: name of a metric -> a number (more is better) or a mapping with ``value`` and, where they
  are known, ``low`` and ``high`` (95 % interval), ``baseline`` (the same measure of the simplest rival), ``better``
  (``"low"`` where less is better) and ``tolerance`` (for measures that differ a little from run to run).
- optionally ``details(shared: Path)``: anything else worth reporting, as JSON; no text of cards.

The module must give the same numbers for the same data: seed what is random.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FLOORS = HERE / "floors.json"
REPORTS = ROOT / "reports" / "eval"

#: Name of the evaluation (and of its report) -> module beside this file. One line each, sorted.
EVALUATIONS: dict[str, str] = {
    "card-encoder": "card_encoder",
    "generators": "generators",
    "kinship": "kinship",
    "licenses": "licenses",
    "quality": "quality",
    "relations": "relations",
    "section-labels": "section_labels",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number, with its yardsticks; ``None`` where they are not known."""

    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    better: str = "high"
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError("a metric must be a finite number")
        if self.better not in {"high", "low"}:
            raise ValueError("better is high or low")

    def is_worse_than(self, floor: float) -> bool:
        """Whether the value lies beyond the floor by more than the tolerance (and the rounding of the file)."""
        lost = floor - self.value if self.better == "high" else self.value - floor
        return lost > self.tolerance + 5e-7


def as_metric(measured: float | Mapping[str, Any]) -> Metric:
    """What an evaluation returned, as a `Metric`."""
    return Metric(**measured) if isinstance(measured, Mapping) else Metric(float(measured))


def load(module: str) -> ModuleType:
    """The evaluation of that file name, found beside this file and not on the path."""
    name = f"cardscope_eval_{module}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, HERE / f"{module}.py")
    if spec is None or spec.loader is None:
        raise ImportError(module)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def fingerprint(shared: Path, files: tuple[str, ...]) -> str:
    """SHA-256 over names and contents of the data, cut to 16 digits; a missing file is part of it."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0")
        path = shared / name
        if path.exists():
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def measure(name: str, shared: Path) -> dict[str, Metric]:
    """Runs one evaluation."""
    return {key: as_metric(value) for key, value in load(EVALUATIONS[name]).evaluate(shared).items()}


def regressions(measured: Mapping[str, Metric], pinned: Mapping[str, Any]) -> list[str]:
    """One sentence for every pinned metric that fell below its floor or is no longer measured."""
    found = []
    for key, cells in pinned.items():
        if key not in measured:
            found.append(f"{key}: no longer measured, the floor is {cells['value']}")
        elif measured[key].is_worse_than(cells["value"]):
            found.append(f"{key}: {measured[key].value:.6g}, the floor is {cells['value']:.6g}")
    return found


def pin(
    measured: Mapping[str, Metric], pinned: Mapping[str, Any], *, allow_regression: bool
) -> tuple[dict[str, Any], list[str]]:
    """New floors, and what was refused: a worse value replaces a floor only when that is allowed."""
    refused = [] if allow_regression else regressions(measured, pinned)
    kept = {sentence.split(":")[0] for sentence in refused}
    floors = {key: pinned[key] for key in kept}
    for key, metric in measured.items():
        if key not in kept:
            floors[key] = {
                cell: round(value, 6) if isinstance(value, float) else value
                for cell, value in asdict(metric).items()
                if value is not None
                and not (cell == "better" and value == "high")
                and not (cell == "tolerance" and not value)
            }
    return dict(sorted(floors.items())), refused


def read_floors() -> dict[str, Any]:
    """All pinned floors; empty before the first ``--update``."""
    return json.loads(FLOORS.read_text(encoding="utf-8")) if FLOORS.exists() else {}


def write_json(path: Path, content: Any) -> None:
    """Sorted and indented, so that a diff shows what moved."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def check(name: str, shared: Path) -> list[str]:
    """What is wrong with one evaluation now; empty when all its floors hold."""
    floors = read_floors().get(name)
    if floors is None:
        return ["has no floors yet: run with --update"]
    if floors["fingerprint"] != fingerprint(shared, load(EVALUATIONS[name]).DATA):
        return ["the data differ from those the floors were pinned with: run with --update"]
    return regressions(measure(name, shared), floors["metrics"])


def update(name: str, shared: Path, *, allow_regression: bool = False) -> list[str]:
    """Pins the floors of one evaluation and writes its report; returns what was refused."""
    module = load(EVALUATIONS[name])
    print_of_data = fingerprint(shared, module.DATA)
    before = read_floors().get(name, {})
    # Numbers on other data cannot be compared: then there is no old floor to keep.
    pinned = before.get("metrics", {}) if before.get("fingerprint") == print_of_data else {}
    measured = measure(name, shared)
    metrics, refused = pin(measured, pinned, allow_regression=allow_regression)
    # Read again: another evaluation may have been pinned while this one was measured.
    write_json(FLOORS, {**read_floors(), name: {"fingerprint": print_of_data, "metrics": metrics}})
    report: dict[str, Any] = {"evaluation": name, "fingerprint": print_of_data, "data": sorted(module.DATA)}
    report["metrics"] = pin(measured, {}, allow_regression=True)[0]
    if hasattr(module, "details"):
        report["details"] = module.details(shared)
    write_json(REPORTS / f"{name}.json", report)
    return refused


def main() -> int:
    """Exit code 0: every floor holds; 1: one does not, or could not be pinned; 2: the data are not there."""
    parser = argparse.ArgumentParser(description="measured quality against pinned floors")
    parser.add_argument("names", nargs="*", help="evaluations; all when none is given")
    parser.add_argument("--update", action="store_true", help="pin what is measured, unless it is worse")
    parser.add_argument("--allow-regression", action="store_true", help="with --update: pin it even if it is worse")
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("CARDSCOPE_SHARED", ROOT.parent / "shared")))
    given = parser.parse_args()
    if unknown := set(given.names) - set(EVALUATIONS):
        parser.error(f"no such evaluation: {', '.join(sorted(unknown))}")
    if not (given.shared / "cards" / "cards.parquet").exists():
        sys.stderr.write("the real cards are not beside this checkout (../shared, or CARDSCOPE_SHARED)\n")
        return 2
    failed = False
    for name in given.names or EVALUATIONS:
        wrong = (
            update(name, given.shared, allow_regression=given.allow_regression)
            if given.update
            else check(name, given.shared)
        )
        failed |= bool(wrong)
        sys.stdout.write(f"{name}: {'; '.join(wrong) if wrong else 'ok'}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
