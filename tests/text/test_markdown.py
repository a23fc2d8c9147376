from __future__ import annotations

import os
import random

import pytest

from cardscope.text.decode import cut_lines, decode
from cardscope.text.frontmatter import find_block
from cardscope.text.markdown import MOST_PIECES, count_words, headings, read_pieces
from cardscope.text.outline import Outline
from cardscope.types import Block, HeadingStyle, Span

NONE, ATX, SETEXT, HTML, HASH, BOLD = HeadingStyle


def outline(text: str):
    sections = Outline(1)
    read_pieces(text, sections)
    return sections.close(cut_lines(text))


def heads(text: str):
    return [(section.style, section.level, section.heading) for section in outline(text)]


def blocks(text: str):
    return [
        (str(block.kind), block.span.first, block.span.last, block.info)
        for section in outline(text)
        for block in section.blocks
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n## Two ##\n", [(ATX, 1, "One"), (ATX, 2, "Two")]),
        ("   # One\n", [(ATX, 1, "One")]),
        ("#\n", [(ATX, 1, "")]),
        ("One\n===\nTwo\n---\n", [(SETEXT, 1, "One"), (SETEXT, 2, "Two")]),
        ("Two\nlines\n===\n", [(SETEXT, 1, "Two lines")]),
        ("#Title\n===\n", [(SETEXT, 1, "Title")]),
        ("# *A* `b` [c](d) ![e](f) <b>g</b> &amp; 🤗\n", [(ATX, 1, "A b c g & 🤗")]),
        ("# ![Only alt](f)\n", [(ATX, 1, "Only alt")]),
        ("\\# no\n", [(NONE, 0, "")]),
        ("    # code\n", [(NONE, 0, "")]),
        ("```\n# code\n```\n", [(NONE, 0, "")]),
        ("~~~\n# code\n```\n# still\n", [(NONE, 0, "")]),
        ("````\n```\n# code\n```\n````\n# Yes\n", [(NONE, 0, ""), (ATX, 1, "Yes")]),
        ("<!--\n# comment\n-->\n# Yes\n", [(NONE, 0, ""), (ATX, 1, "Yes")]),
        ("- item\n---\n", [(NONE, 0, "")]),
        ("| # a | b |\n|---|---|\n| # c | d |\n", [(NONE, 0, "")]),
        ("# a\r\r## b\r", [(ATX, 1, "a"), (ATX, 2, "b")]),
        ("> ## Quoted\n> text\n", [(ATX, 2, "Quoted")]),
        ("1. ### Listed\n   text\n", [(ATX, 3, "Listed")]),
    ],
)
def test_headings_of_commonmark(text, expected):
    assert heads(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<h1>One</h1>\n", [(HTML, 1, "One")]),
        ('<H2 align="center" style="a: b">One <b>two</b>&nbsp;&amp; 🤗</H2>\n', [(HTML, 2, "One two & 🤗")]),
        ("<h1\n align=center>\nOne\n</h1>\n", [(HTML, 1, "One")]),
        ('<h1 align="center">\n\n**One**\n\n</h1>\n', [(HTML, 1, "One")]),
        ("<h1>\n\n# One\n\n</h1>\n", [(NONE, 0, ""), (ATX, 1, "One")]),
        (
            "<div>\n<h3>One</h3>\n<p>text</p>\n<h3>Two</h3>\n</div>\n",
            [(NONE, 0, ""), (HTML, 3, "One"), (HTML, 3, "Two")],
        ),
        ("<center><h1>模型</h1></center>\n", [(HTML, 1, "模型")]),
        ('<a href="x"><h2>Linked</h2></a>\n', [(HTML, 2, "Linked")]),
        ("<h2>Never closed\ntext\n", [(HTML, 2, "Never closed")]),
        ("<!-- <h1>no</h1> -->\n", [(NONE, 0, "")]),
        ("<div>\n<!-- <h1>no</h1> -->\n<h2>Yes</h2>\n</div>\n", [(NONE, 0, ""), (HTML, 2, "Yes")]),
        ("<pre>\n<h1>no</h1>\n</pre>\n", [(NONE, 0, "")]),
        ("```html\n<h1>no</h1>\n```\n", [(NONE, 0, "")]),
        ("`<h1>no</h1>`\n", [(NONE, 0, "")]),
        ("a <b>b</b> `<h1>no</h1>`\n", [(NONE, 0, "")]),
        ("<h1></h1>\n<hr>\n<header>x</header>\n", [(NONE, 0, "")]),
    ],
)
def test_headings_written_as_tags(text, expected):
    assert heads(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#Title\n", [(HASH, 1, "Title")]),
        ("##Title: *x*\ntext\n", [(HASH, 2, "Title: x")]),
        ("##🤗 Title##\n", [(HASH, 2, "🤗 Title")]),
        ("#模型\n#说明\ntext\n", [(HASH, 1, "模型"), (HASH, 1, "说明")]),
        ("text\n##Title\nmore\n", [(NONE, 0, ""), (HASH, 2, "Title")]),
        ("x = 1\n#load the model\ny = 2\n", [(NONE, 0, "")]),
        ("#!/bin/sh\n", [(NONE, 0, "")]),
        ("#1 of all models\n", [(NONE, 0, "")]),
        ("#nlp #llm #awesome\n", [(NONE, 0, "")]),
        ("see #Title\n", [(NONE, 0, "")]),
        ("#######seven\n", [(NONE, 0, "")]),
    ],
)
def test_hashes_without_a_blank(text, expected):
    assert heads(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Uses**\n\ntext\n", [(BOLD, 1, "Uses")]),
        ("# A\n\n__Uses__\n\ntext\n", [(ATX, 1, "A"), (BOLD, 2, "Uses")]),
        ("## A\n\n**Uses:**\n\ntext\n\n**More**:\n\n- x\n", [(ATX, 2, "A"), (BOLD, 3, "Uses:"), (BOLD, 3, "More:")]),
        ("###### A\n\n**Uses**\n\ntext\n", [(ATX, 6, "A"), (BOLD, 6, "Uses")]),
        ("**Uses** are many\n\ntext\n", [(NONE, 0, "")]),
        ("**Uses**\ntext\n", [(NONE, 0, "")]),
        ("**This is a sentence that shouts.**\n\ntext\n", [(NONE, 0, "")]),
        ("**" + "word " * 13 + "end**\n\ntext\n", [(NONE, 0, "")]),
        ("**[Demo](x)**\n\ntext\n", [(NONE, 0, "")]),
        ("**a** **b**\n\ntext\n", [(NONE, 0, "")]),
        ("**12 %**\n\ntext\n", [(NONE, 0, "")]),
        ("text\n\n**Nothing below**\n", [(NONE, 0, "")]),
        ("**Nothing below**\n\n# Next\n", [(NONE, 0, ""), (ATX, 1, "Next")]),
        ("**One**\n\n**Two**\n\ntext\n", [(NONE, 0, ""), (BOLD, 1, "Two")]),
    ],
)
def test_bold_lines(text, expected):
    assert heads(text) == expected


def test_blocks_are_told_apart():
    text = """para
one

- a
  - b

| a | b |
|---|---|
| 1 | 2 |

```python title="x"
code
```

    indented

![pic](a.png)

[![b](https://img.shields.io/x.svg)](u) ![c](https://a/badge.svg)

<p align="center"><img src="a.png"></p>

<a href="u"><img src="https://img.shields.io/x"></a>

<div>text</div>

<details>
<summary>More</summary>

inside

</details>

<!-- a

b -->

> quote

***
"""
    assert blocks(text) == [
        ("paragraph", 1, 2, ""),
        ("list", 4, 5, ""),
        ("table", 7, 9, ""),
        ("code", 11, 13, "python"),
        ("code", 15, 15, ""),
        ("image", 17, 17, ""),
        ("badge", 19, 19, ""),
        ("image", 21, 21, ""),
        ("badge", 23, 23, ""),
        ("html", 25, 25, ""),
        ("html", 27, 28, "details"),
        ("paragraph", 30, 30, ""),
        ("html", 32, 32, ""),
        ("comment", 34, 36, ""),
        ("quote", 38, 38, ""),
        ("rule", 40, 40, ""),
    ]


def test_sections_nest_and_end_on_their_last_line_with_content():
    text = "\nintro\n\n# A\n\n## B\ntext\n\n\n### C\n## D\n\nx\n\n# E\n\n\n"
    assert [(s.heading, s.parent, s.first, s.last) for s in outline(text)] == [
        ("", None, 2, 2),
        ("A", None, 4, 4),
        ("B", 1, 6, 7),
        ("C", 2, 10, 10),
        ("D", 1, 11, 13),
        ("E", None, 15, 15),
    ]


def test_a_section_without_heading_exists_only_for_content():
    assert [s.level for s in outline("\n \n# A\n")] == [1]
    assert outline("") == outline("\n\n") == []
    assert [(s.level, s.first, s.last) for s in outline("\n[a]: http://b\n\n# A\n")] == [(0, 2, 2), (1, 4, 4)]


def test_offsets_are_lines_for_every_script():
    text = "# 模型 🤗\n\nÄöü text\n\n## Ω\n\n한국어\n"
    assert [(s.heading, s.first, s.last) for s in outline(text)] == [("模型 🤗", 1, 3), ("Ω", 5, 7)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one **two** th*re*e `four`\n", 4),
        ("[a link](http://x/y) text ![alt text](b)\n", 3),
        ("```\nno words here\n```\n", 0),
        ("<!-- no words -->\n", 0),
        ("<p>two <b>words</b></p>\n", 2),
        ("<style>\na { b: c }\n</style>\n", 0),
        ("- one\n- two\n  ```\n  code\n  ```\n", 2),
        ("| one | two |\n|---|---|\n| three | four |\n", 4),
        ("# Heading words\n", 0),
        ("模型卡 card\n", 4),
        ("**Bold at the end**\n", 4),
        ("one\ntwo\\\nthree\n", 3),
        ("> quoted words\n", 2),
    ],
)
def test_words_are_those_a_reader_sees(text, words):
    assert sum(section.words for section in outline(text)) == words


def test_count_words():
    assert count_words("") == 0
    assert count_words("два слова") == 2
    assert count_words("日本語モデル is 1") == 8


@pytest.mark.parametrize("blank", [chr(code) for code in range(128) if chr(code).isspace()])
def test_words_end_where_str_split_ends_them(blank):
    for text in (blank, f"a{blank}b", f"{blank}a{blank}{blank}b{blank}", "a\x00b", f"a \x7f{blank}"):
        assert count_words(text) == len(text.split())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("| a b | c |\n|---|:-:|\n| d | |\n", 4),
        ("a|b\r\n-|-\r\nc d|e\r\n", 5),
        ("a|b\r-|-\rc|d", 4),
        ("| a | ![x y](z) |\n| --- | --- |\n| é | b |\n", 3),
        ("| - | b |\n|-|-|\n| - | - |\n", 4),
    ],
)
def test_words_of_a_table_are_those_of_its_cells(table, words):
    (section,) = outline(table)
    assert ([str(block.kind) for block in section.blocks], section.words) == (["table"], words)


def test_more_blocks_than_any_card_has_end_in_one_block():
    text = "a\n\n" * (MOST_PIECES * 3)
    sections = Outline(1)
    read_pieces(text, sections)
    (section,) = sections.close(cut_lines(text))
    assert sections.pieces == len(section.blocks) == MOST_PIECES + 1
    assert section.blocks[-1].span.last >= MOST_PIECES * 6 - 2


def test_quotes_deeper_than_anyone_reads_end_in_one_block():
    assert blocks(">" * 3_000 + " a\n\n# b\n") == [("quote", 1, 3, "")]


def test_spans_of_a_piece_row_are_blocks_in_order():
    (section,) = outline("<div><h2>A</h2> same line <h2>B</h2></div>\nbelow\n")
    assert (section.heading, section.first, section.last) == ("A", 1, 2)
    assert section.blocks == [Block(section.blocks[0].kind, Span(2, 2))]


# --- against another parser -----------------------------------------------------------------------------------------


def oracle(body: str) -> list[tuple[int, int]]:
    """Level and line of each heading by markdown-it-py, an independent implementation in another language."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    # What is inside a line does not decide what is a heading.
    parser.disable(["inline"])
    # markdown-it turns CR into LF itself, and stops at 20 levels, which real cards do not reach.
    return [
        (int(token.tag[1]), token.map[0] + 1)
        for token in parser.parse(body)
        if token.type == "heading_open" and token.map
    ]


@pytest.mark.shared
def test_headings_of_real_cards_equal_those_of_another_commonmark_parser(shared):
    """At least 99.9 % of cards; see the comment for the rest."""
    import pyarrow.parquet as pq

    texts = pq.read_table(shared / "cards" / "cards.parquet", columns=["card"])["card"].to_pylist()
    if not os.environ.get("CARDSCOPE_FULL"):
        texts = random.Random(4).sample(texts, 1_500)
    differing = []
    for index, text in enumerate(texts):
        text = decode(text).text
        block = find_block(text)
        body = text[block[2] :] if block else text
        expected = oracle(body)
        assert headings(body) == [(s.level, s.first) for s in outline(body) if s.style in {ATX, SETEXT}], index
        if headings(body) != expected:
            differing.append(index)
    assert len(differing) <= len(texts) / 1_000, differing
