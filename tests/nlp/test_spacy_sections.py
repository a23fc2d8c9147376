"""The spaCy component as a spaCy user meets it, and the sentences that kinship relies on."""

from __future__ import annotations

import itertools
import pickle
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from cardscope.nlp import sentences

CARD = """---
license: mit
---

# Owl

A model that counts mice.

## Limitations

It sleeps by day. Snow hides the mice.

## How to use

```python
# not a heading
owl.count()
```
"""


def cut(text: str, language: str = "xx") -> list[str]:
    return [text[first:last] for first, last in sentences(text, language)]


def test_the_factory_is_found_by_entry_point_without_importing_cardscope():
    assert [point.value for point in entry_points(group="spacy_factories", name="cardscope_sections")] == [
        "cardscope.nlp:make_sections_component"
    ]
    code = (
        'import spacy; nlp = spacy.blank("en"); nlp.add_pipe("cardscope_sections"); '
        'print(len(nlp("# A\\n\\nb").spans["sections"]))'
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr


@pytest.mark.parametrize("language", ["en", "xx", "de", "zh", "ru"])
def test_sections_stand_in_the_doc_with_their_labels(language):
    nlp = spacy.blank(language)
    nlp.add_pipe("cardscope_sections")
    doc = nlp(CARD)
    spans = list(doc.spans["sections"])
    assert doc.text == CARD
    assert [span.label_ for span in spans][1:] == ["limitations", "how_to_use"]
    assert spans[1].text.startswith("## Limitations")
    assert spans[1].text.endswith("Snow hides the mice.")
    assert spans[2].text.endswith("```")
    assert all(before.end <= after.start for before, after in itertools.pairwise(spans))


def test_the_card_is_on_the_doc():
    nlp = spacy.blank("en")
    nlp.add_pipe("cardscope_sections")
    card = nlp(CARD)._.card
    assert card.front_matter.fields == {"license": "mit"}
    assert [section.heading for section in card.sections] == ["Owl", "Limitations", "How to use"]


def test_a_doc_still_travels():
    nlp = spacy.blank("en")
    nlp.add_pipe("cardscope_sections")
    doc = nlp(CARD)
    back = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    for other in (back, pickle.loads(pickle.dumps(doc)), *DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)):
        assert [span.label_ for span in other.spans["sections"]] == [span.label_ for span in doc.spans["sections"]]
        assert other._.card == doc._.card


def test_a_pipeline_is_saved_and_loaded(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("cardscope_sections", config={"spans_key": "parts"})
    nlp.to_disk(tmp_path)
    assert len(spacy.load(tmp_path)(CARD).spans["parts"]) == 3


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff# A\n", "# A\r\n\r\nb\r\n", "a\x00b\x1b[31m", "---\nx"])
def test_any_text_is_taken(text):
    nlp = spacy.blank("xx")
    nlp.add_pipe("cardscope_sections")
    doc = nlp(text)
    assert all(span.text.strip() for span in doc.spans["sections"])


def test_offsets_of_crlf_and_byte_order_mark():
    nlp = spacy.blank("en")
    nlp.add_pipe("cardscope_sections")
    doc = nlp(CARD.replace("\n", "\r\n"))
    assert doc.spans["sections"][1].text.startswith("## Limitations")
    assert doc.spans["sections"][1].text.endswith("mice.")


def test_sentences_keep_numbers_and_abbreviations_whole():
    assert cut("It fails, e.g. at 0.1 % noise. See v1.2.3!  Done", "en") == [
        "It fails, e.g. at 0.1 % noise.", "See v1.2.3!", "Done",
    ]  # fmt: skip


def test_sentences_of_scripts_without_blanks():
    assert cut("模型会编造日期。不要使用！好") == ["模型会编造日期。", "不要使用！", "好"]
    assert cut("事実の確認には使えません。十七音を超えます。", "ja") == [
        "事実の確認には使えません。",
        "十七音を超えます。",
    ]


def test_sentences_of_nothing_and_of_much():
    assert sentences("") == ()
    assert sentences(" \n ") == ()
    text = "Owls count mice at night. " * 20_000
    found = sentences(text)
    assert len(found) >= 20_000
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))
