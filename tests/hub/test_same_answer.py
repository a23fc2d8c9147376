"""One model, asked over HTTP and out of the corpus behind the server: the analysis is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from cardscope.options import SourceOptions
from cardscope.pipeline import Analyzer
from cardscope.sources.corpus import CorpusSource
from cardscope.sources.hub import HubSource
from cardscope.types import CardAnalysis, ModelId, SkippedCard
from tests.hub.fixtures import StartHub
from tests.hub.server import HubServer, models_of

DEMO = Path(__file__).parents[2] / "corpora" / "demo"
#: More would mean that the Hub is asked twice for the same thing.
MOST_REQUESTS = 40


@pytest.fixture
def demo_hub(hub_server: StartHub) -> HubServer:
    return hub_server(models_of(DEMO))


def flagship() -> ModelId:
    import tomllib

    return ModelId(tomllib.loads((DEMO / "demo.toml").read_text(encoding="utf-8"))["flagship"])


def test_the_flagship(demo_hub: HubServer) -> None:
    hub, corpus = HubSource(SourceOptions(endpoint=demo_hub.url), False), CorpusSource(DEMO)
    over_http = Analyzer(hub, hub).analyze(flagship())
    asked = [f"{entry.method} {entry.path}?{entry.query}" for entry in demo_hub.log]
    at_hand = Analyzer(corpus, corpus).analyze(flagship())
    assert isinstance(over_http, CardAnalysis)
    assert isinstance(at_hand, CardAnalysis)
    assert over_http.facts.card == at_hand.facts.card
    assert over_http.facts.licenses == at_hand.facts.licenses
    assert over_http.facts.kinship == at_hand.facts.kinship
    assert over_http.findings == at_hand.findings
    assert over_http.score == at_hand.score
    assert over_http.dates == at_hand.dates
    (one, other) = (over_http.facts.lineage, at_hand.facts.lineage)
    assert one is not None
    assert other is not None
    assert one.edges == other.edges
    assert [ancestor.path for ancestor in one.ancestors] == [ancestor.path for ancestor in other.ancestors]
    assert sorted(one.children.top) == sorted(other.children.top)
    assert len(asked) <= MOST_REQUESTS
    assert len(asked) == len(set(asked))


def test_what_is_skipped_is_skipped_for_the_same_reason(demo_hub: HubServer) -> None:
    hub, corpus = HubSource(SourceOptions(endpoint=demo_hub.url), False), CorpusSource(DEMO)
    for answer in corpus.iter():
        if isinstance(answer, SkippedCard) and answer.model_id is not None:
            found = hub.get(answer.model_id)
            assert isinstance(found, SkippedCard)
            # A Hub does not tell the private from the missing.
            assert found.reason == ("not-found" if answer.reason == "private" else answer.reason)
