"""``cardscope corpus crawl``: the Hub's cards into a corpus, again and again, each README once.

A crawl lists what changed (`listing`), chooses, asks for the READMEs over several connections that share one rate
limit, and keeps every finished card in a journal (`journal`) from where they go into the corpus (`pouring`). The
README of a model is asked for when its commit changed, and is sent only when its blob did: the question carries the
blob id that is known, which costs no more requests than asking for the blob id would.
"""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cardscope.corpus import journal as journals
from cardscope.corpus.journal import Journal
from cardscope.corpus.listing import Lister
from cardscope.corpus.plan import Job, Outcome, Plan, Progress, Request, seconds_for
from cardscope.corpus.pouring import SOURCE, open_corpus, pour
from cardscope.corpus.store import Manifest
from cardscope.errors import RateLimited, Unreachable
from cardscope.options import SourceOptions
from cardscope.sources.hub import HubSource
from cardscope.sources.pace import Pace
from cardscope.types import ModelId, SkippedCard, SkipReason

#: Reasons that say nothing of the model: it is asked again, now and in the next crawl.
_PASSING: Final = frozenset({SkipReason.RATE_LIMITED, SkipReason.SERVER_ERROR, SkipReason.TIMEOUT, SkipReason.OFFLINE})
#: So many failures in a row, each after all its tries, mean that the Hub is down.
_DOWN: Final = 24
_ROUNDS: Final = 3
#: Cards that wait in the journal at most before they are moved into the corpus: about a gigabyte.
_HELD: Final = 250_000

Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a crawl did.

    Attributes:
        cards: New READMEs; ``unchanged`` were asked for and are the same as before.
        absent: Models without a card, by reason.
        failed: Not answered; the next crawl asks again.
        frame: Models there were to choose from.
    """

    cards: int
    unchanged: int
    absent: Mapping[str, int]
    failed: int
    frame: int
    manifest: Manifest


def hub_for(endpoint: str | None = None, token: str | bool | None = None, patience: float = 3600.0) -> HubSource:
    """A Hub that is asked by many connections under one rate limit.

    Args:
        patience: Seconds one request may spend waiting for limits; the Hub's windows have 300.
    """
    return HubSource(SourceOptions(endpoint=endpoint, timeout=30.0, max_wait=patience, tries=4), token, Pace())


def crawl(
    destination: Path, request: Request, hub: HubSource, *, connections: int = 8, tell: Listener | None = None
) -> Crawled:
    """Brings the corpus at ``destination`` up to date with the Hub; made when it is not there.

    Killed at any moment, the next call goes on: what was finished is kept, and what was kept is not asked for again.

    Raises:
        InvalidCorpus: The folder is something else, or another crawl or import is at work on it.
        SourceError: The Hub cannot be reached or does not accept the token; what was finished is in the corpus.
        OutputError: The disk is full; what was finished is kept.
    """
    said = tell or (lambda _: None)
    title = request.title(hub.endpoint)
    open_corpus(destination, title)
    with Journal(destination / journals.FOLDER) as journal:
        pour(journal, destination, title)
        scope = journal.scope(request.scope(hub.endpoint))
        counts: Counter[str] = Counter()
        try:
            _list(journal, hub, request, scope, said)
            if request.gated:
                journal.reopen(scope)
            frame = journal.choose(scope, since=request.since, limit=request.limit, sample=request.sample)
            for _ in range(_ROUNDS):
                if not journal.pending(scope):
                    break
                counts["failed"] = 0
                fetching = _Fetching(journal, hub, scope, connections, said)
                fetching.store = lambda: pour(journal, destination, title)
                counts.update(fetching.run())
        finally:
            manifest = pour(journal, destination, title)
    absent = {reason: n for reason, n in sorted(counts.items()) if reason not in ("card", "unchanged", "failed")}
    return Crawled(counts["card"], counts["unchanged"], absent, counts["failed"], frame, manifest)


def plan(destination: Path, request: Request, hub: HubSource) -> Plan:
    """What a crawl would ask for and how long the caller's limit makes it take; no README is asked for.

    The models are listed once, because nothing else tells how many there are. Nothing is written to ``destination``.

    Raises:
        InvalidCorpus: A crawl is at work on the corpus.
        SourceError: The Hub did not answer.
    """
    with tempfile.TemporaryDirectory(prefix="cardscope-") as folder:
        if (destination / journals.FOLDER / "journal.sqlite").exists():
            with Journal(destination / journals.FOLDER) as known:
                known.copy_to(Path(folder))
        with Journal(Path(folder)) as journal:
            scope = journal.scope(request.scope(hub.endpoint))
            lister = Lister(journal, hub, request, scope, lambda _: None)
            lister.run(once=True)
            models = journal.choose(scope, since=request.since, limit=request.limit, sample=request.sample)
            changed, askable = journal.pending(scope), journal.askable(scope)
            job = next((job for job in journal.jobs(scope) if not job.bare), None)
            hops = hub.ask_limits(ModelId(job.id)) if job is not None else 1
    limit = hub.pace.limit("resolve") if hub.pace else None
    listing = hub.pace.limit("api") if hub.pace else None
    calls = askable * hops
    models = models if request.sample is None else min(models, request.sample)
    return Plan(models, changed, changed - askable, lister.calls, calls, limit, listing, seconds_for(calls, limit))


def _list(journal: Journal, hub: HubSource, request: Request, scope: int, tell: Listener) -> None:
    listed, began = 0, time.monotonic()

    def count(stage: str) -> Callable[[int], None]:
        def told(more: int) -> None:
            nonlocal listed
            listed += more
            rate = listed / max(1e-9, time.monotonic() - began)
            tell(Progress(stage, listed, 0, rate, hub.pace.waiting() if hub.pace else 0.0))

        return told

    lister = Lister(journal, hub, request, scope, count("list"))
    lister.run()
    for name, reason in lister.gone(count("check")):
        journal.bury(name, reason)


class _Fetching:
    """One round over the pending models: several threads ask, this one keeps."""

    def __init__(self, journal: Journal, hub: HubSource, scope: int, connections: int, tell: Listener) -> None:
        self.journal, self.hub, self.scope, self.tell = journal, hub, scope, tell
        self.connections = connections
        self.store: Callable[[], object] = lambda: None
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._done: queue.Queue[Outcome | BaseException] = queue.Queue()
        self._in_a_row = 0

    def run(self) -> Counter[str]:
        """Counts of outcomes.

        Raises:
            Unreachable, RateLimited: Nothing is answered any more.
        """
        total, counts, began, held = self.journal.pending(self.scope), Counter[str](), time.monotonic(), 0
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self.connections)]
        for thread in threads:
            thread.start()
        jobs, out, done = self.journal.jobs(self.scope), 0, 0
        try:
            while True:
                out += self._hand_out(jobs, 2 * self.connections - out)
                if not out:
                    return counts
                outcomes = self._collect()
                out -= len(outcomes)
                done += len(outcomes)
                held += sum(one.card is not None for one in outcomes)
                self._keep(outcomes, counts)
                if held >= _HELD:
                    self.store()
                    held = 0
                rate = done / max(1e-9, time.monotonic() - began)
                self.tell(Progress("fetch", done, total, rate, self.hub.pace.waiting() if self.hub.pace else 0.0))
        finally:
            for _ in threads:
                self._jobs.put(None)

    def _hand_out(self, jobs: Iterator[Job], room: int) -> int:
        handed = 0
        for job in jobs if room > 0 else ():
            self._jobs.put(job)
            handed += 1
            if handed == room:
                break
        return handed

    def _collect(self) -> list[Outcome]:
        """What has arrived since the last commit: the slower the disk, the larger the batch.

        Returns:
            Nothing when nothing arrives for a while, as when everyone waits for the rate limit.
        """
        try:
            arrived = [self._done.get(timeout=0.5)]
        except queue.Empty:
            return []
        while not self._done.empty():
            arrived.append(self._done.get())
        for one in arrived:
            if isinstance(one, BaseException):
                self._keep([other for other in arrived if isinstance(other, Outcome)], Counter())
                raise one
        return [one for one in arrived if isinstance(one, Outcome)]

    def _keep(self, outcomes: list[Outcome], counts: Counter[str]) -> None:
        passing = {reason.value for reason in _PASSING}
        lasting = [one for one in outcomes if one.reason not in passing]
        if lasting:
            self.journal.finish(lasting)
        for one in outcomes:
            counts[
                "failed" if one.reason in passing else one.reason or ("card" if one.card is not None else "unchanged")
            ] += 1
            self._in_a_row = self._in_a_row + 1 if one.reason in passing else 0
        if self._in_a_row >= _DOWN:
            kind = RateLimited if outcomes[-1].reason == SkipReason.RATE_LIMITED.value else Unreachable
            raise kind(
                f"does not answer any more ({self._in_a_row} models in a row)",
                subject=self.hub.endpoint,
                hint="run the same command again later: it goes on where it stopped",
            )

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._done.put(_ask(self.hub, job))
            except BaseException as error:
                self._done.put(error)


def _ask(hub: HubSource, job: Job) -> Outcome:
    if job.bare:
        return Outcome(job, SkipReason.NO_README.value)
    found = hub.readme(ModelId(job.id), job.revision, job.blob)
    if isinstance(found, SkippedCard):
        return Outcome(job, found.reason.value)
    moved = "" if found.model_id == job.id else found.model_id
    if found.content is None:
        return Outcome(job, "", found.blob_id, moved_to=moved)
    keys = ("created_at", "modified_at", "downloads", "likes", "tags", "pipeline_tag", "library_name", "gated")
    card: dict[str, Any] = {key: job.facts.get(key) for key in keys}
    card |= {"model_id": found.model_id, "revision": found.revision, "source": SOURCE}
    card |= {"observed_at": datetime.now(UTC).isoformat()}
    return Outcome(job, "", found.blob_id, card, found.content, moved)
