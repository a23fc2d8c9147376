"""What the card tells its reader: what the model is, how to run it, what was measured."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from cardscope.probes.question import Question, View, lines_of
from cardscope.types import BlockKind, Coverage, CoverageState, Finding, Span, Value

# Looking a member up in its class costs more than the comparison it is for.
_PRESENT = CoverageState.PRESENT
_PLACEHOLDER = CoverageState.PLACEHOLDER
_DIGIT = re.compile(r"\d")
#: What has digits and is no result: addresses, pictures, papers on arXiv.
_NO_NUMBER = re.compile(r"https?://[^\s)>]{1,500}|\]\([^()\s]{1,500}\)|\b\d{4}\.\d{4,5}(?:v\d+)?\b")
#: A number that is no part of a word: neither F1 nor 7B nor test1.png.
_NUMBER = re.compile(r"(?<![A-Za-z0-9_])[-+]?\d+(?:[.,]\d+)*(?![A-Za-z0-9_])")
_DESCRIBES = frozenset({"model_description", "model_type"})


def covered(view: View, ask: Question) -> Finding:
    """Yes if any of the question's labels is present; a placeholder is a no that says where it stands."""
    coverage = view.coverage
    placeholder: Coverage | None = None
    known = False
    for label in ask.labels:
        found = coverage.get(label)
        if found is None:
            continue
        known = True
        if found.state is _PRESENT:
            if view.brief:
                return ask.yes
            how = found.how.value if found.how else "text"
            return view.yes(ask, f"found by {how}", value=how, spans=found.spans)
        if found.state is _PLACEHOLDER and placeholder is None:
            placeholder = found
    if not known:
        return ask.unknown
    if view.brief:
        return ask.no
    if placeholder is not None:
        where = lines_of(placeholder.spans) if placeholder.spans else "that line"
        return view.no(
            ask,
            f"only a placeholder says {ask.topic}",
            value="placeholder",
            spans=placeholder.spans,
            fix=f"replace the placeholder on {where} and say {ask.topic}",
        )
    return view.no(ask, f"the card does not say {ask.topic}", value="absent")


def says_what_it_is(view: View, ask: Question) -> Finding:
    """Words of prose that stand first and are about nothing else, or under a heading that describes the model."""
    said = 0
    spans: tuple[Span, ...] = ()
    for index, section in enumerate(view.sections):
        if section.words > said and (
            not _DESCRIBES.isdisjoint(section.labels) or (index <= 2 and not (section.labels and section.heading))
        ):
            said = section.words
            spans = (section.span,)
    counted = said
    if view.template_share is not None:
        counted = min(said, round(view.own_words) + (10 if view.words else 0))
    if view.brief:
        return view.graded(ask, float(counted))
    theirs = "" if counted == said else ", nearly all of them a template's"
    return view.graded(ask, float(counted), f"{said} words on the model at the top{theirs}", spans=spans)


def has_own_words(view: View, ask: Question) -> Finding:
    """Words that no tool wrote; unknown when nobody looked who wrote them and there are enough to be in doubt."""
    if view.attribution is None and view.words >= ask.threshold:
        return ask.unknown
    own = view.own_words
    if view.brief:
        return view.graded(ask, own)
    whose = "the author's or the base model's" if view.facts.kinship else "the author's"
    if (count := round(own)) == 0:
        return view.graded(ask, own, f"not one word is {whose}")
    only = "" if own >= ask.threshold else "only "
    are = "word is" if view.words == 1 else "words are"
    if count == view.words:
        return view.graded(ask, own, f"all words are {whose}, {only}{count} in all")
    return view.graded(ask, own, f"{only}{count} of {view.words} {are} {whose}")


def has_runnable_code(view: View, ask: Question) -> Finding:
    """A code block that loads, installs or starts something."""
    blocks = view.blocks(BlockKind.CODE)
    if not blocks:
        return view.no(ask, "there is no code block")
    for block in blocks:
        text = "\n".join(view.lines(block.span))
        for mark in ask.marks:
            if mark in text:
                return view.yes(ask, "code that loads or starts the model", spans=(block.span,))
    return view.no(ask, "no code block loads or starts the model")


def results_have_numbers(view: View, ask: Question) -> Finding:
    """Numbers where the results stand; asked only of a card that has results, and names of measures are none."""
    spans = _present(view, ("results", "metrics"))
    if spans is None:
        return ask.not_applicable
    if _has_results(view.fields.get("model-index")):
        return view.yes(ask, "numbers in model-index", spans=spans)
    matter = view.card.front_matter.span
    told = [span for span in spans if matter is None or span.first > matter.last]
    if not told:
        return ask.not_applicable
    for span in told:
        for line in view.card.lines[span.first - 1 : min(span.last, span.first + 59)]:
            if _DIGIT.search(line) and _NUMBER.search(_NO_NUMBER.sub(" ", line)):
                return view.yes(ask, "numbers stand in the results", spans=spans)
    return view.no(ask, "the results hold no number", spans=spans)


def _has_results(index: Value) -> bool:
    """Whether a ``model-index`` holds more than its frame, which tools write with an empty list."""
    entries = index if isinstance(index, list) else [index]
    return any(isinstance(entry, dict) and bool(entry.get("results")) for entry in entries[:5])


def results_for_machines(view: View, ask: Question) -> Finding:
    """``model-index`` with at least one value in it."""
    index = view.fields.get("model-index")
    if _has_results(index):
        return view.yes(ask, "results stand in model-index", spans=view.key_span("model-index"))
    if not view.brief and "model_index" in view.fields:
        spans = view.key_span("model_index")
        return view.no(ask, "the key is `model_index`", spans=spans, fix="rename `model_index:` to `model-index:`")
    if not view.brief and index is not None:
        return view.no(ask, "model-index holds no results", spans=view.key_span("model-index"))
    return view.no(ask, "there is no model-index", spans=view.top() if not view.brief else ())


def says_quantization_method(view: View, ask: Question) -> Finding:
    """A name of a method or a number of bits, anywhere in the card."""
    return _mentions(view, ask, "no method and no number of bits is named")


def lists_files(view: View, ask: Question) -> Finding:
    """A table or list in a card that names weight files."""
    if BlockKind.TABLE not in view.kinds and BlockKind.LIST not in view.kinds and BlockKind.CODE not in view.kinds:
        return view.no(ask, "there is no table or list of files")
    return _mentions(view, ask, "no file of weights is named")


def says_merge_method(view: View, ask: Question) -> Finding:
    """A name of a merge method or the keys of a merge configuration."""
    return _mentions(view, ask, "neither the merge method nor a configuration is given", whole=True)


def _mentions(view: View, ask: Question, missing: str, *, whole: bool = False) -> Finding:
    """Yes when one of the question's marks stands in the card; ``whole`` asks that it is no part of another word."""
    if view.brief:
        # Most cards that are asked name none of thirty marks: one pass for all of them.
        found = _finder(ask.marks).find_matches_as_indexes(view.lowered, overlapping=whole)
        if whole:
            found = [place for place in found if _is_whole(view.lowered, *place[1:])]
        return ask.yes if found else ask.no
    for mark in ask.marks:
        wanted = mark.encode("utf-8", "surrogatepass")
        if wanted in view.lowered:
            lines = (line.lower().encode("utf-8", "surrogatepass") for line in view.card.lines)
            spans = tuple(Span(n, n) for n, line in enumerate(lines, 1) if _holds(line, wanted, whole=whole))
            if spans:
                return view.yes(ask, f"names {mark}", value=mark, spans=spans[:3])
    return view.no(ask, missing)


def _holds(text: bytes, mark: bytes, *, whole: bool) -> bool:
    at = text.find(mark)
    while whole and at >= 0 and not _is_whole(text, at, at + len(mark)):
        at = text.find(mark, at + 1)
    return at >= 0


def _is_whole(text: bytes, start: int, end: int) -> bool:
    """Whether letters stand on neither side of a mark: "ties" is a method, and in "communities" there is none."""
    return not (text[start - 1 : start].isalpha() or text[end : end + 1].isalpha())


@cache
def _finder(marks: tuple[str, ...]) -> Any:  # noqa: ANN401 - a class of the extension
    import ahocorasick_rs

    return ahocorasick_rs.BytesAhoCorasick(
        [mark.encode("utf-8", "surrogatepass") for mark in marks],
        implementation=ahocorasick_rs.Implementation.DFA,
    )


def _present(view: View, labels: tuple[str, ...]) -> tuple[Span, ...] | None:
    spans: tuple[Span, ...] = ()
    found = False
    for label in labels:
        coverage = view.coverage.get(label)
        if coverage is not None and coverage.state is _PRESENT:
            found = True
            spans += coverage.spans
    return spans if found else None


CHECKS = {
    "says-what-it-is": says_what_it_is,
    "has-own-words": has_own_words,
    "has-runnable-code": has_runnable_code,
    "results-have-numbers": results_have_numbers,
    "results-for-machines": results_for_machines,
    "says-quantization-method": says_quantization_method,
    "lists-files": lists_files,
    "says-merge-method": says_merge_method,
}
