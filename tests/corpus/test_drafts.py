"""A hub whose cards begin as drafts: what is asked of the first, the current and all editions is what was planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cardscope.corpus.batch import rows_paths, run_batch
from cardscope.corpus.editions import BEFORE, UNDATED
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.reduce import reduce_rows
from cardscope.corpus.rows import MapOptions
from cardscope.corpus.simulate import simulate
from cardscope.corpus.simulate.families import EPOCH
from cardscope.corpus.store import Corpus
from cardscope.types import Edition, Period, Timeline

N = 3000
HANDS = ("template", "placeholder", "authored", "inherited")
#: The day on which every simulated hub is looked at.
LAST = "2025-07"


@dataclass
class Hub:
    path: Path
    run: str
    #: Truth by name: of all models as they stand now, and of those that began as a draft.
    now: dict[str, dict[str, Any]]
    drafts: dict[str, dict[str, Any]]

    def timeline(self, of: Edition, by: Period = Period.MONTH) -> Timeline:
        return reduce_rows(rows_paths(self.run), of=of, by=by, dimensions=("kind",))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    path = tmp_path_factory.mktemp("drafts") / "hub"
    simulate(path, N, 6, profile="edited", workers=2)
    run = f"{path}.run"
    run_batch(Corpus(path), run, LocalEngine(2), MapOptions(embedder=""))
    now, drafts = (
        {row["model_id"]: row for row in pq.read_table(path / "truth" / f"{name}.parquet").to_pylist()}
        for name in ("models", "drafts")
    )
    return Hub(path, run, now, drafts)


def month(day: datetime | None) -> str:
    if day is None:
        return UNDATED
    return BEFORE if day.timestamp() * 1e6 <= EPOCH else f"{day:%Y-%m}"


def share(row: dict[str, Any], *hands: str) -> float:
    return sum(row[f"words_{hand}"] for hand in hands) / (sum(row[f"words_{hand}"] for hand in HANDS) or 1)


def mean_of(timeline: Timeline, measure: str) -> float:
    """Over all periods, each weighed by its cards."""
    found = [e for e in timeline.estimates if (e.dimension, e.measure, e.weight) == ("all", measure, "card")]
    return sum(e.value * timeline.sizes["all", "all", e.period][0] for e in found) / timeline.cards


def test_half_of_the_models_that_could_began_as_a_draft(hub: Hub) -> None:
    first_day = min(row["created_at"] for row in hub.drafts.values())
    could = [
        name for name, row in hub.now.items()
        if row["created_at"] and row["created_at"] >= first_day and row["fault"] == "none"
        and not row["duplicate_of"] and not row["near_duplicate_of"]
    ]  # fmt: skip
    assert set(hub.drafts) <= set(could)
    assert len(hub.drafts) / len(could) == pytest.approx(0.5, abs=0.03)
    waited = [(row["finished_at"] - row["created_at"]).days for row in hub.drafts.values()]
    assert min(waited) >= 0
    assert np.median(waited) == pytest.approx(90 * np.log(2), rel=0.25)
    for name, draft in hub.drafts.items():
        assert draft["words_inherited"] + draft["words_authored"] <= (
            hub.now[name]["words_inherited"] + hub.now[name]["words_authored"]
        )


def test_an_edition_is_one_card_a_model_and_all_are_all(hub: Hub) -> None:
    for of in (Edition.FIRST, Edition.CURRENT):
        timeline = hub.timeline(of)
        assert (timeline.cards, timeline.models) == (N, N)
    every = hub.timeline(Edition.ALL)
    assert (every.cards, every.models) == (N + len(hub.drafts), N)


@pytest.mark.parametrize("measure", ["share_authored", "share_placeholder", "share_template"])
def test_every_edition_has_the_shares_it_was_written_with(hub: Hub, measure: str) -> None:
    hands = ("authored", "inherited") if measure == "share_authored" else (measure.removeprefix("share_"),)
    # A block of YAML that never ends is text, and one of its lines may look like a tool's: four cards in a thousand.
    close = 5e-4
    now = {name: share(row, *hands) for name, row in hub.now.items()}
    begun = {name: share(row, *hands) for name, row in hub.drafts.items()}
    first, current, every = (mean_of(hub.timeline(of), measure) for of in Edition)
    assert current == pytest.approx(np.mean(list(now.values())), abs=close)
    assert first == pytest.approx(np.mean([begun.get(name, value) for name, value in now.items()]), abs=close)
    assert every == pytest.approx(np.mean([*now.values(), *begun.values()]), abs=close)
    # Drafts make the answers differ by far more than this compares, or it would prove nothing.
    assert min(abs(first - current), abs(every - current)) > 10 * close


def test_an_edition_counts_in_the_month_it_is_from(hub: Hub) -> None:
    def counted(of: Edition, when: Callable[[dict[str, Any]], str]) -> tuple[dict[str, int], dict[str, int]]:
        timeline = hub.timeline(of)
        found = {period: timeline.sizes["all", "all", period][0] for period in timeline.periods}
        return found, dict(Counter(map(when, hub.now.values())))

    found, planted = counted(Edition.FIRST, lambda row: month(row["created_at"]))
    assert found == planted
    found, planted = counted(Edition.ALL, lambda row: UNDATED if row["created_at"] is None else LAST)
    for draft in hub.drafts.values():
        planted[month(draft["created_at"])] = planted.get(month(draft["created_at"]), 0) + 1
    assert found[UNDATED] == planted[UNDATED]
    assert {period: count for period, count in found.items() if period not in (BEFORE, LAST)} == {
        period: count for period, count in planted.items() if period not in (BEFORE, LAST)
    }
    # Of the others the day of the last change is drawn anew; of a finished draft it is known.
    rows = {row["model_id"]: row for path in rows_paths(hub.run) for row in pq.read_table(path).to_pylist()
            if row["observed_at"] != row["created_at"]}  # fmt: skip
    for name, draft in hub.drafts.items():
        assert rows[name]["modified_at"] == draft["finished_at"]


def test_a_hub_without_drafts_is_what_it_was(tmp_path: Path) -> None:
    made = simulate(tmp_path / "hub", 300, 6, workers=1)
    assert made.truth["drafts"] == {"asked": 0.0, "planted": 0.0}
    assert made.manifest.counts["cards"] == 300
    assert pq.read_table(tmp_path / "hub/truth/drafts.parquet").num_rows == 0


def test_drafts_are_the_same_whatever_the_number_of_workers(tmp_path: Path) -> None:
    one, two = (simulate(tmp_path / f"hub-{workers}", 700, 3, profile="edited", workers=workers) for workers in (1, 2))
    assert one.truth == two.truth
    assert [part.digest for part in one.manifest.parts] == [part.digest for part in two.manifest.parts]
