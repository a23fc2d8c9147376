"""Rate limits obeyed to the letter, by all connections together: nothing is sent that the server has no room for.

The Hub counts requests in fixed windows, each class of address (``api``, ``resolvers``, ``pages``) by itself, and says
on every answer how many are left and in how many seconds the count starts again
(draft-ietf-httpapi-ratelimit-headers-09). What is left is counted down here with every request that leaves, so that
many connections cannot use the last one twice. Whenever nothing is known (at the start, and when a window has ended)
one request goes alone and the others wait for what its answer says.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

# RateLimit: "api";r=0;t=55 and RateLimit-Policy: "fixed window";"api";q=500;w=300
_LEFT = re.compile(r'"(\w{1,64})"\s{0,4};\s{0,4}r\s{0,4}=\s{0,4}(\d{1,12})\s{0,4};\s{0,4}t\s{0,4}=\s{0,4}(\d{1,12})')
_POLICY = re.compile(r'"(\w{1,64})"\s{0,4};\s{0,4}q\s{0,4}=\s{0,4}(\d{1,12})\s{0,4};\s{0,4}w\s{0,4}=\s{0,4}(\d{1,12})')


#: Seconds added to what the server says: its whole seconds may have been rounded down.
_ROUNDING = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """What a server allows of one class of requests.

    Attributes:
        quota: Requests of one window; ``None`` when the server does not say.
        window: Seconds.
        left: Requests left in the present window.
        reset: Seconds until the next window.
    """

    name: str
    quota: int | None
    window: int
    left: int
    reset: float


@dataclass(slots=True)
class _Window:
    name: str = ""
    left: float = 0
    resets: float = 0.0
    shut: float = 0.0
    out: int = 0
    known: bool = False
    probing: bool = False
    generation: int = 0
    quota: int | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to send one request; must be given back with `Pace.leave`, whatever came of it."""

    kind: str
    window: _Window
    generation: int
    probe: bool


class Pace:
    """The gate that all connections to one server go through."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._home: dict[str, _Window] = {}
        self._first = _Window()
        self._learning: set[str] = set()

    def enter(self, path: str) -> Ticket:
        """Waits until a request to this path may be sent."""
        kind = "resolve" if "/resolve/" in path or "/resolve-cache/" in path else "api" if "/api/" in path else "page"
        with self._changed:
            while True:
                if kind not in self._home and kind in self._learning:
                    self._changed.wait()
                    continue
                # A class of which nothing is known yet is counted as the one that was met first.
                window = self._home.get(kind, self._first)
                now = time.monotonic()
                if window.shut > now:
                    self._changed.wait(window.shut - now)
                elif not window.known or now >= window.resets:
                    window.known = False
                    if not window.probing:
                        window.probing = True
                        window.generation += 1
                        return self._ticket(kind, window, probe=True)
                    self._changed.wait()
                elif window.left > 0:
                    window.left -= 1
                    return self._ticket(kind, window, probe=False)
                else:
                    self._changed.wait(window.resets - now)

    def leave(self, ticket: Ticket, headers: Mapping[str, str] | None, shut: float | None = None) -> None:
        """Takes in what the answer said; ``None`` for no answer, ``shut`` the seconds a 429 asks to wait."""
        left = _LEFT.search(headers.get("ratelimit", "")[:500]) if headers is not None else None
        with self._changed:
            window = ticket.window
            self._learning.discard(ticket.kind)
            now = time.monotonic()
            window.out -= 1
            if ticket.probe:
                window.probing = False
            if headers is not None and ticket.kind not in self._home:
                window = self._home[ticket.kind] = self._named(left[1] if left else "", ticket)
            if left is not None:
                self._count(window, ticket, int(left[2]), now + int(left[3]) + _ROUNDING)
            elif headers is not None and ticket.probe and shut is None:
                # A server that says nothing of limits has none, until it does.
                window.known, window.left, window.resets = True, math.inf, math.inf
            if policy := _POLICY.search(headers.get("ratelimit-policy", "")[:500]) if headers is not None else None:
                window.quota, window.length = int(policy[2]), int(policy[3])
            if shut is not None:
                window.known, window.shut = False, max(window.shut, now + shut)
            self._changed.notify_all()

    def limit(self, kind: str) -> Limit | None:
        """What is known of the class ``api`` or ``resolve``; ``None`` when nothing is, or there is no limit."""
        with self._changed:
            window = self._home.get(kind)
            if window is None or (window.quota is None and math.isinf(window.left)):
                return None
            reset = max(0.0, window.resets - time.monotonic())
            left = int(window.left) if window.known and reset else window.quota or 0
            return Limit(window.name, window.quota, window.length, left, reset)

    def waiting(self) -> float:
        """Seconds until a window that is used up starts again; 0 when requests may be sent."""
        with self._changed:
            now = time.monotonic()
            ends = [w.resets for w in self._home.values() if w.known and w.left <= 0 and w.resets > now]
            return max((end - now for end in (*ends, *(w.shut for w in self._home.values()))), default=0.0)

    def _ticket(self, kind: str, window: _Window, *, probe: bool) -> Ticket:
        if kind not in self._home:
            self._learning.add(kind)
        window.out += 1
        return Ticket(kind, window, window.generation, probe)

    def _named(self, name: str, ticket: Ticket) -> _Window:
        """The window of that name; the one the request was counted in when it had no other name yet."""
        for known in (*self._home.values(), self._first):
            if known.name == name:
                return known
        if not ticket.window.name and not self._home:
            ticket.window.name = name
            return ticket.window
        return _Window(name)

    @staticmethod
    def _count(window: _Window, ticket: Ticket, left: int, resets: float) -> None:
        if window is not ticket.window:
            # The first answer of a class that has a count of its own: it took nothing from the other one.
            if ticket.window.known and not ticket.probe and ticket.generation == ticket.window.generation:
                ticket.window.left += 1
            if not window.known:
                window.known, window.left, window.resets = True, left, resets
            else:
                window.left = min(window.left, left)
        elif ticket.probe:
            # Requests that left before the window ended may still be counted in this one.
            window.known, window.left, window.resets = True, left - window.out, resets
        elif window.known and ticket.generation == window.generation:
            # Less is left than was counted here: someone else uses the same limit.
            window.left, window.resets = min(window.left, left), min(window.resets, resets)
