"""The way up to the roots, over an index held in memory."""

from __future__ import annotations

import pytest

from cardscope.errors import Unreachable
from cardscope.lineage import trace_lineage
from cardscope.options import LineageOptions
from cardscope.parsing import parse_card
from cardscope.types import (
    LicenseFields,
    ModelId,
    ModelInfo,
    Relation,
    SkippedCard,
    SkipReason,
)


class Index:
    """Models by id; a string sends on to another id, a reason means it cannot be read, an exception is raised."""

    def __init__(self, models, accounts=None):
        self.models, self.asked = models, []
        if accounts is not None:
            self.has_account = accounts.__contains__

    def info(self, model, revision=None):
        self.asked.append(model)
        found = self.models.get(model)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, SkipReason) or found is None:
            return SkippedCard(model, "fetch", found or SkipReason.NOT_FOUND, "not to be had")
        if isinstance(found, str):
            return ModelInfo(ModelId(found), card_data=self.models[found], renamed_from=model)
        children = {}
        for data in self.models.values():
            if isinstance(data, dict) and data.get("base_model") == model:
                relation = Relation(data.get("base_model_relation", "finetune"))
                children[relation] = children.get(relation, 0) + 1
        return ModelInfo(ModelId(model), card_data=found, children=children)

    def children(self, model, relation, limit):
        found = [
            ModelInfo(ModelId(name), downloads=len(name))
            for name, data in self.models.items()
            if isinstance(data, dict)
            and data.get("base_model") == model
            and data.get("base_model_relation", "finetune") == relation
        ]
        return sorted(found, key=lambda info: -info.downloads)[:limit]


def trace(models, start="me/model", options=None, *, accounts=None, **more):
    return trace_lineage(ModelId(start) if start else None, Index(models, accounts), options, **more)


def codes(problems):
    return [problem.code for problem in problems]


def test_a_chain_to_its_root():
    lineage = trace(
        {
            "me/model": {"base_model": "a/tuned", "base_model_relation": "quantized"},
            "a/tuned": {"base_model": "b/base", "license": "MIT"},
            "b/base": {"license": "other", "license_name": "own"},
        }
    )
    assert [edge.parent for edge in lineage.parents] == ["a/tuned"]
    assert [(edge.child, edge.parent) for edge in lineage.edges] == [("me/model", "a/tuned"), ("a/tuned", "b/base")]
    near, far = lineage.ancestors
    assert (near.depth, near.path, near.relations) == (1, ("a/tuned", "me/model"), (Relation.QUANTIZED,))
    assert near.license == LicenseFields(("MIT",))
    assert (far.depth, far.path) == (2, ("b/base", "a/tuned", "me/model"))
    assert far.relations == (Relation.FINETUNE, Relation.QUANTIZED)
    assert far.license == LicenseFields(("other",), "own")
    assert lineage.problems == ()


def test_each_ancestor_once_by_its_shortest_path():
    models = {
        "me/model": {"base_model": ["a/one", "a/two"]},
        "a/one": {"base_model": "b/mid"},
        "a/two": {"base_model": "c/base"},
        "b/mid": {"base_model": "c/base"},
        "c/base": {},
    }
    lineage = trace(models)
    assert [(ancestor.model_id, ancestor.depth) for ancestor in lineage.ancestors] == [
        ("a/one", 1),
        ("a/two", 1),
        ("b/mid", 2),
        ("c/base", 2),
    ]
    assert len(lineage.edges) == 5
    assert lineage.ancestors[-1].path == ("c/base", "a/two", "me/model")


def test_each_model_is_asked_once():
    index = Index(
        {
            "me/model": {"base_model": ["a/one", "a/two"]},
            "a/one": {"base_model": "c/x"},
            "a/two": {"base_model": "c/x"},
            "c/x": {},
        }
    )
    trace_lineage(ModelId("me/model"), index)
    assert sorted(index.asked) == ["a/one", "a/two", "c/x", "me/model"]


def test_circles_end_and_are_named():
    lineage = trace(
        {"me/model": {"base_model": "a/one"}, "a/one": {"base_model": "b/two"}, "b/two": {"base_model": "a/one"}}
    )
    assert [codes(edge.problems) for edge in lineage.edges] == [[], [], ["cycle"]]
    assert len(lineage.ancestors) == 2
    lineage = trace({"me/model": {"base_model": "a/one"}, "a/one": {"base_model": "me/model"}})
    assert [codes(edge.problems) for edge in lineage.edges] == [[], ["cycle"]]
    assert [ancestor.model_id for ancestor in lineage.ancestors] == ["a/one"]


def test_a_circle_between_two_parents():
    models = {
        "me/model": {"base_model": ["a/one", "b/two"]},
        "a/one": {"base_model": "b/two"},
        "b/two": {"base_model": "a/one"},
    }
    assert sum("cycle" in codes(edge.problems) for edge in trace(models).edges) == 1


def test_itself_is_not_followed():
    lineage = trace({"me/model": {"base_model": ["me/model", "a/base"]}, "a/base": {}})
    assert [codes(edge.problems) for edge in lineage.parents] == [["self"], []]
    assert [ancestor.model_id for ancestor in lineage.ancestors] == ["a/base"]


def test_bad_links_are_kept():
    models = {
        "me/model": {
            "base_model": ["gone/model", "no-such/account", "./out", "https://github.com/a/b", "old-name", "a/moved"]
        },
        "old-name": "org/old-name",
        "org/old-name": {"license": "mit"},
        "a/moved": "b/moved",
        "b/moved": {"license": "gemma"},
    }
    lineage = trace(models, accounts={"gone", "a", "b", "org"})
    assert [(edge.parent, codes(edge.problems)) for edge in lineage.parents] == [
        ("gone/model", ["dead"]),
        ("no-such/account", ["no-namespace"]),
        ("./out", ["local-path"]),
        ("https://github.com/a/b", ["url"]),
        ("org/old-name", ["bare", "renamed"]),
        ("b/moved", ["renamed"]),
    ]
    assert lineage.parents[5].statements[0].value == "a/moved"
    known = {ancestor.model_id: ancestor for ancestor in lineage.ancestors}
    assert list(known) == ["gone/model", "no-such/account", "org/old-name", "b/moved"]
    assert known["gone/model"].license is None
    assert known["b/moved"].license == LicenseFields(("gemma",))
    assert known["b/moved"].path == ("b/moved", "me/model")


def test_an_index_that_knows_no_accounts_calls_it_dead():
    lineage = trace({"me/model": {"base_model": "no-such/account"}})
    assert codes(lineage.parents[0].problems) == ["dead"]


def test_two_names_of_one_model_are_one_edge():
    models = {"me/model": {"base_model": ["a/old", "a/new"]}, "a/old": "a/new", "a/new": {}}
    lineage = trace(models)
    assert len(lineage.parents) == 1
    assert len(lineage.ancestors) == 1


@pytest.mark.parametrize("reason", [SkipReason.GATED, SkipReason.PRIVATE, SkipReason.TIMEOUT, SkipReason.SERVER_ERROR])
def test_an_unreadable_ancestor_is_kept_without_a_licence(reason):
    lineage = trace({"me/model": {"base_model": ["a/closed", "b/open"]}, "a/closed": reason, "b/open": {}})
    closed, opened = lineage.ancestors
    assert (closed.license, closed.info) == (None, None)
    assert opened.license == LicenseFields()
    assert codes(lineage.problems) == [reason.value]


def test_an_index_without_front_matter_leaves_the_licence_unknown():
    class Bare(Index):
        def info(self, model, revision=None):
            return ModelInfo(model)

    lineage = trace_lineage(
        ModelId("me/model"), Bare({}), front_matter=parse_card("---\nbase_model: a/b\n---\n").front_matter
    )
    assert lineage.ancestors[0].license is None
    assert lineage.ancestors[0].info is not None


@pytest.mark.parametrize("trouble", [Unreachable("no answer"), SkipReason.OFFLINE, SkipReason.RATE_LIMITED])
def test_when_nobody_answers_the_walk_ends_in_a_problem(trouble):
    index = Index({"me/model": {"base_model": ["a/one", "b/two"]}, "a/one": trouble, "b/two": {"base_model": "c/x"}})
    lineage = trace_lineage(ModelId("me/model"), index)
    assert codes(lineage.problems) == ["unreachable"]
    assert [ancestor.license for ancestor in lineage.ancestors] == [None, None]
    assert index.asked == ["me/model", "a/one"]


def test_the_model_itself_may_be_unknown_to_the_index():
    card = parse_card("---\nbase_model: a/base\n---\n# Child\n")
    lineage = trace({"a/base": {"license": "mit"}}, front_matter=card.front_matter)
    assert lineage.ancestors[0].license == LicenseFields(("mit",))
    lineage = trace({"a/base": {"license": "mit"}}, start=None, front_matter=card.front_matter)
    assert lineage.model_id is None
    assert lineage.ancestors[0].license == LicenseFields(("mit",))


def test_limits_are_said():
    models = {f"a/m{n}": {"base_model": f"a/m{n + 1}"} for n in range(100)}
    lineage = trace(models, "a/m0", LineageOptions(depth=5))
    assert len(lineage.ancestors) == 5
    assert codes(lineage.problems) == ["lineage-too-deep"]
    lineage = trace(models, "a/m0", LineageOptions(depth=1000, ancestors=7))
    assert len(lineage.ancestors) == 7
    assert codes(lineage.problems) == ["lineage-too-wide"]
    wide = {"me/model": {"base_model": [f"a/m{n}" for n in range(50)]}} | {f"a/m{n}": {} for n in range(50)}
    lineage = trace(wide, options=LineageOptions(ancestors=10))
    assert len(lineage.ancestors) == 10
    assert len(lineage.parents) == 50
    assert codes(lineage.problems) == ["lineage-too-wide"]


def test_children_are_counted_and_the_top_named():
    models = {f"c/{'x' * n}": {"base_model": "me/model"} for n in range(1, 7)}
    models |= {"me/model": {}, "c/q": {"base_model": "me/model", "base_model_relation": "quantized"}}
    children = trace(models, options=LineageOptions(children=2)).children
    assert children.counts == {Relation.FINETUNE: 6, Relation.QUANTIZED: 1}
    assert [(name, relation) for name, relation, _ in children.top] == [
        ("c/xxxxxx", Relation.FINETUNE),
        ("c/xxxxx", Relation.FINETUNE),
        ("c/q", Relation.QUANTIZED),
    ]
    assert trace({}).children.counts is None
