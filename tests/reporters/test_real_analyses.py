"""Probes, scores and reports on real cards: nothing breaks, nothing is lost, nothing of a card is alive."""

import json
from importlib import resources

import jsonschema
import pytest

from cardscope import attribute, detect_generators, parse_card, score
from cardscope.lineage import Clues, repository_kind, state_edges
from cardscope.pipeline import Analyzer
from cardscope.probes import run_probes
from cardscope.reporters.jsonl import JsonLinesReporter, to_dict
from cardscope.reporters.markdown import MarkdownReporter
from cardscope.shipped import shipped
from cardscope.sources.corpus import CorpusSource
from cardscope.types import CardAnalysis, CardFacts, Lineage, Outcome, RawCard, Severity

EVERY = 300


def analysis(content, name):
    """The chain on one card at hand, without looking anything up."""
    card = parse_card(content, name)
    generators = detect_generators(card)
    clues = Clues(card, generators)
    edges = state_edges(card.model_id, card.front_matter, None, clues)
    kind = repository_kind(card.front_matter, None, edges, clues)
    facts = CardFacts(
        card,
        kind,
        generators=generators,
        attribution=attribute(card, generators, ()),
        lineage=Lineage(card.model_id, parents=edges, edges=edges),
    )
    findings = run_probes(facts)
    return CardAnalysis(facts, findings, score(kind, findings))


@pytest.fixture(scope="module")
def analyses(shared):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    rows = table.take(list(range(0, table.num_rows, EVERY))).to_pylist()
    found = [analysis(row["card"], row["model_id"]) for row in rows]
    specimens = sorted((shared / "cards" / "specimens").iterdir())
    found += [analysis(path.read_bytes(), None) for path in specimens if path.suffix != ".jsonl"]
    return found


def test_no_check_breaks_and_brief_answers_are_the_same(analyses):
    for result in analyses:
        assert not [finding for finding in result.findings if finding.outcome is Outcome.ERROR]
        brief = run_probes(result.facts, explain=False)
        assert [(f.probe, f.outcome, f.credit) for f in brief] == [
            (f.probe, f.outcome, f.credit) for f in result.findings
        ]
        for finding in result.findings:
            assert (finding.credit == 1.0) is (finding.outcome is Outcome.YES) or finding.severity is Severity.INFO
            assert (finding.credit is None) is (finding.outcome not in (Outcome.YES, Outcome.NO))
            last = len(result.facts.card.lines)
            assert all(1 <= span.first <= span.last <= max(last, 1) for span in finding.spans)


def test_json_follows_the_schema_on_real_cards(analyses):
    text = resources.files("cardscope.reporters").joinpath("schema/analysis-1.schema.json").read_text("utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(text))
    for result in analyses:
        line = JsonLinesReporter().render(result)
        line.encode("utf-8")
        data = json.loads(line)
        validator.validate(data)
        assert line.count("\n") == 1
        for section in to_dict(result)["sections"]:
            total = sum(section["attribution"].values())
            assert total == 0 or abs(total - 1) < 0.001


def test_markdown_holds_no_control_character(analyses):
    for result in analyses:
        text = MarkdownReporter().render(result)
        assert not any((ord(mark) < 32 and mark != "\n") or 0x7F <= ord(mark) < 0xA0 for mark in text)
        assert "<script" not in text.split("`")[0]


def test_the_demo_hub_with_lineage_licences_and_kinship_follows_the_schema():
    demo = shipped("corpora/demo")
    source = CorpusSource(demo)
    analyzer = Analyzer(source, source)
    text = resources.files("cardscope.reporters").joinpath("schema/analysis-1.schema.json").read_text("utf-8")
    validator = jsonschema.Draft202012Validator(json.loads(text))
    seen = set()
    for number, raw in enumerate(source.iter()):
        if number % 6 and isinstance(raw, RawCard):
            continue
        result = analyzer.analyze_raw(raw) if isinstance(raw, RawCard) else raw
        data = json.loads(JsonLinesReporter().render(result))
        validator.validate(data)
        assert MarkdownReporter().render(result).endswith("\n")
        if "skipped" in data:
            seen.add("skipped")
            continue
        assert not [finding for finding in data["findings"] if finding["outcome"] == "error"]
        seen.update(verdict["outcome"] for verdict in data["licenses"])
        seen.update(text["label"] for kinship in data["kinship"] for text in kinship["dropped_safety"])
    assert {"skipped", "incompatible", "compatible", "limitations"} <= seen
