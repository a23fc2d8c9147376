"""The YAML block at the head of a README: found where the Hub's client finds it, and its near misses named.

What the Hub does not see is not metadata: behind a near miss (text before the dashes, dashes that are not closed) the
fields stay empty, and a problem says what to mend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cardscope.text.decode import Decoded
from cardscope.text.yaml import Refused, load_yaml, read_flat
from cardscope.types import FrontMatter, FrontMatterState, Problem, Span, Value

# huggingface_hub 2.4, repocard.py, has one pattern,
#   ^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))
# taken apart here into an opening at the very start and the first closing after it, which is the same and linear.
_OPENING = re.compile(r"\s*---(?:\r\n|\r|\n)")
_CLOSING = re.compile(r"(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\n|\Z)")

#: Keys by which a block that is out of place is known for front matter, and not for any two rules with text between.
_KEYS = (
    "license|licence|language|languages|tags|tag|datasets|dataset|metrics|library_name|base_model|pipeline_tag|"
    "model-index|model_index|thumbnail|widget|inference|pipeline|license_name|extra_gated_prompt|model_name|"
    "co2_eq_emissions|sdk|title|emoji"
)
_KEY_LINE = re.compile(rf"[ \t]{{0,12}}(?:{_KEYS})[ \t]{{0,4}}:(?:[ \t\r\n]|\Z)")
#: Opening dashes, lines that can only be keys of YAML and items of lists, and among the first of them a known key.
#: Every repetition is bounded, so that looking at each pair of dashes of a text stays linear.
_LATER_OPENING = re.compile(
    r"---[ \t]{0,80}(?:\r\n|\r|\n)"
    r"(?:(?:[A-Za-z_][\w.-]{0,60}:(?:[ \t][^\r\n]{0,300})?|[ \t]{0,12}- [^\r\n]{0,300})(?:\r\n|\r|\n)){0,16}"
    rf"[ \t]{{0,12}}(?:{_KEYS})[ \t]{{0,4}}:(?:[ \t\r\n]|\Z)"
)
_LATER_CLOSING = re.compile(r"[\r\n][ \t]{0,12}---(?=[ \t]{0,80}(?:[\r\n]|\Z))")
_FEW_KEYS = 60
_PRESENT = FrontMatterState.PRESENT
_DASHES = re.compile(r"-{3,}")


def read_front_matter(decoded: Decoded) -> tuple[FrontMatter, int]:
    """The front matter, and the offset in ``text`` at which the body begins.

    Returns:
        The body begins at 0 when the Hub's client finds no block, whatever near miss there is.
    """
    text = decoded.text
    block = find_block(text)
    if block is None:
        return _near_miss(decoded), 0
    start, end, body = block
    first = decoded.line_at(text.find("---"))
    span = Span(first, max(first + 1, decoded.line_at(text.find("---", end))))
    problems = _before(text, first)
    content = text[start:end]
    if content.startswith("---"):
        message = "an empty block stands before the front matter; stricter readers than the Hub's client stop there"
        problems.append(Problem("front-matter-empty", message, (Span(first, first + 1),)))
    at = decoded.line_at(start)
    if again := _again(decoded, body):
        problems.append(again)
    if (fields := read_flat(content)) is not None:
        return _present(fields, _flat_key_lines(fields, at), span, problems), body
    try:
        value, odd = load_yaml(content)
    except Refused as refused:
        spans = _inside(refused.line, at, span)
        problems.append(Problem(refused.problem.code, refused.problem.message, spans))
        return FrontMatter(FrontMatterState.MALFORMED, span=span, problems=tuple(problems)), body
    problems += [Problem(problem.code, problem.message, _inside(line, at, span)) for problem, line in odd]
    return _from_value(value, decoded.lines, span, problems), body


def find_block(text: str) -> tuple[int, int, int] | None:
    r"""Where the YAML begins and ends, and where the body begins; ``None`` when the Hub's client would find nothing.

    >>> find_block("---\nlicense: mit\n---\nText")
    (4, 16, 21)
    """
    opening = _OPENING.match(text)
    if opening is None:
        return None
    start = opening.end()
    closing = _closing(text, start)
    if closing is None and text.endswith("\r\n", 0, start):
        # The pattern may also read the opening's CRLF as CR alone and its LF as the line end before the closing dashes.
        start -= 1
        closing = _CLOSING.match(text, start)
    if closing is None:
        return None
    return start, closing.start(), closing.end()


def _closing(text: str, start: int) -> re.Match[str] | None:
    """The first match of `_CLOSING`; where only LF ends lines, its first four characters are found much faster."""
    if "\r" in text:
        return _CLOSING.search(text, start)
    at = text.find("\n---", start)
    while at >= 0:
        if closing := _CLOSING.match(text, at):
            return closing
        at = text.find("\n---", at + 1)
    return None


def _from_value(value: Value, lines: Sequence[str], span: Span, problems: list[Problem]) -> FrontMatter:
    if value is None:
        problems.append(Problem("front-matter-empty", "there is nothing between the dashes", (span,)))
        return FrontMatter(FrontMatterState.EMPTY, span=span, problems=tuple(problems))
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "plain text" if isinstance(value, str) else "a single value"
        problems.append(Problem("front-matter-not-a-mapping", f"the front matter is {kind}, not a mapping", (span,)))
        return FrontMatter(FrontMatterState.MALFORMED, span=span, problems=tuple(problems))
    if not value:
        problems.append(Problem("front-matter-empty-mapping", "the front matter is an empty mapping", (span,)))
        return FrontMatter(FrontMatterState.EMPTY, span=span, problems=tuple(problems))
    return _present(value, _key_lines(value, lines, span), span, problems)


def _present(
    fields: Mapping[str, Value], where: Mapping[str, Span], span: Span, problems: list[Problem]
) -> FrontMatter:
    for key in fields:
        if key == "<<":
            problems.append(
                Problem("yaml-merge-key", "YAML 1.2 has no merge key; << is kept as a key", (where.get(key, span),))
            )
        elif key.lower() == "licence":
            message = "the Hub knows the key license, not licence"
            problems.append(Problem("licence-key", message, (where.get(key, span),)))
    return FrontMatter(_PRESENT, fields, where, span, tuple(problems))


def _flat_key_lines(fields: Mapping[str, Value], first: int) -> dict[str, Span]:
    """Lines of the keys of a flat block that begins on line ``first``: each has its own and one for every item."""
    found: dict[str, Span] = {}
    for key, value in fields.items():
        last = first
        if isinstance(value, list):
            last += sum(map(len, value)) if isinstance(value[0], dict) else len(value)  # type: ignore[arg-type]
        found[key] = Span(first, last)
        first = last + 1
    return found


def _key_lines(fields: Mapping[str, Value], lines: Sequence[str], span: Span) -> dict[str, Span]:
    """Each top-level key from its line to the last one with content before the next; of a double key the last."""
    if len(fields) <= _FEW_KEYS and (found := _plain_key_lines(fields, lines, span)) is not None:
        return found
    return _any_key_lines(fields, lines, span)


def _plain_key_lines(fields: Mapping[str, Value], lines: Sequence[str], span: Span) -> dict[str, Span] | None:
    """The common case, by searching: every key stands bare at the start of a line; ``None`` when one does not."""
    text = "\n" + "\n".join(lines[span.first : span.last - 1])
    places = []
    for key in fields:
        at = text.rfind(f"\n{key}:")
        if at < 0:
            return None
        places.append((at, key))
    places.sort()
    found: dict[str, Span] = {}
    number, before = span.first, 0
    key = ""
    for at, following in (*places, (len(text), "")):
        begin = number
        number += text.count("\n", before, at + 1)
        before = at + 1
        if key:
            last = number - 1 if following else span.last - 1
            while last > begin and (not (line := lines[last - 1].strip()) or line[0] == "#"):
                last -= 1
            found[key] = Span(begin, last)
        key = following
    return found


def _any_key_lines(fields: Mapping[str, Value], lines: Sequence[str], span: Span) -> dict[str, Span]:
    """Keys that are quoted or indented, and blocks with more keys than should each be searched for."""
    found: dict[str, Span] = {}
    indent: int | None = None
    key, begin, end = "", 0, 0
    for number in range(span.first + 1, span.last):
        line = lines[number - 1]
        content = line.lstrip(" ")
        if not content or content[0] == "#":
            continue
        if indent is None:
            indent = len(line) - len(content)
        if len(line) - len(content) == indent and content[0] not in "-]}\t":
            name = content.partition(":")[0].rstrip().strip("\"'")
            if name in fields:
                if begin:
                    found[key] = Span(begin, end)
                key, begin = name, number
        if content.strip():
            end = number
    if begin:
        found[key] = Span(begin, end)
    return found


def _inside(line: int | None, at: int, span: Span) -> tuple[Span, ...]:
    """A line of the block as a span of the README, kept inside the block."""
    if line is None:
        return (span,)
    number = min(max(at + line - 1, span.first), span.last)
    return (Span(number, number),)


def _before(text: str, first: int) -> list[Problem]:
    if text.startswith("---"):
        return []
    if first > 1:
        message = "a blank line stands before the front matter; readers that want it on line 1 lose it"
        return [Problem("front-matter-after-blank", message, (Span(1, first - 1),))]
    return [Problem("front-matter-indented", "the opening dashes are indented", (Span(first, first),))]


def _near_miss(decoded: Decoded) -> FrontMatter:
    """Why the Hub finds no front matter in a text that seems to have been meant to have one."""
    text = decoded.text
    begin = len(text) - len(text.lstrip())
    if text.startswith("---", begin):
        return _broken_opening(decoded, begin)
    if _KEY_LINE.match(text, begin) and (closing := _LATER_CLOSING.search(text, begin)):
        span = Span(decoded.line_at(begin), decoded.line_at(closing.end() - 1))
        return _malformed("front-matter-not-opened", "the dashes before the front matter are missing", span)
    block = _later_block(decoded, 0)
    if block is not None:
        message = "text stands before the front matter, so the Hub does not see it"
        return _malformed("front-matter-after-text", message, block)
    return FrontMatter()


def _broken_opening(decoded: Decoded, begin: int) -> FrontMatter:
    """The text begins with dashes, and still the pattern does not match."""
    text, lines = decoded.text, decoded.lines
    first = decoded.line_at(begin)
    opening = lines[first - 1].strip()
    closing = next((n for n in range(first + 1, len(lines) + 1) if lines[n - 1].strip().startswith("---")), None)
    if opening.strip("-"):
        return FrontMatter()
    meant = first < len(lines) and _KEY_LINE.match(lines[first]) is not None
    if opening != "---" and not meant:
        return FrontMatter()
    if closing is None:
        span = Span(first, len(lines))
        return _malformed("front-matter-not-closed", "the front matter is opened and never closed", span)
    span = Span(first, closing)
    if all(not line.strip() for line in lines[first : closing - 1]):
        problem = Problem("front-matter-empty", "there is nothing between the dashes", (span,))
        return FrontMatter(FrontMatterState.EMPTY, problems=(problem,))
    if opening != "---" or not _OPENING.match(text):
        return _malformed("front-matter-dashes", "the opening line is not three dashes and nothing else", span)
    if lines[closing - 1].startswith((" ", "\t")) and lines[closing - 1].strip() == "---":
        return _malformed("front-matter-indented", "the closing dashes are indented, so the block is not closed", span)
    return _malformed("front-matter-not-closed", "the front matter is opened and never closed", span)


def _malformed(code: str, message: str, span: Span) -> FrontMatter:
    return FrontMatter(FrontMatterState.MALFORMED, problems=(Problem(code, message, (span,)),))


def _again(decoded: Decoded, body: int) -> Problem | None:
    """A second block: right after the first, or further down in the text."""
    block = _later_block(decoded, body - 1)
    if block is None:
        return None
    if not decoded.text[body:].lstrip().startswith("---"):
        return Problem("front-matter-again-later", "a second block of front matter stands further down", (block,))
    return Problem("front-matter-twice", "a second block of front matter follows, which the Hub ignores", (block,))


def _later_block(decoded: Decoded, begin: int) -> Span | None:
    """The first block after an offset that has a known key below its opening dashes and closing dashes."""
    text = decoded.text
    for end in ("\n", "\r") if "\r" in text else ("\n",):
        at = begin
        while (at := text.find(end + "---", at)) >= 0:
            at += 1
            if _LATER_OPENING.match(text, at) and (closing := _LATER_CLOSING.search(text, at + 3)):
                return Span(decoded.line_at(at), decoded.line_at(closing.end() - 1))
            at = _DASHES.match(text, at).end()  # type: ignore[union-attr]
    return None
