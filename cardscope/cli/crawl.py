"""``cardscope corpus crawl``: the Hub's cards into a corpus; goes on wherever it was interrupted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cardscope.cli import output
from cardscope.errors import EXIT_INCOMPLETE

if TYPE_CHECKING:
    from cardscope.corpus.plan import Progress

#: Seconds between two lines of progress: for someone who watches, and for a log.
_WATCHED: Final = 0.2
_LOGGED: Final = 60.0


@click.command("crawl")
@click.argument("destination", type=click.Path(path_type=Path, file_okay=False), metavar="DEST")
@click.option("--author", metavar="NAME", help="Only models of this user or organisation.")
@click.option("--filter", "filters", multiple=True, metavar="TAG", help="Only models with this tag; may be repeated.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only models changed since (UTC).")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest so many models.")
@click.option("--sample", type=click.IntRange(min=1), help="So many models, evenly by month of creation.")
@click.option("--dry-run", is_flag=True, help="Say how many calls it takes and how long at your rate limit, then stop.")
@click.option(
    "--sweep/--no-sweep",
    default=None,
    help="List everything again to find what is gone. Default: where that takes at most ten calls.",
)
@click.option("--gated", is_flag=True, help="Ask again for models that were gated or private.")
@click.option("--connections", type=click.IntRange(1, 64), default=8, show_default=True, help="READMEs at a time.")
@click.option("--token", envvar="HF_TOKEN", metavar="TOKEN", help="Token for the Hub.", show_envvar=True)
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    destination: Path,
    author: str | None,
    filters: tuple[str, ...],
    since: datetime | None,
    limit: int | None,
    sample: int | None,
    dry_run: bool,
    sweep: bool | None,
    gated: bool,
    connections: int,
    token: str | None,
    quiet: bool,
) -> int:
    """Fetch model cards from the Hub into a corpus, each once.

    Run it again to bring the corpus up to date. It may be killed at any moment: the same command goes on and asks for
    nothing twice. The Hub's rate limits are kept. Exits 3 when some models were not answered.

    \b
    cardscope corpus crawl ./hub --author google
    cardscope corpus crawl ./hub --sample 20000 --dry-run
    """
    from cardscope.corpus import crawl as crawls
    from cardscope.corpus.plan import Request

    start = since.replace(tzinfo=UTC) if since else None
    request = Request(author, filters, start, limit, sample, sweep, gated)
    hub = crawls.hub_for(token=token)
    if dry_run:
        output.write(f"{crawls.plan(destination, request, hub)}\n", None)
        return 0
    show = _progress(quiet)
    done = crawls.crawl(destination, request, hub, connections=connections, tell=show)
    output.progress(quiet)("", "")
    absent = ", ".join(f"{count:,} {reason}" for reason, count in done.absent.items())
    output.tell(
        f"{destination}: {done.cards:,} new cards, {done.unchanged:,} unchanged"
        f"{', ' + absent if absent else ''}; the corpus has {done.manifest.counts.get('cards', 0):,} cards",
    )
    if done.failed:
        output.tell(f"{done.failed:,} models were not answered: run the same command again")
        return EXIT_INCOMPLETE
    return 0


def _progress(quiet: bool) -> Callable[[Progress], None]:
    """A line that is rewritten for someone who watches, and a line a minute for a log."""
    watched = sys.stderr.isatty()
    show, last = output.progress(quiet), time.monotonic()

    def told(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if quiet or now - last < (_WATCHED if watched else _LOGGED):
            return
        last = now
        if watched:
            show(progress.stage, str(progress))
        else:
            output.tell(f"{progress.stage} {progress}")

    return told
