"""Who was made out of whom in a corpus, read once and then asked in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardscope.errors import InvalidCorpus, InvalidModelId
from cardscope.sources.shapes import relation_of, tagged_parents
from cardscope.text.decode import decode
from cardscope.text.frontmatter import read_front_matter
from cardscope.types import Relation, Value, model_id

Run = Callable[[str, list[Any]], Any]

#: Evidence in a ``lineage.parquet`` that is somebody's guess from prose; an index states what it knows.
_GUESSED = ("card_text",)


@dataclass(frozen=True, slots=True)
class Links:
    """Links in both directions; of two statements of one link the one with a known relation holds."""

    up: Mapping[str, Mapping[str, Relation]]
    down: Mapping[str, Mapping[str, Relation]]

    def parents(self, child: str) -> tuple[tuple[str, Relation], ...]:
        """Parents in the order they were found."""
        return tuple(self.up.get(child, {}).items())

    def children(self, names: Iterable[str], relation: Relation) -> list[str]:
        """Direct children of a model known by any of ``names``."""
        return [child for child, found in self._below(names).items() if found is relation]

    def counts(self, names: Iterable[str]) -> dict[Relation, int]:
        """Number of direct children by relation, only relations that occur."""
        counts: dict[Relation, int] = {}
        for relation in self._below(names).values():
            counts[relation] = counts.get(relation, 0) + 1
        return counts

    def _below(self, names: Iterable[str]) -> dict[str, Relation]:
        return {child: relation for name in sorted(names) for child, relation in self.down.get(name, {}).items()}


def build_links(run: Run, cards: Path, columns: Mapping[str, str], lineage: Path | None) -> Links:
    """Reads all links: the lineage file's, those in tags, and without a lineage file those in front matter.

    Args:
        run: Runs a query of DuckDB with its values.
        columns: Of the file with the cards, by name.

    Raises:
        InvalidCorpus: The lineage file lacks a column.
    """
    up: dict[str, dict[str, Relation]] = {}

    def link(child: str, parent: str, relation: Relation) -> None:
        if child != parent:
            known = up.setdefault(child, {})
            if known.get(parent, Relation.UNKNOWN) is Relation.UNKNOWN:
                known[parent] = relation

    if lineage is not None:
        for child, parent, relation in _stated(run, lineage):
            link(child, parent, relation_of(relation))
    else:
        _from_cards(run, cards, link)
    if columns.get("tags") == "VARCHAR[]":
        query = "SELECT model_id, tags FROM read_parquet(?) WHERE contains(tags::VARCHAR, 'base_model:')"
        for child, tags in run(query, [str(cards)]).fetchall():
            for parent, relation in tagged_parents(tuple(tag for tag in tags if tag)):
                link(child, parent, relation)
    down: dict[str, dict[str, Relation]] = {}
    for child, parents in up.items():
        for parent, relation in parents.items():
            down.setdefault(parent, {})[child] = relation
    return Links(up, down)


def _stated(run: Run, lineage: Path) -> list[tuple[str, str, str | None]]:
    columns = {name for name, *_ in run("DESCRIBE SELECT * FROM read_parquet(?)", [str(lineage)]).fetchall()}
    if missing := [name for name in ("child", "parent", "relation") if name not in columns]:
        raise InvalidCorpus("lacks the column " + " and ".join(missing), subject=str(lineage))
    known = "WHERE NOT list_contains(?, coalesce(evidence, ''))" if "evidence" in columns else ""
    query = f"SELECT child, parent, relation FROM read_parquet(?) {known}"  # noqa: S608 - no text from outside
    values = [str(lineage), list(_GUESSED)] if known else [str(lineage)]
    found: list[tuple[str, str, str | None]] = run(query, values).fetchall()
    return found


def _from_cards(run: Run, cards: Path, link: Callable[[str, str, Relation], None]) -> None:
    cursor = run("SELECT model_id, card FROM read_parquet(?) WHERE contains(card, 'base_model')", [str(cards)])
    while rows := cursor.fetchmany(500):
        for child, card in rows:
            fields = read_front_matter(decode(card))[0].fields
            relation = relation_of(fields.get("base_model_relation"))
            for parent in _named(fields.get("base_model")):
                link(child, parent, relation)


def _named(value: Value) -> Iterable[str]:
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, str):
            try:
                yield model_id(entry)
            except InvalidModelId:
                continue
