"""A finished analysis with something in every corner of it."""

from __future__ import annotations

from datetime import UTC, datetime

from cardscope.probes import run_probes
from cardscope.scoring import score
from cardscope.types import (
    Ancestor,
    Author,
    Block,
    BlockKind,
    CardAnalysis,
    Change,
    Children,
    Dates,
    DroppedText,
    Evidence,
    GeneratorMatch,
    Kinship,
    LicenseEvidence,
    LicenseFields,
    LicenseOutcome,
    LicenseVerdict,
    ModelId,
    ModelInfo,
    Problem,
    Relation,
    RepositoryKind,
    SectionKinship,
    Severity,
    Span,
    Stated,
)
from tests.probes.build import attribution, edge, facts, lineage, section


def full_facts(text="# Thing\nwords and words\n\n## Training\nwords\n\n## Limits\nfails 3 times", word=""):
    """Facts with every field filled; ``word`` is put wherever text of a card can stand."""
    base = ModelId("org/base")
    side = LicenseEvidence(
        "parent", base, LicenseFields(("gemma",), word or None), "gemma", "id", {"x": "y"}, "https://a.b", "high"
    )
    verdict = LicenseVerdict(
        LicenseOutcome.INCOMPATIBLE,
        "COMMUNITY_TERMS_DROPPED",
        Severity.HIGH,
        base,
        Relation.FINETUNE,
        f"terms dropped {word}",
        (base, "maker/thing"),
        (side,),
        advisories=(Problem("note", f"show the name {word}"),),
    )
    return facts(
        text,
        fields={"license": word or "mit", "language": ["en"], "tags": [word or "a"], "base_model": "org/base"},
        kind=RepositoryKind.FINETUNE,
        sections=[
            section(f"Thing {word}", 1, 2, level=1),
            section("Training", 4, 5, parent=0, labels=["training_data"]),
            section(
                f"Limits {word}",
                7,
                8,
                parent=0,
                labels=["limitations"],
                blocks=[Block(BlockKind.CODE, Span(8, 8), word)],
            ),
        ],
        present={"training_data": Span(4, 5)},
        placeholder={"limitations": Span(7, 8)},
        problems=[Problem("nul-character", "NUL", (Span(5, 5),)), Problem("invalid-utf-8", "bytes")],
        matter_problems=[Problem("yaml-duplicate-key", "twice", (Span(2, 2),))],
        generators=(
            GeneratorMatch(
                "transformers-trainer", word or None, (Span(1, 2),), (Evidence(f"line {word}", (Span(1, 1),)),)
            ),
        ),
        attribution=attribution((Author.TEMPLATE, 1, 2, 10), (Author.AUTHORED, 5, 5, 5), (Author.PLACEHOLDER, 8, 8, 2)),
        lineage=lineage(
            edge("org/base", span=Span(3, 3)),
            edge(word or "gone", Problem("dead", f"gone {word}"), stated=Stated.PROSE),
            ancestors=(
                Ancestor(
                    base,
                    1,
                    (base, ModelId("maker/thing")),
                    (Relation.FINETUNE,),
                    LicenseFields(("gemma",)),
                    ModelInfo(base, downloads=5, gated="auto"),
                ),
                Ancestor(
                    ModelId("org/root"),
                    2,
                    (ModelId("org/root"), base, ModelId("maker/thing")),
                    (Relation.UNKNOWN, Relation.FINETUNE),
                ),
            ),
            children=Children({Relation.ADAPTER: 3}, ((ModelId("x/y"), Relation.ADAPTER, None),)),
            problems=(Problem("stopped", f"stopped {word}"),),
        ),
        licenses=(verdict,),
        kinship=(
            Kinship(
                base,
                {"whole": 0.9, "body": float("nan")},
                0.5,
                (
                    SectionKinship(Change.DROPPED, f"Risks {word}", None, Span(3, 9), None),
                    SectionKinship(Change.KEPT, "A", Span(1, 2), Span(1, 2), 0.99),
                ),
                (DroppedText("limitations", Span(3, 9), 0.8, (f"It fails {word}.",)),),
                (Span(1, 2),),
            ),
        ),
    )


def full_analysis(subject=None, *, word="", dates=None):
    """The analysis of `full_facts`, or of other facts, with real findings and scores."""
    subject = subject or full_facts(word=word)
    findings = run_probes(subject)
    return CardAnalysis(
        subject,
        findings,
        score(subject.kind, findings),
        "0123456789abcdef",
        dates or Dates(datetime(2024, 1, 2, tzinfo=UTC)),
        word or "README.md",
        {"cardscope": "0.1.0", "tables/sections": "1"},
    )
