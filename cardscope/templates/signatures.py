"""Which tools wrote a card, in layers: one pass over the text for all marks, then only the rows whose marks were there.

The tables are explained in `cardscope.templates.rows`, the extent of a tool's lines in `cardscope.templates.blocks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cardscope.templates.blocks import block_of, joined, without
from cardscope.templates.rows import Row, Signatures, signatures
from cardscope.types import Card, Evidence, GeneratorMatch, Section, Span

#: What a version looks like after its label; bold and code marks may stand around it.
_VERSION = re.compile(r"[\s*`v]{0,4}(\d[\w.+!-]{0,40})")
#: Places kept for one mark: a placeholder may stand a hundred thousand times in a hostile card.
_MOST_PLACES = 40
#: "Automatically generated", and the same turned round.
_PAPER = b"automatically", b"generated "


def paper_flag(text: str) -> bool:
    """The paper's own test of automation: one of two phrases anywhere in the card, in any case.

    Source: Laufer, Oderinwale and Kleinberg 2025, arXiv 2508.06811, as in its notebooks. Kept as the baseline: it does
    not see TRL, mergekit, quantisers and most others.

    >>> paper_flag("This card has been Generated Automatically.")
    True
    """
    # As bytes: no letter of another script becomes one of these in lower case, so theirs need not be looked up.
    lowered = text.encode("utf-8", "replace").lower()
    manner, made = _PAPER
    at = lowered.find(manner)
    while at >= 0:
        after = at + len(manner)
        if lowered.endswith(made, 0, at) or lowered.startswith(b" generated", after):
            return True
        at = lowered.find(manner, after)
    return False


def detect_generators(card: Card) -> tuple[GeneratorMatch, ...]:
    """The tools that wrote parts of ``card``, outermost first, each with its lines, version and evidence.

    Order: converter, merge tool, outer training tool, method library, trainer, PEFT, Hub template, bare metadata, then
    blocks that bots append. Lines of a tool that wrote a block inside another's text belong to the inner tool alone.
    """
    known = signatures()
    # Marks and line numbers both count on one kind of line end.
    text = card.text if "\r" not in card.text else "\n".join(card.lines)
    # Half a character cannot be encoded; no mark holds one.
    content = text.encode("utf-8", "replace")
    fired = _fired(card, content, known)
    candidates: set[int] = set()
    for number in fired:
        candidates.update(known.asks.get(number, ()))
    if len(card.sections) > 5:
        candidates.update(known.long)
    if not fired and _is_bare(card):
        candidates.update(known.empty)
    if not candidates:
        return ()
    matched: list[tuple[Row, str]] = []
    for at in candidates:
        row = known.rows[at]
        reliability = _judge(card, row, fired, known)
        if reliability:
            matched.append((row, reliability))
    if not matched:
        return ()
    hidden = {identity for row, _ in matched for identity in row.hides}
    left = sorted(((row, sure) for row, sure in matched if row.id not in hidden), key=lambda pair: pair[0].order)
    numbered = _line_numbers(content, (place for places in fired.values() for place in places))
    return _matches(card, text, left, fired, known, numbered)


def _fired(card: Card, content: bytes, known: Signatures) -> dict[int, list[int]]:
    """Numbers of the signals that are there, with offsets of texts in the bytes; metadata signals have none."""
    fired: dict[int, list[int]] = {}
    for pattern, start, _ in known.automaton.find_matches_as_indexes(content, overlapping=True):
        places = fired.setdefault(known.literals[pattern], [])
        if len(places) < _MOST_PLACES:
            places.append(start)
    fields = card.front_matter.fields
    if not fields:
        return fired
    tags = fields.get("tags")
    for tag in tags if isinstance(tags, list) else [tags]:
        if isinstance(tag, str) and (number := known.tags.get(tag)) is not None:
            fired.setdefault(number, [])
    library = fields.get("library_name")
    if isinstance(library, str) and (number := known.libraries.get(library)) is not None:
        fired.setdefault(number, [])
    for key in known.keys:
        if key in fields:
            value = fields[key]
            for wanted, number in known.keys[key]:
                if not wanted or value == wanted:
                    fired.setdefault(number, [])
    return fired


def _judge(card: Card, row: Row, fired: Mapping[int, list[int]], known: Signatures) -> str:
    for number in row.sure:
        if number in fired:
            return "A"
    for group in row.together:
        for number in group:
            if number not in fired and not (number in known.lazy and _holds(card, row, known.lazy[number])):
                break
        else:
            return "B"
    for group in row.hint:
        if all(number in fired for number in group):
            return "C"
    return ""


def _holds(card: Card, row: Row, asked: tuple[str, str]) -> bool:
    kind, argument = asked
    if kind == "headings:":
        return in_order(card.sections, row.headings) >= int(argument)
    if kind == "core:":
        return len(row.core.intersection(_bare(section.heading) for section in card.sections)) >= int(argument)
    if argument == "one-section":
        return len(card.sections) <= 2
    return _is_bare(card)


def _is_bare(card: Card) -> bool:
    """Whether a card is one or two keys of metadata and nothing else."""
    front = card.front_matter
    if not 1 <= len(front.fields) <= 2 or front.span is None:
        return False
    return not any(line.strip("- \t") for line in card.lines[front.span.last :])


def in_order(sections: Iterable[Section], headings: tuple[str, ...]) -> int:
    """How many of a template's headings (lower case) a card has in the template's order."""
    found, last = 0, -1
    places = _places(headings)
    for section in sections:
        place = places.get(_bare(section.heading), -1)
        if place > last:
            found, last = found + 1, place
    return found


@lru_cache(maxsize=256)
def _places(headings: tuple[str, ...]) -> Mapping[str, int]:
    return {heading: place for place, heading in reversed(list(enumerate(headings)))}


def _bare(heading: str) -> str:
    return heading.lower().removesuffix("[optional]").strip(" :*")


def _signal_holds(signal: str, card: Card, text: str) -> bool:
    """For the few signals of ``dating`` and ``variants``, which only rows that matched are asked for."""
    if signal.startswith("tag:"):
        tags = card.front_matter.fields.get("tags")
        return isinstance(tags, list) and signal[4:] in tags
    return signal in text


def _matches(
    card: Card,
    text: str,
    rows: list[tuple[Row, str]],
    fired: Mapping[int, list[int]],
    known: Signatures,
    numbered: Mapping[int, int],
) -> tuple[GeneratorMatch, ...]:
    seen: list[tuple[Row, str, tuple[Evidence, ...], tuple[Span, ...]]] = []
    whole_body = False
    for row, reliability in rows:
        evidence = _evidence(card, row, fired, known, numbered)
        lines = {span.first for proof in evidence for span in proof.spans}
        if row.block == "lines":
            # Marks shared with other tools say that this one was at work, not which lines are its.
            lines = {numbered[place] for number in row.sure for place in fired.get(number, ())} or lines
        inside = sorted(line for line in lines if card.body is not None and card.body.first <= line <= card.body.last)
        seen.append((row, reliability, evidence, block_of(card, row, inside, inner=whole_body)))
        whole_body = whole_body or row.block == "body"
    inner = [(row.id, span) for row, _, _, spans in seen if row.block not in ("body", "front matter") for span in spans]
    found = []
    for row, reliability, evidence, spans in seen:
        if row.block == "body":
            taken = [span for identity, span in inner if identity != row.id and span != card.front_matter.span]
            # A tool whose every line was taken by others still wrote the rest of the page: keep its whole block then.
            spans = joined(part for span in spans for part in without(span, taken)) or spans
        identity = next((name for signal, name in row.variants if _signal_holds(signal, card, text)), row.id)
        found.append(GeneratorMatch(identity, _version(card, row, text), spans, evidence, reliability))
    return tuple(found)


def _evidence(
    card: Card, row: Row, fired: Mapping[int, list[int]], known: Signatures, numbered: Mapping[int, int]
) -> tuple[Evidence, ...]:
    found = []
    for number in row.signals:
        if number not in fired:
            continue
        signal = known.signals[number]
        places = fired[number]
        if places:
            spans = tuple(Span(line, line) for line in dict.fromkeys(numbered[place] for place in places))
            found.append(Evidence(signal, spans))
        else:
            kind, _, rest = signal.partition(":")
            key = {"tag": "tags", "library": "library_name"}.get(kind, rest.partition("=")[0])
            span = card.front_matter.lines.get(key)
            found.append(Evidence(signal, (span,) if span is not None else ()))
    if not found:
        found.append(Evidence("no text, only metadata" if _is_bare(card) else "headings of the template"))
    return tuple(found)


def _line_numbers(content: bytes, places: Iterable[int]) -> dict[int, int]:
    """Offset to 1-based line, counted in one walk through the text."""
    numbers, line, last = {}, 1, 0
    for place in sorted(set(places)):
        line += content.count(b"\n", last, place)
        last = place
        numbers[place] = line
    return numbers


def _version(card: Card, row: Row, text: str) -> str | None:
    for label in row.version:
        at = text.find(label)
        while at >= 0:
            if told := _VERSION.match(text, at + len(label)):
                return told[1].rstrip(".-")
            at = text.find(label, at + len(label))
    return next((versions for signal, versions in row.dating if _signal_holds(signal, card, text)), None)
