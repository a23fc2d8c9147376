from __future__ import annotations

import hashlib

import pytest

from cardscope.text.decode import cut_lines, decode
from cardscope.types import Span


def codes(content: bytes | str) -> list[str]:
    return [problem.code for problem in decode(content).problems]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("a", ("a",)),
        ("a\n", ("a",)),
        ("a\n\n", ("a", "")),
        ("a\r\nb\rc\nd", ("a", "b", "c", "d")),
        ("a\r\r\nb", ("a", "", "b")),
        ("a\n\rb", ("a", "", "b")),
        ("a\u2028b\x0cc\x85d\x1ee", ("a\u2028b\x0cc\x85d\x1ee",)),
    ],
)
def test_a_line_ends_where_commonmark_ends_it(text, lines):
    assert cut_lines(text) == lines


def test_lines_are_counted_to_an_offset_the_way_they_are_cut():
    for text in ("a\nb\n\nc", "a\r\nb\r\n\r\nc", "a\rb\r\rc", "a\r\n\rb\n\rc"):
        decoded = decode(text)
        for number, line in enumerate(decoded.lines, 1):
            if line:
                assert decoded.line_at(text.index(line)) == number


def test_a_byte_order_mark_is_named_and_no_part_of_the_text():
    assert decode(b"\xef\xbb\xbf# A").text == "# A"
    assert decode("\ufeff# A").text == "# A"
    assert codes(b"\xef\xbb\xbf# A") == ["byte-order-mark"]


def test_bad_bytes_become_replacement_characters():
    decoded = decode(b"\xef\xbb\xbfcaf\xe9\n")
    assert decoded.text == "caf\ufffd\n"
    assert [problem.code for problem in decoded.problems] == ["invalid-utf-8", "byte-order-mark"]


def test_half_characters_do_not_reach_the_parsers():
    decoded = decode("a\ud800b")
    assert decoded.text == "a\ufffdb"
    assert codes("a\ud800b") == ["invalid-utf-8"]
    assert decoded.digest != decode("a\ud801b").digest


def test_the_digest_is_that_of_the_bytes_as_found():
    content = b"\xef\xbb\xbfa\xff\r\n"
    assert decode(content).digest == hashlib.sha256(content).hexdigest()
    assert decode("é").digest == decode("é".encode()).digest


def test_controls_are_kept_and_reported_where_they_stand():
    decoded = decode("a\tb\n\x00\nc\x1b[0m\n")
    assert decoded.lines == ("a\tb", "\x00", "c\x1b[0m")
    assert {problem.code: problem.spans for problem in decoded.problems} == {
        "nul-character": (Span(2, 2),),
        "control-character": (Span(3, 3),),
    }


def test_a_million_controls_make_a_short_report():
    (problem,) = decode("\x01\n" * 100_000).problems
    assert len(problem.spans) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", []),
        ("a\r\nb\r\n", []),
        ("a\r\nb\n", ["mixed-line-ends"]),
        ("a\rb\r", ["lone-carriage-return"]),
        ("a\rb\n", ["lone-carriage-return", "mixed-line-ends"]),
    ],
)
def test_line_ends_that_do_not_agree_are_named(text, expected):
    assert codes(text) == expected
