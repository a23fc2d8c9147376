"""The engine of one machine: a few processes, each with a shard at a time.

A process that the kernel kills (out of memory, most often) takes its pool with it. The shards that were not finished
are tried again in a new pool, then one at a time, so that a single heavy shard cannot take others down.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from cardscope.corpus.batch import Done, Task

_TRIES: Final = 3


def end_with_parent() -> None:
    """Lets this worker end when the process it works for does, however that ends; else it would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


class LocalEngine:
    """Maps shards in processes of this machine.

    Args:
        workers: How many; 1 works in this very process, 0 takes one for each processor.
    """

    def __init__(self, workers: int = 0) -> None:
        self.workers = workers or os.cpu_count() or 1

    def __call__(self, tasks: Sequence[Task], work: Callable[[Task], Done]) -> Iterator[Done]:
        """One `Done` for each task, in the order in which they end."""
        if self.workers == 1:
            yield from map(work, tasks)
            return
        left = {task.shard.number: task for task in tasks}
        for attempt in range(_TRIES):
            if not left:
                return
            # The last try gives every shard a pool of its own: whoever dies then is the one that is too heavy.
            groups = [list(left.values())] if attempt < _TRIES - 1 else [[task] for task in left.values()]
            for group in groups:
                for done in self._pool(group, work, self.workers if attempt == 0 else 1):
                    del left[done.shard]
                    yield done
        for number in left:
            yield Done(number, problem=f"the worker died {_TRIES} times on this shard, most likely out of memory")

    def _pool(self, tasks: Sequence[Task], work: Callable[[Task], Done], workers: int) -> Iterator[Done]:
        # Spawn, not fork: a forked child of a process with threads (Arrow, BLAS) can hang.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context, initializer=end_with_parent) as pool:
            pending: set[Future[Done]] = set()
            waiting = iter(tasks)
            try:
                for task in waiting:
                    pending.add(pool.submit(work, task))
                while pending:
                    ended, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in ended:
                        # A broken pool ends all its futures at once; what had ended well before counts, the rest is
                        # the caller's to try again.
                        if not isinstance(future.exception(), BrokenProcessPool):
                            yield future.result()
            except BrokenProcessPool:
                return
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
