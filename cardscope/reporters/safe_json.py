"""JSON that keeps every character of a card and can be printed: what cannot be seen is written as an escape."""

from __future__ import annotations

import json
import re
from typing import Any

#: What JSON allows and a terminal, an editor or another program stumbles over: DEL and C1 controls, line separators,
#: halves of characters, and all that the reports for people leave out (`cardscope.text.clean`): marks of direction,
#: characters of no width, tags. Those past U+FFFF take two escapes.
_AWKWARD = re.compile(
    "[\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def dumps(content: Any, *, indent: int | None = None) -> str:  # noqa: ANN401 - whatever JSON can hold
    r"""One JSON text in which letters of all scripts stand as they are; reading it gives back what was put in.

    Raises:
        ValueError: A number is not finite.

    >>> print(dumps({"name": "Eule\u200b 猫"}))
    {"name": "Eule\u200b 猫"}
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=indent)
    if text.isascii() and "\x7f" not in text:
        return text
    # All of these can stand inside strings only, so an escape in their place means the same.
    return _AWKWARD.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    # The standard library leaves DEL alone even when asked for ASCII.
    return "\\u007f" if match[0] == "\x7f" else json.dumps(match[0])[1:-1]
