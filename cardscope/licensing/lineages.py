"""Real families: a verdict for every ancestor of a model, and the one that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cardscope.licensing.advisories import own_advisories, upstream_advisories
from cardscope.licensing.combine import judge_sides, parents_conflict, passed_on, strongest, worst
from cardscope.licensing.evidence import Side
from cardscope.licensing.terms import same_owner, soften
from cardscope.types import Ancestor, Card, LicenseFields, LicenseOutcome, LicenseVerdict, Lineage, ModelId, Relation

_NOT_READ = "{} could not be read, so its licence is not known and nothing can be judged by it"


def judge_licenses(
    lineage: Lineage,
    child: LicenseFields,
    *,
    model: ModelId | None,
    card: Card | None = None,
    license_text: str | None = None,
) -> tuple[LicenseVerdict, ...]:
    """Judges a model's licence by every ancestor, nearest first, with what softens a verdict and what to do beside it.

    Where parents of a merge leave no licence at all, one more verdict without an ancestor stands at the end
    (`PARENTS_CONFLICT`). The verdict that counts for the lineage is `overall` of them. Empty without ancestors.

    Args:
        child: The three licence fields of the model itself.
        card: Its card: terms named in the text count, words that must be shown are looked for.
        license_text: Its licence file; empty when it is known to have none, ``None`` when nobody looked.
    """
    if not lineage.ancestors:
        return ()
    below = Side.of(model or "", child)
    sides = {ancestor.model_id: Side.of(ancestor.model_id, ancestor.license) for ancestor in lineage.ancestors}
    verdicts: list[LicenseVerdict] = []
    for ancestor in sorted(lineage.ancestors, key=lambda ancestor: ancestor.depth):
        above = sides[ancestor.model_id]
        verdict = judge_sides(above, strongest(ancestor.relations), below)
        if ancestor.license is None:
            verdict = replace(verdict, message=_NOT_READ.format(ancestor.model_id))
        verdict = soften(verdict, above, below, card, license_text)
        walked = [sides.get(name) or Side.of(name, None) for name in ancestor.path[1:-1]]
        verdict = passed_on(verdict, above, ancestor.relations, (*walked, below), _parent_of(ancestor, verdicts))
        # What a nearer ancestor asks already is not asked again: a family often shares one agreement.
        told = {problem for nearer in verdicts for problem in nearer.advisories}
        advised = [problem for problem in upstream_advisories(verdict, above, below, card) if problem not in told]
        verdicts.append(replace(verdict, advisories=tuple(advised)))
    verdicts += _conflicts(lineage, sides, below, verdicts)
    if own := own_advisories(below, license_text):
        verdicts[0] = replace(verdicts[0], advisories=(*verdicts[0].advisories, *own))
    return tuple(verdicts)


def _parent_of(ancestor: Ancestor, nearer: Sequence[LicenseVerdict]) -> tuple[LicenseVerdict, ...]:
    """The verdict of the parent through which a far ancestor comes in; none for a parent itself."""
    if ancestor.depth < 2:
        return ()
    through = ancestor.path[-2]
    return tuple(verdict for verdict in nearer if verdict.ancestor == through)[:1]


def _conflicts(
    lineage: Lineage, sides: Mapping[ModelId, Side], below: Side, verdicts: Sequence[LicenseVerdict]
) -> list[LicenseVerdict]:
    """Merges on the way whose parents no licence could satisfy; own models of the same account stay out."""
    if any(verdict.outcome is LicenseOutcome.INCOMPATIBLE for verdict in verdicts):
        return []
    merged: dict[ModelId, list[Ancestor]] = {}
    for ancestor in lineage.ancestors:
        if ancestor.relations[:1] == (Relation.MERGE,) and not same_owner(ancestor.model_id, below.who):
            merged.setdefault(ancestor.path[1], []).append(ancestor)
    for parents in merged.values():
        if len(parents) < 2:
            continue
        relation = strongest(parents[0].relations)
        verdict = parents_conflict([sides[parent.model_id] for parent in parents], relation, below)
        if verdict is not None:
            return [verdict]
    return []


def overall(verdicts: Sequence[LicenseVerdict]) -> LicenseVerdict | None:
    """The verdict on the whole lineage: the worst, on a tie the nearest ancestor's; ``None`` for no ancestors.

    Its ``parts`` are all verdicts, nearest first, so the edge verdict (parent only) stands beside it as the first.
    """
    if not verdicts:
        return None
    return replace(worst(verdicts), parts=tuple(verdicts))
