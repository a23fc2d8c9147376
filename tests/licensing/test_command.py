"""``cardscope license`` as a person and as a program meet it, through the root command."""

from __future__ import annotations

import json

import pytest

from cardscope.cli.main import run


@pytest.fixture
def call(capfd, monkeypatch):
    def go(*arguments, columns="80", **environment):
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", columns)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            run(["license", *arguments])
        captured = capfd.readouterr()
        return ended.value.code, captured.out, captured.err

    return go


def test_the_page_says_what_why_and_where(call):
    code, out, err = call("llama2", "mit", "--relation", "finetune")
    assert (code, err) == (0, "")
    for words in ("incompatible", "COMMUNITY_TERMS_DROPPED", "severity high", "terms-follow", "https://", "loosened"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_the_default_relation_is_finetune(call):
    assert "→ finetune →" in call("llama2", "mit")[1]


def test_colour_only_where_it_is_wanted(call):
    assert "\x1b[" in call("llama2", "mit", FORCE_COLOR="1")[1]
    assert "\x1b[" not in call("llama2", "mit", NO_COLOR="1")[1]


def test_lineages_and_merges_show_their_parts(call):
    out = call("llama2>apache-2.0", "apache-2.0", "--relation", "finetune>quantized")[1]
    assert "inherited from llama2, dropped at apache-2.0" in " ".join(out.replace("│", " ").split())
    assert out.count("apache-2.0 → apache-2.0") == 2
    assert "PARENTS_CONFLICT" in call("gpl-3.0;llama2", "(missing)", "--relation", "merge")[1]


def test_json_holds_the_whole_verdict(call):
    code, out, _ = call("cc-by-nc-4.0", "mit", "--format", "json")
    answer = json.loads(out)
    assert code == 0
    assert answer["schema"] == "cardscope.license/1"
    assert (answer["outcome"], answer["reason"], answer["severity"]) == ("incompatible", "NC_DROPPED", "high")
    assert answer["evidence"][0]["cells"] == {"commercial_use": "no"}
    assert answer["drift_flags"]


@pytest.mark.parametrize(
    ("parent", "child", "fail_on", "code"),
    [
        ("llama2", "mit", "incompatible", 1),
        ("llama3", "llama2", "incompatible", 0),
        ("llama3", "llama2", "needs-review", 1),
        ("llama2", "mit", "needs-review", 1),
        ("mit", "mit", "needs-review", 0),
        ("(missing)", "mit", "needs-review", 0),
    ],
)
def test_exit_codes(call, parent, child, fail_on, code):
    assert call(parent, child, "--fail-on", fail_on)[0] == code


def test_a_bad_relation_is_one_sentence(call):
    code, out, err = call("mit", "mit", "--relation", "distilled")
    assert (code, out) == (2, "")
    assert "distilled" in err
    assert "known: finetune" in err


@pytest.mark.parametrize(
    ("parent", "child", "says"),
    [("mit", "gpl-3.0;mit", "more than one child"), ("mit", "a>b", "more than one child"),
     ("mit>", "mit", "without saying"), (">mit", "mit", "without saying"), ("mit;", "mit", "without saying"),
     ("", "mit", "without saying")],
)  # fmt: skip
def test_notation_that_can_only_be_a_mistake(call, parent, child, says):
    code, out, err = call(parent, child)
    assert (code, out) == (2, "")
    assert says in err


def test_labels_cannot_draw_on_the_terminal(call):
    code, out, _ = call("other:\x1b[31mred[bold]x[/bold]", "\x1b]0title\x07mit\u202e", FORCE_COLOR="")
    assert code == 0
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]x[/bold]" in out


def test_a_users_table(call, tmp_path):
    (tmp_path / "licenses.toml").write_text('[licenses.mit]\nuser_threshold = "ten users"\n', encoding="utf-8")
    from cardscope.tables import use_overlay

    try:
        assert "EXTRA_CONDITIONS_DROPPED" in call("mit", "apache-2.0", "--tables", str(tmp_path))[1]
    finally:
        use_overlay(None)


def test_output_to_a_file(call, tmp_path):
    target = tmp_path / "verdict.json"
    code, out, _ = call("mit", "mit", "--format", "json", "-o", str(target))
    assert (code, out) == (0, "")
    assert json.loads(target.read_text(encoding="utf-8"))["reason"] == "SAME_LICENSE"


def test_cells_that_decided_are_on_the_page(call):
    assert "also allows openrail++," in " ".join(call("creativeml-openrail-m", "openrail++", columns="140")[1].split())
    assert "derivative means" in call("llama2", "mit", "--relation", "adapter")[1]
    assert "derivative means" not in call("llama2", "mit")[1]
