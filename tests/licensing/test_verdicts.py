"""What a verdict carries beside its outcome: weight, evidence, drift, path, and what labels alone advise."""

from __future__ import annotations

import time

import pytest

from cardscope.errors import UsageError
from cardscope.licensing import judge_edge
from cardscope.licensing.drift import drift, flags
from cardscope.licensing.table import licenses
from cardscope.types import Relation, Severity


@pytest.mark.parametrize(
    ("parent", "relation", "child", "severity"),
    [
        ("cc-by-nc-4.0", "finetune", "mit", "high"),
        ("cc-by-nc-sa-4.0", "finetune", "cc-by-nc-4.0", "medium"),
        ("other:house", "finetune", "mit", "medium"),
        ("other:house", "finetune", "other:House", "low"),
        ("other", "finetune", "other", "medium"),
        ("gpl-3.0", "adapter", "mit", "medium"),
        ("cc-by-nc-4.0", "adapter", "mit", "high"),
        ("cc-by-nd-4.0", "adapter", "mit", "high"),
        ("cc-by-nd-4.0", "adapter", "cc-by-nc-4.0", "medium"),
        ("cc-by-nc-nd-4.0", "adapter", "(missing)", "medium"),
        ("other:kimi-k3", "finetune", "mit", "info"),
        ("other:bria-rmbg", "finetune", "mit", "medium"),
        ("llama2", "finetune", "other:kimi-k3", "medium"),
        ("other:kimi-k3", "finetune", "other:kimi-k3", "none"),
        ("(missing)", "finetune", "other:kimi-k3", "info"),
        ("mit", "finetune", "apache-2.0", "none"),
        ("mit|gpl-3.0", "finetune", "apache-2.0", "medium"),
        ("gpl-3.0;llama2", "merge", "(missing)", "high"),
    ],
)
def test_severity(parent, relation, child, severity):
    assert judge_edge(parent, relation, child).severity == severity


def test_an_unsure_row_is_said_to_be_unsure():
    verdict = judge_edge("other:bria-rmbg", "finetune", "mit")
    assert verdict.confidence == "low"
    assert "bria-rmbg is from secondary sources" in verdict.message
    assert judge_edge("gemma", "finetune", "mit").confidence == "high"


def test_evidence_shows_raw_values_rows_and_the_cells_that_decided():
    verdict = judge_edge("other:Qwen Research License", "finetune", "Apache 2.0")
    above, below = verdict.evidence
    assert (above.role, above.raw.license, above.raw.license_name) == ("parent", ("other",), "Qwen Research License")
    assert (above.row, above.matched) == ("qwen-research", "alias")
    assert dict(above.cells) == {"commercial_use": "no"}
    assert (below.row, below.matched, dict(below.cells)) == ("apache-2.0", "alias", {"commercial_use": "yes"}) or (
        below.row,
        below.matched,
    ) == ("apache-2.0", "id")
    assert above.source_url.startswith("https://")
    assert (above.confidence, below.confidence) == ("medium", "high")


def test_a_custom_side_has_no_row_but_is_shown():
    below = judge_edge("gemma", "finetune", "other:House Terms").evidence[1]
    assert (below.row, below.matched, below.source_url) == ("house-terms", "custom", "")
    assert below.raw.license_name == "House Terms"


def test_messages_are_one_sentence_for_a_person():
    assert (
        judge_edge("cc-by-nc-4.0", "finetune", "mit").message
        == "cc-by-nc-4.0 forbids commercial use; the child's mit allows it"
    )
    assert "judged as a fine-tune" in judge_edge("llama2", "unknown", "mit").message


def test_a_lineage_names_the_hop_where_the_duty_was_lost():
    verdict = judge_edge("llama2>apache-2.0>mit", "finetune>finetune>quantized", "mit")
    assert verdict.inherited
    assert verdict.lost_at == "apache-2.0"
    assert verdict.path == ("llama2", "apache-2.0", "mit", "mit")
    assert verdict.relation is Relation.FINETUNE
    assert [part.reason for part in verdict.parts] == ["SAME_LICENSE", "PERMISSIVE_PARENT", "COMMUNITY_TERMS_DROPPED"]
    assert [part.inherited for part in verdict.parts] == [False, False, True]


def test_an_edge_that_fails_itself_is_not_inherited():
    verdict = judge_edge("llama2>llama2", "finetune>finetune", "mit")
    assert not verdict.inherited
    assert verdict.path == ("llama2", "mit")


def test_the_last_child_can_be_where_a_far_duty_was_lost():
    verdict = judge_edge("llama2>(missing)", "finetune>finetune", "mit")
    assert verdict.inherited
    assert verdict.lost_at == "mit"


@pytest.mark.parametrize("parent", ["(missing)>mit", "other>mit", "other:house>mit", "cc>mit", "unknown>mit"])
def test_nobody_drops_what_an_ancestor_does_not_ask(parent):
    verdict = judge_edge(parent, "finetune>finetune", "mit")
    assert verdict.inherited
    assert not verdict.lost_at
    assert "inherited from" in verdict.message
    assert "dropped at" not in verdict.message


def test_a_list_that_says_a_licence_twice_says_it_once():
    assert judge_edge("mit|MIT|mit", "finetune", "apache-2.0|Apache 2.0").parts == ()
    assert (
        judge_edge("mit|MIT|gpl-3.0", "finetune", "mit").reason == judge_edge("mit|gpl-3.0", "finetune", "mit").reason
    )


def test_lists_without_end_cost_little_and_every_entry_counts():
    long = "|".join(f"house-{number}" for number in range(5000))
    began = time.process_time()
    verdict = judge_edge(long, "finetune", long)
    assert time.process_time() - began < 2
    assert verdict.reason == "PARENT_CUSTOM_LICENSE"
    assert len(verdict.parts) == 100
    assert all(len(evidence.raw.license) <= 50 for part in verdict.parts for evidence in part.evidence)
    last = "|".join(["mit"] * 3 + [f"house-{number}" for number in range(150)] + ["gpl-3.0"])
    assert judge_edge(last, "finetune", "mit").reason == "LICENSE_LIST_AMBIGUOUS"


@pytest.mark.parametrize(
    "words", [(None, "finetune", "mit"), ("mit", None, "mit"), ("mit", "finetune", ["mit"]), (b"mit",) * 3]
)
def test_what_is_no_text_is_refused_in_a_sentence(words):
    with pytest.raises(UsageError, match="is no text"):
        judge_edge(*words)


def test_what_nobody_knows_of_a_licence_has_neither_come_nor_gone():
    assert "attribution" not in " ".join(drift(licenses()["cc"], licenses()["mit"])[1])
    assert judge_edge("mit", "finetune", "all-rights-reserved").drift == "tightened"


def test_two_parents_are_a_merge_in_what_is_advised_too():
    codes = [problem.code for problem in judge_edge("llama2;gemma", "adapter", "llama2").advisories]
    assert "adapter-base-limits" not in codes


def test_parts_of_lists_and_merges():
    listed = judge_edge("mit|gpl-3.0", "finetune", "apache-2.0")
    assert [part.path for part in listed.parts] == [("mit", "apache-2.0"), ("gpl-3.0", "apache-2.0")]
    assert len(listed.evidence) == 3
    merged = judge_edge("mit;gpl-3.0", "merge", "mit")
    assert [part.reason for part in merged.parts] == ["SAME_LICENSE", "COPYLEFT_DROPPED"]


@pytest.mark.parametrize(
    ("parent", "child", "word"),
    [
        ("mit", "cc-by-nc-4.0", "tightened"),
        ("llama2", "mit", "loosened"),
        ("mit", "apache-2.0", "same"),
        ("gpl-3.0", "cc-by-nc-4.0", "changed"),
        ("mit", "cc0-1.0", "loosened"),
        ("mit", "(missing)", ""),
        ("other:house", "mit", ""),
    ],
)
def test_drift_is_told_apart_from_conflict(parent, child, word):
    assert judge_edge(parent, "finetune", child).drift == word


def test_drift_flags():
    assert drift(licenses()["gpl-3.0"], licenses()["cc-by-nc-4.0"])[1] == ("-share-alike", "+non-commercial")
    assert flags(licenses()["llama3"]) == {
        "conditional-commercial-use",
        "agreement-follows",
        "use-limits",
        "attribution",
        "naming",
        "threshold",
        "output-limits",
    }
    assert flags(licenses()["cc0-1.0"]) == frozenset()


def codes(verdict):
    return {advisory.code for advisory in verdict.advisories}


def test_advice_from_labels_alone():
    assert codes(judge_edge("llama3.2", "adapter", "llama3.2")) == {
        "user-threshold",
        "territory-limits",
        "adapter-base-limits",
    }
    assert codes(judge_edge("mit", "quantized", "cc-by-nc-4.0")) == {"stricter-child", "quantized-relabelled"}
    assert codes(judge_edge("mit", "finetune", "gpl-3.0")) == {"stricter-child", "code-license-on-weights"}
    assert codes(judge_edge("mit", "finetune", "odbl")) == {"stricter-child", "data-license-on-weights"}
    assert codes(judge_edge("mit", "finetune", "other")) == set()
    assert codes(judge_edge("llama2>mit", "finetune>finetune", "mit")) == {"user-threshold"}


def test_severity_has_no_say_in_the_outcome():
    assert judge_edge("other:kimi-k3", "finetune", "mit").outcome == "needs-review"
    assert Severity.INFO == "info"
