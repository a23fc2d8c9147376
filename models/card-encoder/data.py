"""The cards as the encoder sees them: split into sections, and parted into train, validation and two kinds of test.

A model is on one side only. ``family``: nothing of the model's family (everything that leads to the same root) was
trained on. ``test``: the model itself was not trained on, relatives may have been. ``validation`` is for tuning.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

SPLITS = ("train", "validation", "test", "family")

_FRONT = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)(?:^---[ \t]*(?:\r?\n|\Z))", re.S | re.M)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|(?=[^\s#!]))(.*?)[ \t#]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_NOT_HEADING = re.compile(r"\s*(?:[-*+>|]|\d+[.)]\s|$|#)")
_BASE = re.compile(r"^base_model:[ \t]*(.*(?:\n[ \t]*-[ \t]*.*)*)", re.M)
_ID = re.compile(r"[A-Za-z0-9_][\w.-]*/[\w.-]+")
_HEADING_NOISE = re.compile(r"[^a-z ]+")


@dataclass(frozen=True, slots=True)
class Section:
    """One section: heading as written, body without it."""

    heading: str
    body: str

    @property
    def text(self) -> str:
        """Heading and body, as a reader sees them."""
        return f"{self.heading}\n{self.body}" if self.heading else self.body


@dataclass(frozen=True, slots=True)
class Revision:
    """One text of one model."""

    model: str
    front: str
    body: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """All revisions by model (oldest first), the side each model is on, and the pairs (parent, child)."""

    revisions: dict[str, list[Revision]]
    split: dict[str, str]
    pairs: list[tuple[str, str]]
    parents: dict[str, list[str]]

    def of(self, *sides: str) -> Iterator[list[Revision]]:
        """Revisions of each model on one of these sides."""
        return (self.revisions[model] for model, side in self.split.items() if side in sides)


def digest(text: str) -> int:
    """A number that depends on the text alone, to draw with."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")


def owner(model: str) -> str:
    """The namespace; models without one belong to the Hub's first hour and count as one owner."""
    return model.partition("/")[0] if "/" in model else ""


def split_front(card: str) -> tuple[str, str]:
    """Front matter and the rest."""
    match = _FRONT.match(card)
    return (match[1], card[match.end() :]) if match else ("", card)


def split_sections(body: str) -> tuple[Section, ...]:
    """Sections by CommonMark headings; what stands before the first is a section without a heading."""
    sections: list[Section] = []
    heading, lines, fence = "", [], ""

    def close() -> None:
        text = "\n".join(lines).strip()
        if text or heading:
            sections.append(Section(heading, text))

    for line in body.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif not fence:
            if atx := _ATX.match(line):
                close()
                heading, lines = atx[2].strip(), []
                continue
            if lines and _SETEXT.match(line) and not _NOT_HEADING.match(lines[-1]):
                title = lines.pop()
                close()
                heading, lines = title.strip(), []
                continue
        lines.append(line)
    close()
    return tuple(sections)


def heading_key(heading: str) -> str:
    """A heading without marks, digits and case, so that equal questions meet: ``## 2. Training Data:`` is one."""
    return " ".join(_HEADING_NOISE.sub(" ", heading.lower()).split())


def stated_parents(front: str) -> list[str]:
    """Ids in ``base_model`` of a front matter."""
    match = _BASE.search(front)
    return _ID.findall(match[1]) if match else []


def load_cards(shared: Path) -> Cards:
    """Reads, splits and sections everything; about half a minute."""
    import pyarrow.parquet as pq

    folder = shared / "cards"
    rows = pq.read_table(folder / "cards.parquet", columns=["model_id", "card", "observed_at"]).to_pylist()
    rows.sort(key=lambda row: (row["model_id"], row["observed_at"]))
    revisions: dict[str, list[Revision]] = defaultdict(list)
    parents: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        front, body = split_front(row["card"])
        revisions[row["model_id"]].append(Revision(row["model_id"], front, body, split_sections(body)))
        parents[row["model_id"]].extend(stated_parents(front))
    edges = pq.read_table(folder / "lineage.parquet", columns=["child", "parent"]).to_pylist()
    for edge in sorted(edges, key=lambda edge: (edge["child"], edge["parent"])):
        parents[edge["child"]].append(edge["parent"])
    pairs = sorted(
        {(p, c) for c, found in parents.items() for p in found if p != c and p in revisions and c in revisions}
    )
    split = {model: _side(model, _root(model, parents), len(found)) for model, found in revisions.items()}
    return Cards(dict(revisions), split, pairs, dict(parents))


def _root(model: str, parents: dict[str, list[str]]) -> str:
    seen = {model}
    while parents.get(model):
        model = parents[model][0]
        if model in seen:
            break
        seen.add(model)
    return model


def _side(model: str, root: str, revisions: int) -> str:
    if digest(f"family {root}") % 100 < 15:
        return "family"
    draw = digest(f"model {model}") % 100
    # Cards with several revisions are few, and the first task can be tuned on nothing else.
    return "test" if draw < 17 else "validation" if draw < (40 if revisions > 1 else 24) else "train"


def hold_out(cards: Cards, fold: int = 0) -> Cards:
    """For tuning: two in five of the families that could be trained on become the side ``family_validation``.

    Fold 1 takes two other fifths.

    Only families with a pair to measure, and none of the largest, which would be all there is to see. The other sides
    stay as they are, so the final training has everything again.
    """
    root = {model: _root(model, cards.parents) for model in cards.revisions}
    pairs = Counter(root[child] for _, child in cards.pairs)
    drawn = {name: digest(f"family validation {name}") % 100 // 40 for name in pairs}
    held = {name for name, count in pairs.items() if count <= 60 and drawn[name] == fold}
    split = {
        model: "family_validation" if side in ("train", "validation") and root[model] in held else side
        for model, side in cards.split.items()
    }
    return replace(cards, split=split)


def known_texts(cards: Cards, *sides: str) -> set[int]:
    """Digests of every section body and card body on these sides, blanks aside."""
    known: set[int] = set()
    for revisions in cards.of(*sides):
        for revision in revisions:
            known.add(digest(squeeze(revision.body)))
            known.update(digest(squeeze(section.body)) for section in revision.sections)
    return known


def squeeze(text: str) -> str:
    """The text with every run of blanks as one."""
    return " ".join(text.split())


def counts(cards: Cards) -> dict[str, int]:
    """Models by side."""
    return dict(sorted(Counter(cards.split.values()).items()))
