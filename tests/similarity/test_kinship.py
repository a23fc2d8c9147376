"""Parent and child: what was kept, what was lost, and what only looks so."""

from __future__ import annotations

import numpy as np
import pytest

from cardscope import parse_card
from cardscope.embedders.lexical import LexicalEmbedder
from cardscope.options import KinshipOptions
from cardscope.similarity import lineage_ids, measure_kinship
from cardscope.types import Change, Kinship

PARENT = """---
license: cc-by-nc-4.0
---

# Owl 7B

Owl 7B counts mice in meadows, for ecologists who write reports.

## Training data

Nine thousand photographs of meadows, taken by volunteers between 2016 and 2022.

## Limitations

Snow hides the mice from the model. It is not safe to count voles with it. Accuracy falls below 40 % at dusk.

## Out-of-scope use

Do not use the model to plan poisoning. The model must not be used for livestock.

## License

Whoever passes the model on must keep the non-commercial limit.

## Citation

Please cite the report of the meadow group.
"""


def kinship(child: str, parent: str = PARENT) -> Kinship:
    return measure_kinship(
        parse_card(child, model_id="barn/owlet-7b"), parse_card(parent, model_id="meadow/owl-7b"), LexicalEmbedder()
    )


def changes(result: Kinship) -> dict[str, Change]:
    return {row.heading: row.change for row in result.sections}


def test_a_copy_keeps_everything():
    result = kinship(PARENT)
    assert set(changes(result).values()) == {Change.KEPT}
    assert result.inherited_share == pytest.approx(1.0)
    assert result.similarity == {"whole": pytest.approx(1.0, abs=1e-5), "body": pytest.approx(1.0, abs=1e-5)}
    assert result.dropped == ()
    assert result.parent == "meadow/owl-7b"


def test_a_copy_in_other_clothes_keeps_everything():
    child = (
        PARENT.replace("\n## ", "\n### ")
        .replace("Snow hides the mice from the model. It is", "- Snow **hides** the mice\n  from the model.\n- It is")
        .replace(
            "Nine thousand photographs of meadows, taken",
            "Nine thousand\nphotographs of [meadows](https://m.example), taken",
        )
        .replace("Owl 7B", "Owlet-7B")
        .replace("\n", "\r\n")
    )
    result = kinship(child)
    assert set(changes(result).values()) == {Change.KEPT}
    assert result.inherited_share == pytest.approx(1.0)
    assert result.dropped == ()


def test_what_the_child_dropped_is_named():
    child = PARENT.replace(" It is not safe to count voles with it.", "")
    child = child[: child.index("## Out-of-scope")] + child[child.index("## Citation") :]
    result = kinship(child)
    found = {text.label: text for text in result.dropped}
    assert set(found) == {"limitations", "out_of_scope", "license"}
    assert found["limitations"].share == pytest.approx(1 / 3)
    assert found["limitations"].sentences == ("It is not safe to count voles with it.",)
    assert found["limitations"].parent.first == PARENT.splitlines().index("## Limitations") + 1
    assert found["out_of_scope"].share == 1.0
    assert changes(result)["Limitations"] is Change.EDITED
    assert changes(result)["Out-of-scope use"] is Change.DROPPED


@pytest.mark.parametrize(
    ("before", "after"),
    [("It is not safe to count voles", "It is safe to count voles"), ("below 40 %", "below 10 %")],
)
def test_a_sentence_turned_round_is_a_sentence_dropped(before, after):
    result = kinship(PARENT.replace(before, after))
    assert [text.label for text in result.dropped] == ["limitations"]
    assert changes(result)["Limitations"] is Change.EDITED


def test_a_sentence_reworded_slightly_is_not_dropped():
    result = kinship(PARENT.replace("Snow hides the mice from the model.", "Snow hides the mice from this model."))
    assert result.dropped == ()


def test_a_warning_moved_elsewhere_is_not_dropped():
    moved = "Do not use the model to plan poisoning. The model must not be used for livestock."
    child = PARENT.replace(f"## Out-of-scope use\n\n{moved}\n\n", "").replace(
        "for ecologists", f"for ecologists. {moved} For those"
    )
    assert kinship(child).dropped == ()


def test_a_licence_in_a_list_makes_no_warning_of_the_list():
    parent = "# A\n\n## Model details\n\n- **License:** mit\n- **Developed by:** the meadow group\n- **Weights:** 7\n"
    assert kinship("# B\n\nBakes bread.\n", parent).dropped == ()


def test_a_warning_below_a_heading_of_its_own_is_found():
    parent = (
        "# A\n\n## Limitations\n\n### Snow\n\nSnow hides the mice from it.\n\n"
        "### License\n\nWhoever passes it on names us.\n"
    )
    found = kinship("# B\n\nBakes bread.\n", parent).dropped
    assert [(text.label, text.sentences) for text in found] == [
        ("limitations", ("Snow hides the mice from it.",)),
        ("license", ("Whoever passes it on names us.",)),
    ]


def test_placeholders_are_neither_warnings_nor_inheritance():
    parent = "# A\n\n## Limitations\n\n[More Information Needed]\n\n## Uses\n\nMore information needed\n"
    result = kinship("# B\n\n## Uses\n\nMore information needed\n", parent)
    assert result.dropped == ()
    assert result.inherited_share == 0.0
    assert result.inherited == ()


def test_inherited_lines_are_lines_of_the_child():
    child = (
        "# Own title\n\nOwn words only here.\n\n## Data\n\n"
        "Nine thousand photographs of meadows, taken by\nvolunteers between 2016 and 2022. And some of ours.\n"
    )
    result = kinship(child)
    assert [(span.first, span.last) for span in result.inherited] == [(7, 8)]
    assert 0.5 < result.inherited_share < 0.9


def test_moved_and_renamed_sections_find_their_partner():
    child = (
        "# Owlet\n\n## Cite\n\nPlease cite the report of the meadow group.\n\n## Photographs\n\n"
        "Nine thousand photographs of meadows, taken by volunteers between 2016 and 2022.\n\n"
        "## Recipe\n\nStir the flour into the milk and wait.\n"
    )
    result = kinship(child)
    assert changes(result)["Cite"] is Change.KEPT
    assert changes(result)["Photographs"] is Change.KEPT
    assert changes(result)["Recipe"] is Change.ADDED
    row = next(row for row in result.sections if row.heading == "Cite")
    assert PARENT.splitlines()[row.parent.first - 1] == "## Citation"


def test_naming_the_parent_is_not_being_like_it():
    child = (
        "# owlet-7b\n\n"
        + "Made from [meadow/owl-7b](https://huggingface.co/meadow/owl-7b). " * 5
        + "Bakes bread in seven shapes.\n"
    )
    parent = "# owl-7b\n\n" + "Load meadow/owl-7b first. " * 5 + "Counts mice.\n"
    result = kinship(child, parent)
    assert result.similarity["body"] < result.similarity["whole"] - 0.05


@pytest.mark.parametrize(
    ("child", "parent"), [("", PARENT), (PARENT, ""), ("", ""), ("---\nlicense: mit\n---\n", PARENT)]
)
def test_a_side_without_words_has_no_body_similarity(child, parent):
    result = kinship(child, parent)
    assert "body" not in result.similarity
    assert result.inherited_share == 0.0
    assert all(row.similarity is None for row in result.sections)


def test_thresholds_are_the_options():
    strict = KinshipOptions(edited=2.0)
    child = PARENT.replace("Nine thousand", "Ten thousand")
    result = measure_kinship(parse_card(child), parse_card(PARENT), LexicalEmbedder(), strict)
    assert [row.change for row in result.sections if row.heading == "Training data"] == [Change.ADDED, Change.DROPPED]


def test_dropped_sentences_are_fit_for_a_terminal():
    parent = "# A\n\n## Limitations\n\nDo not \x1b[31mfeed\x1b[0m the [red]owl[/red] after midnight.\n"
    (text,) = kinship("# B\n\nNothing.\n", parent).dropped
    assert "\x1b" not in text.sentences[0]


def test_many_sections_stay_within_bounds():
    many = "\n".join(f"## Part {number}\n\nText of part {number} about owl {number % 7}.\n" for number in range(2000))
    result = kinship(many, many.replace("Text", "Words"))
    assert result.sections


def test_lineage_ids_hold_what_either_card_calls_itself():
    child = parse_card("---\nbase_model:\n- https://huggingface.co/meadow/owl-7b\n- 3\n---\n", model_id="barn/owlet")
    assert lineage_ids(child, child) == ("barn/owlet", "meadow/owl-7b")


def test_same_numbers_twice():
    first, second = kinship(PARENT.replace("Snow", "Rain")), kinship(PARENT.replace("Snow", "Rain"))
    assert first == second
    assert np.isfinite(list(first.similarity.values())).all()
