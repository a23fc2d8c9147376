"""Adding to a corpus: texts once, card revisions once, everything that does not fit as a reject with its reason.

A writer is one session. It holds a lock, writes one new part for each shard it touches under a temporary name, and
makes all of it part of the corpus at the end by replacing ``corpus.toml``. A session that dies leaves it as it was.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from cardscope.corpus.locks import hold
from cardscope.corpus.store import (
    CARDS,
    EDGES,
    KINDS,
    MANIFEST,
    MODELS,
    REJECTS,
    SCHEMAS,
    SHARDS,
    Corpus,
    Manifest,
    Part,
    file_digest,
    shard_of,
    text_id,
)
from cardscope.errors import InvalidCorpus, OutputError

#: Bytes of text held before they are written: row groups of about 4 MB a shard, at most half a gigabyte in memory.
_BUFFER: Final = 192 << 20
_ROWS: Final = 100_000


class CorpusWriter:
    """A session that adds to a corpus, making it when it is not there.

    Args:
        path: A local folder.
        title: Of a new corpus.
        source: One line that says where this session's cards are from.
        shards: Of a new corpus; an old one keeps its own.

    Raises:
        InvalidCorpus: The folder holds something else, or another writer is at work.
        OutputError: The folder cannot be made or written to.
    """

    def __init__(self, path: Path, *, title: str = "", source: str = "", shards: int = SHARDS) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._refuse_strangers()
            self._lock = hold(path / ".lock", "another session is writing to this corpus")
        except OSError as error:
            raise _cannot_write(path, error) from error
        try:
            self.manifest = self._manifest(title or path.name, shards)
            self.counts: Counter[str] = Counter()
            self._source = source
            self._session = 1 + max((_session_of(part.path) for part in self.manifest.parts), default=0)
            self._writers: dict[str, pq.ParquetWriter] = {}
            self._rows: Counter[str] = Counter()
            self._known_texts, self._known_cards = self._known()
            self._clear()
            self._sweep()
        except BaseException:
            self._release()
            raise

    # --- adding ---------------------------------------------------------------------------------------------------

    def add(self, card: Mapping[str, Any], content: bytes) -> bool:
        """One card revision; ``card`` has keys of `CARDS` (missing ones are null).

        Returns:
            Whether it is new: the same model with the same revision and text is taken once.
        """
        self.counts["offered"] += 1
        address = text_id(content)
        name = str(card["model_id"])
        revision = card.get("revision") or ""
        key = xxhash.xxh3_64_intdigest(b"\0".join((name.encode(), revision.encode(), address)))
        if key in self._known_cards:
            self.counts["repeated"] += 1
            return False
        self._known_cards.add(key)
        shard = shard_of(address, self.manifest.shards)
        if address not in self._known_texts:
            self._known_texts.add(address)
            self._texts.setdefault(shard, []).append((address, content))
            self._held += len(content)
        self._cards.setdefault(shard, []).append({**card, "revision": revision, "text_id": address})
        self._held_rows += 1
        if self._held >= _BUFFER or self._held_rows >= _ROWS:
            self.flush()
        return True

    def add_batch(self, cards: pa.Table, contents: Sequence[bytes]) -> int:
        """Many card revisions at once, the fast path for millions.

        Args:
            cards: Columns `CARDS`, with the address of each row's text in ``text_id`` and no null revision.
            contents: The text of each row.

        Returns:
            How many are new, by the rule of `add`.
        """
        self.counts["offered"] += cards.num_rows
        columns = (cards[name].to_pylist() for name in ("model_id", "revision", "text_id"))
        rows: dict[int, list[int]] = {}
        new = 0
        for at, (name, revision, address) in enumerate(zip(*columns, strict=True)):
            key = xxhash.xxh3_64_intdigest(b"\0".join((name.encode(), revision.encode(), address)))
            if key in self._known_cards:
                continue
            self._known_cards.add(key)
            shard = shard_of(address, self.manifest.shards)
            if address not in self._known_texts:
                self._known_texts.add(address)
                self._texts.setdefault(shard, []).append((address, contents[at]))
                self._held += len(contents[at])
            rows.setdefault(shard, []).append(at)
            new += 1
        for shard, places in rows.items():
            self._card_tables.setdefault(shard, []).append(cards.take(places))
        self.counts["repeated"] += cards.num_rows - new
        self._held_rows += new
        if self._held >= _BUFFER or self._held_rows >= _ROWS:
            self.flush()
        return new

    def reject(self, where: str, model_id: str | None, reason: str, message: str) -> None:
        """A row that cannot be taken in, kept with the reason it was not."""
        self.counts["offered"] += 1
        self._rejects.append({"where": where, "model_id": model_id, "reason": reason, "message": message[:500]})

    def add_models(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Snapshots of models, keys of `MODELS`; tombstones have ``removed`` set to the reason."""
        self._models += rows
        if len(self._models) >= _ROWS:
            self.flush()

    def add_edges(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Edges, keys of `EDGES`."""
        self._edges += rows
        if len(self._edges) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Writes what is held in memory; it becomes part of the corpus only with `close`.

        Raises:
            OutputError: The disk is full or cannot be written; the corpus stays as it was.
        """
        try:
            for shard, texts in sorted(self._texts.items()):
                self._write(f"texts/{shard:02d}", _texts_table(texts))
            for shard, cards in sorted(self._cards.items()):
                self._write(f"cards/{shard:02d}", _rows_table(cards, CARDS))
            for shard, tables in sorted(self._card_tables.items()):
                self._write(f"cards/{shard:02d}", pa.concat_tables(tables))
            for kind, rows, schema in (
                ("models", self._models, MODELS),
                ("edges", self._edges, EDGES),
                ("rejects", self._rejects, REJECTS),
            ):
                if rows:
                    self._write(kind, _rows_table(rows, schema))
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        self._clear()

    def close(self) -> Manifest:
        """Ends the session: its parts become part of the corpus, all at once.

        Raises:
            OutputError: The disk is full or cannot be written; the corpus stays as it was.
        """
        try:
            self.flush()
            parts = [self._finish(name) for name in sorted(self._writers)]
            self._writers.clear()
            self.manifest = self._with(parts)
            partial = self.path / f"{MANIFEST}.partial"
            with partial.open("w", encoding="utf-8") as stream:
                stream.write(self.manifest.to_toml())
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(self.path / MANIFEST)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        finally:
            self._release()
        return self.manifest

    def abandon(self) -> None:
        """Ends the session without a trace."""
        for writer in self._writers.values():
            try:
                writer.close()
            except (OSError, pa.ArrowException):
                continue
        self._writers.clear()
        self._sweep()
        self._release()

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    # --- below ----------------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        self._texts: dict[int, list[tuple[bytes, bytes]]] = {}
        self._cards: dict[int, list[Mapping[str, Any]]] = {}
        self._card_tables: dict[int, list[pa.Table]] = {}
        self._models: list[Mapping[str, Any]] = []
        self._edges: list[Mapping[str, Any]] = []
        self._rejects: list[Mapping[str, Any]] = []
        self._held = self._held_rows = 0

    def _write(self, folder: str, table: pa.Table) -> None:
        writer = self._writers.get(folder)
        if writer is None:
            target = self.path / folder
            target.mkdir(parents=True, exist_ok=True)
            schema = SCHEMAS[folder.partition("/")[0]]
            writer = pq.ParquetWriter(
                target / f"part-{self._session:05d}.parquet.partial", schema, compression="zstd", compression_level=3
            )
            self._writers[folder] = writer
        writer.write_table(table)
        self._rows[folder] += table.num_rows

    def _finish(self, folder: str) -> Part:
        self._writers[folder].close()
        partial = self.path / folder / f"part-{self._session:05d}.parquet.partial"
        final = partial.with_suffix("")
        partial.replace(final)
        name = f"{folder}/{final.name}"
        return Part(name, self._rows[folder], final.stat().st_size, file_digest(final))

    def _with(self, parts: list[Part]) -> Manifest:
        every = (*self.manifest.parts, *parts)
        counts = Counter(self.manifest.counts)
        counts.update({key: self.counts[key] for key in ("offered", "repeated")})
        for kind in KINDS:
            counts[kind] = sum(part.rows for part in every if part.kind == kind)
        sources = (*self.manifest.sources, self._source) if self._source else self.manifest.sources
        return Manifest(
            self.manifest.title,
            self.manifest.created_at,
            datetime.now(UTC).replace(microsecond=0),
            self.manifest.shards,
            sources,
            dict(counts),
            every,
        )

    def _refuse_strangers(self) -> None:
        """Looks before anything is written: a folder that holds something else is left as it was, without a lock."""
        if (self.path / MANIFEST).exists():
            return
        if any(entry.name != ".lock" and not _is_left_over(entry) for entry in self.path.iterdir()):
            raise InvalidCorpus(
                "is not empty and not a corpus", subject=str(self.path), hint="choose a new folder for the corpus"
            )

    def _manifest(self, title: str, shards: int) -> Manifest:
        if (self.path / MANIFEST).exists():
            return Corpus(self.path).manifest
        now = datetime.now(UTC).replace(microsecond=0)
        return Manifest(title, now, now, shards)

    def _known(self) -> tuple[set[bytes], set[int]]:
        """Addresses of the texts and keys of the card revisions that the corpus has already."""
        texts: set[bytes] = set()
        cards: set[int] = set()
        if not self.manifest.parts:
            return texts, cards
        corpus = Corpus(self.path)
        for shard in corpus.shards():
            for path in shard.texts:
                texts.update(pq.read_table(self.path / path, columns=["text_id"])["text_id"].to_pylist())
            rows = corpus.cards(shard, ["model_id", "revision", "text_id"])
            for name, revision, address in zip(
                *(rows[column].to_pylist() for column in rows.column_names), strict=True
            ):
                cards.add(xxhash.xxh3_64_intdigest(b"\0".join((name.encode(), revision.encode(), address))))
        return texts, cards

    def _release(self) -> None:
        self._lock.close()

    def _sweep(self) -> None:
        """Removes what a session that died left behind: parts that no manifest names."""
        named = {part.path for part in self.manifest.parts}
        for kind in KINDS:
            for path in (self.path / kind).rglob("part-*.parquet*"):
                if path.relative_to(self.path).as_posix() not in named:
                    path.unlink(missing_ok=True)


def _texts_table(texts: list[tuple[bytes, bytes]]) -> pa.Table:
    addresses, contents = zip(*texts, strict=True)
    return pa.table(
        [
            pa.array(addresses, SCHEMAS["texts"].field("text_id").type),
            pa.array(contents, pa.binary()),
            pa.array([len(content) for content in contents], pa.int32()),
        ],
        schema=SCHEMAS["texts"],
    )


def _rows_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.table([pa.array([row.get(field.name) for row in rows], field.type) for field in schema], schema=schema)


def _session_of(path: str) -> int:
    digits = path.rpartition("part-")[2].partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _is_left_over(entry: Path) -> bool:
    return entry.name in KINDS or entry.name == f"{MANIFEST}.partial"


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the corpus cannot be written ({error.strerror or error})",
        subject=str(path),
        hint="make room or choose another place; the corpus is as it was before this session",
    )
