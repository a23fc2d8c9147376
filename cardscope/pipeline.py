"""One card, or a stream of them, from its source to the finished analysis: the whole program on one page.

source.get(id) → RawCard → parse → Card ─┬→ generators ────────────→ attribution ┐
                                         ├→ lineage → licence verdicts           ├→ probes → findings → score
                                         └→ kinship with the parents ────────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

import cardscope
from cardscope import tables
from cardscope.licensing import judge_licenses, may_be_mended
from cardscope.lineage import (
    Clues,
    license_fields,
    repository_kind,
    state_edges,
    trace_lineage,
    unread_statements,
)
from cardscope.options import Options
from cardscope.parsing import read_card
from cardscope.plugins import CardSource, Embedder, LicenseFiles, ModelIndex
from cardscope.probes import run_probes
from cardscope.scoring import score
from cardscope.templates.attribution import attribute
from cardscope.templates.signatures import detect_generators
from cardscope.types import (
    Card,
    CardAnalysis,
    CardFacts,
    Dates,
    Kinship,
    LicenseVerdict,
    Lineage,
    ModelId,
    ModelInfo,
    Problem,
    RawCard,
    SkippedCard,
    SkipReason,
)

#: Tables whose rows a result depends on, besides the generators.
_TABLES = (
    "sections",
    "placeholders",
    "licenses",
    "license_reasons",
    "relation_hints",
    "metadata",
    "probes",
    "profiles",
)
#: Told what is being done, for a progress line; given the stage and the id it is about.
Listener = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Family:
    """What could be learnt of the models above one card."""

    lineage: Lineage
    kinship: tuple[Kinship, ...] = ()


class Analyzer:
    """Runs the whole chain on cards of one source.

    Args:
        source: Where the cards are; ``None`` when only cards at hand are analysed.
        index: Who knows of the models above them; ``None`` looks nothing up, so a lineage ends at what the card says.
        embedder: Called once, when the first parent is there to be compared with: loading one takes time.
        options: Of all stages.
        listener: Told about each stage.
    """

    def __init__(
        self,
        source: (CardSource | None) = None,
        index: ModelIndex | None = None,
        *,
        embedder: Callable[[], Embedder] | None = None,
        options: Options | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.source = source
        self.index = index
        self.options = options or Options()
        self._tell = listener or _silence
        self._embedder = cache(embedder or self._default_embedder)
        self._used_embedder = ""

    def analyze(self, model: ModelId, revision: str | None = None) -> CardAnalysis | SkippedCard:
        """The analysis of one model of the source, or why there is none.

        Raises:
            SourceError: The source itself is broken, which is not an answer about this model.
            ValueError: The analyser was made without a source.
        """
        if self.source is None:
            raise ValueError("this analyser has no source to get cards from")
        self._tell("fetch", model)
        raw = self.source.get(model, revision)
        return raw if isinstance(raw, SkippedCard) else self.analyze_raw(raw)

    def analyze_raw(self, raw: RawCard) -> CardAnalysis | SkippedCard:
        """The analysis of a card at hand; an empty README is skipped, any other content is analysed."""
        if not raw.content.strip(b"\xef\xbb\xbf \t\r\n"):
            return SkippedCard(
                raw.model_id,
                "parse",
                SkipReason.EMPTY_README,
                "has an empty README",
                "write one: cardscope has nothing to read",
                "" if raw.model_id else raw.origin,
            )
        self._tell("parse", raw.model_id or raw.origin)
        card = read_card(raw)
        info = self._info(card.model_id, raw.revision)
        generators = detect_generators(card)
        clues = Clues(card, generators)
        family = self._family(card, info, clues)
        inherited = [(kin.parent or ModelId(""), kin.inherited) for kin in family.kinship]
        self._tell("judge", raw.model_id or raw.origin)
        facts = CardFacts(
            card=card,
            kind=repository_kind(card.front_matter, info, family.lineage.parents, clues, model=card.model_id),
            info=info,
            generators=generators,
            attribution=attribute(card, generators, inherited),
            lineage=family.lineage,
            licenses=self._licenses(card, raw, family.lineage),
            kinship=family.kinship,
        )
        findings = run_probes(facts)
        return CardAnalysis(
            facts=facts,
            findings=findings,
            score=score(facts.kind, findings),
            revision=raw.revision or (info.revision if info else None),
            dates=_fuller(raw, info),
            origin=raw.origin,
            versions=self._versions(),
            cached=raw.cached,
        )

    def stream(self) -> Iterator[CardAnalysis | SkippedCard]:
        """The analyses of everything in the source, one at a time, nothing left out."""
        if self.source is None:
            raise ValueError("this analyser has no source to get cards from")
        for raw in self.source.iter():
            yield raw if isinstance(raw, SkippedCard) else self.analyze_raw(raw)

    def _info(self, model: ModelId | None, revision: str | None) -> ModelInfo | None:
        if model is None or self.index is None:
            return None
        info = self.index.info(model, revision)
        return info if isinstance(info, ModelInfo) else None

    def _family(self, card: Card, info: ModelInfo | None, clues: Clues) -> Family:
        unread = unread_statements(card.front_matter)
        if self.index is None:
            edges = state_edges(card.model_id, card.front_matter, info, clues)
            note = Problem("not-followed", "the models above were not looked up: no source of models was given")
            problems = (note, *unread) if edges else unread
            return Family(Lineage(card.model_id, parents=edges, edges=edges, problems=problems))
        self._tell("lineage", card.model_id or "")
        lineage = trace_lineage(
            card.model_id, self.index, self.options.lineage, front_matter=card.front_matter, info=info, clues=clues
        )
        lineage = replace(lineage, problems=(*lineage.problems, *unread))
        return Family(lineage, tuple(self._kinships(card, lineage)))

    def _licenses(self, card: Card, raw: RawCard, lineage: Lineage) -> tuple[LicenseVerdict, ...]:
        """The verdicts; the licence file is asked for only where it could change one, as most models have none."""
        judge = partial(
            judge_licenses, lineage, license_fields(card.front_matter.fields), model=card.model_id, card=card
        )
        verdicts = judge(license_text=raw.license_text)
        source: object = self.source
        if raw.license_text is None and card.model_id and isinstance(source, LicenseFiles) and may_be_mended(verdicts):
            # That there is none is not held against the card: of most models nobody asks.
            return judge(license_text=source.license_text(card.model_id, raw.revision) or None)
        return verdicts

    def _kinships(self, card: Card, lineage: Lineage) -> Iterator[Kinship]:
        if self.source is None:
            return
        nearest = [ancestor for ancestor in lineage.ancestors if ancestor.depth == 1]
        for ancestor in nearest[: self.options.kinship.parents]:
            self._tell("compare", ancestor.model_id)
            raw = self.source.get(ancestor.model_id)
            if isinstance(raw, RawCard):
                from cardscope.similarity import measure_kinship

                kinship = measure_kinship(card, read_card(raw), self._load_embedder(), self.options.kinship)
                yield replace(kinship, parent=ancestor.model_id)

    def _load_embedder(self) -> Embedder:
        embedder = self._embedder()
        self._used_embedder = embedder.name
        return embedder

    def _default_embedder(self) -> Embedder:
        from cardscope.embedders import load_embedder

        return load_embedder(self.options.embedder)

    def _versions(self) -> Mapping[str, str]:
        versions = {"cardscope": cardscope.__version__, **table_versions()}
        if self._used_embedder:
            versions["embedder"] = self._used_embedder
        return versions


def table_versions() -> dict[str, str]:
    """Version of every table a result depends on, keyed ``tables/<name>``."""
    return {f"tables/{name}": tables.version(name) for name in (*_TABLES, *tables.names("generators"))}


def _fuller(raw: RawCard, info: ModelInfo | None) -> Dates:
    """Dates of the card, with what the index knows where the card's own source did not."""
    if info is None:
        return raw.dates
    return Dates(
        created=raw.dates.created or info.dates.created,
        modified=raw.dates.modified or info.dates.modified,
        observed=raw.dates.observed or info.dates.observed,
    )


def _silence(stage: str, subject: str) -> None:
    """Listens to nothing."""
