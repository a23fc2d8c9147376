"""The sockets: what a source, an index, an embedder and a reporter must offer, and how one is found by name.

Built-ins are named here; third parties register an entry point in the group ``cardscope.<kind>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cardscope.errors import UsageError
from cardscope.types import CardAnalysis, ModelId, ModelInfo, RawCard, Relation, SkippedCard

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class CardSource(Protocol):
    """Where cards come from."""

    def get(self, model: ModelId, revision: str | None = None) -> RawCard | SkippedCard:
        """The card of one model, or why there is none; raises only when the source itself is broken."""
        ...

    def iter(self) -> Iterator[RawCard | SkippedCard]:
        """All cards the source has, in a stable order."""
        ...


@runtime_checkable
class LicenseFiles(Protocol):
    """What a source of cards may offer besides: the licence files that lie beside them."""

    def license_text(self, model: ModelId, revision: str | None = None) -> str | None:
        """The text; empty when the model has no such file, ``None`` when nobody could look."""
        ...


class ModelIndex(Protocol):
    """Who knows of models and of the links between them."""

    def info(self, model: ModelId, revision: str | None = None) -> ModelInfo | SkippedCard:
        """What is known of one model besides its card, or why nothing is."""
        ...

    def children(self, model: ModelId, relation: Relation, limit: int) -> Sequence[ModelInfo]:
        """Direct descendants by one relation, most downloaded first, at most ``limit``."""
        ...


class Embedder(Protocol):
    """Text to vectors.

    Attributes:
        name: Short name and version, as it goes into the ``versions`` of a result.
        dimensions: Length of a vector.
    """

    name: str
    dimensions: int

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of shape ``(len(texts), dimensions)``; rows have length 1, or 0 for a text without words."""
        ...


class Reporter(Protocol):
    """A finished analysis to text of one format."""

    def render(self, result: CardAnalysis | SkippedCard) -> str:
        """The whole report, ending in a line break."""
        ...


#: kind -> name -> "module:attribute"; resolved on use so that naming a plug-in imports nothing.
BUILT_IN: dict[str, dict[str, str]] = {
    "embedder": {
        "static": "cardscope.embedders.static:StaticEmbedder",
        "lexical": "cardscope.embedders.lexical:LexicalEmbedder",
        "neural": "cardscope.embedders.neural:NeuralEmbedder",
    },
    "source": {
        "hub": "cardscope.sources.hub:HubSource",
        "folder": "cardscope.sources.folder:FolderSource",
        "corpus": "cardscope.sources.corpus:CorpusSource",
        "store": "cardscope.corpus.source:StoreSource",
    },
    "reporter": {
        "terminal": "cardscope.reporters.terminal:TerminalReporter",
        "json": "cardscope.reporters.jsonl:JsonReporter",
        "jsonl": "cardscope.reporters.jsonl:JsonLinesReporter",
        "markdown": "cardscope.reporters.markdown:MarkdownReporter",
    },
}


def available(kind: str) -> tuple[str, ...]:
    """Names that `load` knows for a kind, built-in ones first."""
    names = dict.fromkeys(BUILT_IN.get(kind, {}))
    names.update(dict.fromkeys(point.name for point in entry_points(group=f"cardscope.{kind}")))
    return tuple(names)


def load(kind: str, name: str) -> Any:  # noqa: ANN401 - what is loaded differs by kind; callers annotate
    """The class or factory registered for a name.

    Raises:
        UsageError: Nothing is registered under that name; the message lists what is.
    """
    target = BUILT_IN.get(kind, {}).get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=f"cardscope.{kind}", name=name):
        return point.load()
    raise UsageError(f"there is no {kind} of that name", subject=name, hint="known: " + ", ".join(available(kind)))
