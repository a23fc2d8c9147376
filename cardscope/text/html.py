"""The little of HTML that cards are written in: headings, comments, images and the text between tags, in linear time.

This is no HTML parser: a card's HTML is read for what its reader sees. Every pattern stops at the next ``<`` or at a
bound, so that a megabyte of tags without end costs milliseconds.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cardscope.types import BlockKind

#: How far behind its opening tag the end of a heading is looked for, in bytes.
_HEADING_REACH = 1_000
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_BREAKING_TAG = re.compile(r"</?(?:br|p|div|li|td|th|tr|h[1-6]|summary|center)\b[^<>]*>", re.IGNORECASE)
_MARK = re.compile(rb"<!--|<(/?)h([1-6])(?=[\s/>])[^<>]*>", re.IGNORECASE)
_END_OR_NEXT = re.compile(rb"<(/?)h[1-6](?=[\s/>])[^<>]*>", re.IGNORECASE)
_NOT_READ = re.compile(rb"\s*<(?:script|style|pre|textarea|svg)\b", re.IGNORECASE)
_LINE_END = re.compile(rb"[\r\n]")
_IMAGE = re.compile(r"<(?:img|picture|video|source)\b[^<>]*>", re.IGNORECASE)
_BADGE = re.compile(r"shields\.io|badge", re.IGNORECASE)
_DETAILS = re.compile(r"<details[\s>]", re.IGNORECASE)
_INLINE_MARKUP = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,1000}\)")

_EMPHASIS = re.compile(r"(\*{1,3}|__)([^*_]{1,200})\1")


@dataclass(frozen=True, slots=True)
class TagHeading:
    """A heading written as a tag; offsets are bytes of the source it was found in.

    Attributes:
        end: After the closing tag, which may stand beyond the block that was searched.
    """

    level: int
    text: str
    start: int
    end: int


def tag_headings(source: bytes, begin: int, end: int) -> Iterator[TagHeading]:
    """Headings whose opening tag stands between two offsets, in order; none out of comments, scripts or ``<pre>``.

    A heading that is never closed reaches to the end of its line, as readers will see it.
    """
    if _NOT_READ.match(source, begin, end):
        return
    at = begin
    while mark := _MARK.search(source, at, end):
        at = mark.end()
        if mark[2] is None:
            close = source.find(b"-->", at, end)
            if close < 0:
                return
            at = close + 3
        elif not mark[1]:
            after = _END_OR_NEXT.search(source, at, at + _HEADING_REACH)
            if after is not None and after[1]:
                inner, stop = source[at : after.start()], after.end()
            else:
                inner = source[at : min(at + _HEADING_REACH, end if after is None else min(after.start(), end))]
                inner = _LINE_END.split(inner, maxsplit=1)[0]
                stop = at + len(inner)
            if not inner.strip():
                continue
            heading = without_markup(visible_text(inner.decode(errors="replace")))
            if heading:
                yield TagHeading(int(mark[2]), heading, mark.start(), stop)
                at = max(at, min(stop, end))


def visible_text(source: str) -> str:
    """What a browser would show of a piece of HTML, tags and comments taken out; white space stays as it is."""
    if "<!--" in source:
        source = _without_comments(source)
    if "<" in source:
        source = _TAG.sub("", _BREAKING_TAG.sub(" ", source))
    return unescape(source) if "&" in source else source


def unescape(text: str) -> str:
    """Character references resolved; one that names no character (or too large a number) stays as written."""
    try:
        return html.unescape(text)
    except ValueError:  # a number of more than 4,300 digits
        return text


def without_markup(text: str) -> str:
    """One line of Markdown without emphasis, code marks, links and white space around it."""
    text = " ".join(text.split())
    if "](" in text:
        text = _INLINE_MARKUP.sub(r"\1", text)
    if "*" in text or "__" in text:
        text = _EMPHASIS.sub(r"\2", text)
    return text.replace("**", "").replace("`", "").strip("*_# ")


def is_only_comment(source: str) -> bool:
    """Whether nothing but comments stands here."""
    return source.lstrip().startswith("<!--") and not _without_comments(source).strip()


def is_hidden(source: bytes) -> bool:
    """Whether this is the beginning of a script, a style sheet or preformatted code, whose text is no prose."""
    return _NOT_READ.match(source) is not None


def picture_kind(addresses: Sequence[str], source: str) -> BlockKind:
    """What a block without visible text is: badges, pictures, or just HTML.

    Args:
        addresses: Of the pictures that are written as Markdown.
        source: HTML that may hold more of them.
    """
    tags = _IMAGE.findall(source)
    pictures = len(tags) + len(addresses)
    if not pictures:
        return BlockKind.HTML
    badges = sum(1 for written in (*tags, *addresses) if _BADGE.search(written))
    return BlockKind.BADGE if pictures == badges else BlockKind.IMAGE


def opens_details(source: str) -> bool:
    """Whether a disclosure element begins here."""
    return _DETAILS.search(source) is not None


def _without_comments(source: str) -> str:
    parts = []
    at = 0
    while (begin := source.find("<!--", at)) >= 0:
        parts.append(source[at:begin])
        end = source.find("-->", begin + 2)
        if end < 0:
            return "".join(parts)
        at = end + 3
    parts.append(source[at:])
    return "".join(parts)
