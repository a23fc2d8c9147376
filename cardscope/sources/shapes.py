"""The Hub's JSON to `ModelInfo`, by the shapes really sent; what has another shape is left out, never fatal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from cardscope.errors import InvalidModelId
from cardscope.types import Dates, ModelId, ModelInfo, Relation, model_id

_RELATIONS = {relation.value: relation for relation in Relation}


def to_info(answer: Any, asked: ModelId | None = None) -> ModelInfo | None:  # noqa: ANN401 - whatever JSON came
    """What the Hub said of one model; ``None`` when the answer names no model.

    Args:
        answer: Parsed JSON of ``/api/models/{id}``, or one entry of a listing.
        asked: The id that was asked for; when the answer has another one, the model was renamed.
    """
    if not isinstance(answer, Mapping):
        return None
    try:
        name = model_id(str(answer.get("id") or answer.get("modelId") or ""))
    except InvalidModelId:
        return None
    card_data = answer.get("cardData")
    gated = answer.get("gated")
    private = answer.get("private")
    return ModelInfo(
        model_id=name,
        revision=_text(answer.get("sha")),
        dates=Dates(created=moment(answer.get("createdAt")), modified=moment(answer.get("lastModified"))),
        downloads=_count(answer.get("downloads")),
        likes=_count(answer.get("likes")),
        gated=gated if isinstance(gated, (bool, str)) else None,
        private=private if isinstance(private, bool) else None,
        tags=_texts(answer.get("tags")),
        library_name=_text(answer.get("library_name")),
        pipeline_tag=_text(answer.get("pipeline_tag")),
        card_data=card_data if isinstance(card_data, dict) else None,
        base_models=tuple(dict.fromkeys(_base_models(answer.get("baseModels")))),
        children=_children(answer.get("childrenModelCount")),
        renamed_from=asked if asked is not None and asked != name else None,
    )


def lacks(answer: Any, path: str) -> bool:  # noqa: ANN401 - one entry of a listing
    """Whether the entry lists the model's files, and that one is not among them."""
    files = answer.get("siblings") if isinstance(answer, Mapping) else None
    if not isinstance(files, list):
        return False
    return all(not isinstance(file, Mapping) or file.get("rfilename") != path for file in files)


def moment(value: Any) -> datetime | None:  # noqa: ANN401
    """A date as JSON or a parquet file has it, as UTC; ``None`` for what is no date.

    >>> moment("2024-06-24T08:05:41.000Z")
    datetime.datetime(2024, 6, 24, 8, 5, 41, tzinfo=datetime.timezone.utc)
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def relation_of(value: Any) -> Relation:  # noqa: ANN401
    """The relation a word stands for; what the Hub does not know is unknown."""
    return _RELATIONS.get(value, Relation.UNKNOWN) if isinstance(value, str) else Relation.UNKNOWN


def tagged_parents(tags: tuple[str, ...]) -> Iterator[tuple[str, Relation]]:
    """Parents named in tags: ``base_model:ID`` and ``base_model:RELATION:ID``; each once, by its known relation.

    >>> list(tagged_parents(("base_model:a/b", "base_model:adapter:a/b")))
    [('a/b', <Relation.ADAPTER: 'adapter'>)]
    """
    found: dict[str, Relation] = {}
    for tag in tags:
        if not tag.startswith("base_model:"):
            continue
        rest = tag.removeprefix("base_model:")
        word, colon, parent = rest.partition(":")
        if not colon:
            found.setdefault(rest, Relation.UNKNOWN)
        elif parent and (word in _RELATIONS):
            found[parent] = _RELATIONS[word]
    found.pop("", None)
    yield from found.items()


def _base_models(value: Any) -> Iterator[tuple[str, Relation]]:  # noqa: ANN401
    """Sent is ``{"relation": ..., "models": [{"_id": ..., "id": ...}]}``; annotated is a list of ids. Both are read."""
    for group in value if isinstance(value, list) else [value]:
        if isinstance(group, str):
            yield group, Relation.UNKNOWN
        elif isinstance(group, Mapping):
            relation = relation_of(group.get("relation"))
            models = group.get("models")
            for model in models if isinstance(models, list) else [group]:
                name = model.get("id") if isinstance(model, Mapping) else model
                if isinstance(name, str) and name:
                    yield name, relation


def _children(value: Any) -> Mapping[Relation, int] | None:  # noqa: ANN401
    if not isinstance(value, Mapping):
        return None
    known = ((_RELATIONS.get(key), _count(number)) for key, number in value.items())
    return {relation: number for relation, number in known if relation is not None and number is not None}


def _text(value: Any) -> str | None:  # noqa: ANN401
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, (list, tuple)) else ()


def _count(value: Any) -> int | None:  # noqa: ANN401
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
