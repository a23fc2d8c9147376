"""Labels alone, in the notation of the licence rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from cardscope.errors import UsageError
from cardscope.licensing.advisories import own_advisories, upstream_advisories
from cardscope.licensing.combine import judge_chain, judge_sides, merged, strongest
from cardscope.licensing.evidence import Side
from cardscope.tables import on_overlay
from cardscope.types import LicenseVerdict, Problem, Relation


def judge_edge(parent: str, relation: str, child: str) -> LicenseVerdict:
    """Judges a child's licence label by its parent's, its parents' or its whole lineage's.

    Args:
        parent: A label (``mit``, ``other:qwen``, ``(missing)``, ``unknown``); ``a|b`` for a card that lists two,
            ``a;b`` for two parents of a merge, ``a>b`` for a lineage, oldest first. ``a;b>c`` is a lineage whose
            oldest generation is a merge.
        relation: ``finetune``, ``adapter``, ``quantized``, ``merge`` or ``unknown`` (judged as a fine-tune); in a
            lineage one for each hop in the same order, or a single one for all.
        child: A label, or a list of labels. No label is refused: what no row knows is a custom licence.

    Raises:
        UsageError: A relation is none of these words, their number does not fit the lineage, or something is no text.

    >>> verdict = judge_edge("llama2", "finetune", "mit")
    >>> verdict.outcome.value, verdict.reason
    ('incompatible', 'COMMUNITY_TERMS_DROPPED')
    """
    for what in (parent, relation, child):
        if not isinstance(what, str):
            raise UsageError(
                "is no text",
                subject=repr(what)[:60],
                hint="write (missing) for a card without a licence, a|b for a list",
            )
    return _judge(parent, relation, child)


@lru_cache(maxsize=16384)
def _judge(parent: str, relation: str, child: str) -> LicenseVerdict:
    generations = [[Side.written(entry) for entry in step.split(";")] for step in parent.split(">")]
    hops, below = _hops(relation, len(generations)), Side.written(child)
    verdict = judge_chain(generations, hops, below)
    return replace(verdict, advisories=_advisories(generations, merged(generations, hops), below))


def _advisories(generations: Sequence[Sequence[Side]], hops: Sequence[Relation], below: Side) -> tuple[Problem, ...]:
    """What labels alone can tell: nothing on names and texts, nor on fields that the notation does not hold."""
    found: list[Problem] = []
    for at in range(len(generations) - 1, -1, -1):
        for above in generations[at]:
            verdict = judge_sides(above, strongest(hops[at:]), below)
            found += upstream_advisories(verdict, above, below, None)
    found += [problem for problem in own_advisories(below, None) if problem.code != "other-unnamed"]
    return tuple(dict.fromkeys(found))


def _hops(text: str, count: int) -> list[Relation]:
    hops = []
    for word in text.split(">"):
        try:
            hops.append(Relation(word.strip().lower()))
        except ValueError as error:
            known = ", ".join(relation.value for relation in Relation)
            raise UsageError(
                "is not a relation between models", subject=word.strip()[:60], hint=f"known: {known}"
            ) from error
    if len(hops) == 1:
        return hops * count
    if len(hops) != count:
        raise UsageError(
            f"gives {len(hops)} relations for {count} hops", subject=text[:60], hint="write one for each hop, or one"
        )
    return hops


on_overlay(_judge.cache_clear)
