"""A simulated corpus made and scored on this machine: minutes, memory of all processes, and how both grow."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from suite.measure import ROOT, result

_TWO_MILLION = 2_000_000


def run(options: Any) -> list[dict[str, Any]]:
    """Simulate, score without vectors, score with vectors; a tenth of the cards first, for the growth."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=options.folder if hasattr(options, "folder") else None) as folder:
        small = _sizes(Path(folder), options.cards // 10, options.workers)
        large = _sizes(Path(folder), options.cards, options.workers)
    scale = _TWO_MILLION / options.cards
    goals = {"simulate": 20, "score without vectors": 8, "score with vectors": 12}
    for name, limit in goals.items():
        seconds, memory = large[name]
        minutes = seconds / 60
        rows.append(
            result(
                f"{name}, {options.cards:,} cards, {options.workers} processes",
                round(minutes, 2),
                "min",
                goal=round(limit / scale, 2),
                met=minutes <= limit / scale,
                two_million_at_this_rate=round(minutes * scale, 1),
                peak_gib=round(memory / 2**30, 2),
                cards_per_second=round(options.cards / seconds),
            )
        )
        growth = seconds / options.cards / (small[name][0] / (options.cards // 10))
        rows.append(
            result(f"{name}: time a card at ten times the size", round(growth, 3), "times", goal=1.1, met=growth <= 1.1)
        )
    peak = max(memory for _, memory in large.values()) / 2**30
    rows.append(result("peak memory of all processes", round(peak, 2), "GiB", goal=4, met=peak <= 4))
    return rows


def _sizes(folder: Path, cards: int, workers: int) -> dict[str, tuple[float, int]]:
    corpus = folder / f"hub-{cards}"
    command = [str(Path(sys.executable).parent / "cardscope")]
    found = {"simulate": _watched([*command, "simulate", str(corpus), "--models", str(cards), "--seed", "1", "-q"])}
    for name, extra in (("score without vectors", ["--no-vectors"]), ("score with vectors", [])):
        run_folder = folder / "run"
        words = [
            "score",
            str(corpus),
            "--by",
            "month",
            "--run",
            str(run_folder),
            "--workers",
            str(workers),
            "-q",
            *extra,
        ]
        found[name] = _watched([*command, *words, "--format", "json", "-o", str(folder / "out.json")])
        shutil.rmtree(run_folder)
    shutil.rmtree(corpus)
    return found


def _watched(command: list[str]) -> tuple[float, int]:
    """Wall seconds of a command, and the most memory (proportional set size) its processes held together."""
    import psutil

    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(1.0):  # asking for the proportional size stops the process that is asked for milliseconds
            total = 0
            try:
                root = psutil.Process(process.pid)
                for one in (root, *root.children(recursive=True)):
                    total += one.memory_full_info().pss
            except psutil.Error:
                continue
            peak = max(peak, total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    ended.set()
    watcher.join()
    if code:
        raise RuntimeError(f"{' '.join(command[:3])} ended with {code}")
    return time.perf_counter() - start, peak
