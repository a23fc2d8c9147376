"""Coverage: for every label present, placeholder or absent, how it was found and where."""

from __future__ import annotations

import pytest

from cardscope import tables
from cardscope.parsing import parse_card
from cardscope.types import Coverage, CoverageState, Found, Span

PRESENT, OPEN, ABSENT = CoverageState.PRESENT, CoverageState.PLACEHOLDER, CoverageState.ABSENT


def cover(body="", front=""):
    return parse_card((f"---\n{front}\n---\n" if front else "") + body).coverage


def test_every_label_has_an_answer_even_for_nothing():
    labels = [name for name in tables.read_table("sections") if name != "table"]
    coverage = parse_card("").coverage
    assert list(coverage) == labels
    assert set(coverage.values()) == {Coverage(ABSENT)}


def test_present_beats_placeholder_and_the_surest_way_names_it():
    coverage = cover("# X\n\n- License: TBD\n\n## License\n\nYou may.\n", "license: mit")
    assert coverage["license"] == Coverage(PRESENT, Found.HEADING, (Span(2, 2), Span(8, 10)))


def test_a_placeholder_is_said_to_be_one_and_where():
    coverage = cover("# X\n\n## Limitations\n\n[More Information Needed]\n")
    assert coverage["limitations"] == Coverage(OPEN, Found.HEADING, (Span(3, 5),))


@pytest.mark.parametrize("under", ["", "---\n"])
def test_nothing_under_a_heading_is_no_placeholder(under):
    coverage = cover(f"# X\n\nOf rivers.\n\n## Limitations\n\n{under}\n## License\n\nYou may.\n")
    assert coverage["limitations"] == Coverage(ABSENT)
    assert coverage["license"].state is PRESENT


def test_a_comment_holds_a_place():
    assert cover("# X\n\n## Limitations\n\n<!-- say which -->\n")["limitations"].state is OPEN


def test_a_title_alone_is_neither_description_nor_place():
    assert cover("# Ferry DialoGPT Model\n")["model_description"] == Coverage(ABSENT)


def test_a_heading_with_sub_headings_only_answers_nothing_itself():
    coverage = cover("# X\n\n## Evaluation\n\n<!-- how -->\n\n### Testing data\n\nThe Ferry test set.\n")
    assert coverage["evaluation_data"].state is PRESENT
    assert coverage["results"].state is ABSENT


def test_sub_headings_of_no_known_meaning_answer_for_their_heading():
    coverage = cover("# X\n\n## Evaluation\n\n### Ferries\n\n12 of 13.\n")
    assert coverage["results"] == Coverage(PRESENT, Found.HEADING, (Span(5, 7),))


def test_a_narrower_answer_counts_for_the_wider_question():
    coverage = cover("# X\n\n## Uses\n\n### Direct Use\n\nFor rivers.\n\n### Downstream Use\n\nTBD\n")
    assert coverage["intended_use"].state is PRESENT
    assert coverage["downstream_use"].state is OPEN


@pytest.mark.parametrize(
    ("front", "label", "state"),
    [
        ("license: mit", "license", PRESENT),
        ("license: unknown", "license", OPEN),
        ("licence: license", "license", OPEN),
        ("licence: mit", "license", PRESENT),
        ("license:", "license", ABSENT),
        ("license: '[More Information Needed]'", "license", OPEN),
        ("base_model: ferry/brook", "base_model", PRESENT),
        ("base_model: [ferry/brook]", "base_model", PRESENT),
        ("base_model: [[ferry/brook]]", "base_model", ABSENT),
        ("base_model: [[ferry/brook], ferry/rill]", "base_model", PRESENT),
        ("base_model: true", "base_model", ABSENT),
        ("datasets:\n- ferry\n- null", "training_data", PRESENT),
        ("datasets: []", "training_data", ABSENT),
        ("metrics: [accuracy]", "metrics", PRESENT),
        ("language: no", "language", PRESENT),
        ("co2_eq_emissions: 12", "environmental_impact", PRESENT),
        ("co2_eq_emissions:\n  emissions: 12\n  hardware_used: one", "training_hardware", PRESENT),
        ("tags: ['arxiv:2101.00001']", "paper", PRESENT),
        ("tags: [river]", "paper", ABSENT),
        ("model-index:\n- name: x\n  results: []", "results", ABSENT),
        ("model-index:\n- results:\n  - metrics:\n    - type: wer\n      value: 1", "results", PRESENT),
        ("model-index:\n- results:\n  - dataset:\n      name: f\n    metrics: []", "evaluation_data", PRESENT),
        ("model-index: nonsense", "results", ABSENT),
    ],
)
def test_front_matter(front, label, state):
    answer = cover("# X\n", front)[label]
    assert answer.state is state
    if state is not ABSENT:
        assert answer.how is Found.FRONT_MATTER
        assert answer.spans[0].first == 2


@pytest.mark.shared
def test_states_agree_with_evidence_on_real_cards(shared):
    """Whatever a card holds: a label is present if and only if some evidence, field or narrower label says so."""
    import pyarrow.parquet as pq

    parents = {row.get("parent") for row in tables.read_table("sections").values()}
    texts = pq.read_table(shared / "cards" / "cards.parquet", columns=["card"])["card"].to_pylist()[::211]
    assert len(texts) > 100
    for text in texts:
        card = parse_card(text)
        said = {entry.label for section in card.sections for entry in section.evidence if not entry.placeholder}
        for label, answer in card.coverage.items():
            if label in said:
                assert answer.state is PRESENT
            elif answer.state is PRESENT and label not in parents:
                assert answer.how is Found.FRONT_MATTER
            assert (answer.how is None) is (answer.state is ABSENT)
            assert all(1 <= span.first <= span.last <= len(card.lines) for span in answer.spans)
