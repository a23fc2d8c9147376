"""Every line with words has one author, and the shares add up."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardscope import attribute, detect_generators, parse_card
from cardscope.templates import attribution
from cardscope.templates.lines import Boilerplate, hash_of, keys, starts_of
from cardscope.types import Attribution, Author, Card, ModelId, Span


def attributed(text: str, **given_) -> tuple[Card, Attribution]:
    card = parse_card(text)
    return card, attribute(card, detect_generators(card), **given_)


def author_of(attribution: Attribution, line: int) -> Author | None:
    return next((part.author for part in attribution.spans if part.span.first <= line <= part.span.last), None)


TRAINER = """---
tags:
- generated_from_trainer
---

<!-- This model card has been generated automatically according to the information the Trainer had access to. You -->

# tern-small

This model is a fine-tuned version of [someone/tern](https://huggingface.co/someone/tern) on the heron dataset.
It achieves the following results on the evaluation set:
- Loss: 0.2387
- Plumage: 0.8300

## Model description

More information needed

## Intended uses & limitations

Do not ask this model about owls; it has never seen one and will invent them.

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: 0.00017
- seed: 7
"""


def test_a_trainers_card_is_the_trainers_but_for_what_the_author_wrote():
    card, result = attributed(TRAINER)
    line = {text: number for number, text in enumerate(card.lines, 1)}
    authored = next(number for text, number in line.items() if text.startswith("Do not ask"))
    assert author_of(result, authored) is Author.AUTHORED
    assert author_of(result, line["More information needed"]) is Author.PLACEHOLDER
    for text in ("# tern-small", "- Loss: 0.2387", "- Plumage: 0.8300", "- learning_rate: 0.00017", "- seed: 7"):
        assert author_of(result, line[text]) is Author.TEMPLATE, text
    assert {part.whose for part in result.spans if part.author is Author.TEMPLATE} == {"transformers-trainer"}
    assert [part.span for part in result.spans if part.author is Author.AUTHORED] == [Span(authored, authored)]


def test_a_label_with_a_value_behind_it_is_the_authors_and_without_one_a_placeholder():
    _, result = attributed(
        "# Model Card for Model ID\n\n## Model Details\n\n"
        "- **Developed by:** the tern people\n- **License:** [More Information Needed]\n"
    )
    assert author_of(result, 1) is Author.TEMPLATE
    assert author_of(result, 3) is Author.TEMPLATE
    assert author_of(result, 5) is Author.AUTHORED
    assert author_of(result, 6) is Author.PLACEHOLDER
    assert result.spans[-1].whose == "hf-modelcard-template"


def test_without_a_tool_the_same_lines_are_the_authors():
    _, result = attributed(
        "# Tern\n\nThe following hyperparameters were used during training:\n- learning_rate: 1e-4\n"
    )
    assert result.shares[Author.AUTHORED] == 1


def test_what_stands_in_the_parents_card_is_inherited_but_never_what_a_tool_wrote():
    parent = ModelId("someone/tern")
    card = parse_card(TRAINER)
    everything = [(parent, [Span(1, len(card.lines))])]
    result = attribute(card, detect_generators(card), everything)
    assert result == attribute(card, detect_generators(card), dict(everything))
    (inherited,) = [part for part in result.spans if part.author is Author.INHERITED]
    assert inherited.whose == parent
    assert card.lines[inherited.span.first - 1].startswith("Do not ask")


def test_a_list_after_a_blank_line_below_a_tools_heading_is_not_taken_for_its_values():
    card, result = attributed(TRAINER + "\n### Training results\n\n- Trained on 8 cards for 3 days\n")
    assert author_of(result, len(card.lines)) is Author.AUTHORED


def test_a_card_without_words_has_no_shares():
    _, result = attributed("---\nlicense: mit\n---\n\n---\n")
    assert result.spans == ()
    assert set(result.shares.values()) == {0.0}


def test_a_hash_stands_for_letters_only():
    assert keys("| 0.5 | Epoch |") == keys("-  EPOCH: 17")
    assert starts_of("- Wingspan: 3 m", keys("- Wingspan: 3 m")[0]) == (b"wingspan:",)
    assert hash_of(b"loss") != hash_of(b"lost")


def test_own_boilerplate_can_be_given():
    known = Boilerplate({hash_of(keys("A sentence nobody ships")[0]): ("mlx-lm",)}, {})
    card = parse_card("using mlx-lm version **0.1**\n\nA sentence nobody ships\n\nAnother one\n")
    result = attribute(card, detect_generators(card), known=known)
    assert author_of(result, 3) is Author.TEMPLATE
    assert author_of(result, 5) is Author.AUTHORED


@given(st.text(alphabet="#-*`|:\n\r ab1é漢", max_size=200), st.booleans())
@settings(max_examples=150, deadline=None)
def test_spans_are_in_order_and_shares_add_up(body, tool):
    card, result = attributed(("using mlx-lm version **0.1**\n" if tool else "") + body)
    last = 0
    for part in result.spans:
        assert last < part.span.first <= part.span.last <= len(card.lines)
        assert part.words > 0
        assert card.lines[part.span.first - 1].strip()
        last = part.span.last
    total = sum(part.words for part in result.spans)
    assert sum(result.shares.values()) == pytest.approx(1 if total else 0)
    for author, share in result.shares.items():
        words = sum(part.words for part in result.spans if part.author is author)
        assert share == pytest.approx(words / total if total else 0)


def test_generated_cards_are_the_tools_and_popular_ones_their_authors(shared):
    folder = shared / "generated"
    tools = []
    for row in map(json.loads, (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()):
        card = parse_card((folder / row["file"]).read_bytes())
        shares = attribute(card, detect_generators(card)).shares
        tools.append(shares[Author.TEMPLATE] + shares[Author.PLACEHOLDER])
    assert sum(tools) / len(tools) > 0.93


@pytest.mark.parametrize("repeat", [1, 40])
@given(
    st.lists(
        st.sampled_from(["one two", " ", "", "\t- three", "| a | b |", "***", "\u00e9t\u00e9 \x0b x", "#", "\x1c y"])
    )
)
def test_words_are_counted_alike_with_and_without_numpy(repeat, lines):
    body = "\n".join(lines * repeat).encode()
    words = len(body.translate(None, attribution._MARKUP).split())
    marks = body.translate(attribution._AS_MARKS, attribution._MARKUP)
    assert attribution._words(marks) == words
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "sys", SimpleNamespace(modules={}))
        assert attribution._words(marks) == words
        patch.setattr(attribution, "sys", SimpleNamespace(modules={"numpy": np}))
        patch.setattr(attribution, "_WORTH_NUMPY", -1)
        assert attribution._words(marks) == words
