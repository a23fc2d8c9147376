"""One card of a simulated hub, and the truth about every line of it.

A card follows from the seed and the number of its model alone, so any process can write any card at any time; a
section taken over from an ancestor is written again from the ancestor's number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, Final

from cardscope.corpus.simulate.profile import FAULTS, LINKS, RELATIONS, Profile
from cardscope.corpus.simulate.traits import names_of
from cardscope.corpus.simulate.words import KINDS, NOUNS, THINGS, block, mixed, owner_name, paragraph

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.int32]

TEMPLATE, PLACEHOLDER, AUTHORED, INHERITED = range(4)
#: Order of the counts of lines and words.
HANDS: Final = ("template", "placeholder", "authored", "inherited")
#: As `cardscope.templates.attribution` counts words: markup is none.
_MARKUP: Final = b"|*#>`_~-+=:"
_HEADINGS: Final = ("## Known limitations", "## Out of scope", "## License terms", "## About this model")
#: Sections an author fills a page with; under a tool's text only those that no tool has too.
_OWN: Final = ("## Training data", "## How to use", "## Evaluation", "## Intended use", "## Contact", "## Citation")
_NOTES: Final = ("## Notes from the field", "## Further remarks", "## A longer story", "## Odds and ends")
#: Of 16 sections: how many are common to the hub, how many the owner's own in many cards; bytes either needs.
#: 49 % of the sections of distinct real texts and 21 % of their bytes are repeats (../shared/cards).
_COMMON: Final = 3
_STANDING: Final = 4
_ROOM: Final = 700
_SIZES: Final = ("1B", "3B", "7B", "13B", "base", "small", "large", "mini")
_ENDINGS: Final = (
    ("base", "chat", "core", "v2"), ("ft", "tuned", "sft", "en"), ("lora", "lora-v2", "adapter", "lora-r16"),
    ("GGUF", "Q4-GGUF", "4bit", "AWQ"), ("merge", "slerp-merge", "merged", "ties-merge"),
)  # fmt: skip

Lines = tuple[list[str], list[int]]


@dataclass(slots=True)
class Written:
    """One card and its truth.

    Attributes:
        lines: Lines with words by hand, in the order of `HANDS`; ``words`` likewise.
    """

    content: bytes
    lines: list[int]
    words: list[int]


class CardWriter:
    """Writes the cards of one hub.

    Args:
        hub: Arrays of `cardscope.corpus.simulate.traits.Hub` by name.
        others: Further parents of merges, shape ``(k, 2)``, sorted by child.
    """

    def __init__(self, profile: Profile, hub: Mapping[str, Any], others: Array, seed: int) -> None:
        self.profile, self.hub, self.others, self.seed = profile, hub, others, seed
        self.labels = {name: names_of(profile.values[name]) for name in ("license", "language", "task")}
        self._forms = tuple(_form(tool, profile.card) for tool in profile.tools)
        self._section = lru_cache(20_000)(self._section_of)
        self._standing = lru_cache(20_000)(self._standing_of)

    # --- names ----------------------------------------------------------------------------------------------------

    def owner(self, number: int) -> str:
        """Account that uploaded the model."""
        return owner_name(int(self.hub["owner"][number]))

    def title(self, number: int) -> str:
        """Name of the model without its owner; no two are equal."""
        bits = mixed(self.seed, number, 1)
        ending = _ENDINGS[self.hub["relation"][number]][bits >> 13 & 3]
        return f"{KINDS[bits & 31]}-{NOUNS[bits >> 5 & 31]}-{_SIZES[bits >> 10 & 7]}-{ending}-{number:x}"

    def name(self, number: int) -> str:
        """Id of the model, ``owner/name``."""
        return f"{self.owner(number)}/{self.title(number)}"

    def parents(self, number: int) -> list[str]:
        """Names of the parents as the card has them, right or wrong."""
        hub = self.hub
        link, target = LINKS[hub["link"][number]], int(hub["target"][number])
        if link == "none":
            return []
        if link == "dead":
            return [f"gone-{owner_name(target & 1023)}/{self.title(target)}-lost"]
        if link == "bare":
            return [self.title(target)]
        first = self.name(target)
        if RELATIONS[hub["relation"][number]] != "merge":
            return [first]
        low, high = self.others[:, 0].searchsorted([number, number + 1])
        return [first, *(self.name(int(other)) for other in self.others[low:high, 1])]

    # --- what the card says ---------------------------------------------------------------------------------------

    def front_matter(self, number: int, parents: Sequence[str]) -> list[str]:
        """Lines between the dashes."""
        hub, labels = self.hub, self.labels
        lines: list[str] = []
        if license_ := labels["license"][hub["license"][number]]:
            lines.append(f"license: {license_}")
            # One in four says "other" and leaves it at that.
            if license_ == "other" and mixed(self.seed, number, 8) & 3:
                lines += [f"license_name: {NOUNS[number & 31]}-community", "license_link: LICENSE"]
        if language := labels["language"][hub["language"][number]]:
            lines += ["language:", *(f"- {code}" for code in language.split(","))]
        if task := labels["task"][hub["task"][number]]:
            lines.append(f"pipeline_tag: {task}")
        if len(parents) == 1:
            lines.append(f"base_model: {parents[0]}")
        elif parents:
            lines += ["base_model:", *(f"- {parent}" for parent in parents)]
        if tool := hub["tool"][number]:
            for entry in self.profile.tools[tool - 1]["fm"]:
                lines += entry.split("\n")
        elif mixed(self.seed, number, 2) & 3:
            lines += ["tags:", f"- {NOUNS[mixed(self.seed, number, 3) & 31]}"]
        return lines

    def body(self, number: int, parents: Sequence[str], *, draft: bool = False) -> Lines:
        """Lines after the front matter, and whose each is; of a draft what was there before its author came to it."""
        tool = int(self.hub["tool"][number])
        draw = Random(mixed(self.seed, number, 4))
        size = int(self.hub["size"][number]) - 120
        # A tool that makes tables fills the page with them.
        room = size if not tool or self.profile.tools[tool - 1].get("size") != "tables" else 0
        own: Lines = ([], [])
        if not (tool and draft):
            own = self._own(number, room // 3 if draft else room, plain=not tool)
        if not tool:
            return [f"# {self.title(number)}", "", *own[0]], [AUTHORED, AUTHORED, *own[1]]
        slots = {
            "title": self.title(number),
            "owner": self.owner(number),
            "base": parents[0] if parents else self.name(number),
            "data": THINGS[draw.getrandbits(5)].replace(" ", "-"),
        }
        lines: list[str] = []
        hands: list[int] = []
        for kind, text in self._forms[tool - 1]:
            if kind == "S":
                if own[0]:
                    lines += own[0]
                    hands += own[1]
                elif text:
                    lines.append(text)
                    hands.append(PLACEHOLDER)
            elif kind == "N":
                rows = max(2, (size - 900) // 38)
                lines += [_row(draw.getrandbits(40), at, text) for at in range(1, rows)]
                hands += [TEMPLATE] * (rows - 1)
            else:
                lines.append(_filled(text, slots, draw) if "{" in text else text)
                hands.append(PLACEHOLDER if kind == "P" else TEMPLATE)
        return lines, hands

    def _own(self, number: int, size: int, *, plain: bool) -> Lines:
        """What a person wrote or took over, up to ``size`` bytes."""
        lines: list[str] = []
        hands: list[int] = []
        held = 0
        for at, origin in enumerate(self.hub["origin"][number].tolist()):
            if origin >= 0:
                section = self._section(origin, at)
                lines += section
                hands += [AUTHORED if origin == number else INHERITED] * len(section)
                held += sum(map(len, section))
        if size <= held:
            return lines, hands
        draw = Random(mixed(self.seed, number, 5))
        place = draw.getrandbits(4)
        while held < size:
            place += 1
            kind = draw.getrandbits(4)
            if kind < _COMMON + _STANDING and size - held > _ROOM:
                # People repeat themselves from card to card, and one another.
                owner = -1 if kind < _COMMON else int(self.hub["owner"][number])
                section = self._standing(owner, draw.getrandbits(5) if owner < 0 else draw.getrandbits(2), plain)
                held += sum(map(len, section)) + len(section)
            else:
                section = [(_OWN if plain else _NOTES)[place % (len(_OWN) if plain else len(_NOTES))], ""]
                for _ in range(3 + draw.getrandbits(4)):
                    piece = block(draw, rich=plain)
                    section += piece
                    held += sum(map(len, piece)) + len(piece)
                    if held >= size:
                        break
            lines += section
            hands += [AUTHORED] * len(section)
        return lines, hands

    def _standing_of(self, owner: int, number: int, plain: bool) -> list[str]:
        """A section that stands in many cards: of one owner, or for owner -1 of anybody."""
        draw = Random(mixed(self.seed, (owner + 1) * 32 + number, 9))
        lines = [(_OWN if plain else _NOTES)[number % (len(_OWN) if plain else len(_NOTES))], ""]
        for _ in range(3 + draw.getrandbits(2)):
            lines += block(draw, rich=plain)
        return lines

    def _section_of(self, origin: int, label: int) -> list[str]:
        draw = Random(mixed(self.seed, origin, 10 + label))
        lines = [_HEADINGS[label], ""]
        for _ in range(1 + draw.getrandbits(1)):
            lines += [paragraph(draw), ""]
        return lines

    # --- the whole ------------------------------------------------------------------------------------------------

    def write(self, number: int, *, draft: bool = False) -> Written:
        """The README of a model, and the counts of its lines."""
        source = int(self.hub["source"][number])
        fault = FAULTS[self.hub["fault"][source]]
        if fault == "blank":
            return Written(b"", [0] * 4, [0] * 4)
        parents = self.parents(source)
        lines, hands = self.body(source, parents, draft=draft)
        if self.hub["near"][number]:
            lines += ["", paragraph(Random(mixed(self.seed, number, 6)))]
            hands += [AUTHORED] * 2
        front = self.front_matter(source, parents)
        if fault == "none":
            # A block with nothing in it is a fault of its own.
            head = ["---", *(front or ["inference: false"]), "---", ""]
        elif fault == "absent":
            head = []
        elif fault == "empty":
            head = ["---", "---", ""]
        elif fault == "no_yaml":
            head = ["---", *front, "tags: [", "---", ""]
        else:
            # Not closed, so it is text like all the rest.
            lines = [*front, "license_note: none", "", *lines]
            hands = [AUTHORED] * (len(front) + 2) + hands
            head = ["---"]
        body = "\n".join(lines).encode()
        counts = _counts(body, hands)
        return Written("\n".join(head).encode() + b"\n" * bool(head) + body + b"\n", *counts)

    def index_tags(self, number: int) -> tuple[list[str], str | None, str | None]:
        """Tags, library and task as the Hub would have read them out of the card."""
        source = int(self.hub["source"][number])
        if self.hub["fault"][source]:
            return ["region:us"], None, None
        hub, labels = self.hub, self.labels
        tags: list[str] = []
        library = None
        if tool := hub["tool"][source]:
            for entry in self.profile.tools[tool - 1]["fm"]:
                if entry.startswith("library_name: "):
                    library = entry[14:]
                elif entry.startswith("tags:"):
                    tags += [line[2:] for line in entry.split("\n")[1:]]
        if language := labels["language"][hub["language"][source]]:
            tags += language.split(",")
        if license_ := labels["license"][hub["license"][source]]:
            tags.append(f"license:{license_}")
        link = LINKS[hub["link"][source]]
        if link in ("fine", "dead", "cycle", "untyped"):
            relation = RELATIONS[hub["relation"][source] or 1]
            for parent in self.parents(source):
                tags.append(f"base_model:{parent}")
                if link != "untyped":
                    tags.append(f"base_model:{relation}:{parent}")
        tags.append("region:us")
        return tags, library, labels["task"][hub["task"][source]] or None


def _form(tool: Mapping[str, Any], card: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Lines of a tool's template as kind and text."""
    text = tool["lines"].replace("@card", card["lines"].strip("\n"))
    lines = []
    for line in text.strip("\n").split("\n"):
        if line == "A":
            if tool.get("auto"):
                lines += [("T", card["auto"][1:]), ("T", "")]
        else:
            lines.append(("T", "") if line == "_" else (line[:1], line[1:]))
    return tuple(lines)


def _filled(text: str, slots: Mapping[str, str], draw: Random) -> str:
    for key in ("title", "base", "owner", "data"):
        text = text.replace(f"{{{key}}}", slots[key])
    for digits in range(1, 6):
        while (slot := f"{{n{digits}}}") in text:
            number = str(draw.randrange(10 ** (digits - 1), 10**digits))
            text = text.replace(slot, f"0.{number}" if digits > 3 else number, 1)
    return text


def _row(bits: int, at: int, columns: str) -> str:
    row = f"| 0.{bits & 0x3FFF:05d} | {at}.0 | {at * 500} |"
    return row if columns == "3" else f"{row} 0.{bits >> 14 & 0x3FFF:05d} |"


def _counts(body: bytes, hands: Sequence[int]) -> tuple[list[int], list[int]]:
    lines, words = [0] * 4, [0] * 4
    if not hands:
        return lines, words
    for hand, line in zip(hands, body.translate(None, _MARKUP).split(b"\n"), strict=True):
        if count := len(line.split()):
            lines[hand] += 1
            words[hand] += count
    return lines, words
