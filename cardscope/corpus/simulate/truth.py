"""The truth beside a simulated corpus: a row for each model, and what was asked for against what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from cardscope.corpus.simulate.cards import HANDS, CardWriter, Written
from cardscope.corpus.simulate.families import EPOCH, NEVER, Families, roots
from cardscope.corpus.simulate.profile import FAULTS, HANDED, LINKS, RELATIONS, Profile
from cardscope.corpus.simulate.traits import Hub, dropped, names_of
from cardscope.tables import version

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FORMAT: Final = "cardscope.truth/1"
#: Rows of ``truth/models.parquet``. Licence, languages and task are what was planted; a card whose ``fault`` is not
#: ``none`` does not show them to a reader. ``lines_*`` count lines with words, ``words_*`` words as attribution does.
SCHEMA: Final = pa.schema(
    [
        ("model_id", pa.string()),
        ("month", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("relation", pa.string()),
        ("parent", pa.string()),
        ("depth", pa.int32()),
        ("link", pa.string()),
        ("generator", pa.string()),
        ("license", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("task", pa.string()),
        ("fault", pa.string()),
        *((f"lines_{hand}", pa.int32()) for hand in HANDS),
        *((f"words_{hand}", pa.int32()) for hand in HANDS),
        ("sections", pa.list_(pa.string())),
        ("dropped", pa.list_(pa.string())),
        ("duplicate_of", pa.string()),
        ("near_duplicate_of", pa.string()),
        ("size", pa.int32()),
    ]
)


def truth_rows(writer: CardWriter, first: int, names: Sequence[str], written: Sequence[Written]) -> pa.Table:
    """Truth of the models from ``first`` on."""
    import numpy as np

    hub, profile = writer.hub, writer.profile
    part = slice(first, first + len(names))
    parent = hub["parent"][part]
    has = hub["origin"][part] >= 0
    above = hub["origin"][np.maximum(parent, 0)]
    lost = (parent >= 0)[:, None] & (above >= 0) & (above != hub["origin"][part])
    source, near = hub["source"][part], hub["near"][part]
    copies = source != np.arange(first, first + len(names))
    origins = [writer.name(int(number)) if copy else None for number, copy in zip(source, copies, strict=True)]
    columns: dict[str, Any] = {
        "model_id": pa.array(names),
        "month": _period(profile, hub, part),
        "created_at": dates(hub["created"][part]),
        "relation": _labels(("", *RELATIONS[1:]), hub["relation"][part]),
        "parent": pa.array([writer.name(int(number)) if number >= 0 else None for number in parent], pa.string()),
        "depth": pa.array(hub["depth"][part]),
        "link": _labels(LINKS, hub["link"][part]),
        "generator": _labels(("", *(tool["id"] for tool in profile.tools)), hub["tool"][part]),
        "license": _labels(writer.labels["license"], hub["license"][part]),
        "languages": pa.array([label.split(",") if label else [] for label in _texts(writer, "language", part)]),
        "task": _labels(writer.labels["task"], hub["task"][part]),
        "fault": _labels(FAULTS, hub["fault"][part]),
        "sections": _handed(has),
        "dropped": _handed(lost),
        "duplicate_of": pa.array([name if not close else None for name, close in zip(origins, near, strict=True)]),
        "near_duplicate_of": pa.array([name if close else None for name, close in zip(origins, near, strict=True)]),
        "size": pa.array([len(card.content) for card in written], pa.int32()),
    }
    for at, hand in enumerate(HANDS):
        columns[f"lines_{hand}"] = pa.array([card.lines[at] for card in written], pa.int32())
        columns[f"words_{hand}"] = pa.array([card.words[at] for card in written], pa.int32())
    return pa.table([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


def dates(created: npt.NDArray[np.int64]) -> pa.Array:
    """Dates as the store has them, null for `NEVER`."""
    return pa.array(created, mask=created == NEVER).cast(pa.timestamp("us", tz="UTC"))


def summary(profile: Profile, families: Families, hub: Hub, seed: int, totals: Mapping[str, Any]) -> dict[str, Any]:
    """Content of ``truth/truth.json``: the parameters, and each share as asked and as planted."""
    import numpy as np

    n = len(hub)
    copies = hub.source != np.arange(n)
    family = profile.values["families"]
    edges = sum(family[name] for name in RELATIONS[1:])
    asked = {name: family["child_share"] * family[name] / edges for name in RELATIONS[1:]}
    tree = roots(np.where(families.relation == RELATIONS.index("merge"), np.int32(-1), families.parent))
    sizes = np.sort(np.bincount(tree, minlength=n))[::-1]
    fertile = np.zeros(n, np.bool_)
    fertile[families.parent[(families.parent >= 0) & (families.relation != RELATIONS.index("merge"))]] = True
    faults = profile.values["faults"]
    return {
        "format": FORMAT,
        "models": n,
        "seed": seed,
        "profile": profile.name,
        "table": version("simulation"),
        "parameters": dict(profile.values),
        "adoption": _adoption(profile, hub),
        "relations": {
            name: {"asked": asked.get(name, 1 - family["child_share"]), "planted": _share(families.relation == code)}
            for code, name in enumerate(RELATIONS)
        },
        "fertile": {name: _share(fertile[families.relation == code]) for code, name in enumerate(RELATIONS)},
        "families": {
            "biggest": sizes[:10].tolist(),
            "asked": [round(star["size"] / family["of"] * n) for star in family["stars"]],
            "of_two_or_more": int((sizes > 1).sum()),
            "depths": np.bincount(families.depth).tolist(),
        },
        "mutations": {
            name: _mutations(getattr(hub, name), hub, profile.values[name]) for name in ("license", "language", "task")
        },
        "faults": {
            name: {"asked": faults[name], "planted": _share(hub.fault == code)} for code, name in enumerate(FAULTS)
            if code
        },
        "links": {name: _share(hub.link == code) for code, name in enumerate(LINKS)},
        "duplicates": {"asked": faults["duplicates"], "planted": _share(copies & ~hub.near)},
        "near_duplicates": {"asked": faults["near_duplicates"], "planted": _share(hub.near)},
        "dropped": dict(zip(HANDED, dropped(hub).sum(axis=0).tolist(), strict=True)),
        **totals,
    }  # fmt: skip


def _adoption(profile: Profile, hub: Hub) -> dict[str, dict[str, dict[str, float]]]:
    """By month of creation and tool: the share the curves ask for, given who was made that month, and the planted."""
    import numpy as np

    months, tools = len(profile.months), len(profile.tools) + 1
    own = hub.created > EPOCH
    asked = np.zeros((months, tools))
    mixed = np.bincount(hub.month[own] * len(RELATIONS) + hub.relation[own], minlength=months * len(RELATIONS))
    mixed = mixed.reshape(months, len(RELATIONS))
    total = np.maximum(mixed.sum(axis=1, keepdims=True), 1)
    for code in range(len(RELATIONS)):
        asked += (mixed[:, code : code + 1] / total) * profile.adoption[code]
    planted = np.bincount(hub.month[own] * tools + hub.tool[own], minlength=months * tools).reshape(months, tools)
    names = ("none", *(tool["id"] for tool in profile.tools))
    planted_share = planted / total
    return {
        month: {
            name: {"asked": round(float(asked[at, code]), 5), "planted": round(float(planted_share[at, code]), 5)}
            for code, name in enumerate(names)
        }
        for at, month in enumerate(profile.months)
    }


def _mutations(trait: npt.NDArray[np.int32], hub: Hub, values: Mapping[str, Any]) -> dict[str, Any]:
    import numpy as np

    names = names_of(values)
    above = np.where(hub.parent >= 0, trait[np.maximum(hub.parent, 0)], 0)
    both = (above > 0) & (trait > 0)
    pairs = np.bincount(above[both] * len(names) + trait[both], minlength=len(names) ** 2).reshape(len(names), -1)
    flows = [
        (int(pairs[a, b]), names[a], names[b]) for a, b in zip(*np.nonzero(pairs), strict=True) if a != b
    ]  # fmt: skip
    return {
        "edges": int(both.sum()),
        "rate": _share(above[both] != trait[both]),
        "stated": _share(trait > 0),
        "flows": [[a, b, count] for count, a, b in sorted(flows, reverse=True)],
    }


def _share(hit: npt.NDArray[np.bool_]) -> float:
    return round(float(hit.mean()), 6) if len(hit) else 0.0


def _period(profile: Profile, hub: Mapping[str, Any], part: slice) -> pa.Array:
    import numpy as np

    created = hub["created"][part]
    code = np.where(created == NEVER, 0, np.where(created == EPOCH, 1, hub["month"][part] + 2))
    return _labels(("undated", "before 2022-03", *profile.months), code)


def _texts(writer: CardWriter, name: str, part: slice) -> list[str]:
    return [writer.labels[name][code] for code in writer.hub[name][part].tolist()]


def _labels(names: Sequence[str], codes: npt.NDArray[Any]) -> pa.Array:
    return pa.array(names).take(pa.array(codes))


def _handed(has: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array([[label for label, held in zip(HANDED, row, strict=True) if held] for row in has.tolist()])
