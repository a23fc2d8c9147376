"""What each model is and says: licence, language, task, tool, faults, and what it took over from its parent.

Traits are handed down generation by generation and change on the way by the matrices of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cardscope.corpus.simulate.families import Families, random
from cardscope.corpus.simulate.profile import FAULTS, HANDED, LINKS, RELATIONS, Profile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int32]
    Longs = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Generator = np.random.Generator


@dataclass(slots=True)
class Hub:
    """All models of a simulated hub as arrays over their numbers; what a worker needs to write any card.

    Attributes:
        source: Number of the model whose text this one repeats, to the byte or nearly; its own number for most.
        near: Whether the copy differs in a few lines.
        license: Place in the table's weights plus one, 0 for none stated; `language` and `task` likewise.
        tool: Place in the table of tools plus one, 0 for a card without a tool.
        fault: Place in `FAULTS`.
        link: Place in `LINKS`.
        target: Number of the model the card names as its parent; differs from ``parent`` in a cycle. -1 for none.
        origin: Who wrote the text of each handed-down section, shape ``(n, len(HANDED))``; -1 where there is none.
        size: Bytes the card should come to.
    """

    month: Ints
    created: Longs
    owner: Ints
    relation: Ints
    parent: Ints
    depth: Ints
    source: Ints
    near: npt.NDArray[np.bool_]
    license: Ints
    language: Ints
    task: Ints
    tool: Ints
    fault: Ints
    link: Ints
    target: Ints
    origin: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.month)


#: What a copy has in common with its source: everything but number, owner and date.
_COPIED = (
    "relation",
    "parent",
    "depth",
    "license",
    "language",
    "task",
    "tool",
    "fault",
    "link",
    "target",
    "origin",
    "size",
)


def make_traits(profile: Profile, families: Families, seed: int) -> Hub:
    """Draws everything that a card and its entry in the index will say."""
    import numpy as np

    n = len(families.month)
    levels = _levels(families.depth)
    drawn = {
        name: _handed_down(profile.values[name], families, levels, random(seed, 20 + at))
        for at, name in enumerate(("license", "language", "task"))
    }
    tool = _tools(profile, families, random(seed, 30))
    origin, authored = _sections(profile, families, levels, tool, random(seed, 31))
    link, target = _links(profile, families, random(seed, 33))
    hub = Hub(
        month=families.month,
        created=families.created,
        owner=families.owner,
        relation=families.relation,
        parent=families.parent,
        depth=families.depth,
        source=np.arange(n, dtype=np.int32),
        near=np.zeros(n, np.bool_),
        **drawn,
        tool=tool,
        fault=_faults(profile, families, tool, random(seed, 32)),
        link=link,
        target=target,
        origin=origin,
        size=_sizes(profile, tool, authored, random(seed, 34)),
    )
    hub.origin[hub.fault == FAULTS.index("blank")] = -1
    hub.fault[_in_rings(hub)] = 0
    _copy(profile, hub, families.stars, random(seed, 35))
    return hub


def names_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels of a trait by code; the first, empty one stands for nothing stated."""
    return ("", *values["weights"])


def dropped(hub: Hub) -> npt.NDArray[np.bool_]:
    """Which texts of handed-down sections the parent's card has and this one has not, shape ``(n, len(HANDED))``.

    A section of the child's own under the same label does not bring the parent's text back.
    """
    import numpy as np

    above = hub.origin[np.maximum(hub.parent, 0)]
    return np.asarray((hub.parent >= 0)[:, None] & (above >= 0) & (above != hub.origin), np.bool_)


def _levels(depth: Ints) -> list[Longs]:
    import numpy as np

    order = np.argsort(depth, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(depth[order])) + 1)


def _handed_down(values: Mapping[str, Any], families: Families, levels: Sequence[Longs], draw: Generator) -> Ints:
    """A trait of one value for all models, from the roots down."""
    import numpy as np

    n, names = len(families.month), names_of(values)
    weights = np.array([0.0, *values["weights"].values()])
    common = np.cumsum(weights / weights.sum())
    goes = np.tile(weights, (len(names), 1))
    for name, row in values.get("transition", {}).items():
        goes[names.index(name)] = [row.get(label, 0.0) for label in names]
    np.fill_diagonal(goes, 0.0)
    matrix = np.cumsum(goes / goes.sum(axis=1, keepdims=True), axis=1)
    stays = np.array([0.0, *(values["mutation"][name] for name in RELATIONS[1:])])[families.relation]
    stated = np.array([values["root"], *(values["child"][name] for name in RELATIONS[1:])])
    states = draw.random(n) < stated[families.relation]
    mutates = draw.random(n) < stays
    u = draw.random(n) * (1 - 1e-12)
    trait = np.zeros(n, np.int32)
    for level in levels:
        above = np.where(families.parent[level] >= 0, trait[families.parent[level]], 0)
        fresh = np.searchsorted(common, u[level], side="right")
        moved = (matrix[above] <= u[level][:, None]).sum(axis=1)
        value = np.where(above == 0, fresh, np.where(mutates[level], moved, above))
        trait[level] = np.where(states[level], value, 0)
    return trait


def _tools(profile: Profile, families: Families, draw: Generator) -> Ints:
    """The tool of each card by the adoption curves; an owner with many models mostly stays with one."""
    import numpy as np

    n = len(families.month)
    habit = draw.random(int(families.owner.max()) + 1)[families.owner]
    u = np.where(draw.random(n) < profile.values["owners"]["loyalty"], habit, draw.random(n))
    cumulated = np.cumsum(profile.adoption, axis=2)
    cumulated[:, :, -1] = 1.0
    cell = families.relation * len(profile.months) + families.month
    table = cumulated.reshape(-1, cumulated.shape[2])
    tool = np.zeros(n, np.int32)
    for start in range(0, n, 200_000):
        part = slice(start, start + 200_000)
        tool[part] = (table[cell[part]] <= u[part][:, None]).sum(axis=1)
    return tool


def _sections(
    profile: Profile, families: Families, levels: Sequence[Longs], tool: Ints, draw: Generator
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Who wrote the text of each handed-down section, and which cards have text of an author at all."""
    import numpy as np

    n = len(families.month)
    writes = np.array([1.0, *(entry.get("authored", 0.0) for entry in profile.tools)])[tool]
    authored = draw.random(n) < writes
    own = np.stack([draw.random(n) < profile.values["sections"][label]["own"] for label in HANDED], axis=1)
    kept = np.stack([draw.random(n) < profile.values["sections"][label]["kept"] for label in HANDED], axis=1)
    origin = np.full((n, len(HANDED)), -1, np.int32)
    for level in levels:
        parent = families.parent[level]
        above = np.where((parent >= 0)[:, None], origin[parent], -1)
        taken = np.where(kept[level] & (above >= 0), above, np.where(own[level], level[:, None], -1))
        origin[level] = np.where(authored[level][:, None], taken, -1)
    return origin, authored


def _faults(profile: Profile, families: Families, tool: Ints, draw: Generator) -> Ints:
    import numpy as np

    n, faults = len(tool), profile.values["faults"]
    edges = np.cumsum([faults[name] for name in FAULTS[1:]])
    place = np.searchsorted(edges, draw.random(n), side="right")
    fault = np.where(place < len(edges), place + 1, 0).astype(np.int32)
    # No tool leaves an empty README, and nothing can be taken over from one.
    blank = FAULTS.index("blank")
    fault[fault == blank] = 0
    childless = np.ones(n, np.bool_)
    childless[families.parent[families.parent >= 0]] = False
    written = np.flatnonzero((tool == 0) & (fault == 0) & childless)
    fault[draw.permutation(written)[: round(n * faults["blank"])]] = blank
    return fault


def _links(profile: Profile, families: Families, draw: Generator) -> tuple[Ints, Ints]:
    import numpy as np

    n, links = len(families.month), profile.values["links"]
    child = families.parent >= 0
    link = np.where(child, LINKS.index("fine"), LINKS.index("none")).astype(np.int32)
    target = families.parent.copy()
    u = draw.random(n)
    low = 0.0
    for name in ("dead", "bare", "untyped"):
        link[child & (u >= low) & (u < low + links[name])] = LINKS.index(name)
        low += links[name]
    alone = ~child & (u < links["self"])
    link[alone] = LINKS.index("self")
    target[alone] = np.flatnonzero(alone)
    # A cycle: a root that names its first child as its parent.
    parents, first = np.unique(families.parent[child], return_index=True)
    rings = draw.permutation(len(parents))[: round(n * links["cycle"])]
    for at in rings:
        root = parents[at]
        if families.parent[root] < 0 and link[root] == LINKS.index("none"):
            first_child = np.flatnonzero(child)[first[at]]
            link[root], link[first_child] = LINKS.index("cycle"), LINKS.index("fine")
            target[root] = first_child
    return link, target


def _sizes(profile: Profile, tool: Ints, authored: npt.NDArray[np.bool_], draw: Generator) -> Ints:
    import numpy as np

    sizes = profile.values["sizes"]
    u = draw.random(len(tool))
    # Sizes spread by ratio, so points are joined in logarithms: straight lines would swell the last hundredth.
    curves = {
        kind: np.expm1(np.interp(u, sizes["at"], np.log1p(sizes[kind]))) for kind in ("written", "tables", "filled")
    }
    kinds = np.array(["written", *(entry.get("size", "") for entry in profile.tools)])[tool]
    wanted = np.zeros(len(tool))
    for kind, drawn in curves.items():
        # Tools fill their tables; nobody but an author fills the rest.
        fits = (kinds == kind) if kind != "filled" else (kinds == kind) & authored
        wanted[fits] = drawn[fits] * (sizes["scale"] if kind != "tables" else 1.0)
    by_hand = authored & (kinds == "")
    wanted[by_hand] = curves["written"][by_hand] * sizes["scale"]
    return np.minimum(wanted, 2_000_000).astype(np.int32)


def _in_rings(hub: Hub) -> Longs:
    """Models that name each other."""
    import numpy as np

    ring = np.flatnonzero(hub.link == LINKS.index("cycle"))
    return np.concatenate([ring, hub.target[ring]]).astype(np.int64)


def _copy(profile: Profile, hub: Hub, stars: Ints, draw: Generator) -> None:
    """Turns some models into copies of an earlier one, made not long before."""
    import numpy as np

    n, faults = len(hub), profile.values["faults"]
    u = draw.random(n)
    u[stars] = 1.0
    u[: max(1, n // 200)] = 1.0
    # What others were made of stays itself, or the children's texts would have two stories.
    u[hub.parent[hub.parent >= 0]] = 1.0
    u[_in_rings(hub)] = 1.0
    exact = u < faults["duplicates"]
    near = ~exact & (u < faults["duplicates"] + faults["near_duplicates"])
    # A copy of a card that names itself or its own child would no longer do so.
    plain = (hub.link != LINKS.index("self")) & (hub.link != LINKS.index("cycle"))
    own = np.flatnonzero(~exact & ~near & plain & (hub.fault == 0))
    copies = np.flatnonzero(exact | near)
    back = np.minimum(draw.geometric(min(1.0, 40.0 / n), len(copies)), n // 50)
    place = np.maximum(np.searchsorted(own, copies) - back, 0)
    hub.source[copies] = own[place]
    hub.near[near] = True
    same = copies[draw.random(len(copies)) < faults["same_owner"]]
    hub.owner[same] = hub.owner[hub.source[same]]
    for name in _COPIED:
        column = getattr(hub, name)
        column[copies] = column[hub.source[copies]]


def columns(hub: Hub) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a hub by name, as they are handed to workers."""
    return {field.name: getattr(hub, field.name) for field in fields(hub)}
