"""Section 4 of the licence rules: lists in one card, several parents of a merge, and whole lineages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cardscope.licensing.evidence import Side, message, pair_verdict, side_evidence
from cardscope.licensing.reasons import RANK, confidence_of, outcome_of, reasons, step_down
from cardscope.licensing.rules import judge_labels
from cardscope.licensing.table import find, licenses
from cardscope.types import LicenseOutcome, LicenseVerdict, Relation

#: Strongest first. What is not stated counts as a fine-tune.
_STRENGTH = (Relation.ADAPTER, Relation.MERGE, Relation.FINETUNE, Relation.UNKNOWN, Relation.QUANTIZED)
_KEEPS_OUT = ("same", "file", "same-agreement")
#: Pairs of two lists whose verdicts are kept beside the one on both; every pair decides.
_MOST_PARTS = 100


def strongest(relations: Sequence[Relation]) -> Relation:
    """The relation of a far ancestor: the one of its hops that changes most.

    >>> strongest((Relation.QUANTIZED, Relation.FINETUNE)).value
    'finetune'
    """
    return min(relations, key=_STRENGTH.index, default=Relation.UNKNOWN)


def judge_sides(above: Side, relation: Relation, below: Side) -> LicenseVerdict:
    """One parent and one child, either of which may list several licences.

    All pairs alike: that outcome, with the reason of the first pair; otherwise nobody can tell which entry counts.
    """
    pairs = [(parent, child) for parent in above.labels for child in below.labels]
    rulings = [judge_labels(parent, relation, child) for parent, child in pairs]
    if len(pairs) == 1:
        return pair_verdict(above, relation, below, pairs[0], rulings[0])
    parts = tuple(
        pair_verdict(above, relation, below, pair, ruling)
        for pair, ruling in zip(pairs[:_MOST_PARTS], rulings, strict=False)
    )
    first = parts[0]
    if {outcome_of(ruling.reason) for ruling in rulings} == {first.outcome}:
        return replace(first, path=(above.name, below.name), parts=parts)
    confidence = confidence_of(*above.labels, *below.labels)
    reason = reasons()["LICENSE_LIST_AMBIGUOUS"]
    moves = {part.drift for part in parts}
    return LicenseVerdict(
        outcome=reason.outcome,
        reason=reason.code,
        severity=step_down(reason.severity) if confidence == "low" else reason.severity,
        ancestor=above.who,
        relation=relation,
        message=message(reason.code, relation, above.labels, below.labels),
        path=(above.name, below.name),
        evidence=tuple(
            side_evidence(role, side, label)
            for role, side in (("parent", above), ("child", below))
            for label in side.labels
        ),
        confidence=confidence,
        drift=first.drift if len(moves) == 1 else "",
        drift_flags=first.drift_flags if len(moves) == 1 else (),
        parts=parts,
    )


def worst(verdicts: Sequence[LicenseVerdict]) -> LicenseVerdict:
    """The one that counts; on a tie the one named first, which is the nearest in a lineage."""
    return min(verdicts, key=lambda verdict: RANK[verdict.outcome])


def judge_parents(parents: Sequence[Side], relation: Relation, below: Side) -> LicenseVerdict:
    """Several models that went into one: the worst counts, and a choice of licence must be left at all."""
    if len(parents) == 1:
        return judge_sides(parents[0], relation, below)
    verdicts = tuple(judge_sides(parent, relation, below) for parent in parents)
    decided = worst(verdicts)
    if decided.outcome is not LicenseOutcome.INCOMPATIBLE:
        conflict = parents_conflict(parents, relation, below)
        if conflict is not None:
            return replace(conflict, parts=verdicts)
    return replace(decided, parts=verdicts)


def parents_conflict(parents: Sequence[Side], relation: Relation, below: Side) -> LicenseVerdict | None:
    """A verdict when no licence could serve all parents and the child's own label leaves that open."""
    open_child = len(below.labels) > 1 or below.labels[0].license is None
    if not open_child:
        return None
    for position, parent in enumerate(parents):
        choices = _only_choices(parent)
        others = [side for index, side in enumerate(parents) if index != position and _plain(side)]
        blockers = [_blocker(choice, relation, others) for choice in choices]
        if choices and all(blockers):
            return _conflict(parent, [side for side in blockers if side is not None], relation, below)
    return None


def _plain(side: Side) -> bool:
    return len(side.labels) == 1 and side.labels[0].license is not None


def _only_choices(parent: Side) -> list[str]:
    """Ids a derivative of this parent may carry; empty when the parent leaves the choice open."""
    row = parent.labels[0].license
    if not _plain(parent) or row is None or row.share_alike not in _KEEPS_OUT:
        return []
    if row.family == "data" or "*" in row.relicense_review:
        return []
    named = (row.id, *row.relicense_ok, *row.relicense_review)
    return [name for name in named if name not in licenses() or licenses()[name].family != "unknown"]


def _blocker(choice: str, relation: Relation, others: Sequence[Side]) -> Side | None:
    label = find(choice)
    for other in others:
        if outcome_of(judge_labels(other.labels[0], relation, label).reason) is LicenseOutcome.INCOMPATIBLE:
            return other
    return None


def _conflict(parent: Side, blockers: Sequence[Side], relation: Relation, below: Side) -> LicenseVerdict:
    reason = reasons()["PARENTS_CONFLICT"]
    sides = [parent, *dict.fromkeys(blockers)]
    labels = [side.labels[0] for side in sides]
    confidence = confidence_of(*labels, *below.labels)
    words = message(reason.code, relation, labels[:1], below.labels[:1])
    return LicenseVerdict(
        outcome=reason.outcome,
        reason=reason.code,
        severity=step_down(reason.severity) if confidence == "low" else reason.severity,
        relation=relation,
        message=f"{words} ({', '.join(dict.fromkeys(label.shown for label in labels[1:]))})",
        path=(parent.name, below.name),
        evidence=(
            *(
                side_evidence("parent", side, label, ("share_alike",))
                for side, label in zip(sides, labels, strict=True)
            ),
            *(side_evidence("child", below, label) for label in below.labels),
        ),
        confidence=confidence,
    )


def judge_chain(generations: Sequence[Sequence[Side]], hops: Sequence[Relation], below: Side) -> LicenseVerdict:
    """A lineage, oldest generation first: the child is judged against every ancestor, and the worst counts.

    A generation of several models is a merge at that hop; whoever descends from a merge is held to all its parents.

    Args:
        generations: From the oldest ancestor to the parent.
        hops: The relation out of each generation, in the same order.
        below: The last child.
    """
    nearest_first: list[LicenseVerdict] = []
    count = len(generations)
    made = merged(generations, hops)
    for at in range(count - 1, -1, -1):
        here, steps = generations[at], made[at:]
        verdict = judge_parents(here, strongest(steps), below)
        walked = [side for generation in generations[at + 1 :] for side in generation[:1]]
        nearest_first.append(passed_on(verdict, _decider(here, verdict), steps, (*walked, below), nearest_first))
    decided = worst(nearest_first)
    return replace(decided, parts=tuple(nearest_first)) if count > 1 else decided


def merged(generations: Sequence[Sequence[Side]], hops: Sequence[Relation]) -> list[Relation]:
    """The relation out of each generation: of several models it is a merge, whatever was said."""
    return [Relation.MERGE if len(here) > 1 else hop for here, hop in zip(generations, hops, strict=True)]


def _decider(here: Sequence[Side], verdict: LicenseVerdict) -> Side:
    for side, part in zip(here, verdict.parts, strict=False):
        if part.reason == verdict.reason and part.outcome is verdict.outcome:
            return side
    return here[0]


def _asks(side: Side) -> bool:
    """Whether any of its licences is one whose terms are known."""
    return any(label.license is not None and label.license.family != "unknown" for label in side.labels)


def passed_on(
    verdict: LicenseVerdict,
    ancestor: Side,
    steps: Sequence[Relation],
    walked: Sequence[Side],
    nearer: Sequence[LicenseVerdict],
) -> LicenseVerdict:
    """A verdict on a far ancestor with its path, and where the duty was lost when the nearer edge looks better.

    Args:
        verdict: Of the ancestor and the last child.
        ancestor: Whose terms decided.
        steps: The relation of each hop from the ancestor down.
        walked: The models below the ancestor, the last child included.
        nearer: Verdicts on the same child that came before; the first is the parent's.
    """
    path = (ancestor.name, *(side.name for side in walked))
    if not nearer or RANK[nearer[0].outcome] <= RANK[verdict.outcome]:
        return replace(verdict, path=path)
    if not _asks(ancestor):
        # Nobody knows what it asks, so nobody can have dropped it.
        return replace(verdict, path=path, inherited=True, message=f"{verdict.message}; inherited from {ancestor.name}")
    lost = next(
        (
            side
            for reached, side in enumerate(walked[:-1], 1)
            if RANK[judge_sides(ancestor, strongest(steps[:reached]), side).outcome] <= RANK[verdict.outcome]
        ),
        walked[-1],
    )
    words = f"{verdict.message}; inherited from {ancestor.name}"
    words += f", dropped at {lost.name}" if lost is not walked[-1] else ""
    return replace(verdict, path=path, inherited=True, lost_at=lost.name, message=words)
