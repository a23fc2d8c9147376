"""What a card says in sentences of how its model was made, for cards whose metadata say nothing.

Only the kind of a model is read out of prose, never a parent: an edge is followed, looked up and judged by its licence,
and a sentence names its base in too many ways for that. Where it does, ``has-base-model`` names the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from cardscope.parsing.placeholders import is_placeholder
from cardscope.tables import on_overlay, read_table
from cardscope.types import BlockKind, Card, Relation

_WORDS = re.compile(r"[^\W_]+")
_LINK_TARGET = re.compile(r"\]\([^()\s]{0,300}\)?")
_SPOKEN: Final = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE})
_MARKUP = str.maketrans("", "", "*_`#>\"'“”[]")
#: Not a colon: what stands before one ("Example:") may tell that the sentence speaks of nothing real.
#: "Is meant to be fine-tuned on" speaks of what nobody has done yet.
_NOT_DONE = frozenset({"not", "to", "be", "never"})
#: After a phrase, these tell that it speaks of a copy of this model, or of a trial.
_ELSEWHERE = ("this", "itself", "the downstream", "downstream")
_SENTENCE_ENDS = (". ", "! ", "? ", "; ")
#: Lines of one block that are read.
_LINES = 60
#: A sentence that comes to the point later is about something else.
_HEAD = 140
#: Words between "is" and the phrase: "is an updated and slightly larger".
_BETWEEN = 6
#: Words of a subject that can be a name, and of an opening without any verb: "An experimental".
_SUBJECT = 6
_OPENING = 4
_KEY = 40
#: Further down, what was fine-tuned on data is as often a model of the same family, or this one for a test.
_EARLY = 40


class _Wording:
    """The table's ``[prose]``, ready to be looked up."""

    def __init__(self) -> None:
        import ahocorasick_rs

        table = read_table("relation_hints").get("prose", {})
        self.phrases = tuple(
            (phrase, relation)
            for relation in (Relation.FINETUNE, Relation.MERGE, Relation.QUANTIZED)
            for phrase in table.get(relation.value, ())
        ) + tuple((phrase, Relation.FINETUNE) for phrase in table.get("data", ()))
        # Of these the whole sentence is wanted.
        self.data = frozenset(table.get("data", ()))
        self.keys = frozenset(table.get("keys", ()))
        self.nobody = tuple(table.get("nobody", ()))
        self.copulas = frozenset(table.get("copulas", ()))
        self.selves = frozenset(table.get("selves", ()))
        self.others = frozenset(table.get("others", ()))
        self.openers = frozenset(table.get("openers", ()))
        self.recipes = frozenset(table.get("recipes", ()))
        self._marks = tuple(dict.fromkeys((*(phrase for phrase, _ in self.phrases), *self.keys, *self.recipes)))
        # One pass over a card instead of one for each phrase; most cards have none.
        self._automaton = ahocorasick_rs.BytesAhoCorasick(
            [mark.encode() for mark in self._marks], implementation=ahocorasick_rs.Implementation.DFA
        )

    def seen_in(self, text: str) -> frozenset[str]:
        """The phrases and keys that stand anywhere in a card, in any case."""
        content = text.encode("utf-8", "replace").lower()
        matches = self._automaton.find_matches_as_indexes(content, overlapping=True)
        return frozenset([self._marks[number] for number, _, _ in matches])


@cache
def _wording() -> _Wording:
    return _Wording()


on_overlay(_wording.cache_clear)


def told_relation(card: Card, name: str) -> Relation | None:
    """The relation that the first sentence or row on the matter tells of the model itself; ``None`` when none does.

    Args:
        name: Of the model; a sentence may call it so instead of "this model".
    """
    # Reading the sections has seen to it already whether a base model is named anywhere; in most cards none is.
    text = card.text
    if not (
        "tuned" in text
        or "merge_method" in text
        or any(found.label == "base_model" for section in card.sections for found in section.evidence)
    ):
        return None
    wording = _wording()
    seen = wording.seen_in(text)
    if not seen:
        return None
    phrases = [pair for pair in wording.phrases if pair[0] in seen]
    keys = not wording.keys.isdisjoint(seen)
    names = _names_of(card, name)
    early = _EARLY + (card.body.first if card.body is not None else 0)
    for number in _lines(card):
        line = card.lines[number - 1]
        low = line.lower()
        if keys and (value := _value(low, wording)) is not None:
            if value and not value.startswith(wording.nobody) and not is_placeholder(line):
                return Relation.FINETUNE
            continue
        for phrase, relation in phrases:
            at = low.find(phrase)
            if at >= 0 and (number < early or phrase not in wording.data) and _is_of_itself(low, at, phrase, names):
                return relation
    return None if wording.recipes.isdisjoint(seen) else Relation.MERGE


def _lines(card: Card) -> Iterator[int]:
    for section in card.sections:
        for block in section.blocks:
            if block.kind in _SPOKEN:
                yield from range(block.span.first, min(block.span.last, block.span.first + _LINES) + 1)


def _names_of(card: Card, name: str) -> frozenset[str]:
    title = next((section.heading for section in card.sections if section.level), "")
    return frozenset(_WORDS.findall(f"{name.rpartition('/')[2]} {title[:_HEAD]}".replace("_", " ").lower()))


def _value(line: str, wording: _Wording) -> str | None:
    """What stands behind one of the keys in a line ``key: value``; ``None`` for any other line."""
    end = line.find(":", 0, _KEY)
    if end < 0 or line[:end].translate(_MARKUP).strip(" -+•\t").removesuffix("optional").strip() not in wording.keys:
        return None
    return line[end + 1 :].translate(_MARKUP).strip(" \t|()-.")


def _is_of_itself(line: str, start: int, phrase: str, names: frozenset[str]) -> bool:
    """Whether the sentence around a phrase has the model of the card as its subject.

    It has when it begins with "this", "it" and the like, or with the model's name; or when it has no verb at all and
    opens the line: "An experimental fine-tune of". What was trained before it was fine-tuned on data may be a model of
    its own.
    """
    wording = _wording()
    data = phrase in wording.data
    head = line[max(0, start - 3 * _HEAD) : start]
    cut = max(head.rfind(sign) for sign in _SENTENCE_ENDS)
    words = _LINK_TARGET.sub("", head[cut + 1 :]).translate(_MARKUP).strip(" -+•|(\t").split()
    if sum(map(len, words)) > _HEAD or line[start + len(phrase) :][:20].lstrip(" *_`").startswith(_ELSEWHERE):
        return False
    for at in range(len(words) - 1, max(len(words) - 2 - _BETWEEN, -1), -1):
        if words[at] in wording.copulas:
            between = words[at:]
            trained = data and any("train" in word for word in between)
            return not trained and _NOT_DONE.isdisjoint(between) and _is_self(words[:at], names, wording)
    if data or cut >= 0 or start > len(head) or len(words) > _OPENING or not all(map(_WORDS.match, words)):
        return False
    return not words or words[0] in wording.openers or len(words) <= _OPENING // 2


def _is_self(subject: Sequence[str], names: frozenset[str], wording: _Wording) -> bool:
    if not subject or not wording.others.isdisjoint(subject):
        return False
    if subject[0] in wording.selves:
        return True
    parts = [part for word in subject for part in _WORDS.findall(word)]
    return len(subject) <= _SUBJECT and 2 * sum(part in names for part in parts) >= len(parts) > 0
