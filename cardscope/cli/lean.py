"""spaCy in a process of ours, without the seconds that a library takes which we do not use there."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import entry_points

_UNUSED = "torch"
#: Who registers parts of pipelines; plug-ins of others may count on what spaCy's own machinery found at its import.
_OURS = "cardscope"


def load_nlp() -> None:
    """Imports `cardscope.nlp` without torch, which spaCy's thinc imports (2 to 3 s) wherever it is installed.

    For the command line only: thinc decides once, at its import, whether there is torch, and a program of somebody
    else may want both. Torch itself is untouched and can be imported afterwards. Changes nothing where torch or spaCy
    is loaded already, or where a spaCy plug-in of others is installed.
    """
    others = [point for point in entry_points(group="spacy_factories") if point.module.split(".")[0] != _OURS]
    if others or {_UNUSED, "spacy", "thinc"} & set(sys.modules):
        import_module("cardscope.nlp")
        return
    sys.modules[_UNUSED] = None  # type: ignore[assignment]  # Python's own way to say that there is no such module
    try:
        import_module("cardscope.nlp")
    finally:
        del sys.modules[_UNUSED]
