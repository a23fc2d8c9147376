"""The Markdown report is readable, and nothing of a card in it is alive."""

import html as entities
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cardscope.reporters.markdown import MarkdownReporter, code, prose, wrong_ones
from cardscope.text.clean import clean
from cardscope.types import ModelId, Severity, SkippedCard, SkipReason
from tests.probes.build import facts
from tests.reporters.build import full_analysis

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example/path",
    "www.evil.example",
    "someone@evil.example",
    "` <b>out</b> ` ``` <i>",
    "``` \n# heading\n```",
    "\n\n# heading\n\n<b>x</b>",
    "| a | b |\n|--|--|",
    "</details><h1>",
    "<!-- hidden",
    "\x1b[31mred\x1b[0m\u202e",
    "&lt;b&gt; &#60;b&#62;",
    "[x]: https://evil.example\n\n[x]",
    "<https://evil.example>",
    "\\`\\<b\\>",
    "$x$ ~~a~~ **b** __c__",
]


def rendered(text):
    """HTML as a renderer makes it that takes HTML, tables and bare links."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").render(text)


@pytest.mark.parametrize("word", HOSTILE)
def test_nothing_of_a_card_is_live(word):
    text = MarkdownReporter().render(full_analysis(word=word))
    html = rendered(text)
    for tag in ("<script", "<img", "<b>", "<i>", "<a ", "<h1>alert", "<s>", "onerror=alert(1)>"):
        assert tag not in html.replace("&lt;", "")
    assert html.count("<details>") == html.count("</details>")
    assert html.count("<h1>") == 1
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert "\u202e" not in text
    plain = MarkdownReporter().render(full_analysis(word="plain"))
    assert html.count("<h2>") == rendered(plain).count("<h2>")
    assert html.count("<tr>") == rendered(plain).count("<tr>")


@pytest.mark.parametrize("word", HOSTILE)
def test_sentences_that_quote_a_card_are_inert(word):
    for text in (prose(f"see {word} there"), prose(word), prose(f"the key `{word}` is odd"), f"x {code(word)} y"):
        html = rendered(text)
        for tag in ("<script", "<img", "<b>", "<i>", "<a ", "<h1", "<s>", "<strong", "<em"):
            assert tag not in html
        outside = "".join(piece.split("</code>")[-1] for piece in html.split("<code>"))
        assert "https://" not in text.split("`")[0]
        assert "www.evil" not in text.split("`")[0]
        assert "@evil" not in outside.replace("@<!-- -->", "")


def test_mentions_and_issue_numbers_are_cut():
    assert "@<!-- -->octocat" in prose("thanks @octocat")
    assert "#<!-- -->12" in prose("see #12")
    assert prose("1. item").startswith("1\\.")
    assert prose("- item").startswith("\\-")


def test_report_says_what_to_mend_heaviest_first():
    result = full_analysis()
    ranks = [list(Severity).index(finding.severity) for finding in wrong_ones(result)]
    assert ranks == sorted(ranks)
    text = MarkdownReporter().render(result)
    for words in ("## What to mend", "## Lineage", "## Licences", "COMMUNITY_TERMS_DROPPED", "Dropped: limitations"):
        assert words in text
    assert "replace the placeholder on lines 7–8" in text
    assert "no known tool" not in text  # standardization is described, never mended


def test_long_lists_of_findings_fold():
    text = MarkdownReporter(findings=3).render(full_analysis(facts()))
    head = text.split("<details>")[0]
    assert head.count("\n- **") == 3


def test_skipped_card_says_what_and_why():
    text = MarkdownReporter().render(SkippedCard(ModelId("a/b"), "fetch", SkipReason.GATED, "is gated", "log in"))
    assert "`a/b`" in text
    assert "is gated" in text
    assert "log in" in text
    assert text.endswith("\n")
    nameless = SkippedCard(None, "fetch", SkipReason.EMPTY_README, "is empty", subject="here/<b>README.md")
    assert "could not read `here/<b>README.md`**: is empty" in MarkdownReporter().render(nameless)


MARKS = [*"ab `*_[]()<>!#&@:/.|~$\\-+=\"'1\n", "://", "www.", "<b>", "<!--", "&lt;"]
LIVELY = st.lists(st.sampled_from(MARKS)).map("".join)


@given(LIVELY)
def test_a_code_span_shows_what_stood_in_the_card(text):
    shown = rendered(f"x {code(text)} y")
    inner = re.fullmatch(r"<p>x (?:<code>(.*)</code>|—) y</p>\n", shown, re.DOTALL)
    assert inner
    assert entities.unescape(inner[1] or "") == clean(text, 120)


@given(LIVELY.filter(lambda text: "`" not in text))
def test_escaped_prose_shows_what_was_said(text):
    shown = rendered(f"x {prose(text)} y").replace("<!-- -->", "")
    inner = re.fullmatch(r"<p>x ?(.*?) ?y</p>\n", shown, re.DOTALL)
    assert inner
    assert "<" not in inner[1]
    assert entities.unescape(inner[1]) == clean(text, 400)
