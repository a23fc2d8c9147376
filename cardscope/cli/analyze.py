"""``cardscope analyze``: one model, or a few, from wherever their cards are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardscope.cli import output

if TYPE_CHECKING:
    from cardscope.options import Options
    from cardscope.pipeline import Listener
    from cardscope.plugins import CardSource, Embedder, ModelIndex, Reporter
    from cardscope.types import CardAnalysis, SkippedCard

    class Models(CardSource, ModelIndex):
        """A source that also knows of the models it holds."""


EXIT_BELOW = 1
EXIT_SKIPPED = 3


@click.command("analyze")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
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
    stdin. Exits 0 when every target was read, 1 below --fail-under, 3 when a card could not be read.

    \b
    cardscope analyze google/gemma-2-2b-it
    cardscope analyze ./README.md --format json
    cardscope analyze saltmarsh-ai/ledger-7b-chat --source demo
    """
    from cardscope.cli.embedder import loader
    from cardscope.tables import use_overlay

    if fail_under is not None and fail_under != fail_under:
        raise click.UsageError("--fail-under takes a number from 0 to 100")  # nothing is below "nan"
    options = _options(options_file, embedder=embedder, tables=tables, revision=revision)
    use_overlay(options.tables)
    if style == "json" and len(targets) > 1:
        raise click.UsageError("--format json holds one analysis; use jsonl for several")
    listener = output.progress(quiet)
    try:
        listener("load", options.embedder)
        embedder_of_choice = loader(options.embedder)
        results = [_analyze(target, where, token, options, embedder_of_choice, listener) for target in targets]
    finally:
        listener("", "")
    reporter = _reporter(style, destination, explain)
    output.write("".join(reporter.render(result) for result in results), destination)
    if style != "terminal" or destination is not None:
        output.tell_skipped(results)
    return _exit_code(results, fail_under)


def _options(file: Path | None, *, embedder: str | None, tables: Path | None, revision: str | None) -> Options:
    from dataclasses import replace

    from cardscope.options import Options, load_options

    options = load_options(file) if file else Options()
    if revision:
        options = replace(options, source=replace(options.source, revision=revision))
    return replace(options, embedder=embedder or options.embedder, tables=tables or options.tables)


def _analyze(
    target: str,
    where: str | None,
    token: str | None,
    options: Options,
    embedder: Callable[[], Embedder],
    listener: Listener,
) -> CardAnalysis | SkippedCard:
    from dataclasses import replace

    from cardscope.errors import UsageError
    from cardscope.pipeline import Analyzer
    from cardscope.sources.folder import FolderSource, resolve_target
    from cardscope.types import RawCard, SkippedCard, model_id

    place = resolve_target(target, prefer_id=where is not None)
    if place.revision and not options.source.revision:
        options = replace(options, source=replace(options.source, revision=place.revision))
    if place.kind == "id":
        models = _models(where or "hub", token, options)
        return Analyzer(models, models, embedder=embedder, options=options, listener=listener).analyze(
            model_id(place.value), options.source.revision
        )
    if options.source.revision:
        raise UsageError("a card at hand has no revisions", subject=target, hint="leave --revision out")
    known = _models(where, token, options) if where else None
    raw = FolderSource(place.value).only()
    if isinstance(raw, SkippedCard):
        return raw
    assert isinstance(raw, RawCard)
    return Analyzer(known, known, embedder=embedder, options=options, listener=listener).analyze_raw(raw)


def _models(where: str, token: str | None, options: Options) -> Models:
    from cardscope.plugins import load

    if where == "hub":
        models: Models = load("source", "hub")(options.source, token=token)
        return models
    # A corpus of many shards is known by its manifest; an address can be nothing else.
    many = "://" in where or (Path(where).expanduser() / "corpus.toml").is_file()
    corpus: Models = load("source", "store" if many else "corpus")(where)
    return corpus


def _reporter(style: str, destination: Path | None, explain: bool) -> Reporter:
    from cardscope.plugins import load

    factory = load("reporter", style)
    reporter: Reporter = (
        factory(output.width(), color=output.coloured(destination), explain=explain)
        if style == "terminal"
        else factory()
    )
    return reporter


def _exit_code(results: list[CardAnalysis | SkippedCard], fail_under: float | None) -> int:
    from cardscope.types import SkippedCard

    if any(isinstance(result, SkippedCard) for result in results):
        return EXIT_SKIPPED
    if fail_under is None:
        return 0
    values = [result.score.quality.value for result in results if not isinstance(result, SkippedCard)]
    # A score that could not be told is not below anything: unknown is never bad.
    return EXIT_BELOW if any(value is not None and value < fail_under for value in values) else 0
