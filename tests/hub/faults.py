"""What can go wrong on the way to the Hub, on demand: each fault strikes the next requests that fit, then is spent."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Fault:
    """One thing that goes wrong.

    ``kind``: ``status`` (answer with ``status`` and ``headers``), ``cut`` (the body ends half way), ``close`` (no
    answer at all), ``slow`` (wait ``seconds`` first), ``bad-json`` (a body that is no JSON), ``html`` (a proxy's page).
    ``path``: pattern that the path must contain.
    """

    kind: str
    times: int = 1
    path: str = ""
    method: str = ""
    status: int = 500
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"error":"something went wrong"}'


class Faults:
    """The faults still to come, shared by all threads of a server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._pending.append(fault)

    def too_many(
        self, times: int = 1, *, reset: int | None = 1, retry_after: str | None = None, path: str = "", method: str = ""
    ) -> None:
        """Answers 429 as the Hub does: with RateLimit headers, with Retry-After, or with neither."""
        headers = {}
        if reset is not None:
            headers |= {
                "RateLimit": f'"api";r=0;t={reset}',
                "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
            }
        if retry_after is not None:
            headers["Retry-After"] = retry_after
        self.add(Fault("status", times, path, method, 429, headers=headers, body=b'{"error":"Too many requests"}'))

    def failing(self, times: int = 1, status: int = 503, path: str = "", method: str = "") -> None:
        self.add(Fault("status", times, path, method, status))

    def clear(self) -> None:
        with self._lock:
            self._pending.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any; one use of it is spent."""
        if not self._pending:
            return None
        with self._lock:
            for fault in self._pending:
                if (not fault.method or fault.method == method) and re.search(fault.path, path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._pending.remove(fault)
                    return fault
        return None


class RateLimit:
    """A fixed window as the Hub counts it: ``quota`` requests each ``window`` seconds; ``refused`` came too many."""

    def __init__(self, quota: int, window: int, name: str = "api") -> None:
        self.quota, self.window, self.name = quota, window, name
        self.refused = 0
        self._lock = threading.Lock()
        self._began, self._used = time.monotonic(), 0

    def count(self) -> tuple[bool, dict[str, str]]:
        """Whether one more request is allowed, and the headers that every answer then carries."""
        with self._lock:
            now = time.monotonic()
            if now - self._began >= self.window:
                self._began, self._used = now, 0
            allowed = self._used < self.quota
            self._used += allowed
            self.refused += not allowed
            reset = max(1, int(self._began + self.window - now + 0.999))
            left = self.quota - self._used
        policy = f'"fixed window";"{self.name}";q={self.quota};w={self.window}'
        return allowed, {"RateLimit": f'"{self.name}";r={left};t={reset}', "RateLimit-Policy": policy}
