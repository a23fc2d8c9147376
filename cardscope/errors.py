"""What the world can do to a run: one root, few leaves, each with a subject and a next step.

Bad *content* is never an error here: it becomes a ``Problem`` or a ``Finding``. These are raised when the
world outside the card is at fault, and the command line turns each into one sentence and an exit code.
"""

from __future__ import annotations

#: Exit code of every command that ran and left something undone: a card, a shard, a whole source.
EXIT_INCOMPLETE = 3


class CardscopeError(Exception):
    """Root of everything cardscope raises on purpose; a plain ``ValueError`` is therefore always a bug.

    Args:
        message: What happened, one sentence without a trailing full stop.
        subject: The id, path or address it happened to.
        hint: What the reader can do next; empty when there is nothing.
    """

    exit_code = EXIT_INCOMPLETE

    def __init__(self, message: str, *, subject: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


class UsageError(CardscopeError, ValueError):
    """The caller asked for what cannot be: an unknown format, an empty id, options that exclude each other."""

    exit_code = 2


class InvalidModelId(UsageError):
    """The text cannot be the id of a model on the Hub."""


class InvalidTable(UsageError):
    """A knowledge table (shipped, or a user's overlay) does not follow its schema."""


class InvalidCorpus(CardscopeError, ValueError):
    """A folder or file that was given as a corpus cannot be read as one."""


class MissingExtra(CardscopeError, ImportError):
    """An optional package is needed and absent; the hint holds the exact ``pip`` line.

    Args:
        package: Import name of what is missing.
        extra: The extra of ``cardscope`` that brings it.
    """

    exit_code = 2

    def __init__(self, package: str, *, extra: str = "all") -> None:
        super().__init__(
            f"needs the package {package}, which is not installed",
            hint=f"pip install 'cardscope[{extra}]'",
        )
        self.package = package
        self.extra = extra


class SourceError(CardscopeError):
    """A source of cards could not answer at all, as opposed to answering that it has no such card."""


class Unreachable(SourceError, ConnectionError):
    """No answer from the server: refused, timed out, offline, or still failing after the last try."""


class RateLimited(SourceError):
    """The server asked to come back later than the caller allows.

    Args:
        retry_after: Seconds the server asked to wait.
    """

    def __init__(self, message: str, *, subject: str = "", hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.retry_after = retry_after


class OutputError(CardscopeError, OSError):
    """The result cannot be written where it was asked for: no room, no right, no such folder."""
