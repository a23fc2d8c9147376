"""The rows: the facts they were taken from, lookup, and a user's own rows on top."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from cardscope import tables
from cardscope.errors import InvalidTable
from cardscope.licensing import judge_edge
from cardscope.licensing.reasons import reasons, sentence
from cardscope.licensing.table import find, labels_of, licenses
from cardscope.types import LicenseFields, Severity

HERE = Path(__file__).parent


@pytest.fixture
def overlay(tmp_path):
    def lay(text, name="licenses"):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        tables.use_overlay(tmp_path)

    yield lay
    tables.use_overlay(None)


def test_the_table_holds_the_facts_it_was_made_of(shared):
    spec = importlib.util.spec_from_file_location("make_license_table", HERE / "make_table.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    facts = make.rows(shared / "licenses" / "licenses.csv")
    shipped = tables.read_table("licenses")["licenses"]
    assert shipped == facts
    assert len(shipped) == 140
    assert make.TARGET.read_text(encoding="utf-8") == make.render(facts)


def test_every_reference_and_alias_leads_to_one_row():
    rows = licenses()
    seen = {}
    for row in rows.values():
        for name in (*row.relicense_ok, *row.relicense_review, *row.relicense_no):
            assert name in rows or name == "*", (row.id, name)
        for alias in row.aliases:
            assert alias not in rows
            assert seen.setdefault(alias, row.id) == row.id
            assert find(f"other:{alias}").license is row


def test_naming_duties_are_cut_out_of_the_text():
    assert licenses()["llama3"].naming_prefix == "Llama 3"
    assert licenses()["qwen"].naming_words == ("Built with Qwen", "Improved using Qwen")
    assert licenses()["nvidia-open-model-license"].naming_only == "cosmos"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        (LicenseFields(), [("", "missing")]),
        (LicenseFields(("",)), [("", "missing")]),
        (LicenseFields(("MIT",)), [("mit", "id")]),
        (LicenseFields(("other",), "Qwen License"), [("qwen", "alias")]),
        (LicenseFields(("other",)), [("", "custom")]),
        (LicenseFields((), "House Terms"), [("house-terms", "custom")]),
        (LicenseFields(("unknown",)), [("unknown", "unknown")]),
        (LicenseFields(("mit", "other"), "house"), [("mit", "id"), ("house", "custom")]),
        # In a card these are letters of one name, not notation.
        (LicenseFields(("mit|apache-2.0",)), [("mit|apache-2.0", "custom")]),
    ],
)
def test_fields_of_a_card_become_labels(fields, names):
    assert [(label.name, label.matched) for label in labels_of(fields)] == names


def test_a_user_can_change_one_cell(overlay):
    assert judge_edge("mit", "finetune", "apache-2.0").reason == "PERMISSIVE_PARENT"
    overlay('[licenses.mit]\nuser_threshold = "10 users"\n')
    assert judge_edge("mit", "finetune", "apache-2.0").reason == "EXTRA_CONDITIONS_DROPPED"
    tables.use_overlay(None)
    assert judge_edge("mit", "finetune", "apache-2.0").reason == "PERMISSIVE_PARENT"


def test_a_user_can_add_a_licence(overlay):
    overlay(
        '[licenses."house terms"]\nfamily = "community"\ncommercial_use = "no"\nderivatives = "yes"\n'
        'share_alike = "terms-follow"\naliases = ["house"]\nconfidence = "high"\n'
    )
    assert judge_edge("other:House Terms", "finetune", "mit").reason == "NC_DROPPED"
    assert judge_edge("mit", "finetune", "house").evidence[1].matched == "alias"


def test_a_user_can_change_a_weight(overlay):
    overlay('[reasons.NC_DROPPED]\nseverity = "low"\n', "license_reasons")
    assert judge_edge("cc-by-nc-4.0", "finetune", "mit").severity is Severity.LOW


@pytest.mark.parametrize(
    "text",
    [
        '[licenses.own]\nfamily = "permissive"\n',
        "[licenses]\nmit = 3\n",
        '[licenses.mit]\ncolour = "red"\n',
        '[licenses.mit]\nrelicense_ok = "gpl-3.0"\n',
    ],
)
def test_a_bad_row_is_an_error_and_never_a_default(overlay, text):
    overlay(text)
    with pytest.raises(InvalidTable):
        judge_edge("mit", "finetune", "mit")


def test_sentences_name_both_sides_once():
    for code in reasons():
        words = sentence(code, "PARENT-LABEL", "CHILD-LABEL")
        assert "{" not in words
        assert not words.endswith(".")
    assert sentence("NC_DROPPED", "{child}", "{parent}").startswith("{child} forbids")


def test_tables_have_heads():
    for name in ("licenses", "license_reasons", "relation_hints"):
        head = tomllib.loads((Path(tables.__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))["table"]
        assert head["version"]
        assert head["source"]
        assert head["retrieved"]


@pytest.mark.parametrize(
    "line", ['commercial_use = "No"', 'share_alike = "Strong"', 'derivatives = "NO"', 'confidence = "bogus"']
)
def test_a_value_that_no_rule_knows_is_refused(tmp_path, line):
    (tmp_path / "licenses.toml").write_text(f'[licenses."cc-by-nc-4.0"]\n{line}\n', encoding="utf-8")
    try:
        tables.use_overlay(tmp_path)
        with pytest.raises(InvalidTable, match="cannot be"):
            licenses()
    finally:
        tables.use_overlay(None)
