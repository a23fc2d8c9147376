"""Bytes of a README to text and lines, without losing count of a line: every `Span` refers to what is decided here.

A line ends at CRLF, CR or LF, as CommonMark and the Hub have it. U+2028, form feed and the other characters at which
`str.splitlines` would cut are ordinary characters of a line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from cardscope.types import Problem, Span

LINE_END = re.compile(r"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"
#: Controls with no business in a text: C0 without NUL (which has a problem of its own), tab and line ends; DEL; C1.
_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
#: Bytes of which no control can be made: all but those of C0 and DEL themselves, and the first of two of every C1.
_ORDINARY = bytes(value for value in range(256) if value in b"\t\n\r" or (value >= 0x20 and value not in b"\x7f\xc2"))
_LONE_CR = re.compile(r"\r(?!\n)")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST_SPANS = 10


@dataclass(frozen=True, slots=True)
class Decoded:
    """A README as text.

    Attributes:
        text: Without a byte order mark; line ends as written; never a lone surrogate.
        lines: Without their ends; a line end at the very end opens no further line.
        problems: What was odd about the bytes.
        digest: SHA-256 of the bytes, hexadecimal.
    """

    text: str
    lines: tuple[str, ...]
    problems: tuple[Problem, ...]
    digest: str

    def line_at(self, offset: int) -> int:
        """The 1-based number of the line on which the character at ``offset`` stands; linear in ``offset``."""
        if "\r" in self.text:
            return 1 + sum(1 for _ in LINE_END.finditer(self.text, 0, offset))
        return 1 + self.text.count("\n", 0, offset)


def decode(content: bytes | str) -> Decoded:
    r"""Reads UTF-8 with or without a byte order mark; what cannot be read becomes U+FFFD and a problem.

    Text is taken as it is. Its digest is that of its UTF-8 bytes, lone surrogates encoded like any other code point
    (``surrogatepass``), so that every text has one and texts that differ have different ones.

    >>> decode(b"\xef\xbb\xbfa\r\nb\rc").lines
    ('a', 'b', 'c')
    """
    problems: list[Problem] = []
    if isinstance(content, bytes):
        raw = content
        marked = content.startswith(_BOM)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content[len(_BOM) if marked else 0 :].decode("utf-8", errors="replace")
            problems.append(Problem("invalid-utf-8", "some bytes are not UTF-8; they are read as U+FFFD"))
    else:
        raw = content.encode("utf-8", errors="surrogatepass")
        marked = content.startswith("\ufeff")
        text = content[1:] if marked else content
        if not text.isascii() and _SURROGATE.search(text):
            text = _SURROGATE.sub("\ufffd", text)
            problems.append(Problem("invalid-utf-8", "half characters (surrogates) are read as U+FFFD"))
    if marked:
        problems.append(Problem("byte-order-mark", "the file begins with a byte order mark", (Span(1, 1),)))
    lines = cut_lines(text)
    problems += _odd_characters(raw, text, lines)
    return Decoded(text, lines, tuple(problems), hashlib.sha256(raw).hexdigest())


def cut_lines(text: str) -> tuple[str, ...]:
    """Lines without their ends; a line end at the very end opens no further line."""
    lines = LINE_END.split(text) if "\r" in text else text.split("\n")
    if not lines[-1]:
        lines.pop()
    return tuple(lines)


def _odd_characters(raw: bytes, text: str, lines: tuple[str, ...]) -> list[Problem]:
    problems: list[Problem] = []
    if "\r" in text:
        if _LONE_CR.search(text):
            problems.append(Problem("lone-carriage-return", "lines end in a carriage return alone"))
        if len({match.group() for match in LINE_END.finditer(text)}) > 1:
            problems.append(Problem("mixed-line-ends", "lines end in more than one way"))
    # Nearly every card ends here: to take out all ordinary bytes is the cheapest question that C can be asked.
    if not raw.translate(None, _ORDINARY):
        return problems
    odd = [number for number, line in enumerate(lines, 1) if not line.isprintable()]
    if odd and "\x00" in text:
        spans = _spans(number for number in odd if "\x00" in lines[number - 1])
        problems.append(Problem("nul-character", "the text has NUL characters in it", spans))
    if odd and (spans := _spans(number for number in odd if _CONTROL.search(lines[number - 1]))):
        problems.append(Problem("control-character", "the text has control characters in it", spans))
    return problems


def _spans(numbers: Iterable[int]) -> tuple[Span, ...]:
    """The first few of some lines: enough to find the place, not a list as long as the card."""
    return tuple(Span(number, number) for number in islice(numbers, _MOST_SPANS))
