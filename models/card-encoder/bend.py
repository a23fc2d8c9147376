"""What becomes of the mean of a text's words: every number is bent by itself, then weighed.

The table holds three kinds of numbers side by side: which question a text answers (*topic*), what was learned of its
meaning (*meaning*), and a random direction for every word, long for rare ones (*names*). A mean alone cannot serve
sections and whole cards at once: sections of one label are alike by topic, cards of one family by names, and one
weight for both is a bargain between them. Two bends lift it:

- A *topic* that is near that of the mean card counts little, ``z - t tanh(z / t)``: whole cards, which answer all
  questions, are compared by the rest.
- *meaning* and *names* have about the same length whatever the text, ``tanh(c x)``: the mean of a long text is short
  in random directions, for its words point everywhere.

Both are layers that Sentence Transformers calls ``Dense``: a diagonal matrix, tanh, and a matrix that adds up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

Array = np.ndarray[Any, np.dtype[Any]]

TOPIC, MEANING, NAMES = 24, 96, 136
#: tanh of the topic times this is the topic itself, to within what half precision keeps.
STRAIGHT = 2.0**-8


@dataclass(frozen=True)
class Bend:
    """Weights of the three kinds, and where each is bent; lengths are those of the mean section, which has 1."""

    topic: float
    meaning: float
    names: float
    #: A topic shorter than this, in any one direction, counts as next to none.
    near: float
    #: A number twice as long as usual is bent to 1 by tanh(2) = 0.96 and not to 2.
    steep: float = 2.0

    def __call__(self, means: torch.Tensor) -> torch.Tensor:
        """The bent means, not yet of length 1."""
        topic, meaning, names = means.split((TOPIC, MEANING, NAMES), dim=1)
        return torch.hstack([
            self.topic * (topic - self.near * torch.tanh(topic / self.near)),
            self._even(self.meaning, meaning),
            self._even(self.names, names),
        ])  # fmt: skip

    def _even(self, weight: float, part: torch.Tensor) -> torch.Tensor:
        usual = part.shape[1] ** -0.5
        return weight * usual / float(np.tanh(self.steep)) * torch.tanh(self.steep / usual * part)

    def layers(self, unit: Array) -> tuple[Array, Array]:
        """The same as two matrices with tanh between them, for a table whose columns were divided by ``unit``."""
        parts = [(MEANING, self.meaning), (NAMES, self.names)]
        into = np.concatenate([[STRAIGHT] * TOPIC, *[[self.steep * size**0.5] * size for size, _ in parts]])
        out_of = np.concatenate([
            [self.topic / STRAIGHT] * TOPIC,
            *[[weight / size**0.5 / np.tanh(self.steep)] * size for size, weight in parts],
        ])  # fmt: skip
        first = np.vstack([np.diag(into * unit), np.eye(TOPIC, len(unit)) * unit / self.near])
        second = np.hstack([np.diag(out_of), -self.topic * self.near * np.eye(len(unit), TOPIC)])
        return first.astype(np.float16), second.astype(np.float16)


def parsed(text: str) -> Bend:
    """A bend out of four numbers with commas."""
    topic, meaning, names, near = map(float, text.split(","))
    return Bend(topic, meaning, names, near)


def units(table: Array) -> Array:
    """For each column the length that rows usually have in its kind, so that no kind is lost when rows are rounded."""
    found = []
    start = 0
    for size in (TOPIC, MEANING, NAMES):
        longest = np.abs(table[:, start : start + size]).max(axis=1)
        found += [float(np.median(longest[longest > 0]))] * size
        start += size
    return np.array(found)


def write_layer(folder: Path, weights: Array, activation: str) -> None:
    """A folder of a ``Dense`` layer without bias, so that a text without words stays 0."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({"linear.weight": weights}, str(folder / "model.safetensors"))
    settings = {
        "in_features": weights.shape[1],
        "out_features": weights.shape[0],
        "bias": False,
        "activation_function": f"torch.nn.modules.{activation}",
    }
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
