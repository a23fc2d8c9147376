"""What the encoder is worth on cards it was not trained on, beside MiniLM, plain distillation and TF-IDF.

    python models/card-encoder/evaluate.py ../shared            prints and writes evaluation.json
    python models/card-encoder/evaluate.py ../shared --no-rivals  the shipped encoder only, the rivals as they were
    python models/card-encoder/evaluate.py ../shared --tfidf      it and TF-IDF, the slower rivals as they were

Three tasks, as in the issue: (a) find the changed section in another revision of the card, (b) sections of one label
against sections of others, across owners, (c) parent and child against random pairs. Texts that occur in the training
cards are dropped. Intervals are bootstrap over models (a, c) or owners (b).
"""

from __future__ import annotations

import importlib.util
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).parent
Array = np.ndarray[Any, np.dtype[Any]]
Vectors = Callable[[Sequence[str]], Array]


def _sibling(name: str) -> ModuleType:
    """A module of this folder; the folder has a hyphen and is no package."""
    full = f"card_encoder_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


data = _sibling("data")
labels = _sibling("labels")
tfidf = _sibling("rivals").tfidf
measuring = _sibling("measuring")
Pairs, Retrieval = measuring.Pairs, measuring.Retrieval


#: Tasks of tens of thousands of texts, which would take the transformer half an hour.
SLOW = ("a_among_all", "b_same_heading")


def changed_sections(cards: data.Cards, sides: tuple[str, ...], known: set[int]) -> Retrieval:
    """Sections of older revisions, to be found in the newest, where the text under the same heading is another now.

    Bodies only, headings that both revisions have once, three sections or more to choose from.
    """
    task = Retrieval([], [], [], [])
    for revisions in cards.of(*sides):
        new, seen = revisions[-1], set()
        after = _by_heading(new)
        bodies = sorted({section.body for section in new.sections if section.body})
        taken = {data.squeeze(body) for body in bodies}
        if len(bodies) < 3:
            continue
        for heading, query in (item for old in revisions[:-1] for item in sorted(_by_heading(old).items())):
            target, plain = after.get(heading, ""), data.squeeze(query)
            if plain in taken or plain in seen or min(len(query), len(target)) < 20:
                continue
            seen.add(plain)
            if not {data.digest(plain), data.digest(data.squeeze(target))} & known:
                task.queries.append(query)
                task.candidates.append(bodies)
                task.answers.append(bodies.index(target))
                task.groups.append(new.model)
    return task


def pooled(task: Retrieval, cards: data.Cards, sides: tuple[str, ...], most: int) -> Retrieval:
    """The same queries, to be found among sections of the newest revisions of many cards: a draw of ``most`` bodies."""
    everything = sorted({s.body for revisions in cards.of(*sides) for s in revisions[-1].sections if s.body})
    drawn = random.Random(5).sample(everything, min(most, len(everything)))
    pool = sorted({*drawn, *(body for found in task.candidates for body in found)})
    place = {body: number for number, body in enumerate(pool)}
    answers = [place[found[answer]] for found, answer in zip(task.candidates, task.answers, strict=True)]
    return Retrieval(task.queries, [pool] * len(answers), answers, task.groups)


def _by_heading(revision: data.Revision) -> dict[str, str]:
    found: dict[str, list[str]] = defaultdict(list)
    for section in revision.sections:
        found[" ".join(section.heading.lower().split())].append(section.body)
    return {heading: bodies[0] for heading, bodies in found.items() if len(bodies) == 1 and bodies[0]}


def label_pairs(
    cards: data.Cards, sides: tuple[str, ...], known: set[int], naming: Callable[[str], str | None], number: int = 4000
) -> Pairs:
    """Pairs of section bodies of different owners, half of one label, half of two; labels drawn with equal weight."""
    pools: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for revisions in cards.of(*sides):
        for section in revisions[-1].sections:
            label = naming(section.heading)
            body = section.body
            if label and len(body) >= 40 and data.digest(data.squeeze(body)) not in known:
                pools[label][data.owner(revisions[-1].model)].append(body)
    names = sorted(label for label, owners in pools.items() if len(owners) >= 5)
    draw = random.Random(7)
    task = Pairs([], [], [], [])

    def pick(label: str, avoid: str | None = None) -> tuple[str, str]:
        owners = [owner for owner in pools[label] if owner != avoid]
        who = draw.choice(owners)
        return who, draw.choice(pools[label][who])

    for _ in range(number):
        label = draw.choice(names)
        who, left = pick(label)
        for truth in (1, 0):
            other = label if truth else draw.choice([name for name in names if name != label])
            task.left.append(left)
            task.right.append(pick(other, who)[1])
            task.truth.append(truth)
            task.groups.append(who)
    return task


def kin_pairs(
    cards: data.Cards, sides: tuple[str, ...], known: set[int], text: Callable[[Any, str], str], per: int = 5
) -> Pairs:
    """A child's card with its parent's, and with ``per`` cards that are someone's parents and no ancestor of it."""
    parents_of: dict[str, set[str]] = defaultdict(set)
    for parent, child in cards.pairs:
        parents_of[child].add(parent)
    inside = [(parent, child) for parent, child in cards.pairs if cards.split[child] in sides]
    if sides in (("family",), ("family_validation",)):
        inside = [(parent, child) for parent, child in inside if cards.split[parent] in sides]
    pool = sorted({parent for parent, _ in inside})
    draw = random.Random(11)
    task = Pairs([], [], [], [])
    for parent, child in inside:
        old, new = cards.revisions[parent][-1], cards.revisions[child][-1]
        if min(len(old.body), len(new.body)) < 40 or data.digest(data.squeeze(new.body)) in known:
            continue
        kin = parents_of[child] | {child} | {p for up in parents_of[child] for p in parents_of[up]}
        others = draw.sample([name for name in pool if name not in kin and child not in parents_of[name]], per)
        task.left.extend([text(new, parent)] * (1 + per))
        task.right.append(text(old, parent))
        task.right.extend(text(cards.revisions[name][-1], parent) for name in others)
        task.truth.extend([1] + [0] * per)
        task.groups.extend([child] * (1 + per))
    return task


def whole_card(revision: data.Revision, parent: str) -> str:
    """Front matter and body, as downloaded."""
    return f"{revision.front}\n{revision.body}"


def body_only(revision: data.Revision, parent: str) -> str:
    """Without the front matter."""
    return str(revision.body)


def without_lineage(revision: data.Revision, parent: str) -> str:
    """The body without any id, address, or word of the names of the child and of its parent."""
    text = re.sub(r"https?://\S+|[\w.-]+/[\w.-]+", " ", revision.body)
    names = {word.lower() for name in (parent, revision.model) for word in re.findall(r"\w+", name) if len(word) > 2}
    return re.sub(r"\w+", lambda match: " " if match[0].lower() in names else match[0], text)


def tasks(cards: data.Cards) -> dict[str, Any]:
    """All tasks by name."""
    known = data.known_texts(cards, "train", "validation")
    return _tasks(cards, ("test", "family"), {"children": ("test",), "families": ("family",)}, known)


def tuning_tasks(cards: data.Cards) -> dict[str, Any]:
    """The same on the sides that are for tuning, of cards that went through `data.hold_out`."""
    sides = ("validation", "family_validation")
    known = data.known_texts(cards, "train")
    return _tasks(cards, sides, {"children": sides[:1], "families": sides[1:]}, known)


def _tasks(
    cards: data.Cards, sides: tuple[str, ...], kin: dict[str, tuple[str, ...]], known: set[int]
) -> dict[str, Any]:
    changed = changed_sections(cards, sides, known)
    found: dict[str, Any] = {
        "a_changed_section": pooled(changed, cards, sides, 3000),
        "a_among_all": pooled(changed, cards, sides, 100_000),
        "a_within_card": changed,
        "b_same_label": label_pairs(cards, sides, known, lambda h: labels.OF_HEADING.get(data.heading_key(h))),
        "b_same_heading": label_pairs(cards, sides, known, lambda h: data.heading_key(h) or None),
    }
    for name, text in (("card", whole_card), ("body", body_only), ("without_lineage", without_lineage)):
        for group, side in kin.items():
            found[f"c_{group}_{name}"] = kin_pairs(cards, side, known, text)
    return found


def gate(shared: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The shipped encoder's values with their intervals and TF-IDF's: what the floors in ``tests/eval`` hold."""
    from cardscope.embedders.static import StaticEmbedder

    cards = data.load_cards(shared)
    found, encoder, rival = tasks(cards), StaticEmbedder(HERE), tfidf(cards)
    result = {}
    for name in names:
        ours = measuring.measure(found[name], encoder.encode, 200)
        baseline = measuring.measure(found[name], rival, 1)["value"]
        result[name] = {key: ours[key] for key in ("value", "low", "high")} | {"baseline": baseline, "tolerance": 0.002}
    return result


def _rivals(cards: data.Cards) -> dict[str, Vectors]:
    """What the encoder is held against; needs torch and the teacher of the recipe."""
    import torch
    from sentence_transformers import SentenceTransformer

    train = _sibling("train")
    torch.set_num_threads(1)
    teacher = SentenceTransformer(str(train.teacher_folder()), device="cpu")

    def minilm(texts: Sequence[str]) -> Array:
        # It reads 256 tokens; cutting first saves the tokenizer the rest of long cards.
        found = teacher.encode(
            [t[:4000] for t in texts], batch_size=16, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32)

    return {"tfidf": tfidf(cards), "plain_distillation": train.plain_distillation(cards), "minilm": minilm}


def _write_results(report: dict[str, Any]) -> None:
    """The table in the model card, between its two marks."""
    names = ("card-encoder", "tfidf", "ahead_of_tfidf", "minilm", "ahead_of_minilm", "plain_distillation")
    lines = [
        "| task | items | card-encoder | TF-IDF | ahead of it, paired | MiniLM | ahead of it, paired | distillation |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for task, values in report["tasks"].items():
        cells = [_cell(values[who], signed=who.startswith("ahead")) if who in values else "–" for who in names]
        lines.append(f"| {task} | {values['card-encoder']['n']:,} | {' | '.join(cells)} |")
    speed, size = report["sections_per_second_and_core"], report["mean_characters"]
    lines += ["", f"{speed:,} sections of {size} characters on average a second and core (NumPy); {report['encoder']}."]
    card = HERE / "README.md"
    head, _, rest = card.read_text(encoding="utf-8").partition("<!-- results: written by evaluate.py -->\n")
    _, mark, tail = rest.partition("<!-- end of results -->")
    text = f"{head}<!-- results: written by evaluate.py -->\n" + "\n".join(lines) + f"\n{mark}{tail}"
    card.write_text(text, encoding="utf-8")


def _cell(found: dict[str, Any], *, signed: bool) -> str:
    value, low, high = found["value"], found["low"], found["high"]
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})" if signed else f"{value:.3f} ({low:.3f}–{high:.3f})"


def main() -> None:
    """Prints a line a task and writes ``evaluation.json``."""
    from cardscope.embedders.static import StaticEmbedder

    shared = Path(sys.argv[1])
    cards = data.load_cards(shared)
    encoder = StaticEmbedder(HERE)
    found = tasks(cards)
    sample = sorted({s.text for revisions in cards.of("test") for s in revisions[-1].sections})[::2]
    encoder.encode(sample[:2000])
    began = time.process_time()
    encoder.encode(sample)
    speed = len(sample) / (time.process_time() - began)
    report: dict[str, Any] = {
        "encoder": encoder.name,
        "models": data.counts(cards),
        "sections_per_second_and_core": round(speed),
        "mean_characters": round(sum(map(len, sample)) / len(sample)),
        "tasks": {name: {"card-encoder": measuring.measure(task, encoder.encode)} for name, task in found.items()},
    }
    stored = HERE / "evaluation.json"
    # The rivals do not change when the encoder does: their last values are carried over.
    earlier = json.loads(stored.read_text(encoding="utf-8"))["tasks"] if stored.exists() else {}
    for name, values in earlier.items():
        kept = {who: value for who, value in values.items() if who in ("tfidf", "plain_distillation", "minilm")}
        report["tasks"][name].update(kept)
    fast = {} if "--no-rivals" in sys.argv else {"tfidf": tfidf(cards)}
    rivals = fast if {"--no-rivals", "--tfidf"} & set(sys.argv) else _rivals(cards)
    for rival, vectors in rivals.items():
        for name, task in found.items():
            if rival == "minilm" and name in SLOW:
                continue
            if rival == "minilm" and isinstance(task, Pairs) and len(task.truth) > 2000:
                # Fifteen sections a second: the first thousand pairs tell enough.
                task = Pairs(task.left[:1000], task.right[:1000], task.truth[:1000], task.groups[:1000])
            report["tasks"][name][rival] = measuring.measure(task, vectors, 100)
            report["tasks"][name][f"ahead_of_{rival}"] = measuring.ahead(task, encoder.encode, vectors)
            print(rival, name, report["tasks"][name][rival], flush=True)
    for name, values in report["tasks"].items():
        print(name, {who: value["value"] for who, value in values.items()})
    print(f"{speed:.0f} sections a second and core")
    if rivals or earlier:
        (HERE / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        _write_results(report)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent.parent))
    main()
