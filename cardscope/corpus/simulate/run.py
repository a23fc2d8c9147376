"""``cardscope simulate``: families and traits are drawn at once, cards are written in processes, in order.

The plan is a few arrays that every worker maps into memory. A worker writes the cards of a run of models and hands
back their texts, rows and truth; this process stores them in the order of the numbers. So the corpus is the same bit
for bit whatever the number of workers.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cardscope.corpus.engines.local import end_with_parent
from cardscope.corpus.simulate.cards import HANDS, CardWriter
from cardscope.corpus.simulate.drafts import DRAFTS, draft_rows, drafted, finished, first_rows
from cardscope.corpus.simulate.families import EPOCH, NEVER, Families, make_families, random
from cardscope.corpus.simulate.profile import LINKS, RELATIONS, Profile, load_profile
from cardscope.corpus.simulate.traits import Hub, columns, make_traits
from cardscope.corpus.simulate.truth import SCHEMA, dates, summary, truth_rows
from cardscope.corpus.simulate.words import mixed
from cardscope.corpus.store import CARDS, EDGES, Manifest, text_id
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus, OutputError

#: Models a worker writes at a time: some 10 MB of text.
_CHUNK: Final = 3000
_DAY: Final = 86_400_000_000
#: Told how many models are written, of how many.
Listener = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulation made.

    Attributes:
        truth: Content of ``truth/truth.json``.
    """

    manifest: Manifest
    truth: dict[str, Any]


@dataclass(slots=True)
class _Chunk:
    """Some models: their cards (first editions behind the current ones), the text of each, edges, truth."""

    cards: pa.Table
    contents: list[bytes]
    edges: pa.Table
    truth: pa.Table
    drafts: pa.Table


def simulate(
    dest: Path, models: int, seed: int = 1, *, profile: str = "default", workers: int = 0, tell: Listener | None = None
) -> Simulated:
    """Makes a corpus of ``models`` cards, and the truth about them in ``DEST/truth``.

    Args:
        dest: A new folder.
        seed: Same number, profile and seed give the same corpus, whatever the number of workers.
        profile: Of ``tables/simulation.toml``.
        workers: Processes that write cards; 0 takes one for each processor, 1 works in this very process.

    Raises:
        InvalidCorpus: The folder is not empty.
        InvalidTable: There is no such profile.
        OutputError: The corpus cannot be written.
    """
    chosen = load_profile(profile)
    if dest.exists() and any(entry.name != ".lock" for entry in dest.iterdir()):
        raise InvalidCorpus(
            "is not empty", subject=str(dest), hint="choose a new folder: a simulated hub is all made up"
        )
    families = make_families(chosen, models, seed)
    hub = make_traits(chosen, families, seed)
    source = f"simulated: {models} models, seed {seed}, profile {profile}"
    with tempfile.TemporaryDirectory(prefix="cardscope-simulate-") as folder:
        plan = Path(folder)
        try:
            with CorpusWriter(dest, title=f"simulated hub ({profile})", source=source) as writer:
                totals = _write(writer, plan, chosen, families, hub, seed, workers or os.cpu_count() or 1, tell)
            truth = summary(chosen, families, hub, seed, totals)
            (plan / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
            (dest / "truth").mkdir()
            for name in ("models.parquet", "drafts.parquet", "truth.json"):
                shutil.move(plan / name, dest / "truth" / name)
        except OutputError:
            raise
        except OSError as error:
            raise OutputError(
                f"the corpus cannot be written ({error.strerror or error})",
                subject=str(dest),
                hint="make room or choose another place",
            ) from error
    return Simulated(writer.manifest, truth)


def _write(
    writer: CorpusWriter,
    plan: Path,
    profile: Profile,
    families: Families,
    hub: Hub,
    seed: int,
    workers: int,
    tell: Listener | None,
) -> dict[str, Any]:
    """Stores all cards in the order of their numbers; returns what adds up over them."""
    import numpy as np

    n, size, cards = len(hub), 0, 0
    words = dict.fromkeys(HANDS, 0)
    chunks: Iterator[_Chunk]
    if workers == 1:
        _start(CardWriter(profile, columns(hub), families.others, seed))
        chunks = (_chunk(first) for first in range(0, n, _CHUNK))
    else:
        for name, column in columns(hub).items():
            np.save(plan / f"{name}.npy", column)
        np.save(plan / "others.npy", families.others)
        chunks = _in_processes(plan, profile.name, seed, n, workers)
    with (
        pq.ParquetWriter(plan / "models.parquet", SCHEMA, compression="zstd") as truth,
        pq.ParquetWriter(plan / "drafts.parquet", DRAFTS, compression="zstd") as drafts,
    ):
        for done, chunk in enumerate(chunks, 1):
            writer.add_batch(chunk.cards, chunk.contents)
            writer.add_edges(chunk.edges.to_pylist())
            truth.write_table(chunk.truth)
            drafts.write_table(chunk.drafts)
            cards += len(chunk.cards)
            size += sum(map(len, chunk.contents))
            for hand in HANDS:
                words[hand] += int(np.asarray(chunk.truth[f"words_{hand}"]).sum())
            if tell is not None:
                tell(min(done * _CHUNK, n), n)
    total = sum(words.values()) or 1
    return {
        "bytes": size,
        "mean_bytes": round(size / cards, 1),
        "drafts": {"asked": profile.values["editions"]["drafts"], "planted": round((cards - n) / n, 6)},
        "words": words,
        "word_shares": {hand: round(count / total, 6) for hand, count in words.items()},
    }


def _in_processes(plan: Path, profile: str, seed: int, n: int, workers: int) -> Iterator[_Chunk]:
    """Chunks in order; a few more are under way than there are workers, so memory stays bounded."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_load, initargs=(str(plan), profile, seed)
    ) as pool:
        pending: deque[Future[_Chunk]] = deque()
        firsts = iter(range(0, n, _CHUNK))
        try:
            for first in firsts:
                pending.append(pool.submit(_chunk, first))
                if len(pending) > workers + 2:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


#: The writer of this process.
_writer: list[CardWriter] = []


def _start(writer: CardWriter) -> None:
    _writer[:] = [writer]


def _load(plan: str, profile: str, seed: int) -> None:
    import numpy as np

    end_with_parent()

    pa.set_cpu_count(1)
    arrays = {path.stem: np.load(path, mmap_mode="r") for path in sorted(Path(plan).glob("*.npy"))}
    others = np.asarray(arrays.pop("others"))
    _start(CardWriter(load_profile(profile), arrays, others, seed))


def _chunk(first: int) -> _Chunk:
    """Cards, edges and truth of `_CHUNK` models."""
    import numpy as np

    (writer,) = _writer
    numbers = range(first, min(first + _CHUNK, len(writer.hub["month"])))
    names = [writer.name(number) for number in numbers]
    written = [writer.write(number) for number in numbers]
    contents = [card.content for card in written]
    observed = int(np.datetime64(writer.profile.values["observed"], "us").astype(np.int64))
    numbered = drafted(writer, numbers, observed)
    done = np.array([finished(writer, number, observed) for number in numbered], np.int64)
    places = [number - first for number in numbered]
    drafts = [writer.write(number, draft=True) for number in numbered]
    cards = _cards(writer, numbers, names, contents, observed, dict(zip(places, done.tolist(), strict=True)))
    begun = first_rows(writer, cards, places, numbered, drafts)
    return _Chunk(
        pa.concat_tables([cards, begun]), contents + [draft.content for draft in drafts],
        _edges(writer, numbers, names), truth_rows(writer, first, names, written),
        draft_rows(begun, done, drafts),
    )  # fmt: skip


def _cards(
    writer: CardWriter, numbers: range, names: list[str], contents: list[bytes], observed: int, done: Mapping[int, int]
) -> pa.Table:
    """Rows of the current editions.

    Args:
        observed: The day the hub is looked at.
        done: When the drafts among them were finished, by place.
    """
    import numpy as np

    part = slice(numbers.start, numbers.stop)
    created = np.asarray(writer.hub["created"][part])
    known = created != NEVER
    draw = random(writer.seed, 1000 + numbers.start)
    later = np.minimum(created + (draw.exponential(10.0, len(created)) * _DAY).astype(np.int64), observed)
    modified = np.where(known & (created > EPOCH), later // 1_000_000 * 1_000_000, created)
    modified[list(done)] = list(done.values())
    seen = np.where(known, observed, NEVER)
    downloads = np.minimum(draw.pareto(0.9, len(created)) * 8, 1e9).astype(np.int64)
    tags, libraries, tasks = zip(*(writer.index_tags(number) for number in numbers), strict=True)
    count = len(names)
    values: dict[str, Any] = {
        "model_id": names,
        "revision": [f"{mixed(writer.seed, number, 7):016x}" for number in numbers],
        "text_id": [text_id(content) for content in contents],
        "created_at": dates(created),
        "modified_at": dates(modified),
        "observed_at": dates(seen),
        "created_source": pa.nulls(count, pa.string()),
        "downloads": downloads,
        "likes": downloads // 300,
        "tags": tags,
        "pipeline_tag": tasks,
        "library_name": libraries,
        "gated": pa.nulls(count, pa.string()),
        "source": ["simulated"] * count,
    }
    arrays = [
        value if isinstance(value := values[field.name], pa.Array) else pa.array(value, field.type) for field in CARDS
    ]
    return pa.table(arrays, schema=CARDS)


def _edges(writer: CardWriter, numbers: range, names: list[str]) -> pa.Table:
    """What the index knows: tags that name a parent, right or wrong."""
    hub = writer.hub
    told = {LINKS.index(name): name for name in ("fine", "dead", "cycle", "untyped")}
    rows = []
    for number, name in zip(numbers, names, strict=True):
        source = int(hub["source"][number])
        link = told.get(int(hub["link"][source]))
        if link is None or hub["fault"][source]:
            continue
        relation = "unknown" if link == "untyped" else RELATIONS[int(hub["relation"][source]) or 1]
        rows += [(name, parent, relation, "tag", None, "simulated") for parent in writer.parents(source)]
    columns_ = zip(*rows, strict=True) if rows else [[] for _ in EDGES]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns_, EDGES, strict=True)], schema=EDGES)
