"""The layers behind the encoder's table: every number of a mean is bent by itself, with NumPy alone.

In the folder they are two ``Dense`` modules of Sentence Transformers, a diagonal matrix under tanh and one that adds up
at most two of its outcomes a number. Multiplied out they would take fifty times as long, and the last bits of a row
would hang on how many rows a library multiplies at once; so they are read as the few numbers they hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: The folders of the two layers, beneath the encoder's.
FOLDERS = ("1_Dense", "2_Dense")
_ACTIVATIONS = ("torch.nn.modules.activation.Tanh", "torch.nn.modules.linear.Identity")


class Bend:
    """Means of words as the two layers leave them.

    Args:
        into: Shape ``(hidden, numbers)``, one entry in each row that is not 0.
        out_of: Shape ``(numbers, hidden)``, one or two entries in each row that are not 0.

    Raises:
        ValueError: The matrices are not of that form.
    """

    def __init__(self, into: npt.NDArray[np.floating], out_of: npt.NDArray[np.floating]) -> None:
        import numpy as np

        per_row, per_number = np.count_nonzero(into, axis=1), np.count_nonzero(out_of, axis=1)
        numbers = into.shape[1]
        fits = out_of.shape == (numbers, len(into))
        if not (fits and np.all(per_row == 1) and np.all((per_number == 1) | (per_number == 2))):
            raise ValueError("a layer does more than bend single numbers")
        source = (into != 0).argmax(axis=1)
        order = np.argsort(out_of == 0, axis=1, kind="stable")
        self._first, second = order[:, 0], order[:, min(1, len(into) - 1)]
        self._twice = np.flatnonzero(per_number == 2)
        self._second = second[self._twice]
        every = np.arange(numbers)
        self._weight = out_of[every, self._first].astype(np.float32)
        self._weight_twice = out_of[self._twice, self._second].astype(np.float32)
        factor = into[np.arange(len(into)), source].astype(np.float32)
        self._source, self._factor = source[self._first], factor[self._first]
        self._source_twice, self._factor_twice = source[self._second], factor[self._second]

    def __call__(self, means: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The bent means, of the same shape; a row of zeros stays one."""
        import numpy as np

        bent: npt.NDArray[np.float32] = np.tanh(means[:, self._source] * self._factor) * self._weight
        again = np.tanh(means[:, self._source_twice] * self._factor_twice) * self._weight_twice
        bent[:, self._twice] += again
        return bent


def read(folder: Path) -> tuple[Bend, bytes]:
    """The layers of an encoder's folder, and the bytes of their weights.

    Raises:
        OSError: A file of theirs is missing or cannot be read.
        ValueError: They are not two layers without bias, the first with tanh and the second without.
        KeyError: The weights go by another name.
        SafetensorError: The weights are no weights.
    """
    from safetensors.numpy import load

    for name, activation in zip(FOLDERS, _ACTIVATIONS, strict=True):
        settings = json.loads((folder / name / "config.json").read_bytes())
        if settings["bias"] or settings["activation_function"] != activation:
            raise ValueError(f"{name} is not the layer that is known here")
    contents = [(folder / name / "model.safetensors").read_bytes() for name in FOLDERS]
    into, out_of = (load(content)["linear.weight"] for content in contents)
    return Bend(into, out_of), b"".join(contents)
