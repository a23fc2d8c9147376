"""Findings and a profile to two numbers: the only place where an answer becomes points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter

from cardscope import tables
from cardscope.errors import InvalidTable
from cardscope.types import CardScore, Finding, RepositoryKind, Score, ScorePart

AXES = ("quality", "standardization")
#: The value of an axis from 0 to 100, and the share of each of its parts from 0 to 1; ``None`` where nothing counted.
ScoreValues = tuple[float | None, list[float | None]]


def score(kind: RepositoryKind, findings: Sequence[Finding]) -> CardScore:
    """Quality and standardization from 0 to 100, each the points earned over the points that could be earned.

    A question that was not asked, not answered or failed (``credit`` of ``None``) drops out of both, so that nothing
    unknown is ever bad. Findings of questions that are not in the table weigh nothing.
    """
    places = _places(kind)
    shape = _shape()
    points = [0.0] * len(shape)
    possible = [0.0] * len(shape)
    names: list[list[str]] = [[] for _ in shape]
    place_of = places.get
    for finding in findings:
        credit = finding.credit
        if credit is not None and (place := place_of(finding.probe)) is not None:
            part, weight = place
            points[part] += weight * credit
            possible[part] += weight
            names[part].append(finding.probe)
    parts = tuple([_part(name, points[at], possible[at], tuple(names[at])) for at, (_, name) in enumerate(shape)])
    cut = _first_of_second_axis()
    return CardScore(_axis(parts[:cut]), _axis(parts[cut:]), profile=kind.value, policy=policy())


def score_values(kind: RepositoryKind, findings: Sequence[Finding]) -> tuple[ScoreValues, ScoreValues]:
    """The numbers of `score` without its names and objects, which a run over millions would make and drop at once.

    The same sums in the same order, so that the numbers are the same to the last bit.

    Args:
        findings: One for each question in the order of the table, as `run_probes` gives them.
    """
    given = [finding.credit for finding in findings]
    parts = [_earned(kind, part, pick(given)) for part, pick in enumerate(_picks(kind))]
    cut = _first_of_second_axis()
    return _values(parts[:cut]), _values(parts[cut:])


def _values(parts: Sequence[tuple[float, float, float | None]]) -> ScoreValues:
    earned = most = 0.0
    for points, possible, _ in parts:
        earned += points
        most += possible
    return round(100.0 * earned / most, 2) if most else None, [share for _, _, share in parts]


@lru_cache(maxsize=16384)
def _earned(kind: RepositoryKind, part: int, given: tuple[float | None, ...]) -> tuple[float, float, float | None]:
    """Points, possible points and share of one part: most cards have most parts in common with another."""
    points = possible = 0.0
    for (_, weight), credit in zip(_asked(kind)[part], given, strict=True):
        if credit is not None:
            points += weight * credit
            possible += weight
    points = round(points, 6)
    return points, possible, points / possible if possible else None


def weigh(kind: RepositoryKind, finding: Finding) -> float:
    """Points that a finding could earn for this kind of repository, 0 if its question is not asked."""
    return weights(kind).get(finding.probe, 0.0)


def lost(kind: RepositoryKind, finding: Finding) -> float:
    """Points of its axis that a finding cost, 0 for all that was answered well or not at all."""
    return 0.0 if finding.credit is None else weigh(kind, finding) * (1.0 - finding.credit)


@cache
def policy() -> str:
    """Versions of the two tables that decide a score, as they stand in the result."""
    return f"probes {tables.version('probes')}, profiles {tables.version('profiles')}"


@lru_cache(maxsize=65536)
def _part(name: str, points: float, possible: float, findings: tuple[str, ...]) -> ScorePart:
    """Kept, because over millions of cards the same few thousand parts come again and again."""
    return ScorePart(name, round(points, 6), possible, findings)


def _axis(parts: tuple[ScorePart, ...]) -> Score:
    points = possible = 0.0
    for part in parts:
        points += part.points
        possible += part.possible
    return Score(round(100.0 * points / possible, 2) if possible else None, parts)


@cache
def weights(kind: RepositoryKind) -> Mapping[str, float]:
    """Points of each question for one kind of repository, 0 where it is not asked.

    Raises:
        InvalidTable: A question has no weight for this kind, or a weight below 0.
    """
    table = tables.read_table("profiles")["weights"]
    result: dict[str, float] = {}
    for name in _rows():
        weight = table.get(name, {}).get(kind.value)
        if not isinstance(weight, (int, float)) or weight < 0:
            raise InvalidTable(f"{name} has no weight of 0 or more for {kind.value}", subject="profiles")
        result[name] = float(weight)
    return result


@cache
def _rows() -> Mapping[str, tuple[str, str]]:
    """Axis and part of each question, by id."""
    rows = {name: row for name, row in tables.read_table("probes").items() if name != "table"}
    for name, row in rows.items():
        if row.get("axis") not in AXES or "part" not in row:
            raise InvalidTable(f"{name} belongs to no axis or part", subject="probes")
    return {name: (row["axis"], row["part"]) for name, row in rows.items()}


@cache
def _shape() -> tuple[tuple[str, str], ...]:
    """Axis and name of every part: those of quality, then those of standardization, each in the order of the table."""
    return tuple(sorted(dict.fromkeys(_rows().values()), key=lambda row: AXES.index(row[0])))


@cache
def _first_of_second_axis() -> int:
    return sum(axis == AXES[0] for axis, _ in _shape())


@cache
def _places(kind: RepositoryKind) -> Mapping[str, tuple[int, float]]:
    shape = _shape()
    asked = weights(kind)
    return {name: (shape.index(row), asked[name]) for name, row in _rows().items() if asked[name]}


@cache
def _asked(kind: RepositoryKind) -> tuple[tuple[tuple[int, float], ...], ...]:
    """For each part the places in the table of the questions that weigh something, and what they weigh."""
    found: list[list[tuple[int, float]]] = [[] for _ in _shape()]
    places = _places(kind)
    for at, name in enumerate(_rows()):
        if name in places:
            part, weight = places[name]
            found[part].append((at, weight))
    return tuple(map(tuple, found))


@cache
def _picks(kind: RepositoryKind) -> tuple[Callable[[Sequence[float | None]], tuple[float | None, ...]], ...]:
    """For each part the function that takes its credits out of those of all questions."""
    return tuple(_pick([at for at, _ in part]) for part in _asked(kind))


def _pick(places: Sequence[int]) -> Callable[[Sequence[float | None]], tuple[float | None, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda given: tuple(given[at] for at in places)


for _cached in (weights, policy, _rows, _shape, _first_of_second_axis, _places, _asked, _picks, _earned):
    tables.on_overlay(_cached.cache_clear)
