"""Where a command's words go: data to stdout or a file, talk to stderr, colour and width as the terminal has them."""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EISDIR
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from cardscope.errors import OutputError

if TYPE_CHECKING:
    from cardscope.types import CardAnalysis, SkippedCard

#: Widest report that still reads well; a wider terminal gets margins instead of long lines.
WIDEST = 160
NARROWEST = 60
#: The option of every command that makes a report, handed over as ``destination`` to `write` or `opened`.
DESTINATION = click.option(
    "-o",
    "--output",
    "destination",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write there instead of stdout.",
)


def width() -> int:
    """Columns to write for: ``COLUMNS``, else the terminal's, else 80, held between `NARROWEST` and `WIDEST`."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns))


def coloured(destination: Path | None) -> bool:
    """Whether to colour: only for a terminal, and never against ``NO_COLOR`` (``FORCE_COLOR`` overrules a pipe)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return destination is None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def write(text: str, destination: Path | None) -> None:
    """Writes a finished report; a file is replaced whole or not at all.

    Raises:
        OutputError: The file cannot be written, or nothing more can be written to stdout (a full disk behind it).
    """
    with opened(destination) as put:
        put(text)


@contextmanager
def opened(destination: Path | None) -> Iterator[Callable[[str], bool]]:
    """Gives what writes a report piece by piece, each at once; a file is replaced whole at the end or not at all.

    What is given tells whether anybody still reads: a reader who went away (``| head``) is no failure.

    Raises:
        OutputError: As `write`; that there can be no such file is known before anything is written.
    """
    if destination is None or str(destination) == "-":
        # Bytes, so that a console with a narrow encoding loses a character and not the report.
        yield partial(_put, sys.stdout.buffer, "stdout")
        return
    name = str(destination)
    with _refusals(name):
        if destination.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        # A link is followed: what it points at is replaced, not the link.
        place = destination.resolve()
        # A device or a pipe (/dev/null, >(less)) is written to; renaming a file over it would take it away.
        is_file = destination.is_file() or not destination.exists()
        file = place.with_name(f"{place.name}.{os.getpid()}.partial") if is_file else destination
        stream = file.open("wb")
    try:
        yield partial(_put, stream, name)
        with _refusals(name):
            stream.close()
            if is_file:
                file.replace(place)
    finally:
        with suppress(OSError):
            stream.close()
        if is_file:
            with suppress(OSError):
                file.unlink(missing_ok=True)


def _put(stream: IO[bytes], name: str, text: str) -> bool:
    with _refusals(name):
        try:
            stream.write(text.encode("utf-8", "replace"))
            stream.flush()
        except BrokenPipeError:
            hush(stream)  # click would exit 1
            return False
        except OSError:
            hush(stream)
            raise
    return True


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error  # a ring of links is no OSError everywhere
        raise OutputError(f"cannot be written ({reason})", subject=name, hint="choose another place with -o") from error


def tell(text: str, *, indent: int = 0) -> None:
    """One line of talk on stderr, made harmless; when nobody listens there any more, the work goes on unheard."""
    from cardscope.text.clean import clean

    try:
        click.echo(" " * indent + clean(text, 500), err=True)
    except OSError:  # a pipe without a reader, a full disk: what is said does not decide what is done
        hush(sys.stderr)


def hush(stream: IO[Any]) -> None:
    """Sends what is still written to a stream nowhere, so that the interpreter does not complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def is_unread(stream: IO[Any]) -> bool:
    """Whether a stream is a pipe at whose other end nobody reads any more."""
    poll = select.poll()
    poll.register(stream.fileno(), 0)  # errors are reported without being asked for
    return any(event & select.POLLERR for _, event in poll.poll(0))


def tell_skipped(skipped: SkippedCard) -> None:
    """Says on stderr what could not be read and why, for when the report itself goes where nobody looks."""
    from cardscope.text.clean import clean

    asked = clean(skipped.model_id or skipped.subject, 200)  # so that what is said of it is not cut off
    tell(f"skipped: {f'{asked}: ' if asked else ''}{skipped.message} ({skipped.reason})")
    if skipped.hint:
        tell(f"hint: {skipped.hint}")


def tell_cached(result: CardAnalysis) -> None:
    """Says on stderr that a card may not be the one of today, which no report can know."""
    if result.cached:
        what = "is the card in the client's cache; the Hub was not asked or did not answer"
        tell(f"note: {result.facts.card.model_id or result.origin}: {what}")


def progress(quiet: bool) -> Callable[[str, str], None]:
    """A listener that shows the stage on stderr while a person waits, and leaves no trace behind."""
    if quiet or not sys.stderr.isatty():
        return lambda stage, subject: None
    from cardscope.text.clean import clean

    columns = shutil.get_terminal_size((80, 24)).columns

    def show(stage: str, subject: str) -> None:
        line = clean(f"{stage} {subject}", columns - 1) if stage else ""
        click.echo(f"\r\x1b[2K{line}", nl=False, err=True)

    return show
