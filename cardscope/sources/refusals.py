"""What the Hub's refusals mean for a reader: a reason, a sentence, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from cardscope.errors import RateLimited, SourceError, Unreachable
from cardscope.options import SourceOptions
from cardscope.sources.answers import skip
from cardscope.sources.pages import is_down
from cardscope.sources.wire import Refused
from cardscope.types import ModelId, SkippedCard, SkipReason

ENDPOINT_HINT = "check HF_ENDPOINT, and that no proxy or sign-in page stands in between"
_TOKEN_HINT = "pass a token that may: set HF_TOKEN, use --token, or run: hf auth login"  # noqa: S105
#: Redirects without an end, and "network authentication required": statuses of what stands in between.
_IN_BETWEEN = frozenset({508, 511})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no answer about a model.

    Attributes:
        message: Goes on from the name of the model; holds no header of the request and no text of the server.
        retry_after: Seconds the server asked to wait, 0 when it did not.
    """

    reason: SkipReason
    message: str
    hint: str = ""
    retry_after: float = 0.0

    def about(self, model: ModelId) -> SkippedCard:
        """The same as the answer for one model."""
        return skip(model, self.reason, self.message, self.hint)

    def raised(self, endpoint: str) -> SourceError:
        """The same as an error, for a listing, which is about no single model."""
        message = f"the listing {self.message}"
        if self.reason is SkipReason.RATE_LIMITED:
            return RateLimited(message, subject=endpoint, hint=self.hint, retry_after=self.retry_after)
        kind = Unreachable if is_down(self.reason) else SourceError
        return kind(message, subject=endpoint, hint=self.hint)


def unanswered(endpoint: str, waited: float | None) -> Reason:
    """Nothing came back: ``waited`` seconds long, or (``None``) because nobody is there."""
    if waited is not None:
        message = f"got no answer within {waited:g} seconds"
        return Reason(SkipReason.TIMEOUT, message, "try again, or allow more time: option source.timeout")
    message = f"cannot be asked for: {endpoint} cannot be reached"
    return Reason(SkipReason.OFFLINE, message, "check the connection, proxies and HF_ENDPOINT")


def foreign(endpoint: str) -> Reason:
    """What stands between the caller and the Hub answered in its place: a sign-in page, a proxy, another server."""
    return Reason(SkipReason.SERVER_ERROR, f"got an answer from {endpoint} that no Hub gives", ENDPOINT_HINT)


def refusal(refused: Refused, endpoint: str, options: SourceOptions, revision: str | None) -> Reason:
    """The reason behind a status and the Hub's own error code.

    Raises:
        SourceError: The token itself was not accepted, so that every further question would end the same way.
    """
    status, code = refused.status, refused.code
    if refused.credentials:
        raise SourceError("does not accept the token", subject=endpoint, hint="make a new one, or unset it")
    if code == "GatedRepo":
        hint = "accept its terms on its page, then " + _TOKEN_HINT
        return Reason(SkipReason.GATED, "is gated: its files are for those who were let in", hint)
    if code == "RevisionNotFound":
        message = f"has no revision {(revision or 'main')[:80]}"
        return Reason(SkipReason.NOT_FOUND, message, "see its branches and commits on its page")
    if refused.disabled:
        return Reason(SkipReason.UNREADABLE, "has been shut by the Hub", "ask its author, or the Hub, why")
    if status in (401, 404) or code == "RepoNotFound":
        # Without a token the Hub answers 401 for a model that is missing as for one that is private.
        message = "is not on the Hub, or is private"
        return Reason(SkipReason.NOT_FOUND, message, "check the spelling; if it is private, " + _TOKEN_HINT)
    if status == 403:
        return Reason(SkipReason.PRIVATE, "may not be read with this token", _TOKEN_HINT)
    if status == 429:
        wait = f" for {refused.wait:g} seconds" if refused.wait is not None else ""
        message = f"was not answered: the Hub asks to wait{wait}, more than the {options.max_wait:g} allowed"
        hint = "try again later, or allow more: option source.max_wait; with a token the limits are higher"
        return Reason(SkipReason.RATE_LIMITED, message, hint, refused.wait or 0.0)
    if status in _IN_BETWEEN:
        return foreign(endpoint)
    if status >= 500 or status == 408:
        message = f"was not answered: the Hub failed with status {status}, {options.tries} times"
        return Reason(SkipReason.SERVER_ERROR, message, "try again later: https://status.huggingface.co")
    return Reason(SkipReason.UNREADABLE, f"was refused by the Hub with status {status}", ENDPOINT_HINT)
