"""Rows of other people's tables as cards, snapshots and edges: one adapter a schema, recognised by its columns.

An adapter takes a row apart and never guesses: what it cannot read becomes a reject with a reason.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from cardscope.errors import InvalidModelId, UsageError
from cardscope.types import Relation, model_id

#: Longest Python literal that is read; the longest tag list in the paper's data has some 20 kB.
_LONGEST_LITERAL: Final = 200_000
#: Counts from here on are no counts of anything; the store keeps 63 bits.
_MOST: Final = 1 << 62

Row = Mapping[str, Any]


class Reject(Exception):
    """Why a row cannot be taken in: a stable code and a sentence."""

    def __init__(self, reason: str, message: str, model: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.model = model


@dataclass(frozen=True, slots=True)
class Taken:
    """What one row holds.

    Attributes:
        card: Keys of the store's ``cards``; ``None`` when the row has no card, which is no fault of its.
        content: The README.
        model: A snapshot, keys of the store's ``models``.
    """

    card: Row | None = None
    content: bytes | None = None
    model: Row | None = None
    edges: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """How rows of one schema are read.

    Attributes:
        needs: Columns that must be there for the schema to be this one.
    """

    name: str
    needs: frozenset[str]
    take: Callable[[Row], Taken]
    extra: Mapping[str, str] = field(default_factory=dict)


def choose(columns: Iterable[str]) -> Adapter:
    """The adapter for a table with these columns; the most particular one that fits.

    Raises:
        UsageError: No adapter fits; the hint says what the simplest needs.
    """
    present = frozenset(columns)
    for adapter in ADAPTERS:
        if adapter.needs <= present:
            return adapter
    raise UsageError(
        "has none of the schemas that can be imported",
        subject=", ".join(sorted(present))[:200],
        hint="the least is a column model_id (or modelId, id) and one of card, modelCard, text, content, readme",
    )


# --- the schemas --------------------------------------------------------------------------------------------------


def _take_plain(row: Row) -> Taken:
    name = _name(row)
    content = _content(row, name, "card", "modelCard", "content", "readme", "text")
    return Taken(card=_card(row, name), content=content, edges=_tag_edges(name, row, _strings(row.get("tags"))))


def _take_observed(row: Row) -> Taken:
    """A table of card revisions with the day each was seen, and the raw bytes where they were not UTF-8."""
    name = _name(row)
    content = row.get("raw") if isinstance(row.get("raw"), bytes) else _content(row, name, "card")
    card = {
        **_card(row, name),
        "created_source": row.get("created_at_source"),
    }
    return Taken(card=card, content=content, edges=_tag_edges(name, row, _strings(row.get("tags"))))


def _take_ecosystem(row: Row) -> Taken:
    """modelbiome/ai_ecosystem_withmodelcards: list columns hold Python list text, read as literals."""
    name = _name(row)
    lists = {key: _literal_list(row.get(key), name, key) for key in ("tags", *_PARENT_COLUMNS, "licenses")}
    edges = tuple(
        {"child": name, "parent": parent, "relation": relation.value, "stated": "tag"}
        for column, relation in _PARENT_COLUMNS.items()
        for parent in lists[column]
    )
    licence = lists["licenses"][0] if lists["licenses"] else None
    snapshot = {**_snapshot(row, name, tags=lists["tags"]), "license": licence}
    text = row.get("modelCard")
    failed = str(row.get("exception_raised") or "")
    if not isinstance(text, str) or not text or failed:
        return Taken(model={**snapshot, "removed": failed[:100] or None}, edges=edges)
    return Taken(card={**_card(row, name), "tags": lists["tags"]}, content=_encoded(text), model=snapshot, edges=edges)


def _take_librarian(row: Row) -> Taken:
    """librarian-bots/model_cards_with_metadata: a card and the Hub's metadata of one day."""
    name = _name(row)
    tags = _strings(row.get("tags"))
    content = _content(row, name, "card")
    return Taken(
        card=_card(row, name), content=content, model=_snapshot(row, name, tags=tags), edges=_tag_edges(name, row, tags)
    )


def _take_stats(row: Row) -> Taken:
    """cfahlgren1/hub-stats, configuration models: metadata of every model, without cards."""
    name = _name(row)
    tags = _strings(row.get("tags"))
    return Taken(model=_snapshot(row, name, tags=tags), edges=_tag_edges(name, row, tags))


_PARENT_COLUMNS: Final = {
    "parent_model": Relation.UNKNOWN,
    "finetune_parent": Relation.FINETUNE,
    "quantized_parent": Relation.QUANTIZED,
    "adapter_parent": Relation.ADAPTER,
    "merge_parent": Relation.MERGE,
}

ADAPTERS: Final = (
    Adapter("ai-ecosystem", frozenset({"model_id", "modelCard", "finetune_parent", "licenses"}), _take_ecosystem),
    Adapter("observed", frozenset({"model_id", "card", "observed_at", "card_sha256"}), _take_observed),
    Adapter("librarian-bots", frozenset({"modelId", "card", "last_modified", "downloads"}), _take_librarian),
    *(Adapter("plain", frozenset({key, text}), _take_plain)
      for key in ("model_id", "modelId", "id") for text in ("card", "modelCard", "content", "readme", "text")),
    Adapter("hub-stats", frozenset({"id", "tags", "downloads", "createdAt"}), _take_stats),
)  # fmt: skip


# --- cells --------------------------------------------------------------------------------------------------------


def _name(row: Row) -> str:
    stated = next((row[key] for key in ("model_id", "modelId", "id") if row.get(key)), None)
    if not isinstance(stated, str):
        raise Reject("no-model-id", "has no id of a model")
    try:
        return model_id(stated)
    except InvalidModelId as error:
        raise Reject("bad-model-id", f"{stated[:100]!r} cannot be the id of a model") from error


def _content(row: Row, name: str, *keys: str) -> bytes:
    value = next((row[key] for key in keys if row.get(key) is not None), None)
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise Reject("no-card", "has no card", name)
    return _encoded(value)


def _encoded(text: str) -> bytes:
    # Surrogates stand for bytes that were not UTF-8 (read so by the CSV reader), or are what the source itself gave.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _card(row: Row, name: str) -> dict[str, Any]:
    return {
        "model_id": name,
        "revision": _text(row.get("revision") or row.get("sha")),
        "created_at": _time(_first(row, "created_at", "createdAt")),
        "modified_at": _time(_first(row, "last_modified", "lastModified", "modified_at")),
        "observed_at": _time(row.get("observed_at")),
        "source": _text(row.get("source")),
        "downloads": _number(row.get("downloads")),
        "likes": _number(row.get("likes")),
        "tags": _strings(row.get("tags")),
        "pipeline_tag": _text(row.get("pipeline_tag")),
        "library_name": _text(row.get("library_name")),
        "gated": _text(row.get("gated")),
    }


def _snapshot(row: Row, name: str, *, tags: list[str]) -> dict[str, Any]:
    card = _card(row, name)
    gated = row.get("gated")
    return {
        **{key: card[key] for key in ("model_id", "created_at", "modified_at", "revision", "downloads", "likes")},
        **{key: card[key] for key in ("pipeline_tag", "library_name")},
        "tags": tags,
        "gated": None if gated in (None, False, "False", "false", "") else str(gated).lower(),
        "private": row.get("private") if isinstance(row.get("private"), bool) else None,
        "license": next((tag[8:] for tag in tags if tag.startswith("license:")), None),
        "base_models": [{"id": edge["parent"], "relation": edge["relation"]} for edge in _tag_edges(name, row, tags)],
    }


def _tag_edges(name: str, row: Row, tags: list[str]) -> tuple[Row, ...]:
    """Edges out of ``base_model:`` tags; the bare form repeats the typed one and counts only without it."""
    known = {relation.value for relation in Relation}
    typed: dict[str, str] = {}
    for tag in tags:
        if tag.startswith("base_model:"):
            head, _, rest = tag[11:].partition(":")
            if rest and head in known:
                typed[rest] = head
            else:
                typed.setdefault(tag[11:], Relation.UNKNOWN.value)
    return tuple(
        {"child": name, "parent": parent, "relation": relation, "stated": "tag"}
        for parent, relation in typed.items()
        if parent != name
    )


def _first(row: Row, *keys: str) -> Any:  # noqa: ANN401 - a cell of someone else's table
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _text(value: Any) -> str | None:  # noqa: ANN401 - a cell of someone else's table
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | None:  # noqa: ANN401 - a cell of someone else's table
    try:
        number = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < _MOST else None


def _time(value: Any) -> datetime | None:  # noqa: ANN401 - a cell of someone else's table
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str) and value:
        try:
            parsed = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return _in_utc(parsed)
    return None


def _in_utc(moment: datetime) -> datetime | None:
    """A moment as the store keeps it; one that leaves the calendar on the way is none."""
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - a cell of someone else's table
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                return []
        else:
            return [text] if text else []
    if isinstance(value, (list, tuple)):
        return [entry for entry in value if isinstance(entry, str)]
    return []


def _literal_list(value: Any, name: str, column: str) -> list[str]:  # noqa: ANN401 - a cell of someone else's table
    """A Python list written as text, read without running anything; deep or huge ones are refused unread."""
    if not isinstance(value, str) or not value.strip():
        return _strings(value)
    text = value.strip()
    if not text.startswith("["):
        return [text]
    if len(text) > _LONGEST_LITERAL or text.count("[") > 4 or "(" in text[:1]:
        raise Reject("bad-list", f"the column {column} is too long or too deep to be a list of names", name)
    try:
        parsed = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise Reject("bad-list", f"the column {column} is no list", name) from error
    return [entry for entry in parsed if isinstance(entry, str)] if isinstance(parsed, list) else []
