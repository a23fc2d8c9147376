"""Text of strangers made fit to be shown: nothing in it can move a cursor, hide a letter or turn a line around."""

from __future__ import annotations

import re

#: Terminal sequences go whole, so that no rest of them ("[31m") is left standing. Each alternative stops at the next
#: ESC at the latest, so the scan is linear.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # OSC and friends: titles, links
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 controls
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u3164\uffa0"  # invisible by nature
    r"\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, direction marks and overrides
    r"\U000e0000-\U000e0fff]+"  # tag characters and variation selectors that can smuggle text
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
#: More than three marks on one letter are there to spill over the neighbouring lines.
_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3})"
                    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")  # fmt: skip


def clean(text: str, limit: int = 200) -> str:
    r"""One line without controls, escape sequences, direction overrides and zero-width characters.

    Markup stays as it is: escaping belongs to the format that is written.

    Args:
        text: Anything, of any length; the work is linear in it.
        limit: Most characters to return, the mark of a cut included; 0 for no limit.

    >>> clean("a\x1b[31mb\u202ec\n\n d", 40)
    'abc d'
    >>> clean("one two three", 8)
    'one two…'
    """
    if not text.isascii() or not text.isprintable():
        text = _SEQUENCE.sub("", text)
        text = _HIDDEN.sub("", text)
        if not text.isascii():
            text = _SURROGATE.sub("\ufffd", text)
            text = _MARKS.sub(r"\1", text)
    text = " ".join(text.split())
    if limit > 0 and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text
