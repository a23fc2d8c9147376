"""What a person waits for: help, and one card."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from suite.measure import ROOT, result, wall_of

_CARD = """---
license: apache-2.0
language: en
library_name: transformers
base_model: owner/base
---
# A model

## Intended use

{prose}

## Limitations

{prose}

## Training data

{prose}

## How to use

```python
from transformers import pipeline
pipe = pipeline("text-generation", model="owner/model")
```
"""


def run(options: Any) -> list[dict[str, Any]]:
    """Help, a local card, and the flagship of the demo hub."""
    command = [str(Path(sys.executable).parent / "cardscope")]
    help_ = wall_of([*command, "--help"])
    rows = [result("cardscope --help", help_["median"], "s", goal=0.15, met=help_["median"] <= 0.15, runs=help_)]
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "README.md"
        card.write_text(_CARD.format(prose="The model was made for a bench. " * 30), encoding="utf-8")
        local = wall_of([*command, "analyze", str(card)])
    rows.append(
        result("analyze of a local card, cold", local["median"], "s", goal=0.8, met=local["median"] <= 0.8, runs=local)
    )
    loaded = wall_of(
        [
            sys.executable,
            "-c",
            "from cardscope.embedders import load_embedder; load_embedder('static').encode(['one text'])",
        ]
    )
    bare = wall_of([sys.executable, "-c", "import numpy"])
    cost = round(loaded["median"] - bare["median"], 4)
    rows.append(
        result("loading the shipped encoder, beyond NumPy", cost, "s", goal=0.15, met=cost <= 0.15, runs=loaded)
    )
    flagship = wall_of([*command, "analyze", _flagship(), "--source", "demo"], runs=5)
    rows.append(
        result("analyze of the demo's flagship with lineage and kinship", flagship["median"], "s", runs=flagship)
    )
    return rows


def _flagship() -> str:
    import tomllib

    return str(tomllib.loads((ROOT / "corpora" / "demo" / "demo.toml").read_text(encoding="utf-8"))["flagship"])
