"""``cardscope corpus``: build and look after a corpus; each command is the library call of the same name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from cardscope.cli import output
from cardscope.cli.crawl import command as crawl
from cardscope.errors import EXIT_INCOMPLETE

CORPUS = click.argument("corpus", type=str)
DESTINATION = click.argument("destination", type=click.Path(path_type=Path, file_okay=False), metavar="DEST")
FORMAT = click.option(
    "--format", "style", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True
)


@click.group("corpus")
def command() -> None:
    """Build and look after a corpus of many cards."""


command.add_command(crawl)


@command.command("import")
@click.argument("source", metavar="SRC")
@DESTINATION
@click.option("--title", default="", help="Title of a new corpus.")
@click.option("--config", default="", help="Configuration of a data set of the Hub.")
@click.option("--limit", type=click.IntRange(min=1), help="Read at most so many rows.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def import_(source: str, destination: Path, title: str, config: str, limit: int | None, quiet: bool) -> int:
    """Read a table, a folder, a git history or a data set into a corpus.

    SRC is a parquet, JSON Lines or CSV file, a folder owner/name/README.md, a git repository with such files in its
    history, or hf://datasets/owner/name. Rows that cannot be taken in are kept as rejects, with the reason. Tables of
    lineage and metadata that lie beside a cards.parquet are read with it. Exits 3 when the corpus is empty in the end.
    """
    from collections import Counter

    from cardscope.corpus.importing import import_corpus
    from cardscope.corpus.store import Corpus

    show = output.progress(quiet)
    manifest = import_corpus(
        source,
        destination,
        title=title,
        config=config,
        limit=limit or 0,
        tell=lambda rows: show("read", f"{rows:,} rows"),
    )
    show("", "")
    counts = manifest.counts
    output.tell(
        f"{destination}: {counts['cards']:,} cards, {counts['texts']:,} distinct texts, {counts['edges']:,} edges, "
        f"{counts['models']:,} snapshots; {counts['repeated']:,} repeated, {counts['rejects']:,} rejected",
    )
    if counts["rejects"]:
        reasons = Counter(Corpus(destination).table("rejects", ["reason"])["reason"].to_pylist()).most_common()
        output.tell("rejected: " + ", ".join(f"{count:,} {reason}" for reason, count in reasons))
    return 0 if counts["cards"] or counts["models"] else EXIT_INCOMPLETE


@command.command("info")
@CORPUS
@FORMAT
def info(corpus: str, style: str) -> None:
    """Say what a corpus holds: counts, sources, dates."""
    from cardscope.corpus.inspect import describe
    from cardscope.corpus.store import Corpus

    found = describe(Corpus(corpus))
    manifest = found.manifest
    facts = {
        "title": manifest.title,
        "sources": list(manifest.sources),
        "counts": dict(manifest.counts),
        "models": found.models,
        "owners": found.owners,
        "bytes_of_text": found.bytes_of_text,
        "repeated_share": round(found.repeated_share, 4),
        "months": found.months,
    }
    _print(facts, style)


@command.command("verify")
@CORPUS
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def verify(corpus: str, quiet: bool) -> int:
    """Read every byte and say what is damaged.

    Exits 1 when something is. What is damaged goes to stdout, a line each; the sum of it to stderr.
    """
    from cardscope.corpus import inspect
    from cardscope.corpus.store import Corpus

    show = output.progress(quiet)
    problems = inspect.verify(Corpus(corpus), tell=lambda shard: show("verify", f"shard {shard}"))
    show("", "")
    said = _said()
    output.write("".join(f"{said(f'{problem.code}: {problem.message}')}\n" for problem in problems), None)
    output.tell("whole" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


@command.command("sample")
@CORPUS
@DESTINATION
@click.option("-n", "--count", type=click.IntRange(min=1), default=1000, show_default=True, help="Models to draw.")
@click.option("--seed", type=int, default=0, show_default=True)
def sample(corpus: str, destination: Path, count: int, seed: int) -> None:
    """Draw some models with all their revisions into a smaller corpus."""
    from cardscope.corpus import inspect
    from cardscope.corpus.store import Corpus

    manifest = inspect.sample(Corpus(corpus), destination, count, seed=seed)
    output.tell(f"{destination}: {manifest.counts['cards']:,} cards")


@command.command("diff")
@click.argument("left")
@click.argument("right")
@FORMAT
def diff(left: str, right: str, style: str) -> None:
    """Say which models came, went or changed between two corpora."""
    from cardscope.corpus.inspect import compare
    from cardscope.corpus.store import Corpus

    found = compare(Corpus(left), Corpus(right))
    _print(
        {
            "added": list(found.added),
            "removed": list(found.removed),
            "changed": list(found.changed),
            "same": found.same,
        },
        style,
    )


def _print(facts: dict[str, object], style: str) -> None:
    if style == "json":
        from cardscope.reporters.safe_json import dumps

        output.write(dumps(facts, indent=2) + "\n", None)
        return
    output.write("".join(_lines(facts, _said())), None)


def _said() -> Callable[[object], str]:
    from cardscope.text.clean import clean

    return lambda value: clean(f"{value:,}" if isinstance(value, int) else str(value), 200)


def _lines(facts: dict[str, object], said: Callable[[object], str], indent: str = "") -> list[str]:
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{said(key)}\n", *_lines(value, said, indent + "  ")]
        elif isinstance(value, list):
            lines += [f"{indent}{said(key)}  {len(value):,}\n", *(f"{indent}  {said(entry)}\n" for entry in value[:50])]
        else:
            lines.append(f"{indent}{said(key):<16} {said(value)}\n")
    return lines
