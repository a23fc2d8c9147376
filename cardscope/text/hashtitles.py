"""Lines of the form ``#Title``: no headings to CommonMark, which wants a blank, and headings to whoever wrote them."""

from __future__ import annotations

import re
from itertools import islice

_HASH_LINE = re.compile(rb"(?:\A|(?<=[\r\n]))[ ]{0,3}(#{1,6})([^\s#][^\r\n]{0,200})(?=[\r\n]|\Z)")


def hash_titles(paragraph: bytes, most: int) -> list[re.Match[bytes]]:
    """Lines of a paragraph that may be meant as headings, with the hashes as group 1 and the title as group 2.

    Args:
        paragraph: Source of the paragraph in UTF-8.
        most: How many are looked for.
    """
    return list(islice(filter(_is_title, _HASH_LINE.finditer(paragraph)), most))


def _is_title(match: re.Match[bytes]) -> bool:
    """Tells ``#Title`` from hashtags, issue numbers and ``#!``."""
    text = match[2].decode(errors="replace")
    if len(text) > 120 or not (text[0].isalnum() or text[0] in "*_[<" or text[0] > "\x7f"):
        return False
    return len(match[1]) > 1 or not (text[0].isdigit() or " #" in text)
