"""Cards and models of a parquet file: the shipped demo hub, a crawl, or any table with an id and a README.

Needed columns are ``model_id`` and ``card``. Read when there: ``raw`` (the bytes, where they were no UTF-8),
``revision``, ``created_at``, ``last_modified``, ``observed_at``, ``downloads``, ``likes``, ``tags``, ``pipeline_tag``,
``library_name``, ``gated``, ``private``, ``renamed_from`` (former ids). Beside ``cards.parquet`` may lie
``models.parquet`` (models without a card that can be read: ``model_id``, ``state`` and the same facts) and
``lineage.parquet`` (``child``, ``parent``, ``relation``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cardscope.errors import InvalidModelId
from cardscope.shipped import shipped
from cardscope.sources.answers import skip, unless_empty
from cardscope.sources.links import Links, build_links
from cardscope.sources.shapes import tagged_parents
from cardscope.sources.table import FACTS, Row, Table, connect, dates
from cardscope.text.decode import decode
from cardscope.text.frontmatter import read_front_matter
from cardscope.types import ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason, Value, model_id

DEMO = "demo"
_CARD = ("card", "raw")

_TERMS = "accept its terms on its page on the Hub, then analyze it from there: leave --source out"
#: State in ``models.parquet`` -> what becomes of the card, and what to do next.
STATES = {
    "gated": (SkipReason.GATED, "is gated: this corpus holds no card of it", _TERMS),
    "private": (SkipReason.PRIVATE, "is private: this corpus holds no card of it", "ask its owner for the card"),
    "removed": (SkipReason.NOT_FOUND, "has been removed", "look for what took its place among the models of its owner"),
    "no-readme": (SkipReason.NO_README, "has no README.md", "ask its author for a model card"),
}
#: States in which nothing is told of a model either, as the Hub would not.
_SILENT = ("private", "removed")


class CorpusSource:
    """A corpus of cards in parquet.

    Args:
        path: A parquet file, a folder with ``cards.parquet``, or ``demo`` for the shipped hub.
        every_revision: `iter` gives all revisions of a model instead of its newest.

    Raises:
        InvalidCorpus: There is no such file, it is no parquet, or it lacks a needed column.
    """

    def __init__(self, path: str | Path, *, every_revision: bool = False) -> None:
        self._is_demo = str(path) == DEMO
        self.path = shipped(f"corpora/{DEMO}") if self._is_demo else Path(path).expanduser()
        self.every_revision = every_revision
        folder = self.path if self.path.is_dir() else None
        cards = self.path / "cards.parquet" if folder else self.path
        # A single file stands for itself, except under the name it has in a folder: then its neighbours belong to it.
        self._beside = folder or (cards.parent if cards.name == "cards.parquet" else None)
        self._database = connect()
        hint = f"give a parquet file with model_id and card, a folder with cards.parquet, or {DEMO}"
        if folder and (folder / "corpus.toml").exists():
            hint = "this is a corpus of many shards: the source named store reads it; " + hint
        self._cards = Table(self._database, cards, ("model_id", "card"), hint)

    # --- cards ----------------------------------------------------------------------------------------------------

    def get(self, model: ModelId, revision: str | None = None) -> RawCard | SkippedCard:
        """The newest card of a model, or the one of a revision (a whole commit, or its first seven letters or more)."""
        row, renamed = self._row(model, revision)
        if row is not None:
            return self._card(row, renamed)
        if model in self._others:
            return _absent(model, self._others[model])
        if revision is not None and (known := self._revisions(model)):
            hint = "known here: " + ", ".join(text[:12] for text in known[:5])
            return skip(model, SkipReason.NOT_FOUND, f"has no revision {revision[:80]} in this corpus", hint)
        place = "the demo hub" if self._is_demo else str(self.path)
        return skip(model, SkipReason.NOT_FOUND, f"is not in {place}", self._alike(model))

    def iter(self) -> Iterator[RawCard | SkippedCard]:
        """Cards in the order of the file, then the models of which no card can be read."""
        newest = None if self.every_revision else self._cards.newest
        for number, row in self._cards.stream((*FACTS, *_CARD)):
            if newest is None or number in newest:
                yield self._card(row)
        for name, row in self._others.items():
            yield _absent(ModelId(name), row)

    # --- models ---------------------------------------------------------------------------------------------------

    def info(self, model: ModelId, revision: str | None = None) -> ModelInfo | SkippedCard:
        """What the columns say of a model, with its front matter and the links this corpus knows."""
        row, renamed = self._row(model, revision)
        if row is not None:
            return self._info(row, renamed)
        other = self._others.get(model)
        if other is not None and other["state"] not in _SILENT:
            return self._info(other)
        answer = self.get(model, revision)
        assert isinstance(answer, SkippedCard)
        return answer

    def children(self, model: ModelId, relation: Relation, limit: int) -> Sequence[ModelInfo]:
        """The most downloaded models that name this one as their base, by lineage, tags or front matter."""
        found = self._links.children(self._names(model), relation)
        rows = self._cards.rows(FACTS, "list_contains(?, model_id)", [found]) if found else []
        known = {**self._others, **{row["model_id"]: row for row in rows}}
        infos = [self._info(known.get(name, {"model_id": name})) for name in found]
        infos.sort(key=lambda info: (-(info.downloads or 0), info.model_id))
        return tuple(infos[: max(0, limit)])

    def has_account(self, account: str) -> bool | None:
        """Whether anybody of that name has a model here; only the demo, a hub in itself, can tell that nobody has."""
        prefix = f"{account}/"
        if self._cards.rows(("model_id",), "starts_with(model_id, ?)", [prefix]):
            return True
        if any(name.startswith(prefix) for name in self._others):
            return True
        return False if self._is_demo else None

    def former_ids(self, model: ModelId) -> tuple[str, ...]:
        """Names a model had before, as the corpus tells."""
        return tuple(sorted(self._names(model) - {model}))

    # --- rows -----------------------------------------------------------------------------------------------------

    def _row(self, model: ModelId, revision: str | None) -> tuple[Row | None, ModelId | None]:
        """The row of a model, and the name asked for when it is a former one or is spelt in other capitals."""
        names, renamed = (*FACTS, *_CARD), None
        rows = self._cards.rows(names, "model_id = ?", [model])
        if not rows:
            present = self._renamed.get(model)
            condition = "model_id = ?" if present else "lower(model_id) = lower(?)"
            rows, renamed = self._cards.rows(names, condition, [present or model]), model
        if revision is not None:
            rows = [row for row in rows if _is_revision(row.get("revision"), revision)]
        return (rows[-1], renamed) if rows else (None, None)

    def _revisions(self, model: ModelId) -> list[str]:
        rows = self._cards.rows(("model_id", "revision"), "model_id = ?", [model])
        return [row["revision"] for row in rows if row.get("revision")]

    def _alike(self, model: ModelId) -> str:
        """What may have been meant: models of the same name under other owners, or without one."""
        name = model.rpartition("/")[2]
        rows = self._cards.rows(("model_id",), "lower(split_part(model_id, '/', -1)) = lower(?)", [name])
        if found := dict.fromkeys(row["model_id"] for row in rows):
            return "did you mean " + ", ".join(list(found)[:3]) + "?"
        return "check the spelling, or look it up on the Hub: leave --source out"

    def _names(self, model: ModelId) -> set[str]:
        """A model's present name and its former ones: children name it by any of them."""
        return {model, *(former for former, present in self._renamed.items() if present == model)}

    def _card(self, row: Row, renamed: ModelId | None = None) -> RawCard | SkippedCard:
        name = _as_id(row["model_id"])
        if row["card"] is None and row.get("raw") is None:
            return skip(name, *STATES["no-readme"])
        content = row["raw"] if row.get("raw") is not None else row["card"].encode("utf-8", "surrogatepass")
        origin = f"{self.path}: {row['model_id']}"
        return unless_empty(RawCard(bytes(content), name, row.get("revision") or None, dates(row), origin, renamed))

    def _info(self, row: Row, renamed: ModelId | None = None) -> ModelInfo:
        name = ModelId(row["model_id"])
        tags = tuple(tag for tag in row.get("tags") or () if tag)
        gated = row.get("gated")
        return ModelInfo(
            model_id=name,
            revision=row.get("revision") or None,
            dates=dates(row),
            downloads=row.get("downloads"),
            likes=row.get("likes"),
            # An empty cell of a corpus that has the column says that the model is open.
            gated=(gated or False) if "gated" in row else None,
            private=bool(row["private"]) if row.get("private") is not None else None,
            tags=tags,
            library_name=row.get("library_name"),
            pipeline_tag=row.get("pipeline_tag"),
            card_data=_front_matter(row["card"]) if row.get("card") else None,
            base_models=self._links.parents(name) if self._lineage is not None else tuple(tagged_parents(tags)),
            children=self._links.counts(self._names(name)),
            renamed_from=renamed,
        )

    # --- read once ------------------------------------------------------------------------------------------------

    @cached_property
    def _models(self) -> Table | None:
        return self._neighbour("models.parquet", ("model_id", "state"))

    @cached_property
    def _lineage(self) -> Table | None:
        return self._neighbour("lineage.parquet", ("child", "parent", "relation"))

    @cached_property
    def _others(self) -> dict[str, Row]:
        """Models without a card, by id; a state nobody knows is no state."""
        if self._models is None:
            return {}
        rows = self._models.rows((*FACTS, "state"))
        return {row["model_id"]: row for row in rows if row["state"] in STATES and _as_id(row["model_id"])}

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """Former id -> present id."""
        if "renamed_from" not in self._cards.columns:
            return {}
        rows = self._cards.rows(("model_id", "renamed_from"), "len(renamed_from) > 0")
        return {former: row["model_id"] for row in rows for former in row["renamed_from"] if former}

    @cached_property
    def _links(self) -> Links:
        return build_links(self._cards, self._models, self._lineage)

    def _neighbour(self, name: str, needed: Sequence[str]) -> Table | None:
        if self._beside is None or not (self._beside / name).is_file():
            return None
        return Table(self._database, self._beside / name, needed)


def _absent(model: ModelId, row: Row) -> SkippedCard:
    return skip(model, *STATES[row["state"]])


def _as_id(text: str) -> ModelId | None:
    try:
        return model_id(text)
    except InvalidModelId:
        return None


def _is_revision(have: str | None, wanted: str) -> bool:
    return bool(have) and (have == wanted or (len(wanted) >= 7 and str(have).startswith(wanted)))


def _front_matter(card: str) -> Mapping[str, Value]:
    return read_front_matter(decode(card))[0].fields
