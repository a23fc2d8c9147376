"""What each check says of facts that are exactly known."""

from dataclasses import replace

import pytest

from cardscope.parsing import parse_card
from cardscope.probes import questions, run_probes
from cardscope.probes.question import View
from cardscope.types import (
    Author,
    Block,
    BlockKind,
    CardFacts,
    DroppedText,
    FrontMatterState,
    HeadingStyle,
    Kinship,
    LicenseEvidence,
    LicenseFields,
    LicenseOutcome,
    LicenseVerdict,
    ModelId,
    ModelInfo,
    Outcome,
    Problem,
    RepositoryKind,
    Severity,
    Span,
    Stated,
)
from tests.probes.build import attribution, edge, facts, lineage, section


def ask(probe, subject):
    """The one finding of a probe."""
    return {finding.probe: finding for finding in run_probes(subject)}[probe]


def test_every_question_is_answered_once_in_the_order_of_the_table():
    findings = run_probes(facts())
    assert [finding.probe for finding in findings] == list(questions())


def test_no_check_fails_on_a_card_of_nothing():
    for kind in RepositoryKind:
        assert not [finding for finding in run_probes(facts(kind=kind)) if finding.outcome is Outcome.ERROR]


def test_a_check_that_breaks_is_a_finding():
    broken = facts(fields={"license": "mit"}, sections=[None])
    with pytest.raises(AttributeError):
        run_probes(broken)  # the sums every check needs cannot be made: that is a bug, not content
    odd = facts(fields={"license": "mit"}, licenses=(None,))
    assert ask("license-fits", odd).outcome is Outcome.ERROR
    assert ask("license-fits", odd).credit is None


@pytest.mark.parametrize("explain", [True, False])
def test_what_an_index_says_of_a_model_changes_no_answer_but_through_the_kind(explain):
    told = ModelInfo(
        ModelId("other/thing-gguf"), "abc", downloads=9, likes=2, gated="auto", tags=("gguf", "license:mit", "en"),
        library_name="gguf", pipeline_tag="text-generation", card_data={"license": "mit"},
    )  # fmt: skip
    for kind in RepositoryKind:
        # Batches rely on it: copies of a text are asked once for each kind.
        subject = facts("text", fields={"license": "other"}, present=["results"], kind=kind)
        alone = run_probes(subject, explain=explain)
        assert run_probes(replace(subject, info=told), explain=explain) == alone


@pytest.mark.parametrize("probe", ["says-limitations", "says-training-data", "says-how-to-use", "says-results"])
def test_coverage_is_yes_when_present_and_no_when_absent(probe):
    label = questions()[probe].labels[0]
    there = ask(probe, facts(present={label: Span(4, 9)}))
    assert (there.outcome, there.credit, there.spans) == (Outcome.YES, 1.0, (Span(4, 9),))
    absent = ask(probe, facts())
    assert (absent.outcome, absent.credit) == (Outcome.NO, 0.0)
    assert absent.fix
    assert absent.message == f"the card does not say {questions()[probe].topic}"


def test_a_placeholder_is_no_answer_and_the_fix_names_its_lines():
    finding = ask("says-limitations", facts(placeholder={"limitations": Span(40, 52)}))
    assert finding.outcome is Outcome.NO
    assert finding.spans == (Span(40, 52),)
    assert finding.fix.startswith("replace the placeholder on lines 40–52")


def test_a_quantised_copy_is_not_asked_for_training_data_but_for_its_method():
    copy = facts("Files in Q4_K_M", kind=RepositoryKind.QUANTIZED)
    assert ask("says-training-data", copy).outcome is Outcome.NOT_APPLICABLE
    assert ask("says-limitations", copy).credit is None
    assert ask("says-quantization-method", copy).outcome is Outcome.YES
    silent = facts("Just files.", kind=RepositoryKind.QUANTIZED)
    assert ask("says-quantization-method", silent).outcome is Outcome.NO
    assert ask("has-base-model", silent).outcome is Outcome.NO
    assert ask("says-quantization-method", facts("Q4_K_M")).outcome is Outcome.NOT_APPLICABLE


def test_runnable_code_needs_a_block_of_code():
    code = section("Use", 1, 4, blocks=[Block(BlockKind.CODE, Span(2, 4), "python")])
    text = "# Use\n```python\nm = AutoModel.from_pretrained('maker/thing')\n```"
    assert ask("has-runnable-code", facts(text, sections=[code])).spans == (Span(2, 4),)
    assert ask("has-runnable-code", facts("from_pretrained(")).outcome is Outcome.NO


def test_numbers_are_asked_of_results_only():
    assert ask("results-have-numbers", facts()).outcome is Outcome.NOT_APPLICABLE
    good = facts("## Results\naccuracy 0.91", present={"results": Span(1, 2)})
    assert ask("results-have-numbers", good).outcome is Outcome.YES
    vague = facts("## Results\nvery good", present={"results": Span(1, 2)})
    assert ask("results-have-numbers", vague).outcome is Outcome.NO


def test_own_words_are_graded_and_unknown_when_nobody_looked():
    body = [section("About", 1, 9, words=300)]
    assert ask("has-own-words", facts(sections=body)).outcome is Outcome.UNKNOWN
    half = ask("has-own-words", facts(sections=body, authors={Author.TEMPLATE: 0.75, Author.AUTHORED: 0.25}))
    assert half.outcome is Outcome.NO
    assert half.credit == pytest.approx(0.5)
    assert half.message == "only 75 of 300 words are the author's"
    whole = ask("has-own-words", facts(sections=body, authors={Author.AUTHORED: 1.0}))
    assert (whole.outcome, whole.message) == (Outcome.YES, "all words are the author's, 300 in all")
    short = ask("has-own-words", facts(sections=[section("About", 1, 9, words=30)], authors={Author.AUTHORED: 1.0}))
    assert (short.outcome, short.message) == (Outcome.NO, "all words are the author's, only 30 in all")
    none = ask("has-own-words", facts(sections=body, authors={Author.TEMPLATE: 1.0}))
    assert none.message == "not one word is the author's"


def test_base_model_that_names_nobody_is_none():
    tuned = {"kind": RepositoryKind.FINETUNE}
    nobody = ask("has-base-model", facts(fields={"base_model": [["owl/night"]]}, **tuned))
    assert (nobody.outcome, nobody.spans) == (Outcome.NO, (Span(2, 2),))
    assert ask("has-base-model", facts(fields={"base_model": [["owl/night"], "owl/day"]}, **tuned)).value == "owl/day"


def test_words_at_the_top_are_counted_and_only_of_what_describes_the_model():
    about = [section("Thing", 1, 4, level=1, words=39)]
    cut = ask("says-what-it-is", facts(sections=about, authors={Author.TEMPLATE: 1.0}))
    assert cut.message == "39 words on the model at the top, nearly all of them a template's"
    assert cut.value == 10
    assert ask("says-what-it-is", facts(sections=about)).message == "39 words on the model at the top"
    usage = [section("Thing", 1, 1, level=1, words=0), section("Usage", 3, 9, words=80, labels=("how_to_use",))]
    assert ask("says-what-it-is", facts(sections=usage)).value == 0
    told = [*usage, section("About", 11, 15, words=20, labels=("model_description",))]
    assert ask("says-what-it-is", facts(sections=told)).value == 20


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("We reach 90.61 on it.", "yes"),
        ("| Accuracy | 91,5 % |", "yes"),
        ("F1 and Recall@K", "no"),
        ("![](https://host/test1.png) and https://host/2024/x", "no"),
        ("Refer to the paper (2104.08247).", "no"),
        ("See [the table](results/v2.md) of the 7B model.", "no"),
    ],
)
def test_a_number_in_the_results_is_no_address_and_no_name(line, outcome):
    told = facts(f"# A\n{line}", present={"results": Span(2, 2)})
    assert ask("results-have-numbers", told).outcome.value == outcome


def test_a_frame_of_results_and_names_of_measures_are_no_numbers():
    frame = {"model-index": [{"name": "a", "results": []}]}
    told = facts("# A\nnone yet", fields=frame, present={"results": Span(2, 2)})
    assert ask("results-have-numbers", told).outcome is Outcome.NOT_APPLICABLE  # line 2 is the front matter's here
    full = {"model-index": [{"name": "a", "results": [{"metrics": [{"value": 1}]}]}]}
    assert (
        ask("results-have-numbers", facts("# A", fields=full, present={"results": Span(2, 2)})).outcome is Outcome.YES
    )
    names = facts("---\nmetrics: f1\n---\n# A", fields={"metrics": "f1"}, present={"metrics": Span(2, 2)})
    assert ask("results-have-numbers", names).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("text", "outcome"),
    [("humanities and communities", "no"), ("merged with TIES.", "yes"), ("dare_ties", "yes"), ("science", "no")],
)
def test_a_merge_method_is_a_word(text, outcome):
    merge = facts(f"# A\n{text}", kind=RepositoryKind.MERGE)
    for explain in (True, False):
        found = {finding.probe: finding for finding in run_probes(merge, explain=explain)}
        assert found["says-merge-method"].outcome.value == outcome


@pytest.mark.parametrize(
    ("probe", "text", "lines"),
    [
        ("says-quantization-method", "made with autogptq\r\nin 4bits\r\n4bit too", (1,)),
        ("lists-files", "| file |\n|---|\n| a.pth |\nall branches", (3,)),
        ("says-merge-method", "communities\rmerged by TIES\rties", (2, 3)),
    ],
)
def test_marks_of_files_and_methods_may_be_part_of_a_name(probe, text, lines):
    kind = RepositoryKind.MERGE if probe == "says-merge-method" else RepositoryKind.QUANTIZED
    table = section("Files", 1, 9, blocks=(Block(BlockKind.TABLE, Span(1, 3)),))
    told = replace(facts(text, kind=kind, sections=[table]))
    told = replace(
        told, card=replace(told.card, lines=tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))
    )
    found = ask(probe, told)
    assert (found.outcome, tuple(span.first for span in found.spans)) == (Outcome.YES, lines)
    brief = {finding.probe: finding for finding in run_probes(told, explain=False)}[probe]
    assert brief.outcome is Outcome.YES


def test_a_base_model_that_the_text_names_is_offered_for_the_front_matter():
    text = "# A\n\nA fine-tuned version of [owl/day](https://huggingface.co/owl/day) on the None dataset."
    told = ask("has-base-model", facts(text, present={"base_model": Span(3, 3)}, kind=RepositoryKind.FINETUNE))
    assert (told.outcome, told.value) == (Outcome.NO, "owl/day")
    assert told.message == "the base model is named on line 3 and not in the front matter"
    assert told.fix == "add `base_model: owl/day` to the front matter"
    bare = facts("# A\n\nMade from owl day.", present={"base_model": Span(3, 3)}, kind=RepositoryKind.FINETUNE)
    assert ask("has-base-model", bare).fix == "add the model of line 3 as `base_model:`"
    data = "# A\n\nOn [x](https://huggingface.co/datasets/a/b) from [bert-base](https://huggingface.co/bert-base)."
    told = ask("has-base-model", facts(data, present={"base_model": Span(3, 3)}, kind=RepositoryKind.FINETUNE))
    assert told.value == "bert-base"


def test_a_licence_in_the_text_alone_is_not_called_unstated():
    told = ask("has-license", facts("# A\n\n## License\nmit", present={"license": Span(3, 4)}))
    assert (told.outcome, told.spans) == (Outcome.NO, (Span(3, 4),))
    assert told.message == "the licence stands on lines 3–4 and not in the front matter"


def test_front_matter_that_the_hub_does_not_find_is_not_called_bad_yaml():
    problem = Problem("front-matter-not-closed", "the front matter is opened and never closed", (Span(1, 3),))
    told = facts("---\nlicense: mit\n# A", state=FrontMatterState.MALFORMED, matter_problems=[problem])
    assert ask("front-matter-readable", told).outcome is Outcome.NOT_APPLICABLE
    assert ask("front-matter-closed", told).outcome is Outcome.NO


def test_the_narrower_library_is_offered():
    code = "```python\nfrom sentence_transformers import SentenceTransformer\nfrom transformers import pipeline\n```"
    assert "`library_name: sentence-transformers`" in ask("has-library-name", facts(code)).fix


# --- metadata


def test_licence_fields():
    assert ask("has-license", facts(fields={"license": "mit"})).outcome is Outcome.YES
    assert ask("has-license", facts(fields={"license": ["mit", "apache-2.0"]})).outcome is Outcome.YES
    assert ask("has-license", facts(fields={"license": ""})).outcome is Outcome.NO
    wrong = facts(fields={"licence": "apache-2.0"})
    assert ask("has-license", wrong).fix == "rename `licence:` to `license:` (`license: apache-2.0`)"
    assert ask("license-key-spelled", wrong).outcome is Outcome.NO
    literal = facts(fields={"licence": "license"})
    assert ask("has-license", literal).fix == "rename `licence:` to `license:` and give the id of your licence"


def test_other_needs_a_name_and_a_link():
    assert ask("license-is-named", facts(fields={"license": "mit"})).outcome is Outcome.NOT_APPLICABLE
    bare = ask("license-is-named", facts(fields={"license": "other"}))
    assert (bare.outcome, bare.credit) == (Outcome.NO, 0.0)
    named = ask("license-is-named", facts(fields={"license": "other", "license_name": "own"}))
    assert (named.outcome, named.credit) == (Outcome.NO, 0.5)
    assert "license_link" in named.fix
    full = facts(fields={"license": "other", "license_name": "own", "license_link": "LICENSE"})
    assert ask("license-is-named", full).outcome is Outcome.YES


def test_text_and_field_must_name_one_licence():
    text = "---\nlicense: mit\n---\n## License\nThis model is under the Apache 2.0 license."
    both = facts(text, fields={"license": "mit"}, present={"license": Span(4, 5)})
    finding = ask("license-agrees", both)
    assert finding.outcome is Outcome.NO
    assert finding.spans == (Span(2, 2), Span(4, 5))
    same = facts(text, fields={"license": "apache-2.0"}, present={"license": Span(4, 5)})
    assert ask("license-agrees", same).outcome is Outcome.YES
    custom = facts(text, fields={"license": "other"}, present={"license": Span(4, 5)})
    assert ask("license-agrees", custom).credit != 0.0


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("mit", "yes"),
        ("Apache 2.0", "yes"),
        ("other", "yes"),
        (["mit", "gemma"], "yes"),
        ("our-own-terms", "no"),
        ("unknown", "no"),
    ],
)
def test_known_licences(value, outcome):
    assert ask("license-is-known", facts(fields={"license": value})).outcome.value == outcome


@pytest.mark.parametrize(("value", "outcome"), [("en", "yes"), (["zh-Hans", "pt_BR"], "yes"), ("English", "no")])
def test_language_codes(value, outcome):
    assert ask("language-codes-valid", facts(fields={"language": value})).outcome.value == outcome


@pytest.mark.parametrize(
    ("code", "probe", "fix"),
    [
        ("front-matter-not-closed", "front-matter-closed", "close the front matter with a line `---`"),
        ("front-matter-after-text", "front-matter-at-top", "move the block to line 1"),
        ("yaml-tabs", "front-matter-readable", "indent with blanks instead of tabs (lines 3–4)"),
        ("front-matter-twice", "front-matter-once", "put the keys of the second block"),
        ("yaml-duplicate-key", "front-matter-keys-once", "keep one of the two lines"),
    ],
)
def test_each_problem_of_the_front_matter_has_the_edit_that_mends_it(code, probe, fix):
    problem = Problem(code, "something is wrong", (Span(3, 4),))
    finding = ask(probe, facts(state=FrontMatterState.MALFORMED, matter_problems=[problem]))
    assert finding.outcome is Outcome.NO
    assert finding.fix.startswith(fix)
    assert finding.spans == (Span(3, 4),)
    assert finding.value == code


@pytest.mark.parametrize("code", ["front-matter-after-blank", "front-matter-indented"])
def test_front_matter_behind_what_the_hub_skips_is_named_and_costs_nothing(code):
    problem = Problem(code, "something stands before it", (Span(1, 2),))
    card = facts(fields={"license": "mit"}, matter_problems=[problem])
    finding = ask("front-matter-at-top", card)
    assert (finding.outcome, finding.credit, finding.severity) == (Outcome.NO, 1.0, Severity.INFO)
    assert (finding.message, finding.spans) == ("something stands before it", (Span(1, 2),))
    assert finding.fix
    brief = next(found for found in run_probes(card, explain=False) if found.probe == "front-matter-at-top")
    assert (brief.outcome, brief.credit) == (finding.outcome, finding.credit)


@pytest.mark.parametrize(
    ("text", "outcome", "credit"),
    [
        ("---\nlicense: mit\n---\n", Outcome.YES, 1.0),
        ("\n\n---\nlicense: mit\n---\n", Outcome.NO, 1.0),
        ("  ---\nlicense: mit\n---\n", Outcome.NO, 1.0),
        ("# Ferry\n\n---\nlicense: mit\n---\n", Outcome.NO, 0.0),
        ("\n---\n\n---\n", Outcome.NOT_APPLICABLE, None),
        ("# Ferry\n", Outcome.NOT_APPLICABLE, None),
    ],
)
def test_front_matter_costs_points_only_where_the_hub_does_not_find_it(text, outcome, credit):
    finding = ask("front-matter-at-top", CardFacts(parse_card(text), RepositoryKind.BASE))
    assert (finding.outcome, finding.credit) == (outcome, credit)


def test_a_licence_under_another_key_stands_in_the_front_matter():
    named = ask("has-license", CardFacts(parse_card("---\nlicence: mit\n---\n# Ferry\n"), RepositoryKind.BASE))
    assert named.message == "the licence stands on line 2 and not under the key `license`"
    literal = ask("has-license", CardFacts(parse_card("---\nlicence: license\n---\n# Ferry\n"), RepositoryKind.BASE))
    assert literal.message == "no licence is stated"


@pytest.mark.parametrize(
    ("fields", "message", "fix"),
    [
        ({"licence": "mit"}, "the key is `licence`, which the Hub does not read", "rename `licence:` to `license:`"),
        (
            {"licence": "license"},
            "the key is `licence`, which the Hub does not read, and `license` names no known licence",
            "write `license:` with the id of your licence, for instance `license: mit`, in place of `licence:`",
        ),
        (
            {"licence": ""},
            "the key is `licence`, which the Hub does not read, and it names no licence",
            "write `license:` with the id of your licence, for instance `license: mit`, in place of `licence:`",
        ),
        ({"Licence": "other"}, "the key is `Licence`, which the Hub does not read", "rename `Licence:` to `license:`"),
        (
            {"license": "mit", "licence": "license"},
            "the key is `licence`, which the Hub does not read",
            "delete `licence:`: the Hub reads `license:`",
        ),
    ],
)
def test_a_misspelt_key_of_the_licence(fields, message, fix):
    finding = ask("license-key-spelled", facts(fields=fields))
    assert (finding.outcome, finding.message, finding.fix) == (Outcome.NO, message, fix)


def test_a_guessed_library_stands_in_the_fix():
    finding = ask("has-library-name", facts("from diffusers import X"))
    assert "`library_name: diffusers`" in finding.fix


# --- provenance


def test_a_base_model_in_prose_is_offered_as_the_fix():
    prose = edge("org/base", stated=Stated.PROSE, span=Span(7, 7))
    finding = ask("has-base-model", facts(kind=RepositoryKind.FINETUNE, lineage=lineage(prose)))
    assert finding.fix == "add `base_model: org/base` to the front matter (stated by prose)"
    assert finding.spans == (Span(7, 7),)


def test_bad_links_cost_their_share_and_unknown_ones_nothing():
    stated = {"base_model": ["org/a", "org/b"]}
    assert ask("base-model-resolves", facts(fields=stated)).outcome is Outcome.UNKNOWN
    both = lineage(edge("org/a", Problem("dead", "gone")), edge("org/b"))
    finding = ask("base-model-resolves", facts(fields=stated, kind=RepositoryKind.MERGE, lineage=both))
    assert (finding.outcome, finding.credit) == (Outcome.NO, 0.5)
    assert "org/a" in finding.fix
    assert ask("base-model-resolves", facts(lineage=lineage(edge("org/a")))).outcome is Outcome.YES
    unheard = lineage(edge("org/a"), problems=(Problem("unreachable", "the Hub does not answer"),))
    assert ask("base-model-resolves", facts(lineage=unheard)).outcome is Outcome.UNKNOWN


def verdict(outcome, severity=Severity.HIGH, **rest):
    base = LicenseFields(("gemma",))
    side = LicenseEvidence("ancestor", "org/a", base, "gemma", "id", {}, "https://example.org", "high")
    return LicenseVerdict(outcome, "NC_DROPPED", severity, ancestor="org/a", message="why", evidence=(side,), **rest)


def test_licence_verdicts_become_findings_with_reason_and_severity():
    bad = ask("license-fits", facts(licenses=(verdict(LicenseOutcome.INCOMPATIBLE),)))
    assert (bad.outcome, bad.credit, bad.severity, bad.value) == (Outcome.NO, 0.0, Severity.HIGH, "NC_DROPPED")
    assert "license: gemma" in bad.fix
    review = ask("license-fits", facts(licenses=(verdict(LicenseOutcome.NEEDS_REVIEW, Severity.LOW),)))
    assert (review.outcome, review.credit, review.severity) == (Outcome.NO, 0.5, Severity.LOW)
    unknown = ask("license-fits", facts(licenses=(verdict(LicenseOutcome.UNKNOWN, Severity.INFO),)))
    assert (unknown.outcome, unknown.credit) == (Outcome.UNKNOWN, None)
    worst = (verdict(LicenseOutcome.COMPATIBLE), verdict(LicenseOutcome.INCOMPATIBLE))
    assert ask("license-fits", facts(licenses=worst)).credit == 0.0


@pytest.mark.parametrize("code", ["naming-prefix", "naming-words", "license-text-missing"])
def test_duty_of_a_licence_is_told_with_the_edit_that_meets_it(code):
    owed = Problem(code, "gemma asks for something")
    finding = ask("license-duties", facts(licenses=(verdict(LicenseOutcome.COMPATIBLE, advisories=(owed,)),)))
    assert (finding.outcome, finding.value, finding.message) == (Outcome.NO, code, owed.message)
    assert finding.fix == questions()["license-duties"].mends[code]


def test_dropped_warnings_cost_their_share():
    kin = Kinship(
        ModelId("org/a"), {"whole": 0.5}, 0.1, dropped=(DroppedText("limitations", Span(10, 20), 0.75, ("x",)),)
    )
    finding = ask("keeps-warnings", facts(kinship=(kin,), lineage=lineage(edge("org/a"))))
    assert finding.outcome is Outcome.NO
    assert finding.credit == pytest.approx(0.25)
    assert "lines 10–20 of org/a" in finding.fix
    linked = facts("# Card\nFor its limitations see org/a.", kinship=(kin,), lineage=lineage(edge("org/a")))
    assert ask("keeps-warnings", linked).spans == (Span(2, 2),)
    assert ask("keeps-warnings", facts(lineage=lineage(edge("org/a")))).outcome is Outcome.UNKNOWN


def test_copied_text_must_say_whose_it_is():
    kin = Kinship(ModelId("org/a"), {}, 0.95, inherited=(Span(2, 9),))
    body = [section("Org", 1, 9)]
    silent = facts("# Org\n" + "words\n" * 8, sections=body, kinship=(kin,))
    assert ask("says-inherited", silent).outcome is Outcome.NO
    assert ask("describes-itself", silent).outcome is Outcome.NO
    marked = facts("# Original model card\n" + "words\n" * 8, sections=body, kinship=(kin,))
    assert ask("says-inherited", marked).outcome is Outcome.YES
    linked = facts("copy of org/a\nwords\n" + "words\n" * 8, sections=body, kinship=(kin,))
    assert ask("says-inherited", linked).outcome is Outcome.YES


# --- form


def test_placeholders_cost_by_number_and_name_their_lines():
    parts = attribution((Author.AUTHORED, 1, 5, 50), (Author.PLACEHOLDER, 6, 6, 3), (Author.PLACEHOLDER, 9, 12, 3))
    text = "\n".join(["x"] * 10 + ["", "x"])
    finding = ask("no-placeholders", facts(text, sections=[section("A", 1, 12)], attribution=parts))
    assert finding.outcome is Outcome.NO
    assert finding.message == "4 placeholders are left"
    assert finding.credit == pytest.approx(0.5)
    assert finding.fix == "fill in or delete the placeholders on lines 6, 9–12"
    # A label that is only promised is asked for by its own question, an empty section by another.
    promised = facts(text, sections=[section("A", 1, 12)], placeholder=["limitations"],
                     attribution=attribution((Author.AUTHORED, 1, 12, 50)))  # fmt: skip
    assert ask("no-placeholders", promised).outcome is Outcome.YES


def test_a_heading_with_subsections_is_not_empty():
    tree = [
        section("Title", 1, 1, level=1, words=0),
        section("Training", 3, 3, words=0, parent=0),
        section("Data", 5, 6, level=3, parent=1),
        section("Nothing", 8, 8, words=0, parent=0),
    ]
    finding = ask("no-empty-sections", facts(sections=tree))
    assert finding.outcome is Outcome.NO
    assert finding.spans == (Span(8, 8),)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("```\na\n```", "yes"),
        ("~~~~ py\na\n~~~~~", "yes"),
        ("    indented\n    code\n    more", "yes"),
        ("```\na\nb", "no"),
        ("```\na\n~~~", "no"),
    ],
)
def test_an_open_fence(text, outcome):
    code = section("A", 1, 3, blocks=[Block(BlockKind.CODE, Span(1, 3))])
    assert ask("fences-closed", facts(text, sections=[code])).outcome.value == outcome


def test_levels_may_not_skip():
    skip = [section("A", 1, 2, level=1), section("B", 3, 4, level=4)]
    assert ask("headings-nest", facts(sections=skip)).fix == "use level 2 on line 3"
    bold = [section("A", 1, 2, level=1), section("B", 3, 4, level=4, style=HeadingStyle.BOLD)]
    assert ask("headings-nest", facts(sections=bold)).credit != 0.0


# --- standardization


def test_likeness_is_a_degree():
    body = [section("About", 1, 9, words=100)]
    quarter = facts(sections=body, authors={Author.TEMPLATE: 0.2, Author.PLACEHOLDER: 0.05, Author.AUTHORED: 0.75})
    finding = ask("words-from-a-template", quarter)
    assert finding.credit == pytest.approx(0.5)
    assert finding.value == pytest.approx(0.25)
    assert finding.severity is Severity.NONE
    assert ask("placeholders-left", quarter).credit == pytest.approx(0.5)
    assert ask("words-from-a-template", facts(sections=body)).outcome is Outcome.UNKNOWN


def test_order_is_the_longest_run_that_follows_the_template():
    labels = ["limitations", "how_to_use", "training_data", "intended_use"]
    tree = [section(label, number * 2, number * 2 + 1, labels=[label]) for number, label in enumerate(labels, 1)]
    finding = ask("sections-in-template-order", facts(sections=tree))
    assert finding.value == pytest.approx(0.75)


def test_parts_of_points_are_kept_for_few_values_and_right_for_all():
    ask_for = questions()["has-own-words"]
    for _ in range(2):
        view = View(facts(authors={Author.AUTHORED: 1.0}), brief=True)
        for value in range(1, 3000):
            given = view.graded(ask_for, value / 20.0)
            assert given.credit == min(1.0, value / 20.0 / ask_for.threshold)
            assert given.outcome is (Outcome.YES if value / 20.0 >= ask_for.threshold else Outcome.NO)
    assert len(ask_for.partly) <= 1000
