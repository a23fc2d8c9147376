"""A question of the table made ready to be answered, and what every check may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardscope.types import Author, BlockKind, CoverageState, Finding, Outcome, Severity, Span

if TYPE_CHECKING:
    from cardscope.types import Block, CardFacts, Section


@dataclass(frozen=True, slots=True)
class Question:
    """One row of ``tables/probes.toml``.

    Attributes:
        axis: ``quality`` or ``standardization``.
        topic: What the card should say, for questions that begin with "Does the card say"; else empty.
        labels: Ids of ``tables/sections.toml``; any of them present is a yes for a question about coverage.
        order: Place of each label in the row.
        codes: Codes of problems this question is about.
        mends: The edit for each code, where the codes differ in that.
        marks: What to look for: words of the text, or names of keys, in the table's order.
        known: The same for asking whether a word is among them.
        groups: The same where the marks belong to something, for instance words to a licence.
        threshold: What a measured value must reach for a yes; the unit is the question's.
        yes: Bare answers, made once: most answers of a run over millions are one of these four.
        partly: Bare answers that earn a part of the points, by that part; see `View.graded`.
    """

    id: str
    axis: str
    part: str
    question: str
    topic: str
    motivation: str
    fix: str
    severity: Severity
    labels: tuple[str, ...]
    order: Mapping[str, int]
    codes: tuple[str, ...]
    marks: tuple[str, ...]
    known: frozenset[str]
    groups: Mapping[str, tuple[str, ...]]
    mends: Mapping[str, str]
    threshold: float
    yes: Finding
    no: Finding
    unknown: Finding
    not_applicable: Finding
    partly: dict[float, Finding]


#: Parts of points kept for one question: shares of few sections come again and again, shares of words do not.
_MOST_PARTS = 1000
# Looking a member up in its class costs more than the comparison it is for.
_ABSENT = CoverageState.ABSENT
_PLACEHOLDER = CoverageState.PLACEHOLDER
_BY_PLACEHOLDER = Author.PLACEHOLDER
_BY_TEMPLATE = Author.TEMPLATE


class View:
    """The facts of one card with the few sums that several checks need, each made once.

    Attributes:
        brief: Answers carry outcome and credit only, no sentences, spans or fixes.
        words: Words of visible text in all sections.
        own_words: Of those, what neither a template nor a placeholder wrote; all of them when nobody looked.
        template_share: Share of the words that a template wrote, placeholders included; ``None`` when nobody looked.
        headings: Sections that have a heading.
        kinds: The kinds of block that occur.
        standing: What is there under a label, filled in or not.
        placeholders: What stands under a label and is not filled in.
        codes: Codes of all problems of the card and its front matter.
    """

    __slots__ = (
        "_blocks",
        "_lowered",
        "attribution",
        "brief",
        "card",
        "codes",
        "coverage",
        "facts",
        "fields",
        "headings",
        "kinds",
        "own_words",
        "placeholder_share",
        "placeholders",
        "sections",
        "standing",
        "template_share",
        "words",
    )  # fmt: skip

    def __init__(self, facts: CardFacts, *, brief: bool) -> None:
        card = facts.card
        self.facts = facts
        self.brief = brief
        self.card = card
        self.fields = card.front_matter.fields
        self.coverage = card.coverage
        self.sections: Sequence[Section] = card.sections
        self.attribution = facts.attribution
        self._lowered: bytes | None = None
        self._blocks: dict[BlockKind, list[Block]] = {}
        words = 0
        headings: list[Section] = []
        for section in card.sections:
            words += section.words
            if section.heading:
                headings.append(section)
        self.words = words
        self.headings: Sequence[Section] = headings
        self.kinds = {block.kind for section in card.sections for block in section.blocks}
        # Most labels are absent: checks go on from the few that are not.
        self.standing = [entry for entry in card.coverage.items() if entry[1].state is not _ABSENT]
        self.placeholders = [found for _, found in self.standing if found.state is _PLACEHOLDER]
        self.codes = _codes(facts)
        self.template_share: float | None = None
        self.placeholder_share: float | None = None
        self.own_words = float(words)
        if facts.attribution is not None:
            shares = facts.attribution.shares
            self.placeholder_share = shares.get(_BY_PLACEHOLDER, 0.0)
            self.template_share = shares.get(_BY_TEMPLATE, 0.0) + self.placeholder_share
            self.own_words = words * (1.0 - self.template_share)

    @property
    def lowered(self) -> bytes:
        """The whole README in lower case, made when the first check asks for it."""
        if self._lowered is None:
            self._lowered = self.card.text.lower().encode("utf-8", "surrogatepass")
        return self._lowered

    def blocks(self, kind: BlockKind) -> Sequence[Block]:
        """All blocks of one kind in the order of the text."""
        if kind not in self.kinds:
            return _NO_BLOCKS
        if (found := self._blocks.get(kind)) is None:
            found = [block for section in self.sections for block in section.blocks if block.kind is kind]
            self._blocks[kind] = found
        return found

    def key_span(self, key: str) -> tuple[Span, ...]:
        """The lines of a key of the front matter, as evidence."""
        span = self.card.front_matter.lines.get(key)
        return (span,) if span is not None else ()

    def lines(self, span: Span) -> Sequence[str]:
        """The lines of a span as they stand in the README."""
        return self.card.lines[span.first - 1 : span.last]

    def top(self) -> tuple[Span, ...]:
        """Where the front matter stands or would have to stand."""
        return (self.card.front_matter.span or Span(1, 1),)

    def yes(
        self, ask: Question, message: str = "", *, value: float | str | None = None, spans: tuple[Span, ...] = ()
    ) -> Finding:
        """The full points, with what was seen when somebody will read it."""
        if self.brief:
            return ask.yes
        return Finding(ask.id, Outcome.YES, message, value, ask.threshold or None, spans, credit=1.0)

    def no(
        self,
        ask: Question,
        message: str,
        *,
        value: float | str | None = None,
        spans: tuple[Span, ...] = (),
        fix: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """No points, with the edit that mends it: the row's own unless a better one is at hand."""
        if self.brief and severity is None:
            return ask.no
        return Finding(
            ask.id,
            Outcome.NO,
            message,
            value,
            ask.threshold or None,
            spans,
            fix or ask.fix,
            severity or ask.severity,
            0.0,
        )

    def graded(
        self, ask: Question, value: float, message: str = "", *, spans: tuple[Span, ...] = (), fix: str = ""
    ) -> Finding:
        """Points in proportion to ``value / threshold``; a yes when the threshold is reached."""
        threshold = ask.threshold or 1.0
        if value >= threshold:
            return ask.yes if self.brief else self.yes(ask, message, value=round(value, 4), spans=spans)
        if value <= 0.0:
            return self.no(ask, message, value=0.0, spans=spans, fix=fix)
        credit = value / threshold
        if self.brief:
            if (kept := ask.partly.get(credit)) is None:
                kept = Finding(ask.id, Outcome.NO, severity=ask.severity, credit=credit)
                if len(ask.partly) < _MOST_PARTS:
                    ask.partly[credit] = kept
            return kept
        value = round(value, 4)
        return Finding(ask.id, Outcome.NO, message, value, threshold, spans, fix or ask.fix, ask.severity, credit)


_NONE: frozenset[str] = frozenset()
_NO_BLOCKS: tuple[Block, ...] = ()


def _codes(facts: CardFacts) -> frozenset[str] | set[str]:
    problems = (*facts.card.front_matter.problems, *facts.card.problems)
    return {problem.code for problem in problems} if problems else _NONE


def lines_of(spans: Sequence[Span], most: int = 3) -> str:
    """Line numbers as a person writes them.

    >>> lines_of((Span(3, 3), Span(40, 52)))
    'lines 3, 40–52'
    """
    shown = [str(span.first) if span.first == span.last else f"{span.first}–{span.last}" for span in spans[:most]]
    more = f" and {len(spans) - most} more places" if len(spans) > most else ""
    single = len(spans) == 1 and spans[0].first == spans[0].last
    return f"{'line' if single else 'lines'} {', '.join(shown)}{more}"
