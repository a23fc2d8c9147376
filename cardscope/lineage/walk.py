"""From one model up to the roots, breadth first: every ancestor once, by its shortest path, no link followed twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cardscope.errors import SourceError
from cardscope.lineage.names import lookable
from cardscope.lineage.relations import NO_CLUES, Clues
from cardscope.lineage.statements import license_fields, state_edges
from cardscope.options import LineageOptions
from cardscope.plugins import ModelIndex
from cardscope.types import (
    Ancestor,
    Children,
    Edge,
    FrontMatter,
    Lineage,
    ModelId,
    ModelInfo,
    Problem,
    Relation,
    SkippedCard,
    SkipReason,
    Span,
)

#: Problems of an edge that mean there is nothing to look up behind it.
_NOWHERE = frozenset({"self", "local-path"})
#: After one of these the next question would get the same answer, or none for a long while.
_STOP = frozenset({SkipReason.OFFLINE, SkipReason.RATE_LIMITED})


@dataclass(slots=True)
class _Place:
    """A model on the way up, with how it was reached."""

    model_id: ModelId
    path: tuple[ModelId, ...]
    relations: tuple[Relation, ...]
    edges: tuple[Edge, ...]


@dataclass(slots=True)
class _Walk:
    """The state of one trace."""

    index: ModelIndex
    options: LineageOptions
    root: ModelId | None
    known: dict[str, ModelInfo | SkippedCard] = field(default_factory=dict)
    ancestors: list[Ancestor] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False

    def ask(self, model: ModelId) -> ModelInfo | SkippedCard | None:
        """What the index says, each model asked once; ``None`` when nobody can be asked any more."""
        key = model.casefold()
        if key not in self.known:
            if self.stopped:
                return None
            try:
                self.known[key] = self.index.info(model)
            except SourceError as error:
                self.stop(f"{model} and what stands above it could not be looked up: {error.message}")
                return None
        answer = self.known[key]
        if isinstance(answer, SkippedCard) and answer.reason in _STOP and not self.stopped:
            self.stop(f"{model} and what stands above it could not be looked up: {answer.message}")
        return answer

    def stop(self, words: str) -> None:
        self.stopped = True
        self.problems.append(Problem("unreachable", words))


def trace_lineage(
    model: ModelId | None,
    index: ModelIndex,
    options: LineageOptions | None = None,
    *,
    front_matter: FrontMatter | None = None,
    info: ModelInfo | None = None,
    clues: Clues = NO_CLUES,
) -> Lineage:
    """Follows base models to the roots; bad links, unreadable ancestors and an early end are problems, never errors.

    Ancestors that cannot be read (gated, private, gone, no answer) are kept without a licence, so that nothing is
    concluded from them and nothing forgotten. A renamed ancestor has its new id everywhere but in the statements.

    Args:
        model: ``None`` for a card without an id; then only what the card says leads upwards.
        options: How far to go; at most that many generations and ancestors, then a problem says where it stopped.
        front_matter: Of the model itself, where its card is at hand.
        info: Of the model itself, where the index was asked already.
        clues: The card of the model itself and its tools, where they are at hand.
    """
    walk = _Walk(index, options or LineageOptions(), model)
    if info is None and model is not None:
        answer = walk.ask(model)
        info = answer if isinstance(answer, ModelInfo) else None
    root = model or ModelId("")
    start = _Place(root, (root,), (), state_edges(model, front_matter, info, clues))
    parents = _climb(walk, start)
    _mark_cycles(walk, root)
    by_parent = {(edge.child, edge.parent): edge for edge in walk.edges}
    return Lineage(
        model_id=model,
        parents=tuple(by_parent[edge.child, edge.parent] for edge in parents),
        edges=tuple(walk.edges),
        ancestors=tuple(walk.ancestors),
        children=_children(walk, model, info),
        problems=tuple(walk.problems),
    )


def _climb(walk: _Walk, start: _Place) -> list[Edge]:
    """Breadth first, so that the first path to an ancestor is its shortest; returns the edges out of the start."""
    queue, seen = deque([start]), {start.model_id.casefold()}
    parents: list[Edge] = []
    while queue:
        place = queue.popleft()
        if place.edges and len(place.relations) >= walk.options.depth:
            words = (
                f"the models above {place.model_id} were not looked at: {walk.options.depth} generations is the limit"
            )
            walk.problems.append(Problem("lineage-too-deep", words))
            continue
        for edge in place.edges:
            followed, above = _follow(walk, edge, place, seen)
            # Two spellings of one model (its old and its new name) end in one edge.
            if any(edge.child == followed.child and edge.parent == followed.parent for edge in walk.edges):
                continue
            walk.edges.append(followed)
            if place is start:
                parents.append(followed)
            if above is not None:
                queue.append(above)
    return parents


def _follow(walk: _Walk, edge: Edge, place: _Place, seen: set[str]) -> tuple[Edge, _Place | None]:
    """Looks one link up; gives the edge with what was found, and the place above when it is a new one."""
    if any(problem.code in _NOWHERE for problem in edge.problems):
        return edge, None
    name = lookable(edge.parent)
    if name is None:
        return edge, None
    if name.casefold() not in seen and len(walk.ancestors) >= walk.options.ancestors:
        _say_once(walk, "lineage-too-wide", f"only the nearest {walk.options.ancestors} ancestors were looked at")
        return edge, None
    answer = walk.ask(name)
    if isinstance(answer, ModelInfo):
        edge, name = _renamed(edge, name, answer)
    elif isinstance(answer, SkippedCard):
        edge = _unread(walk, edge, name, answer)
    if name.casefold() in seen:
        return edge, None
    seen.add(name.casefold())
    info = answer if isinstance(answer, ModelInfo) else None
    path, relations = (name, *place.path), (edge.relation, *place.relations)
    # An index that does not tell the front matter leaves the licence unknown, which is not the same as none.
    terms = license_fields(info.card_data) if info is not None and info.card_data is not None else None
    walk.ancestors.append(Ancestor(name, len(relations), path, relations, terms, info))
    return edge, _Place(name, path, relations, state_edges(name, None, info)) if info is not None else None


def _renamed(edge: Edge, asked: ModelId, info: ModelInfo) -> tuple[Edge, ModelId]:
    """The edge under the id the model has today; a bare name that is forwarded stays marked as bare too."""
    if info.model_id == asked:
        return edge, asked
    if info.model_id.casefold() == asked.casefold():
        return replace(edge, parent=info.model_id), info.model_id
    problem = Problem("renamed", f"{asked} is called {info.model_id} today", _spans(edge))
    problems = tuple(entry for entry in edge.problems if entry.code != "self")
    return replace(edge, parent=info.model_id, problems=(*problems, problem)), info.model_id


def _unread(walk: _Walk, edge: Edge, name: ModelId, answer: SkippedCard) -> Edge:
    if answer.reason is SkipReason.NOT_FOUND:
        code, words = "dead", f"{name} cannot be found (any more)"
        if "/" in name and _account_exists(walk.index, name.partition("/")[0]) is False:
            code, words = "no-namespace", f"the account of {name} does not exist"
        return replace(edge, problems=(*edge.problems, Problem(code, words, _spans(edge))))
    if answer.reason not in _STOP:
        walk.problems.append(Problem(answer.reason.value, f"{name} could not be read: {answer.message}"))
    return edge


def _account_exists(index: ModelIndex, account: str) -> bool | None:
    """Asks an index that can tell (``has_account(name) -> bool | None``); ``None`` from any other."""
    ask = getattr(index, "has_account", None)
    try:
        found = ask(account) if callable(ask) else None
    except SourceError:
        return None
    return found if isinstance(found, bool) else None


def _spans(edge: Edge) -> tuple[Span, ...]:
    return tuple(statement.span for statement in edge.statements if statement.span is not None)[:1]


def _say_once(walk: _Walk, code: str, words: str) -> None:
    if all(problem.code != code for problem in walk.problems):
        walk.problems.append(Problem(code, words))


def _mark_cycles(walk: _Walk, root: ModelId) -> None:
    """Marks every edge that leads back down: whose parent stands below its child already."""
    above: dict[str, list[int]] = {}
    for number, edge in enumerate(walk.edges):
        above.setdefault(edge.child.casefold(), []).append(number)
    closing = _closing_edges(walk.edges, above, root.casefold())
    for number in closing:
        edge = walk.edges[number]
        problem = Problem("cycle", f"{edge.parent} is made of {edge.child} and the other way round", _spans(edge))
        walk.edges[number] = replace(edge, problems=(*edge.problems, problem))


def _closing_edges(edges: list[Edge], above: Mapping[str, list[int]], root: str) -> list[int]:
    """Depth first without recursion: an edge to a model on the current trail closes a circle (self edges left out)."""
    closing: list[int] = []
    trail, done = {root}, set[str]()
    stack: list[tuple[str, Iterator[int]]] = [(root, iter(above.get(root, ())))]
    while stack:
        name, rest = stack[-1]
        number = next(rest, None)
        if number is None:
            stack.pop()
            trail.discard(name)
            done.add(name)
            continue
        parent = edges[number].parent.casefold()
        if parent in trail:
            if parent != name:
                closing.append(number)
        elif parent not in done:
            trail.add(parent)
            stack.append((parent, iter(above.get(parent, ()))))
    return closing


def _children(walk: _Walk, model: ModelId | None, info: ModelInfo | None) -> Children:
    """Counts as the index gives them, and the most downloaded of each relation that occurs."""
    if model is None or info is None:
        return Children()
    top: list[tuple[ModelId, Relation, int | None]] = []
    for relation, child in _named(walk, info.model_id, info.children or {}):
        top.append((child.model_id, relation, child.downloads))
    return Children(info.children, tuple(top))


def _named(walk: _Walk, model: ModelId, counts: Mapping[Relation, int]) -> Iterator[tuple[Relation, ModelInfo]]:
    limit = walk.options.children
    for relation, count in counts.items():
        if not count or not limit or walk.stopped:
            continue
        try:
            found: Iterable[ModelInfo] = walk.index.children(model, relation, limit)
        except SourceError as error:
            walk.stop(f"the children of {model} could not be listed: {error.message}")
            return
        yield from ((relation, child) for child in list(found)[:limit])
