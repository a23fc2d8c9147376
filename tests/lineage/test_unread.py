"""Values of ``base_model`` that name nobody are told with their lines, and make no edge."""

from __future__ import annotations

import pytest

from cardscope.lineage import state_edges, unread_statements
from cardscope.parsing import parse_card
from cardscope.pipeline import Analyzer
from cardscope.reporters.markdown import MarkdownReporter
from cardscope.reporters.terminal import TerminalReporter
from cardscope.sources.corpus import CorpusSource
from cardscope.types import CardAnalysis, ModelId, RawCard, Span


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("[[owl/night]]", ["a list inside the list"]),
        ("\n- owl/day\n- [owl/night]\n- [owl/dusk]", ["a list inside the list"]),
        ("{colour: brown}", ["a mapping without a name"]),
        ("[true, [owl/night]]", ["true or false", "a list inside the list"]),
        ("owl/night", []),
        ("[owl/night, owl/day]", []),
        ("{name: owl/night}", []),
        ("[{model: owl/night}]", []),
        ("[]", []),
        ("''", []),
        ("null", []),
        ("[[]]", []),
    ],
)
def test_what_names_nobody(written: str, kinds: list[str]) -> None:
    card = parse_card(f"---\nlicense: mit\nbase_model: {written}\n---\n# Owl\n")
    problems = unread_statements(card.front_matter)
    assert [problem.message for problem in problems] == [
        f"base_model holds {kind}, which names no model" for kind in kinds
    ]
    assert all(problem.code == "no-name" and problem.spans[0].first == 3 for problem in problems)


@pytest.mark.parametrize("source", [None, CorpusSource("demo")])
def test_analysis_tells_it_with_and_without_a_source(source: CorpusSource | None) -> None:
    raw = RawCard(b"---\nlicense: mit\nbase_model: [[owl/night]]\n---\n# Owl\n\nIt sees.\n", ModelId("me/owl"))
    result = Analyzer(source, source).analyze_raw(raw)
    assert isinstance(result, CardAnalysis)
    assert result.facts.lineage is not None
    assert state_edges(ModelId("me/owl"), result.facts.card.front_matter, None) == ()
    assert [(problem.code, problem.spans) for problem in result.facts.lineage.problems] == [("no-name", (Span(3, 3),))]


def test_reports_say_the_line() -> None:
    raw = RawCard(b"---\nlicense: mit\nbase_model: [[owl/night]]\n---\n# Owl\n\nIt sees.\n", ModelId("me/owl"))
    result = Analyzer().analyze_raw(raw)
    for report in (TerminalReporter(120).render(result), MarkdownReporter().render(result)):
        assert "base\\_model holds a list inside the list, which names no model (line 3)" in report.replace(
            "base_model", "base\\_model"
        )
