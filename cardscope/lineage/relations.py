"""How a model was made out of its base when nobody says so: a guess from tags, library, name and tool, and its mark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cardscope.tables import on_overlay, read_table
from cardscope.types import Card, FrontMatter, GeneratorMatch, ModelInfo, Relation, Value

_WORDS = re.compile(r"[a-z0-9]+")
_LONGEST = 200
_NONE: frozenset[str] = frozenset()
_MOST_TAGS = 500
#: A longer first heading is a sentence, and one further down is no title.
_LONGEST_TITLE = 80
_DEEPEST_TITLE = 2


@dataclass(frozen=True, slots=True)
class Hints:
    """Marks of one relation, out of ``tables/relation_hints.toml``.

    Attributes:
        formats: Of files. Weights of one's own come in them too, so a tag tells a copy only beside a stated parent or
            the same word in the name.
    """

    libraries: frozenset[str]
    tags: frozenset[str]
    words: frozenset[str]
    endings: tuple[str, ...]
    formats: frozenset[str]

    def seen(
        self, libraries: frozenset[str], tags: frozenset[str], words: frozenset[str], *, child: bool = False
    ) -> str:
        """The first mark that is there, in words; empty for none. ``child``: a parent is stated."""
        for kind, wanted, given in (
            ("library", self.libraries, libraries),
            ("tag", self.tags, tags),
            ("tag", self.formats, tags if child else tags & words),
            ("name", self.words, words),
        ):
            if found := wanted & given:
                return f"{kind} {min(found)}"
        if self.endings and (ends := [word for word in words if word.endswith(self.endings)]):
            return f"name {min(ends)}"
        return ""


@dataclass(frozen=True, slots=True)
class Clues:
    """The text of a card, and the tools that wrote it: what tells beside metadata how its model was made."""

    card: Card | None = None
    generators: Sequence[GeneratorMatch] = ()


NO_CLUES = Clues()


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model says of itself that hints at how it was made, all in lower case.

    Attributes:
        tags: Without those that state a base model.
        words: Of the name, the account left out; of the title for a card without an id.
        tool: The outermost tool that makes one kind of model only, and what it makes.
    """

    libraries: frozenset[str]
    tags: frozenset[str]
    words: frozenset[str]
    tool: tuple[str, Relation] | None = None


def traits_of(model: str, fields: Mapping[str, Value], info: ModelInfo | None, clues: Clues = NO_CLUES) -> Traits:
    """Gathers library, tags and name from the card and the index, and the tool from the text."""
    stated, told = fields.get("library_name"), info.library_name if info is not None else None
    if told is None or told == stated:
        libraries = frozenset((stated.lower(),)) if isinstance(stated, str) else _NONE
    else:
        libraries = frozenset([entry.lower() for entry in (stated, told) if isinstance(entry, str)])
    tags = _tags(fields.get("tags"))
    if info is not None:
        tags += _tags(list(info.tags))
    words = words_of(model) if model else _title_words(clues.card)
    return Traits(libraries, frozenset(tags), words, _tool(clues.generators))


def _title_words(card: Card | None) -> frozenset[str]:
    """What stands in for the name where there is none. Titles speak of merging, ties and daring in other senses."""
    title = next((section for section in card.sections if section.level), None) if card is not None else None
    if title is None or title.level > _DEEPEST_TITLE or len(title.heading) > _LONGEST_TITLE:
        return _NONE
    return frozenset(_WORDS.findall(title.heading.lower())) - _hints()[Relation.MERGE].words


def _tool(generators: Sequence[GeneratorMatch]) -> tuple[str, Relation] | None:
    for match in generators:
        if (made := made_by(match.id)) is not None:
            return match.id, made
    return None


def fields_of(front_matter: FrontMatter | None, info: ModelInfo | None) -> Mapping[str, Value]:
    """The card's own fields; what the index has of them when there is no card at hand."""
    if front_matter is not None:
        return front_matter.fields
    return info.card_data or {} if info is not None else {}


def _tags(value: Any) -> list[str]:  # noqa: ANN401 - a list, a string, or anything else a card may hold
    entries = value[:_MOST_TAGS] if isinstance(value, list) else [value]
    return [
        entry.strip().lower()
        for entry in entries
        if isinstance(entry, str) and not entry.startswith("base_model:") and len(entry) <= _LONGEST
    ]


def words_of(model: str) -> frozenset[str]:
    """Words of the name of a model.

    >>> sorted(words_of("maker/Fjord-7B_Chat.GGUF"))
    ['7b', 'chat', 'fjord', 'gguf']
    """
    return frozenset(_WORDS.findall(model[:_LONGEST].rpartition("/")[2].lower()))


def infer_relation(traits: Traits, parent: str, parents: int) -> tuple[Relation, str]:
    """The likeliest relation to one parent, and the mark that says so.

    The order is the one that fits the Hub's own relations best: a merge needs several parents and a mark (the Hub calls
    several parents without one a fine-tune), adapter marks beat quantised ones (a GGUF file of a LoRA is an adapter),
    and a stated parent without any mark is a fine-tune. A tool is asked last, save one that quantises: it copies the
    marks of a merge out of the card of the model it was given.

    Args:
        parents: How many parents the model has.
    """
    hints = _hints()
    words = traits.words - words_of(parent)
    tool, made = traits.tool or ("", Relation.UNKNOWN)
    merges = parents > 1 and made is not Relation.QUANTIZED
    if merges and (mark := hints[Relation.MERGE].seen(traits.libraries, traits.tags, words)):
        return Relation.MERGE, mark
    for relation in (Relation.ADAPTER, Relation.QUANTIZED):
        telling = words if relation is Relation.QUANTIZED or not (traits.libraries or traits.tags) else _NONE
        if mark := hints[relation].seen(traits.libraries, traits.tags, telling, child=True):
            return relation, mark
    if made in (Relation.ADAPTER, Relation.QUANTIZED) or (made is Relation.MERGE and parents > 1):
        return made, f"made by {tool}"
    return Relation.FINETUNE, "no mark of another relation"


def marked_relation(traits: Traits) -> Relation | None:
    """The relation that marks or a tool tell, for a model that names no parent; ``None`` when nothing does."""
    made = traits.tool[1] if traits.tool is not None else None
    marked = _marked(traits)
    # What a quantiser copies out of the card of a merge is not its own.
    return made if marked is None or (marked is Relation.MERGE and made is Relation.QUANTIZED) else marked


def _marked(traits: Traits) -> Relation | None:
    every = _every_hint()
    # Most models have no mark at all: one look at each kind of mark instead of one for each relation.
    if (
        every.tags.isdisjoint(traits.tags)
        and every.formats.isdisjoint(traits.tags)
        and every.libraries.isdisjoint(traits.libraries)
        and every.words.isdisjoint(traits.words)
        and not (every.endings and any(word.endswith(every.endings) for word in traits.words))
    ):
        return None
    for relation in (Relation.QUANTIZED, Relation.ADAPTER, Relation.MERGE):
        hints = _hints()[relation]
        if hints.seen(traits.libraries, traits.tags, traits.words):
            return relation
    return None


@cache
def _hints() -> dict[Relation, Hints]:
    table = read_table("relation_hints")
    return {
        relation: Hints(
            frozenset(table[relation.value].get("libraries", ())),
            frozenset(table[relation.value].get("tags", ())),
            frozenset(table[relation.value].get("words", ())),
            tuple(table[relation.value].get("endings", ())),
            frozenset(table[relation.value].get("formats", ())),
        )
        for relation in (Relation.ADAPTER, Relation.QUANTIZED, Relation.MERGE)
    }


@cache
def _every_hint() -> Hints:
    hints = _hints().values()
    return Hints(
        frozenset().union(*(entry.libraries for entry in hints)),
        frozenset().union(*(entry.tags for entry in hints)),
        frozenset().union(*(entry.words for entry in hints)),
        tuple(ending for entry in hints for ending in entry.endings),
        frozenset().union(*(entry.formats for entry in hints)),
    )


@cache
def _makers() -> dict[str, Relation]:
    made = read_table("relation_hints").get("generators", {})
    return {generator: Relation(relation) for relation, names in made.items() for generator in names}


def made_by(generator: str) -> Relation | None:
    """The relation of what a tool makes, where it makes one kind of model only; ``None`` for any other tool."""
    return _makers().get(generator)


on_overlay(_hints.cache_clear)
on_overlay(_every_hint.cache_clear)
on_overlay(_makers.cache_clear)
