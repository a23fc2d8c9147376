"""What the front matter says, and what keeps the Hub from reading it."""

from __future__ import annotations

import re
from dataclasses import replace

from cardscope.licensing.table import find, normalize
from cardscope.probes.question import Question, View, lines_of
from cardscope.text.clean import clean
from cardscope.types import BlockKind, CoverageState, Finding, FrontMatterState, Outcome, Severity, Span, Value

#: ISO 639-1 and -3 with an optional script or region, or the Hub's own words for "many" and "a program's".
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}|multilingual|code)\Z", re.ASCII)
_EMPTY: frozenset[str] = frozenset()


def _texts(value: Value) -> tuple[str, ...]:
    """The words of a field that may hold one or several; anything else in it is left out."""
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, list):
        return tuple(entry for entry in value if isinstance(entry, str) and entry.strip())
    return ()


def has_license(view: View, ask: Question) -> Finding:
    """``license`` holds a text or a list of texts."""
    found = _texts(view.fields.get("license"))
    if found:
        if view.brief:
            return ask.yes
        return view.yes(ask, "", value=clean(", ".join(found), 80), spans=view.key_span("license"))
    if view.brief:
        return ask.no
    told = view.coverage.get("license")
    if told is None or told.state is not CoverageState.PRESENT or not told.spans:
        return view.no(ask, "no licence is stated", spans=view.top(), fix=_license_fix(view, ask))
    matter = view.card.front_matter.span
    is_inside = matter is not None and told.spans[-1].last <= matter.last
    place = "under the key `license`" if is_inside else "in the front matter"
    message = f"the licence stands on {lines_of(told.spans)} and not {place}"
    return view.no(ask, message, spans=told.spans, fix=_license_fix(view, ask))


def _license_fix(view: View, ask: Question) -> str:
    lineage = view.facts.lineage
    above = lineage.ancestors[0] if lineage is not None and lineage.ancestors else None
    if above is not None and above.license is not None and above.license.license:
        name = clean(above.license.license[0], 60)
        return f"add `license: {name}` (that of {clean(above.model_id, 80)}) to the front matter, or another it allows"
    for key in ("licence", "License", "Licence"):
        if text := _texts(view.fields.get(key)):
            if find(text[0]).license is None:
                return f"rename `{key}:` to `license:` and give the id of your licence"
            return f"rename `{key}:` to `license:` (`license: {clean(text[0], 60)}`)"
    return ask.fix


def license_is_known(view: View, ask: Question) -> Finding:
    """Every entry is an id or alias of the licence table; ``other`` is one."""
    found = _texts(view.fields.get("license"))
    if not found:
        return ask.not_applicable
    for text in found:
        label = find(text)
        if label.matched in ("id", "alias") or label.name in ("", "other"):
            continue
        if view.brief:
            return ask.no
        shown = clean(text, 60)
        message = f"the licence {shown} is no known id"
        return view.no(ask, message, value=shown, spans=view.key_span("license"))
    return ask.yes if view.brief else view.yes(ask, value=clean(", ".join(found), 80), spans=view.key_span("license"))


def license_is_named(view: View, ask: Question) -> Finding:
    """Asked when a licence is ``other``: half for the name, half for the link."""
    found = _texts(view.fields.get("license"))
    if "other" not in found:
        return ask.not_applicable
    name = bool(_texts(view.fields.get("license_name")))
    link = bool(_texts(view.fields.get("license_link")))
    if name and link:
        return ask.yes if view.brief else view.yes(ask, spans=view.key_span("license_name"))
    missing = "license_name" if link else "license_link" if name else "license_name and license_link"
    return view.graded(
        ask,
        (name + link) / 2,
        f"the licence is `other` and {missing} is not given",
        spans=view.key_span("license"),
        fix=f"add `{missing}:` below `license: other`" if name or link else "",
    )


def license_agrees(view: View, ask: Question) -> Finding:
    """Asked when a licence section names a well-known licence: no if the field's is not among those it names."""
    coverage = view.coverage.get("license")
    found = _texts(view.fields.get("license"))
    if not found or coverage is None or coverage.state is not CoverageState.PRESENT or not coverage.spans:
        return ask.not_applicable
    matter = view.card.front_matter.span
    spans = [span for span in coverage.spans if matter is None or span.first > matter.last][:3]
    if not spans:
        return ask.not_applicable
    text = "\n".join(line for span in spans for line in view.lines(span)[:40]).lower()
    named = [group for group, marks in ask.groups.items() if any(mark in text for mark in marks)]
    stated = " ".join(normalize(entry) for entry in found)
    if not named or any(group in stated for group in named) or stated in text or "other" in stated:
        return ask.not_applicable if not named else ask.yes
    if not any(group in stated for group in ask.groups):
        return ask.unknown
    return view.no(
        ask,
        f"the text speaks of {named[0]}, the front matter of {clean(found[0], 60)}",
        value=named[0],
        spans=(*view.key_span("license"), *spans),
    )


def names_datasets(view: View, ask: Question) -> Finding:
    """``datasets`` in the front matter."""
    return _field(view, ask, "datasets")


def has_pipeline_tag(view: View, ask: Question) -> Finding:
    """``pipeline_tag`` in the front matter."""
    return _field(view, ask, "pipeline_tag")


def has_library_name(view: View, ask: Question) -> Finding:
    """``library_name`` in the front matter; the fix guesses it from the code of the card."""
    if view.fields.get("library_name") or view.brief:
        return _field(view, ask, "library_name")
    text = view.card.text
    # The narrower library first: code that imports it imports transformers as well.
    for name in ("sentence_transformers", "peft", "diffusers", "timm", "spacy", "flair", "mlx_lm", "transformers"):
        if f"from {name} import" in text or f"import {name}" in text:
            known = name.replace("mlx_lm", "mlx").replace("_", "-")
            return view.no(
                ask,
                "the library is not given",
                spans=view.top(),
                fix=f"add `library_name: {known}` to the front matter: the card's code imports it",
            )
    return _field(view, ask, "library_name")


def has_language(view: View, ask: Question) -> Finding:
    """``language`` in the front matter."""
    return _field(view, ask, "language")


def has_tags(view: View, ask: Question) -> Finding:
    """``tags`` in the front matter."""
    return _field(view, ask, "tags")


def _field(view: View, ask: Question, key: str) -> Finding:
    found = view.fields.get(key)
    if found is not None and found != "" and found != [] and found != {}:
        if view.brief:
            return ask.yes
        shown = clean(", ".join(_texts(found)[:5]), 80)
        return view.yes(ask, value=shown, spans=view.key_span(key))
    return ask.no if view.brief else view.no(ask, f"`{key}` is not given", spans=view.top())


def language_codes_valid(view: View, ask: Question) -> Finding:
    """Every entry of ``language`` has the form of a code."""
    found = _texts(view.fields.get("language"))
    if not found:
        return ask.not_applicable
    for text in found:
        if not _LANGUAGE.match(text):
            shown = clean(text, 40)
            return view.no(ask, f"the language {shown} is no code", value=shown, spans=view.key_span("language"))
    return ask.yes if view.brief else view.yes(ask, spans=view.key_span("language"))


def front_matter_present(view: View, ask: Question) -> Finding:
    """A block that holds at least one key; one that cannot be read is another question."""
    state = view.card.front_matter.state
    if state is FrontMatterState.PRESENT:
        return ask.yes if view.brief else view.yes(ask, spans=view.top())
    if state is FrontMatterState.MALFORMED:
        return ask.not_applicable
    message = "the front matter holds no key" if state is FrontMatterState.EMPTY else "there is no front matter"
    return view.no(ask, message, value=state.value, spans=view.top())


def free_of_problems(view: View, ask: Question) -> Finding:
    """Yes unless one of the question's codes was met while reading; not asked of a card without front matter."""
    codes = view.codes
    if codes:
        for code in ask.codes:
            if code in codes:
                return _problem(view, ask)
    if view.card.front_matter.state is FrontMatterState.PRESENT:
        return ask.yes
    return ask.not_applicable


def front_matter_at_top(view: View, ask: Question) -> Finding:
    """No when text or a missing line of dashes hides the block; blanks, which the Hub skips, are named for nothing."""
    front = view.card.front_matter
    if front.state is FrontMatterState.MALFORMED:
        return free_of_problems(view, ask)
    if front.state is not FrontMatterState.PRESENT:
        return ask.not_applicable
    if not any(code in view.codes for code in ask.codes):
        return ask.yes
    if view.brief:
        return Finding(ask.id, Outcome.NO, severity=Severity.INFO, credit=1.0)
    # Only readers that are stricter than the Hub's client lose it: no fault that should cost a point.
    return replace(_problem(view, ask), severity=Severity.INFO, credit=1.0)


def front_matter_readable(view: View, ask: Question) -> Finding:
    """No when a block that the Hub finds holds no mapping; of one that it does not find, other questions ask."""
    state = view.card.front_matter.state
    if state is FrontMatterState.MALFORMED:
        if view.card.front_matter.span is None and not any(code in view.codes for code in ask.codes):
            return ask.not_applicable
        return _problem(view, ask)
    return ask.yes if state is FrontMatterState.PRESENT else ask.not_applicable


def text_is_clean(view: View, ask: Question) -> Finding:
    """Asked of every card that has text."""
    if any(code in view.codes for code in ask.codes):
        return _problem(view, ask)
    return ask.yes if view.words else ask.not_applicable


def fences_closed(view: View, ask: Question) -> Finding:
    """Asked of every card that has code; only the last block can be open, since an open fence runs to the end."""
    blocks = view.blocks(BlockKind.CODE)
    if not blocks:
        return ask.not_applicable
    span = max(block.span for block in blocks)
    first = view.card.lines[span.first - 1].lstrip(" >")
    fence = first[:3]
    if fence not in ("```", "~~~"):
        return ask.yes
    last = view.card.lines[span.last - 1].strip(" >\t")
    if span.last > span.first and last.startswith(fence) and not last.strip(fence[0]):
        return ask.yes
    start = (Span(span.first, span.first),)
    fix = f"close the code that begins on line {span.first} with a line {fence}"
    return ask.no if view.brief else view.no(ask, "the last code fence is never closed", spans=start, fix=fix)


def _problem(view: View, ask: Question) -> Finding:
    if view.brief:
        return ask.no
    front = view.card.front_matter
    every = (*front.problems, *view.card.problems)
    problems = [problem for problem in every if problem.code in ask.codes] or list(every)
    if not problems:
        return view.no(ask, "the front matter cannot be read", spans=view.top())
    spans = tuple(span for problem in problems for span in problem.spans)[:8]
    where = f" ({lines_of(spans)})" if spans else ""
    fix = ask.mends.get(problems[0].code, ask.fix) + where
    return view.no(ask, clean(problems[0].message, 160), value=problems[0].code, spans=spans, fix=fix)


def license_key_spelled(view: View, ask: Question) -> Finding:
    """No key that only looks like ``license``; a tool that writes ``licence`` beside it does no harm."""
    for key in ("licence", "License", "Licence", "LICENSE"):
        if key in view.fields:
            beside = "license" in view.fields
            if view.brief:
                return ask.no
            text = "".join(_texts(view.fields[key])[:1])
            named = find(text).license is not None or text == "other"
            message = f"the key is `{key}`, which the Hub does not read"
            if beside:
                fix = f"delete `{key}:`: the Hub reads `license:`"
            elif named:
                fix = f"rename `{key}:` to `license:`"
            else:
                message += f", and `{clean(text, 40)}` names no known licence" if text else ", and it names no licence"
                fix = f"write `license:` with the id of your licence, for instance `license: mit`, in place of `{key}:`"
            severity = Severity.INFO if beside else None
            return view.no(ask, message, value=key, spans=view.key_span(key), fix=fix, severity=severity)
    return ask.yes if view.fields else ask.not_applicable


CHECKS = {
    "has-license": has_license,
    "license-is-known": license_is_known,
    "license-is-named": license_is_named,
    "license-agrees": license_agrees,
    "names-datasets": names_datasets,
    "has-pipeline-tag": has_pipeline_tag,
    "has-library-name": has_library_name,
    "has-language": has_language,
    "has-tags": has_tags,
    "language-codes-valid": language_codes_valid,
    "front-matter-present": front_matter_present,
    "license-key-spelled": license_key_spelled,
    "front-matter-at-top": front_matter_at_top,
    "front-matter-closed": free_of_problems,
    "front-matter-once": free_of_problems,
    "front-matter-readable": front_matter_readable,
    "front-matter-values-plain": free_of_problems,
    "front-matter-keys-once": free_of_problems,
    "fences-closed": fences_closed,
    "text-is-clean": text_is_clean,
}
