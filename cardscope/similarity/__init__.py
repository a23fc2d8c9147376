"""Two cards of one family: section by section, and the text one took from the other.

What counts as *the same text* is decided on words, not on vectors: a sentence is the same when its words are, whatever
became of line breaks, markup and the model's own name. Vectors decide which section of the child goes with which of
the parent once text and headings cannot tell.
"""

from cardscope.similarity.kinship import measure_kinship
from cardscope.similarity.reading import lineage_ids
from cardscope.similarity.safety import SAFETY_LABELS

__all__ = ["SAFETY_LABELS", "lineage_ids", "measure_kinship"]
