"""What a batch keeps of one text: numbers, ids and hashes, never a word of it.

Everything here follows from the bytes of the README alone, so a text that stands under many ids is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import xxhash

from cardscope import tables
from cardscope.lineage import license_fields
from cardscope.parsing import parse_card
from cardscope.templates.attribution import attribute
from cardscope.templates.signatures import detect_generators, paper_flag
from cardscope.types import Attribution, Author, Card, CoverageState, GeneratorMatch, LicenseFields

_AUTHORED: Final = Author.AUTHORED
_INHERITED: Final = Author.INHERITED
_STATES: Final = {CoverageState.ABSENT: 0, CoverageState.PLACEHOLDER: 1, CoverageState.PRESENT: 2}


@dataclass(slots=True)
class TextFeatures:
    """One text, read.

    Attributes:
        card: The parsed card, for the probes; dropped as soon as the rows of the text are made.
        coverage: 0 absent, 1 placeholder, 2 present, in the order of `labels`.
        headings: 32-bit hash of each normalised heading.
        skeleton: 64-bit hash of all headings with their levels: equal for cards cut from one template.
        lines: 64-bit hash of each distinct line with words, in order of first appearance.
    """

    card: Card
    generators: tuple[GeneratorMatch, ...]
    attribution: Attribution
    license: LicenseFields
    languages: list[str]
    fields: list[str]
    coverage: list[int]
    paper_flag: bool
    problems: list[str]
    words: int
    headings: list[int]
    skeleton: int
    lines: list[int]


def labels() -> tuple[str, ...]:
    """Ids of all section labels, in the order in which ``TextFeatures.coverage`` holds them."""
    return tuple(parse_card(b"").coverage)


@lru_cache(maxsize=1)
def known_fields() -> frozenset[str]:
    """Front matter keys that the Hub gives a meaning, from ``tables/metadata.toml``."""
    return frozenset(tables.read_table("metadata")["fields"])


def read_text(content: bytes) -> TextFeatures:
    """Reads one text; raises on nothing a card can hold."""
    card = parse_card(content)
    generators = detect_generators(card)
    fields = card.front_matter.fields
    hashes = line_hashes(card.lines, card.body.first - 1 if card.body else 0)
    headings = [(section.level, heading_hash(section.heading)) for section in card.sections if section.heading]
    known = known_fields()
    return TextFeatures(
        card=card,
        generators=generators,
        attribution=attribute(card, generators),
        license=license_fields(fields),
        languages=_languages(fields.get("language")),
        fields=[key for key in fields if key in known],
        coverage=[_STATES[cover.state] for cover in card.coverage.values()],
        paper_flag=paper_flag(card.text),
        problems=[problem.code for problem in (*card.front_matter.problems, *card.problems)],
        words=sum(section.words for section in card.sections),
        headings=[value for _, value in headings],
        skeleton=_skeleton(headings),
        lines=hashes,
    )


def line_hashes(lines: Sequence[str], start: int) -> list[int]:
    """XXH3 of each distinct non-blank line from ``start`` on, without the blanks at its ends.

    >>> line_hashes(["a", " a ", "", "b"], 0) == line_hashes(["a", "b"], 0)
    True
    """
    stripped = dict.fromkeys(map(str.strip, lines[start:]))
    stripped.pop("", None)
    # Every line of a card can be encoded: `decode` leaves no half of a character.
    return list(map(xxhash.xxh3_64_intdigest, map(str.encode, stripped)))


def pieces_of(card: Card, attribution: Attribution) -> list[tuple[bool, str]]:
    """The body in runs of whole lines, each with whether a person wrote it: no template, and no place to be filled."""
    if card.body is None:
        return []
    pieces: list[tuple[bool, str]] = []
    lines = card.lines
    at = card.body.first - 1
    for piece in attribution.spans:
        first, last = piece.span.first - 1, piece.span.last
        if first > at:
            pieces.append((False, "\n".join(lines[at:first])))
        pieces.append((piece.author is _AUTHORED or piece.author is _INHERITED, "\n".join(lines[first:last])))
        at = last
    if at < card.body.last:
        pieces.append((False, "\n".join(lines[at : card.body.last])))
    return pieces


@lru_cache(maxsize=200_000)
def heading_hash(heading: str) -> int:
    """32-bit hash of a heading without case, and without its digits, which number and date headings."""
    letters = "".join(letter for letter in heading.casefold() if not letter.isdigit())
    return xxhash.xxh32_intdigest(" ".join(letters.split()).encode("utf-8", "surrogatepass"))


def _skeleton(headings: list[tuple[int, int]]) -> int:
    # The title is most often the model's own name: a template must not look like another for it.
    return xxhash.xxh3_64_intdigest(repr(headings[1:]).encode()) if len(headings) > 1 else 0


def _languages(value: object) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(entry.strip().lower() for entry in listed if isinstance(entry, str) and entry.strip()))
