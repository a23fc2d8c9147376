"""The step beyond one machine: shards mapped as futures of a Dask cluster, the only door to ``distributed``.

One future a shard, a few hundred bytes each way: the workers read the corpus and write the rows themselves, so no table
passes through the scheduler. Corpus and run must therefore lie where every worker sees them: a shared folder, or an
address that fsspec knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import cardscope
from cardscope.corpus.batch import Done, Task
from cardscope.errors import MissingExtra, Unreachable, UsageError

if TYPE_CHECKING:
    from distributed import Client

#: How often a shard is given to another worker after its own died; what dies that often is itself the cause.
_RETRIES: Final = 3
#: Seconds without a finished shard after which the cluster is looked at for workers that hold shards and do nothing.
_PATIENCE: Final = 15.0
#: Packages whose version can change a row.
_DECIDING: Final = ("numpy", "pyarrow", "pyromark", "ryaml", "xxhash")


class DaskEngine:
    """Maps shards on a cluster.

    Args:
        scheduler: Address of a running scheduler; empty starts a cluster on this machine for the time of the run.
        workers: Processes of a cluster on this machine.
        memory: Limit for each of them, as Dask writes it, for instance ``2GiB``; empty leaves it to Dask.
        timeout: Seconds to wait for the scheduler.
    """

    def __init__(self, scheduler: str = "", *, workers: int = 2, memory: str = "", timeout: float = 20.0) -> None:
        self.scheduler = scheduler
        self.workers = workers
        self.memory = memory
        self.timeout = timeout

    def __call__(self, tasks: Sequence[Task], work: Callable[[Task], Done]) -> Iterator[Done]:
        """One `Done` for each task, in the order in which they end.

        Raises:
            MissingExtra: ``distributed`` is not installed.
            Unreachable: No scheduler answers at the address, or it goes away.
            UsageError: A worker runs another version of cardscope.
        """
        if not tasks:
            return
        with self._client() as client:
            from distributed.comm import CommClosedError

            _await_workers(client, self.timeout)
            _check_workers(client)
            try:
                yield from _as_they_end(client, tasks, work)
            except (CancelledError, CommClosedError) as error:
                # Nobody here cancels: this is how a client learns that its scheduler is gone.
                hint = "finished shards are kept: start a scheduler and the same command again"
                raise Unreachable("the scheduler has gone away", subject=self.scheduler, hint=hint) from error

    @contextmanager
    def _client(self) -> Iterator[Client]:
        try:
            import distributed
        except ImportError as error:
            raise MissingExtra("distributed", extra="cluster") from error
        if not self.scheduler:
            limits = {"memory_limit": self.memory} if self.memory else {}
            with (
                distributed.LocalCluster(
                    n_workers=self.workers, threads_per_worker=1, dashboard_address=None, **limits
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                yield client
            return
        try:
            client = distributed.Client(self.scheduler, timeout=self.timeout)
        except (OSError, TimeoutError, ValueError) as error:
            raise Unreachable(
                "no scheduler answers there", subject=self.scheduler, hint="start one with: dask scheduler"
            ) from error
        with client:
            yield client


def _await_workers(client: Client, timeout: float) -> None:
    """Waits for the first worker; others may join at any time, and each task looks at the version it meets."""
    try:
        client.wait_for_workers(1, timeout=timeout)
    except TimeoutError as error:
        raise Unreachable(
            "the scheduler has no worker", subject=client.scheduler.address, hint="start some with: dask worker ADDRESS"
        ) from error


def _check_workers(client: Client) -> None:
    """Refuses a cluster whose workers would give other rows than this machine."""
    mine = _installed()
    # A worker that dies while it is asked says nothing; whoever takes its place is held to the version by each task.
    for address, theirs in client.run(_installed, on_error="ignore").items():
        odd = [f"{name} {version} here, {theirs.get(name) or 'none'} there" for name, version in mine.items()
               if theirs.get(name) != version]  # fmt: skip
        if odd:
            raise UsageError(
                f"the worker has other versions: {'; '.join(odd)}",
                subject=address,
                hint="install the same cardscope with the same constraints on every worker",
            )


def _installed() -> dict[str, str]:
    """Versions that decide the rows; runs on every worker."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"cardscope": cardscope.__version__}
    for name in _DECIDING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _as_they_end(client: Client, tasks: Sequence[Task], work: Callable[[Task], Done]) -> Iterator[Done]:
    from distributed import KilledWorker, wait

    # The result is a file, so a task of an earlier run must never be taken for this one: keys are made anew.
    session = uuid4().hex
    pending: dict[Any, Task] = {
        client.submit(work, task, key=f"cardscope-{task.shard.name}-{session}", retries=_RETRIES): task
        for task in tasks
    }
    while pending:
        try:
            ended = wait(list(pending), timeout=_PATIENCE, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            _retire_paused(client)
            continue
        for future in ended:
            task = pending.pop(future)
            try:
                yield future.result()
            except KilledWorker:
                yield Done(task.shard.number, problem="its workers died one after another, most likely out of memory")


def _retire_paused(client: Client) -> None:
    """Sends workers home that are too full to go on and not full enough to be ended: others get their shards."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    paused = [address for address, worker in workers.items() if worker["status"] == "paused"]
    if paused and len(paused) < len(workers):
        client.retire_workers(paused)
