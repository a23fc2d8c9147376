"""A corpus on disk: a folder of parquet files that any tool can read, and one small file that says what they are.

    corpus.toml          what it holds, from where, counts, a digest of every part
    texts/SS/*.parquet   each distinct README once, by content
    cards/SS/*.parquet   one row a card revision: a model, a day, and which text stood there
    models/*.parquet     what an index said of a model on a day
    edges/*.parquet      who was made out of whom
    rejects/*.parquet    rows that could not be taken in, and why

``SS`` is the number of a shard, decided by the text alone. A text and every card revision that holds it lie in the same
shard, so a shard can be read and mapped without a look at any other.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from cardscope.errors import InvalidCorpus

FORMAT: Final = "cardscope.corpus/1"
#: 64 shards keep two million cards at about 31,000 a shard: a few seconds of work, 100 MB of text.
SHARDS: Final = 64
MANIFEST: Final = "corpus.toml"
KINDS: Final = ("texts", "cards", "models", "edges", "rejects")

_TIME = pa.timestamp("us", tz="UTC")
_STRINGS = pa.list_(pa.string())

TEXTS: Final = pa.schema([("text_id", pa.binary(16)), ("content", pa.binary()), ("size", pa.int32())])
CARDS: Final = pa.schema(
    [
        ("model_id", pa.string()),
        ("revision", pa.string()),
        ("text_id", pa.binary(16)),
        ("created_at", _TIME),
        ("modified_at", _TIME),
        ("observed_at", _TIME),
        ("created_source", pa.string()),
        ("downloads", pa.int64()),
        ("likes", pa.int64()),
        ("tags", _STRINGS),
        ("pipeline_tag", pa.string()),
        ("library_name", pa.string()),
        ("gated", pa.string()),
        ("source", pa.string()),
    ]
)
MODELS: Final = pa.schema(
    [
        ("model_id", pa.string()),
        ("observed_at", _TIME),
        ("created_at", _TIME),
        ("modified_at", _TIME),
        ("revision", pa.string()),
        ("downloads", pa.int64()),
        ("likes", pa.int64()),
        ("gated", pa.string()),
        ("private", pa.bool_()),
        ("removed", pa.string()),
        ("tags", _STRINGS),
        ("pipeline_tag", pa.string()),
        ("library_name", pa.string()),
        ("license", pa.string()),
        ("base_models", pa.list_(pa.struct([("id", pa.string()), ("relation", pa.string())]))),
        ("blob_id", pa.string()),
        ("source", pa.string()),
    ]
)
EDGES: Final = pa.schema(
    [
        ("child", pa.string()),
        ("parent", pa.string()),
        ("relation", pa.string()),
        ("stated", pa.string()),
        ("observed_at", _TIME),
        ("source", pa.string()),
    ]
)
REJECTS: Final = pa.schema(
    [("where", pa.string()), ("model_id", pa.string()), ("reason", pa.string()), ("message", pa.string())]
)
SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    "texts": TEXTS,
    "cards": CARDS,
    "models": MODELS,
    "edges": EDGES,
    "rejects": REJECTS,
}


def text_id(content: bytes) -> bytes:
    """Address of a text: the first 16 bytes of its SHA-256, so that equal READMEs are stored once."""
    return sha256(content).digest()[:16]


def shard_of(identifier: bytes, shards: int) -> int:
    """The shard a text lies in; even because the address is a hash."""
    return identifier[0] % shards


@dataclass(frozen=True, slots=True)
class Part:
    """One parquet file of a corpus.

    Attributes:
        path: Relative to the corpus, with forward slashes.
        digest: XXH3 (128 bit) of the file's bytes, hexadecimal.
    """

    path: str
    rows: int
    size: int
    digest: str

    @property
    def kind(self) -> str:
        """Which of `KINDS` the part belongs to."""
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of ``corpus.toml``.

    Attributes:
        counts: Rows by kind, and ``offered``, ``repeated``: what was offered is cards, repeats and rejects together.
        sources: One line for each import or crawl that added to the corpus.
    """

    title: str
    created_at: datetime
    changed_at: datetime
    shards: int = SHARDS
    sources: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def to_toml(self) -> str:
        """The file as text; ordered, so that equal manifests are equal files."""
        lines = [
            f"format = {json.dumps(FORMAT)}",
            f"title = {json.dumps(self.title)}",
            f"created_at = {self.created_at:%Y-%m-%dT%H:%M:%SZ}",
            f"changed_at = {self.changed_at:%Y-%m-%dT%H:%M:%SZ}",
            f"shards = {self.shards}",
            f"sources = {json.dumps(list(self.sources), ensure_ascii=False)}",
            "",
            "[counts]",
            *(f"{key} = {value}" for key, value in sorted(self.counts.items())),
            "",
        ]
        for part in sorted(self.parts, key=lambda part: part.path):
            lines += ["[[parts]]", f"path = {json.dumps(part.path)}", f"rows = {part.rows}", f"size = {part.size}"]
            lines += [f"digest = {json.dumps(part.digest)}", ""]
        return "\n".join(lines)

    @classmethod
    def from_toml(cls, text: str, where: str) -> Manifest:
        """Reads the file.

        Raises:
            InvalidCorpus: It is no manifest, or of a format this version does not know.
        """
        try:
            content = tomllib.loads(text)
            if content.get("format") != FORMAT:
                raise InvalidCorpus(
                    f"has the format {content.get('format')!r}, not {FORMAT}", subject=where, hint="update cardscope"
                )
            return cls(
                title=content["title"],
                created_at=content["created_at"],
                changed_at=content["changed_at"],
                shards=content["shards"],
                sources=tuple(content["sources"]),
                counts=content["counts"],
                parts=tuple(Part(**part) for part in content.get("parts", ())),
            )
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise InvalidCorpus(f"cannot be read as the manifest of a corpus ({error})", subject=where) from error


@dataclass(frozen=True, slots=True)
class Shard:
    """One independent slice of a corpus: some texts, and all card revisions that hold one of them."""

    number: int
    texts: tuple[str, ...]
    cards: tuple[str, ...]
    digest: str

    @property
    def name(self) -> str:
        """Two digits, as in the folders."""
        return f"{self.number:02d}"


class Corpus:
    """A corpus opened for reading.

    Args:
        path: The folder, or an address that fsspec knows (``s3://``, ``hf://``).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._fs, self._root = filesystem(self.path)
        self.manifest = Manifest.from_toml(self._read_manifest(), self.path)

    def _read_manifest(self) -> str:
        try:
            with self._fs.open_input_stream(f"{self._root}/{MANIFEST}") as stream:
                return bytes(stream.read()).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidCorpus(
                "is not a corpus: it has no readable corpus.toml",
                subject=self.path,
                # fsspec says "not found" of a store that does not answer and of one that asks for a key, too.
                hint="is the address right, does the store answer, and may you read it?"
                if "://" in self.path
                else "make one with: cardscope corpus import SOURCE DEST",
            ) from error

    @property
    def digest(self) -> str:
        """Of all parts that decide a score: what a run over this corpus is a run over."""
        return _digest_of(part for part in self.manifest.parts if part.kind in ("texts", "cards", "edges"))

    def shards(self) -> tuple[Shard, ...]:
        """All shards that hold at least one card, in order."""
        by_number: dict[int, list[Part]] = {}
        for part in sorted(self.manifest.parts, key=lambda part: part.path):
            if part.kind in ("texts", "cards"):
                by_number.setdefault(int(part.path.split("/")[1]), []).append(part)
        return tuple(
            Shard(
                number=number,
                texts=tuple(part.path for part in parts if part.kind == "texts"),
                cards=tuple(part.path for part in parts if part.kind == "cards"),
                digest=_digest_of(parts),
            )
            for number, parts in sorted(by_number.items())
            if any(part.kind == "cards" and part.rows for part in parts)
        )

    def texts(self, shard: Shard, batch: int = 2000) -> Iterator[pa.RecordBatch]:
        """The texts of a shard, ``batch`` rows at a time, columns `TEXTS`.

        Raises:
            InvalidCorpus: A part is missing, cut short or damaged; the message names it.
        """
        for path in shard.texts:
            try:
                for part in self._open(path).iter_batches(batch_size=batch):
                    if part.schema.names != TEXTS.names:
                        raise pa.ArrowInvalid(f"its columns are {', '.join(part.schema.names)[:100]}")
                    yield part
            except (OSError, pa.ArrowException) as error:
                raise self.damaged(path, error) from error

    def cards(self, shard: Shard, columns: Sequence[str] | None = None) -> pa.Table:
        """The card revisions of a shard, columns `CARDS`.

        Raises:
            InvalidCorpus: A part is missing, cut short or damaged; the message names it.
        """
        return self._table(shard.cards, CARDS, columns)

    def table(self, kind: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of one kind; meant for ``models``, ``edges`` and ``rejects``, which are small."""
        paths = [part.path for part in sorted(self.manifest.parts, key=lambda part: part.path) if part.kind == kind]
        return self._table(paths, SCHEMAS[kind], columns)

    def _table(self, paths: Sequence[str], schema: pa.Schema, columns: Sequence[str] | None) -> pa.Table:
        wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
        tables = [wanted.empty_table()]
        for path in paths:
            try:
                tables.append(self._open(path).read(columns=wanted.names).select(wanted.names).cast(wanted))
            except (OSError, pa.ArrowException, KeyError) as error:
                raise self.damaged(path, error) from error
        return pa.concat_tables(tables)

    def _open(self, path: str) -> pq.ParquetFile:
        return pq.ParquetFile(self._fs.open_input_file(f"{self._root}/{path}"))

    def damaged(self, path: str, error: Exception) -> InvalidCorpus:
        """What is raised for a part that cannot be read; ``path`` is relative to the corpus."""
        return InvalidCorpus(
            f"a part cannot be read ({str(error).splitlines()[0][:200]})",
            subject=f"{self.path}/{path}",
            hint="cardscope corpus verify names everything that is damaged; import the source again",
        )


def filesystem(path: str) -> tuple[Any, str]:
    """An Arrow file system and the path within it, for a folder or an address that fsspec knows.

    Raises:
        MissingExtra: The address needs fsspec, or the package behind its scheme.
        UsageError: Nothing is known of such addresses.
    """
    from pyarrow import fs

    if "://" not in path:
        return fs.LocalFileSystem(), str(Path(path).absolute())
    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(path)
    except ImportError as error:
        from cardscope.errors import MissingExtra

        raise MissingExtra(error.name or "fsspec", extra="cluster") from error
    except ValueError as error:
        from cardscope.errors import UsageError

        raise UsageError(f"is no address that can be opened ({str(error)[:100]})", subject=path) from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), root


def file_digest(path: Path) -> str:
    """XXH3 (128 bit) of a file's bytes, hexadecimal."""
    state = xxhash.xxh3_128()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            state.update(chunk)
    return state.hexdigest()


def _digest_of(parts: Iterator[Part] | Sequence[Part]) -> str:
    state = xxhash.xxh3_128()
    for part in sorted(parts, key=lambda part: part.path):
        state.update(f"{part.path} {part.rows} {part.digest}\n".encode())
    return state.hexdigest()
