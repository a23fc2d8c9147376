"""One simulated model, and the small writer that turns its fields into front matter."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass
class Model:
    """What the simulated Hub knows of a model; ``card`` is ``None`` where there is nothing to read.

    Attributes:
        parents: Ids with the Hub's word for the relation; empty relation for a link without one.
        state: Empty for a readable card, else ``gated``, ``private``, ``removed``, ``no-readme``.
    """

    model_id: str
    card: str | None
    created: datetime
    parents: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library_name: str | None = None
    gated: str | None = None
    private: bool = False
    renamed_from: tuple[str, ...] = ()
    state: str = ""
    modified: datetime | None = None
    downloads: int = 0
    likes: int = 0
    fields: dict[str, Any] = field(default_factory=dict)

    def hub_tags(self) -> list[str]:
        """Tags in the form the Hub gives them: library, own tags, languages, licence, datasets, parents, region."""
        tags = [self.library_name] if self.library_name else []
        tags += [tag for tag in self.tags if tag not in tags]
        for key, prefix in (("language", ""), ("datasets", "dataset:"), ("license", "license:")):
            value = self.fields.get(key)
            tags += [f"{prefix}{item}" for item in (value if isinstance(value, list) else [value]) if item]
        for parent, relation in self.parents:
            tags.append(f"base_model:{parent}")
            if relation:
                tags.append(f"base_model:{relation}:{parent}")
        return [*dict.fromkeys(tags), "region:us"]


def revision(model_id: str, seed: int) -> str:
    """Forty hexadecimal digits that stand for the last commit."""
    return hashlib.sha1(f"{seed}/{model_id}".encode(), usedforsecurity=False).hexdigest()


def front_matter(fields: Mapping[str, Any]) -> str:
    """A YAML block as tools write it, block style throughout; empty text for no fields."""
    if not fields:
        return ""
    return "---\n" + "".join(_entry(key, value) for key, value in fields.items()) + "---\n"


def _entry(key: str, value: Any, indent: str = "") -> str:  # noqa: ANN401 - whatever YAML can hold
    if isinstance(value, list):
        return f"{indent}{key}:\n" + "".join(f"{indent}- {item}\n" for item in value)
    if isinstance(value, dict):
        return f"{indent}{key}:\n" + "".join(_entry(inner, item, indent + "  ") for inner, item in value.items())
    return f"{indent}{key}: {value}\n"


def short(model_id: str) -> str:
    """The name without its owner."""
    return model_id.rpartition("/")[2]


def link(model_id: str) -> str:
    """A Markdown link to the model's page on the Hub."""
    return f"[{model_id}](https://huggingface.co/{model_id})"


class Dice(random.Random):
    """The only source of chance: one seed for the hub, one stream for each model so that rows do not disturb others."""

    def __init__(self, seed: int, stream: str) -> None:
        super().__init__(int(hashlib.sha256(f"{seed}/{stream}".encode()).hexdigest()[:16], 16))

    def some(self, items: tuple[str, ...], least: int, most: int) -> list[str]:
        """Between ``least`` and ``most`` items, in their order."""
        chosen = self.sample(range(len(items)), min(len(items), self.randint(least, most)))
        return [items[index] for index in sorted(chosen)]

    def after(self, day: datetime, least: int = 3, most: int = 120) -> datetime:
        """A second within office and night hours, some days later, never after the hub's last day."""
        later = day + timedelta(days=self.randint(least, most), seconds=self.randint(0, 86399))
        last = datetime(2025, 6, 29, 22, 0, tzinfo=UTC)
        return later if later < last else day + (last - day) * self.random()
