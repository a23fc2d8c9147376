"""Questions about a card, each with an answer, a threshold and line numbers; none of them decides points."""

from cardscope.probes.run import questions, run_probes

__all__ = ["questions", "run_probes"]
