"""Real cards, seen as their own index: no content raises, and every answer keeps its promises."""

from __future__ import annotations

import random

from cardscope.errors import InvalidModelId
from cardscope.licensing import judge_licenses
from cardscope.lineage import license_fields, repository_kind, state_edges, trace_lineage
from cardscope.parsing import parse_card
from cardscope.types import ModelInfo, SkippedCard, SkipReason, model_id

SAMPLE = 1500


class Cards:
    """The cards of a table as an index."""

    def __init__(self, cards):
        self.cards = cards

    def info(self, model, revision=None):
        if model not in self.cards:
            return SkippedCard(model, "fetch", SkipReason.NOT_FOUND, "not here")
        return ModelInfo(model, card_data=self.cards[model].front_matter.fields)

    def children(self, model, relation, limit):
        return []


def test_a_sample_of_real_cards(shared):
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"]).to_pylist()
    named = [row for row in table if "base_model" in row["card"][:3000]]
    cards = {}
    for row in random.Random(7).sample(named, SAMPLE) + random.Random(8).sample(table, SAMPLE):
        try:
            name = model_id(row["model_id"])
        except InvalidModelId:
            continue
        cards[name] = parse_card(row["card"], name)
    index, verdicts = Cards(cards), 0
    for name, card in cards.items():
        edges = state_edges(name, card.front_matter, None)
        assert len({edge.parent.casefold() for edge in edges}) == len(edges)
        assert all(edge.statements and edge.parent.isprintable() for edge in edges)
        repository_kind(card.front_matter, None, edges, model=name)
        lineage = trace_lineage(name, index, front_matter=card.front_matter)
        assert len({ancestor.model_id for ancestor in lineage.ancestors}) == len(lineage.ancestors)
        for ancestor in lineage.ancestors:
            assert ancestor.path[0] == ancestor.model_id
            assert ancestor.path[-1] == name
            assert len(ancestor.relations) == len(ancestor.path) - 1 == ancestor.depth
        found = judge_licenses(lineage, license_fields(card.front_matter.fields), model=name, card=card)
        assert [verdict.ancestor for verdict in found if verdict.ancestor] == [a.model_id for a in lineage.ancestors]
        assert all(verdict.message.isprintable() for verdict in found)
        verdicts += len(found)
    assert verdicts > SAMPLE
