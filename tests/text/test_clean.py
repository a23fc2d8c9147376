"""Nothing of a card may steer a terminal, hide or reverse what is shown."""

import unicodedata

import pytest

from cardscope.text.clean import clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("  two\tlines\r\nhere ", "two lines here"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x9b31mred", "red"),
        ("unfinished \x1b]0;title", "unfinished 0;title"),
        ("\x1b", ""),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("zero\u200bwidth\ufeff\u2060", "zerowidth"),
        ("line\u2028separator\u2029\x85x", "line separator x"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("soft\u00adhyphen", "softhyphen"),
        ("hidden\U000e0041\U000e0042tags", "hiddentags"),
        ("中文 模型 émile", "中文 模型 émile"),
        ("[bold]stays[/bold] <b>", "[bold]stays[/bold] <b>"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 3),
    ],
)
def test_shows_only_what_can_be_read(text, shown):
    assert clean(text, 100) == shown


def test_cut_counts_its_own_mark():
    assert clean("x" * 50, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10
    assert clean("x" * 5000, 0) == "x" * 5000


def test_no_character_of_the_whole_range_survives_that_is_not_printable():
    everything = "".join(chr(code) for code in range(0x110000))
    left = clean(everything, 0)
    assert not {unicodedata.category(character) for character in left} & {"Cc", "Cs"}
    directions = {unicodedata.bidirectional(character) for character in left}
    assert not directions & {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[" * 500_000, "\x1b]" + "a" * 1_000_000, "\u0301" * 1_000_000, "\x9b0" * 500_000],
    ids=["csi", "osc", "marks", "c1"],
)
def test_hostile_megabyte_ends(hostile):
    assert len(clean(hostile, 100)) <= 100  # a quadratic pattern would need hours
