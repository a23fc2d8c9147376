"""The JSON of a timeline: its schema, and that nothing of a timeline is lost or bent in it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from typing import Any

import jsonschema
import pytest

from cardscope.reporters.timeline import to_dict, to_json
from cardscope.types import Edition, Estimate, Period, Timeline

TIMELINE = Timeline(
    of=Edition.FIRST,
    by=Period.YEAR,
    periods=("2023", "undated"),
    groups={"all": ("all",), "licence": ("mit", "x\u202e\x9b")},
    sizes={
        ("all", "all", "2023"): (3, 2),
        ("all", "all", "undated"): (1, 1),
        ("licence", "x\u202e\x9b", "2023"): (3, 2),
    },
    estimates=(
        Estimate("all", "all", "2023", "quality", "card", 61.2345678, 58.0, 64.0),
        Estimate("all", "all", "2023", "quality", "owner", 60.0, None, None),
        Estimate("all", "all", "undated", "quality", "card", float("nan"), None, None),
        Estimate("licence", "x\u202e\x9b", "2023", "chars", "card", 1234567.0, float("nan"), 2e6),
    ),
    mix={("2023", "trl"): 0.25},
    cards=4,
    models=4,
    owners=3,
    undated=1,
    failed=0,
    versions={"cardscope": "0"},
)


@pytest.fixture(scope="module")
def validator() -> Any:
    text = resources.files("cardscope.reporters").joinpath("schema/timeline-1.schema.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_slice_holds_its_measures_and_intervals_where_they_are_known(validator: Any) -> None:
    data = json.loads(to_json(TIMELINE))
    validator.validate(data)
    whole, undated, licence = data["slices"]
    assert whole["measures"] == {"quality": {"card": [61.2346, 58.0, 64.0], "owner": [60.0]}}
    assert (undated["period"], undated["cards"], undated["measures"]) == ("undated", 1, {})
    assert licence["measures"] == {"chars": {"card": [1234570.0]}}
    assert data["mix"] == [{"period": "2023", "generator": "trl", "share": 0.25}]
    assert data["groups"]["licence"] == ["mit", "x\u202e\x9b"]


def test_a_slice_stands_on_one_line_and_nothing_unseen_in_it() -> None:
    text = to_json(TIMELINE)
    lines = [json.loads(line.strip().rstrip(",")) for line in text.splitlines() if '"dimension"' in line]
    assert lines == to_dict(TIMELINE)["slices"]
    assert not {"\u202e", "\x9b"} & set(text)


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"schema": "cardscope.timeline/2"}, {"slices": [{"dimension": "all"}]}, {"by": "day"}]
)
def test_the_schema_refuses_what_it_does_not_know(validator: Any, change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(to_dict(TIMELINE) | change)
    crooked = to_dict(TIMELINE)
    crooked["slices"][0]["measures"]["quality"]["card"] = [1.0, 2.0]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(crooked)


def test_an_empty_timeline_follows_the_schema(validator: Any) -> None:
    empty = replace(TIMELINE, periods=(), groups={"all": ("all",)}, sizes={}, estimates=(), mix={}, cards=0)
    validator.validate(json.loads(to_json(empty)))
