"""Every noun of the domain, frozen and free of I/O: read this page first.

The nouns stand in the order in which a card passes through the program: what was found (`RawCard`), what it says
(`Card`), who wrote it (`GeneratorMatch`, `Attribution`), where it comes from (`Lineage`, `LicenseVerdict`,
`Kinship`), what is to be said about it (`Finding`), what that is worth (`CardScore`), and the answer for one model
(`CardAnalysis` or `SkippedCard`). Verbs are functions elsewhere.

Longer than other modules on purpose: the nouns explain each other, and one page of them is the map of the program.

Mappings inside frozen records are plain dicts typed as ``Mapping``: a record is never changed after it was made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, TypeAlias

from cardscope.errors import InvalidModelId

ModelId = NewType("ModelId", str)

#: What YAML 1.2's core schema can hold; dates and the word ``no`` stay text.
Scalar: TypeAlias = "str | int | float | bool | None"
Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"

# Today the Hub allows 96 characters a part; ids made before it did are up to 200 long.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}(?:/[A-Za-z0-9_.-]{1,200})?\Z")


def model_id(text: str) -> ModelId:
    """The one door to `ModelId`: trims, takes the id out of a Hub URL, and refuses what the Hub would refuse.

    Raises:
        InvalidModelId: The text is empty, a path, or has characters no repository id can have.

    >>> model_id(" https://huggingface.co/google/gemma-2-2b-it/tree/main ")
    'google/gemma-2-2b-it'
    """
    candidate = text.strip()
    if "://" in candidate:
        path = candidate.split("://", 1)[1].partition("/")[2].split("?")[0].split("#")[0]
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["models"]:
            parts = parts[1:]
        candidate = "/".join(parts[:2])
    if not _ID.match(candidate) or ".." in candidate:
        raise InvalidModelId("is not the id of a model", subject=text.strip()[:200], hint="write it as owner/name")
    return ModelId(candidate)


# --- where things stand -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Lines of the README as it was written, front matter included; both ends 1-based and inclusive."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the content of a card or a link, kept instead of raised.

    Attributes:
        code: Stable kebab-case name, for instance ``front-matter-not-closed``.
        message: One sentence for a person, with no text of the card in it beyond a short quoted name.
    """

    code: str
    message: str
    spans: tuple[Span, ...] = ()


# --- what was found -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dates:
    """When a card was written, as far as anyone knows; each is UTC or ``None``.

    The Hub says 2022-03-02T23:29:04Z for everything created before it kept that date; read that as "unknown, before".
    """

    created: datetime | None = None
    modified: datetime | None = None
    observed: datetime | None = None


@dataclass(frozen=True, slots=True)
class RawCard:
    """A README exactly as its source held it, before any reading.

    Attributes:
        origin: Where it was taken from, for a person: a path, an address, ``stdin``.
        renamed_from: The id that was asked for, when the source redirected it.
        license_text: The repository's licence file where the source could give one; terms named there count.
        cached: The source was not heard; this is what a cache holds of it, which may have changed there since.
    """

    content: bytes
    model_id: ModelId | None = None
    revision: str | None = None
    dates: Dates = Dates()
    origin: str = ""
    renamed_from: ModelId | None = None
    license_text: str | None = None
    cached: bool = False


class Relation(StrEnum):
    """How a model was made out of its base model; the Hub's own five words."""

    FINETUNE = "finetune"
    ADAPTER = "adapter"
    QUANTIZED = "quantized"
    MERGE = "merge"
    UNKNOWN = "unknown"


class RepositoryKind(StrEnum):
    """What a repository is, which decides what may be asked of its card."""

    BASE = "base"
    FINETUNE = "finetune"
    ADAPTER = "adapter"
    QUANTIZED = "quantized"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What an index (the Hub, or a corpus) says of a model besides its card.

    Attributes:
        card_data: Front matter as the index gives it; ``None`` when the index does not tell.
        base_models: Parents the index itself worked out, with the relation it gives them.
        children: Count of direct descendants by relation; ``None`` when not told.
        gated: ``None`` not told, ``False`` open, otherwise the kind of gate (``auto``, ``manual``).
    """

    model_id: ModelId
    revision: str | None = None
    dates: Dates = Dates()
    downloads: int | None = None
    likes: int | None = None
    gated: bool | str | None = None
    private: bool | None = None
    tags: tuple[str, ...] = ()
    library_name: str | None = None
    pipeline_tag: str | None = None
    card_data: Mapping[str, Value] | None = None
    base_models: tuple[tuple[str, Relation], ...] = ()
    children: Mapping[Relation, int] | None = None
    renamed_from: ModelId | None = None


# --- what it says -------------------------------------------------------------------------------------------------


class FrontMatterState(StrEnum):
    """Whether the Hub would see metadata in the card."""

    PRESENT = "present"
    EMPTY = "empty"
    ABSENT = "absent"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The YAML block of a card, with every key kept and every near miss named.

    Attributes:
        fields: All keys as written, values of YAML 1.2's core schema; empty unless ``state`` is present.
        lines: The lines on which each top-level key and its value stand.
        span: From the opening to the closing dashes; ``None`` when there is no block.
    """

    state: FrontMatterState = FrontMatterState.ABSENT
    fields: Mapping[str, Value] = field(default_factory=dict)
    lines: Mapping[str, Span] = field(default_factory=dict)
    span: Span | None = None
    problems: tuple[Problem, ...] = ()


class BlockKind(StrEnum):
    """What a block of Markdown is to its reader."""

    PARAGRAPH = "paragraph"
    LIST = "list"
    TABLE = "table"
    CODE = "code"
    IMAGE = "image"
    BADGE = "badge"
    HTML = "html"
    COMMENT = "comment"
    QUOTE = "quote"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a section.

    Attributes:
        info: Language of a code block, ``details`` for a disclosure element, else empty.
    """

    kind: BlockKind
    span: Span
    info: str = ""


class HeadingStyle(StrEnum):
    """How a heading was written; `BOLD` and `HASH` are headings only to a human eye, not to CommonMark."""

    NONE = "none"
    ATX = "atx"
    SETEXT = "setext"
    HTML = "html"
    HASH = "hash"
    BOLD = "bold"


class Found(StrEnum):
    """How a label was recognised."""

    HEADING = "heading"
    PROSE = "prose"
    TABLE = "table"
    LIST = "list"
    CODE = "code"
    FRONT_MATTER = "front matter"


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """Why a section (or the front matter) carries a label."""

    label: str
    how: Found
    spans: tuple[Span, ...]
    placeholder: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it up to the next heading of any level.

    Attributes:
        heading: Visible text without markup; empty for what stands before the first heading.
        level: 1 to 6; 0 for what stands before the first heading; for bold lines one deeper than where they stand.
        span: From the heading line to the last line with content, so sections never overlap.
        parent: Index in ``Card.sections`` of the section this one is nested in; ``None`` at the top.
        labels: Ids from ``tables/sections.toml``, surest first.
        evidence: One entry for each label at least, saying how it was found.
        words: Words of visible text, without code, comments and markup.
    """

    heading: str
    level: int
    span: Span
    style: HeadingStyle = HeadingStyle.NONE
    parent: int | None = None
    blocks: tuple[Block, ...] = ()
    labels: tuple[str, ...] = ()
    evidence: tuple[LabelEvidence, ...] = ()
    words: int = 0


class CoverageState(StrEnum):
    """Whether a reader who looks for a thing finds it."""

    PRESENT = "present"
    PLACEHOLDER = "placeholder"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The answer to "does this card have X", for one label."""

    state: CoverageState
    how: Found | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A README that has been read: its metadata, its sections, and all that was odd about it.

    Attributes:
        text: The README decoded; line ends as written, undecodable bytes as U+FFFD.
        lines: ``text`` cut into lines without their ends; ``lines[span.first - 1]`` is the first line of a span.
        body: First and last line after the front matter; ``None`` when nothing stands there.
        sections: In the order of the text.
        coverage: For every label of ``tables/sections.toml``.
        digest: SHA-256 of the bytes, hexadecimal.
    """

    model_id: ModelId | None
    text: str
    lines: tuple[str, ...]
    front_matter: FrontMatter
    body: Span | None
    sections: tuple[Section, ...]
    coverage: Mapping[str, Coverage]
    problems: tuple[Problem, ...]
    digest: str


# --- who wrote it -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """A mark that was seen, for the one who doubts the verdict."""

    what: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class GeneratorMatch:
    """A tool or template that wrote a part of the card.

    Attributes:
        id: Row of ``tables/generators``, for instance ``transformers-trainer``.
        version: Version or version range of the tool where a line of the card tells it.
        reliability: ``A`` one mark was enough, ``B`` two signals agreed, ``C`` a hint only.
        spans: The lines this tool wrote.
    """

    id: str
    version: str | None
    spans: tuple[Span, ...]
    evidence: tuple[Evidence, ...]
    reliability: str = "A"


class Author(StrEnum):
    """Who or what a line of a card is from."""

    TEMPLATE = "template"
    PLACEHOLDER = "placeholder"
    INHERITED = "inherited"
    AUTHORED = "authored"


@dataclass(frozen=True, slots=True)
class AttributedSpan:
    """Consecutive lines from one hand.

    Attributes:
        whose: Generator id for template and placeholder lines, model id for inherited ones, else empty.
    """

    author: Author
    span: Span
    whose: str = ""
    words: int = 0


@dataclass(frozen=True, slots=True)
class Attribution:
    """Every line of the body that has words, given to one author.

    Attributes:
        spans: In order, without overlap.
        shares: Share of the words by author; the four add up to 1, or are all 0 for a card without words.
    """

    spans: tuple[AttributedSpan, ...]
    shares: Mapping[Author, float]


# --- where it comes from ------------------------------------------------------------------------------------------


class Stated(StrEnum):
    """Where a base model is stated."""

    FIELD = "field"
    TAG = "tag"
    HUB = "hub"
    PROSE = "prose"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class EdgeStatement:
    """One place that names a parent, as it stands there."""

    stated: Stated
    value: str
    relation: Relation
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A child and one parent, with every statement that says so.

    Attributes:
        parent: Normalised id; the text as written when it cannot be one.
        problems: Codes ``dead``, ``self``, ``cycle``, ``bare``, ``local-path``, ``url``, ``renamed``, ``no-namespace``.
    """

    child: ModelId
    parent: str
    relation: Relation
    statements: tuple[EdgeStatement, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LicenseFields:
    """The three fields as they stand in a card; ``license`` may be a list there."""

    license: tuple[str, ...] = ()
    license_name: str | None = None
    license_link: str | None = None


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A model above the one in question.

    Attributes:
        depth: 1 for a parent.
        path: Ids from this ancestor down to the model, both ends included.
        relations: The relation of each hop of ``path``, in the same order; one shorter than ``path``.
        license: ``None`` when the ancestor could not be read, so nothing is known.
    """

    model_id: ModelId
    depth: int
    path: tuple[ModelId, ...]
    relations: tuple[Relation, ...]
    license: LicenseFields | None = None
    info: ModelInfo | None = None


@dataclass(frozen=True, slots=True)
class Children:
    """Direct descendants, counted and the most downloaded named.

    Attributes:
        counts: ``None`` when the source cannot tell.
    """

    counts: Mapping[Relation, int] | None = None
    top: tuple[tuple[ModelId, Relation, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    """The family of one model as far as it could be followed.

    Attributes:
        parents: Edges out of the model itself, bad links included.
        edges: All edges between the ancestors, up to the roots.
        ancestors: Nearest first; each once, by its shortest path.
        problems: What is wrong with the links, and where the walk had to stop.
    """

    model_id: ModelId | None
    parents: tuple[Edge, ...] = ()
    edges: tuple[Edge, ...] = ()
    ancestors: tuple[Ancestor, ...] = ()
    children: Children = Children()
    problems: tuple[Problem, ...] = ()


class LicenseOutcome(StrEnum):
    """Whether a child's licence label fits what its upstream asks, worst first."""

    INCOMPATIBLE = "incompatible"
    NEEDS_REVIEW = "needs-review"
    UNKNOWN = "unknown"
    COMPATIBLE = "compatible"


class Severity(StrEnum):
    """How much a reader should care."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LicenseEvidence:
    """One side of a licence verdict: what stands in the card, and the row it was read as.

    Attributes:
        matched: ``id``, ``alias``, ``custom``, ``missing``, ``unknown``.
        cells: The table cells that decided, for instance ``{"commercial_use": "no"}``.
    """

    role: str
    model_id: str
    raw: LicenseFields
    row: str
    matched: str
    cells: Mapping[str, str]
    source_url: str
    confidence: str


@dataclass(frozen=True, slots=True)
class LicenseVerdict:
    """Whether one child's licence fits one parent, or a whole lineage, and why.

    Attributes:
        reason: Code from section 5 of the licence rules, for instance ``NC_DROPPED``.
        path: From the ancestor whose terms decided down to the child; ids, or labels where there are no ids.
        inherited: The nearest parent is fine and an ancestor further up is not.
        lost_at: The model at which an inherited duty was dropped.
        drift: ``same``, ``loosened``, ``tightened``, ``changed`` or empty when a side is not known.
        drift_flags: Flags lost (prefix ``-``) and gained (prefix ``+``).
        advisories: Things to do that do not change the verdict; ``code`` and sentence.
        parts: The verdicts this one was put together from, for lists, merges and lineages.
    """

    outcome: LicenseOutcome
    reason: str
    severity: Severity
    ancestor: str = ""
    relation: Relation = Relation.UNKNOWN
    message: str = ""
    path: tuple[str, ...] = ()
    evidence: tuple[LicenseEvidence, ...] = ()
    inherited: bool = False
    lost_at: str | None = None
    confidence: str = "high"
    drift: str = ""
    drift_flags: tuple[str, ...] = ()
    advisories: tuple[Problem, ...] = ()
    parts: tuple[LicenseVerdict, ...] = ()


class Change(StrEnum):
    """What became of a section on the way from parent to child."""

    KEPT = "kept"
    EDITED = "edited"
    ADDED = "added"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class SectionKinship:
    """A section of the child, of the parent, or an aligned pair of them.

    Attributes:
        similarity: Cosine of the two vectors, -1 to 1; ``None`` for added and dropped.
    """

    change: Change
    heading: str
    child: Span | None
    parent: Span | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class DroppedText:
    """A warning or term of the parent that the child's reader no longer sees.

    Attributes:
        label: Which kind of text: ``limitations``, ``out_of_scope``, ``license``.
        parent: Where it stands in the parent's README.
        share: Share of its sentences that the child does not hold, 0 to 1.
        sentences: The first few of those sentences, cut short, cleaned for display.
    """

    label: str
    parent: Span
    share: float
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kinship:
    """How alike two cards are, and what one took from the other.

    Attributes:
        similarity: Cosine of the two whole cards; keys ``whole`` (front matter and references included) and
            ``body`` (without front matter and without references to the lineage).
        inherited_share: Share of the child's body words whose sentence or line stands in the parent, 0 to 1.
        inherited: The child's lines that stand in the parent.
    """

    parent: ModelId | None
    similarity: Mapping[str, float]
    inherited_share: float
    sections: tuple[SectionKinship, ...] = ()
    dropped: tuple[DroppedText, ...] = ()
    inherited: tuple[Span, ...] = ()


# --- what is to be said about it ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything known of one model before anything is judged; probes read this and nothing else.

    Attributes:
        lineage: ``None`` when nobody looked, which is not the same as a model without parents.
        attribution: ``None`` when it was not asked for.
    """

    card: Card
    kind: RepositoryKind
    info: ModelInfo | None = None
    generators: tuple[GeneratorMatch, ...] = ()
    attribution: Attribution | None = None
    lineage: Lineage | None = None
    licenses: tuple[LicenseVerdict, ...] = ()
    kinship: tuple[Kinship, ...] = ()


class Outcome(StrEnum):
    """Answer of a probe; only `NO` ever costs points."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question about a card, with its yardstick.

    Attributes:
        probe: Id of the question in ``tables/probes.toml``; the question is put so that yes is good.
        value: What was measured.
        threshold: What it was held against.
        spans: The lines it is about.
        fix: The edit that would turn the answer into yes; empty when there is nothing to do.
        credit: Share of the points this answer earns, 0 to 1; ``None`` when the question was not answered. A no may
            earn them all: what is wrong is worth a word and no point.
    """

    probe: str
    outcome: Outcome
    message: str = ""
    value: float | str | None = None
    threshold: float | str | None = None
    spans: tuple[Span, ...] = ()
    fix: str = ""
    severity: Severity = Severity.NONE
    credit: float | None = None


@dataclass(frozen=True, slots=True)
class ScorePart:
    """A named part of a score.

    Attributes:
        points: Earned, 0 to ``possible``.
        possible: Sum of the weights of the questions that applied and were answered.
        findings: Ids of the probes it was made of.
    """

    name: str
    points: float
    possible: float
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A number from 0 to 100 and the parts it is made of; ``None`` when no question could be answered."""

    value: float | None
    parts: tuple[ScorePart, ...]


@dataclass(frozen=True, slots=True)
class CardScore:
    """Quality and standardization, kept apart: a card can be high on one and low on the other."""

    quality: Score
    standardization: Score
    profile: str
    policy: str


# --- the answer ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardAnalysis:
    """Everything cardscope has to say of one model.

    Attributes:
        versions: Of cardscope, of each table, of the encoder: what a result must be compared under.
        cached: As of the `RawCard`.
    """

    facts: CardFacts
    findings: tuple[Finding, ...]
    score: CardScore
    revision: str | None = None
    dates: Dates = Dates()
    origin: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    cached: bool = False


class SkipReason(StrEnum):
    """Why there is no card to read."""

    NOT_FOUND = "not-found"
    GATED = "gated"
    PRIVATE = "private"
    NO_README = "no-readme"
    EMPTY_README = "empty-readme"
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    TIMEOUT = "timeout"
    OFFLINE = "offline"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class SkippedCard:
    """A card that could not be read, as a value: a run over millions never stops on one, nor loses it.

    Attributes:
        stage: Where it stopped: ``fetch``, ``parse``, ``analyze``.
        message: Goes on from the name of what was asked for, as in "is gated".
        hint: What the reader can do next.
        subject: What was asked for where it has no id: a path, ``stdin``, or a word that can be none.
    """

    model_id: ModelId | None
    stage: str
    reason: SkipReason
    message: str
    hint: str = ""
    subject: str = ""


# --- many cards over time -----------------------------------------------------------------------------------------


class Edition(StrEnum):
    """Which revisions of a model are looked at; three different questions."""

    FIRST = "first"
    CURRENT = "current"
    ALL = "all"


class Period(StrEnum):
    """How wide a period of time is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure of one period and group of cards, with its yardstick and how it was weighed.

    Attributes:
        weight: ``card`` counts every card alike, ``owner`` every uploader alike whatever they uploaded.
        low: Lower end of the 95 % interval over owners; ``None`` where there are too few owners for one.
    """

    dimension: str
    group: str
    period: str
    measure: str
    weight: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a corpus shows over time.

    Attributes:
        groups: Groups of each dimension, the most common first.
        sizes: ``(dimension, group, period)`` to number of cards and of owners.
        mix: Share of cards by outermost generator: ``(period, generator)`` to share.
        undated: Cards without any date, counted in the period ``undated``.
        failed: Cards that could not be read; they are in no measure.
    """

    of: Edition
    by: Period
    periods: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    sizes: Mapping[tuple[str, str, str], tuple[int, int]]
    estimates: tuple[Estimate, ...]
    mix: Mapping[tuple[str, str], float]
    cards: int
    models: int
    owners: int
    undated: int
    failed: int
    versions: Mapping[str, str] = field(default_factory=dict)
