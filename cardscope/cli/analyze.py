"""``cardscope analyze``: one model, or a few, from wherever their cards are."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardscope.cli import output
from cardscope.errors import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from cardscope.options import Options
    from cardscope.pipeline import Listener
    from cardscope.plugins import Reporter
    from cardscope.types import CardAnalysis, SkippedCard


EXIT_BELOW = 1


@click.command("analyze")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--targets",
    "listing",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Read these, too: a target a line, # before a comment; - for a list on stdin.",
)
@click.option(
    "--source",
    "where",
    metavar="hub|demo|PATH",
    help="Where models are looked up: the Hub, the shipped demo hub, or a corpus (a folder, or a parquet file). "
    "Default: the Hub for ids, nowhere for local cards.",
)
@click.option("--revision", metavar="REV", help="Branch, tag or commit to read, of a model.")
@click.option("--token", envvar="HF_TOKEN", metavar="TOKEN", help="Token for the Hub.", show_envvar=True)
@click.option(
    "--embedder",
    metavar="NAME",
    help="static (shipped), lexical, or the name or path of a Sentence Transformers model.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["terminal", "json", "jsonl", "markdown"]),
    default="terminal",
    show_default=True,
)
@output.DESTINATION
@click.option("--explain", is_flag=True, help="Show every question that was asked, also the answered ones.")
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="N", help="Exit 1 when the quality score is below N."
)
@click.option(
    "--tables",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Tables laid over the shipped ones.",
)
@click.option(
    "--options",
    "options_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="TOML file with options.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    targets: tuple[str, ...],
    listing: Path | None,
    where: str | None,
    revision: str | None,
    token: str | None,
    embedder: str | None,
    style: str,
    destination: Path | None,
    explain: bool,
    fail_under: float | None,
    tables: Path | None,
    options_file: Path | None,
    quiet: bool,
) -> int:
    """Read one model card: what it says, who wrote it, where it came from.

    TARGET is the id of a model (owner/name), the address of its page, a README file, a folder that holds one, or - for
    stdin. Exits 0 when every target was read, 1 below --fail-under, 3 when a card could not be read. Of several targets
    each is written as soon as it is done; one that cannot be a target is skipped like a card that could not be read.

    \b
    cardscope analyze google/gemma-2-2b-it
    cardscope analyze ./README.md --format json
    cardscope analyze saltmarsh-ai/ledger-7b-chat --source demo
    cardscope analyze --targets ids.txt --source ./corpus --format jsonl
    """
    from cardscope.cli.embedder import loader
    from cardscope.cli.targets import Reader, listed
    from cardscope.tables import use_overlay

    if fail_under is not None and fail_under != fail_under:
        raise click.UsageError("--fail-under takes a number from 0 to 100")  # nothing is below "nan"
    if not targets and listing is None:
        raise click.UsageError("Missing argument 'TARGET...': name a model or a README, or a list with --targets")
    options = _options(options_file, embedder=embedder, tables=tables, revision=revision)
    use_overlay(options.tables)
    alone = len(targets) == 1 and listing is None
    if style == "json" and not alone:
        raise click.UsageError("--format json holds one analysis; use jsonl for several")
    lines = listed(listing) if listing is not None else ()
    listener = output.progress(quiet)
    try:
        listener("load", options.embedder)
        load = loader(options.embedder)
        reader = Reader(where, token, options, load, listener, alone=alone, listing=str(listing) == "-")
        results = map(reader.read, chain(targets, lines))
        return _report(results, style, destination, listener, explain=explain, fail_under=fail_under)
    finally:
        listener("", "")


def _options(file: Path | None, *, embedder: str | None, tables: Path | None, revision: str | None) -> Options:
    from dataclasses import replace

    from cardscope.options import Options, load_options

    options = load_options(file) if file else Options()
    if revision:
        options = replace(options, source=replace(options.source, revision=revision))
    return replace(options, embedder=embedder or options.embedder, tables=tables or options.tables)


def _report(
    results: Iterable[CardAnalysis | SkippedCard],
    style: str,
    destination: Path | None,
    listener: Listener,
    *,
    explain: bool,
    fail_under: float | None,
) -> int:
    """Writes each result before the next one is made, so that none of them is lost or kept; gives the exit code."""
    from cardscope.types import SkippedCard

    reporter = _reporter(style, destination, explain)
    is_seen = style == "terminal" and destination is None
    code = 0
    with output.opened(destination) as put:
        for result in results:
            listener("", "")
            code = max(code, _exit_code(result, fail_under))
            is_read = put(reporter.render(result))
            if not isinstance(result, SkippedCard):
                output.tell_cached(result)
            elif not is_seen:
                output.tell_skipped(result)
            # Nobody wants the others any more, except who asks for the exit code: a gate looks at all of them.
            if not is_read and fail_under is None:
                break
    return code


def _reporter(style: str, destination: Path | None, explain: bool) -> Reporter:
    from cardscope.plugins import load

    factory = load("reporter", style)
    reporter: Reporter = (
        factory(output.width(), color=output.coloured(destination), explain=explain)
        if style == "terminal"
        else factory()
    )
    return reporter


def _exit_code(result: CardAnalysis | SkippedCard, fail_under: float | None) -> int:
    """Of one target; that of several is the highest."""
    from cardscope.types import SkippedCard

    if isinstance(result, SkippedCard):
        return EXIT_INCOMPLETE
    value = result.score.quality.value
    # A score that could not be told is not below anything: unknown is never bad.
    return EXIT_BELOW if fail_under is not None and value is not None and value < fail_under else 0
