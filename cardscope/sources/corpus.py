# ruff: noqa: S608 - queries are put together from names in this file only; paths and ids are bound values
"""Cards and models of a parquet file: the shipped demo hub, a crawl, or any table with an id and a README.

Needed columns are ``model_id`` and ``card``. Read when there: ``raw`` (the bytes, where they were no UTF-8),
``revision``, ``created_at``, ``last_modified``, ``observed_at``, ``downloads``, ``likes``, ``tags``, ``pipeline_tag``,
``library_name``, ``gated``, ``private``, ``renamed_from`` (former ids). Beside ``cards.parquet`` may lie
``models.parquet`` (models without a card that can be read: ``model_id`` and ``state``) and ``lineage.parquet``
(``child``, ``parent``, ``relation``).

Questions go to DuckDB, which skips the pages of a file that cannot hold the answer: one card out of 32,849 costs 26 ms,
where reading the column costs 390 ms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardscope.errors import InvalidCorpus, InvalidModelId
from cardscope.shipped import shipped
from cardscope.sources.answers import skip, unless_empty
from cardscope.sources.links import Links, build_links
from cardscope.sources.shapes import moment, tagged_parents
from cardscope.text.decode import decode
from cardscope.text.frontmatter import read_front_matter
from cardscope.types import Dates, ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason, Value, model_id

if TYPE_CHECKING:
    import duckdb

DEMO = "demo"
_NEEDED = ("model_id", "card")
_DATES = ("created_at", "last_modified", "observed_at")
_FACTS = ("downloads", "likes", "tags", "pipeline_tag", "library_name", "gated", "private", "renamed_from")
_READ = ("model_id", "revision", *_DATES, *_FACTS, "card", "raw")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 500

#: State in ``models.parquet`` -> what becomes of a card there, and of what is known of the model.
_STATES = {
    "gated": (SkipReason.GATED, "is gated: this corpus holds no card of it"),
    "private": (SkipReason.PRIVATE, "is private: this corpus holds no card of it"),
    "removed": (SkipReason.NOT_FOUND, "has been removed"),
    "no-readme": (SkipReason.NO_README, "has no README.md"),
}


class CorpusSource:
    """A corpus of cards in parquet.

    Args:
        path: A parquet file, a folder with ``cards.parquet``, or ``demo`` for the shipped hub.
        every_revision: `iter` gives all revisions of a model instead of its newest.

    Raises:
        InvalidCorpus: There is no such file, it is no parquet, or it lacks a needed column.
    """

    def __init__(self, path: str | Path, *, every_revision: bool = False) -> None:
        self.path = shipped(f"corpora/{DEMO}") if str(path) == DEMO else Path(path).expanduser()
        self.every_revision = every_revision
        folder = self.path if self.path.is_dir() else None
        self._cards = self.path / "cards.parquet" if folder else self.path
        # A single file stands for itself, except under the name it has in a folder: then its neighbours belong to it.
        beside = folder or (self._cards.parent if self._cards.name == "cards.parquet" else None)
        self._models = _existing(beside, "models.parquet")
        self._lineage = _existing(beside, "lineage.parquet")
        self._columns = {name: kind for name, kind in self._describe(self._cards).items() if _fits(name, kind)}
        if missing := [name for name in _NEEDED if name not in self._columns]:
            raise InvalidCorpus(
                "lacks the text column " + " and ".join(missing),
                subject=str(self._cards),
                hint="a corpus needs model_id and card; rename the columns, or use: cardscope corpus import",
            )

    # --- cards ----------------------------------------------------------------------------------------------------

    def get(self, model: ModelId, revision: str | None = None) -> RawCard | SkippedCard:
        """The newest card of a model, or the one of a revision (a whole commit, or its first seven letters or more)."""
        row, renamed = self._row(model, revision)
        if row is not None:
            return self._card(row, renamed)
        state = self._state(model)
        if state is not None and state in _STATES:
            reason, message = _STATES[state]
            return skip(model, reason, message)
        if revision is not None and (known := self._revisions(model)):
            hint = "known here: " + ", ".join(text[:12] for text in known[:5])
            return skip(model, SkipReason.NOT_FOUND, f"has no revision {revision[:80]} in this corpus", hint)
        return skip(
            model, SkipReason.NOT_FOUND, f"is not in {self.path}", "check the spelling, or look it up on the Hub"
        )

    def iter(self) -> Iterator[RawCard | SkippedCard]:
        """Cards in the order of the file, then the models of which no card can be read."""
        newest = None if self.every_revision else self._newest
        names = [name for name in _READ if name in self._columns]
        # Sorting would need all cards in memory; the file's own order is stable and costs nothing.
        cursor = self._run(f"SELECT file_row_number, {self._select(names)} FROM {self._table()}", [str(self._cards)])
        while rows := cursor.fetchmany(_BATCH):
            for number, *values in rows:
                if newest is None or number in newest:
                    yield self._card(dict(zip(names, values, strict=True)))
        for name, state in self._states.items():
            if state in _STATES:
                reason, message = _STATES[state]
                yield skip(ModelId(name), reason, message)

    # --- models ---------------------------------------------------------------------------------------------------

    def info(self, model: ModelId, revision: str | None = None) -> ModelInfo | SkippedCard:
        """What the columns say of a model, with its front matter and the links this corpus knows."""
        row, renamed = self._row(model, revision)
        if row is not None:
            return self._info(row, renamed)
        state = self._state(model)
        if state is None or state in ("private", "removed"):
            answer = self.get(model, revision)
            assert isinstance(answer, SkippedCard)
            return answer
        gated = "manual" if state == "gated" else False
        return ModelInfo(model, gated=gated, base_models=self._parents(model), children=self._counts(model))

    def children(self, model: ModelId, relation: Relation, limit: int) -> Sequence[ModelInfo]:
        """The most downloaded models that name this one as their base, by lineage, tags or front matter."""
        found = self._links.children(self._names(model), relation)
        names = [name for name in _READ if name in self._columns and name not in ("card", "raw")]
        known = {row["model_id"]: row for row in self._rows(names, "list_contains(?, model_id)", [sorted(found)])}
        infos = [self._info(known[name]) if name in known else ModelInfo(name) for name in map(_as_id, found) if name]
        infos.sort(key=lambda info: (-(info.downloads or 0), info.model_id))
        return tuple(infos[: max(0, limit)])

    def former_ids(self, model: ModelId) -> tuple[str, ...]:
        """Names a model had before, as the corpus tells."""
        return tuple(self._names(model) - {model})

    # --- rows -----------------------------------------------------------------------------------------------------

    def _row(self, model: ModelId, revision: str | None) -> tuple[dict[str, Any] | None, ModelId | None]:
        """The row of a model under its present or a former name, and the former name when it was that."""
        names = [name for name in _READ if name in self._columns]
        rows = list(self._rows(names, "model_id = ?", [model]))
        renamed = None
        if not rows and "renamed_from" in self._columns:
            rows = list(self._rows(names, "list_contains(renamed_from, ?)", [model]))
            renamed = model if rows else None
        if revision is not None:
            rows = [row for row in rows if _is_revision(row.get("revision"), revision)]
        return (rows[-1], renamed) if rows else (None, None)

    def _rows(self, names: Sequence[str], condition: str, values: list[Any]) -> Iterator[dict[str, Any]]:
        """Rows that meet a condition, of each model the newest last."""
        order = f"ORDER BY {self._age()} NULLS FIRST, file_row_number"
        query = f"SELECT {self._select(names)} FROM {self._table()} WHERE {condition} {order}"
        for found in self._run(query, [str(self._cards), *values]).fetchall():
            yield dict(zip(names, found, strict=True))

    @cached_property
    def _newest(self) -> frozenset[int]:
        """Row numbers of the newest revision of each model."""
        rank = f"row_number() OVER (PARTITION BY model_id ORDER BY {self._age()} DESC NULLS LAST, file_row_number DESC)"
        query = f"SELECT file_row_number FROM {self._table()} QUALIFY {rank} = 1"
        return frozenset(number for (number,) in self._run(query, [str(self._cards)]).fetchall())

    def _age(self) -> str:
        """The column that tells which of two revisions is newer; the order of the file where none does."""
        known = [name for name in ("observed_at", "last_modified") if name in self._columns]
        if len({self._columns[name] for name in known}) == 2:
            return known[0]
        return f"coalesce({', '.join(known)})" if known else "0"

    def _revisions(self, model: ModelId) -> list[str]:
        if "revision" not in self._columns:
            return []
        return [row["revision"] for row in self._rows(["revision"], "model_id = ?", [model]) if row["revision"]]

    def _names(self, model: ModelId) -> set[str]:
        """A model's present name and its former ones: children name it by any of them."""
        names: set[str] = {model}
        if "renamed_from" in self._columns:
            for row in self._rows(["renamed_from"], "model_id = ?", [model]):
                names.update(row["renamed_from"] or ())
        return names

    # --- rows to nouns --------------------------------------------------------------------------------------------

    def _card(self, row: Mapping[str, Any], renamed: ModelId | None = None) -> RawCard | SkippedCard:
        name = _as_id(row["model_id"])
        if row["card"] is None and row.get("raw") is None:
            return skip(name, SkipReason.NO_README, "has no README.md")
        content = row["raw"] if row.get("raw") is not None else row["card"].encode("utf-8", "surrogatepass")
        origin = f"{self.path}: {row['model_id']}"
        revision = row.get("revision") or None
        return unless_empty(RawCard(bytes(content), name, revision, _dates(row), origin, renamed))

    def _info(self, row: Mapping[str, Any], renamed: ModelId | None = None) -> ModelInfo:
        name = _as_id(row["model_id"]) or ModelId(row["model_id"])
        gated = row.get("gated")
        tags = tuple(row.get("tags") or ())
        return ModelInfo(
            model_id=name,
            revision=row.get("revision") or None,
            dates=_dates(row),
            downloads=row.get("downloads"),
            likes=row.get("likes"),
            # An empty cell of a corpus that has the column says that the model is open.
            gated=(gated or False) if "gated" in row else None,
            private=bool(row["private"]) if row.get("private") is not None else None,
            tags=tags,
            library_name=row.get("library_name"),
            pipeline_tag=row.get("pipeline_tag"),
            card_data=_front_matter(row["card"]) if row.get("card") else None,
            base_models=self._parents(name, tags),
            children=self._counts(name),
            renamed_from=renamed,
        )

    def _parents(self, model: ModelId, tags: tuple[str, ...] = ()) -> tuple[tuple[str, Relation], ...]:
        if self._lineage is not None:
            return self._links.parents(model)
        return tuple(tagged_parents(tags))

    def _counts(self, model: ModelId) -> Mapping[Relation, int]:
        return self._links.counts(self._names(model))

    def _state(self, model: ModelId) -> str | None:
        return self._states.get(model)

    # --- the files ------------------------------------------------------------------------------------------------

    @cached_property
    def _states(self) -> dict[str, str]:
        if self._models is None:
            return {}
        columns = self._describe(self._models)
        if missing := [name for name in ("model_id", "state") if name not in columns]:
            raise InvalidCorpus("lacks the column " + " and ".join(missing), subject=str(self._models))
        query = "SELECT model_id, state FROM read_parquet(?) ORDER BY model_id"
        return dict(self._run(query, [str(self._models)]).fetchall())

    @cached_property
    def _links(self) -> Links:
        return build_links(self._run, self._cards, self._columns, self._lineage)

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        # Files are read by name only: an unlucky or hostile name must not install or load anything.
        return duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})

    def _run(self, query: str, values: list[Any]) -> duckdb.DuckDBPyConnection:
        return self._database.cursor().execute(query, values)

    def _describe(self, path: Path) -> dict[str, str]:
        import duckdb

        try:
            rows = self._run("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        except duckdb.Error as error:
            what = "is no parquet file" if path.is_file() else "does not exist"
            hint = f"give a parquet file, a folder with cards.parquet, or {DEMO}"
            raise InvalidCorpus(what, subject=str(path), hint=hint) from error
        return {name: kind for name, kind, *_ in rows}

    @staticmethod
    def _table() -> str:
        return "read_parquet(?, file_row_number = true)"

    def _select(self, names: Sequence[str]) -> str:
        # Times with a zone need a package of their own on the way to Python; microseconds do not.
        times = {name for name in _DATES if self._columns.get(name, "").startswith("TIMESTAMP")}
        return ", ".join(f"epoch_us({name})" if name in times else name for name in names)


def _fits(name: str, kind: str) -> bool:
    """Whether a column is of the kind it is read as; another kind under a known name is somebody else's column."""
    if name in ("tags", "renamed_from"):
        return kind == "VARCHAR[]"
    if name in ("model_id", "card", "revision", "pipeline_tag", "library_name"):
        return kind == "VARCHAR"
    if name in ("downloads", "likes"):
        return kind.endswith("INT") or kind in ("INTEGER", "UINTEGER")
    if name in _DATES:
        return kind == "VARCHAR" or kind.startswith("TIMESTAMP")
    return kind in {"gated": ("VARCHAR", "BOOLEAN"), "private": ("BOOLEAN",), "raw": ("BLOB",)}.get(name, (kind,))


def _existing(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder is not None and (folder / name).is_file() else None


def _as_id(text: str) -> ModelId | None:
    try:
        return model_id(text)
    except InvalidModelId:
        return None


def _is_revision(have: str | None, wanted: str) -> bool:
    return bool(have) and (have == wanted or (len(wanted) >= 7 and str(have).startswith(wanted)))


def _dates(row: Mapping[str, Any]) -> Dates:
    def date(name: str) -> datetime | None:
        value = row.get(name)
        return _EPOCH + timedelta(microseconds=value) if isinstance(value, int) else moment(value)

    return Dates(date("created_at"), date("last_modified"), date("observed_at"))


def _front_matter(card: str) -> Mapping[str, Value]:
    return read_front_matter(decode(card))[0].fields
