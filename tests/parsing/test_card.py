from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cardscope
from cardscope.errors import InvalidModelId
from cardscope.parsing import parse_card, read_card
from cardscope.types import Card, FrontMatterState, HeadingStyle, RawCard, Span, model_id

TEXT = """---
license: mit
language: no
---

Some words first.

# A model

Made by nobody.

## Limitations

It errs.

### In detail

- often
"""


def check(card: Card) -> None:
    """What holds for every card there can be."""
    count = len(card.lines)
    above = card.front_matter.span.last if card.front_matter.span else 0
    if card.body:
        assert above < card.body.first <= card.body.last <= count
    for index, section in enumerate(card.sections):
        assert above < section.span.first <= section.span.last <= count
        above = section.span.last
        assert section.parent is None or section.parent < index
        assert section.parent is None or card.sections[section.parent].level < section.level
        assert (section.style is HeadingStyle.NONE) == (section.level == 0)
        assert 0 <= section.level <= 6
        assert section.words >= 0
        inside = section.span.first - 1
        for block in section.blocks:
            assert inside < block.span.first <= block.span.last <= section.span.last
            inside = block.span.last
        assert tuple(dict.fromkeys(entry.label for entry in section.evidence)) == section.labels
    for problem in (*card.problems, *card.front_matter.problems):
        for span in problem.spans:
            assert 1 <= span.first <= span.last <= max(1, count)
    for span in card.front_matter.lines.values():
        assert card.front_matter.span is not None
        assert card.front_matter.span.first < span.first <= span.last < card.front_matter.span.last


def test_a_card_is_read_from_top_to_bottom():
    card = parse_card(TEXT.encode(), "owner/name")
    check(card)
    assert card.model_id == "owner/name"
    assert card.front_matter.fields == {"license": "mit", "language": "no"}
    assert card.body == Span(6, 18)
    assert [(s.heading, s.level, s.parent, s.span.first, s.span.last) for s in card.sections] == [
        ("", 0, None, 6, 6),
        ("A model", 1, None, 8, 10),
        ("Limitations", 2, 1, 12, 14),
        ("In detail", 3, 2, 16, 18),
    ]
    assert "limitations" in card.sections[2].labels
    assert card.coverage["limitations"].state == "present"
    assert card.lines[card.sections[2].span.first - 1] == "## Limitations"
    assert card.digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert card.problems == ()


def test_text_and_bytes_and_raw_cards_read_the_same():
    card = parse_card(TEXT)
    assert parse_card(TEXT.encode()) == card
    assert read_card(RawCard(TEXT.encode())) == card
    assert read_card(RawCard(b"", model_id("a/b"))).model_id == "a/b"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_numbers_do_not_depend_on_how_lines_end(end):
    # The Hub's client reads no front matter that a carriage return alone closes, so the body is compared.
    body = TEXT.split("---\n")[2]
    plain, other = parse_card(body), parse_card(body.replace("\n", end))
    assert plain.lines == other.lines
    assert plain.sections == other.sections


def test_a_byte_order_mark_hides_nothing():
    card = parse_card(b"\xef\xbb\xbf" + TEXT.encode())
    assert card.front_matter.state is FrontMatterState.PRESENT
    assert card.sections == parse_card(TEXT).sections


def test_the_package_offers_it():
    assert cardscope.parse_card is parse_card


def test_an_impossible_id_is_the_caller_s_error():
    with pytest.raises(InvalidModelId):
        parse_card("", "not an id")


@pytest.mark.parametrize(
    "text", ["", "\n", " ", "\x00", "\ufeff", "---", "---\n", "---\n---", "---\n\n---", "\r", "#", "<h1>"]
)
def test_nearly_nothing(text):
    card = parse_card(text)
    check(card)
    check(parse_card(text.encode()))


MARKS = st.sampled_from([
    "---", "\n", "\r", "\r\n", "\n\n", " ", "\t", "# ", "#", "## b", "===", "- ", "> ", "1. ", "|", "|-|", "```", "~~~",
    "    ", "<h1>", "</h1>", "<h2 a='b'>", "<div>", "</div>", "<!--", "-->", "<details>", "<pre>", "**", "**a**",
    "__a__", ":", "[a](b)", "![", "![a](https://img.shields.io/b)", "<img src=a>", "&amp;", "&#x1F917;", "\\", "`", "a",
    "license: mit", "tags: [", "é", "模型", "🤗", "\x00", "\x1b", "\u2028", "\x0c", "\x85", "\ufeff", "[^a]", "[^a]: ",
    "[a]: b", "$$", "~~", "- [ ] ",
])  # fmt: skip


@settings(max_examples=1_500, deadline=None)
@given(st.lists(MARKS, max_size=40).map("".join))
def test_no_text_of_markdown_raises_or_bends_a_span(text):
    check(parse_card(text))


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_no_text_raises(text):
    check(parse_card(text))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise(content):
    check(parse_card(content))


# --- a megabyte meant to hurt ---------------------------------------------------------------------------------------

MEGABYTE = {
    "brackets": "[" * 1_000_000,
    "images": "![a](" * 200_000,
    "backticks": "`" * 1_000_000,
    "uneven backticks": "`a ``b " * 150_000,
    "emphasis": "*_" * 500_000,
    "half bold": "a**b " * 200_000,
    "bold lines": "**a**\n\n" * 140_000,
    "open bold lines": "**a\n\n" * 200_000,
    "comments": "<!-- x\n" * 150_000,
    "comments in a line": "<p><!-- x" * 110_000,
    "headings": "<h1>" * 250_000,
    "headings with text": "<h1>x\n" * 170_000,
    "headings without end": "<h1 x " * 170_000,
    "headings in a line": "a <h1>x " * 120_000,
    "tags": "<" * 1_000_000,
    "details": "<details>\n\n" * 90_000,
    "underlined": "a\n===\n" * 160_000,
    "one long underlined": "a\n" * 480_000 + "===\n",
    "hashes": "#Title\n" * 140_000,
    "hash run": "#" * 1_000_000,
    "table": "|a|b|\n|-|-|\n" + "|1|2|\n" * 160_000,
    "wide table": "|" + "a|" * 300_000 + "\n|" + "-|" * 300_000 + "\n",
    "quotes": ">" * 1_000_000,
    "headings in quotes": "> # a\n" * 160_000,
    "lists": "".join(" " * depth + "- a\n" for depth in range(1_400)),
    "list in a line": "- " * 500_000,
    "one line": "x" * 1_000_000,
    "entities": "&amp;" * 200_000,
    "number": "<p>&#" + "9" * 900_000 + ";",
    "nul": "\0" * 1_000_000,
    "returns": "\r" * 1_000_000,
    "line ends": "\n" * 1_000_000,
    "blanks": " " * 1_000_000,
    "surrogates": "\ud800" * 1_000_000,
    "dashes": "---\n" * 250_000,
    "dash run": "-" * 1_000_000,
    "later blocks": "x\n" + "---\nlicense: a\n" * 60_000,
    "later blocks not closed": "x\n" + "----\nlicense: a\n" * 60_000,
    "references": "[a]: b\n" * 140_000,
    "footnotes": "[^a]: x\n" * 120_000,
    "not closed": "---\n" + "license: x\n" * 90_000,
    "yaml brackets": "---\n" + "[" * 1_000_000 + "\n---\n",
    "yaml braces": "---\n" + "a: {" * 250_000 + "\n---\n",
    "yaml dashes": "---\n" + "- " * 500_000 + "\n---\n",
    "yaml questions": "---\n" + "? " * 500_000 + "\n---\n",
    "yaml copies": '---\na: &a "' + "x" * 500_000 + '"\nb: [' + "*a," * 100_000 + "]\n---\n",
    "yaml bomb": "---\na: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
    + "---\n",
    "yaml keys twice": "---\n" + "a: 1\n" * 200_000 + "---\n",
    "yaml broken": "---\na: @\n" + "b: [1]\n" * 130_000 + "---\n",
    "model-index": "---\nmodel-index:\n- name: x\n  results:\n"
    + "".join(f"  - metrics:\n    - type: acc\n      value: 0.{i}\n" for i in range(22_000))
    + "---\n",
}

#: Peak memory above what the imports take: the 200 MB that the project promises.
_ONE = """
import resource, sys, time
sys.path[:0] = [{root!r}]
from cardscope.parsing import parse_card
from tests.parsing.test_card import MEGABYTE, check
parse_card("---\\na: 1\\na: 2\\n---\\n# a")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name in {names!r}:
    started = time.process_time()
    check(parse_card(MEGABYTE[name]))
    took = time.process_time() - started
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(name, round(took, 2), peak, sep="\\t", flush=True)
"""


@pytest.mark.parametrize("start", range(0, len(MEGABYTE), 10))
def test_no_megabyte_hangs_crashes_or_eats_the_memory(start):
    """Each takes well under a second; the limit here only tells a hang from a busy machine."""
    names = list(MEGABYTE)[start : start + 10]
    code = _ONE.format(root=str(Path(cardscope.__file__).parent.parent), names=names)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == names
    for name, seconds, megabytes in rows:
        assert float(seconds) < 10, name
        assert int(megabytes) < 200, name


def test_a_deep_or_wide_front_matter_leaves_the_body_readable():
    for name in ("yaml brackets", "yaml bomb", "yaml copies", "yaml dashes", "yaml questions"):
        card = parse_card(MEGABYTE[name] + "# Title\n")
        assert card.front_matter.state is FrontMatterState.MALFORMED, name
        assert [section.heading for section in card.sections] == ["Title"], name


@pytest.mark.parametrize(
    ("heading", "labels"),
    [
        ("Model architecture", ("architecture", "model_type")),
        ("Direct Use", ("direct_use", "intended_use")),
        ("Training Hyperparameters", ("hyperparameters", "training_procedure")),
    ],
)
def test_a_section_carries_the_wider_label_after_its_own(heading: str, labels: tuple[str, ...]) -> None:
    card = parse_card(f"# Owl\n\n## {heading}\n\nIt has wings of two kinds.\n")
    assert card.sections[-1].labels == labels
    assert [evidence.label for evidence in card.sections[-1].evidence] == list(labels)


def test_a_comment_of_bare_code_does_not_count_its_paragraph_twice():
    card = parse_card("# Owl\n\npip install owl\n#then run it\n")
    assert [section.heading for section in card.sections] == ["Owl"]
    assert card.sections[0].words == 6
