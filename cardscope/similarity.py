"""Two cards of one family: section by section, and the text one took from the other.

What counts as *the same text* is decided on words, not on vectors: a sentence is the same when its words are, whatever
became of line breaks, markup and the model's own name. Vectors decide which section of the child goes with which of
the parent once text and headings cannot tell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cardscope.options import KinshipOptions
from cardscope.parsing.placeholders import is_placeholder
from cardscope.plugins import Embedder
from cardscope.text.align import align_equal, align_scored
from cardscope.text.clean import clean
from cardscope.text.normalize import key, turns, visible, without_lineage, words
from cardscope.types import Block, BlockKind, Card, Change, DroppedText, Kinship, Section, SectionKinship, Span

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Labels under which a card warns its reader or states terms; what a child drops of them is reported.
SAFETY_LABELS = ("limitations", "out_of_scope", "bias", "recommendations", "license")
#: Two sentences at least this alike say the same, if their numbers and negations agree (RapidFuzz ratio, 0 to 100).
SAME_SENTENCE = 90.0
#: Added to the cosine of a pair of sections with the same heading, or with the same label. Twelve settings, some with
#: shared words counted too, came out within 0.006 of each other (macro F1, tuning half of tests/eval/kinship.py).
SAME_HEADING, SAME_LABEL = 0.35, 0.2
#: A text of fewer words may stand in any card by chance, so it must be a sentence or line of its own there.
LEAST_WORDS = 4
#: Bounds for hostile cards: sections compared by vectors, sentences compared letter by letter, characters read at all,
#: length of two sections compared letter by letter. Seven of 32,849 real cards are longer than that.
MOST_SECTIONS, MOST_SENTENCES, MOST_CHARACTERS, MOST_LETTERS = 300, 1500, 150_000, 20_000
_SHOWN = 3
_DEFAULTS = KinshipOptions()
#: Without one of these inside, a text is one sentence, and spaCy need not be asked (nor loaded).
_SENTENCE_END = re.compile(r"[.!?…‼-⁉。！？｡।॥؟۔։]")
_PROSE = (BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE)
_SILENT = (BlockKind.COMMENT, BlockKind.RULE, BlockKind.BADGE)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence of prose, or a line of anything else."""

    key: str
    text: str
    lines: tuple[tuple[int, int], ...]  # line number, words on it
    section: int

    @property
    def words(self) -> int:
        return sum(count for _, count in self.lines)


@dataclass(slots=True)
class _Reading:
    """A card cut into units, and what can be looked up in it."""

    card: Card
    lines: list[str]
    units: list[_Unit] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    running: str = ""
    known: dict[str, bool] = field(default_factory=dict)
    headings: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    contents: list[tuple[str, ...]] = field(default_factory=list)

    def holds(self, unit_key: str) -> bool:
        """Whether these words stand in the card in this order, as a unit or inside running text."""
        if unit_key in self.keys:
            return True
        found = self.known.get(unit_key)
        if found is None:
            found = unit_key.count(" ") + 1 >= LEAST_WORDS and f" {unit_key} " in self.running
            self.known[unit_key] = found
        return found


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
    ours, theirs = _read(child, ids), _read(parent, ids)
    inherited_share, inherited = _inherited(ours, theirs)
    similarity, sections = _compare(ours, theirs, embedder, options)
    return Kinship(parent.model_id, similarity, inherited_share, sections, tuple(_dropped(ours, theirs)), inherited)


def lineage_ids(*cards: Card) -> tuple[str, ...]:
    """The ids under which these cards can name each other: their own, and the bases their front matter states."""
    found: dict[str, None] = {}
    for card in cards:
        if card.model_id:
            found[card.model_id] = None
        for name in ("base_model", "model_name"):
            value = card.front_matter.fields.get(name)
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, str) and "\n" not in entry:
                    found[entry.strip().removeprefix("https://huggingface.co/")] = None
    return tuple(found)


# --- cutting a card into sentences and lines ------------------------------------------------------------------------


def _read(card: Card, ids: tuple[str, ...]) -> _Reading:
    lines = _bounded(card, ids)
    reading = _Reading(card, lines)
    for index, section in enumerate(card.sections):
        body = "\n".join(lines[section.span.first - 1 : section.span.last])
        units = list(_units(lines, section, index))
        reading.units += units
        reading.contents.append(tuple(unit.key for unit in units))
        heading = key(without_lineage(section.heading, ids))
        # The title of either card is the name of its model: two titles are the same heading.
        reading.headings.append("title" if section.level == 1 and not heading else heading)
        reading.bodies.append(body if units else "")
    reading.keys = {unit.key for unit in reading.units}
    reading.running = f" {' '.join(unit.key for unit in reading.units)[:MOST_CHARACTERS]} "
    return reading


def _bounded(card: Card, ids: tuple[str, ...]) -> list[str]:
    """The lines without lineage and front matter; what lies beyond `MOST_CHARACTERS` is read as empty."""
    lines = [""] * len(card.lines)
    room = MOST_CHARACTERS
    for number in range(card.body.first, card.body.last + 1) if card.body else ():
        line = card.lines[number - 1][:room]
        room -= len(line)
        lines[number - 1] = without_lineage(line, ids)
        if not room:
            break
    return lines


def _units(lines: Sequence[str], section: Section, index: int) -> Iterator[_Unit]:
    for block in section.blocks:
        if block.kind in _SILENT:
            continue
        if block.kind in _PROSE:
            for first, last in _paragraphs(lines, block):
                yield from _sentences(lines, first, last, index)
        elif block.kind is BlockKind.IMAGE:
            # Not text, but something: a section that is one picture is kept or dropped like any other.
            pictures = " ".join(words("\n".join(lines[block.span.first - 1 : block.span.last])))
            yield _Unit(f"image {pictures}", "", (), index)
        else:
            for number in range(block.span.first, block.span.last + 1):
                yield from _unit(lines[number - 1], ((number, lines[number - 1]),), index)


def _paragraphs(lines: Sequence[str], block: Block) -> Iterator[tuple[int, int]]:
    """Runs of lines that are one flow of text: list items and quotes are parted, wrapped lines are not."""
    start: int | None = None
    for number in range(block.span.first, block.span.last + 1):
        stripped = lines[number - 1].lstrip("> \t")
        if not stripped or _opens_item(stripped):
            if start is not None:
                yield start, number - 1
            start = number if stripped else None
        elif start is None:
            start = number
    if start is not None:
        yield start, block.span.last


def _opens_item(line: str) -> bool:
    return line[:2] in ("- ", "* ", "+ ") or (line[:1].isdigit() and line.lstrip("0123456789")[:2] in (". ", ") "))


def _sentences(lines: Sequence[str], first: int, last: int, index: int) -> Iterator[_Unit]:
    joined, starts = "", []
    for number in range(first, last + 1):
        starts.append((len(joined), number))
        joined += visible(lines[number - 1].lstrip("> \t")) + " "
    if _SENTENCE_END.search(joined, 0, len(joined.rstrip()) - 1):
        from cardscope.nlp import sentences

        spans = sentences(joined, "en")
    else:
        spans = ((0, len(joined)),)
    ends = [*(start for start, _ in starts[1:]), len(joined)]
    for begin, end in spans:
        pieces = []
        place = bisect_right(ends, begin)
        while place < len(starts) and starts[place][0] < end:
            pieces.append((starts[place][1], joined[max(begin, starts[place][0]) : min(end, ends[place])]))
            place += 1
        yield from _unit(joined[begin:end], tuple(pieces), index)


def _unit(text: str, pieces: tuple[tuple[int, str], ...], index: int) -> Iterator[_Unit]:
    unit_key = key(text)
    if unit_key and not is_placeholder(text):
        counts = (
            ((pieces[0][0], unit_key.count(" ") + 1),)
            if len(pieces) == 1
            else tuple((number, len(key(piece).split())) for number, piece in pieces)
        )
        yield _Unit(unit_key, text, counts, index)


# --- text taken over ------------------------------------------------------------------------------------------------


def _inherited(ours: _Reading, theirs: _Reading) -> tuple[float, tuple[Span, ...]]:
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
    ours: _Reading, theirs: _Reading, embedder: Embedder, options: KinshipOptions
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


def _worth_comparing(reading: _Reading) -> list[int]:
    """Indices of sections that say something; the longest when a card has absurdly many."""
    chosen = [index for index, content in enumerate(reading.contents) if content]
    if len(chosen) > MOST_SECTIONS:
        chosen = sorted(sorted(chosen, key=lambda index: -len(reading.bodies[index]))[:MOST_SECTIONS])
    return chosen


def _pair(
    ours: _Reading,
    theirs: _Reading,
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
    ours: _Reading, theirs: _Reading, partner: dict[int, tuple[int, float]], options: KinshipOptions
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


# --- warnings and terms ---------------------------------------------------------------------------------------------


def _dropped(ours: _Reading, theirs: _Reading) -> Iterator[DroppedText]:
    """The safety text of the parent that is not in the child, section by section."""
    ours_turned: dict[tuple[str, ...], list[str]] = {}
    for unit in ours.units[:MOST_SENTENCES]:
        ours_turned.setdefault(turns(unit.key), []).append(unit.key)
    by_section: dict[int, list[_Unit]] = {}
    for unit in theirs.units:
        by_section.setdefault(unit.section, []).append(unit)
    for index, section in enumerate(theirs.card.sections):
        label = _safety_label(theirs.card.sections, index)
        units = by_section.get(index, [])[:MOST_SENTENCES]
        if label is None or not units:
            continue
        missing = [unit for unit in units if not ours.holds(unit.key) and not _said(unit.key, ours_turned)]
        if missing:
            shown = tuple(clean(unit.text) for unit in missing[:_SHOWN])
            yield DroppedText(label, section.span, len(missing) / len(units), shown)


def _safety_label(sections: Sequence[Section], index: int) -> str | None:
    """The label of a section if it is one of `SAFETY_LABELS`, else that of the section it stands in."""
    seen = 0
    place: int | None = index
    while place is not None and seen < 6:
        for label in sections[place].labels:
            if label in SAFETY_LABELS and not _left_open(sections[place], label):
                return label
        if sections[place].labels:
            # A section with a subject of its own is about that, even inside a warning.
            return None
        place, seen = sections[place].parent, seen + 1
    return None


def _left_open(section: Section, label: str) -> bool:
    """Whether all that is under this heading is what a template left to be filled in."""
    evidence = [entry.placeholder for entry in section.evidence if entry.label == label]
    return bool(evidence) and all(evidence)


def _said(sentence: str, turned: dict[tuple[str, ...], list[str]]) -> bool:
    """Whether the child says this in nearly these words, with the same numbers and negations."""
    candidates = turned.get(turns(sentence))
    if not candidates:
        return False
    from rapidfuzz import fuzz, process

    return process.extractOne(sentence, candidates, scorer=fuzz.ratio, score_cutoff=SAME_SENTENCE) is not None
