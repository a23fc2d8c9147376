"""A README to a `Card`: decoded, its front matter read, cut into sections, each labelled; never raises on content."""

from __future__ import annotations

from collections.abc import Sequence

from cardscope.parsing.coverage import cover
from cardscope.parsing.labels import label_section
from cardscope.text.decode import Decoded, decode
from cardscope.text.frontmatter import read_front_matter
from cardscope.text.markdown import MOST_PIECES, read_pieces
from cardscope.text.outline import Outline, OutlineSection
from cardscope.types import Card, Found, ModelId, Problem, RawCard, Section, Span
from cardscope.types import model_id as as_model_id

_BY_HEADING = Found.HEADING
#: A shorter title, or one of words alone ("Model", "Usage"), is no name that code could be known by.
_SHORTEST_NAME = 5
_TOO_MANY = Problem("too-many-blocks", f"only the first {MOST_PIECES:,} headings and blocks are told apart")


def parse_card(text: str | bytes, model_id: str | None = None) -> Card:
    """Reads one README.

    Args:
        text: As found. Text that was decoded by someone else has lost what only bytes can tell (a bad byte, the digest
            of the file), but reads the same.
        model_id: Id of the model, or an address of its page.

    Raises:
        InvalidModelId: ``model_id`` cannot be the id of a model. Nothing in ``text`` raises.
    """
    return _parse(text, as_model_id(model_id) if model_id is not None else None)


def read_card(raw: RawCard) -> Card:
    """`parse_card` for a card as a source hands it over."""
    return _parse(raw.content, raw.model_id)


def _parse(content: str | bytes, model: ModelId | None) -> Card:
    decoded = decode(content)
    front_matter, begin = read_front_matter(decoded)
    first = front_matter.span.last + 1 if front_matter.span else 1
    outline = Outline(first)
    read_pieces(decoded.text[begin:], outline)
    sections = _label(outline.close(decoded.lines), decoded.lines)
    return Card(
        model_id=model,
        text=decoded.text,
        lines=decoded.lines,
        front_matter=front_matter,
        body=_body(decoded, first),
        sections=sections,
        coverage=cover(sections, front_matter, decoded.lines),
        problems=decoded.problems if outline.pieces < MOST_PIECES else (*decoded.problems, _TOO_MANY),
        digest=decoded.digest,
    )


def _body(decoded: Decoded, first: int) -> Span | None:
    lines, last = decoded.lines, len(decoded.lines)
    while last >= first and not lines[last - 1].strip(" \t"):
        last -= 1
    while first < last and not lines[first - 1].strip(" \t"):
        first += 1
    return Span(first, last) if first <= last else None


def _label(drafts: Sequence[OutlineSection], lines: Sequence[str]) -> tuple[Section, ...]:
    """Labels sections from the outside in, since a section's own label may follow from the one it stands in."""
    name = _name(drafts)
    sections: list[Section] = []
    for draft in drafts:
        above = _said_by_heading(sections[draft.parent]) if draft.parent is not None else ()
        span = Span(draft.first, draft.last)
        evidence = label_section(draft.heading, above, draft.blocks, lines, span, name)
        labels = tuple([entry.label for entry in evidence])
        sections.append(
            Section(
                draft.heading,
                draft.level,
                span,
                draft.style,
                draft.parent,
                tuple(draft.blocks),
                labels,
                evidence,
                draft.words,
            )
        )
    return tuple(sections)


def _name(drafts: Sequence[OutlineSection]) -> str:
    """What the title calls the model, as an id would write it.

    Not out of the id: a text that several models share is read once, and says the same of each of them.
    """
    title = next((draft.heading for draft in drafts if draft.level), "")
    name = title.rpartition("/")[2].strip().lower().replace(" ", "-")
    return name if len(name) >= _SHORTEST_NAME and not name.isalpha() else ""


def _said_by_heading(section: Section) -> tuple[str, ...]:
    """What a heading below may take over: a statement somewhere in the text of a section is not what it is about."""
    return tuple([entry.label for entry in section.evidence if entry.how is _BY_HEADING])
