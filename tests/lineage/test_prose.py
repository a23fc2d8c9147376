"""What kind of model a sentence tells of, and what it does not tell."""

from __future__ import annotations

import time

import pytest

from cardscope.lineage import Clues, repository_kind, state_edges
from cardscope.lineage.prose import told_relation
from cardscope.parsing import parse_card
from cardscope.types import GeneratorMatch, ModelId, Relation, RepositoryKind

ME = ModelId("maker/Fjord-Chat")


def told(line, *, title="# Fjord Chat", name=ME):
    return told_relation(parse_card(f"{title}\n\nSome words come first.\n\n{line}\n"), name)


@pytest.mark.parametrize(
    "line",
    [
        "This model is a fine-tuned version of [fjord](https://huggingface.co/maker/fjord) on our data.",
        "This is a finetuned version of fjord.",
        "It is an updated and larger fine-tuned version of `maker/fjord`.",
        "We trained long. The model was fine-tuned from fjord-7b.",
        "Fjord-Chat is a fine-tune of [fjord](https://huggingface.co/maker/fjord).",
        "**Fjord Chat** is a chat model finetuned from fjord.",
        "An experimental fine-tune of fjord using two cards.",
        "This model is fine-tuned on the Owl corpus.",
        "It is based on [fjord](https://huggingface.co/maker/fjord) and was then further fine-tuned on letters.",
        "This is the fine-tuned Stable Diffusion model trained on pictures of owls.",
        "Fine-tuned version of fjord.",
        "- **Finetuned from model [optional]:** maker/fjord",
        "- Finetuned from: [maker/fjord](https://huggingface.co/maker/fjord)",
        "Base model: fjord-7b",
        "* **Base Model:** [fjord](https://huggingface.co/maker/fjord)",
    ],
)
def test_a_fine_tune_that_says_so(line):
    assert told(line) is Relation.FINETUNE


@pytest.mark.parametrize(
    ("line", "relation"),
    [
        (
            "Fjord-Chat is a merge of [a](https://huggingface.co/x/a) and [b](https://huggingface.co/x/b).",
            Relation.MERGE,
        ),
        ("This is a quantized version of [fjord](https://huggingface.co/maker/fjord).", Relation.QUANTIZED),
    ],
)
def test_other_relations(line, relation):
    assert told(line) is relation


def test_a_merge_that_shows_its_configuration():
    recipe = "```yaml\nmodels:\n  - model: maker/a\nmerge_method: slerp\n```"
    assert told(recipe) is Relation.MERGE
    assert told(recipe.replace("slerp", "concat")) is None
    # What a sentence says comes first.
    assert told(f"This model is a fine-tuned version of our merge.\n\n{recipe}") is Relation.FINETUNE


@pytest.mark.parametrize(
    "line",
    [
        # Somebody else's.
        "**Note**: a popular fine-tuned version of this model is [other](https://huggingface.co/x/other).",
        "Owl-7B is a fine-tuned version of Fjord-Chat.",
        "There is a fine-tuned version of fjord in [x/other](https://huggingface.co/x/other).",
        "Example: This model is a fine-tuned version of Fjord by its maker.",
        "The quantized version of this model scores high.",
        "All of these models which are a fine-tuned version of fjord were compared.",
        "XXXtuned = finetune of the large one.",
        "The resulting model is fine-tuned on labelled data.",
        "In this approach, a student is fine-tuned on the answers of its teacher.",
        # Nobody has done it yet, or only for a test, or it was the last step of making a model of one's own.
        "The model is mostly meant to be fine-tuned on a task.",
        "Fjord-Chat has been fine-tuned on the downstream tasks of the benchmark.",
        "The model was pretrained on books and fine-tuned on letters.",
        "It can be fine-tuned on your own data.",
        "Fine-tuned on letters, it does well.",
        # None.
        "This model is not a fine-tuned version of fjord.",
        "- **Finetuned from model [optional]:** [More Information Needed]",
        "- **Finetuned from model:** None",
        "- **Finetuned from model:**",
        "Base model: trained from scratch",
        # A head of a table, and code.
        "| Base model | Score |\n| --- | --- |\n| fjord | 3 |",
        "```\nBase model: fjord\nThis model is a fine-tuned version of fjord.\n```",
        # Too long a way round to be a plain statement.
        "This model, " + "about which much can be said, " * 8 + "is a fine-tuned version of fjord.",
        "",
    ],
)
def test_what_is_not_told_of_the_model_itself(line):
    assert told(line) is None


def test_what_was_fine_tuned_on_data_further_down_may_be_another():
    line = "This model is fine-tuned on the Owl corpus."
    assert told(line) is Relation.FINETUNE
    assert told("Word.\n\n" * 30 + line) is None
    assert told("Word.\n\n" * 30 + "This model is a fine-tuned version of fjord.") is Relation.FINETUNE


def test_the_title_names_a_card_without_an_id():
    line = "Fjord Chat is a fine-tuned version of fjord."
    assert told(line, name="") is Relation.FINETUNE
    assert told(line, name="", title="# Owl") is None


def kind(body, *, front="license: mit", tools=()):
    card = parse_card(f"---\n{front}\n---\n# Fjord Chat\n\n{body}\n")
    clues = Clues(card, [GeneratorMatch(name, None, (), ()) for name in tools])
    edges = state_edges(ME, card.front_matter, None, clues)
    return repository_kind(card.front_matter, None, edges, clues, model=ME), edges


SAID = "This model is a fine-tuned version of [fjord](https://huggingface.co/maker/fjord)."


def test_prose_makes_a_kind_and_no_edge():
    assert kind(SAID) == (RepositoryKind.FINETUNE, ())
    assert kind("A model of our own.") == (RepositoryKind.BASE, ())


def test_metadata_and_tools_come_first():
    assert kind(SAID, front="tags: [gguf]")[0] is RepositoryKind.QUANTIZED
    assert kind(SAID, tools=["mradermacher"])[0] is RepositoryKind.QUANTIZED
    assert kind(SAID, front="base_model: maker/fjord\nlibrary_name: peft")[0] is RepositoryKind.ADAPTER


@pytest.mark.parametrize(
    "piece",
    ["this is a fine-tuned version of ", "[](", "is " * 5, "base model:", "a](b ", "fine-tuned from. "],
)
def test_a_hostile_line_costs_little(piece):
    for text in (piece * (200_000 // len(piece)), "\n".join([piece * 8] * 3000)):
        card = parse_card(f"# Fjord\n\nBase models\n\nThis was fine-tuned version of\n\n{text}\n")
        start = time.process_time()
        told_relation(card, ME)
        assert time.process_time() - start < 1
