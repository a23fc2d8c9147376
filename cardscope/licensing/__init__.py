"""Whether the licence label of a model fits what the models above it ask for, with reasons, cells and sources.

Labels alone are judged, and nothing here is legal advice: not whether weights are protected, not what a court says.
"""

from __future__ import annotations

from cardscope.licensing.edge import judge_edge
from cardscope.licensing.lineages import judge_licenses, overall
from cardscope.licensing.terms import may_be_mended

__all__ = ["judge_edge", "judge_licenses", "may_be_mended", "overall"]
