"""Section 3 of the licence rules: one parent, one relation, one child; the first rule that fits decides."""

from __future__ import annotations

from dataclasses import dataclass

from cardscope.licensing.table import Label, License
from cardscope.types import Relation

_REVIEW_BY_FAMILY = {
    "permissive": "LICENSE_CONFLICT_CHECK",
    "data": "DATA_LICENSE_ON_MODEL",
    "community": "VERSION_MISMATCH",
    "rail": "RESTRICTIONS_EQUIVALENCE",
}
_COMMERCIAL = ("yes", "conditional")


@dataclass(frozen=True, slots=True)
class Ruling:
    """The reason a rule gives, and the columns it looked at.

    Attributes:
        reason: Code of section 5; the outcome follows from it.
        above: Columns of the parent's row that decided.
        below: Columns of the child's row that decided.
    """

    reason: str
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


def judge_labels(parent: Label, relation: Relation, child: Label) -> Ruling:
    """Takes the rules in their order; an unknown relation counts as a fine-tune, the strictest reading but adapter.

    Rules 1 to 6 (here and in `_odd_child`) deal with labels that name no text, 7 to 11 with what fits, 12 to 17 with
    what a parent asks of its derivatives.
    """
    if parent.matched == "missing":
        return Ruling("PARENT_LICENSE_MISSING")
    if parent.matched == "unknown":
        return Ruling("PARENT_LICENSE_UNKNOWN")
    above = parent.license
    if above is None:
        return Ruling("PARENT_CUSTOM_LICENSE")
    if above.family == "unknown":
        return Ruling("PARENT_LICENSE_AMBIGUOUS", ("family", "ambiguity"))
    if above.derivatives == "no":
        return _no_derivatives(above, relation, child)
    below = child.license
    if below is None:
        return _odd_child(above, child)
    return (
        _fits(above, below)
        or _listed(above, relation, below)
        or (_light(above, below) if above.light else _asks(above, relation, below))
    )


def _no_derivatives(above: License, relation: Relation, child: Label) -> Ruling:
    """Rule 4."""
    if relation is Relation.ADAPTER:
        return Ruling("ADAPTER_DERIVATIVE_UNSETTLED", ("derivatives", "derivative_scope"))
    if relation is Relation.QUANTIZED and (child.license is None or child.license is above):
        # "None" takes in a child that calls its licence unknown: it names no other terms either.
        return Ruling("ND_FORMAT_CHANGE", ("derivatives",))
    return Ruling("DERIVATIVES_FORBIDDEN", ("derivatives",))


def _odd_child(above: License, child: Label) -> Ruling:
    """Rules 5 and 6: the child's licence is missing, unknown or custom."""
    free = above.light and not above.user_threshold
    cells = ("share_alike", "commercial_use", "user_threshold")
    if child.matched != "custom":
        if not free:
            return Ruling("OBLIGATIONS_NOT_DECLARED", cells)
        return Ruling("CHILD_LICENSE_MISSING" if child.matched == "missing" else "CHILD_LICENSE_UNKNOWN", cells)
    if above.family == "public-domain":
        return Ruling("PUBLIC_DOMAIN_PARENT", ("family",))
    if free and "*" not in above.relicense_review:
        return Ruling("PERMISSIVE_PARENT", cells)
    return Ruling("CHILD_CUSTOM_LICENSE", (*cells, "relicense_review"))


def _fits(above: License, below: License) -> Ruling | None:
    """Rules 7 to 9."""
    if above is below:
        return Ruling("SAME_LICENSE")
    if above.family == "public-domain":
        return Ruling("PUBLIC_DOMAIN_PARENT", ("family",))
    if below.family == "unknown" and not above.light:
        return Ruling("CHILD_LICENSE_AMBIGUOUS", ("share_alike", "commercial_use"), ("family", "ambiguity"))
    return None


def _listed(above: License, relation: Relation, below: License) -> Ruling | None:
    """Rule 10: the parent's own lists."""
    if below.id in above.relicense_ok:
        return Ruling("RELICENSE_PERMITTED", ("relicense_ok",))
    if below.id in above.relicense_no:
        return _fails("RESTRICTIONS_NARROWED", above, relation, ("relicense_no",))
    if below.id in above.relicense_review or "*" in above.relicense_review:
        return Ruling(_REVIEW_BY_FAMILY.get(above.family, "COPYLEFT_CHECK"), ("relicense_review", "family"))
    return None


def _light(above: License, below: License) -> Ruling:
    """Rule 11: any licence fits, a condition or a notice aside."""
    if above.user_threshold:
        return Ruling("EXTRA_CONDITIONS_DROPPED", ("user_threshold",))
    if below.family == "public-domain" and above.attribution not in ("none", "unknown"):
        return Ruling("ATTRIBUTION_DROPPED", ("attribution",), ("family",))
    return Ruling("PERMISSIVE_PARENT", ("share_alike", "commercial_use"))


def _asks(above: License, relation: Relation, below: License) -> Ruling:
    """Rules 12 to 17: the parent asks something of the licence of its derivatives."""
    alike = above.share_alike
    if above.commercial_use == "no":
        return _non_commercial(above, relation, below)
    if alike in ("same", "file"):
        return _fails("COPYLEFT_DROPPED", above, relation, ("share_alike",), ("share_alike",))
    if alike == "restrictions-only":
        cells = ("pass_down_restrictions",)
        if below.pass_down_restrictions in ("yes", "unknown"):
            return Ruling("RESTRICTIONS_EQUIVALENCE", ("share_alike",), cells)
        return _fails("USE_RESTRICTIONS_DROPPED", above, relation, ("share_alike", *cells), cells)
    if alike == "same-agreement":
        return _fails("SAME_AGREEMENT_REQUIRED", above, relation, ("share_alike",))
    if alike == "conditional":
        return Ruling("RELICENSE_CONDITIONAL", ("share_alike",))
    if alike == "terms-follow":
        if below.id.startswith(("cc-by-nc", "cc-by-nd")):
            return Ruling("NC_OVERLAY_TERMS_UNSTATED", ("share_alike",), ("commercial_use", "derivatives"))
        replaced = below.family in ("community", "non-commercial", "proprietary")
        reason = "COMMUNITY_TERMS_REPLACED" if replaced else "COMMUNITY_TERMS_DROPPED"
        return _fails(reason, above, relation, ("share_alike",), ("family", "share_alike"))
    # Only a row of a user's own table gets here: what it asks is not known.
    return Ruling("PARENT_LICENSE_AMBIGUOUS", ("share_alike",))


def _non_commercial(above: License, relation: Relation, below: License) -> Ruling:
    """Rule 12."""
    use = ("commercial_use",)
    if below.commercial_use in _COMMERCIAL:
        return _fails("NC_DROPPED", above, relation, use, use)
    if above.share_alike == "same":
        return _fails("SHARE_ALIKE_DROPPED", above, relation, ("share_alike",), ("share_alike",))
    if above.share_alike == "same-agreement":
        return _fails("SAME_AGREEMENT_REQUIRED", above, relation, ("share_alike",))
    if above.id.startswith("cc-by-nc"):
        return Ruling("NC_RETAINED" if below.id.startswith("cc-by-nc") else "NC_SCOPE_DIFFERS", use, use)
    return Ruling("AGREEMENT_REPLACED", (*use, "share_alike"), use)


def _fails(
    reason: str, above: License, relation: Relation, cells: tuple[str, ...], below: tuple[str, ...] = ()
) -> Ruling:
    """Incompatible, unless an adapter meets a text that leaves "derivative" to copyright law."""
    if relation is Relation.ADAPTER and above.derivative_scope == "copyright":
        return Ruling("ADAPTER_DERIVATIVE_UNSETTLED", (*cells, "derivative_scope"), below)
    return Ruling(reason, cells, below)
