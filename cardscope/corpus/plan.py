"""What a crawl is asked to do, what it will cost, and the nouns its parts hand to each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import xxhash

from cardscope.errors import UsageError
from cardscope.sources.pace import Limit

#: Models of one page of a listing: what the Hub sends at most.
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """Which models to crawl; nothing set is the whole Hub.

    Attributes:
        filters: Tags that all must be there.
        since: Only models changed at that time or later.
        limit: Only the first so many: newest made first, with ``since`` newest changed first.
        sample: So many of them, evenly by month of creation.
        sweep: Whether to list everything again to find what is gone; ``None`` does it where that takes a few calls.
        gated: Ask again for models that were gated or private.
    """

    author: str | None = None
    filters: tuple[str, ...] = ()
    since: datetime | None = None
    limit: int | None = None
    sample: int | None = None
    sweep: bool | None = None
    gated: bool = False

    def __post_init__(self) -> None:
        if (self.author is not None and not self.author.strip()) or any(not tag.strip() for tag in self.filters):
            # An unset variable of a shell must not crawl the whole Hub.
            raise UsageError("author and filter cannot be empty", hint="leave the option out to crawl everything")
        for name in ("limit", "sample"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} must be at least 1")

    def scope(self, endpoint: str) -> str:
        """Name of the part of the Hub that one watermark is kept for."""
        parts = [endpoint, f"author {self.author}" if self.author else "", *(f"filter {tag}" for tag in self.filters)]
        # A listing that ends early says nothing about the rest, so it has no share in the watermark of the whole.
        parts += [f"limit {self.limit}" + (f" since {self.since:%Y-%m-%d}" if self.since else "") if self.limit else ""]
        return ", ".join(part for part in parts if part)

    def title(self, endpoint: str) -> str:
        """The request in words, as the corpus keeps it."""
        words = [self.scope(endpoint), f"since {self.since:%Y-%m-%d}" if self.since and not self.limit else ""]
        words += [f"sample of {self.sample} by month" if self.sample else ""]
        return ", ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as a listing shows it.

    Attributes:
        facts: Keys of the store's ``models``, dates as ISO text.
        bare: The listing says it has no README.
    """

    id: str
    version: str
    created: str | None
    modified: str | None
    revision: str | None
    facts: str
    bare: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A model to be asked for its README; ``blob`` is the one the corpus has already."""

    id: str
    version: str
    revision: str | None
    blob: str | None
    facts: Mapping[str, Any]
    bare: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: a card (``content`` is new), the same card as before, or the reason there is none."""

    job: Job
    reason: str = ""
    blob: str | None = None
    card: Mapping[str, Any] | None = None
    content: bytes = b""
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a crawl stands.

    Attributes:
        stage: ``list``, ``fetch``, ``check`` or ``store``.
        total: 0 when it cannot be known yet.
        rate: Per second, over this run of the program.
        waiting: Seconds until the rate limit lets the next request through.
    """

    stage: str
    done: int
    total: int = 0
    rate: float = 0.0
    waiting: float = 0.0

    def __str__(self) -> str:
        what = {"list": "models", "fetch": "cards", "check": "models", "store": "cards"}[self.stage]
        of = f" of {self.total:,}" if self.total else ""
        text = f"{self.done:,}{of} {what}, {self.rate:,.1f}/s"
        if self.total and self.rate > 0:
            text += f", {duration((self.total - self.done) / self.rate)} left"
        return text + (f" (rate limit: {self.waiting:.0f} s)" if self.waiting >= 1 else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crawl would do now.

    Attributes:
        models: That were asked for.
        changed: Of these, new or changed since the corpus last looked.
        bare: Of the changed, known to have no README without asking.
        listing: Calls of the listing, made already for this answer.
        calls: Requests for READMEs, redirects counted.
        limit: Of these requests, as the server says it; ``None`` when it says none.
        seconds: That the limit alone makes the calls take; 0 when they fit into what is left of the present window.
    """

    models: int
    changed: int
    bare: int
    listing: int
    calls: int
    limit: Limit | None
    listing_limit: Limit | None
    seconds: float

    def __str__(self) -> str:
        wait = duration(self.seconds) if self.seconds else "no wait, as fast as the server answers"
        lines = [
            f"{self.models:,} models, {self.changed:,} new or changed, {self.bare:,} of these without a README",
            f"listing: {_calls(self.listing)}, limit {_limit(self.listing_limit)}",
            f"READMEs: {_calls(self.calls)}, limit {_limit(self.limit)}",
            f"time at this limit: {wait}",
        ]
        return "\n".join(lines)


def seconds_for(calls: int, limit: Limit | None) -> float:
    """Seconds until the last of so many calls may be sent.

    >>> seconds_for(12_000, Limit("resolvers", 5000, 300, 2000, 60.0))
    360.0
    """
    if limit is None or limit.quota is None or calls <= limit.left:
        return 0.0
    return limit.reset + (math.ceil((calls - limit.left) / max(1, limit.quota)) - 1) * limit.window


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(3_700), duration(59), duration(200_000)
    ('1 h 1 min', '59 s', '2 d 7 h')
    """
    whole = math.ceil(seconds)
    for size, unit, below, smaller in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if (rest := whole % size // below) else "")
    return f"{whole} s"


def _calls(number: int) -> str:
    return f"{number:,} call" + ("" if number == 1 else "s")


def _limit(limit: Limit | None) -> str:
    if limit is None or limit.quota is None:
        return "not told"
    return f"{limit.quota:,} each {limit.window} s ({limit.left:,} left)"


def shares(sizes: Mapping[str, int], sample: int) -> dict[str, int]:
    """How many of a sample come from each stratum: equally many, and all of a stratum that has fewer.

    >>> shares({"2022-03": 2, "2022-04": 50, "2022-05": 9}, 12)
    {'2022-03': 2, '2022-05': 5, '2022-04': 5}
    """
    left, result = sample, {}
    ordered = sorted(sizes.items(), key=lambda entry: (entry[1], entry[0]))
    for place, (month, size) in enumerate(ordered):
        result[month] = min(size, left // (len(ordered) - place))
        left -= result[month]
    return result


def draw(name: str) -> int:
    """A number decided by the id alone, so that a sample drawn again holds the same models."""
    return xxhash.xxh3_64_intdigest(name.encode()) >> 1
