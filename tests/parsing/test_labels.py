"""Labels of sections: the table, headings in nine languages, statements in lists, tables, code and prose."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cardscope import tables
from cardscope.errors import InvalidTable
from cardscope.parsing import parse_card, placeholders
from cardscope.parsing.labels import heading_labels
from cardscope.parsing.lexicon import lexicon, normalize_heading
from cardscope.types import Found, Span

CASES = Path(__file__).parent.parent / "cases" / "sections"
TABLE = {name: row for name, row in tables.read_table("sections").items() if name != "table"}
CORE = [
    "developer", "date", "version", "model_type", "training_procedure", "training_data", "evaluation_data",
    "metrics", "results", "intended_use", "intended_users", "out_of_scope", "limitations", "recommendations",
    "training_hardware", "inference_hardware", "environmental_impact", "how_to_use", "license", "citation",
    "contact", "base_model", "paper",
]  # fmt: skip
LANGUAGES = ("en", "zh", "ja", "ko", "ru", "es", "fr", "de", "pt")
MITCHELL = {
    "Model Details", "Intended Use", "Factors", "Metrics", "Evaluation Data", "Training Data", "Quantitative Analyses",
    "Ethical Considerations", "Caveats and Recommendations",
}  # fmt: skip
LIANG = {"Training", "Evaluation", "Uses", "Limitations", "Environmental Impact", "Citation", "How to Start"}
CELLS = {
    "title", "definition", "template", "mitchell2019", "liang2024", "parent", "fields", "keys", "prose", "prose_not",
    "prose_open", "code", "loads", "columns", "cues", "inherit", "closed", "starts", "phrases", "exact", "within",
}  # fmt: skip


def _cases():
    for case in tomllib.loads((CASES / "headings.toml").read_text(encoding="utf-8"))["case"]:
        marks = [pytest.mark.xfail(reason=case["fails"], strict=True)] if "fails" in case else []
        name = f"{case['heading'][:40]} in {','.join(case.get('within', ['card']))}"
        yield pytest.param(case["heading"], tuple(case.get("within", ())), tuple(case["labels"]), id=name, marks=marks)


@pytest.mark.parametrize(("heading", "within", "labels"), list(_cases()))
def test_heading(heading, within, labels):
    assert heading_labels(heading, within)[0] == labels


@pytest.mark.parametrize("label", list(TABLE))
def test_row_of_the_table(label):
    row = TABLE[label]
    assert set(row) <= CELLS
    assert row["title"]
    assert row["definition"].endswith(".")
    assert len(row["definition"]) > 20
    assert set(row["mitchell2019"]) <= MITCHELL
    assert set(row["liang2024"]) <= LIANG
    assert row.get("parent", label) in TABLE
    assert set(row.get("within", {})) <= set(TABLE)
    for language in LANGUAGES:
        if label in CORE:
            assert row["phrases"].get(language), f"{label} has no phrase in {language}"
    for key in row.get("keys", []):
        assert key == key.lower().strip(), key
    for phrase in (phrase for kind in ("phrases", "exact") for words in row.get(kind, {}).values() for phrase in words):
        assert normalize_heading(phrase), phrase


def test_every_label_of_the_issue_is_there_and_both_schemes_are_reached_whole():
    assert list(TABLE)[: len(CORE)] == CORE
    assert {name for row in TABLE.values() for name in row["mitchell2019"]} == MITCHELL
    assert {name for row in TABLE.values() for name in row["liang2024"]} == LIANG


@pytest.mark.parametrize("label", list(TABLE))
def test_a_phrase_of_the_table_is_found_under_its_own_label(label):
    for language, phrases in TABLE[label]["phrases"].items():
        for phrase in phrases:
            assert label in heading_labels(phrase.rstrip("*"))[0] or phrase.endswith("*"), (language, phrase)


def test_words_of_the_template_are_known():
    keys = lexicon().keys
    for label, row in TABLE.items():
        for words in row["template"]:
            known = heading_labels(words)[0]
            assert known or keys.get(words.lower()) is not None, (label, words)


CARD = """---
license: mit
---
# riverbend-2b-training-demo

Riverbend is a fine-tuned version of [Brook](https://hub.example/brook), trained on the Ferry corpus.

## Details

- **Developed by:** the Ferry group
- **Funded by:** [More Information Needed]
- **Finetuned from model:** brook
- **License:**

| Fact | Value |
|---|---|
| Data | 1,200 |
| Contact | ferry@rivers.example |

## Usage

```python
from transformers import pipeline
```

## A poem

```
@misc{riverbend, title={Riverbend}}
```
"""


@pytest.fixture(scope="module")
def card():
    return parse_card(CARD)


def _evidence(card, heading, label):
    section = next(section for section in card.sections if section.heading == heading)
    return next(entry for entry in section.evidence if entry.label == label)


def test_what_stands_under_a_title_describes_the_model_whatever_its_name_holds(card):
    section = card.sections[0]
    assert section.labels[0] == "model_description"
    assert not {"training_procedure", "demo"} & set(section.labels)
    assert _evidence(card, section.heading, "base_model").how is Found.PROSE
    assert _evidence(card, section.heading, "training_data").spans == (Span(6, 6),)


def test_statements_in_lists_and_tables_with_their_lines(card):
    developer = _evidence(card, "Details", "developer")
    assert (developer.how, developer.spans, developer.placeholder) == (Found.LIST, (Span(10, 10),), False)
    assert _evidence(card, "Details", "funded_by").placeholder
    assert _evidence(card, "Details", "license").placeholder
    contact = _evidence(card, "Details", "contact")
    assert (contact.how, contact.spans) == (Found.TABLE, (Span(18, 18),))


def test_a_table_of_numbers_states_nothing(card):
    assert "training_data" not in next(section for section in card.sections if section.heading == "Details").labels
    wide = parse_card("# X\n\n| License | Version | Date |\n|---|---|---|\n| Contact | 1 | 2 |\n")
    assert wide.sections[0].labels == ()


def test_a_first_heading_that_begins_with_its_meaning_keeps_it():
    assert parse_card("# Usage with two ferries\n\nCall the ferry with a bell, then wait.\n").sections[0].labels == (
        "how_to_use",
    )
    assert parse_card("# Two ferries usage model\n\nCall the ferry with a bell, then wait.\n").sections[0].labels == (
        "model_description",
    )


def test_code_tells_use_and_citation(card):
    assert _evidence(card, "Usage", "how_to_use").how is Found.HEADING
    assert _evidence(card, "A poem", "citation").how is Found.CODE


def test_a_key_whose_value_stands_below_is_no_placeholder():
    card = parse_card("# X\n\n- License:\n  - mit\n- Contact:\n- Paper: none yet\n")
    found = {entry.label: entry.placeholder for section in card.sections for entry in section.evidence}
    assert found == {"license": False, "contact": True, "paper": False}


def test_a_bold_key_with_its_answer_in_the_next_paragraph():
    card = parse_card("# X\n\nAbout rivers, and more about rivers.\n\n**Model date:**\n\nIn spring.\n\n**License:**\n")
    found = {entry.label: entry.placeholder for section in card.sections for entry in section.evidence}
    assert (found["date"], found["license"]) == (False, True)


def test_prose_answers_what_its_heading_leaves_open():
    card = parse_card("# X\n\n## Intended use\n\nIt must not be used on boats, was trained on the Ferry corpus.\n")
    assert card.sections[1].labels == ("intended_use", "out_of_scope")


@pytest.mark.parametrize(
    ("sentence", "labels"),
    [
        ("Ferry was trained on tide tables.", {"training_data"}),
        ("Ferry was not trained on the sea.", set()),
        ("Ferry is not specifically designed for the sea.", set()),
        ("Ferry was not trained on anything yet.", set()),
        ("The river model was created by [Ada](https://rivers.example).", {"developer"}),
        ("The river model was created by fine tuning Brook.", set()),
        ("A tide model trained by the Ferry group.", {"developer"}),
        ("A tide model trained by distilling Brook.", set()),
        ("A small model designed for ferry timetables.", {"intended_use"}),
        ("The library under it is designed for speed.", {"intended_use"}),
        ("It was built with a loss designed to converge.", set()),
        ("Ferry outperforms the older Brook by far.", set()),
        ("We recommend the newer Brook in its place.", set()),
        ("We recommend having a human read what it writes.", {"recommendations"}),
        ("本渡口模型为了更好适用于河流而改名。", set()),
        ("渡口模型是河流研究所研发的。", {"developer"}),
        ("渡口模型在河流语料上训练了三天。", {"training_data"}),
        ("在布鲁克的基础上进行了改动。", {"base_model"}),
        ("此模型可用于渡船时刻表。", {"intended_use"}),
        ("请勿用于航海。", {"out_of_scope"}),
        ("最低需要 6GB 显存。", {"inference_hardware"}),
        ("渡しモデルはブルックをベースにしています。", {"base_model"}),
        ("川のデータセットを用いて作りました。", {"training_data"}),
        ("渡し船の時刻表に特化したモデルです。", {"intended_use"}),
        ("나루 모델은 강 데이터로 학습되었다.", {"training_data"}),
        ("나루 모델은 강 연구소에서 개발한 모델이다.", {"developer"}),
        ("브룩을 토대로 만들어졌다.", {"base_model"}),
        ("Модель на основе Ручья.", {"base_model"}),
        ("Она обучена на расписаниях паромов.", {"training_data"}),
        ("Обучалась 3 эпохи.", {"training_procedure"}),
        ("Fue entrenado con horarios de barcas.", {"training_data"}),
        ("Está diseñado para horarios de barcas.", {"intended_use"}),
        ("Il peut être utilisé pour les horaires.", {"intended_use"}),
        ("Foi treinado com horários de balsas.", {"training_data"}),
        ("Es wurde trainiert auf Fahrplänen.", {"training_data"}),
        ("此模型不可用于航海。", {"out_of_scope"}),
        ("此模型未进行微调。", set()),
        ("Она не обучена на море.", set()),
        ("Она не предназначена для моря.", {"out_of_scope"}),
        ("No está diseñado para el mar.", {"out_of_scope"}),
    ],
)
def test_a_sentence_under_a_title(sentence, labels):
    found = {entry.label for entry in parse_card(f"# Fähre\n\n{sentence}\n").sections[0].evidence}
    assert found - {"model_description"} == labels


def test_every_mark_of_prose_is_lower_case_and_answers_one_thing_or_nothing():
    marks = [mark for row in TABLE.values() for mark in row.get("prose", ())]
    silent = [mark for row in TABLE.values() for kind in ("prose_not", "prose_open") for mark in row.get(kind, ())]
    assert all(mark == mark.lower() for mark in [*marks, *silent])
    assert not set(marks) & set(silent)
    for mark in silent:
        assert any(shorter in mark for shorter in marks) or mark.startswith(")"), mark


@pytest.mark.parametrize("words", ["the None dataset", "an unknown dataset"])
def test_a_tool_that_does_not_know_the_data_leaves_the_answer_open(words):
    card = parse_card(f"# X\n\nThis model was trained from scratch on {words}.\n")
    assert _evidence(card, "X", "training_data").placeholder
    other = parse_card(f"# X\n\nThis model is a fine-tuned version of [brook](https://rivers.example) on {words}.\n")
    assert _evidence(other, "X", "training_data").placeholder
    assert not _evidence(other, "X", "base_model").placeholder
    told = parse_card(f"# X\n\nIt was trained from scratch on {words}.\nThen it was trained on tide tables.\n")
    assert not _evidence(told, "X", "training_data").placeholder


def test_a_heading_of_no_known_meaning_takes_over_headings_and_no_statements():
    card = parse_card("# Ferry\n\nIt was trained on tides.\n\n## Oars\n\n```python\nimport torch\n```\n")
    assert "training_data" in card.sections[0].labels
    assert card.sections[1].labels == ("how_to_use",)
    assert parse_card("# X\n\n## Training data\n\nTides.\n\n### Oars\n\nMany.\n").sections[2].labels == (
        "training_data",
    )


def test_under_a_heading_of_no_known_meaning_only_the_maker_is_looked_for():
    card = parse_card("# X\n\n## Oars\n\nIt was trained by Ada. It is intended for ferries, our paper says.\n")
    assert card.sections[1].labels == ("developer",)


@pytest.mark.parametrize(
    ("heading", "text", "labels"),
    [
        ("Uses & Limitations", "For ferries, but it cannot swim.", ("intended_use", "limitations")),
        ("Uses and limitations", "For ferries on rivers.", ("intended_use",)),
        ("Intended uses & limitations", "You can use it for timetables.", ("intended_use",)),
        ("Intended uses & limitations", "It works poorly at night.", ("intended_use", "limitations")),
        ("Intended uses & limitations", "[More Information Needed]", ("intended_use", "limitations")),
        ("Limitations", "For ferries on rivers.", ("limitations",)),
        ("Limitations and bias", "For ferries on rivers.", ("limitations", "bias")),
    ],
)
def test_a_heading_that_names_two_labels_has_what_its_text_speaks_of(heading, text, labels):
    section = parse_card(f"# X\n\n## {heading}\n\n{text}\n").sections[1]
    assert set(section.labels) == set(labels)


def test_examples_show_how_to_use_only_where_code_does():
    pictures = parse_card("# X\n\n## Examples\n\n![a ferry](ferry.png)\n")
    assert pictures.sections[1].labels == ("examples",)
    code = parse_card("# X\n\n## Examples\n\n```python\nfrom transformers import pipeline\n```\n")
    assert code.sections[1].labels == ("examples", "how_to_use")


def test_the_configuration_of_a_merge_is_how_it_was_made():
    card = parse_card("# X\n\n## Configuration\n\n```yaml\nmerge_method: slerp\n```\n")
    assert set(card.sections[1].labels) == {"technical_specifications", "training_procedure"}


LOADS = "from transformers import pipeline\npipe = pipeline('fill-mask', model='rivers/Ferry-2B')"


@pytest.mark.parametrize(
    ("code", "title", "answers"),
    [
        (LOADS, "rivers/ferry-2b", True),
        (LOADS, "lakes/ferry-2b", True),
        (LOADS, "Ferry 2B", True),
        (LOADS, "rivers/brook", False),
        (LOADS, "rivers/erry-2b", False),
        (LOADS, "Usage", False),
        (LOADS + "\nTrainer(model=pipe.model).train()", "rivers/ferry-2b", False),
        ("print('rivers/ferry-2b')\nimport os", "rivers/ferry-2b", False),
        ("pipeline('fill-mask', model='rivers/ferry-2b')", "rivers/ferry-2b", False),
        ("from transformers import pipeline\npipeline(model='rivers/usage')", "Usage", False),
    ],
)
def test_code_that_loads_the_model_of_the_title_answers_under_any_heading(code, title, answers):
    card = parse_card(f"# {title}\n\n## Uses\n\nFor rivers.\n\n```python\n{code}\n```\n")
    assert ("how_to_use" in card.sections[1].labels) is answers


def test_a_text_says_the_same_of_each_model_that_shares_it():
    text = f"# X\n\n## Uses\n\nFor rivers.\n\n```python\n{LOADS}\n```\n"
    assert parse_card(text).sections == parse_card(text, "rivers/ferry-2b").sections


@pytest.mark.parametrize(
    ("table", "labels"),
    [
        ("| Model | WER |\n|---|---|\n| ferry | 12.5 |", {"metrics", "results"}),
        ("| Model | Top-1 accuracy (%) |\n|---|---|\n| ferry | 71 |", {"metrics", "results"}),
        ("| | ferry |\n|---|---|\n| **F1-score** | 0.91 |", {"metrics", "results"}),
        ("| Model | MMLU | GSM8K |\n|---|---|---|\n| ferry | 40.1 | 7 |", {"evaluation_data", "results"}),
        ("| Model | WER |\n|---|---|\n| ferry | soon |", set()),
        ("| Loss | Epoch | Accuracy |\n|---|---|---|\n| 0.2 | 1 | 0.9 |", set()),
        ("| Oars | Wercs |\n|---|---|\n| 2 | 12.5 |", set()),
        ("| Step by step |\n|---|\n| 12 |", set()),
    ],
)
def test_a_table_of_results_names_its_measures(table, labels):
    for heading in ("", "## Results\n\n"):
        found = {label for section in parse_card(f"# X\n\n{heading}{table}\n").sections for label in section.labels}
        assert found == (labels | {"results"} if heading else labels)


def test_what_a_table_answers_stands_in_its_lines():
    card = parse_card("# X\n\n| Model | WER |\n|---|---|\n| ferry | 12.5 |\n")
    metrics, results = _evidence(card, "X", "metrics"), _evidence(card, "X", "results")
    assert (metrics.how, metrics.spans) == (Found.TABLE, (Span(3, 3),))
    assert (results.how, results.spans) == (Found.TABLE, (Span(3, 5),))


def test_full_width_colon():
    card = parse_card("# 川\n\n- 开发者：渡口团队\n")
    assert _evidence(card, "川", "developer").how is Found.LIST


def test_a_comment_in_code_is_no_heading_and_gets_no_label():
    card = parse_card("# X\n\n## Usage\n\n```python\n# Training data\nload()\n```\n")
    assert [section.labels for section in card.sections] == [(), ("how_to_use",)]


def test_every_section_has_evidence_for_each_of_its_labels(card):
    for section in card.sections:
        assert set(section.labels) == {entry.label for entry in section.evidence}
        for entry in section.evidence:
            assert all(section.span.first <= span.first <= span.last <= section.span.last for span in entry.spans)


def test_a_row_of_a_users_table_is_used(tmp_path):
    (tmp_path / "sections.toml").write_text('[license.phrases]\nfi = ["käyttöehdot"]\n', encoding="utf-8")
    assert heading_labels("Käyttöehdot")[0] == ()
    tables.use_overlay(tmp_path)
    try:
        assert heading_labels("Käyttöehdot")[0] == ("license",)
        assert heading_labels("Lizenz")[0] == ("license",)
    finally:
        tables.use_overlay(None)
    assert heading_labels("Käyttöehdot")[0] == ()


@pytest.mark.parametrize(
    "row",
    [
        '[ferry]\ntitle = ""\n',
        '[license]\nparent = "ferry"\n',
        '[license.within]\nferry = ["data"]\n',
        '[license.cues]\nferry = ["data"]\n',
        '[license.phrases]\nfi = ["!!!"]\n',
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path, row):
    (tmp_path / "sections.toml").write_text(row, encoding="utf-8")
    tables.use_overlay(tmp_path)
    try:
        with pytest.raises(InvalidTable):
            lexicon()
    finally:
        tables.use_overlay(None)


@pytest.mark.parametrize("heading", ["usage " * 20000, "a-" * 50000, "1." * 50000, "[optional" * 20000, "使" * 100000])
def test_hostile_headings_are_cut(heading):
    assert len(normalize_heading(heading)) <= 300
    assert isinstance(heading_labels(heading)[0], tuple)


@pytest.mark.parametrize(
    "text",
    [
        "# X\n\n" + "was trained on [More Information Needed]\n" * 20000,
        "# X\n\n" + "- License: \n" * 50000,
        "# X\n\n" + "| a | b |\n|---|---|\n" + "| License | TBD |\n" * 30000,
        "## Usage\n" * 20000,
        "# " + "license " * 100000 + "\n",
        "# X\n\n```\n" + "@misc{" * 100000 + "\n```\n",
        "# X\n\n| wer |\n|---|\n" + "| wer | " * 100000 + "1 |\n",
        "# X\n\n## Uses and limitations\n\n" + "ferry 不 " * 100000 + "\n",
    ],
    ids=["prose", "list", "table", "headings", "heading", "code", "measures", "cues"],
)
def test_a_megabyte_of_marks_is_read_to_the_end(text):
    card = parse_card(text)
    assert card.sections
    assert set(card.coverage) == set(TABLE)


MARKS = sorted(
    {mark for kind in ("whole", "within", "lead_in") for mark in tables.read_table("placeholders")[kind]["marks"]}
)
PLACES = tomllib.loads((CASES / "placeholders.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", PLACES["open"])
def test_open_line(line):
    assert placeholders.is_placeholder(line)


@pytest.mark.parametrize("line", PLACES["written"])
def test_written_line(line):
    assert not placeholders.is_placeholder(line)


def test_runs_of_open_lines():
    lines = ["a", "TBD", "- **License:** TODO", "", "b", "[More Information Needed]"]
    assert placeholders.placeholder_spans(lines, "\n".join(lines).encode(), 1) == (Span(2, 3), Span(6, 6))
    assert placeholders.placeholder_spans(lines[3:5], b"\nb", 4) == ()


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_found_in_any_case_and_behind_letters_of_any_size(mark):
    for written in (mark, mark.upper(), mark.capitalize(), mark.title()):
        if written.lower() == mark:
            line = f"😀 ﬃ: {written}"
            found = placeholders._marks().places(f"é\n{line}".encode())[1]
            assert found, written
            assert placeholders._marks().may_hold(line.lower())


@pytest.mark.parametrize(
    ("body", "is_open"),
    [
        ("", True),
        ("<!-- say what it is for -->", True),
        ("<!-- say what\nit is for -->\n\n[More Information Needed]", True),
        ("Use the code below to get started with the model.\n\n[More Information Needed]", True),
        ("**Text:**\n\n[More Information Needed]", True),
        ("```python\n# TODO: add an example\n```", True),
        ("| a | b |\n|---|---|\n| TBD | TODO |", True),
        ("<!-- say what it is for -->\n\nFor rivers.", False),
        ("[More Information Needed]\n\nIt floods.", False),
        ("```python\nrun()\n```", False),
        ("| a | b |\n|---|---|\n| 1 | 2 |", False),
        ("- **Rivers:** many\n- **Ferries:** TBD", False),
    ],
)
def test_section_of_open_lines(body, is_open):
    card = parse_card(f"# X\n\n## Limitations\n\n{body}\n")
    section = card.sections[-1] if card.sections[-1].heading == "Limitations" else card.sections[1]
    assert placeholders.section_is_placeholder(section.blocks, card.lines, section.span) is is_open
