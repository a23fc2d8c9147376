"""Every place that names a base model, put together into one edge for each parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cardscope.lineage.names import ParentName, read_parent
from cardscope.lineage.prose import told_relation
from cardscope.lineage.relations import NO_CLUES, Clues, Traits, fields_of, infer_relation, marked_relation, traits_of
from cardscope.text.clean import clean
from cardscope.types import (
    Edge,
    EdgeStatement,
    FrontMatter,
    LicenseFields,
    ModelId,
    ModelInfo,
    Problem,
    Relation,
    RepositoryKind,
    Span,
    Stated,
    Value,
)

_TAG = "base_model:"
#: Longest tag that is kept read: no id makes a longer one, and the memory stays bound.
_USUAL = 500
_WORDS = {relation.value: relation for relation in Relation}
#: Surest first: what the author wrote, what the Hub worked out, what its tags say, what was guessed.
_TRUST = (Stated.FIELD, Stated.HUB, Stated.TAG, Stated.PROSE, Stated.NAME)
#: A merge has dozens of parents at most (65 in the data at hand); a list of thousands is an attack.
_MOST_PARENTS = 200
_KIND = {
    Relation.ADAPTER: RepositoryKind.ADAPTER,
    Relation.MERGE: RepositoryKind.MERGE,
    Relation.QUANTIZED: RepositoryKind.QUANTIZED,
    Relation.FINETUNE: RepositoryKind.FINETUNE,
}
_LICENSE_TEXT = 300


@dataclass(slots=True)
class _Gathered:
    """What is known of one parent while statements come in."""

    parent: ParentName
    statements: list[EdgeStatement] = field(default_factory=list)
    problems: dict[str, Problem] = field(default_factory=dict)


def state_edges(
    model: ModelId | None, front_matter: FrontMatter | None, info: ModelInfo | None, clues: Clues = NO_CLUES
) -> tuple[Edge, ...]:
    """The parents a model names, each once, with every statement that says so and what is wrong with the link.

    The relation of an edge is the surest stated one: ``base_model_relation``, then the Hub's, then a tag's. Where none
    is stated it is guessed from tags, library, name and tool (`infer_relation`); such a guess is a statement of its
    own, marked as `Stated.NAME` with the mark that told.

    Args:
        model: ``None`` for a card that has no id; its edges then start from an empty id.
        front_matter: Where given it is read instead of ``info.card_data``.
        clues: The card and its tools, where they are at hand.
    """
    fields = fields_of(front_matter, info)
    gathered: dict[str, _Gathered] = {}
    for written, statement in _statements(fields, front_matter, info):
        read = read_parent(written)
        if not read.name:
            continue
        key = read.name.casefold()
        if key not in gathered:
            if len(gathered) >= _MOST_PARENTS:
                continue
            gathered[key] = _Gathered(read)
        entry = gathered[key]
        entry.statements.append(statement)
        # A link is as good as its worst spelling in the card; tags and the Hub only repeat it.
        for problem in read.problems:
            spans = (statement.span,) if statement.span else ()
            entry.problems.setdefault(problem.code, replace(problem, spans=spans))
    if not gathered:
        return ()
    traits = traits_of(model or "", fields, info, clues)
    count = len(gathered)
    return tuple(_edge(model, entry, traits, count) for entry in gathered.values())


def _edge(model: ModelId | None, entry: _Gathered, traits: Traits, count: int) -> Edge:
    parent, statements = entry.parent.name, entry.statements
    if model and parent.casefold() == model.casefold():
        spans = tuple(statement.span for statement in statements if statement.span)[:1]
        entry.problems["self"] = Problem("self", f"{parent} names itself as its base model", spans)
    relation = _stated_relation(statements)
    if relation is Relation.UNKNOWN:
        relation, mark = infer_relation(traits, parent, count)
        statements = [*statements, EdgeStatement(Stated.NAME, f"guessed: {mark}", relation)]
    return Edge(model or ModelId(""), parent, relation, tuple(statements), tuple(entry.problems.values()))


def _stated_relation(statements: Sequence[EdgeStatement]) -> Relation:
    known = [statement for statement in statements if statement.relation is not Relation.UNKNOWN]
    return min(known, key=lambda statement: _TRUST.index(statement.stated)).relation if known else Relation.UNKNOWN


def _statements(
    fields: Mapping[str, Value], front_matter: FrontMatter | None, info: ModelInfo | None
) -> Iterator[tuple[str, EdgeStatement]]:
    """What is written, and the statement it makes; in the order of trust."""
    lines = front_matter.lines if front_matter is not None else {}
    yield from _from_field(fields, lines.get("base_model"))
    if info is not None:
        for name, relation in info.base_models:
            yield name, EdgeStatement(Stated.HUB, clean(name, 200), relation)
        yield from _from_tags(info.tags, None)
    if isinstance(own := fields.get("tags"), list):
        seen = frozenset(info.tags) if info is not None else frozenset[str]()
        yield from _from_tags([tag for tag in own if isinstance(tag, str) and tag not in seen], lines.get("tags"))


def _from_field(fields: Mapping[str, Value], span: Span | None) -> Iterator[tuple[str, EdgeStatement]]:
    if not (value := fields.get("base_model")):
        return
    relation = _relation_word(fields.get("base_model_relation"))
    for name in names_in(value):
        yield name, EdgeStatement(Stated.FIELD, clean(name, 200), relation, span)


def _relation_word(value: Any) -> Relation:  # noqa: ANN401 - whatever a card holds
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _WORDS.get(value.strip().lower(), Relation.UNKNOWN) if isinstance(value, str) else Relation.UNKNOWN


def names_in(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever a card holds
    """Names in a string, a list, or the mappings people write (``{name: owner/model}``); numbers and dates as text."""
    if isinstance(value, str):
        if value.strip():
            yield value.strip()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for entry in value[:_MOST_PARENTS]:
            if not isinstance(entry, list):
                yield from names_in(entry)
    elif isinstance(value, dict):
        for key in ("id", "model", "model_id", "name", "base_model"):
            if isinstance(value.get(key), str):
                yield from names_in(value[key])
                return


def _from_tags(tags: Sequence[str], span: Span | None) -> Iterator[tuple[str, EdgeStatement]]:
    for tag in [tag for tag in tags if tag.startswith(_TAG)]:
        name, statement = _read_tag(tag, span) if len(tag) <= _USUAL else _read_tag.__wrapped__(tag, span)
        if name.strip():
            yield name, statement


@lru_cache(maxsize=8192)
def _read_tag(tag: str, span: Span | None) -> tuple[str, EdgeStatement]:
    """Kept, because a few thousand models are the parents of most."""
    word, colon, name = tag[len(_TAG) :].partition(":")
    relation = _WORDS.get(word, Relation.UNKNOWN) if colon else Relation.UNKNOWN
    if not colon or word not in _WORDS:
        name = tag[len(_TAG) :]
    return name, EdgeStatement(Stated.TAG, clean(tag, 240), relation, span)


def repository_kind(
    front_matter: FrontMatter | None,
    info: ModelInfo | None,
    edges: Sequence[Edge],
    clues: Clues = NO_CLUES,
    *,
    model: ModelId | None = None,
) -> RepositoryKind:
    """What a repository is: by the relations of its edges, else by marks in its tags, library and name, else by tools.

    Of several relations the one that changes most decides (adapter, merge, quantized, finetune). A model without
    parents and without marks is what its card says in words (`told_relation`), and a base where it says nothing.
    """
    relations = {
        edge.relation for edge in edges if not edge.problems or all(problem.code != "self" for problem in edge.problems)
    }
    if relations:
        return next((kind for relation, kind in _KIND.items() if relation in relations), RepositoryKind.FINETUNE)
    fields = fields_of(front_matter, info)
    name = model or (info.model_id if info else "")
    traits = traits_of(name, fields, info, clues)
    marked = marked_relation(traits)
    if marked is None and clues.card is not None:
        marked = told_relation(clues.card, name)
    return _KIND[marked] if marked is not None else RepositoryKind.BASE


def license_fields(fields: Mapping[str, Value]) -> LicenseFields:
    """The three licence fields of a card as text: a list stays a list, a number becomes its digits, nothing is judged.

    >>> license_fields({"license": ["MIT", 3], "license_name": " own "}).license
    ('MIT', '3')
    """
    value = fields.get("license")
    if value is None and "license_name" not in fields and "license_link" not in fields:
        return _UNLICENSED
    entries = value if isinstance(value, list) else [value]
    return LicenseFields(
        tuple(text for entry in entries if (text := _text(entry))),
        _text(fields.get("license_name")) or None,
        _text(fields.get("license_link")) or None,
    )


_UNLICENSED = LicenseFields()


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a card holds
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()[:_LICENSE_TEXT]
