"""One model out of a corpus of many shards: a source of cards and an index of models, for `cardscope.pipeline`.

A shard is found by the text, not by the model, so a model is looked for in the ids of all cards: DuckDB reads that one
column of every part, and of the texts only the pages of the shard that holds the one wanted. One look takes the model
and everybody above it; what it brought is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cardscope.corpus.editions import AGE, NEWEST_FIRST, listed
from cardscope.corpus.store import SCHEMAS, Corpus, shard_of
from cardscope.sources.answers import skip, unless_empty
from cardscope.sources.corpus import STATES
from cardscope.sources.shapes import relation_of, tagged_parents
from cardscope.sources.table import Row, connect, dates
from cardscope.text.decode import decode
from cardscope.text.frontmatter import read_front_matter
from cardscope.types import ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason, Value

if TYPE_CHECKING:
    import duckdb

#: What a crawl writes as the source of its rows; it asks for the gate of every model, so no gate means an open one.
_HUB: Final = "hub"
#: Models kept at most before the first ones are asked for again.
_KEPT: Final = 5_000
#: Generations above a model that are looked up with it; more are looked up when they are asked for.
_ABOVE: Final = 12
_BATCH: Final = 500
_FACTS: Final = """model_id, nullif(revision, '') as revision, epoch_us(created_at) as created_at,
    epoch_us(modified_at) as last_modified, epoch_us(observed_at) as observed_at, downloads, likes, tags,
    pipeline_tag, library_name, gated, source"""
#: The last one is the current edition, as in `cardscope.corpus.editions`.
_OLDEST_FIRST: Final = f"{AGE} asc nulls first, revision asc nulls first, text_id desc"
_EDITIONS: Final = f"select {_FACTS}, text_id from cards where model_id in ({{}}) order by {_OLDEST_FIRST}"
_SNAPSHOTS: Final = (
    f"select {_FACTS}, private, removed from models where model_id in ({{}}) order by {AGE} asc nulls first"
)
_CURRENT: Final = f"row_number() over (partition by model_id order by {NEWEST_FIRST})"
#: Guesses from prose are left out, for an index states what it knows; so are children that are private or no more.
_LINKS: Final = "select child, parent, relation, stated from edges where coalesce(stated, '') <> 'card_text'"
_IS_GONE: Final = "(private is true or coalesce(removed, '') in ('private', 'removed', 'not-found', 'renamed'))"
_GONE: Final = f"""select model_id from models where model_id in
        (select model_id from models where {_IS_GONE})
    group by model_id having max_by({_IS_GONE}, coalesce({AGE}, timestamptz 'epoch'))"""
_BELOW: Final = """select child, first(relation order by relation = 'unknown', rowid) as relation, min(rowid) as place
    from links anti join gone on model_id = child where parent = $parent and child <> parent group by child"""
#: The latest figures of the children, of their cards or of what an index said later.
_CHILDREN: Final = f"""with below as ({_BELOW}), told as (
        select model_id, coalesce({AGE}, timestamptz 'epoch') as age, downloads, likes
        from cards where model_id in (select child from below)
        union all select model_id, coalesce({AGE}, timestamptz 'epoch'), downloads, likes
        from models where model_id in (select child from below)
    )
    select child, any_value(relation), max_by(downloads, age) as newest, max_by(likes, age)
    from below left join told on model_id = child group by child order by coalesce(newest, 0) desc, child"""


class StoreSource:
    """The cards of a corpus that ``cardscope corpus`` or ``cardscope simulate`` made.

    Args:
        path: The folder, or an address that fsspec knows.
        every_revision: `iter` gives all revisions of a model instead of its current one.

    Raises:
        InvalidCorpus: It is no corpus, or (later) a part of it cannot be read.
    """

    def __init__(self, path: str | Path, *, every_revision: bool = False) -> None:
        text = str(path).rstrip("/") or "/"
        self.corpus = Corpus(text if "://" in text else Path(text).expanduser())
        self.every_revision = every_revision
        self._known: dict[str, _Known] = {}
        self._children: dict[str, list[_Child]] = {}

    # --- cards ----------------------------------------------------------------------------------------------------

    def get(self, model: ModelId, revision: str | None = None) -> RawCard | SkippedCard:
        """The current card of a model, or the one of a revision (a commit, or its first seven letters or more)."""
        known = self._find(model)
        row = known.row(revision)
        if row is not None:
            return self._card(row, self._content(row), known.renamed(model))
        if known.rows:
            revisions = dict.fromkeys(str(row["revision"])[:12] for row in known.rows if row["revision"])
            hint = f"known here: {', '.join(list(revisions)[-5:])}" if revisions else "leave the revision out"
            return skip(model, SkipReason.NOT_FOUND, f"has no revision {str(revision)[:80]} in this corpus", hint)
        if known.snapshots:
            return _absent(known)
        return skip(model, SkipReason.NOT_FOUND, f"is not in {self.corpus.path}", self._alike(model))

    def iter(self) -> Iterator[RawCard | SkippedCard]:
        """Cards shard by shard, then the models of which there is none."""
        if not self.every_revision:
            self._run(
                f"""create table if not exists current as select filename, file_row_number
                from read_parquet({self._parts("cards")}, filename = true, file_row_number = true)
                qualify {_CURRENT} = 1"""
            )
        chosen = "" if self.every_revision else "semi join current using (filename, file_row_number)"
        for shard in self.corpus.shards():
            cards, texts = (
                listed([f"{self.corpus.path}/{name}" for name in names]) for names in (shard.cards, shard.texts)
            )
            cursor = self._run(
                f"""select {_FACTS}, content
                from read_parquet({cards}, filename = true, file_row_number = true) as cards {chosen}
                join read_parquet({texts}) as texts using (text_id) order by cards.filename, cards.file_row_number"""
            )
            for row in _rows(cursor):
                yield self._card(row, row["content"])
        bare = self._run(
            f"""select {_FACTS}, private, removed from models anti join cards using (model_id)
            qualify row_number() over (partition by model_id order by {AGE} desc nulls last) = 1 order by model_id"""
        )
        for row in _rows(bare):
            yield _absent(_Known([], [row]))

    # --- models ---------------------------------------------------------------------------------------------------

    def info(self, model: ModelId, revision: str | None = None) -> ModelInfo | SkippedCard:
        """What is stored of a model: with its current card the latest of everything, with an older one what stood then.

        Front matter is read out of the card, parents come from its tags and from the edges, children from the edges.
        """
        known = self._find(model)
        row = known.row(revision)
        if row is None and known.rows:
            answer = self.get(model, revision)
            assert isinstance(answer, SkippedCard)
            return answer
        if row is None:
            if not known.snapshots:
                hint = "check the spelling, or look it up on the Hub"
                return skip(model, SkipReason.NOT_FOUND, f"is not in {self.corpus.path}", hint)
            if known.state in ("private", "removed", "renamed"):
                return _absent(known)
        facts = known.facts(row)
        name = ModelId(facts["model_id"])
        tags = tuple(tag for tag in facts.get("tags") or () if tag)
        return ModelInfo(
            model_id=name,
            revision=row["revision"] if row is not None else facts.get("revision"),
            dates=dates(facts),
            downloads=facts.get("downloads"),
            likes=facts.get("likes"),
            gated=facts.get("gated"),
            private=facts.get("private"),
            tags=tags,
            library_name=facts.get("library_name"),
            pipeline_tag=facts.get("pipeline_tag"),
            card_data=_front_matter(self._content(row)) if row is not None else None,
            base_models=self._parents(name, tags),
            children=self._counts(name),
            renamed_from=known.renamed(model),
        )

    def children(self, model: ModelId, relation: Relation, limit: int) -> Sequence[ModelInfo]:
        """The most downloaded models that the edges put below this one; ids, downloads and likes."""
        found = [child for child in self._below(model) if child.relation is relation][: max(0, limit)]
        return tuple(ModelInfo(ModelId(child.name), downloads=child.downloads, likes=child.likes) for child in found)

    def has_account(self, account: str) -> bool | None:
        """Whether anybody of that name has a model here; a corpus, which may be a part of a hub, cannot deny it."""
        query = "select 1 from {} where starts_with(model_id, $prefix) limit 1"
        found = any(self._run(query.format(kind), prefix=f"{account}/").fetchone() for kind in ("cards", "models"))
        return True if found else None

    # --- looking up -----------------------------------------------------------------------------------------------

    def _find(self, model: ModelId) -> _Known:
        """Everything stored under an id, or under the same in other capitals."""
        if model not in self._known:
            if len(self._known) > _KEPT:
                self._known.clear()
            family = self._family(model)
            self._look_up([name for name in family if name not in self._known])
            if missing := [name for name in family if not self._known[name]]:
                self._respell(missing)
        return self._known[model]

    def _family(self, model: ModelId) -> list[str]:
        """A model and everybody above it, by the edges; asked for together, they cost hardly more than one."""
        names = dict.fromkeys([str(model)])
        last = [str(model)]
        for _ in range(_ABOVE):
            above = self._run("select parent from links where child in (select unnest($last))", last=last).fetchall()
            last = [name for (name,) in above if name not in names]
            if not last:
                break
            names.update(dict.fromkeys(last))
        return list(names)

    def _look_up(self, names: Sequence[str]) -> None:
        self._known.update({name: _Known([], []) for name in names})
        # Names of a list are compared while a part is read; what joins or lowers them makes every column be read.
        for query, kind in ((_EDITIONS, "rows"), (_SNAPSHOTS, "snapshots")):
            for row in _rows(self._run(query.format(", ".join("?" * len(names))), names)):
                getattr(self._known[row["model_id"]], kind).append(row)

    def _respell(self, missing: Sequence[str]) -> None:
        """Looks for names in other capitals; of several spellings the last one in the alphabet."""
        query = " union ".join(
            f"select model_id from {kind} where lower(model_id) in (select lower(unnest($names)))"
            for kind in ("cards", "models")
        )
        found = {name.lower(): name for (name,) in self._run(f"{query} order by 1", names=missing).fetchall()}
        if new := [name for name in found.values() if name not in self._known]:
            self._look_up(new)
        for name in missing:
            if name.lower() in found:
                self._known[name] = self._known[found[name.lower()]]

    def _alike(self, model: ModelId) -> str:
        """What may have been meant: the most downloaded models of the same name under other owners."""
        found = self._run(
            """select model_id from cards where lower(split_part(model_id, '/', -1)) = lower($name)
            group by model_id order by max(downloads) desc nulls last, model_id limit 3""",
            name=model.rpartition("/")[2],
        ).fetchall()
        if found:
            return "did you mean " + ", ".join(name for (name,) in found) + "?"
        return "check the spelling, or look it up on the Hub: leave --source out"

    def _content(self, row: Row) -> bytes:
        address: bytes = row["text_id"]
        number = shard_of(address, self.corpus.manifest.shards)
        parts = self._parts("texts", f"texts/{number:02d}/")
        found = self._run(f"select content from read_parquet({parts}) where text_id = $address", address=address)
        content = found.fetchone()
        if content is None:
            raise self.corpus.damaged(f"texts/{number:02d}", LookupError("the text of a card is missing"))
        return bytes(content[0])

    def _parents(self, child: ModelId, tags: Sequence[str]) -> tuple[tuple[str, Relation], ...]:
        """Tags tell the parents of today; edges that came from tags may be older, and count where there are none."""
        found: dict[str, Relation] = {}
        query = "select parent, relation, stated from links where child = $child and parent <> child order by rowid"
        edges = [
            (parent, relation_of(relation))
            for parent, relation, stated in self._run(query, child=child).fetchall()
            if not tags or stated != "tag"
        ]
        for parent, relation in (*edges, *tagged_parents(tuple(tags))):
            if found.get(parent, Relation.UNKNOWN) is Relation.UNKNOWN:
                found[parent] = relation
        return tuple(found.items())

    def _counts(self, model: ModelId) -> dict[Relation, int]:
        """Number of children by relation, in the order of the edges."""
        words = self._run(f"select relation from ({_BELOW}) order by place", parent=model).fetchall()
        return dict(Counter(relation_of(word) for (word,) in words))

    def _below(self, model: ModelId) -> list[_Child]:
        if model not in self._children:
            if len(self._children) > _KEPT:
                self._children.clear()
            found = self._run(_CHILDREN, parent=model).fetchall()
            self._children[model] = [_Child(name, relation_of(word), *rest) for name, word, *rest in found]
        return self._children[model]

    def _card(self, row: Row, content: bytes, renamed: ModelId | None = None) -> RawCard | SkippedCard:
        name = ModelId(row["model_id"])
        origin = f"{self.corpus.path}: {name}"
        return unless_empty(RawCard(bytes(content), name, row["revision"], dates(row), origin, renamed))

    # --- the database ---------------------------------------------------------------------------------------------

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        """Cards and models as views of their parts; links in memory, for they are asked again and again."""
        database = connect()
        if "://" in self.corpus.path:
            import fsspec

            database.register_filesystem(fsspec.core.url_to_fs(self.corpus.path)[0])
        for kind in ("cards", "models", "edges"):
            if (parts := self._parts(kind)) == "[]":
                database.register("nothing", SCHEMAS[kind].empty_table())
                database.execute(f"create table {kind} as select * from nothing")
            else:
                database.execute(f"create view {kind} as select * from read_parquet({parts})")
        for name, query in (("links", _LINKS), ("gone", _GONE)):
            database.execute(f"create table {name} as {query}")
        return database

    def _parts(self, kind: str, under: str = "") -> str:
        names = sorted(part.path for part in self.corpus.manifest.parts if part.kind == kind and part.rows)
        return listed([f"{self.corpus.path}/{name}" for name in names if name.startswith(under)])

    def _run(self, query: str, values: Sequence[Any] = (), **named: Any) -> duckdb.DuckDBPyConnection:  # noqa: ANN401
        import duckdb

        try:
            return self._database.cursor().execute(query, named or values or None)
        except duckdb.Error as error:
            raise self.corpus.damaged("*", error) from error


class _Child(NamedTuple):
    """A direct child, with the latest figures."""

    name: str
    relation: Relation
    downloads: int | None
    likes: int | None


class _Known:
    """What is stored of one model: the editions of its card and what an index said of it, both oldest first."""

    def __init__(self, rows: list[Row], snapshots: list[Row]) -> None:
        self.rows, self.snapshots = rows, snapshots

    def __bool__(self) -> bool:
        return bool(self.rows or self.snapshots)

    def renamed(self, asked: ModelId) -> ModelId | None:
        """The id that was asked for, where it is spelt otherwise here."""
        name = (self.rows or self.snapshots)[-1]["model_id"]
        return asked if name != asked else None

    def row(self, revision: str | None) -> Row | None:
        """The current edition, or the last one of a revision."""
        if revision is None:
            return self.rows[-1] if self.rows else None
        short = len(revision) >= 7
        fitting = [row for row in self.rows if (have := row["revision"]) and
                   (have == revision or (short and have.startswith(revision)))]  # fmt: skip
        return fitting[-1] if fitting else None

    @property
    def state(self) -> str:
        """Why there is no card, a key of `STATES`; ``no-card`` where nobody says why."""
        last = self.snapshots[-1]
        if last["private"]:
            return "private"
        reason = str(last["removed"] or "no-card")
        return reason if reason in (*STATES, "renamed", "no-card") else "removed"

    def facts(self, row: Row | None) -> dict[str, Any]:
        """Everything that is told, the latest of each; an older edition's own word goes before what was told later."""
        told = [*self.snapshots, row] if row is not None else self.snapshots
        if row is not None and row is self.rows[-1]:
            told = sorted(told, key=_age)
        facts: dict[str, Any] = {}
        for entry in told:
            facts.update({name: value for name, value in entry.items() if value is not None and value != []})
            facts["gated"] = _gated(entry, facts.get("gated"))
        for name in ("created_at", "last_modified", "observed_at"):
            if row is not None and row[name] is not None:
                facts[name] = row[name]
        return facts


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[Row]:
    names = [column[0] for column in cursor.description or ()]
    while found := cursor.fetchmany(_BATCH):
        for row in found:
            yield dict(zip(names, row, strict=True))


def _age(row: Row) -> int:
    known = (row[name] for name in ("observed_at", "last_modified", "created_at"))
    return next((moment for moment in known if moment is not None), 0)


def _gated(row: Row, before: bool | str | None) -> bool | str | None:
    text = row["gated"]
    if text is None:
        return False if row["source"] == _HUB else before
    lowered = str(text).lower()
    return {"false": False, "true": True}.get(lowered, lowered)


def _absent(known: _Known) -> SkippedCard:
    name = ModelId(known.snapshots[-1]["model_id"])
    if known.state == "renamed":
        message = "has another name now, and no card under this one"
        return skip(name, SkipReason.NOT_FOUND, message, "look for it among the models of its owner")
    if known.state == "no-card":
        message = "has no card in this corpus, only what an index says of it"
        return skip(name, SkipReason.NO_README, message, "look it up on the Hub: leave --source out")
    return skip(name, *STATES[known.state])


def _front_matter(content: bytes) -> Mapping[str, Value]:
    return read_front_matter(decode(content))[0].fields
