"""The table of section labels, compiled once into what makes looking up a heading or a line cheap."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cardscope import tables
from cardscope.errors import InvalidTable

#: "1.", "2.1", "3)", "IV." before a heading; not "4 bit" or "7B", which are part of its meaning.
_NUMBERING = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){1,3}\.?|\d{1,2}[.):]|[ivx]{1,4}[.)]|[a-h][.)]|step \d{1,2}:"
    r"|[一二三四五六七八九十]{1,2}、)"
    r"\s*"
)
_OPTIONAL = re.compile(r"[\[(（]\s*optional\s*[\])）]")
_WORD = re.compile(r"\w+(?:[-/.]\w+)*", re.UNICODE)
_SEPARATOR = re.compile(r"[-_/.]")
#: Scripts written without blanks between words: a phrase in one of them is found anywhere.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: Characters of a heading that are read; what is longer is a paragraph by mistake.
LONGEST = 300
#: A phrase of n words says too little of a heading with more than n times this ("… model for training …" in a title).
SHORT = 6
#: Longer headings are sentences or titles of papers.
LONG = 16


def normalize_heading(heading: str) -> tuple[str, ...]:
    """The words of a heading in one case; numbering, "optional", emoji, markup and punctuation are gone.

    Compound names keep their inner marks here (``wav2vec2-base-timit-demo``), so that no word inside one is read.

    >>> normalize_heading("**2.1 Bias, Risks & Limitations [optional]:**")
    ('bias', 'risks', 'and', 'limitations')
    """
    text = heading[:LONGEST]
    text = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    if "optional" in text:
        text = _OPTIONAL.sub(" ", text)
    text = text.replace("&amp;", " and ").replace("&", " and ").lstrip(" \t*_#>:.-–—•·◦\u200b\ufe0f")
    if text[:1].isalnum() and (match := _NUMBERING.match(text)) and match.end() < len(text):
        text = text[match.end() :]
    return tuple(_WORD.findall(text))


def _spaced(words: Iterable[str]) -> str:
    """Words with a blank on either side each, as the automaton wants them: neighbours share none."""
    return "".join(f" {word} " for word in words)


def _is_name(word: str) -> bool:
    """Whether a compound is the name of a model, file or data set and no two words: it has a digit or many joints."""
    joints = len(_SEPARATOR.findall(word))
    return joints >= 1 and (joints >= 3 or any(char.isdigit() for char in word) or "_" in word)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What one pattern of the automaton stands for."""

    labels: tuple[str, ...]
    words: int
    unspaced: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The compiled table.

    Attributes:
        names: All labels in the order of the table, which is the order of preference.
        exact: Whole heading to labels.
        within: Label of the enclosing section and whole heading to labels.
        phrases: What each pattern of ``automaton`` stands for.
        starts: First word of a heading, to labels, when nothing else in it is known.
        keys: What stands before a colon, to a label.
        fields: Field of the front matter, or "field.key", to labels.
        prose: Marks in running text, as UTF-8; ``prose_labels`` in the same order. ``code`` likewise.
        prose_open: Which of the marks in running text leave the answer open.
        cues: A label and another that its heading names, to the words of which one must stand below it.
        columns: Word in the head of a table of numbers, to labels.
        loads: Calls by which code loads a model, in lower case.
        parents: Label to the label that it answers too.
    """

    names: tuple[str, ...]
    exact: Mapping[str, tuple[str, ...]]
    within: Mapping[tuple[str, str], tuple[str, ...]]
    automaton: Any
    phrases: tuple[Phrase, ...]
    starts: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, str]
    fields: Mapping[str, tuple[str, ...]]
    prose: Any
    prose_labels: tuple[tuple[str, ...], ...]
    prose_open: frozenset[int]
    code: Any
    code_labels: tuple[tuple[str, ...], ...]
    cues: Mapping[tuple[str, str], tuple[str, ...]]
    columns: Mapping[str, tuple[str, ...]]
    loads: tuple[str, ...]
    inherit: frozenset[str]
    closed: frozenset[str]
    parents: Mapping[str, str]

    def exactly(self, words: tuple[str, ...], parents: tuple[str, ...]) -> tuple[str, ...]:
        """Labels of a heading that is, as a whole, in the table; the enclosing section speaks first."""
        plain = " ".join(_SEPARATOR.sub(" ", word) for word in words)
        for parent in parents:
            if found := self.within.get((parent, plain)):
                return found
        return self.exact.get(plain, ())

    def inside(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Labels whose phrases stand in a heading, the longest phrase first; names of models are not looked into."""
        if len(words) > LONG:
            words = words[:LONG]
        parts: list[str] = []
        for word in words:
            if not _SEPARATOR.search(word):
                parts.append(word)
            elif _is_name(word):
                parts.append("·")
            else:
                parts.extend(_SEPARATOR.split(word))
        found: list[tuple[int, int, tuple[str, ...]]] = []
        for pattern, start, end in self.automaton.find_matches_as_indexes(_spaced(parts)):
            phrase = self.phrases[pattern]
            if len(parts) > SHORT * phrase.words and not phrase.unspaced:
                continue
            found.append((start - end, start, phrase.labels))
        return tuple(dict.fromkeys(label for _, _, labels in sorted(found) for label in labels))


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The table of section labels, compiled; again when a user's tables are laid over it.

    Raises:
        InvalidTable: A row lacks its title, names a label that is not there, or has a phrase without words.
    """
    table = {name: row for name, row in tables.read_table("sections").items() if name != "table"}
    _check(table)
    exact: dict[str, list[str]] = defaultdict(list)
    patterns: dict[str, list[str]] = defaultdict(list)
    within: dict[tuple[str, str], list[str]] = defaultdict(list)
    for label, row in table.items():
        for phrase in _all(row.get("phrases", {})):
            _add(exact, patterns, label, phrase)
        for phrase in _all(row.get("exact", {})):
            exact[_plain(phrase)].append(label)
        for parent, phrases in row.get("within", {}).items():
            for phrase in phrases:
                within[parent, _plain(phrase)].append(label)
    prose, code = _by_mark(table, "prose"), _by_mark(table, "code")
    prose |= {mark: [] for mark in _by_mark(table, "prose_not")}
    left_open = _by_mark(table, "prose_open")
    return Lexicon(
        names=tuple(table),
        exact=_frozen(exact),
        within={key: tuple(dict.fromkeys(labels)) for key, labels in within.items()},
        automaton=_automaton(patterns),
        phrases=tuple(_phrase(pattern, labels) for pattern, labels in patterns.items()),
        starts=_frozen(_by_mark(table, "starts")),
        keys=_first(table, "keys"),
        fields={name: tuple(labels) for name, labels in _by_mark(table, "fields").items()},
        prose=_of_bytes([*prose, *left_open]),
        prose_labels=tuple(tuple(labels) for labels in [*prose.values(), *left_open.values()]),
        prose_open=frozenset(range(len(prose), len(prose) + len(left_open))),
        code=_of_bytes(code),
        code_labels=tuple(tuple(labels) for labels in code.values()),
        cues={(label, name): tuple(cues) for label, row in table.items() for name, cues in row.get("cues", {}).items()},
        columns=_frozen(_by_mark(table, "columns")),
        loads=tuple(_by_mark(table, "loads")),
        inherit=frozenset(label for label, row in table.items() if row.get("inherit")),
        closed=frozenset(label for label, row in table.items() if row.get("closed")),
        parents={label: row["parent"] for label, row in table.items() if row.get("parent")},
    )


tables.on_overlay(lexicon.cache_clear)


def _check(table: Mapping[str, Any]) -> None:
    for label, row in table.items():
        for named in [row.get("parent"), *row.get("within", {}), *row.get("cues", {})]:
            if named and named not in table:
                raise InvalidTable(f"{label} names {named}, which is no label", subject="sections")
        if not row.get("title"):
            raise InvalidTable(f"{label} has no title", subject="sections")
        for phrase in [*_all(row.get("phrases", {})), *_all(row.get("exact", {}))]:
            if not _plain(phrase):
                raise InvalidTable(f"{label} has a phrase without words", subject="sections")


def _all(by_language: Mapping[str, Iterable[str]]) -> Iterable[str]:
    return (phrase for phrases in by_language.values() for phrase in phrases)


def _plain(phrase: str) -> str:
    return " ".join(_SEPARATOR.sub(" ", word) for word in normalize_heading(phrase))


def _add(exact: dict[str, list[str]], patterns: dict[str, list[str]], label: str, phrase: str) -> None:
    plain = _plain(phrase)
    exact[plain].append(label)
    if _UNSPACED.search(plain):
        patterns[plain.replace(" ", "  ")].append(label)
        return
    pattern = _spaced(plain.split())
    patterns[pattern.rstrip() if phrase.endswith("*") else pattern].append(label)


def _phrase(pattern: str, labels: list[str]) -> Phrase:
    return Phrase(tuple(dict.fromkeys(labels)), len(pattern.split()), bool(_UNSPACED.search(pattern)))


def _automaton(patterns: Iterable[str]) -> Any:  # noqa: ANN401 - a class of the extension
    from ahocorasick_rs import AhoCorasick, MatchKind

    return AhoCorasick(list(patterns), matchkind=MatchKind.LeftmostLongest)


def _of_bytes(patterns: Iterable[str]) -> Any:  # noqa: ANN401 - a class of the extension
    """Over UTF-8, which is searched in two thirds of the time of text; too large for the thousands of phrases."""
    from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

    marks = [pattern.encode() for pattern in patterns]
    return BytesAhoCorasick(marks, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)


def _by_mark(table: Mapping[str, Any], cell: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for label, row in table.items():
        for mark in row.get(cell, ()):
            found[mark].append(label)
    return found


def _first(table: Mapping[str, Any], cell: str) -> dict[str, str]:
    return {mark: labels[0] for mark, labels in _by_mark(table, cell).items()}


def _frozen(found: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys(labels)) for key, labels in found.items()}
