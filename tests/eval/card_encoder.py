"""Floors of the shipped encoder on cards it was not trained on, beside TF-IDF; the tasks live with the encoder."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

DATA = ("cards/cards.parquet", "cards/lineage.parquet")

_ENCODER = Path(__file__).parent.parent.parent / "models" / "card-encoder"
#: Too slow to redo for each run of the gate: the rival's values of the encoder's own evaluation stand in.
_TASKS = ("a_changed_section", "b_same_label", "c_children_body", "c_families_body", "c_children_without_lineage")


def evaluate(shared: Path) -> dict[str, dict[str, Any]]:
    """Accuracy at one (a) and areas under the curve (b, c), with intervals, and TF-IDF as the baseline."""
    module = _recipe()
    return module.gate(shared, _TASKS)


def _recipe() -> ModuleType:
    name = "card_encoder_evaluate"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _ENCODER / "evaluate.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
