"""Whatever JSON a server sends, it becomes what is known of a model, or nothing; it never raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardscope.sources.shapes import moment, relation_of, tagged_parents, to_info
from cardscope.sources.wire import asked_to_wait
from cardscope.types import ModelId, ModelInfo, Relation

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    *("sha", "createdAt", "lastModified", "downloads", "likes", "gated", "private", "tags"),
    *("library_name", "pipeline_tag", "cardData", "baseModels", "childrenModelCount"),
)


# Two cores shared by many: the first draws can be slow without saying anything about the strategy.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=13))
def test_odd_values_are_left_out(answer: dict[str, object]) -> None:
    info = to_info({"id": "acme/base", **answer}, ModelId("acme/base"))
    assert isinstance(info, ModelInfo)
    assert info.renamed_from is None
    assert all(isinstance(tag, str) for tag in info.tags)
    assert all(isinstance(parent, str) and isinstance(relation, Relation) for parent, relation in info.base_models)
    assert info.downloads is None or info.downloads >= 0


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(JSON)
def test_any_json_at_all(answer: object) -> None:
    assert to_info(answer) is None or isinstance(to_info(answer), ModelInfo)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"relation": "adapter", "models": [{"_id": "1", "id": "a/b"}]}, (("a/b", Relation.ADAPTER),)),
        ({"relation": "merge", "models": [{"id": "a/b"}, {"id": "c/d"}, {"id": "a/b"}]},
         (("a/b", Relation.MERGE), ("c/d", Relation.MERGE))),
        ([{"relation": "finetune", "models": [{"id": "a/b"}]}, {"relation": "quantized", "models": [{"id": "c/d"}]}],
         (("a/b", Relation.FINETUNE), ("c/d", Relation.QUANTIZED))),
        (["a/b", "c/d"], (("a/b", Relation.UNKNOWN), ("c/d", Relation.UNKNOWN))),
        ([{"id": "a/b"}], (("a/b", Relation.UNKNOWN),)),
        ({"relation": "something new", "models": [{"id": "a/b"}]}, (("a/b", Relation.UNKNOWN),)),
        ({"relation": "merge", "models": [{}, {"id": ""}, {"id": 3}, None]}, ()),
        (None, ()),
        ({}, ()),
    ],
)  # fmt: skip
def test_parents_as_they_are_sent(sent: object, expected: tuple[tuple[str, Relation], ...]) -> None:
    info = to_info({"id": "x/y", "baseModels": sent})
    assert info is not None
    assert info.base_models == expected


def test_children_as_they_are_sent() -> None:
    info = to_info({"id": "x/y", "childrenModelCount": {"adapter": 3, "merge": 0, "new word": 1, "finetune": "two"}})
    assert info is not None
    assert info.children == {Relation.ADAPTER: 3, Relation.MERGE: 0}
    silent = to_info({"id": "x/y", "childrenModelCount": 3})
    assert silent is not None
    assert silent.children is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("base_model:a/b",), [("a/b", Relation.UNKNOWN)]),
        (("base_model:merge:a/b", "base_model:a/b"), [("a/b", Relation.MERGE)]),
        (("base_model:", "base_model:merge:", "license:mit", "base_model"), []),
    ],
)  # fmt: skip
def test_parents_in_tags(tags: tuple[str, ...], expected: list[tuple[str, Relation]]) -> None:
    assert list(tagged_parents(tags)) == expected


@pytest.mark.parametrize("value", ["", "yesterday", "2024-13-45", 3, None, [], "9" * 400])
def test_what_is_no_date(value: object) -> None:
    assert moment(value) is None


def test_dates_become_utc() -> None:
    assert moment("2024-06-01T02:00:00+02:00") == datetime(2024, 6, 1, tzinfo=UTC)
    assert moment("2024-06-01") == datetime(2024, 6, 1, tzinfo=UTC)
    assert relation_of(["finetune"]) is Relation.UNKNOWN


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"ratelimit": '"api";r=0;t=12'}, 12),
        ({"ratelimit": '"resolvers" ; r=0 ; t=3', "retry-after": "99"}, 3),
        ({"ratelimit": '"api";r=5;t=12'}, None),
        ({"ratelimit": "nonsense", "retry-after": "4"}, 4),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(headers) == seconds


def test_a_date_to_come_back_at() -> None:
    wait = asked_to_wait({"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)})
    assert wait is not None
    assert 80 < wait <= 90


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=80))
def test_headers_of_any_kind(limit: str, later: str) -> None:
    wait = asked_to_wait({"ratelimit": limit, "retry-after": later})
    assert wait is None or wait >= 0
