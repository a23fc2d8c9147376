"""What a corpus holds, whether it is whole, a handful of it, and how two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from cardscope.corpus.places import keep_apart
from cardscope.corpus.store import Corpus, Manifest, Shard, filesystem, shard_of, text_id
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus
from cardscope.types import Problem


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """The figures a reader asks first.

    Attributes:
        months: Card revisions by month of creation; the key ``unknown`` counts those without a date.
        repeated_share: Share of card revisions whose text stands under another one too, 0 to 1.
    """

    manifest: Manifest
    models: int
    owners: int
    bytes_of_text: int
    repeated_share: float
    months: dict[str, int]


@dataclass(frozen=True, slots=True)
class CorpusDiff:
    """How ``right`` differs from ``left``, model by model, by the newest text of each."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    same: int


def describe(corpus: Corpus) -> CorpusInfo:
    """Reads the small columns of every shard; no text is opened.

    Raises:
        InvalidCorpus: A part is damaged.
    """
    names: set[str] = set()
    months: Counter[str] = Counter()
    cards = texts = size = 0
    for shard in corpus.shards():
        rows = corpus.cards(shard, ["model_id", "created_at"])
        names.update(rows["model_id"].to_pylist())
        months.update(date.strftime("%Y-%m") if date else "unknown" for date in rows["created_at"].to_pylist())
        cards += rows.num_rows
        for batch in corpus.texts(shard, batch=50_000):
            texts += batch.num_rows
            size += pa.compute.sum(batch["size"]).as_py() or 0
    owners = {name.partition("/")[0] for name in names}
    share = 1 - texts / cards if cards else 0.0
    return CorpusInfo(corpus.manifest, len(names), len(owners), size, share, dict(sorted(months.items())))


def verify(corpus: Corpus, *, tell: Callable[[str], None] | None = None) -> tuple[Problem, ...]:
    """Reads every byte and compares: digests, addresses of texts, the shard each lies in, counts. Empty when whole."""
    problems: list[Problem] = []
    fs, root = filesystem(corpus.path)
    for part in corpus.manifest.parts:
        path = f"{root}/{part.path}"
        found = fs.get_file_info(path)
        if not found.is_file:
            problems.append(Problem("part-missing", f"{part.path} is missing"))
        elif found.size != part.size or _digest_at(fs, path) != part.digest:
            problems.append(Problem("part-changed", f"{part.path} is not as it was written"))
    for shard in corpus.shards():
        if tell is not None:
            tell(shard.name)
        try:
            problems += _verify_shard(corpus, shard)
        except InvalidCorpus as error:
            problems.append(Problem("part-unreadable", str(error)))
    counts = corpus.manifest.counts
    known = counts.get("cards", 0) + counts.get("repeated", 0) + counts.get("rejects", 0)
    if counts.get("offered", 0) != known:
        problems.append(Problem("counts", f"{counts.get('offered', 0)} rows were offered, {known} are accounted for"))
    return tuple(problems)


def _digest_at(fs: Any, path: str) -> str:  # noqa: ANN401 - an Arrow file system
    """`cardscope.corpus.store.file_digest` wherever the file lies; empty when it cannot be read."""
    state = xxhash.xxh3_128()
    try:
        with fs.open_input_stream(path) as stream:
            while chunk := stream.read(1 << 20):
                state.update(chunk)
    except OSError:
        return ""
    return state.hexdigest()


def _verify_shard(corpus: Corpus, shard: Shard) -> Iterator[Problem]:
    held: set[bytes] = set()
    for batch in corpus.texts(shard):
        for address, content in zip(batch["text_id"].to_pylist(), batch["content"].to_pylist(), strict=True):
            if text_id(content) != address:
                yield Problem("text-changed", f"a text in shard {shard.name} is not the one of its address")
            if shard_of(address, corpus.manifest.shards) != shard.number:
                yield Problem("text-misplaced", f"a text in shard {shard.name} belongs to another shard")
            held.add(address)
    wanted = set(corpus.cards(shard, ["text_id"])["text_id"].to_pylist())
    if wanted - held:
        yield Problem("text-missing", f"{len(wanted - held)} cards of shard {shard.name} have no text")


def sample(corpus: Corpus, destination: Path, count: int, *, seed: int = 0) -> Manifest:
    """A smaller corpus with ``count`` models drawn evenly by a hash of their id, all revisions of each.

    The same seed draws the same models whatever the order of the corpus; a larger count keeps those of a smaller one.

    Raises:
        UsageError: The destination is the corpus itself, or lies in it.
    """
    keep_apart(corpus.path, destination, within=True)
    names = {name for shard in corpus.shards() for name in corpus.cards(shard, ["model_id"])["model_id"].to_pylist()}
    drawn = set(sorted(names, key=lambda name: (xxhash.xxh3_64_intdigest(name.encode(), seed=seed), name))[:count])
    label = f"sample of {len(drawn)} models of {corpus.manifest.title}, seed {seed}"
    with CorpusWriter(destination, title=label, source=label, shards=corpus.manifest.shards) as writer:
        for shard in corpus.shards():
            rows = [row for row in corpus.cards(shard).to_pylist() if row["model_id"] in drawn]
            wanted: dict[bytes, list[dict[str, Any]]] = {}
            for row in rows:
                wanted.setdefault(row.pop("text_id"), []).append(row)
            for batch in corpus.texts(shard) if wanted else ():
                for address, content in zip(batch["text_id"].to_pylist(), batch["content"].to_pylist(), strict=True):
                    for row in wanted.get(address, ()):
                        writer.add(row, content)
        writer.add_models([row for row in corpus.table("models").to_pylist() if row["model_id"] in drawn])
        writer.add_edges([row for row in corpus.table("edges").to_pylist() if row["child"] in drawn])
    return writer.manifest


def compare(left: Corpus, right: Corpus) -> CorpusDiff:
    """Which models came, went, or have another newest text."""
    before, after = _newest(left), _newest(right)
    both = before.keys() & after.keys()
    changed = sorted(name for name in both if before[name] != after[name])
    return CorpusDiff(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(changed),
        same=len(both) - len(changed),
    )


def _newest(corpus: Corpus) -> dict[str, bytes]:
    newest: dict[str, tuple[tuple[str, str], bytes]] = {}
    columns = ["model_id", "observed_at", "modified_at", "revision", "text_id"]
    for shard in corpus.shards():
        for row in corpus.cards(shard, columns).to_pylist():
            order = (str(row["observed_at"] or row["modified_at"] or ""), row["revision"] or "")
            if row["model_id"] not in newest or order > newest[row["model_id"]][0]:
                newest[row["model_id"]] = (order, row["text_id"])
    return {name: address for name, (_, address) in newest.items()}
