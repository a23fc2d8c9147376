"""``cardscope simulate``: a corpus whose every share, date, parent and line is known."""

from __future__ import annotations

from pathlib import Path

import click

from cardscope.cli import output


@click.command("simulate")
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path, file_okay=False))
@click.option("--models", type=click.IntRange(min=100), default=10_000, show_default=True, help="How many models.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed, another hub.")
@click.option(
    "--profile",
    default="default",
    show_default=True,
    metavar="NAME",
    help="Of tables/simulation.toml: default, paper, edited.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes on this machine. Default: one for each processor."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr.")
def command(destination: Path, models: int, seed: int, profile: str, workers: int | None, quiet: bool) -> None:
    """Make a hub with known truth.

    DEST is a new folder: a corpus to score, and beside it, in DEST/truth, what was planted. Every word in it is made
    up. The same models, seed and profile give the same corpus, whatever the number of workers.

    \b
    cardscope simulate ./hub --models 50000 --seed 7
    cardscope score ./hub --by quarter --of first
    """
    from cardscope.corpus.simulate import simulate

    show = output.progress(quiet)
    made = simulate(
        destination,
        models,
        seed,
        profile=profile,
        workers=workers or 0,
        tell=lambda done, every: show("write", f"{done:,} of {every:,} cards"),
    )
    show("", "")
    if quiet:
        return
    counts, truth = made.manifest.counts, made.truth
    shares = truth["word_shares"]
    roots = truth["relations"]["root"]["planted"]
    output.tell(
        f"{destination}: {counts['cards']:,} cards of {truth['mean_bytes'] / 1000:.1f} kB on average, "
        f"{counts['texts']:,} distinct texts, {counts['edges']:,} edges; {1 - roots:.1%} of the models have a parent",
    )
    output.tell(
        "words: " + ", ".join(f"{hand} {share:.1%}" for hand, share in shares.items())
        + f"; the truth is in {destination}/truth",
    )  # fmt: skip
