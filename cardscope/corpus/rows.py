"""The map: one shard of a corpus to one row a card revision, a pure function of the shard's bytes and the options.

The same shard gives the same rows bit for bit, whichever worker reads it and in whatever order. A text is parsed once
for all cards that hold it; sections are encoded once for as long as the worker remembers them. Rows hold no card text.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from cardscope.corpus.duplicates import SKETCH, sketches
from cardscope.corpus.features import TextFeatures, labels, pieces_of, read_text
from cardscope.corpus.store import Corpus, Shard
from cardscope.licensing.table import Label, labels_of
from cardscope.lineage import Clues, repository_kind, state_edges
from cardscope.probes import run_probes
from cardscope.scoring import score, score_values
from cardscope.types import Author, CardFacts, ModelId, ModelInfo, Outcome, RepositoryKind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cardscope.plugins import Embedder

_TIME = pa.timestamp("us", tz="UTC")
_STRINGS = pa.list_(pa.string())
# Looking a member up in its class costs more than the comparison it is for.
_NO = Outcome.NO

#: Columns that follow from the text alone.
TEXT_COLUMNS: Final = (
    pa.field("license", pa.string()),
    pa.field("license_custom", pa.bool_()),
    pa.field("languages", _STRINGS),
    pa.field("front_matter_state", pa.string()),
    pa.field("front_matter_fields", _STRINGS),
    pa.field("generators", _STRINGS),
    pa.field("share_template", pa.float32()),
    pa.field("share_placeholder", pa.float32()),
    pa.field("share_authored", pa.float32()),
    pa.field("paper_flag", pa.bool_()),
    pa.field("coverage", pa.list_(pa.uint8())),
    pa.field("problems", _STRINGS),
    pa.field("chars", pa.int32()),
    pa.field("words", pa.int32()),
    pa.field("n_sections", pa.int16()),
    pa.field("n_lines", pa.int32()),
    pa.field("headings", pa.list_(pa.uint32())),
    pa.field("skeleton", pa.uint64()),
    pa.field("lines", pa.list_(pa.uint64())),
)
#: Columns that depend on the model a text stands under.
CARD_COLUMNS: Final = (
    pa.field("owner", pa.string()),
    pa.field("kind", pa.string()),
    pa.field("relation", pa.string()),
    pa.field("parents", _STRINGS),
    pa.field("quality", pa.float32()),
    pa.field("standardization", pa.float32()),
    pa.field("quality_parts", pa.list_(pa.float32())),
    pa.field("standardization_parts", pa.list_(pa.float32())),
    pa.field("findings", _STRINGS),
    pa.field("error", pa.string()),
)


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What decides the rows besides the corpus.

    Attributes:
        embedder: Name of the embedder; empty leaves vectors out.
        batch: Texts read at a time; bounds memory, never the rows.
    """

    embedder: str = "static"
    batch: int = 2000


def map_shard(corpus: Corpus, shard: Shard, options: MapOptions) -> pa.Table:
    """All rows of one shard, sorted by model, day of observation and revision.

    Raises:
        InvalidCorpus: A part of the shard is damaged.
    """
    embedder = _embedder(options.embedder)
    cards = corpus.cards(shard)
    by_text: dict[bytes, list[int]] = {}
    for number, address in enumerate(cards["text_id"].to_pylist()):
        by_text.setdefault(address, []).append(number)
    with _no_cycles():
        pieces = list(_pieces(corpus, shard, cards, by_text, embedder, options))
    dimensions = embedder.dimensions if embedder else 0
    schema = row_schema(cards.schema, dimensions)
    table = pa.concat_tables(pieces) if pieces else schema.empty_table()
    order = [
        ("model_id", "ascending"),
        ("observed_at", "ascending"),
        ("revision", "ascending"),
        ("text_id", "ascending"),
    ]
    return table.sort_by(order).replace_schema_metadata(schema.metadata)


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Rests the search for cycles: nothing that is read here makes one, and looking through it all costs 7 %."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def row_schema(cards: pa.Schema, dimensions: int) -> pa.Schema:
    """Columns of a row; the names of labels and score parts stand in the schema's metadata."""
    vectors = [pa.field(name, pa.list_(pa.float16(), dimensions)) for name in VECTORS] if dimensions else []
    kept = [cards.field(name) for name in cards.names if name != "tags"]
    quality, standard = part_names()
    names = {"labels": labels(), "quality_parts": quality, "standardization_parts": standard}
    metadata = {f"cardscope.{key}": ",".join(value) for key, value in names.items()}
    sketch = pa.field("sketch", pa.list_(pa.uint32(), SKETCH))
    return pa.schema([*kept, *CARD_COLUMNS, *TEXT_COLUMNS, sketch, *vectors], metadata=metadata)


#: Whole body; and body without what a template or nobody wrote.
VECTORS: Final = ("vector", "vector_own")
#: Columns of numbers of which hardly one stands twice.
UNREPEATED: Final = frozenset({"skeleton", "lines", "sketch", *VECTORS})


def part_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the parts of both scores, in the order of the rows."""
    empty = score(RepositoryKind.BASE, ())
    return tuple(part.name for part in empty.quality.parts), tuple(part.name for part in empty.standardization.parts)


def _pieces(
    corpus: Corpus,
    shard: Shard,
    cards: pa.Table,
    by_text: Mapping[bytes, list[int]],
    embedder: Embedder | None,
    options: MapOptions,
) -> Iterator[pa.Table]:
    schema = row_schema(cards.schema, embedder.dimensions if embedder else 0)
    # Once for the shard: taking the rows of each text out of the table costs more than parsing it.
    infos = [_info(row) for row in cards.select(list(_INFO)).to_pylist()]
    missing = set(by_text)
    for batch in corpus.texts(shard, options.batch):
        texts = _TextTable(embedder)
        numbers: list[int] = []
        takes: list[int] = []
        own = _CardTable()
        for address, content in zip(batch["text_id"].to_pylist(), batch["content"].to_pylist(), strict=True):
            rows = by_text.get(address, ())
            if not rows:
                continue
            place, features = texts.add(content)
            # The digest is known from reading; of a text that broke the parser only the empty one's is.
            if place not in texts.errors and not features.card.digest.startswith(address.hex()):
                raise corpus.damaged(f"texts of shard {shard.name}", ValueError("a text is not the one of its address"))
            missing.discard(address)
            numbers += rows
            takes += [place] * len(rows)
            own.add([infos[row] for row in rows], features, texts.errors.get(place))
        if numbers:
            left = cards.take(numbers).drop_columns(["tags"])
            yield _joined(left, own.table(), texts.table().take(takes), schema)
    if missing:
        raise corpus.damaged(
            f"texts of shard {shard.name}", ValueError(f"{len(missing)} texts of its cards are missing")
        )


def _joined(left: pa.Table, own: pa.Table, text: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = {name: table[name] for table in (left, own, text) for name in table.column_names}
    return pa.table([columns[field.name] for field in schema], schema=schema)


class _TextTable:
    """Collects features of texts, and encodes them together: one call an embedder is far cheaper than many."""

    def __init__(self, embedder: Embedder | None) -> None:
        self.embedder = embedder
        self.errors: dict[int, str] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._bodies: list[list[tuple[bool, str]]] = []

    def add(self, content: bytes) -> tuple[int, TextFeatures]:
        """The text's place in the table, and its features; one that fails is read as empty and its reason kept."""
        place = len(self._rows)
        try:
            features = read_text(content)
        except Exception as error:
            # A card that breaks the parser is a row with a reason: a run over millions never stops on one.
            self.errors[place] = f"{type(error).__name__}: {str(error)[:100]}"
            features = read_text(b"")
        card = features.card
        stated = labels_of(features.license)[0]
        shares = features.attribution.shares
        self._rows.append((
            _license_name(stated), stated.matched == "custom", features.languages,
            card.front_matter.state.value, features.fields,
            [match.id for match in features.generators], shares.get(Author.TEMPLATE, 0.0),
            shares.get(Author.PLACEHOLDER, 0.0), shares.get(Author.AUTHORED, 0.0), features.paper_flag,
            features.coverage, features.problems, len(card.text), features.words, min(len(card.sections), 32767),
            len(card.lines), features.headings, features.skeleton, features.lines,
        ))  # fmt: skip
        if self.embedder is not None:
            self._bodies.append(pieces_of(card, features.attribution))
        return place, features

    def table(self) -> pa.Table:
        names = [field.name for field in TEXT_COLUMNS]
        columns = dict(zip(names, zip(*self._rows, strict=True), strict=True))
        arrays = [pa.array(columns[field.name], field.type) for field in TEXT_COLUMNS]
        arrays.append(_fixed(sketches(columns["lines"])))
        names.append("sketch")
        if self.embedder is not None:
            for name, vectors in zip(VECTORS, _vectors(self.embedder, self._bodies), strict=True):
                arrays.append(_fixed(vectors.astype("float16")))
                names.append(name)
        return pa.table(arrays, names=names)


class _CardTable:
    """Collects what depends on the model a text stands under."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    def add(self, infos: Sequence[ModelInfo], features: TextFeatures, error: str | None) -> None:
        """A row for each model that one text stands under."""
        matter = features.card.front_matter
        clues = Clues(features.card, features.generators)
        judged: dict[RepositoryKind, tuple[Any, ...]] = {}
        for info in infos:
            name = info.model_id
            edges = state_edges(name, matter, info, clues)
            kind = repository_kind(matter, info, edges, clues)
            # Of the model, probes are told the kind alone: copies of a text share their findings.
            if (findings := judged.get(kind)) is None:
                findings = judged[kind] = _judged(features, kind)
            owner, slash, _ = name.partition("/")
            relation = edges[0].relation.value if edges else None
            parents = [edge.parent for edge in edges]
            self._rows.append((owner if slash else "", kind.value, relation, parents, *findings, error))

    def table(self) -> pa.Table:
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, CARD_COLUMNS, strict=True)]
        return pa.table(arrays, names=[field.name for field in CARD_COLUMNS])


def _judged(features: TextFeatures, kind: RepositoryKind) -> tuple[Any, ...]:
    """Both scores, the shares of their parts and the questions answered with no, as they stand in a row."""
    facts = CardFacts(features.card, kind, None, features.generators, features.attribution)
    findings = run_probes(facts, explain=False)
    (quality, quality_parts), (standard, standard_parts) = score_values(kind, findings)
    failed = [finding.probe for finding in findings if finding.outcome is _NO]
    return quality, standard, quality_parts, standard_parts, failed


#: Columns of the cards that decide anything besides the text.
_INFO: Final = ("model_id", "revision", "downloads", "likes", "tags", "library_name", "pipeline_tag")


def _license_name(stated: Label) -> str | None:
    """What a card's licence counts as: ``None`` only where none is stated, so ``other`` alone is a group of its own."""
    return None if stated.matched == "missing" else stated.name or "other (unnamed)"


def _info(row: Mapping[str, Any]) -> ModelInfo:
    return ModelInfo(
        ModelId(row["model_id"]),
        revision=row["revision"] or None,
        downloads=row["downloads"],
        likes=row["likes"],
        tags=tuple(row["tags"] or ()),
        library_name=row["library_name"],
        pipeline_tag=row["pipeline_tag"],
    )


def _vectors(
    embedder: Embedder, bodies: list[list[tuple[bool, str]]]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Vectors of whole bodies and of what is the author's own; an embedder that can read both at once does."""
    if (at_once := getattr(embedder, "encode_parts", None)) is not None:
        both: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] = at_once(bodies)
        return both
    whole = ["\n".join(piece for _, piece in pieces) for pieces in bodies]
    own = ["\n".join(piece for mark, piece in pieces if mark) for pieces in bodies]
    return embedder.encode(whole), embedder.encode(own)


def _fixed(matrix: npt.NDArray[Any]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), matrix.shape[1])


def _embedder(name: str) -> Embedder | None:
    if not name:
        return None
    if name not in _loaded:
        from cardscope.embedders import load_embedder

        _loaded[name] = load_embedder(name)
    return _loaded[name]


#: One embedder a process: loading it costs more than a shard of a small corpus.
_loaded: dict[str, Embedder] = {}
