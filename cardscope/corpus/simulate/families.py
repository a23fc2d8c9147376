"""Who was made out of whom, by whom and when: a hub's family trees by preferential attachment.

Models are numbered in the order of their creation, so a parent always has a smaller number than its child. Everything
is drawn for all models at once; two million take a few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cardscope.corpus.simulate.profile import RELATIONS, Profile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int32]
    Longs = npt.NDArray[np.int64]
    Generator = np.random.Generator

#: What the Hub's API says of every model older than its dates, in microseconds since 1970: 2022-03-02T23:29:04Z.
EPOCH: Final = 1_646_263_744_000_000
#: Stands for "no date" in an array of dates.
NEVER: Final = -(2**63)
_DAY: Final = 86_400_000_000


@dataclass(slots=True)
class Families:
    """Arrays over all models, numbered in the order of creation.

    Attributes:
        month: Place in ``profile.months``; 0 for models older than the Hub's dates.
        created: Microseconds since 1970, `EPOCH` for "before", `NEVER` for undated.
        owner: Number of the owner.
        relation: Place in `RELATIONS`.
        parent: Number of the (first) parent, -1 for none; always smaller than the child's.
        depth: Edges up to the root.
        others: Further parents of merges, as pairs of child and parent, shape ``(k, 2)``, sorted by child.
        stars: Numbers of the planted roots of the biggest families.
    """

    month: Ints
    created: Longs
    owner: Ints
    relation: Ints
    parent: Ints
    depth: Ints
    others: Ints
    stars: Ints


def random(seed: int, stream: int) -> Generator:
    """A generator of its own for each purpose, so that one more draw for one thing changes no other."""
    import numpy as np

    return np.random.Generator(np.random.PCG64([seed, stream]))


def make_families(profile: Profile, n: int, seed: int) -> Families:
    """Draws ``n`` models with dates, owners, relations and parents."""
    import numpy as np

    month, created = _dates(profile, n, random(seed, 1))
    relation = np.zeros(n, np.int32)
    parent = np.full(n, -1, np.int32)
    stars = _stars(profile, month, relation, parent, random(seed, 2))
    _relations(profile, relation, random(seed, 3))
    _attach(profile, relation, parent, random(seed, 4))
    relation[parent < 0] = 0
    return Families(
        month=month,
        created=created,
        owner=_owners(profile, n, random(seed, 5)),
        relation=relation,
        parent=parent,
        depth=depths(parent),
        others=_other_parents(profile, relation, parent, random(seed, 6)),
        stars=stars,
    )


def depths(parent: Ints) -> Ints:
    """Edges between each model and its root."""
    import numpy as np

    depth = np.zeros(len(parent), np.int32)
    above = parent.copy()
    while (alive := above >= 0).any():
        depth[alive] += 1
        above[alive] = parent[above[alive]]
    return depth


def roots(parent: Ints) -> Ints:
    """Number of the root of each model's family, merges by their first parent."""
    import numpy as np

    root = np.where(parent < 0, np.arange(len(parent), dtype=np.int32), parent)
    while (next_root := root[root]).tobytes() != root.tobytes():
        root = next_root
    return np.asarray(root, np.int32)


def _dates(profile: Profile, n: int, draw: Generator) -> tuple[Ints, Longs]:
    import numpy as np

    before = round(n * profile.values["before_share"])
    edges = np.floor(np.cumsum(profile.growth) * (n - before) + 0.5).astype(np.int64)
    month = np.concatenate([np.zeros(before, np.int64), np.searchsorted(edges, np.arange(n - before), side="right")])
    starts = np.array([np.datetime64(f"{name}-01", "us") for name in profile.months]).astype(np.int64)
    last = np.datetime64(profile.values["last_month"], "M") + np.timedelta64(1, "M")
    ends = np.concatenate([starts[1:], [min(last.astype("datetime64[us]"), _observed(profile)).astype(np.int64)]])
    # March 2022 begins for the Hub's dates after the instant that stands for everything before.
    starts[0] = max(starts[0], EPOCH + 1_000_000)
    span = (ends - starts)[month]
    created = starts[month] + (draw.random(n) * span).astype(np.int64)
    created = created // 1_000_000 * 1_000_000
    created[:before] = EPOCH
    created[before:].sort()
    undated = draw.random(n) < profile.values["undated_share"]
    created[undated] = NEVER
    return month.astype(np.int32), created


def _observed(profile: Profile) -> np.datetime64:
    import numpy as np

    return np.datetime64(profile.values["observed"], "us")


def _stars(profile: Profile, month: Ints, relation: Ints, parent: Ints, draw: Generator) -> Ints:
    """Plants the biggest families as stars of the size the paper counted; returns their roots."""
    import numpy as np

    family = profile.values["families"]
    n, found = len(month), []
    # Roots first, so that none of them becomes the child of another.
    for at, star in enumerate(family["stars"]):
        first = int(np.searchsorted(month, profile.month_of(star["born"])))
        found.append(min(first + at, n - 1))
    roots_ = np.asarray(sorted(set(found)), np.int32)
    free = draw.random(n) < 0.9
    free[roots_] = False
    for star, root in zip(family["stars"], found, strict=True):
        since, until = profile.month_of(star.get("since", star["born"])), profile.month_of(star["until"])
        first = max(int(np.searchsorted(month, since)), root + 1)
        last = int(np.searchsorted(month, until, side="right"))
        open_ = np.flatnonzero(free[first:last]) + first
        size = min(round(star["size"] / family["of"] * n) - 1, len(open_))
        if size > 0:
            children = draw.choice(open_, size, replace=False)
            parent[children] = root
            relation[children] = RELATIONS.index(star["relation"])
            free[children] = False
    return roots_


def _relations(profile: Profile, relation: Ints, draw: Generator) -> None:
    """Gives relations to as many more models as the shares ask for; the rest stay roots."""
    import numpy as np

    family = profile.values["families"]
    weights = np.array([0, *(family[name] for name in RELATIONS[1:])], np.float64)
    wanted = np.floor(weights / weights.sum() * family["child_share"] * len(relation) + 0.5).astype(np.int64)
    missing = np.maximum(wanted - np.bincount(relation, minlength=len(RELATIONS)), 0)
    codes = np.repeat(np.arange(len(RELATIONS), dtype=np.int32)[1:], missing[1:])
    # The very first models are there for others to be made of.
    first = max(1, len(relation) // 200)
    open_ = np.flatnonzero(relation[first:] == 0) + first
    chosen = draw.permutation(open_)[: len(codes)]
    relation[chosen] = draw.permutation(codes)[: len(chosen)]


def _attach(profile: Profile, relation: Ints, parent: Ints, draw: Generator) -> None:
    """Gives each child that has none a parent: the one of an earlier child, or a model that nobody built on yet."""
    import numpy as np

    family = profile.values["families"]
    planted = parent >= 0
    children = np.flatnonzero((relation > 0) & ~planted)
    size = len(children)
    if not size:
        return
    order = np.arange(size)
    copies = (draw.random(size) < family["attachment"]) & (order > 0)
    pointer = np.where(copies, (draw.random(size) * order).astype(np.int64), order)
    while (further := pointer[pointer]).tobytes() != pointer.tobytes():
        pointer = further
    names = list(family["founders"])
    weights = np.cumsum([family["founders"][name] for name in names])
    kind = np.searchsorted(weights / weights[-1], draw.random(size), side="right")
    place = draw.random(size)
    first = np.full(size, -1, np.int64)
    # Fine-tunes and the like may have no earlier model: a root takes their place.
    for at, name in reversed(list(enumerate(names))):
        # The biggest families are stars: their members have no children, or they would outgrow their planted size.
        pool = np.flatnonzero((relation == RELATIONS.index(name)) & ~planted)
        earlier = np.searchsorted(pool, children)
        fits = (kind == at) | ((first < 0) & (at == 0))
        fits &= earlier > 0
        first[fits] = pool[(place * earlier).astype(np.int64)[fits]]
    most = max(8, round(0.35 * min(star["size"] for star in family["stars"]) / family["of"] * len(relation)))
    parent[children] = _capped(first[pointer], first, most, draw)


def _capped(parent: Longs, fresh: Longs, most: int, draw: Generator) -> Longs:
    """Lets no parent have more than ``most`` children: who comes too late goes after another earlier child.

    Without it the first few models would hold families far beyond the biggest ones of the real hub, which are planted.
    """
    import numpy as np

    order = np.arange(len(parent))
    for _ in range(60):
        by_parent = np.argsort(parent, kind="stable")
        starts = np.flatnonzero(np.diff(parent[by_parent], prepend=-2))
        rank = np.empty(len(parent), np.int64)
        rank[by_parent] = order - np.repeat(starts, np.diff(starts, append=len(parent)))
        late = np.flatnonzero(rank >= most)
        if not len(late):
            return parent
        parent[late] = parent[(draw.random(len(late)) * late).astype(np.int64)]
    parent[late] = fresh[late]
    return parent


def _other_parents(profile: Profile, relation: Ints, parent: Ints, draw: Generator) -> Ints:
    import numpy as np

    counts = profile.values["families"]["merge_parents"]
    sizes = np.asarray([int(key) for key in counts])
    shares = np.cumsum(list(counts.values())) / sum(counts.values())
    merges = np.flatnonzero(relation == RELATIONS.index("merge"))
    more = sizes[np.searchsorted(shares, draw.random(len(merges)), side="right")] - 1
    child = np.repeat(merges, more)
    # The others are parents of earlier models, so the well known ones come up most.
    pool = np.flatnonzero(parent >= 0)
    if not len(pool) or not len(child):
        return np.zeros((0, 2), np.int32)
    earlier = np.maximum(np.searchsorted(pool, child), 1)
    other = parent[pool[(draw.random(len(child)) * earlier).astype(np.int64)]]
    pairs = np.stack([child, other], axis=1)
    pairs = np.unique(pairs[(other != parent[child]) & (other < child)], axis=0)
    return np.asarray(pairs, np.int32)


def _owners(profile: Profile, n: int, draw: Generator) -> Ints:
    """Numbers of owners by Zipf's law, the biggest not the first."""
    import numpy as np

    owners: dict[str, Any] = profile.values["owners"]
    count = max(1, round(n * owners["per_model"]))
    weights = np.arange(1, count + 1, dtype=np.float64) ** -owners["exponent"]
    cumulated = np.cumsum(weights)
    rank = np.searchsorted(cumulated / cumulated[-1], draw.random(n), side="right")
    return np.asarray(draw.permutation(count)[rank], np.int32)
