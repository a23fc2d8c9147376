"""Who wrote which line of a card: a template, nobody yet, the base model's author, or the author.

A line is judged whole. In this order: a placeholder is nobody's; a line that the table of boilerplate knows of a tool
found in the card is the tool's; so is what such a tool fills in itself (numbers, names); a line that stands in the
base model's card is inherited; everything else is the author's. A label of a Hub template with a value behind it
(``- **Developed by:** somebody``) is the author's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from xxhash import xxh3_64_intdigest

from cardscope.parsing.placeholders import placeholder_spans
from cardscope.templates.lines import LOWER, NO_LETTERS, Boilerplate, boilerplate, rows_as_reported, starts_of
from cardscope.templates.rows import LAYERS
from cardscope.types import AttributedSpan, Attribution, Author, Card, GeneratorMatch, ModelId, Span

_Verdict = tuple[Author, str]
#: What is markup rather than a word when it stands alone or around one.
_MARKUP = b"|*#>`_~-+=:"
#: Line ends as they are, other blanks as one, all else as ``x``: what is left to see is where words and lines begin.
_AS_MARKS = bytes(byte if byte == 10 else 32 if byte in b" \t\r\x0b\x0c" else 120 for byte in range(256))
_WORD = 120
#: Bytes from which one call into NumPy pays.
_WORTH_NUMPY = 1500
#: A line with a number and no more letters than this, right after a tool's line, is a value the tool filled in.
_MOST_LETTERS = 24
# Looking up a member of an enumeration costs more than most of what is done with it.
_AUTHORS = tuple(Author)
#: The slots of a Hub template are filled by people, those of any other tool by the tool.
_TEMPLATE = LAYERS.index("template")
_NOBODY: _Verdict = (Author.AUTHORED, "")

_Inherited = Mapping[ModelId, Sequence[Span]] | Sequence[tuple[ModelId, Sequence[Span]]]


def attribute(
    card: Card, generators: Sequence[GeneratorMatch], inherited: _Inherited = (), known: Boilerplate | None = None
) -> Attribution:
    """Every line of the body that has words, given to one author, and the shares of the words.

    Args:
        generators: What `detect_generators` found in this card; only their boilerplate is looked for.
        inherited: For a base model, the lines of this card that stand in its card too.
        known: Boilerplate to go by; the shipped table when not given.
    """
    body = card.body
    if body is None:
        return Attribution((), dict.fromkeys(_AUTHORS, 0.0))
    lines = card.lines[body.first - 1 : body.last]
    # A half character cannot be encoded; nothing but the count of words could notice.
    text = "\n".join(lines).encode("utf-8", "replace")
    open_spans = placeholder_spans(lines, text, body.first)
    marks = text.translate(_AS_MARKS, _MARKUP)
    if not (generators or open_spans or inherited):
        return _all_authored(marks, body.first)
    verdicts: list[_Verdict] = [_NOBODY] * len(lines)
    if generators:
        _find_templates(verdicts, lines, text, _Hands(generators, body, known or boilerplate()))
    open_places = {whose: (Author.PLACEHOLDER, whose) for whose in ("", *(match.id for match in generators))}
    outer = generators[-1].id if generators else ""
    for span in open_spans:
        for at in range(span.first - body.first, span.last - body.first + 1):
            verdicts[at] = open_places[verdicts[at][1] or outer]
    _find_inherited(verdicts, inherited, body)
    return _put_together(verdicts, marks, body.first)


class _Hands:
    """The tools of one card, and which of them a line is given to."""

    __slots__ = ("_first", "_places", "_reported", "_verdicts", "fills", "marked", "starts", "titled", "whole")

    def __init__(self, generators: Sequence[GeneratorMatch], body: Span, known: Boilerplate) -> None:
        rows = rows_as_reported()
        self._first = body.first
        self._reported: dict[str, str] = {}
        self._places: dict[str, tuple[Span, ...]] = {}
        self._verdicts: dict[str, _Verdict] = {}
        # A line with a mark is the tool's whatever else stands in it.
        self.marked: list[tuple[str, int]] = []
        self.titled = ""
        fills = set()
        for match in generators:
            row = rows.get(match.id)
            identity = row.id if row is not None else match.id
            self._reported.setdefault(identity, match.id)
            self._places.setdefault(identity, match.spans)
            if row is None or row.order[0] != _TEMPLATE:
                fills.add(identity)
                marks = (span.first for proof in match.evidence for span in proof.spans if span.first == span.last)
                self.marked += [(identity, line - body.first) for line in marks if body.first <= line <= body.last]
            if row is not None and row.title and not self.titled:
                self.titled = identity
        self.fills = frozenset(fills)
        self.whole, self.starts = known.of(tuple(self._reported))

    def of(self, owners: tuple[str, ...], at: int) -> str:
        """The row, out of those that write a line, that wrote it here: the outermost whose block it stands in.

        Args:
            at: Of the line in the body, from 0.
        """
        if len(owners) == 1:
            return owners[0]
        line = self._first + at
        return next((name for name in owners if _within(line, self._places[name])), owners[0])

    def verdict(self, identity: str) -> _Verdict:
        """One and the same tuple for all lines of a row, under the id it was found by."""
        verdict = self._verdicts.get(identity)
        if verdict is None:
            verdict = self._verdicts[identity] = (Author.TEMPLATE, self._reported[identity])
        return verdict


def _find_templates(verdicts: list[_Verdict], lines: Sequence[str], text: bytes, hands: _Hands) -> None:
    last = ""
    verdict: _Verdict = _NOBODY
    keys = text.translate(LOWER, NO_LETTERS).split(b"\n")
    known = map(hands.whole.get, map(xxh3_64_intdigest, keys))
    for at, (key, owners) in enumerate(zip(keys, known, strict=True)):
        if key:
            said = "" if not owners else owners[0] if len(owners) == 1 else hands.of(owners, at)
            if said and hands.titled and lines[at].startswith("#"):
                hands.titled = ""
            elif not said and hands.fills:
                said = _slot(lines, key, at, hands, last)
            if said != last:
                last = said
                verdict = hands.verdict(said) if said else _NOBODY
        # Rulers and rows of numbers have no letters: whoever wrote the line before wrote them.
        if last:
            verdicts[at] = verdict
    for identity, marked in hands.marked:
        if verdicts[marked] is _NOBODY:
            verdicts[marked] = hands.verdict(identity)
    if hands.fills and b"```" in text:
        _close_fences(verdicts, lines)


def _slot(lines: Sequence[str], key: bytes, at: int, hands: _Hands, last: str) -> str:
    """The tool that filled in a line itself; empty when it is none's.

    Args:
        last: The tool that the line with letters before is from.
    """
    line = lines[at]
    for start in starts_of(line, key):
        owners = hands.starts.get(xxh3_64_intdigest(start))
        if owners and (identity := hands.of(owners, at)):
            return identity
    if hands.titled and line.lstrip().startswith("#"):
        title, hands.titled = hands.titled, ""
        return title
    if last not in hands.fills or not at:
        return ""
    # What stands right below a line of the tool's, in the same list or table, is a value it filled in.
    mark, above = line.lstrip()[:1], lines[at - 1].lstrip()[:1]
    if mark == "|" and above == "|":
        return last
    is_value = mark in "-*" and len(key) <= _MOST_LETTERS and any(sign.isdigit() for sign in line)
    return last if is_value and above not in ("", "#") else ""


def _close_fences(verdicts: list[_Verdict], lines: Sequence[str]) -> None:
    """Gives a block of code to the tool that wrote half of its lines; a configuration in YAML is the author's."""
    fences = [at for at, line in enumerate(lines) if line.startswith("```")]
    for opened, at in zip(fences[::2], fences[1::2], strict=False):
        if lines[opened].startswith(("```yaml", "```yml")):
            verdicts[opened + 1 : at] = [_NOBODY] * (at - opened - 1)
        elif verdicts[opened + 1 : at].count(_NOBODY) < at - opened - 1:
            inside = [verdicts[place] for place in range(opened + 1, at) if lines[place].strip()]
            theirs = [verdict for verdict in inside if verdict is not _NOBODY]
            if theirs and len(theirs) * 2 >= len(inside) and theirs.count(theirs[0]) == len(theirs):
                verdicts[opened : at + 1] = [theirs[0]] * (at + 1 - opened)


def _find_inherited(verdicts: list[_Verdict], inherited: _Inherited, body: Span) -> None:
    pairs: Iterable[tuple[ModelId, Sequence[Span]]] = inherited.items() if isinstance(inherited, Mapping) else inherited
    for model, spans in pairs:
        verdict = (Author.INHERITED, str(model))
        for span in spans:
            for at in range(max(span.first, body.first) - body.first, min(span.last, body.last) - body.first + 1):
                if verdicts[at] is _NOBODY:
                    verdicts[at] = verdict


def _put_together(verdicts: Sequence[_Verdict], marks: bytes, first: int) -> Attribution:
    """Runs of lines from one hand; words are counted a run at a time, which costs a fifth of counting them by line.

    Args:
        marks: The body as `_AS_MARKS` writes it.
        first: Number of its first line.
    """
    lines = marks.split(b"\n")
    runs: list[tuple[_Verdict, int, int, int]] = []
    totals = dict.fromkeys(_AUTHORS, 0)
    at, count = 0, len(lines)
    while at < count:
        verdict, start = verdicts[at], at
        # Lines from one hand share one tuple.
        while at < count and verdicts[at] is verdict:
            at += 1
        words = _words(marks if at - start == count else b" ".join(lines[start:at]))
        if not words:
            continue
        end = at - 1
        while b"x" not in lines[start]:
            start += 1
        while b"x" not in lines[end]:
            end -= 1
        totals[verdict[0]] += words
        if runs and runs[-1][0] == verdict:
            _, start, _, before = runs.pop()
            words += before
        runs.append((verdict, start, end, words))
    everything = sum(totals.values()) or 1
    found = [
        AttributedSpan(verdict[0], Span(first + start, first + end), verdict[1], words)
        for verdict, start, end, words in runs
    ]
    return Attribution(tuple(found), {author: total / everything for author, total in totals.items()})


def _all_authored(marks: bytes, first: int) -> Attribution:
    """What `_put_together` makes of a body in which no line was found to be another's."""
    begin = marks.find(b"x")
    if begin < 0:
        return Attribution((), dict.fromkeys(_AUTHORS, 0.0))
    start = first + marks.count(b"\n", 0, begin)
    end = start + marks.count(b"\n", begin, marks.rfind(b"x"))
    shares = dict.fromkeys(_AUTHORS, 0.0)
    shares[_NOBODY[0]] = 1.0
    return Attribution((AttributedSpan(_NOBODY[0], Span(start, end), "", _words(marks)),), shares)


def _words(marks: bytes) -> int:
    """Places where a word begins: as many as ``split`` finds parts, without making them."""
    numpy = sys.modules.get("numpy") if len(marks) > _WORTH_NUMPY else None
    if numpy is None:
        return marks.count(b" x") + marks.count(b"\nx") + marks.startswith(b"x")
    # A third of the time; but loading it to read one card would cost more than reading the card.
    inside = numpy.frombuffer(marks, numpy.uint8) == _WORD
    return int(numpy.count_nonzero(inside[1:] > inside[:-1])) + marks.startswith(b"x")


def _within(line: int, spans: Sequence[Span]) -> bool:
    return any(span.first <= line <= span.last for span in spans)
