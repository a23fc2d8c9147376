"""Where a model comes from: what it says of its base models, followed to the roots with the bad links kept."""

from __future__ import annotations

from cardscope.lineage.relations import Clues
from cardscope.lineage.statements import license_fields, repository_kind, state_edges
from cardscope.lineage.unread import unread_statements
from cardscope.lineage.walk import trace_lineage

__all__ = ["Clues", "license_fields", "repository_kind", "state_edges", "trace_lineage", "unread_statements"]
