"""One exchange with the Hub under our own rules: what is waited for, what is tried again, and what is given up on.

The client retries on its own account: up to five times, and on a 429 for as long as the server says, which can be
minutes each. A caller who said "at most a minute" must be obeyed, so inside an exchange the client's session hands
every failed answer and every broken connection to us instead of to the client's retries. Outside an exchange, and for
other users of the client in this process, the session behaves as it always does.

Nothing here imports the client: it works on any session that has ``send``, as httpx and its successors have.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from cardscope.options import SourceOptions
from cardscope.sources.answers import LARGEST_README
from cardscope.sources.pace import Pace

T = TypeVar("T")

#: Answers that say "not now" rather than "no"; the client's own list, without 429 which has rules of its own.
_FAILING = frozenset({408, 500, 502, 503, 504})

#: Seconds before the second try; doubles with each further one.
_FIRST_PAUSE = 0.5

#: Seconds to wait on a 429 that does not say how long.
_UNSAID_PAUSE = 5.0

# RateLimit: "api";r=0;t=55 (draft-ietf-httpapi-ratelimit-headers-09); the client reads it by the same shape.
_RATE_LIMIT = re.compile(
    r'"\w{1,64}"\s{0,4};\s{0,4}r\s{0,4}=\s{0,4}(\d{1,12})\s{0,4};\s{0,4}t\s{0,4}=\s{0,4}(\d{1,12})'
)


class Refused(Exception):
    """The server answered, and the answer was no.

    Attributes:
        status: HTTP status, 400 or above.
        code: What the Hub puts into ``X-Error-Code``: ``RepoNotFound``, ``GatedRepo``, ...; else empty.
        wait: Seconds the server asks to wait before the next request; ``None`` when it does not say.
        disabled: The Hub has shut the repository.
        credentials: The token itself was not accepted.
    """

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.code = headers.get("x-error-code", "")
        self.wait = asked_to_wait(headers)
        said = headers.get("x-error-message", "")
        self.disabled = said == "Access to this resource is disabled."
        self.credentials = status == 401 and said.startswith("Invalid credentials")


class Broken(Exception):
    """No whole answer arrived: refused, cut, or too slow."""

    def __init__(self, *, timeout: bool) -> None:
        super().__init__("timeout" if timeout else "connection")
        self.timeout = timeout


class TooLarge(Exception):
    """The answer announces more than `LARGEST_README` bytes."""


@dataclass(slots=True)
class Exchange:
    """Requests that belong together.

    Attributes:
        timeout: Seconds to wait for each step: connecting, sending, and each piece of the answer.
        addresses: Where the answers came from, redirects followed; the last one is where the model lives now.
        pace: The gate that requests wait at until the server has room for them; ``None`` asks and hopes.
    """

    timeout: float
    pace: Pace | None = None
    addresses: list[str] = field(default_factory=list)


_exchange: ContextVar[Exchange | None] = ContextVar("cardscope_exchange", default=None)
_guarding = threading.Lock()


def guard(session: Any) -> Any:  # noqa: ANN401 - an httpx client, of whichever httpx the Hub's client uses
    """Makes a session keep to the rules of the exchange it is used in; done once, costs nothing afterwards."""
    with _guarding:
        if not getattr(session.send, "keeps_to_exchange", False):
            session.send = _guarded(session.send)
    return session


def _guarded(plain: Callable[..., Any]) -> Callable[..., Any]:
    def send(request: Any, **how: Any) -> Any:  # noqa: ANN401
        exchange = _exchange.get()
        if exchange is None:
            return plain(request, **how)
        limits = dict.fromkeys(("connect", "read", "write", "pool"), exchange.timeout)
        request.extensions = {**request.extensions, "timeout": limits}
        try:
            response = _paced(plain, request, how, exchange.pace)
        except Exception as error:
            kinds = {kind.__name__ for kind in type(error).__mro__}
            if not kinds & {"RequestError", "StreamError"}:
                raise
            # Without the cause on purpose: a protocol error can quote a header, and with it the token.
            raise Broken(timeout="TimeoutException" in kinds) from None
        exchange.addresses.append(str(response.request.url))
        # That a file is not there is let through: the client keeps it in its cache, for when it is offline.
        if response.status_code >= 400 and response.headers.get("x-error-code") != "EntryNotFound":
            raise Refused(response.status_code, response.headers)
        return response

    send.keeps_to_exchange = True  # type: ignore[attr-defined]
    return send


def _paced(plain: Callable[..., Any], request: Any, how: Mapping[str, Any], pace: Pace | None) -> Any:  # noqa: ANN401
    """The whole answer to one request, sent when the server has room for it."""
    if pace is None:
        response = plain(request, **how)
        _read(response)
        return response
    ticket = pace.enter(str(request.url.path))
    headers: Mapping[str, str] | None = None
    shut: float | None = None
    try:
        response = plain(request, **how)
        # A proxy that fails says nothing of limits, which does not mean that there are none.
        if response.status_code < 500 or "ratelimit" in response.headers:
            headers = response.headers
        if response.status_code == 429:
            wait = asked_to_wait(response.headers)
            shut = _UNSAID_PAUSE if wait is None else wait
        _read(response)
    finally:
        pace.leave(ticket, headers, shut)
    return response


def _read(response: Any) -> None:  # noqa: ANN401
    """Takes in the whole answer now, so that a connection cut half way is noticed inside the exchange."""
    announced = response.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > LARGEST_README and response.request.method != "HEAD":
        response.close()
        raise TooLarge
    try:
        response.read()
    except BaseException:
        response.close()
        raise


@contextmanager
def _within(exchange: Exchange) -> Iterator[None]:
    token = _exchange.set(exchange)
    try:
        yield
    finally:
        _exchange.reset(token)


def ask(question: Callable[[], T], options: SourceOptions, pace: Pace | None = None) -> tuple[T, Exchange]:
    """Runs a question to the Hub until it is answered or the caller's patience is at its end.

    Args:
        question: Talks to the Hub through a guarded session; is called again for each try.
        options: ``tries`` bounds failures of the server and of the connection, ``max_wait`` the seconds spent on rate
            limits, ``timeout`` each step.
        pace: Shared by everyone who asks the same server at the same time.

    Raises:
        Refused: The server said no, or still failed at the last try, or asked to wait longer than ``max_wait``.
        Broken: No whole answer at the last try.
    """
    failures, waited = 0, 0.0
    while True:
        exchange = Exchange(options.timeout, pace=pace)
        try:
            with _within(exchange):
                return question(), exchange
        except Refused as refused:
            if refused.status == 429:
                pause = max(_FIRST_PAUSE, _UNSAID_PAUSE if refused.wait is None else refused.wait)
                if waited + pause > options.max_wait:
                    raise
                waited += pause
            else:
                failures += 1
                if refused.status not in _FAILING or failures >= options.tries:
                    raise
                pause = refused.wait if refused.wait is not None else _FIRST_PAUSE * 2 ** (failures - 1)
                pause = min(pause, options.max_wait)
        except Broken:
            failures += 1
            if failures >= options.tries:
                raise
            pause = _FIRST_PAUSE * 2 ** (failures - 1)
        # Spread out, so that many workers stopped by one limit do not all come back at once.
        time.sleep(pause * random.uniform(1.0, 1.1))  # noqa: S311


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants to be asked again, from ``RateLimit`` or ``Retry-After``; ``None`` if unsaid.

    ``RateLimit`` is on every answer of the Hub; it counts only when nothing is left of the window.

    >>> asked_to_wait({"ratelimit": '"api";r=0;t=55'})
    55.0
    >>> asked_to_wait({"ratelimit": '"api";r=7;t=55', "retry-after": "3"})
    3.0
    """
    found = _RATE_LIMIT.search(headers.get("ratelimit", "")[:500])
    if found and int(found[1]) == 0:
        return float(found[2])
    later = headers.get("retry-after", "").strip()[:60]
    if later.isascii() and later.isdigit():
        return float(later)
    try:
        date = parsedate_to_datetime(later)
    except ValueError:
        return None
    return max(0.0, (date.astimezone(UTC) - datetime.now(UTC)).total_seconds())
