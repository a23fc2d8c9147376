"""A card cut into sentences and lines, so that its text can be looked up in another card."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cardscope.parsing.placeholders import is_placeholder
from cardscope.text.normalize import key, visible, without_lineage, words
from cardscope.types import Block, BlockKind, Card, Section, Span

#: Characters of a body that are read at all; seven of 32,849 real cards are longer.
MOST_CHARACTERS = 150_000
#: A text of fewer words may stand in any card by chance, so it must be a sentence or line of its own there.
LEAST_WORDS = 4
#: Without one of these inside, a text is one sentence, and spaCy need not be asked (nor loaded).
_SENTENCE_END = re.compile(r"[.!?…‼-⁉。！？｡।॥؟۔։]")
_PROSE = (BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE)
_SILENT = (BlockKind.COMMENT, BlockKind.RULE, BlockKind.BADGE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence of prose, or a line of anything else.

    Attributes:
        key: The form in which it is compared.
        text: As it is shown.
        lines: Number of each line it touches, and how many of its words stand there; empty for a picture.
        section: Index in the card's sections.
    """

    key: str
    text: str
    lines: tuple[tuple[int, int], ...]
    section: int

    @property
    def words(self) -> int:
        """How many it has, 0 for a picture."""
        return sum(count for _, count in self.lines)

    def stands_in(self, span: Span) -> bool:
        """Whether all of it lies within these lines; never so for a picture."""
        return bool(self.lines) and span.first <= self.lines[0][0] and self.lines[-1][0] <= span.last


@dataclass(slots=True)
class Reading:
    """A card cut into units, and what can be looked up in it.

    Attributes:
        lines: Without front matter and without names of the lineage; numbered like those of the card.
        running: All keys in a row, between blanks.
        headings: Keys of the sections' headings, ``title`` for one that is the model's name.
        bodies: Text of the sections that say something, else empty.
        contents: Keys of the sections' units.
    """

    card: Card
    lines: list[str]
    units: list[Unit] = field(default_factory=list)
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


def read(card: Card, ids: tuple[str, ...]) -> Reading:
    """Cuts a card up; names of the models in ``ids`` are taken out first."""
    lines = _bounded(card, ids)
    reading = Reading(card, lines)
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


def _units(lines: Sequence[str], section: Section, index: int) -> Iterator[Unit]:
    for block in section.blocks:
        if block.kind in _SILENT:
            continue
        if block.kind in _PROSE:
            for first, last in _paragraphs(lines, block):
                yield from _sentences(lines, first, last, index)
        elif block.kind is BlockKind.IMAGE:
            # Not text, but something: a section that is one picture is kept or dropped like any other.
            pictures = " ".join(words("\n".join(lines[block.span.first - 1 : block.span.last])))
            yield Unit(f"image {pictures}", "", (), index)
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


def _sentences(lines: Sequence[str], first: int, last: int, index: int) -> Iterator[Unit]:
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


def _unit(text: str, pieces: tuple[tuple[int, str], ...], index: int) -> Iterator[Unit]:
    unit_key = key(text)
    if unit_key and not is_placeholder(text):
        counts = (
            ((pieces[0][0], unit_key.count(" ") + 1),)
            if len(pieces) == 1
            else tuple((number, len(key(piece).split())) for number, piece in pieces)
        )
        yield Unit(unit_key, text, counts, index)
