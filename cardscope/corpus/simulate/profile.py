"""What is planted, read out of ``tables/simulation.toml``: shares as arrays, tools in the order of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cardscope.errors import InvalidTable
from cardscope.tables import merge, read_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Codes of ``relation``: 0 stands for a model without a parent.
RELATIONS: Final = ("root", "finetune", "adapter", "quantized", "merge")
#: Codes of ``fault``, what is wrong with the front matter.
FAULTS: Final = ("none", "absent", "blank", "unclosed", "no_yaml", "empty")
#: Codes of ``link``, how the parent is named; ``none`` where there is nothing to name.
LINKS: Final = ("none", "fine", "dead", "bare", "untyped", "self", "cycle")
#: Labels of sections that are handed down or dropped.
HANDED: Final = ("limitations", "out_of_scope", "license", "model_description")


@dataclass(frozen=True)
class Profile:
    """One profile of the table.

    Attributes:
        name: ``default``, or of the table laid over it.
        values: The table of the profile.
        tools: Rows of ``[[tool]]``; the code of a tool is its place plus one, 0 stands for none.
    """

    name: str
    values: Mapping[str, Any]
    tools: tuple[Mapping[str, Any], ...]
    card: Mapping[str, str]

    @cached_property
    def months(self) -> tuple[str, ...]:
        """All months from the first to the last, ``2022-03``."""
        first, last = _month(self.values["first_month"]), _month(self.values["last_month"])
        return tuple(f"{number // 12}-{number % 12 + 1:02d}" for number in range(first, last + 1))

    @cached_property
    def growth(self) -> Floats:
        """Share of the models by month, shape ``(months,)``."""
        import numpy as np

        places, weights = zip(*self.values["growth"], strict=True)
        line = np.interp(np.linspace(0.0, 1.0, len(self.months)), places, weights)
        return np.asarray(line / line.sum(), np.float64)

    @cached_property
    def adoption(self) -> Floats:
        """Share of cards by relation, month and tool (0 for none), shape ``(relations, months, tools + 1)``."""
        import numpy as np

        months = np.arange(len(self.months), dtype=np.float64)
        shares = np.zeros((len(RELATIONS), len(months), len(self.tools) + 1))
        for code, tool in enumerate(self.tools, 1):
            curve = _logistic(months, *tool["rise"])
            if "fall" in tool:
                curve = curve * (1.0 - _logistic(months, *tool["fall"]))
            for relation, weight in tool["weights"].items():
                shares[RELATIONS.index(relation), :, code] = weight * curve
        total = shares.sum(axis=2, keepdims=True)
        # Some always write by hand: tools together get 97 % at most.
        shares *= np.minimum(1.0, 0.97 / np.maximum(total, 1e-9))
        shares[:, :, 0] = 1.0 - shares.sum(axis=2)
        return shares

    def month_of(self, name: str) -> int:
        """Place of a month in `months`."""
        return self.months.index(name)


def load_profile(name: str) -> Profile:
    """The profile of that name; ``paper`` and others are laid over ``default``.

    Raises:
        InvalidTable: There is no such profile.
    """
    table = read_table("simulation")
    if name not in table or name in ("table", "tool", "card"):
        raise InvalidTable(
            "is no profile of tables/simulation.toml", subject=name, hint=f"choose {', '.join(profiles())}"
        )
    values = table["default"] if name == "default" else merge(table["default"], table[name])
    return Profile(name, values, tuple(table["tool"]), table["card"])


def profiles() -> tuple[str, ...]:
    """Names of all profiles."""
    return tuple(name for name in read_table("simulation") if name not in ("table", "tool", "card"))


def _month(text: str) -> int:
    year, month = text.split("-")
    return int(year) * 12 + int(month) - 1


def _logistic(months: Floats, middle: float, width: float) -> Floats:
    import numpy as np

    return np.asarray(1.0 / (1.0 + np.exp(-(months - middle) / width)), np.float64)
