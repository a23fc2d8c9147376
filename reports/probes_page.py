"""The page that lists every question and its weight, made out of the two tables; see ``generate.py``."""

from __future__ import annotations

from pathlib import Path

from cardscope import tables
from cardscope.probes import questions
from cardscope.scoring import weights
from cardscope.types import RepositoryKind

PAGE = Path(__file__).parent.parent / "docs" / "probes.md"
_HEAD = """# What is asked of a card

Made by `reports/generate.py` from `cardscope/tables/probes.toml` (the questions) and
`cardscope/tables/profiles.toml` (what an answer is worth); change these, not this page.

**Quality** asks whether the card tells its reader what the reader needs; **standardization** whether it looks and reads
like other cards. A card can be high on one and low on the other. Each score is 100 times the points earned over the
points possible. Only `no` costs points; a question that does not apply, or that nobody could answer, drops out of both
sides. A dash means: not asked of that kind of repository.
"""


def page() -> str:
    """The whole page, ending in a line break."""
    kinds = list(RepositoryKind)
    points = {kind: weights(kind) for kind in kinds}
    out = [_HEAD]
    for name, meaning in tables.read_table("profiles")["profiles"].items():
        out.append(f"- **{name}**: {meaning}")
    part = ("", "")
    for question in questions().values():
        if (question.axis, question.part) != part:
            if question.axis != part[0]:
                out.append(f"\n## {question.axis.capitalize()}")
            part = (question.axis, question.part)
            out.append(f"\n### {question.part}\n")
            out.append("| id | question | why | " + " | ".join(kind.value for kind in kinds) + " |")
            out.append("|:--|:--|:--|" + "--:|" * len(kinds))
        worth = " | ".join(f"{points[kind][question.id]:g}" if points[kind][question.id] else "–" for kind in kinds)
        out.append(f"| `{question.id}` | {question.question} | {question.motivation} | {worth} |")
    return "\n".join(out) + "\n"
