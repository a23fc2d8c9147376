"""Models that are put up as a draft and finished later: two editions of one card, and the truth about the first.

The draft is what a tool left, before its author wrote anything into it, or a third of what an author wrote by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from cardscope.corpus.simulate.cards import HANDS, CardWriter, Written
from cardscope.corpus.simulate.families import EPOCH
from cardscope.corpus.simulate.words import mixed
from cardscope.corpus.store import text_id

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_DAY: Final = 86_400_000_000
_DATE: Final = pa.timestamp("us", tz="UTC")
#: Rows of ``truth/drafts.parquet``: the first edition of each model whose current one is another text.
DRAFTS: Final = pa.schema(
    [
        ("model_id", pa.string()),
        ("created_at", _DATE),
        ("finished_at", _DATE),
        *((f"lines_{hand}", pa.int32()) for hand in HANDS),
        *((f"words_{hand}", pa.int32()) for hand in HANDS),
        ("size", pa.int32()),
    ]
)


def drafted(writer: CardWriter, numbers: range, observed: int) -> list[int]:
    """Models that began as a draft: dated, read without a fault, no copies, and a day or more old."""
    share = float(writer.profile.values["editions"]["drafts"])
    if not share:
        return []
    hub, chance = writer.hub, int(share * 2**32)
    return [
        number
        for number in numbers
        if mixed(writer.seed, number, 12) & 0xFFFFFFFF < chance
        and int(hub["source"][number]) == number
        and not hub["fault"][number]
        and EPOCH < int(hub["created"][number]) < observed - _DAY
    ]


def finished(writer: CardWriter, number: int, observed: int) -> int:
    """When a draft was finished, in microseconds since 1970: a day after its creation at the earliest."""
    created = int(writer.hub["created"][number])
    drawn = (mixed(writer.seed, number, 13) & 0xFFFFFFFF) + 1
    wait = 1.0 - math.log(drawn / 2**32) * float(writer.profile.values["editions"]["days"])
    return min(created + int(wait * _DAY), observed) // 1_000_000 * 1_000_000


def first_rows(
    writer: CardWriter, cards: pa.Table, places: Sequence[int], numbers: Sequence[int], drafts: Sequence[Written]
) -> pa.Table:
    """Rows of the first editions, seen on the day they were made.

    Args:
        cards: Rows of the current editions.
        places: Row of each drafted model among them.
    """
    rows = cards.take(pa.array(places, pa.int64()))
    changed: dict[str, Any] = {
        "revision": pa.array([f"{mixed(writer.seed, number, 14):016x}" for number in numbers]),
        "text_id": pa.array([text_id(draft.content) for draft in drafts], rows.schema.field("text_id").type),
        "modified_at": rows["created_at"],
        "observed_at": rows["created_at"],
    }
    return pa.table([changed.get(name, rows[name]) for name in rows.column_names], schema=rows.schema)


def draft_rows(rows: pa.Table, done: npt.NDArray[np.int64], drafts: Sequence[Written]) -> pa.Table:
    """Truth of the drafts.

    Args:
        rows: Of the first editions, as `first_rows` makes them.
        done: When each was finished.
    """
    columns: dict[str, Any] = {
        "model_id": rows["model_id"],
        "created_at": rows["created_at"],
        "finished_at": pa.array(done).cast(_DATE),
        "size": pa.array([len(draft.content) for draft in drafts], pa.int32()),
    }
    for at, hand in enumerate(HANDS):
        columns[f"lines_{hand}"] = pa.array([draft.lines[at] for draft in drafts], pa.int32())
        columns[f"words_{hand}"] = pa.array([draft.words[at] for draft in drafts], pa.int32())
    return pa.table([columns[field.name] for field in DRAFTS], schema=DRAFTS)
