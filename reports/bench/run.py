"""``make bench``: every speed goal measured on this machine, each result with its yardstick, written to reports/bench/.

    python reports/bench/run.py                 all but the long ones
    python reports/bench/run.py commands cards  some
    python reports/bench/run.py corpus --cards 2000000

Times of a shared machine wander by a factor of two. So every result carries the time of a fixed Python loop, taken just
before and after it, and rates are also given for the loop's reference speed. A goal that is missed is said, not hidden.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from suite import cards, commands, corpus, today
from suite.measure import machine

SUITES = {"commands": commands.run, "cards": cards.run, "today": today.run, "corpus": corpus.run}
#: Run when nothing is named; the rest takes many minutes.
SHORT = ("commands", "cards", "today")


def main() -> int:
    """Returns 1 when a goal was missed, so that a script can tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], default=[])
    parser.add_argument("--cards", type=int, default=200_000, help="cards of the simulated corpus")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    missed = 0
    for name in options.suites or SHORT:
        results = SUITES[name](options)
        report = {
            "suite": name,
            "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
            "machine": machine(),
            "results": results,
        }
        target = HERE / f"{name}.json"
        target.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for result in results:
            goal = f"  goal {result['goal']}: {'met' if result['met'] else 'MISSED'}" if "goal" in result else ""
            print(f"{name}: {result['what']}: {result['value']:,} {result['unit']}{goal}")
            missed += "goal" in result and not result["met"]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
