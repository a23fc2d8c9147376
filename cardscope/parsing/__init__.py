"""A README as found to a `Card`: what it says, on which lines, under which label."""

from cardscope.parsing.card import parse_card, read_card

__all__ = ["parse_card", "read_card"]
