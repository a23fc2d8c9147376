"""Reads Hugging Face model cards: what a card says, who wrote it, where the model came from, what was lost.

The public names below are loaded on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cardscope.licensing import judge_edge, judge_licenses
    from cardscope.lineage import trace_lineage
    from cardscope.parsing import parse_card
    from cardscope.pipeline import Analyzer
    from cardscope.scoring import score
    from cardscope.similarity import measure_kinship
    from cardscope.templates.attribution import attribute
    from cardscope.templates.signatures import detect_generators
    from cardscope.types import Card, CardAnalysis, ModelId, SkippedCard, model_id

_HOME = {
    "Analyzer": "cardscope.pipeline",
    "Card": "cardscope.types",
    "CardAnalysis": "cardscope.types",
    "ModelId": "cardscope.types",
    "SkippedCard": "cardscope.types",
    "attribute": "cardscope.templates.attribution",
    "detect_generators": "cardscope.templates.signatures",
    "judge_edge": "cardscope.licensing",
    "judge_licenses": "cardscope.licensing",
    "measure_kinship": "cardscope.similarity",
    "model_id": "cardscope.types",
    "parse_card": "cardscope.parsing",
    "score": "cardscope.scoring",
    "trace_lineage": "cardscope.lineage",
}

__all__ = [
    "Analyzer",
    "Card",
    "CardAnalysis",
    "ModelId",
    "SkippedCard",
    "__version__",
    "attribute",
    "detect_generators",
    "judge_edge",
    "judge_licenses",
    "measure_kinship",
    "model_id",
    "parse_card",
    "score",
    "trace_lineage",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
