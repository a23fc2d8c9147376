"""Whether the card holds together as a text: nothing left open, nothing empty, nothing broken."""

from __future__ import annotations

from cardscope.probes.question import Question, View, lines_of
from cardscope.types import Author, BlockKind, Finding, HeadingStyle, Span

#: A paragraph, table, picture or anything else that fills a section; comments and rules do not.
_SUBSTANCE = frozenset(BlockKind) - {BlockKind.COMMENT, BlockKind.RULE}
_PLACEHOLDER = Author.PLACEHOLDER
_ONLY_TO_THE_EYE = (HeadingStyle.BOLD, HeadingStyle.HASH)


def no_placeholders(view: View, ask: Question) -> Finding:
    """Points fall with the number of lines that only hold a place; an empty section is another question's."""
    if not view.words and not view.headings:
        return ask.not_applicable
    if view.attribution is not None:
        spans = [part.span for part in view.attribution.spans if part.author is _PLACEHOLDER]
    else:
        spans = [span for found in view.placeholders for span in found.spans]
    count = sum(1 for span in set(spans) for line in view.lines(span) if line.strip())
    if not count:
        return ask.yes
    if view.brief:
        return view.graded(ask, 1.0 - min(1.0, 0.1 * count + 0.1))
    spans = sorted(set(spans))
    where = lines_of(spans, 5) if spans else "the card"
    return view.graded(
        ask,
        1.0 - min(1.0, 0.1 * count + 0.1),
        f"{count} {'placeholder is' if count == 1 else 'placeholders are'} left",
        spans=tuple(spans[:20]),
        fix=f"fill in or delete the {'placeholder' if count == 1 else 'placeholders'} on {where}",
    )


def no_empty_sections(view: View, ask: Question) -> Finding:
    """Share of the headings under which something stands, their own subsections included."""
    if not view.headings:
        return ask.not_applicable
    if all(section.words for section in view.headings[1:]):
        return ask.yes
    sections = view.sections
    filled = [False] * len(sections)
    for index in range(len(sections) - 1, -1, -1):
        section = sections[index]
        if not filled[index]:
            filled[index] = section.words > 0 or any(block.kind in _SUBSTANCE for block in section.blocks)
        if section.parent is not None and (filled[index] or section.heading):
            # A heading with subsections is an outline, not an empty promise: the subsections are asked themselves.
            filled[section.parent] = True
    # The title may stand above sections of its own level.
    title = view.headings[0]
    empty = [
        section
        for section, full in zip(sections, filled, strict=True)
        if not full and section.heading and section is not title
    ]
    if not empty:
        return ask.yes
    value = 1.0 - len(empty) / len(view.headings)
    if view.brief:
        return view.graded(ask, value)
    spans = tuple(section.span for section in empty)
    return view.graded(
        ask,
        value,
        f"nothing stands under {len(empty)} of {len(view.headings)} headings",
        spans=spans[:10],
        fix=f"fill or delete the section{'s' if len(spans) > 1 else ''} on {lines_of(spans, 5)}",
    )


def has_headings(view: View, ask: Question) -> Finding:
    """Two headings at least in a text that is longer than the threshold."""
    if view.words < ask.threshold:
        return ask.not_applicable
    if len(view.headings) >= 2:
        return view.yes(ask, value=len(view.headings))
    return view.no(ask, f"{view.words} words and {len(view.headings)} headings", value=len(view.headings))


def headings_nest(view: View, ask: Question) -> Finding:
    """No heading is more than one level below the one before; headings only to the eye are left out."""
    before = 0
    for section in view.headings:
        if section.style in _ONLY_TO_THE_EYE:
            continue
        if before and section.level > before + 1:
            if view.brief:
                return ask.no
            first = Span(section.span.first, section.span.first)
            return view.no(
                ask,
                f"a heading of level {section.level} follows one of level {before}",
                value=section.level - before,
                spans=(first,),
                fix=f"use level {before + 1} on line {first.first}",
            )
        before = section.level
    return ask.yes if len(view.headings) > 1 else ask.not_applicable


def code_is_labelled(view: View, ask: Question) -> Finding:
    """Share of the code blocks that name their language."""
    return _share_of_blocks(view, ask, BlockKind.CODE, "code blocks name no language")


def _share_of_blocks(view: View, ask: Question, kind: BlockKind, missing: str) -> Finding:
    blocks = view.blocks(kind)
    if not blocks:
        return ask.not_applicable
    bare = [block for block in blocks if not block.info]
    value = 1.0 - len(bare) / len(blocks)
    if view.brief:
        return view.graded(ask, value)
    return view.graded(
        ask,
        value,
        f"{len(bare)} of {len(blocks)} {missing}",
        spans=tuple(Span(block.span.first, block.span.first) for block in bare[:10]),
    )


def images_described(view: View, ask: Question) -> Finding:
    """Share of the images that do not stand there as ``![]``; badges speak for themselves."""
    blocks = view.blocks(BlockKind.IMAGE)
    if not blocks:
        return ask.not_applicable
    bare = []
    for block in blocks:
        text = " ".join(view.lines(block.span)[:20])
        if "![](" in text or ("<img" in text and ("alt=" not in text or 'alt=""' in text)):
            bare.append(block.span)
    value = 1.0 - len(bare) / len(blocks)
    if view.brief:
        return view.graded(ask, value)
    return view.graded(
        ask, value, f"{len(bare)} of {len(blocks)} images have no text in their place", spans=tuple(bare[:10])
    )


CHECKS = {
    "no-placeholders": no_placeholders,
    "no-empty-sections": no_empty_sections,
    "has-headings": has_headings,
    "headings-nest": headings_nest,
    "code-is-labelled": code_is_labelled,
    "images-described": images_described,
}
