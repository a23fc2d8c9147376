"""A hub with known truth: a corpus of any size whose every share, date, parent and line is known beforehand."""

from cardscope.corpus.simulate.run import Simulated, simulate

__all__ = ["Simulated", "simulate"]
