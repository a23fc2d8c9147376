"""Words and sentences that nobody wrote: the text of simulated cards, drawn from a small grammar.

Every list has 32 entries, so that one random number of 40 bits chooses a whole sentence.
"""

from __future__ import annotations

from random import Random
from typing import Final

OPENERS: Final = (
    "Mostly", "At dawn", "In our trials", "Near the coast", "By design", "For longer texts", "On quiet days", "Here",
    "Without tuning", "After a week", "In the north", "With some care", "As before", "On small inputs", "Early on",
    "In winter", "Under load", "With more rain", "In both valleys", "Since spring", "At low tide", "On the ridge",
    "For most readers", "In the long run", "At night", "Off the record", "With patience", "Upstream", "Downstream",
    "For short notes", "In the field", "On rare words",
)  # fmt: skip
KINDS: Final = (
    "pale", "amber", "quiet", "narrow", "patient", "hollow", "brisk", "mossy", "silver", "coarse", "gentle", "remote",
    "dusty", "steady", "crooked", "plain", "copper", "sleepy", "tidal", "wooden", "distant", "frozen", "lively", "thin",
    "northern", "humble", "spotted", "western", "sturdy", "faint", "mellow", "rugged",
)  # fmt: skip
NOUNS: Final = (
    "heron", "fjord", "kestrel", "lantern", "meadow", "harbor", "otter", "juniper", "pebble", "falcon", "willow",
    "anchor", "badger", "cedar", "delta", "ember", "finch", "glacier", "hazel", "island", "jasper", "kelp", "lichen",
    "marten", "nettle", "orchard", "plover", "quarry", "raven", "sorrel", "thistle", "urchin",
)  # fmt: skip
DOES: Final = (
    "follows", "mistakes", "answers", "weighs", "skips", "mirrors", "repeats", "sorts", "outlasts", "softens", "counts",
    "crosses", "favours", "ignores", "remembers", "guards", "splits", "trails", "covers", "echoes", "measures", "names",
    "loses", "keeps", "shadows", "gathers", "bends", "reads", "forgets", "carries", "tempers", "meets",
)  # fmt: skip
THINGS: Final = (
    "harvest logs", "tide tables", "ferry notes", "bird counts", "old maps", "weather diaries", "market lists",
    "trail signs", "river gauges", "song sheets", "letters", "seed labels", "net repairs", "snow reports", "boat names",
    "lamp records", "field sketches", "stone rows", "bell times", "mill books", "wool prices", "path notes",
    "cloud charts", "fence posts", "barn doors", "night trains", "island roads", "garden plans", "kite strings",
    "salt pans", "peat cuts", "hill farms",
)  # fmt: skip
ENDS: Final = (
    "more often than not", "when the wind turns", "and rarely the reverse", "beyond four hundred steps", "by a margin",
    "as the keepers noted", "except in haste", "within two rounds", "where lists are short", "despite the fog",
    "without complaint", "in every third case", "so readers should check", "before the second pass", "with little loss",
    "and nobody minds", "until the ice breaks", "for reasons unknown", "under one roof", "as far as we saw",
    "once it is warm", "and then some", "along the old road", "in plain view", "at half the cost", "like its elders",
    "though slowly", "if asked twice", "without a map", "on most machines", "in good light", "near the edges",
)  # fmt: skip
SYLLABLES: Final = (
    "ka", "lo", "mi", "ner", "tos", "vel", "rin", "sha", "dor", "bel", "fen", "gar", "hul", "jor", "kin", "lam", "mar",
    "nol", "pir", "quo", "ras", "sel", "tam", "ul", "vor", "wen", "xan", "yor", "zel", "bro", "cas", "din",
)  # fmt: skip


def mixed(seed: int, number: int, purpose: int) -> int:
    """A 64-bit number that is as good as random for every other number or purpose (splitmix64)."""
    value = (seed * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03 + purpose * 0x8CB92BA72F3D8DD7) & (2**64 - 1)
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return value ^ (value >> 31)


def sentence(bits: int) -> str:
    """The sentence that 35 random bits stand for."""
    return (
        f"{OPENERS[bits & 31]} the {KINDS[bits >> 5 & 31]} {NOUNS[bits >> 10 & 31]} {DOES[bits >> 15 & 31]} "
        f"{KINDS[bits >> 20 & 31]} {THINGS[bits >> 25 & 31]} {ENDS[bits >> 30 & 31]}."
    )


def paragraph(draw: Random) -> str:
    """One line of one to three sentences, some 70 to 250 characters."""
    bits = draw.getrandbits(40)
    text = sentence(bits)
    for _ in range(bits >> 38):
        text += " " + sentence(draw.getrandbits(35))
    return text


def block(draw: Random, *, rich: bool) -> list[str]:
    """A paragraph, or what else people write, with a blank line behind it.

    Args:
        rich: Whether code, tables and links may come, which a tool's text around them could be taken for its own.
    """
    kind = draw.getrandbits(4)
    if kind < 10 or (kind > 12 and not rich):
        return [paragraph(draw), ""]
    if kind < 13:
        return [*(f"- {sentence(draw.getrandbits(35))}" for _ in range(3 + draw.getrandbits(2))), ""]
    bits = draw.getrandbits(40)
    kinds = [KINDS[bits >> shift & 31] for shift in (0, 5, 10)]
    if kind == 13:
        rows = (f"| {word} {NOUNS[bits >> 15 & 31]} | 0.{bits >> 20 & 0xFFFF} |" for word in kinds)
        return ["| Sample | Score |", "|---|---|", *rows, ""]
    if kind == 14:
        calls = (f'note = reader.take("{word}-{NOUNS[bits >> 15 & 31]}", steps={bits >> 20 & 255})' for word in kinds)
        return ["```python", "from tides import reader", *calls, "```", ""]
    where = f"https://example.org/{NOUNS[bits & 31]}/{bits >> 5}"
    return [f"More on [{THINGS[bits >> 5 & 31]}]({where}). {sentence(draw.getrandbits(35))}", ""]


def owner_name(number: int) -> str:
    """A name for each number: three syllables and what is left of the number."""
    first, second, third = SYLLABLES[number & 31], SYLLABLES[number >> 5 & 31], SYLLABLES[number >> 10 & 31]
    rest = number >> 15
    return f"{first}{second}{third}{rest}" if rest else f"{first}{second}{third}"
