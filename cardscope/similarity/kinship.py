"""The comparison itself: text taken over, sections paired, two cosines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cardscope.options import KinshipOptions
from cardscope.plugins import Embedder
from cardscope.similarity.reading import MOST_CHARACTERS, Reading, lineage_ids, read
from cardscope.similarity.safety import dropped_text
from cardscope.text.align import align_equal, align_scored
from cardscope.text.normalize import turns
from cardscope.types import Card, Change, Kinship, SectionKinship, Span

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Added to the cosine of a pair of sections with the same heading, or with the same label. Twelve settings, some with
#: shared words counted too, came out within 0.006 of each other (macro F1, tuning half of tests/eval/kinship.py).
SAME_HEADING, SAME_LABEL = 0.35, 0.2
#: Bounds for hostile cards: sections compared by vectors, length of two sections compared letter by letter.
MOST_SECTIONS, MOST_LETTERS = 300, 20_000
_DEFAULTS = KinshipOptions()


def measure_kinship(child: Card, parent: Card, embedder: Embedder, options: KinshipOptions = _DEFAULTS) -> Kinship:
    """Compares a card with that of a model it was made from; tens of milliseconds, once spaCy is loaded.

    Sections pair up in three passes: those with the same text, then by vector similarity with a bonus for the same
    heading or label (greedy, surest first), and what is left was added or dropped. Names of either model and of their
    stated bases are taken out first. ``similarity`` lacks a key where a side has no words.

    Args:
        child: The card in question.
        parent: Card of a model it was made from; any other card works too.
        embedder: Gives the vectors, for instance ``StaticEmbedder()``.
        options: ``edited`` is the least score of a pair; ``kept`` the least share of words unchanged.
    """
    ids = lineage_ids(child, parent)
    ours, theirs = read(child, ids), read(parent, ids)
    inherited_share, inherited = _inherited(ours, theirs)
    similarity, sections = _compare(ours, theirs, embedder, options)
    return Kinship(parent.model_id, similarity, inherited_share, sections, tuple(dropped_text(ours, theirs)), inherited)


# --- text taken over ------------------------------------------------------------------------------------------------


def _inherited(ours: Reading, theirs: Reading) -> tuple[float, tuple[Span, ...]]:
    """The share of our words that stand in their card, and the lines most of whose words do."""
    total = taken = 0
    by_line: dict[int, list[int]] = {}
    for unit in ours.units:
        found = theirs.holds(unit.key)
        total += unit.words
        taken += unit.words if found else 0
        for number, count in unit.lines:
            tally = by_line.setdefault(number, [0, 0])
            tally[0] += count
            tally[1] += count if found else 0
    numbers = sorted(number for number, (count, held) in by_line.items() if held * 2 > count)
    return (taken / total if total else 0.0), _runs(numbers)


def _runs(numbers: Sequence[int]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for number in numbers:
        if spans and spans[-1].last == number - 1:
            spans[-1] = Span(spans[-1].first, number)
        else:
            spans.append(Span(number, number))
    return tuple(spans)


# --- sections -------------------------------------------------------------------------------------------------------


def _compare(
    ours: Reading, theirs: Reading, embedder: Embedder, options: KinshipOptions
) -> tuple[dict[str, float], tuple[SectionKinship, ...]]:
    """Everything that needs vectors, in one call of the embedder."""
    left, right = _worth_comparing(ours), _worth_comparing(theirs)
    equal = align_equal([ours.contents[i] for i in left], [theirs.contents[i] for i in right])
    texts = [reading.card.text[:MOST_CHARACTERS] for reading in (ours, theirs)]
    texts += ["\n".join(reading.lines).strip("\n") for reading in (ours, theirs)]
    texts += [ours.bodies[i][:MOST_CHARACTERS] for i in left] + [theirs.bodies[i][:MOST_CHARACTERS] for i in right]
    vectors = embedder.encode(texts)
    similarity = {}
    for name, a, b in (("whole", 0, 1), ("body", 2, 3)):
        # A text without words has the vector of length 0.
        if vectors[a].any() and vectors[b].any():
            similarity[name] = float(vectors[a] @ vectors[b])
    cosines = vectors[4 : 4 + len(left)] @ vectors[4 + len(left) :].T
    pairs = equal + _pair(ours, theirs, left, right, cosines, equal, options)
    partner = {left[i]: (right[j], float(cosines[i, j])) for i, j in pairs}
    return similarity, tuple(_section_rows(ours, theirs, partner, options))


def _worth_comparing(reading: Reading) -> list[int]:
    """Indices of sections that say something; the longest when a card has absurdly many."""
    chosen = [index for index, content in enumerate(reading.contents) if content]
    if len(chosen) > MOST_SECTIONS:
        chosen = sorted(sorted(chosen, key=lambda index: -len(reading.bodies[index]))[:MOST_SECTIONS])
    return chosen


def _pair(
    ours: Reading,
    theirs: Reading,
    left: Sequence[int],
    right: Sequence[int],
    cosines: npt.NDArray[np.float32],
    equal: Sequence[tuple[int, int]],
    options: KinshipOptions,
) -> list[tuple[int, int]]:
    done_left, done_right = {i for i, _ in equal}, {j for _, j in equal}
    heads_right = [(theirs.headings[j], set(theirs.card.sections[j].labels)) for j in right]
    scores: dict[tuple[int, int], float] = {}
    for i, ours_index in enumerate(left):
        if i in done_left:
            continue
        heading, labels = ours.headings[ours_index], set(ours.card.sections[ours_index].labels)
        for j, (their_heading, their_labels) in enumerate(heads_right):
            if j in done_right:
                continue
            bonus = SAME_HEADING if heading and heading == their_heading else 0.0
            if not bonus and labels & their_labels:
                bonus = SAME_LABEL
            scores[i, j] = float(cosines[i, j]) + bonus
    return align_scored(scores, options.edited, len(left), len(right))


def _section_rows(
    ours: Reading, theirs: Reading, partner: dict[int, tuple[int, float]], options: KinshipOptions
) -> Iterator[SectionKinship]:
    """Our sections in order, then theirs that have no partner; sections that say nothing are left out."""
    for index, section in enumerate(ours.card.sections):
        if index in partner:
            other, cosine = partner[index]
            same = _unchanged(ours.contents[index], theirs.contents[other], options.kept)
            change = Change.KEPT if same else Change.EDITED
            their_span = theirs.card.sections[other].span
            yield SectionKinship(change, section.heading, section.span, their_span, min(1.0, cosine))
        elif ours.contents[index]:
            yield SectionKinship(Change.ADDED, section.heading, section.span, None, None)
    taken = {other for other, _ in partner.values()}
    for index, section in enumerate(theirs.card.sections):
        if index not in taken and theirs.contents[index]:
            yield SectionKinship(Change.DROPPED, section.heading, None, section.span, None)


def _unchanged(ours: tuple[str, ...], theirs: tuple[str, ...], kept: float) -> bool:
    """Whether two sections have the same words but for slips of the pen, and the same numbers and negations."""
    if ours == theirs:
        return True
    from rapidfuzz import fuzz

    a, b = " ".join(ours), " ".join(theirs)
    if a == b or sorted(ours) == sorted(theirs):
        return True
    if max(len(a), len(b)) > MOST_LETTERS:
        return False
    return bool(fuzz.ratio(a, b, score_cutoff=kept * 100) > 0) and turns(a) == turns(b)
