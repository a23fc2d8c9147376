"""Any Sentence Transformers model, by name or path: the one door to torch, behind the extra ``neural``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardscope.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: What most people compare card texts with today.
USUAL = "sentence-transformers/all-MiniLM-L6-v2"


class NeuralEmbedder:
    """Vectors of a transformer, some 15 to 35 sections a second and core with a small one.

    The model runs with the code that is installed, never with code out of its repository.

    Args:
        name: Id on the Hub, or a folder.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        UsageError: The model cannot be loaded, for instance because there is none of that name.
    """

    def __init__(self, name: str | Path = USUAL) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtra("sentence_transformers", extra="neural") from error
        try:
            self._model: Any = SentenceTransformer(str(name), device="cpu", trust_remote_code=False)
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(
                "cannot be loaded as a Sentence Transformers model",
                subject=str(name),
                hint="give 'static', 'lexical', the id of a model on the Hub, or a folder",
            ) from error
        self.dimensions = int(self._model.get_embedding_dimension())
        self.name = f"neural:{Path(name).name if Path(name).is_dir() else name}"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of shape ``(len(texts), dimensions)``; rows have length 1, or 0 for a text that is blank."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        found = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        vectors = np.asarray(found, dtype=np.float32)
        # A transformer gives even the empty text a direction, and two empty texts would be alike.
        vectors[[not text.strip() for text in texts]] = 0.0
        return vectors
