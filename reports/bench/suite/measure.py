"""How things are timed here: medians, CPU time of one core, and a loop that tells how fast the machine is just now."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

#: Seconds the loop takes on the machine all rates are also given for.
REFERENCE_LOOP = 0.043
ROOT = Path(__file__).parent.parent.parent.parent
SHARED = Path(os.environ.get("CARDSCOPE_SHARED", ROOT.parent / "shared"))


def loop_seconds() -> float:
    """CPU seconds of a fixed pure Python loop; best of five."""

    def once() -> float:
        start = time.process_time()
        total = 0
        for number in range(1_000_000):
            total += number & 7
        return time.process_time() - start

    return min(once() for _ in range(5))


def cpu_seconds(work: Callable[[], Any], runs: int = 3) -> tuple[float, float]:
    """Median CPU seconds of ``work`` in this process, and the mean time of the loop around it."""
    before = loop_seconds()
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times), (before + loop_seconds()) / 2


def wall_of(command: Sequence[str], runs: int = 7, **environment: str) -> dict[str, float]:
    """Whole-process seconds of a command after one run to warm the disk: least, median, greatest, and median CPU."""
    walls, cpus = [], []
    for number in range(runs + 1):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, check=False, capture_output=True, env={**os.environ, **environment}, cwd=ROOT)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if number:
            walls.append(wall)
            cpus.append(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime)
    return {
        "min": round(min(walls), 4),
        "median": round(statistics.median(walls), 4),
        "max": round(max(walls), 4),
        "cpu": round(statistics.median(cpus), 4),
    }


def result(what: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    """One row; ``goal`` and ``met`` among ``more`` where there is a goal."""
    return {"what": what, "value": value, "unit": unit, **more}


def machine() -> dict[str, Any]:
    """What the numbers were taken on."""
    names = ("numpy", "pyarrow", "duckdb", "pyromark", "ryaml", "huggingface_hub", "rich", "click")
    return {
        # A Python that was built without its optimizations is a tenth slower than a distribution's.
        "python": f"{platform.python_version()} ({', '.join(platform.python_build())}, {platform.python_compiler()})",
        "processors": os.cpu_count(),
        "loop_seconds": round(loop_seconds(), 4),
        "reference_loop_seconds": REFERENCE_LOOP,
        "load": [round(value, 2) for value in os.getloadavg()],
        "packages": {name: version(name) for name in names},
    }
