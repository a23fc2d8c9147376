"""The JSON report follows its schema, holds any text of a card, and loses nothing."""

import json
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from cardscope.reporters.jsonl import JsonLinesReporter, JsonReporter, section_shares, to_dict
from cardscope.types import Author, Dates, ModelId, SkippedCard, SkipReason, Span
from tests.probes.build import attribution, facts, section
from tests.reporters.build import full_analysis

KEYS = [
    "schema",
    "model_id",
    "revision",
    "cached",
    "dates",
    "kind",
    "front_matter",
    "sections",
    "coverage",
    "generators",
    "lineage",
    "licenses",
    "kinship",
    "findings",
    "score",
    "versions",
]


@pytest.fixture(scope="module")
def validator():
    text = resources.files("cardscope.reporters").joinpath("schema/analysis-1.schema.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def test_full_analysis_follows_the_schema(validator):
    data = json.loads(JsonReporter().render(full_analysis()))
    assert list(data) == KEYS
    validator.validate(data)
    assert data["lineage"]["parents"]
    assert data["licenses"][0]["evidence"]
    assert data["kinship"][0]["dropped_safety"]


def test_bare_analysis_follows_the_schema(validator):
    data = json.loads(JsonLinesReporter().render(full_analysis(facts(model=None))))
    validator.validate(data)
    assert data["model_id"] is None
    assert data["lineage"] is None


@pytest.mark.parametrize("reason", list(SkipReason))
def test_skipped_card_follows_the_schema(validator, reason):
    skipped = SkippedCard(ModelId("a/b"), "fetch", reason, "it is gone", "look elsewhere")
    data = json.loads(JsonReporter().render(skipped))
    validator.validate(data)
    assert data["skipped"] == {
        "stage": "fetch",
        "subject": "",
        "reason": reason.value,
        "message": "it is gone",
        "hint": "look elsewhere",
    }


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"kind": "toy"}, {"licenses": None}, {"schema": "cardscope.analysis/2"}]
)
def test_schema_refuses_what_it_does_not_know(validator, change):
    data = to_dict(full_analysis()) | change
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(json.loads(json.dumps(data)))
    inner = to_dict(full_analysis())
    inner["score"]["quality"]["grade"] = "A"
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(inner)


HOSTILE = 'a\ud800b \x1b[31m \x00 \u202e \u2028 \x9b \ufeff 中文 "quoted" \\ </script>'


def test_any_text_of_a_card_is_valid_json_and_utf8(validator):
    fields = {
        "license": HOSTILE,
        "nan": float("nan"),
        "inf": float("-inf"),
        "huge": 10**5000,
        HOSTILE: [HOSTILE],
        1: {True: 2},
    }
    subject = facts(HOSTILE, fields=fields, sections=[section(HOSTILE, 1, 1)])
    for reporter in (JsonReporter(), JsonLinesReporter()):
        text = reporter.render(full_analysis(subject))
        text.encode("utf-8")
        assert text.endswith("}\n")
        assert not any(ord(character) < 32 and character != "\n" for character in text)
        assert not {"\x7f", "\x9b", "\u2028", "\u202e", "\ufeff"} & set(text)
        assert "中文" in text
        data = json.loads(text, parse_constant=lambda word: pytest.fail(f"bare {word}"))
        validator.validate(data)
        assert data["sections"][0]["heading"] == HOSTILE
        assert data["front_matter"]["fields"]["nan"] == "nan"
    assert JsonLinesReporter().render(full_analysis(subject)).count("\n") == 1


def test_dates_are_utc_with_z():
    local = datetime(2024, 5, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=2)))
    data = to_dict(full_analysis(dates=Dates(local, datetime(2024, 5, 1, tzinfo=UTC), None)))
    assert data["dates"] == {"created": "2024-05-01T00:03:04Z", "modified": "2024-05-01T00:00:00Z", "observed": None}


def test_shares_of_a_section_add_up():
    parts = attribution((Author.TEMPLATE, 1, 4, 40), (Author.AUTHORED, 5, 10, 60))
    card = facts(
        "x\n" * 10, sections=[section("A", 1, 2), section("B", 3, 8), section("C", 9, 10), section("D", 11, 12)]
    ).card
    first, second, third, none = section_shares(card, parts)
    assert first == {Author.TEMPLATE: 1.0}
    assert second[Author.TEMPLATE] == pytest.approx(1 / 3)
    assert sum(second.values()) == pytest.approx(1.0)
    assert third == {Author.AUTHORED: 1.0}
    assert none == {}
    assert Span(1, 2) == card.sections[0].span


def test_score_can_be_derived_from_the_json_alone():
    data = to_dict(full_analysis())
    for axis in ("quality", "standardization"):
        asked = [found for found in data["findings"] if found["axis"] == axis and found["credit"] is not None]
        earned = sum(found["weight"] * found["credit"] for found in asked)
        possible = sum(found["weight"] for found in asked)
        assert data["score"][axis]["value"] == pytest.approx(100 * earned / possible, abs=0.01)


def test_documentation_names_every_key(validator):
    page = Path(__file__).parents[2] / "docs" / "json.md"
    text = page.read_text(encoding="utf-8")
    names = set()

    def walk(node):
        if isinstance(node, dict):
            names.update(node.get("properties", {}))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(validator.schema)
    missing = sorted(name for name in names if f"`{name}`" not in text)
    assert not missing
