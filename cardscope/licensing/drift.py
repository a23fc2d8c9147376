"""How the terms moved from parent to child, which is not the same as whether they fit."""

from __future__ import annotations

from functools import lru_cache

from cardscope.licensing.table import License
from cardscope.tables import on_overlay

_FREE_OUTPUTS = ("free", "unspecified")


#: Flags in the words of a sentence.
_SAID = {
    "non-commercial": "a non-commercial limit",
    "conditional-commercial-use": "conditions on commercial use",
    "no-derivatives": "a ban on derivatives",
    "share-alike": "share-alike",
    "agreement-follows": "an agreement that follows",
    "use-limits": "limits on use",
    "attribution": "attribution",
    "naming": "names to carry",
    "threshold": "a size line",
    "output-limits": "limits on training with outputs",
}


def said_flags(moved: tuple[str, ...], sign: str) -> str:
    """The flags lost (``-``) or gained (``+``) in words, joined; empty when none moved that way.

    >>> said_flags(("-share-alike", "+non-commercial"), "+")
    'a non-commercial limit'
    """
    return ", ".join(_SAID[flag[1:]] for flag in moved if flag.startswith(sign))


def flags(row: License) -> frozenset[str]:
    """The burdens a licence puts on whoever uses or passes on the model (section 7 of the rules)."""
    present = {
        "non-commercial": row.commercial_use == "no",
        "conditional-commercial-use": row.commercial_use == "conditional",
        "no-derivatives": row.derivatives == "no",
        "share-alike": row.share_alike in ("same", "file", "same-agreement"),
        "agreement-follows": row.share_alike in ("terms-follow", "conditional", "same-agreement"),
        "use-limits": row.limits_use,
        "attribution": row.attribution not in ("none", "unknown"),
        "naming": bool(row.naming_requirement),
        "threshold": bool(row.user_threshold),
        "output-limits": row.output_training not in _FREE_OUTPUTS,
    }
    return frozenset(flag for flag, holds in present.items() if holds)


def _untold(row: License) -> frozenset[str]:
    """Burdens of which nobody knows whether the licence has them: they neither came nor went."""
    asked = (
        (row.commercial_use, ("non-commercial", "conditional-commercial-use")),
        (row.derivatives, ("no-derivatives",)),
        (row.share_alike, ("share-alike", "agreement-follows")),
        (row.attribution, ("attribution",)),
    )
    return frozenset(flag for cell, flags_of_it in asked if cell == "unknown" for flag in flags_of_it)


@lru_cache(maxsize=16384)
def drift(above: License, below: License) -> tuple[str, tuple[str, ...]]:
    """The word (``same``, ``loosened``, ``tightened``, ``changed``) and the flags lost (``-``) and gained (``+``)."""
    untold = _untold(above) | _untold(below)
    lost, gained = flags(above) - flags(below) - untold, flags(below) - flags(above) - untold
    moved = tuple(f"-{flag}" for flag in sorted(lost)) + tuple(f"+{flag}" for flag in sorted(gained))
    if lost and gained:
        return "changed", moved
    if lost:
        return "loosened", moved
    return ("tightened" if gained else "same"), moved


on_overlay(drift.cache_clear)
