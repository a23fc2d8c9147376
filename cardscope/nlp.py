"""The door to spaCy: sentences for whoever aligns prose, and cards as sections for whoever has a spaCy pipeline.

Loaded only where it is used, since spaCy alone takes most of a second to import. No trained model is needed: a blank
pipeline splits words, its sentencizer splits sentences.

spaCy loads this module by entry point as soon as any pipeline is made in an environment that has cardscope, so nothing
else of cardscope may be imported at its head.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

if TYPE_CHECKING:
    from cardscope.types import Card

COMPONENT = "cardscope_sections"
#: Sentence ends of scripts without spaces between words; spaCy's word splitter would see one long word.
_IDEOGRAPHIC_END = re.compile(r"[。！？｡][」』”’）)]*")
#: Beyond this, text is cut into pieces at line ends before spaCy sees it; its own limit is a million characters.
_PIECE = 100_000
_LINE_END = re.compile(r"\r\n|\r|\n")


def sentences(text: str, language: str = "xx") -> tuple[tuple[int, int], ...]:
    """Where each sentence begins and ends in the text, in characters, without the blanks around it.

    A line break does not end a sentence; give one paragraph, or join the lines of a list item, before asking.

    Args:
        text: Prose of any length, without markup if possible.
        language: A language code of spaCy, for its abbreviations; ``xx`` for any language, also for unknown codes.

    >>> text = "It fails at 0.1 % noise. So what? 它会编造日期。不要使用。"
    >>> [text[first:last] for first, last in sentences(text)]
    ['It fails at 0.1 % noise.', 'So what?', '它会编造日期。', '不要使用。']
    """
    splitter = _splitter(language)
    found: list[tuple[int, int]] = []
    for start, piece in _pieces(text):
        for sentence in splitter(piece).sents:
            first, last = sentence.start_char, sentence.end_char
            for part_first, part_last in _parts(piece, first, last):
                words = piece[part_first:part_last]
                lead = len(words) - len(words.lstrip())
                if words.strip():
                    found.append((start + part_first + lead, start + part_first + len(words.rstrip())))
    return tuple(found)


def _pieces(text: str) -> list[tuple[int, str]]:
    pieces, start = [], 0
    while len(text) - start > _PIECE:
        cut = max(text.rfind("\n", start, start + _PIECE), text.rfind(" ", start, start + _PIECE)) + 1
        cut = cut if cut > start else start + _PIECE
        pieces.append((start, text[start:cut]))
        start = cut
    return [*pieces, (start, text[start:])]


def _parts(text: str, first: int, last: int) -> list[tuple[int, int]]:
    """A sentence cut again after every ideographic full stop inside it."""
    parts = []
    for match in _IDEOGRAPHIC_END.finditer(text, first, last):
        parts.append((first, match.end()))
        first = match.end()
    return [*parts, (first, last)] if first < last else parts


@lru_cache(maxsize=8)
def _splitter(language: str) -> Language:
    if language == "zh":
        # Its splitter takes every character for a word, also those of "0.1" and "e.g." in mixed text.
        return _splitter("xx")
    try:
        splitter = spacy.blank(language)
    except ImportError:
        # Unknown code, or one whose word splitter needs a package of its own (ja, ko, th, vi).
        return _splitter("xx")
    splitter.add_pipe("sentencizer")
    return splitter


@lru_cache(maxsize=16)
def _read(text: str) -> Card:
    from cardscope.parsing import parse_card

    return parse_card(text)


def _card_of(doc: Doc) -> Card:
    return _read(doc.text)


@Language.factory(COMPONENT, assigns=["doc.spans", "doc._.card"], default_config={"spans_key": "sections"})  # type: ignore[untyped-decorator]
def make_sections_component(nlp: Language, name: str, spans_key: str) -> SectionsComponent:
    r"""What ``nlp.add_pipe("cardscope_sections")`` makes: each text is read as the README of a model.

    Args:
        nlp: The pipeline it is added to; any language.
        name: Its name there.
        spans_key: Under which key of ``doc.spans`` the sections go.

    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("cardscope_sections")
    >>> doc = nlp("# Owl\n\n## Limitations\n\nIt sleeps by day.\n")
    >>> [(span.label_, span[0].text) for span in doc.spans["sections"]][-1]
    ('limitations', '#')
    """
    return SectionsComponent(spans_key)


class SectionsComponent:
    """Puts the sections of a card into ``doc.spans`` and the card itself within reach as ``doc._.card``.

    A span goes from the first token of the heading line to the last token of the section; its label is the section's
    surest one, or ``section``. ``doc._.card`` is worked out from the text when it is asked for (and kept for a while),
    so a ``Doc`` still goes through ``to_bytes``, pickling and ``DocBin`` as before.
    """

    def __init__(self, spans_key: str = "sections") -> None:
        self.spans_key = spans_key
        if not Doc.has_extension("card"):
            Doc.set_extension("card", getter=_card_of)

    def __call__(self, doc: Doc) -> Doc:
        """The same ``doc``, with its sections."""
        card = _card_of(doc)
        starts = _line_starts(doc.text)
        group = SpanGroup(doc, name=self.spans_key)
        for section in card.sections:
            if not section.level and not section.blocks:
                continue  # nothing stands before the first heading
            first = starts[section.span.first - 1]
            last = starts[section.span.last] if section.span.last < len(starts) else len(doc.text)
            label = section.labels[0] if section.labels else "section"
            if (span := _span(doc, first, last, label)) is not None:
                group.append(span)
        doc.spans[self.spans_key] = group
        return doc

    def to_bytes(self, **_kwargs: Any) -> bytes:  # noqa: ANN401 - spaCy's own signature
        """Nothing is learnt, so nothing is kept; the configuration of the pipeline says the rest."""
        return b""

    def from_bytes(self, _data: bytes, **_kwargs: Any) -> SectionsComponent:  # noqa: ANN401
        """Itself."""
        return self


def _line_starts(text: str) -> list[int]:
    # A byte order mark is part of spaCy's text and of no line's content; offsets are the same either way.
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def _span(doc: Doc, first: int, last: int, label: str) -> Span | None:
    """The tokens that lie between two characters, blank ones at the ends left out; ``None`` when there are none."""
    text = doc.text[first:last]
    stripped = text.strip()
    if not stripped:
        return None
    first += len(text) - len(text.lstrip())
    span: Span | None = doc.char_span(first, first + len(stripped), label=label, alignment_mode="expand")
    return span
