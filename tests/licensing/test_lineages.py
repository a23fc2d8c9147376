"""Verdicts on real families: one for each ancestor, what softens them, and what is advised."""

from __future__ import annotations

import pytest

from cardscope.licensing import judge_licenses, overall
from cardscope.licensing.table import licenses
from cardscope.licensing.terms import MENDED_BY_TEXT, names_terms
from cardscope.parsing import parse_card
from cardscope.types import Ancestor, LicenseFields, LicenseOutcome, Lineage, ModelId, Relation, Severity

ME = ModelId("maker/child")


def chain(*above, relation=Relation.FINETUNE):
    """Ancestors from the parent up: ``(id, licence)`` or ``(id, licence, relation to the model below)``."""
    found, path, relations = [], (ME,), ()
    for entry in above:
        name, terms, hop = (*entry, relation)[:3]
        path, relations = (ModelId(name), *path), (hop, *relations)
        found.append(Ancestor(ModelId(name), len(relations), path, relations, fields(terms)))
    return Lineage(ME, ancestors=tuple(found))


def fields(terms):
    if terms is None:
        return None
    if isinstance(terms, LicenseFields):
        return terms
    return LicenseFields(tuple(terms.split("|")) if terms else ())


def judge(lineage, terms, **more):
    return judge_licenses(lineage, fields(terms), model=ME, **more)


def merged(*parents):
    return Lineage(
        ME,
        ancestors=tuple(
            Ancestor(ModelId(name), 1, (ModelId(name), ME), (Relation.MERGE,), fields(terms)) for name, terms in parents
        ),
    )


def test_no_ancestors_no_verdicts():
    assert judge(Lineage(ME), "mit") == ()
    assert overall(()) is None


def test_one_verdict_an_ancestor_nearest_first():
    verdicts = judge(chain(("a/tuned", "mit"), ("b/base", "cc-by-nc-4.0")), "mit")
    assert [(verdict.ancestor, verdict.reason) for verdict in verdicts] == [
        ("a/tuned", "SAME_LICENSE"),
        ("b/base", "NC_DROPPED"),
    ]
    far = verdicts[1]
    assert far.inherited
    assert far.lost_at == "a/tuned"
    assert far.path == ("b/base", "a/tuned", "maker/child")
    assert "inherited from b/base, dropped at a/tuned" in far.message
    assert [side.model_id for side in far.evidence] == ["b/base", "maker/child"]


def test_overall_is_the_worst_and_keeps_the_edge_verdict_beside_it():
    verdicts = judge(chain(("a/tuned", "mit"), ("b/base", "cc-by-nc-4.0")), "mit")
    whole = overall(verdicts)
    assert whole.reason == "NC_DROPPED"
    assert whole.parts == verdicts
    assert whole.parts[0].reason == "SAME_LICENSE"


def test_relations_on_the_way_decide():
    lineage = chain(("a/lora", "mit", Relation.ADAPTER), ("b/base", "gpl-3.0", Relation.FINETUNE))
    assert judge(lineage, "mit")[1].reason == "ADAPTER_DERIVATIVE_UNSETTLED"
    lineage = chain(("a/copy", "cc-by-nd-4.0", Relation.QUANTIZED), ("b/base", "cc-by-nd-4.0", Relation.QUANTIZED))
    assert overall(judge(lineage, "cc-by-nd-4.0")).reason == "ND_FORMAT_CHANGE"


def test_an_ancestor_that_could_not_be_read_adds_unknown_and_does_not_stop():
    verdicts = judge(chain(("a/gated", None), ("b/base", "gpl-3.0")), "mit")
    assert verdicts[0].outcome is LicenseOutcome.UNKNOWN
    assert "could not be read" in verdicts[0].message
    assert verdicts[1].reason == "COPYLEFT_DROPPED"
    assert verdicts[1].inherited


def test_an_unknown_relation_is_judged_as_a_fine_tune_and_said_so():
    verdict = judge(chain(("a/base", "llama2", Relation.UNKNOWN)), "mit")[0]
    assert verdict.reason == "COMMUNITY_TERMS_DROPPED"
    assert "judged as a fine-tune" in verdict.message


def test_one_owner_may_relicense():
    verdict = judge(chain(("Maker/base", "cc-by-nc-4.0")), "mit")[0]
    assert (verdict.outcome, verdict.reason, verdict.severity) == (
        LicenseOutcome.NEEDS_REVIEW,
        "SAME_OWNER_RELICENSE",
        Severity.LOW,
    )
    assert "NC_DROPPED" in verdict.message
    # Only what is incompatible is softened.
    assert judge(chain(("maker/base", "llama3")), "llama3.1")[0].reason == "VERSION_MISMATCH"


def test_no_choice_of_licence_left_gives_one_more_verdict():
    verdicts = judge(merged(("a/one", "gpl-3.0"), ("b/two", "llama2")), "")
    assert [verdict.reason for verdict in verdicts] == [
        "OBLIGATIONS_NOT_DECLARED",
        "OBLIGATIONS_NOT_DECLARED",
        "PARENTS_CONFLICT",
    ]
    assert verdicts[-1].ancestor == ""
    assert overall(verdicts).reason == "PARENTS_CONFLICT"
    assert judge(merged(("a/one", "gpl-3.0"), ("b/two", "apache-2.0")), "")[-1].reason == "CHILD_LICENSE_MISSING"
    # A parent of the same account stays out: its owner can give it another licence.
    own = judge(merged(("maker/one", "gpl-3.0"), ("b/two", "llama2")), "")
    assert "PARENTS_CONFLICT" not in {verdict.reason for verdict in own}


TERMS = {
    "llama2": "This model is subject to the Llama 2 Community License, as its base is.",
    "gemma": "Use of these weights is governed by the [Gemma Terms of Use](https://ai.google.dev/gemma/terms).",
    "cc-by-nc-4.0": "The weights inherit CC BY-NC 4.0 from the base model.",
    "creativeml-openrail-m": "License: the CreativeML OpenRAIL-M license applies with all its use limits.",
}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("llama2", "Being based on Llama 2 it is also subject to the Meta Llama 2 license terms."),
        ("gemma", "The language backbone is under gemma license."),
        ("llama3", "License: https://llama.meta.com/llama3/license/"),
        ("llama2", "The Llama 2 Community License governs this model."),
        ("gemma", "The Gemma Terms of Use govern this model."),
        ("cc-by-nc-4.0", "Creative Commons Attribution-NonCommercial 4.0 applies."),
        ("cc-by-nc-sa-4.0", "Under the Creative Commons Attribution-NonCommercial-ShareAlike 4.0 license."),
        ("creativeml-openrail-m", "It is licensed under CreativeML Open RAIL-M."),
    ],
)
def test_other_names_of_terms(terms, words):
    card = parse_card(f"# Child\n\n{words}\n")
    assert judge(chain(("a/base", terms)), "mit", card=card)[0].reason == "TERMS_IN_TEXT"


@pytest.mark.parametrize("terms", TERMS)
def test_terms_named_in_the_text(terms):
    card = parse_card(f"---\nlicense: mit\n---\n# Child\n\n{TERMS[terms]}\n")
    plain = judge(chain(("a/base", terms)), "mit")[0]
    assert plain.outcome is LicenseOutcome.INCOMPATIBLE
    named = judge(chain(("a/base", terms)), "mit", card=card)[0]
    assert (named.reason, named.severity) == ("TERMS_IN_TEXT", Severity.MEDIUM)
    assert plain.reason in named.message


@pytest.mark.parametrize(
    "words",
    [
        "We thank the authors of Llama 2.",
        "We dropped the Llama 2 Community License, under which the base stood.",
        "Governor Llama 2 Community License.",
        "This model is not subject to the Llama 2 Community License.",
        "Unlike its base it no longer falls under the Llama 2 Community License.",
        "The Llama 2 Community License is a long text.",
        "A fine-tune of llama2, licensed under MIT.",
        "This model is subject to the Llama 3 Community License.",
        "License: mit. Trained for three epochs. Llama 2 Community License.",
    ],
)
def test_a_mere_mention_is_not_enough(words):
    card = parse_card(f"# Child\n\n{words}\n")
    assert judge(chain(("a/base", "llama2")), "mit", card=card)[0].reason == "COMMUNITY_TERMS_DROPPED"


def test_front_matter_is_no_text():
    card = parse_card("---\nlicense: mit\nnote: subject to the Llama 2 Community License\n---\n# Child\n")
    assert judge(chain(("a/base", "llama2")), "mit", card=card)[0].reason == "COMMUNITY_TERMS_DROPPED"


@pytest.mark.parametrize(
    ("terms", "title"),
    [
        (
            "cc-by-nc-4.0",
            "Attribution-NonCommercial 4.0 International\n\nCreative Commons Attribution-NonCommercial 4.0",
        ),
        ("creativeml-openrail-m", "CreativeML Open RAIL-M\ndated August 22, 2022"),
        ("bigscience-openrail-m", "BigScience Open RAIL-M License"),
        ("bigscience-bloom-rail-1.0", "BigScience RAIL License v1.0\ndated May 19, 2022"),
        ("playground-v2-community", "Playground v2.5 Community License Agreement"),
    ],
)
def test_a_licence_file_is_known_by_its_first_line(terms, title):
    above = chain(("a/base", terms))
    plain = judge(above, "mit")[0]
    assert plain.outcome is LicenseOutcome.INCOMPATIBLE
    told = judge(above, "mit", license_text=title)[0]
    assert told.reason == ("TERMS_IN_TEXT" if plain.reason in MENDED_BY_TEXT else plain.reason)
    assert names_terms(licenses()[terms], None, title)
    assert not names_terms(licenses()[terms], None, "Apache License, Version 2.0")


def test_a_licence_file_that_holds_the_agreement_counts():
    text = "LLAMA 2 COMMUNITY LICENSE AGREEMENT\nLlama 2 Version Release Date: July 18\n"
    assert judge(chain(("a/base", "llama2")), "mit", license_text=text)[0].reason == "TERMS_IN_TEXT"
    assert judge(chain(("a/base", "llama2")), "mit", license_text="MIT License")[0].reason == "COMMUNITY_TERMS_DROPPED"


def test_text_mends_labels_but_not_copyleft():
    card = parse_card("# Child\n\nSubject to the GNU General Public License v3.0.\n")
    assert judge(chain(("a/base", "gpl-3.0")), "mit", card=card)[0].reason == "COPYLEFT_DROPPED"


def advised(verdicts):
    return [advisory.code for verdict in verdicts for advisory in verdict.advisories]


def test_names_and_words_to_carry():
    card = parse_card("# Child\n\nA model.\n")
    assert "naming-prefix" in advised(judge(chain(("a/base", "llama3")), "llama3"))
    assert "naming-words" not in advised(judge(chain(("a/base", "llama3")), "llama3"))
    assert "naming-words" in advised(judge(chain(("a/base", "llama3")), "llama3", card=card))
    shown = parse_card("# Child\n\nBuilt with **Meta Llama 3**.\n")
    assert "naming-words" not in advised(judge(chain(("a/base", "llama3")), "llama3", card=shown))
    named = judge_licenses(chain(("a/base", "llama3.1")), fields("llama3.1"), model=ModelId("maker/LLaMA-child"))
    assert "naming-prefix" not in advised(named)
    nvidia = LicenseFields(("other",), "nvidia-open-model-license", "https://maker.example/terms")
    assert "naming-words" in advised(judge(chain(("a/cosmos-base", nvidia)), nvidia, card=card))
    assert "naming-words" not in advised(judge(chain(("a/other-base", nvidia)), nvidia, card=card))


def test_advice_is_given_once_for_a_family():
    verdicts = judge(chain(("a/tuned", "llama3"), ("b/base", "llama3")), "llama3")
    assert advised(verdicts).count("user-threshold") == 1


def test_advice_on_the_childs_own_label():
    assert "other-unnamed" in advised(judge(chain(("a/base", "mit")), "other"))
    named = LicenseFields(("other",), "house", "https://maker.example/terms")
    assert "other-unnamed" not in advised(judge(chain(("a/base", "mit")), named))
    assert "license-text-missing" in advised(judge(chain(("a/base", "mit")), "mit", license_text=""))
    assert "license-text-missing" not in advised(judge(chain(("a/base", "mit")), "mit"))
    assert "stricter-child" in advised(judge(chain(("a/base", "mit")), "cc-by-nc-4.0"))
    copy = chain(("a/base", "mit", Relation.QUANTIZED))
    assert "quantized-relabelled" in advised(judge(copy, "apache-2.0"))
    assert "quantized-relabelled" not in advised(judge(copy, "MIT"))


def test_labels_of_strangers_stay_text():
    bad = LicenseFields(("other",), "\x1b[31m{child}\u202e" * 40)
    verdict = judge(chain(("a/base", bad)), "mit")[0]
    assert verdict.reason == "PARENT_CUSTOM_LICENSE"
    assert "\x1b" not in verdict.message
    assert len(verdict.message) < 400
