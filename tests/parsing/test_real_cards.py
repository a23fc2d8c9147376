"""All that must hold on the cards of strangers; a seeded sample in CI, every card with ``CARDSCOPE_FULL=1``."""

from __future__ import annotations

import json
import os
import random
from collections import Counter

import pytest

from cardscope.parsing import parse_card
from cardscope.types import HeadingStyle
from tests.parsing.test_card import check

pytestmark = pytest.mark.shared


def test_real_cards_are_read_without_an_exception_and_with_spans_in_order(shared):
    import pyarrow.parquet as pq

    rows = pq.read_table(shared / "cards" / "cards.parquet", columns=["card", "raw", "card_sha256"]).to_pylist()
    if not os.environ.get("CARDSCOPE_FULL"):
        rows = random.Random(5).sample(rows, 2_000)
    styles: Counter[str] = Counter()
    for row in rows:
        card = parse_card(row["raw"] or row["card"].encode())
        assert card.digest == row["card_sha256"]
        check(card)
        styles.update(section.style for section in card.sections)
    assert all(styles[style] for style in HeadingStyle), styles


def test_specimens_are_read_without_an_exception(shared):
    folder = shared / "cards" / "specimens"
    names = [json.loads(line)["file"] for line in (folder / "INDEX.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(names) > 100
    for name in names:
        check(parse_card((folder / name).read_bytes()))


@pytest.mark.parametrize(
    ("kind", "styles"),
    [
        ("headings-html", {HeadingStyle.HTML}),
        ("headings-underlined", {HeadingStyle.SETEXT}),
    ],
)
def test_specimens_with_odd_headings_have_sections(shared, kind, styles):
    for file in sorted((shared / "cards" / "specimens").glob(f"{kind}__*.md")):
        assert styles <= {section.style for section in parse_card(file.read_bytes()).sections}, file.name


def test_hashes_without_a_blank_in_code_are_no_headings(shared):
    """All three specimens of the kind have theirs inside fences: comments of Python and of a batch file."""
    files = sorted((shared / "cards" / "specimens").glob("headings-without-blank__*.md"))
    assert len(files) == 3
    for file in files:
        card = parse_card(file.read_bytes())
        assert HeadingStyle.HASH not in {section.style for section in card.sections}, file.name


def test_no_heading_comes_out_of_code(shared):
    for file in sorted((shared / "cards" / "specimens").glob("hash-lines-in-code__*.md")):
        card = parse_card(file.read_bytes())
        code = [block.span for section in card.sections for block in section.blocks if block.kind == "code"]
        hashes = sum(card.lines[n - 1].startswith("#") for span in code for n in range(span.first, span.last + 1))
        assert hashes > 0, file.name
        for section in card.sections:
            assert not any(span.first <= section.span.first <= span.last for span in code), file.name
