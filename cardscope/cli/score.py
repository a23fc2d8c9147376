"""``cardscope score``: a corpus mapped to rows and reduced to a timeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardscope.cli import output
from cardscope.errors import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from cardscope.corpus.batch import Engine
    from cardscope.types import Timeline

GROUPS = ("kind", "relation", "generator", "licence", "library", "language", "source")
#: Told apart when nothing is asked for: where a card was gathered matters only to who doubts the gathering.
_USUAL = GROUPS[:-1]


@click.command("score")
@click.argument("corpus", metavar="CORPUS")
@click.option(
    "--by",
    type=click.Choice(["month", "quarter", "year"]),
    default="month",
    show_default=True,
    help="Length of a period.",
)
@click.option(
    "--of",
    type=click.Choice(["first", "current", "all"]),
    default="current",
    show_default=True,
    help="Which edition of a card counts, in the period it is from: the one first seen, the one that stands now, or "
    "every one. Three different questions.",
)
@click.option(
    "--group",
    "groups",
    type=click.Choice(GROUPS),
    multiple=True,
    help="Also tell apart by this; may be repeated. Default: all but source.",
)
@click.option("--run", metavar="DIR", help="Folder of the run. Default: beside the corpus, named after it.")
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Dask cluster; the rows are the same.",
)
@click.option(
    "--scheduler", default="", metavar="ADDRESS", help="Of a running Dask cluster. Default: one on this machine."
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes on this machine. Default: one for each processor."
)
@click.option(
    "--embedder",
    default="static",
    show_default=True,
    metavar="NAME",
    help="static (shipped), lexical, or the name or path of a Sentence Transformers model.",
)
@click.option(
    "--no-vectors", is_flag=True, help="Leave embeddings out: faster, and without the measures of similarity."
)
@click.option(
    "--format", "style", type=click.Choice(["terminal", "json", "markdown"]), default="terminal", show_default=True
)
@output.DESTINATION
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    corpus: str,
    by: str,
    of: str,
    groups: tuple[str, ...],
    run: str | None,
    engine: str,
    scheduler: str,
    workers: int | None,
    embedder: str,
    no_vectors: bool,
    style: str,
    destination: Path | None,
    quiet: bool,
) -> int:
    """Score a corpus over time.

    CORPUS is a folder made by cardscope corpus or cardscope simulate. The run can be killed at any moment; the same
    command goes on where it stopped. Exits 3 when a part of the corpus could not be read.

    \b
    cardscope score ./corpus --by quarter --of first
    cardscope score ./corpus --engine dask --scheduler tcp://10.0.0.1:8786 --format json -o timeline.json
    """
    from cardscope.cli.embedder import check
    from cardscope.corpus.batch import run_batch
    from cardscope.corpus.rows import MapOptions
    from cardscope.corpus.score import timeline_of
    from cardscope.corpus.store import Corpus
    from cardscope.types import Edition, Period

    if not no_vectors:
        check(embedder)
    opened = Corpus(corpus)
    folder = run or _beside(corpus)
    show = output.progress(quiet)
    state = run_batch(
        opened,
        folder,
        _engine(engine, scheduler, workers),
        MapOptions(embedder="" if no_vectors else embedder),
        tell=lambda done, every, rows: show("score", f"{done} of {every} shards, {rows:,} cards"),
    )
    show("reduce", f"{state.done:,} rows")
    timeline = timeline_of(folder, state, of=Edition(of), by=Period(by), dimensions=groups or _USUAL)
    show("", "")
    for shard, problem in state.problems.items():
        output.tell(f"shard {shard} was left out: {problem}")
    output.write(_render(timeline, style, destination), destination)
    return EXIT_INCOMPLETE if state.problems else 0


def _beside(corpus: str) -> str:
    """The folder of a run that was not named; resolved, or that of ``.`` would lie in the corpus."""
    return (corpus.rstrip("/") if "://" in corpus else str(Path(corpus).resolve())) + ".run"


def _engine(name: str, scheduler: str, workers: int | None) -> Engine:
    if name == "dask" or scheduler:
        from cardscope.corpus.engines.dask import DaskEngine

        return DaskEngine(scheduler, workers=workers or 2)
    from cardscope.corpus.engines.local import LocalEngine

    return LocalEngine(workers or 0)


def _render(timeline: Timeline, style: str, destination: Path | None) -> str:
    from cardscope.reporters import timeline as written

    if style == "json":
        return written.to_json(timeline)
    if style == "markdown":
        return written.to_markdown(timeline)
    from cardscope.reporters.terminal_timeline import TimelineReporter

    return TimelineReporter(output.width(), color=output.coloured(destination)).render(timeline)
