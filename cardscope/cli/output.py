"""Where a command's words go: data to stdout or a file, talk to stderr, colour and width as the terminal has them."""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from cardscope.errors import OutputError

if TYPE_CHECKING:
    from cardscope.types import CardAnalysis, SkippedCard

#: Widest report that still reads well; a wider terminal gets margins instead of long lines.
WIDEST = 160
NARROWEST = 60
#: The option of every command that makes a report, handed over as ``destination`` to `write`.
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
    if destination is None or str(destination) == "-":
        # Bytes, so that a console with a narrow encoding loses a character and not the report.
        try:
            sys.stdout.buffer.write(text.encode("utf-8", "replace"))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader went away (``| head``), which is no failure; click would exit 1.
            hush(sys.stdout)
        except OSError as error:
            hush(sys.stdout)
            raise OutputError(
                f"cannot be written ({error.strerror})", subject="stdout", hint="choose another place with -o"
            ) from error
        return
    content = text.encode("utf-8", "replace")
    partial: Path | None = None
    try:
        # A link is followed: what it points at is replaced, not the link.
        place = destination.resolve()
        if destination.exists() and not destination.is_file() and not destination.is_dir():
            # A device or a pipe (/dev/null, >(less)) is written to; renaming a file over it would take it away.
            destination.write_bytes(content)
            return
        partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(place)
    except BrokenPipeError:
        return
    except (OSError, RuntimeError) as error:
        if partial is not None:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or error  # a ring of links is no OSError everywhere
        raise OutputError(
            f"cannot be written ({reason})", subject=str(destination), hint="choose another place with -o"
        ) from error


def tell(text: str, *, indent: int = 0) -> None:
    """One line of talk on stderr, made harmless; when nobody listens there any more, the work goes on unheard."""
    from cardscope.text.clean import clean

    try:
        click.echo(" " * indent + clean(text, 500), err=True)
    except OSError:  # a pipe without a reader, a full disk: what is said does not decide what is done
        hush(sys.stderr)


def hush(stream: TextIO) -> None:
    """Sends what is still written to a stream nowhere, so that the interpreter does not complain about it at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def is_unread(stream: TextIO) -> bool:
    """Whether a stream is a pipe at whose other end nobody reads any more."""
    poll = select.poll()
    poll.register(stream.fileno(), 0)  # errors are reported without being asked for
    return any(event & select.POLLERR for _, event in poll.poll(0))


def tell_skipped(results: Iterable[CardAnalysis | SkippedCard]) -> None:
    """Says on stderr what could not be read and why, for when the report itself goes where nobody looks."""
    from cardscope.types import SkippedCard

    for result in results:
        if isinstance(result, SkippedCard):
            asked = result.model_id or result.subject
            tell(f"skipped: {f'{asked}: ' if asked else ''}{result.message} ({result.reason})")
            if result.hint:
                tell(f"hint: {result.hint}")


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
