"""``cardscope license``: may a child carry this licence, given its parent's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardscope.cli import output

if TYPE_CHECKING:
    from cardscope.types import LicenseVerdict

_FAILS = {"incompatible": ("incompatible",), "needs-review": ("incompatible", "needs-review")}


@click.command("license")
@click.argument("parent")
@click.argument("child")
@click.option(
    "--relation",
    default="finetune",
    show_default=True,
    metavar="WORD",
    help="finetune, adapter, quantized, merge, unknown; one for each hop of a lineage (finetune>quantized).",
)
@click.option("--format", "style", type=click.Choice(["terminal", "json"]), default="terminal", show_default=True)
@click.option(
    "--fail-on", type=click.Choice(list(_FAILS)), help="Exit 1 when the verdict is this bad or worse. Default: never."
)
@output.DESTINATION
@click.option(
    "--tables",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Tables laid over the shipped ones.",
)
def command(
    parent: str,
    child: str,
    relation: str,
    style: str,
    fail_on: str | None,
    destination: Path | None,
    tables: Path | None,
) -> int:
    """Judge whether a child's licence fits its parent's.

    PARENT and CHILD are labels as they stand in cards: an id (mit), other:NAME for a custom name, (missing), unknown;
    'a|b' for a card with two licences, 'a;b' for two parents of a merge, 'a>b' for a lineage, oldest first.
    Labels are judged, nothing else: this is no legal advice.

    \b
    cardscope license llama2 mit --relation finetune
    cardscope license 'gpl-3.0;llama2' '(missing)' --relation merge
    cardscope license 'llama2>apache-2.0' mit --relation 'finetune>quantized' --format json
    """
    from cardscope.licensing import judge_edge
    from cardscope.tables import use_overlay

    use_overlay(tables)
    _check(parent, child)
    verdict = judge_edge(parent, relation, child)
    text = _as_json(verdict, parent, child) if style == "json" else _as_page(verdict, parent, child, destination)
    output.write(text, destination)
    return 1 if fail_on and verdict.outcome.value in _FAILS[fail_on] else 0


def _check(parent: str, child: str) -> None:
    """Refuses what the notation can only mean by mistake; in a card it would be somebody's custom licence."""
    from cardscope.errors import UsageError

    if ";" in child or ">" in child:
        raise UsageError(
            "is more than one child", subject=child[:60], hint="a;b and a>b are for PARENT; write a|b for two licences"
        )
    if any(not entry.strip() for step in parent.split(">") for entry in step.split(";")):
        hint = "write (missing) for a model without a licence"
        raise UsageError("names a model without saying its licence", subject=parent[:60] or "PARENT", hint=hint)


def _as_json(verdict: LicenseVerdict, parent: str, child: str) -> str:
    from dataclasses import asdict

    from cardscope.reporters.safe_json import dumps

    answer = {"schema": "cardscope.license/1", "parent": parent, "child": child, **asdict(verdict)}
    return dumps(answer, indent=2) + "\n"


def _as_page(verdict: LicenseVerdict, parent: str, child: str, destination: Path | None) -> str:
    import io

    from rich.console import Console

    from cardscope.cli.license_page import page
    from cardscope.reporters.palette import THEME

    colour = output.coloured(destination)
    console = Console(
        file=io.StringIO(),
        width=min(output.width(), 100),
        theme=THEME,
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(page(verdict, parent, child))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
