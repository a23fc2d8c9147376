"""Listing models so that none is passed over while the Hub changes underneath.

Everything is listed by date of creation, which never changes: no model moves while the pages are turned. Then again by
date of change and with pages of another size, until a listing shows nothing new, so that also a server whose pages
overlap or leave gaps hides nothing. Afterwards only what changed: newest change first, down to the newest change that
the last listing began with. Whatever changes during a listing is newer than that mark, so the next one sees it.

Each page is kept together with the place of the next one; a listing that was interrupted goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cardscope.corpus.journal import Journal
from cardscope.corpus.plan import PAGE, Listed, Request
from cardscope.errors import RateLimited, SourceError, Unreachable
from cardscope.sources.hub import HubSource
from cardscope.sources.pages import Page
from cardscope.sources.shapes import tagged_parents
from cardscope.types import ModelId, ModelInfo, SkippedCard

#: A server made of many shows a change everywhere only after a while; what was listed before costs nothing again.
_MARGIN: Final = timedelta(hours=1)
_MOST_PASSES: Final = 8
#: Pages of each further listing are smaller by so much, so that their seams lie elsewhere.
_SHRINK: Final = 37
#: A listing of everything that takes at most so many calls is made to find what is gone, without being asked for.
_FEW_CALLS: Final = 10

Listener = Callable[[int], None]


@dataclass(slots=True)
class _State:
    """Where a listing stands; kept in the journal with every page.

    Attributes:
        kind: ``all`` or ``changes``.
        turn: Number of the pass.
        seen: Number of the listing of everything that its pages count for.
        fresh: New or changed models of this pass.
        newest: Newest change seen when the present pass by date of change began.
    """

    kind: str
    turn: int = 0
    cursor: str | None = None
    seen: int = 0
    fresh: int = 0
    newest: str | None = None


class Lister:
    """Brings what the journal knows of one scope up to date.

    Attributes:
        calls: Pages that were asked for.
    """

    def __init__(self, journal: Journal, hub: HubSource, request: Request, scope: int, tell: Listener) -> None:
        self.journal, self.hub, self.request, self.scope, self.tell = journal, hub, request, scope, tell
        self.calls = 0
        self._listed_all = False

    def run(self, *, once: bool = False) -> None:
        """Lists until nothing new appears.

        Args:
            once: One listing only, for an estimate.

        Raises:
            SourceError: The Hub did not answer; what was listed is kept.
        """
        stopped = self.journal.listing(self.scope)
        state = _State(**stopped) if stopped else self._begin()
        resumed = state.cursor is not None
        while True:
            try:
                self._rest_of_pass(state)
            except (RateLimited, Unreachable):
                raise
            except SourceError:
                if not resumed:
                    raise
                # The server does not know the place any more: this pass begins again.
                state.cursor, state.fresh, resumed = None, 0, False
                continue
            resumed = False
            # Every model of a scope with a limit is listed by the first pass; others have a second look.
            again = state.fresh > 0 or (state.kind == "all" and state.turn == 0 and self.request.limit is None)
            if once or not again or state.turn + 1 >= _MOST_PASSES:
                break
            state.turn, state.cursor, state.fresh = state.turn + 1, None, 0
        self._end(state)

    def gone(self, tell: Listener) -> list[tuple[str, str]]:
        """Looks for models that no listing shows any more: each with the reason, asked for one by one."""
        if not self._sweeps():
            return []
        seen = self.journal.last_seen(self.scope)
        if self.journal.marks(self.scope)[2] and not self._listed_all:
            state = _State("all", seen=seen + 1)
            self._rest_of_pass(state)
            self.journal.set_listing(self.scope, None)
            seen = state.seen
        return [found for name in self.journal.unseen(self.scope, seen) if (found := self._ask(name, tell))]

    def _sweeps(self) -> bool:
        if self.request.limit is not None or self.request.since is not None:
            return False
        if self.request.sweep is not None:
            return self.request.sweep
        return self.journal.size(self.scope) <= _FEW_CALLS * PAGE

    def _ask(self, name: str, tell: Listener) -> tuple[str, str] | None:
        answer = self.hub.info(ModelId(name))
        tell(1)
        if isinstance(answer, SkippedCard):
            reason = answer.reason.value
            return (name, reason) if reason in ("not-found", "private", "unreadable") else None
        if answer.renamed_from is not None:
            return name, "renamed"
        with self.journal.writing():
            self.journal.take(self.scope, [_listed(answer, bare=False)], self.journal.last_seen(self.scope))
        return None

    def _begin(self) -> _State:
        _, floor, listed = self.journal.marks(self.scope)
        since = self.request.since
        deep_enough = floor is None or (since is not None and since >= floor)
        if listed and deep_enough:
            return _State("changes", seen=self.journal.last_seen(self.scope))
        return _State("all", seen=self.journal.last_seen(self.scope) + 1)

    def _rest_of_pass(self, state: _State) -> None:
        """Turns the pages of one pass, from where it stands to its end."""
        by_change = state.kind == "changes" or state.turn % 2 == 1 or self.request.since is not None
        newest, _, _ = self.journal.marks(self.scope)
        # What changed is listed down to the mark whatever was asked for: a gap would never be closed.
        stop = self.request.since if state.kind == "all" else newest - _MARGIN if newest else None
        size = PAGE - _SHRINK * state.turn
        limit = self.request.limit if state.kind == "all" else None
        listed = 0
        pages = self.hub.pages(
            author=self.request.author,
            filters=self.request.filters,
            sort="lastModified" if by_change else "createdAt",
            size=size if limit is None else min(size, limit),
            cursor=state.cursor,
            files=True,
        )
        first = state.cursor is None
        for page in pages:
            self.calls += 1
            if first and by_change:
                state.newest = _newest(page.models, state.newest)
            first = False
            kept, ended = _until(page.models, stop if by_change else None)
            listed += len(kept)
            ended = ended or page.cursor is None or (limit is not None and listed >= limit)
            state.cursor = None if ended else page.cursor
            self._keep(state, page, kept)
            self.tell(len(kept))
            if ended:
                return

    def _keep(self, state: _State, page: Page, kept: list[ModelInfo]) -> None:
        with self.journal.writing():
            rows = [_listed(info, bare=info.model_id in page.without_readme) for info in kept]
            state.fresh += self.journal.take(self.scope, rows, state.seen)
            if state.cursor is not None:
                self.journal.set_listing(self.scope, asdict(state))

    def _end(self, state: _State) -> None:
        self._listed_all = state.kind == "all"
        newest, floor, _ = self.journal.marks(self.scope)
        seen = [moment for moment in (newest, _moment(state.newest)) if moment is not None]
        if self.request.limit is not None or not seen:
            with self.journal.writing():
                self.journal.set_listing(self.scope, None)
            return
        self.journal.set_marks(self.scope, max(seen), self.request.since if state.kind == "all" else floor)


def _until(models: Iterable[ModelInfo], stop: datetime | None) -> tuple[list[ModelInfo], bool]:
    """The models of a page down to a date of change, and whether the date was reached."""
    kept: list[ModelInfo] = []
    for info in models:
        if stop is not None and info.dates.modified is not None and info.dates.modified < stop:
            return kept, True
        kept.append(info)
    return kept, False


def _newest(models: Iterable[ModelInfo], before: str | None) -> str | None:
    dates = [info.dates.modified for info in models if info.dates.modified is not None]
    return max(dates).isoformat() if dates else before


def _listed(info: ModelInfo, *, bare: bool) -> Listed:
    modified, created = info.dates.modified, info.dates.created
    facts: dict[str, Any] = {
        "model_id": info.model_id,
        "observed_at": datetime.now(UTC).isoformat(),
        "created_at": created.isoformat() if created else None,
        "modified_at": modified.isoformat() if modified else None,
        "revision": info.revision,
        "downloads": info.downloads,
        "likes": info.likes,
        "gated": None if info.gated in (None, False) else str(info.gated).lower(),
        "private": info.private,
        "tags": list(info.tags),
        "pipeline_tag": info.pipeline_tag,
        "library_name": info.library_name,
        "license": next((tag[8:] for tag in info.tags if tag.startswith("license:")), None),
        "base_models": [{"id": parent, "relation": relation.value} for parent, relation in tagged_parents(info.tags)],
    }
    version = info.revision or facts["modified_at"] or ""
    return Listed(
        info.model_id,
        version,
        facts["created_at"],
        facts["modified_at"],
        info.revision,
        json.dumps(facts, ensure_ascii=False, separators=(",", ":")),
        bare,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
