"""Warnings and terms of a parent that the reader of the child no longer sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from cardscope.similarity.reading import Reading, Unit
from cardscope.text.clean import clean
from cardscope.text.normalize import turns
from cardscope.types import DroppedText, Found, Section, Span

#: Labels under which a card warns its reader or states terms; what a child drops of them is reported.
SAFETY_LABELS = ("limitations", "out_of_scope", "bias", "recommendations", "license")
#: Two sentences at least this alike say the same, if their numbers and negations agree (RapidFuzz ratio, 0 to 100).
SAME_SENTENCE = 90.0
#: Sentences of a card, or of one place in it, that are compared letter by letter.
MOST_SENTENCES = 1500
_SHOWN = 3


def dropped_text(ours: Reading, theirs: Reading) -> Iterator[DroppedText]:
    """The safety text of the parent that is not in the child, place by place."""
    ours_turned: dict[tuple[str, ...], list[str]] = {}
    for unit in ours.units[:MOST_SENTENCES]:
        ours_turned.setdefault(turns(unit.key), []).append(unit.key)
    by_section: dict[int, list[Unit]] = {}
    for unit in theirs.units:
        by_section.setdefault(unit.section, []).append(unit)
    for index in range(len(theirs.card.sections)):
        for label, span in _safety_places(theirs.card.sections, index):
            inside = (unit for unit in by_section.get(index, ()) if unit.stands_in(span))
            units = list(islice(inside, MOST_SENTENCES))
            missing = [unit for unit in units if not ours.holds(unit.key) and not _said(unit.key, ours_turned)]
            if missing:
                shown = tuple(clean(unit.text) for unit in missing[:_SHOWN])
                yield DroppedText(label, span, len(missing) / len(units), shown)


def _safety_places(sections: Sequence[Section], index: int) -> Iterator[tuple[str, Span]]:
    """Where a section warns or states terms: all of it when its heading says so, else the lines that were recognised.

    A licence named in a list or in passing is not text to be carried over; the licence verdicts are about that.
    """
    section = sections[index]
    headed = _headed(sections, index)
    if headed is not None:
        yield headed, section.span
        return
    for entry in section.evidence:
        if entry.label in SAFETY_LABELS and entry.label != "license" and not entry.placeholder:
            for span in entry.spans:
                yield entry.label, span


def _headed(sections: Sequence[Section], index: int) -> str | None:
    """The safety label that the heading of a section, or of the section it stands in, gives it."""
    place: int | None = index
    for _ in range(6):
        if place is None:
            return None
        headings = [entry for entry in sections[place].evidence if entry.how is Found.HEADING]
        for entry in headings:
            if entry.label in SAFETY_LABELS and not (entry.placeholder and place == index):
                return entry.label
        if headings:
            # A heading with a subject of its own is about that, even inside a warning.
            return None
        place = sections[place].parent
    return None


def _said(sentence: str, turned: dict[tuple[str, ...], list[str]]) -> bool:
    """Whether the child says this in nearly these words, with the same numbers and negations."""
    candidates = turned.get(turns(sentence))
    if not candidates:
        return False
    from rapidfuzz import fuzz, process

    return process.extractOne(sentence, candidates, scorer=fuzz.ratio, score_cutoff=SAME_SENTENCE) is not None
