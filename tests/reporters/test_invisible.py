"""Characters of a card that cannot be seen: left out for people, escaped and kept for programs."""

from __future__ import annotations

import json
import sys

import pytest

from cardscope.reporters.jsonl import JsonLinesReporter, JsonReporter, to_dict
from cardscope.reporters.markdown import MarkdownReporter
from cardscope.reporters.safe_json import dumps
from cardscope.reporters.terminal import TerminalReporter
from cardscope.text.clean import clean
from tests.reporters.build import full_analysis

EVERY = [chr(number) for number in range(sys.maxunicode + 1)]
#: What the reports for people leave out; blanks of all kinds become one.
HIDDEN = [character for character in EVERY if clean(f"a{character}") == "a" and not character.isspace()]
LINES = ["\x85", "\u2028", "\u2029"]
WORD = "a" + "\n".join(HIDDEN) + "z"


def test_the_usual_suspects_are_among_them() -> None:
    assert set("\x00\x07\x1b\x7f\x9b\u00ad\u200b\u200d\u202e\u2066\ufeff\U000e0041") <= set(HIDDEN)
    assert not set("aé猫🦉\ufe0f\u0301") & set(HIDDEN)


def test_terminal_and_markdown_leave_them_out() -> None:
    result = full_analysis(word=WORD)
    for reporter in (TerminalReporter(120), TerminalReporter(120, explain=True), MarkdownReporter(500)):
        assert not set(HIDDEN + LINES) & set(reporter.render(result))


@pytest.mark.parametrize("reporter", [JsonReporter(), JsonLinesReporter()])
def test_json_escapes_them_and_loses_none(reporter: JsonReporter | JsonLinesReporter) -> None:
    result = full_analysis(word=WORD)
    text = reporter.render(result)
    assert not set(HIDDEN + LINES) & set(text)
    data = json.loads(text)
    assert data["front_matter"]["fields"]["license"] == WORD
    assert data == json.loads(json.dumps(to_dict(result)))


def test_letters_of_all_scripts_stay_readable() -> None:
    text = "Eule é 猫 🦉 ❤\ufe0f سلام किताब"
    assert text in dumps({"x": text})


def test_any_character_comes_back() -> None:
    assert json.loads(dumps(EVERY)) == EVERY
