"""Who is named as a parent, where, by which relation, and what is wrong with the name."""

from __future__ import annotations

import pytest

from cardscope.lineage import Clues, license_fields, repository_kind, state_edges
from cardscope.lineage.names import lookable, read_parent
from cardscope.parsing import parse_card
from cardscope.tables import read_table
from cardscope.templates.rows import signatures
from cardscope.types import (
    GeneratorMatch,
    LicenseFields,
    ModelId,
    ModelInfo,
    Relation,
    RepositoryKind,
    Span,
    Stated,
)

ME = ModelId("maker/child")


def matter(text):
    return parse_card(f"---\n{text}\n---\n# Child\n").front_matter


def edges(text="", *, model=ME, **info):
    known = ModelInfo(model, **info) if info else None
    return state_edges(model, matter(text) if text else None, known)


@pytest.mark.parametrize(
    ("written", "name", "codes"),
    [
        ("maker/fjord-7b", "maker/fjord-7b", []),
        (" maker/fjord-7b ", "maker/fjord-7b", []),
        ("maker/fjord-7b@main", "maker/fjord-7b", []),
        ("https://huggingface.co/maker/fjord-7b", "maker/fjord-7b", ["url"]),
        ("https://huggingface.co/maker/fjord-7b/tree/main?x=1", "maker/fjord-7b", ["url"]),
        ("huggingface.co/maker/fjord-7b", "maker/fjord-7b", ["url"]),
        ("hf.co/maker/fjord-7b", "maker/fjord-7b", ["url"]),
        ("https://github.com/maker/fjord", "https://github.com/maker/fjord", ["url"]),
        ("https://huggingface.co/datasets/maker/rows", "https://huggingface.co/datasets/maker/rows", ["url"]),
        ("bert-base-uncased", "bert-base-uncased", ["bare"]),
        ("Fjord 7B", "Fjord 7B", ["bare"]),
        ("None (trained from scratch)", "None (trained from scratch)", ["bare"]),
        ("./fjord", "./fjord", ["local-path"]),
        ("../fjord/out", "../fjord/out", ["local-path"]),
        ("/content/drive/fjord", "/content/drive/fjord", ["local-path"]),
        ("~/models/fjord", "~/models/fjord", ["local-path"]),
        ("C:\\models\\fjord", "C:\\models\\fjord", ["local-path"]),
        ("D:/models/fjord", "D:/models/fjord", ["local-path"]),
        ("models/fjord/checkpoint-500", "models/fjord/checkpoint-500", ["local-path"]),
        ("fjord.safetensors", "fjord.safetensors", ["local-path"]),
        ("maker name/fjord", "maker name/fjord", ["dead"]),
        ("\x1b[31mx", "x", ["bare"]),
    ],
)
def test_names_of_parents(written, name, codes):
    read = read_parent(written)
    assert (read.name, [problem.code for problem in read.problems]) == (name, codes)


def test_what_an_index_can_be_asked_for():
    assert lookable("maker/fjord") == "maker/fjord"
    assert lookable("bert-base-uncased") == "bert-base-uncased"
    for name in ("https://github.com/maker/fjord", "./fjord", "Fjord 7B", "", "hf.co/datasets"):
        assert lookable(name) is None


def test_a_string_with_its_line():
    (edge,) = edges("license: mit\nbase_model: maker/fjord\nbase_model_relation: adapter")
    assert (edge.child, edge.parent, edge.relation) == (ME, "maker/fjord", Relation.ADAPTER)
    (statement,) = edge.statements
    assert (statement.stated, statement.value, statement.span) == (Stated.FIELD, "maker/fjord", Span(3, 3))


@pytest.mark.parametrize(
    "text", ["base_model:", "base_model: []", "base_model: ''", "base_model: {}", "license: mit", ""]
)
def test_nothing_named_no_edges(text):
    assert edges(text) == ()


def test_lists_repeat_and_nest():
    found = edges("base_model:\n- maker/one\n- Maker/One\n- [maker/two]\n- id: maker/three\n- 7\n- null\n- true")
    assert [edge.parent for edge in found] == ["maker/one", "maker/three", "7"]
    assert len([statement for statement in found[0].statements if statement.stated is Stated.FIELD]) == 2


def test_a_list_of_thousands_is_cut():
    assert len(edges("base_model: [" + ", ".join(f"m/x{n}" for n in range(3000)) + "]")) == 200


def test_every_statement_is_kept_and_the_surest_relation_holds():
    tags = ("base_model:maker/fjord", "base_model:quantized:maker/fjord", "license:mit")
    (edge,) = edges("base_model: maker/fjord", tags=tags, base_models=(("maker/fjord", Relation.FINETUNE),))
    assert edge.relation is Relation.FINETUNE
    assert [statement.stated for statement in edge.statements] == [Stated.FIELD, Stated.HUB, Stated.TAG, Stated.TAG]
    (edge,) = edges("base_model: maker/fjord\nbase_model_relation: Merge", tags=tags)
    assert edge.relation is Relation.MERGE
    (edge,) = edges("base_model: maker/fjord\nbase_model_relation: distilled", tags=tags)
    assert edge.relation is Relation.QUANTIZED


def test_tags_alone_and_tags_in_the_card():
    (edge,) = edges(tags=("base_model:adapter:maker/fjord",))
    assert (edge.parent, edge.relation) == ("maker/fjord", Relation.ADAPTER)
    (edge,) = edges("tags:\n- base_model:merge:maker/fjord")
    assert (edge.parent, edge.relation) == ("maker/fjord", Relation.MERGE)
    assert edge.statements[0].span is not None
    assert edges(tags=("base_model:", "base_model:adapter:", "base_model: ")) == ()


def test_the_index_speaks_where_there_is_no_card():
    (edge,) = edges(card_data={"base_model": "maker/fjord", "base_model_relation": "quantized"})
    assert edge.relation is Relation.QUANTIZED
    assert edge.statements[0].span is None


def test_naming_itself():
    (edge,) = edges("base_model: Maker/Child")
    assert [problem.code for problem in edge.problems] == ["self"]
    assert edge.problems[0].spans == (Span(2, 2),)


def test_a_card_without_an_id():
    (edge,) = edges("base_model: maker/fjord", model=None)
    assert edge.child == ""


@pytest.mark.parametrize(
    ("text", "model", "relation"),
    [
        ("base_model: maker/fjord", "maker/child", "finetune"),
        ("base_model: maker/fjord\nlibrary_name: peft", "maker/child", "adapter"),
        ("base_model: maker/fjord\ntags: [lora, gguf]", "maker/child", "adapter"),
        ("base_model: maker/fjord\ntags: lora", "maker/child", "adapter"),
        ("base_model: maker/fjord", "maker/fjord-lora", "adapter"),
        ("base_model: maker/fjord\nlibrary_name: transformers", "maker/fjord-lora-tuned", "finetune"),
        ("base_model: maker/fjord", "maker/fjord-GGUF", "quantized"),
        ("base_model: maker/fjord", "maker/fjord-4.0bpw", "quantized"),
        ("base_model: maker/fjord-4bit", "maker/fjord-4bit-tuned", "finetune"),
        ("base_model: maker/fjord\ntags: [awq]", "maker/child", "quantized"),
        ("base_model: [maker/one, maker/two]\ntags: [merge]", "maker/child", "merge"),
        ("base_model: [maker/one, maker/two]", "maker/child", "finetune"),
        ("base_model: maker/one\ntags: [merge]", "maker/child", "finetune"),
    ],
)
def test_a_relation_nobody_states_is_guessed_and_marked(text, model, relation):
    found = edges(text, model=ModelId(model))
    assert {edge.relation.value for edge in found} == {relation}
    for edge in found:
        assert edge.statements[-1].stated is Stated.NAME
        assert edge.statements[-1].value.startswith("guessed: ")


def kind(text="", *, model=None, generators=(), **info):
    front = matter(text) if text else None
    known = ModelInfo(model or ME, **info) if info else None
    clues = Clues(None, [GeneratorMatch(name, None, (), ()) for name in generators])
    return repository_kind(front, known, state_edges(model or ME, front, known, clues), clues, model=model)


def test_kind_of_repository():
    assert kind() is RepositoryKind.BASE
    assert kind("license: mit") is RepositoryKind.BASE
    assert kind("base_model: maker/child") is RepositoryKind.BASE
    assert kind("base_model: maker/fjord") is RepositoryKind.FINETUNE
    assert kind("base_model: maker/fjord\nbase_model_relation: merge") is RepositoryKind.MERGE
    assert kind("base_model: maker/fjord\nbase_model_relation: quantized") is RepositoryKind.QUANTIZED
    assert kind("base_model: maker/fjord\nlibrary_name: peft") is RepositoryKind.ADAPTER
    assert kind("tags: [gguf]") is RepositoryKind.QUANTIZED
    assert kind("library_name: peft") is RepositoryKind.ADAPTER
    assert kind("tags: [mergekit]") is RepositoryKind.MERGE
    assert kind(model=ModelId("maker/fjord-GGUF")) is RepositoryKind.QUANTIZED
    assert kind(generators=["hf-modelcard-template", "transformers-trainer"]) is RepositoryKind.FINETUNE
    assert kind(generators=["mradermacher"]) is RepositoryKind.QUANTIZED
    assert kind(tags=("base_model:adapter:a/b", "base_model:quantized:c/d")) is RepositoryKind.ADAPTER


@pytest.mark.parametrize(
    ("text", "tools", "expected"),
    [
        ("base_model: maker/fjord", ["mradermacher"], "quantized"),
        ("base_model: maker/fjord", ["thebloke-awq"], "quantized"),
        ("base_model: maker/fjord", ["trl-sft"], "finetune"),
        ("base_model: maker/fjord", ["diffusers-dreambooth-lora", "diffusers-training"], "adapter"),
        # The outermost tool tells; what it copied was another's.
        ("base_model: maker/fjord", ["gguf-my-repo", "transformers-trainer"], "quantized"),
        ("base_model: [maker/one, maker/two]\ntags: [merge, mergekit]", ["gguf-my-repo", "mergekit"], "quantized"),
        ("tags: [merge]", ["gguf-my-repo"], "quantized"),
        ("tags: [merge]", ["mergekit"], "merge"),
        ("base_model: [maker/one, maker/two]", ["mergekit"], "merge"),
        # As the Hub has it: one parent makes no merge.
        ("base_model: maker/one", ["mergekit"], "finetune"),
        ("base_model: maker/fjord\nlibrary_name: peft", ["mradermacher"], "adapter"),
        ("base_model: maker/fjord\nbase_model_relation: finetune", ["mradermacher"], "finetune"),
        ("license: mit", ["trl-orpo"], "finetune"),
        ("license: mit", ["thebloke-gptq"], "quantized"),
        ("license: mit", ["setfit"], "finetune"),
        ("license: mit", ["huggingface-sb3"], "base"),
    ],
)
def test_a_tool_tells_what_nobody_states(text, tools, expected):
    assert kind(text, generators=tools).value == expected


def test_the_tool_is_named_as_the_reason():
    clues = Clues(None, [GeneratorMatch("mradermacher", None, (), ())])
    (edge,) = state_edges(None, matter("base_model: maker/fjord"), None, clues)
    assert (edge.relation, edge.statements[-1].stated) == (Relation.QUANTIZED, Stated.NAME)
    assert edge.statements[-1].value == "guessed: made by mradermacher"


def test_every_tool_that_makes_one_kind_can_be_found():
    reported = {row.id for row in signatures().rows} | {name for row in signatures().rows for _, name in row.variants}
    listed = [name for names in read_table("relation_hints")["generators"].values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) <= reported


@pytest.mark.parametrize(
    ("text", "model", "expected"),
    [
        # Weights of one's own in a format more.
        ("tags: [onnx]", "maker/fjord", "base"),
        ("tags: [coreml, vision]", "maker/fjord", "base"),
        ("tags: [onnx]", "maker/fjord-onnx", "quantized"),
        ("license: mit", "maker/fjord-onnx", "base"),
        ("tags: [onnx, int8]", "maker/fjord", "quantized"),
        ("base_model: other/fjord\ntags: [onnx]", "maker/fjord", "quantized"),
        ("base_model: other/fjord\ntags: [openvino]", "maker/fjord", "finetune"),
    ],
)
def test_a_file_format_alone_makes_no_copy(text, model, expected):
    assert kind(text, model=ModelId(model)).value == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("# Fjord 7B - GGUF", "quantized"),
        ("## Llamacpp Quantizations of fjord", "finetune"),
        ("# maker/fjord-4bit", "quantized"),
        ("# Fjord LoRA", "adapter"),
        ("# Fjord\n\n## GGUF files", "finetune"),
        ("### Fjord GGUF", "finetune"),
        ("# How to merge", "finetune"),
        (f"# Our collection has {'many ' * 16} GGUF files", "finetune"),
        ("Fjord GGUF", "finetune"),
    ],
)
def test_the_title_stands_in_for_the_name_of_a_card_without_one(title, expected):
    card = parse_card(f"---\nbase_model: maker/fjord\n---\n{title}\n\nSome words.\n")
    clues = Clues(card)
    edges = state_edges(None, card.front_matter, None, clues)
    assert repository_kind(card.front_matter, None, edges, clues).value == expected
    # Where there is a name, it alone is asked.
    (edge,) = state_edges(ME, card.front_matter, None, clues)
    assert edge.relation is Relation.FINETUNE


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, LicenseFields()),
        ({"license": None}, LicenseFields()),
        ({"license": "MIT "}, LicenseFields(("MIT",))),
        ({"license": ["mit", "apache-2.0", None, ""]}, LicenseFields(("mit", "apache-2.0"))),
        ({"license": 3}, LicenseFields(("3",))),
        ({"license": True}, LicenseFields()),
        ({"license": {"name": "mit"}}, LicenseFields()),
        (
            {"license": "other", "license_name": ["own"], "license_link": " LICENSE "},
            LicenseFields(("other",), "own", "LICENSE"),
        ),
        ({"licence": "mit"}, LicenseFields()),
    ],
)
def test_license_fields(fields, expected):
    assert license_fields(fields) == expected


def test_a_tag_that_is_read_again_or_is_far_too_long_reads_the_same():
    long = "base_model:quantized:maker/" + "lake" * 400
    for tag in ("base_model:quantized:maker/lake", long):
        (first,), (again,) = edges(tags=(tag,)), edges(tags=(tag,))
        assert first == again
        assert first.relation is Relation.QUANTIZED
        assert len(first.statements[0].value) <= 240
    (in_card,) = edges("tags:\n- base_model:quantized:maker/lake")
    assert in_card.statements[0].span is not None
