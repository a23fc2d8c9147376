"""Training cards as row numbers, and the pairs that are drawn from them."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import data
import evaluate
import labels
import numpy as np

from cardscope.embedders.static import WordTable

SEED = 20
#: Words of the longest stretch of a card, for three pairs of kin in ten.
LONG = 1200
#: Shares of the pairs of kin, added up: parent and child, siblings, name and child; the rest are halves of a card.
KIN = (0.3, 0.55, 0.65)
NUMPY = np.random.default_rng(SEED)
Rows = Any  # a vector of row numbers


class Material:
    """Training cards as row numbers, ready to be drawn from."""

    def __init__(self, cards: data.Cards, sides: Sequence[str], table: WordTable, draw: random.Random) -> None:
        self.sides = tuple(sides)
        self.draw = draw
        self.rows: list[Rows] = []  # one per distinct text
        self._place: dict[str, int] = {}
        self.table = table
        self.cards: list[list[tuple[int, int, int]]] = []  # sections (heading, body, label)
        self.revised: list[tuple[int, int]] = []
        self.by_label: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.by_owner: dict[str, list[int]] = defaultdict(list)
        self.label_ids: dict[str, int] = {}
        self.whole: dict[str, int] = {}
        self.names: dict[str, int] = {}
        self._read(cards)
        self._kin(cards)

    def _put(self, text: str) -> int:
        if text not in self._place:
            self._place[text] = len(self.rows)
            self.rows.append(np.array(self.table.find(text[:20_000]), dtype=np.int32))
        return self._place[text]

    def _label(self, heading: str) -> int:
        key = data.heading_key(heading)
        name = labels.OF_HEADING.get(key) or key
        return self.label_ids.setdefault(name, len(self.label_ids)) if name else -1

    def _read(self, cards: data.Cards) -> None:
        for revisions in cards.of(*self.sides):
            model = revisions[0].model
            for revision in revisions:
                sections = [
                    (self._put(s.heading), self._put(s.body), self._label(s.heading)) for s in revision.sections
                ]
                sections = [found for found in sections if len(self.rows[found[1]]) >= 3]
                if not sections:
                    continue
                self.by_owner[data.owner(model)].append(len(self.cards))
                self.cards.append(sections)
                for _, body, label in sections:
                    if label >= 0:
                        self.by_label[label][data.owner(model)].append(body)
            for old, new in itertools.pairwise(revisions):
                before, after = evaluate._by_heading(old), evaluate._by_heading(new)
                for heading in sorted(before.keys() & after.keys()):
                    if before[heading] != after[heading]:
                        self.revised.append((self._put(before[heading]), self._put(after[heading])))
            self.whole[model] = self._put(f"{revisions[-1].front[:1500]}\n{revisions[-1].body}")
        self.by_label = {k: v for k, v in self.by_label.items() if len(v) >= 4}
        self.owners = sorted(self.by_owner)
        self.label_list = sorted(self.by_label)
        self.named = {label: self._is_named(label) for label in self.by_label}

    def _is_named(self, label: int) -> bool:
        return list(self.label_ids)[label] in labels.LABELS

    def _kin(self, cards: data.Cards) -> None:
        self.pairs = [(p, c) for p, c in cards.pairs if p in self.whole and c in self.whole]
        children: dict[str, list[str]] = defaultdict(list)
        for revisions in cards.of(*self.sides):
            for parent in data.stated_parents(revisions[-1].front):
                children[parent].append(revisions[-1].model)
        self.children = {parent: sorted(set(found)) for parent, found in children.items()}
        self.siblings = sorted(parent for parent, found in self.children.items() if len(found) > 1)
        self.mothers = sorted(self.children)
        for parent in self.mothers:
            self.names[parent] = self._put(parent)
        self.family = {model: data._root(model, cards.parents) for model in self.whole}
        self.models = sorted(self.whole)

    def crop(self, rows: Rows, least: float = 0.4, keep: float = 0.7, most: int = 160) -> Rows:
        """A stretch of a text with some of its words dropped; never empty when the text is not."""
        length = len(rows)
        take = min(most, max(3, int(length * self.draw.uniform(least, 1.0))))
        if length > take:
            start = self.draw.randrange(length - take + 1)
            rows = rows[start : start + take]
        kept = rows[NUMPY.random(len(rows)) < self.draw.uniform(keep, 1.0)]
        return kept if len(kept) else rows

    def same_section(self, size: int) -> tuple[list[Rows], list[Rows], list[int]]:
        """Two views of each section, and its text's number; whole cards, one owner's cards and one label's bodies."""
        left: list[Rows] = []
        right: list[Rows] = []
        text_of: list[int] = []
        for old, new in self.draw.sample(self.revised, min(size // 5, len(self.revised))):
            self._add(left, right, self.crop(self.rows[old], 0.8, 0.8), self.crop(self.rows[new], 0.8, 0.8))
            text_of.append(new)
        while len(left) < size:
            kind = self.draw.random()
            if kind < 0.25:  # what is hardest to tell apart: the same question answered by many
                pool = self.by_label[self.draw.choice(self.label_list)]
                picked = [(0, self.draw.choice(pool[who])) for who in self.draw.sample(sorted(pool), min(8, len(pool)))]
            else:
                owned = self.by_owner[self.draw.choice(self.owners)]
                numbers = self.draw.sample(owned, min(3, len(owned))) if kind < 0.5 else [self.draw.choice(owned)]
                picked = [
                    section[:2]
                    for number in numbers
                    for section in self.draw.sample(self.cards[number], min(5, len(self.cards[number])))
                ]
            for heading, body in picked:
                self._views(left, right, self.rows[heading] if kind >= 0.25 else (), self.rows[body])
                text_of.append(body)
        return left, right, text_of

    def _views(self, left: list[Rows], right: list[Rows], heading: Rows, rows: Rows) -> None:
        kind = self.draw.random()
        if kind < 0.12 and len(heading):
            self._add(left, right, heading, self.crop(rows))
        elif kind < 0.3 and len(rows) >= 16:
            self._add(left, right, self.crop(rows[: len(rows) // 2], 0.6), self.crop(rows[len(rows) // 2 :], 0.6))
        else:
            self._add(left, right, self.crop(rows, 0.5, 0.6), self.crop(rows, 0.5, 0.6))

    @staticmethod
    def _add(left: list[Rows], right: list[Rows], first: Rows, second: Rows) -> None:
        left.append(first)
        right.append(second)

    def same_label(self, size: int) -> tuple[list[Rows], list[int]]:
        """Bodies with their labels, four owners a label; half of the labels are the named ones."""
        named = [label for label in self.by_label if self.named[label]]
        others = [label for label in self.by_label if not self.named[label]]
        texts: list[Rows] = []
        found: list[int] = []
        while len(texts) < size:
            label = self.draw.choice(named if self.draw.random() < 0.7 else others)
            pool = self.by_label[label]
            for who in self.draw.sample(sorted(pool), 4):
                texts.append(self.crop(self.rows[self.draw.choice(pool[who])], 0.4, 0.4))
                found.append(label)
        return texts, found

    def kin(self, size: int) -> tuple[list[Rows], list[Rows], list[str]]:
        """Stretches of cards of one family."""
        left: list[Rows] = []
        right: list[Rows] = []
        families: list[str] = []
        while len(left) < size:
            kind = self.draw.random()
            if kind < KIN[0]:
                parent, child = self.draw.choice(self.pairs)
                first, second = self.rows[self.whole[parent]], self.rows[self.whole[child]]
            elif kind < KIN[1]:
                parent, child = self._siblings()
                first, second = self.rows[self.whole[parent]], self.rows[self.whole[child]]
            elif kind < KIN[2]:
                name = self.draw.choice(self.mothers)
                child = self.draw.choice(self.children[name])
                first, second = self.rows[self.names[name]], self.rows[self.whole[child]]
            else:
                child = self.draw.choice(self.models)
                rows = self.rows[self.whole[child]]
                first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            if len(first) < 3 or len(second) < 3:
                continue
            most = LONG if self.draw.random() < 0.3 else 320
            self._add(left, right, self.crop(first, 0.3, 0.7, most), self.crop(second, 0.3, 0.7, most))
            families.append(self.family[child])
        return left, right, families

    def labelled(self) -> tuple[list[Rows], list[int], list[str]]:
        """Bodies under headings of the named labels, with label and owner."""
        names, ids = sorted(labels.LABELS), list(self.label_ids)
        found = [
            (self.rows[body], names.index(ids[label]), who)
            for label, pool in self.by_label.items()
            if self.named[label]
            for who, bodies in pool.items()
            for body in sorted(set(bodies))
            if len(self.rows[body]) >= 8
        ]
        return [text for text, _, _ in found], [label for _, label, _ in found], [who for _, _, who in found]

    def samples(self) -> tuple[list[Rows], list[Rows], list[list[Rows]]]:
        """Some section bodies; whole cards, copies of a template once; and all whole cards by owner."""
        bodies = [self.rows[body] for card in self.cards[::7] for _, body, _ in card]
        distinct: dict[tuple[str, int], Rows] = {}
        owned: dict[str, list[Rows]] = defaultdict(list)
        for model, number in self.whole.items():
            if len(rows := self.rows[number]):
                distinct.setdefault((data.owner(model), len(rows) // 10), rows)
                owned[data.owner(model)].append(rows)
        return bodies, list(distinct.values()), list(owned.values())

    def _siblings(self) -> tuple[str, str]:
        first, second = self.draw.sample(self.children[self.draw.choice(self.siblings)], 2)
        return first, second
