"""Lines known to be a tool's, as hashes: the table of boilerplate and the way a line becomes a hash.

A hash stands for the letters of a line, in lower case, and nothing else: digits, blanks and punctuation go, so that
another number, width of a table or kind of list mark changes nothing. ``corpora/boilerplate.py`` fills the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from xxhash import xxh3_64_intdigest

from cardscope.tables import on_overlay, read_table
from cardscope.templates.rows import Row, signatures

#: Bytes that are no letters: ASCII only, since the bytes of other scripts must stay.
NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha() and byte != 10)
LOWER = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))
#: Whole lines and starts, each hash -> ids of rows.
Lookups = tuple[Mapping[int, tuple[str, ...]], Mapping[int, tuple[str, ...]]]
_MOST_KEPT = 1000
#: Letters of a line's start that stand for the line when the rest is a slot.
START = 20
#: Characters before the colon up to which a start is a label.
LABEL = 60


@dataclass(frozen=True, slots=True)
class Boilerplate:
    """Which rows of the signature tables write which lines.

    Attributes:
        whole: Hash of all letters of a line -> ids of rows.
        starts: Hash of its first `START` letters, or of those before its first colon -> ids of rows whose tool fills
            in the rest of the line itself.
    """

    whole: Mapping[int, tuple[str, ...]]
    starts: Mapping[int, tuple[str, ...]]
    _chosen: dict[tuple[str, ...], Lookups] = field(default_factory=dict)
    _of_row: list[Mapping[str, list[int]]] = field(default_factory=list)

    def of(self, rows: tuple[str, ...]) -> Lookups:
        """Both lookups cut down to some rows; kept, since most cards come from few sets of tools."""
        found = self._chosen.get(rows)
        if found is None:
            if len(self._chosen) > _MOST_KEPT:
                self._chosen.clear()
            if not self._of_row:
                self._of_row.extend((_inverted(self.whole), _inverted(self.starts)))
            whole, starts = self._of_row
            found = self._chosen[rows] = (_cut(whole, rows), _cut(starts, rows))
        return found


def _inverted(lookup: Mapping[int, tuple[str, ...]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, owners in lookup.items():
        for row in owners:
            found.setdefault(row, []).append(number)
    return found


def _cut(of_row: Mapping[str, list[int]], rows: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
    """Starts from the rows that are asked for: going through the whole table for each new set of tools took 2 ms."""
    found: dict[int, tuple[str, ...]] = {}
    for row in rows:
        for number in of_row.get(row, ()):
            found[number] = (*found.get(number, ()), row)
    return found


def keys(text: str) -> list[bytes]:
    r"""The letters of each line of a text.

    >>> keys("- Loss: 0.31\n|:--|")
    [b'loss', b'']
    """
    return text.encode("utf-8", "replace").translate(LOWER, NO_LETTERS).split(b"\n")


def hash_of(key: bytes) -> int:
    """64 bits of XXH3."""
    return xxh3_64_intdigest(key)


def starts_of(line: str, key: bytes) -> tuple[bytes, ...]:
    """What may stand for a line whose end is a slot: its label before a colon, its first letters."""
    colon = line.find(":", 0, LABEL + 1)
    if colon < 0:
        return (key[:START],) if len(key) > START else ()
    label = line[:colon].encode("utf-8", "replace").translate(LOWER, NO_LETTERS) + b":"
    return (label, key[:START]) if len(key) > START else (label,)


@cache
def boilerplate() -> Boilerplate:
    """The shipped table, an overlay laid over it."""
    table = read_table("boilerplate")
    return Boilerplate(_by_hash(table.get("whole", {})), _by_hash(table.get("starts", {})))


on_overlay(boilerplate.cache_clear)


@cache
def rows_as_reported() -> Mapping[str, Row]:
    """Id as reported, for instance ``trl-sft`` -> its row in the tables, ``trl``."""
    return {name: row for row in signatures().rows for name in (row.id, *(name for _, name in row.variants))}


on_overlay(rows_as_reported.cache_clear)


def _by_hash(cells: Mapping[str, Iterable[str] | str]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for identity, hashes in cells.items():
        for text in hashes.split() if isinstance(hashes, str) else hashes:
            number = int(text, 16)
            found[number] = (*found.get(number, ()), identity)
    return found
