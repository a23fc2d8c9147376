"""The terminal report: fits its width, says the same with and without colour, and shows a hostile card as text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest
from rich.cells import cell_len

from cardscope.pipeline import Analyzer
from cardscope.plugins import load
from cardscope.reporters.markdown import MarkdownReporter, prose
from cardscope.reporters.terminal import TerminalReporter
from cardscope.types import CardAnalysis, Lineage, ModelId, RawCard, SkippedCard, SkipReason
from tests.reporters.build import full_analysis

WIDTHS = (60, 80, 100, 160)
FLAGSHIP = "saltmarsh-ai/ledger-7b-chat"
SGR = re.compile(r"\x1b\[[0-9;]*m")
#: Controls but the newline, C1, zero width, direction marks and overrides, line separators.
FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
EVIL = "\x1b[31mRED\x1b]0;pwn\x07\u202eevil\u2066x\x9b5m[bold red]mk[/bold red][link=http://e]l[/link] :smile: [/] \x08"
HOSTILE = f"""---
license: other
license_name: "\\e[31mLIC\\e]0;x\\a\\u202e[red]x[/red]"
base_model: ["\\e[31mowner/\\u202ename", "[bold]x/y[/bold]", ./local, "a b/c"]
language: ["\\e[5mxx", "[red]"]
pipeline_tag: "\\e[31mpt[/red]"
library_name: "[blink]\\u202elib"
"\\e[31mkey": 1
"\\e[31mkey": 2
---
# {EVIL} title

{EVIL} text [More Information Needed]

## Limitations {EVIL}

Fails. {EVIL}

## [/bold] [red] ] [

### Framework versions

- Transformers 4.\x1b[31m1
- Pytorch {EVIL}

| {EVIL} | b |
|---|---|
| {EVIL} | [/x] |
"""


@cache
def demo() -> dict[str, CardAnalysis | SkippedCard]:
    source = load("source", "corpus")("demo")
    analyzer = Analyzer(source, source)
    return {str(result_id(result)): result for result in analyzer.stream()}


def result_id(result: CardAnalysis | SkippedCard) -> ModelId | None:
    return result.model_id if isinstance(result, SkippedCard) else result.facts.card.model_id


def analysed(text: str, model: str | None = None) -> CardAnalysis:
    result = Analyzer().analyze_raw(RawCard(text.encode(), ModelId(model) if model else None, origin=EVIL))
    assert isinstance(result, CardAnalysis)
    return result


def words(report: str) -> list[str]:
    return SGR.sub("", report).split()


SUBJECTS = {
    "flagship": lambda: demo()[FLAGSHIP],
    "full": full_analysis,
    "wide letters": lambda: analysed(
        "# 数据集模型卡片的标题很长很长很长\n\n" + "模型在夜间失败。" * 60 + "\n\n## 局限性\n\n" + "不" * 300
    ),
    "no blanks": lambda: analysed("# " + "x" * 400 + "\n\n" + "y" * 900),
    "hostile": lambda: analysed(HOSTILE),
    "one word": lambda: analysed("x"),
}


@pytest.mark.parametrize("explain", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_line_fits_in_cells(subject: str, width: int, explain: bool) -> None:
    result = SUBJECTS[subject]()
    plain = TerminalReporter(width, explain=explain).render(result)
    coloured = TerminalReporter(width, color=True, explain=explain).render(result)
    for line in (*plain.split("\n"), *SGR.sub("", coloured).split("\n")):
        assert cell_len(line) <= width, line
    assert "\x1b" not in plain
    assert words(coloured) == words(plain)


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_card_draws_nothing(width: int) -> None:
    for result in (analysed(HOSTILE), analysed(HOSTILE.replace("\n", "\r")), full_analysis(word=EVIL)):
        plain = TerminalReporter(width, explain=True).render(result)
        coloured = TerminalReporter(width, color=True, explain=True).render(result)
        assert not FORBIDDEN.search(plain), repr(FORBIDDEN.search(plain))
        assert not FORBIDDEN.search(SGR.sub("", coloured))
        assert "\x1b]8" not in coloured


def test_markup_of_a_card_stays_text() -> None:
    report = TerminalReporter(160).render(
        analysed("# [bold red]owl[/bold red] [/] :smile:\n\nIt [link=x]sees[/link].\n")
    )
    assert "[bold red]owl[/bold red]" in report
    assert ":smile:" in report


@pytest.mark.parametrize("width", WIDTHS)
def test_skipped_card_says_what_why_and_what_next(width: int) -> None:
    skipped = SkippedCard(ModelId("owl/night"), "fetch", SkipReason.GATED, f"is gated {EVIL}", f"accept {EVIL}")
    for colour in (False, True):
        report = SGR.sub("", TerminalReporter(width, color=colour).render(skipped))
        assert not FORBIDDEN.search(report)
        assert all(cell_len(line) <= width for line in report.split("\n"))
        assert {"owl/night", "gated", "accept"} <= set(report.split())


def test_flagship_shows_every_part() -> None:
    result = demo()[FLAGSHIP]
    assert isinstance(result, CardAnalysis)
    report = TerminalReporter(100).render(result)
    for ancestor in result.facts.lineage.ancestors:  # type: ignore[union-attr]
        assert ancestor.model_id in report
    for verdict in result.facts.licenses:
        assert verdict.outcome.value in report
        if verdict.outcome.value == "incompatible":
            assert verdict.reason in report
    for match in result.facts.generators:
        assert match.id in report
    for section in result.facts.card.sections:
        assert section.heading in report
    for kin in result.facts.kinship:
        for dropped in kin.dropped:
            assert dropped.label.replace("_", " ") in report


@pytest.mark.parametrize("width", [60, 160])
def test_all_models_of_the_demo_render(width: int) -> None:
    reporter = TerminalReporter(width, color=True)
    for name, result in demo().items():
        report = SGR.sub("", reporter.render(result))
        assert name.split("/")[-1][:20] in report
        assert not FORBIDDEN.search(report)
        assert all(cell_len(line) <= width for line in report.split("\n")), name


def test_what_to_do_is_not_the_sentence_before_it_again() -> None:
    whole = next(one for one in demo().values() if isinstance(one, CardAnalysis) and any(f.fix for f in one.findings))
    asked = next(finding for finding in whole.findings if finding.fix and finding.message)
    twice = asked.message
    findings = tuple(replace(f, fix=twice) if f is asked else f for f in whole.findings)
    result = replace(whole, findings=findings)
    told = " ".join(TerminalReporter(160, explain=True).render(result).partition("What to do")[2].split())
    assert told.count(twice) == 1
    assert f"→ {prose(twice)}" not in MarkdownReporter(500).render(result)


def test_a_base_model_that_only_the_text_names_is_not_called_unnamed() -> None:
    base = "Fine-tuned version of [owl/day](https://huggingface.co/owl/day)."
    told = analysed(f"---\nlicense: mit\n---\n# Thing\n\n{base}\n", "me/thing")
    looked = replace(told, facts=replace(told.facts, lineage=Lineage(ModelId("me/thing"))))
    report = " ".join(TerminalReporter(100).render(looked).split())
    assert "The front matter names no base model; the text does, on line 6." in report
    bare = analysed("---\nlicense: mit\n---\n# Thing\n\nSome words.\n", "me/thing")
    looked = replace(bare, facts=replace(bare.facts, lineage=Lineage(ModelId("me/thing"))))
    assert "No base model is named" in TerminalReporter(100).render(looked)
