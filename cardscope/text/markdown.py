"""Markdown to headings and blocks with their lines, as GitHub and the Hub would show it.

The parser is pulldown-cmark by way of pyromark: exact CommonMark, linear on everything hostile that was tried, and ten
times as fast as any parser written in Python. It gives events with byte ranges; everything below works on those
ranges and looks at the text itself only where CommonMark sees nothing: headings written as tags, and ``#Title``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any

from cardscope.text import html
from cardscope.text.hashtitles import hash_titles
from cardscope.text.outline import Outline
from cardscope.types import BlockKind, HeadingStyle

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
#: What every byte of ASCII is to a counter of words: a blank, as `str.split` knows them, or part of a word.
_BLANK_OR_WORD = bytes(32 if byte < 128 and chr(byte).isspace() else 120 for byte in range(256))
_CELLS_APART = bytes(32 if byte == ord("|") else mark for byte, mark in enumerate(_BLANK_OR_WORD))
_HEADING_TAG = re.compile(r"<h[1-6][\s/>]", re.IGNORECASE)
_HTML_MARK = re.compile(rb"<[hH][1-6][\s/>]")
#: Levels of quotes and lists; CommonMark has no limit, and a megabyte can hold a million.
_MOST_DEPTH = 1_000
_PARAGRAPH_END = {"End": "Paragraph"}
_TABLE_END = {"End": "Table"}
_EVENT = itemgetter(0)
#: Members by a name of this module: looking one up in its enumeration costs more than most of what is done with it.
_ATX, _SETEXT = HeadingStyle.ATX, HeadingStyle.SETEXT
_PARAGRAPH, _LIST, _TABLE, _CODE = BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE
_TABLE_IMAGE = re.compile(r"!\[[^\[\]\n]{0,200}\](?:\([^()\n]{0,500}\))?")
_TABLE_DASHES = re.compile(r"(?<=[\r\n])[-: \t>]+(?=[\r\n]|\Z)")
#: Ends of these stand between words.
_APART = frozenset({"Paragraph", "Item", "TableCell", "TableRow", "TableHead", "HtmlBlock"})
#: Most characters and words of a bold line that is still a heading and not a sentence that shouts.
_BOLD_CHARACTERS = 80
_BOLD_WORDS = 12
#: Headings and blocks that are told apart in one card; the most in 32,849 real ones is below 1,500.
MOST_PIECES = 10_000
_SENTENCE_ENDS = (".", ",", ";", "!", "。", "！")


def read_pieces(body: str, outline: Outline) -> None:
    """Hands the headings and blocks of a text without front matter to an outline, in order.

    After `MOST_PIECES` of them the rest of the text is one block, so that no card can take the time of thousands.

    Args:
        body: Without lone surrogates, which no parser of UTF-8 takes.
        outline: A new one.
    """
    _Reader(body, outline).read()


def headings(body: str) -> list[tuple[int, int]]:
    """Level and line of every heading that CommonMark knows, those in quotes and lists included."""
    import pyromark

    starts = _line_starts(body.encode())
    return [
        (int(value["Heading"]["level"][1]), bisect_right(starts, place["start"]))
        for event, place in pyromark.events_with_range(body, options=_options())
        if type(event) is dict and type(value := event.get("Start")) is dict and "Heading" in value
    ]


def count_words(text: str) -> int:
    """Words of running text; where a script writes no blanks between words, each character counts for one.

    >>> count_words("two words"), count_words("模型 card")
    (2, 3)
    """
    if not text.isascii():
        text, characters = _CJK.subn(" ", text)
        return characters + len(text.split())
    return _word_ends(text.encode(), _BLANK_OR_WORD)


def _word_ends(text: bytes, marks: bytes) -> int:
    """Words, counted where one ends instead of cut out one by one: three quarters of the time."""
    return (text + b" ").translate(marks).count(b"x ")


@cache
def _options() -> Any:  # noqa: ANN401 - pyromark's flags
    """What GitHub and the Hub add to CommonMark."""
    from pyromark import Options

    return Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH | Options.ENABLE_TASKLISTS | Options.ENABLE_FOOTNOTES


def _line_starts(raw: bytes) -> list[int]:
    """Where each line begins, and last where the text ends; bytes are cut at CRLF, CR and LF alone."""
    return list(accumulate(map(len, raw.splitlines(keepends=True)), initial=0))


class _Reader:
    """One pass over the events; each method below takes the events of the block it is named after.

    An event is a dict of one entry, or for a break or a rule its bare name, in which none of the keys asked for stands:
    so ``"Text" in event`` is right for both, and it is the quickest thing to ask.
    """

    def __init__(self, body: str, outline: Outline) -> None:
        import pyromark

        self.raw = body.encode()
        self.starts = _line_starts(self.raw)
        self.events: Iterator[Any] = pyromark.events_with_range(body, options=_options(), merge_text=True)
        self.outline = outline
        self.stopped = False
        self.hidden_until = 0  # end of a heading tag that reached over several blocks

    def read(self) -> None:
        outline = self.outline
        for event, place in self.events:
            start, end = place["start"], place["end"]
            if outline.pieces >= MOST_PIECES:
                self.add(_PARAGRAPH, start, len(self.raw))
                break
            if type(event) is str:
                if event == "Rule":
                    self.add(BlockKind.RULE, start, end)
            elif "Start" in event:
                self.block(event["Start"], start, end)
                if self.stopped:
                    break

    def block(self, value: Any, start: int, end: int) -> None:  # noqa: ANN401 - text, or text with details
        """Takes the events of one block, from after its start to its end."""
        if value == "Paragraph":
            self.paragraph(start, end)
        elif value == "HtmlBlock":
            self.html_block(start, end)
        elif "Heading" in value:
            self.heading(value["Heading"], start, end)
        elif "CodeBlock" in value:
            self.code(value["CodeBlock"], start, end)
        elif "List" in value:
            self.container(_LIST, start, end)
        elif "Table" in value:
            self.table(start, end)
        else:
            self.container(BlockKind.QUOTE if "BlockQuote" in value else _PARAGRAPH, start, end)

    def add(self, kind: BlockKind, start: int, end: int, words: int = 0, info: str = "") -> None:
        """Keeps a block, unless a heading tag that was opened before has swallowed it."""
        if self.hidden_until <= start < end:
            starts = self.starts
            first = last = bisect_right(starts, start)
            if end > starts[first]:
                end = max(start + len(self.raw[start:end].rstrip(b" \t\r\n")) - 1, start)
                last = bisect_right(starts, end, first)
            self.outline.block(kind, first, last, words, info)

    def add_heading(self, style: HeadingStyle, level: int, text: str, start: int, end: int, words: int = 0) -> None:
        """Keeps a heading; one of CommonMark's own that has a line below its text was underlined."""
        starts = self.starts
        first = last = bisect_right(starts, start)
        if end > starts[first]:
            last = bisect_right(starts, end - 1, first)
            if style is _ATX:
                written = self.raw[start:end].strip()
                if b"\n" in written or b"\r" in written:
                    style = _SETEXT
                    text = text.lstrip("#").strip() or text  # "#Title" was no heading before it was underlined
        self.outline.heading(style, level, text, first, last, words)

    def heading(self, value: dict[str, Any], start: int, end: int) -> None:
        self.add_heading(_ATX, int(value["level"][1]), self.heading_text(), start, end)

    def heading_text(self) -> str:
        """Takes the events up to the end of a heading; alternative texts count where there is nothing else."""
        parts: list[str] = []
        alt: list[str] = []
        images = 0
        for event, _ in self.events:
            if "Text" in event:
                (alt if images else parts).append(event["Text"])
            elif "End" in event:
                if "Heading" in event["End"]:
                    break
                images -= "Image" in event["End"]
            elif "Start" in event:
                images += "Image" in event["Start"]
            elif "Code" in event:
                (alt if images else parts).append(event["Code"])
            elif type(event) is str:
                parts.append(" ")
        return " ".join("".join(parts).split()) or " ".join("".join(alt).split())

    def code(self, value: object, start: int, end: int) -> None:
        for event, _ in self.events:
            if "End" in event:
                break
        info = str(value["Fenced"]).split() if isinstance(value, dict) else []
        self.add(_CODE, start, end, info=info[0][:40] if info else "")

    def table(self, start: int, end: int) -> None:
        """Half of all events are cells, so the words of a table are counted in its source instead.

        A link's address has no blanks and hangs on its text, so it adds nothing; the row of dashes has no words.
        """
        _TABLE_END in map(_EVENT, self.events)  # noqa: B015 - takes all events up to it
        self.add(_TABLE, start, end, self.words_of_table(start, end))

    def words_of_table(self, start: int, end: int) -> int:
        source = self.raw[start:end]
        if source.isascii() and b"![" not in source:
            second = bisect_right(self.starts, start)
            dashes = self.raw[self.starts[second] : self.starts[second + 1]]
            if not dashes.strip(b"-:| \t\r\n"):
                return _word_ends(source, _CELLS_APART) - _word_ends(dashes, _CELLS_APART)
        rows = source.decode(errors="replace").replace("|", " ")
        if "![" in rows:
            rows = _TABLE_IMAGE.sub(" ", rows)
        found = _TABLE_DASHES.search(rows, 0 if "\r" in rows else rows.find("\n"))
        return count_words(rows) - (len(found[0].split()) if found else 0)

    def container(self, kind: BlockKind, start: int, end: int) -> None:  # noqa: C901 - one flat loop: events are many
        """A list, table, quote or footnote with all that is in it; a heading in it cuts it in two."""
        parts: list[str] = []
        depth = 1
        silent = 0  # depth at which code or a picture began, whose text is not read
        for event, place in self.events:
            if "Text" in event:
                if not silent:
                    parts.append(event["Text"])
            elif "End" in event:
                value = event["End"]
                if depth == silent:
                    silent = 0
                depth -= 1
                if not depth:
                    break
                if value in _APART if type(value) is str else "List" in value:
                    parts.append(" ")
            elif "Start" in event:
                value = event["Start"]
                if type(value) is dict:
                    if "Heading" in value:
                        if self.outline.pieces < MOST_PIECES:
                            self.add(kind, start, place["start"], count_words("".join(parts)))
                            parts.clear()
                            self.heading(value["Heading"], place["start"], place["end"])
                            start = place["end"]
                            continue
                        silent = silent or depth + 1
                    elif not silent and ("CodeBlock" in value or "Image" in value):
                        silent = depth + 1
                depth += 1
                if depth > _MOST_DEPTH:
                    self.stopped = True  # nobody nests so deep to be read; the rest of the text is one block
                    end = len(self.raw)
                    break
            elif type(event) is str:
                parts.append(" ")
            elif "Code" in event and not silent:
                parts.append(event["Code"])
            elif "Html" in event and not silent:
                parts.append(html.visible_text(event["Html"]))
        self.add(kind, start, end, count_words("".join(parts)))

    def paragraph(self, start: int, end: int) -> None:
        """Most paragraphs are one text, so this is looked for before all that a paragraph can hold."""
        first, _ = next(self.events)
        if "Text" in first:
            second, _ = next(self.events)
            if second == _PARAGRAPH_END:
                if self.raw.find(b"#", start, end) < 0 or not self.hash_lines(start, end):
                    self.add(_PARAGRAPH, start, end, count_words(first["Text"]))
                return
            self.mixed_paragraph(chain((first, second), map(_EVENT, self.events)), start, end)
        else:
            self.mixed_paragraph(chain((first,), map(_EVENT, self.events)), start, end)

    def mixed_paragraph(self, events: Iterator[Any], start: int, end: int) -> None:  # noqa: C901 - one flat loop
        parts: list[str] = []
        addresses: list[str] = []
        tags: list[str] = []
        images = links = strong = 0
        for event in events:
            if "Text" in event:
                if not images:
                    parts.append(event["Text"])
            elif type(event) is str:
                parts.append("\n")
            elif "Start" in event:
                value = event["Start"]
                if type(value) is dict:
                    if "Image" in value:
                        images += 1
                        addresses.append(value["Image"]["dest_url"])
                    else:
                        links += 1
                elif value == "Strong":
                    strong += 1
            elif "End" in event:
                if event["End"] == "Paragraph":
                    break
                images -= event["End"] == "Image"
            elif "Code" in event:
                if not images:
                    parts.append(event["Code"])
            elif "InlineHtml" in event:
                tags.append(event["InlineHtml"])
        text = "".join(parts)
        if tags and any(map(_HEADING_TAG.match, tags)):
            self.html_source(start, end)
        elif strong == 1 and not (links or tags or addresses) and self.is_bold_line(text, start, end):
            self.add_heading(HeadingStyle.BOLD, 0, text.strip("* \t\n"), start, end, count_words(text))
        elif self.raw.find(b"#", start, end) >= 0 and self.hash_lines(start, end):
            pass
        elif (addresses or tags) and not text.strip():
            self.add(html.picture_kind(addresses, "".join(tags)), start, end)
        else:
            self.add(_PARAGRAPH, start, end, count_words(text))

    def is_bold_line(self, text: str, start: int, end: int) -> bool:
        """Whether a paragraph with one bold part is nothing but that part, and short enough for a heading."""
        written = self.raw[start:end].strip().rstrip(b":")
        if not (written.startswith((b"**", b"__")) and written.endswith(written[:2])) or len(text) > _BOLD_CHARACTERS:
            return False
        text = text.strip()
        return (
            "\n" not in text
            and not text.endswith(_SENTENCE_ENDS)
            and len(text.split()) <= _BOLD_WORDS
            and any(map(str.isalpha, text))
        )

    def hash_lines(self, start: int, end: int) -> bool:
        """Cuts a paragraph at its lines of the form ``#Title``; false when it has none."""
        source = self.raw[start:end]
        found = hash_titles(source, MOST_PIECES)
        at_start = bool(found) and not source[: found[0].start()].strip()
        # Further down only when the paragraph began so, or with two hashes: one hash alone is a comment of bare code.
        found = [match for match in found if at_start or len(match[1]) > 1]
        if not found:
            return False
        at = 0
        for match in found:
            self.text_between(start + at, start + match.start())
            text = html.without_markup(match[2].decode(errors="replace"))
            self.add_heading(HeadingStyle.HASH, len(match[1]), text, start + match.start(1), start + match.end())
            at = match.end()
        self.text_between(start + at, end)
        return True

    def text_between(self, start: int, end: int) -> None:
        source = self.raw[start:end]
        if stripped := source.strip():
            start += len(source) - len(source.lstrip())
            self.add(_PARAGRAPH, start, start + len(stripped), count_words(stripped.decode(errors="replace")))

    def html_block(self, start: int, end: int) -> None:
        for event, _ in self.events:
            if "End" in event:
                break
        if _HTML_MARK.search(self.raw, start, end):
            self.html_source(start, end)
        else:
            self.html_piece(start, end)

    def html_source(self, start: int, end: int) -> None:
        """HTML with heading tags in it, cut at them."""
        at = start
        for found in html.tag_headings(self.raw, max(start, self.hidden_until), end):
            self.html_piece(at, found.start)
            self.add_heading(HeadingStyle.HTML, found.level, found.text, found.start, found.end)
            self.hidden_until = max(self.hidden_until, found.end)
            at = found.end
            if self.outline.pieces >= MOST_PIECES:
                break
        if at < end:
            self.html_piece(at, end)

    def html_piece(self, start: int, end: int) -> None:
        """HTML without headings: a comment, pictures alone, or anything else."""
        written = self.raw[start:end]
        source = written.decode(errors="replace")
        if not source.strip():
            return
        if html.is_only_comment(source):
            self.add(BlockKind.COMMENT, start, end)
            return
        text = "" if html.is_hidden(written) else html.visible_text(source)
        kind = BlockKind.HTML
        if not text.strip():
            kind = html.picture_kind([], source)
        self.add(kind, start, end, count_words(text), "details" if html.opens_details(source) else "")
