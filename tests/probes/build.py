"""Facts of a card put together by hand, so that a test says exactly what a check gets to see."""

from __future__ import annotations

from cardscope.types import (
    AttributedSpan,
    Attribution,
    Author,
    Block,
    BlockKind,
    Card,
    CardFacts,
    Coverage,
    CoverageState,
    Edge,
    EdgeStatement,
    Found,
    FrontMatter,
    FrontMatterState,
    HeadingStyle,
    Lineage,
    ModelId,
    Relation,
    RepositoryKind,
    Section,
    Span,
    Stated,
)

LABELS = (
    "developer", "date", "version", "model_type", "training_procedure", "training_data", "evaluation_data", "metrics",
    "results", "intended_use", "intended_users", "out_of_scope", "limitations", "recommendations", "training_hardware",
    "inference_hardware", "environmental_impact", "how_to_use", "license", "citation", "contact", "base_model", "paper",
)  # fmt: skip


def section(heading, first, last, *, level=2, words=30, labels=(), blocks=(), parent=None, style=HeadingStyle.ATX):
    """A section with one paragraph unless told otherwise."""
    blocks = blocks or ((Block(BlockKind.PARAGRAPH, Span(first + 1, last)),) if words else ())
    return Section(heading, level, Span(first, last), style, parent, tuple(blocks), tuple(labels), (), words)


def facts(
    text="",
    *,
    fields=None,
    state=None,
    sections=(),
    present=(),
    placeholder=(),
    kind=RepositoryKind.BASE,
    problems=(),
    matter_problems=(),
    model="maker/thing",
    authors=None,
    **rest,
):
    """Facts of a card; ``present`` and ``placeholder`` map labels to spans (or list them)."""
    lines = tuple(text.split("\n"))
    coverage = {label: Coverage(CoverageState.ABSENT) for label in LABELS}
    for what, where in ((CoverageState.PRESENT, present), (CoverageState.PLACEHOLDER, placeholder)):
        for label in where:
            spans = (where[label],) if isinstance(where, dict) else ()
            coverage[label] = Coverage(what, Found.HEADING, spans)
    fields = fields or {}
    if state is None:
        state = FrontMatterState.PRESENT if fields else FrontMatterState.ABSENT
    where = {key: Span(number, number) for number, key in enumerate(fields, 2)}
    span = Span(1, len(fields) + 2) if fields else None
    matter = FrontMatter(state, fields, where, span, tuple(matter_problems))
    card = Card(
        ModelId(model) if model else None, text, lines, matter, Span(1, len(lines)), tuple(sections), coverage,
        tuple(problems), "0" * 64,
    )  # fmt: skip
    if authors is not None:
        rest["attribution"] = Attribution((), {author: authors.get(author, 0.0) for author in Author})
    return CardFacts(card, kind, **rest)


def attribution(*parts):
    """An attribution out of ``(author, first, last, words)``."""
    total = sum(part[3] for part in parts) or 1
    shares = {author: sum(part[3] for part in parts if part[0] is author) / total for author in Author}
    return Attribution(
        tuple(AttributedSpan(author, Span(first, last), "tool", words) for author, first, last, words in parts), shares
    )


def edge(parent, *problems, relation=Relation.FINETUNE, stated=Stated.FIELD, span=None):
    """An edge of ``maker/thing`` with one statement."""
    return Edge(
        ModelId("maker/thing"), parent, relation, (EdgeStatement(stated, parent, relation, span),), tuple(problems)
    )


def lineage(*edges, **rest):
    """A lineage that was looked up."""
    return Lineage(ModelId("maker/thing"), parents=tuple(edges), edges=tuple(edges), **rest)
