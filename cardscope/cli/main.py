"""The root command: loads a command when it is called, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from cardscope import __version__
from cardscope.cli import output
from cardscope.errors import EXIT_INCOMPLETE, CardscopeError

#: name -> (module, the line the help shows); the line stands here so that help imports no command. Held by a test.
COMMANDS = {
    "analyze": ("cardscope.cli.analyze", "Read one model card: what it says, who wrote it, where it came from."),
    "license": ("cardscope.cli.license", "Judge whether a child's licence fits its parent's."),
    "corpus": ("cardscope.cli.corpus", "Build and look after a corpus of many cards."),
    "score": ("cardscope.cli.score", "Score a corpus over time."),
    "simulate": ("cardscope.cli.simulate", "Make a hub with known truth."),
}

EXIT_BUG = 4


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order a reader needs them, not the alphabet's."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; ``None`` for a name nobody knows."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="cardscope")
def main() -> None:
    """Read Hugging Face model cards.

    What a card says, who or what wrote which part of it, where the model came from, and what was lost on the way.

    \b
    cardscope analyze google/gemma-2-2b-it        a model on the Hub
    cardscope analyze ./README.md                 a card on this machine, no network
    cardscope license llama2 mit --relation finetune
    """


def run(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the command ``cardscope``; always ends in ``SystemExit``.

    Exit codes: 0 fine, 1 below the asked threshold, 2 usage, 3 not found, gated or unreachable, 4 a bug.
    """
    sys.exit(_guarded(arguments))


def _guarded(arguments: Sequence[str] | None) -> int:
    try:
        result = main.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        output.tell("interrupted")
        return 130
    except click.ClickException as error:
        return _show(error)
    except CardscopeError as error:
        return _explain(error)
    except SystemExit:
        # How click ends on a broken pipe. Behind stdout it means that the reader went away (``--help | head -1``).
        if not output.is_unread(sys.stdout):
            return _confess(BrokenPipeError("a pipe or a connection broke"))
        output.hush(sys.stdout)
        return 0
    except OSError as error:
        return _confess(error) if error.errno is None or isinstance(error, BrokenPipeError) else _refused(error)
    except Exception as error:
        return _confess(error)
    return result if isinstance(result, int) else 0


def _show(error: click.ClickException) -> int:
    try:
        error.show()
    except BrokenPipeError:
        output.hush(sys.stderr)
    return error.exit_code


def _explain(error: CardscopeError) -> int:
    output.tell(f"error: {error}")
    if error.hint:
        output.tell(f"hint: {error.hint}")
    if _debugging():
        _show_traceback(error)
    return error.exit_code


def _refused(error: OSError) -> int:
    """What the system itself refuses (rights, room, names) is nobody's bug, wherever it comes up."""
    if _debugging():
        _show_traceback(error)
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    output.tell(f"error: {where}{error.strerror or error}")
    return EXIT_INCOMPLETE


def _confess(error: Exception) -> int:
    if _debugging():
        _show_traceback(error)
    output.tell(f"bug: {type(error).__name__}: {error}")
    output.tell("hint: this is cardscope's fault; run again with CARDSCOPE_DEBUG=1 and report the traceback")
    return EXIT_BUG


def _show_traceback(error: Exception) -> None:
    """Printed and not raised, so that the exit code stays what it means; text of a card in it is made harmless."""
    import traceback

    for line in "".join(traceback.format_exception(error)).splitlines():
        output.tell(line, indent=len(line) - len(line.lstrip(" ")))


def _debugging() -> bool:
    return os.environ.get("CARDSCOPE_DEBUG", "") not in ("", "0")
