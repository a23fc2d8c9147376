"""Which words, pieces and characters the encoder knows, and ``tokenizer.json`` that says so.

Three layers, so that nothing falls through: whole words that at least five owners of training cards use; pieces for
the words that are rarer; and every single character of every script that `cardscope.embedders.static` reads. Frequent
characters have a vector of their own, the others share `BUCKETS` vectors.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cardscope.embedders import static

BUCKETS = 512
OWNERS = 5
OWNERS_OF_NUMBER = 15
WORDS = 24_000
GENERAL = 3_000
PIECES = 3_000
UNKNOWN = "[UNK]"


@dataclass(frozen=True)
class Vocabulary:
    """Entries with the row of each; ``rows`` names what each row stands for, ``seen`` how often owners use it."""

    entries: dict[str, int]
    rows: list[str]
    seen: list[int]


def count_owners(texts: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Distinct owners of each word, from (owner, text)."""
    owners: dict[str, set[str]] = defaultdict(set)
    for owner, text in texts:
        for word in set(static._words(static.normalize(text))):
            owners[word].add(owner)
    return {word: len(found) for word, found in owners.items()}


def build(owners: dict[str, int], general: list[str]) -> Vocabulary:
    """The three layers; ``general`` are English words of the teacher, frequent first, to stand in for new words."""
    letters = characters()
    plain = re.compile(r"[a-z0-9]").match
    words = [
        word for word, n in owners.items() if n >= (OWNERS_OF_NUMBER if word.isdigit() else OWNERS) and len(word) > 1
    ]
    words = sorted(words, key=lambda word: (-owners[word], word))[:WORDS]
    known = set(words)
    extra = [word for word in general if word not in known and len(word) > 2 and word.isalpha() and word.isascii()]
    words += extra[:GENERAL]
    words += [mark for mark in static.MARKS if mark not in known]
    pieces = _pieces(owners, set(words))
    entries: dict[str, int] = {UNKNOWN: 0}
    rows, seen = [UNKNOWN], [0]

    def own_row(name: str, count: int) -> int:
        rows.append(name)
        seen.append(count)
        return len(rows) - 1

    for word in words:
        if word not in entries:
            entries[word] = own_row(word, owners.get(word, 0))
    for piece in pieces:
        entries[piece] = own_row(piece, 1)
    first_bucket = len(rows)
    for number in range(BUCKETS):
        own_row(f"<{number}>", 1)
    single = _owners_of_characters(owners)
    for letter in letters:
        if letter not in entries:
            frequent = plain(letter) or single[letter] >= OWNERS
            entries[letter] = (
                own_row(letter, single[letter]) if frequent else first_bucket + ord(letter) * 40503 % BUCKETS
            )
        if f"##{letter}" not in entries and not "\u4e00" <= letter <= "\u9fff":
            entries[f"##{letter}"] = own_row(f"##{letter}", 1) if plain(letter) else entries[letter]
    return Vocabulary(entries, rows, seen)


def characters() -> list[str]:
    """Every character that can stand in a word after normalizing."""
    inside = re.compile(f"[{static.LETTERS}{static.KANA}{static.HAN}]").match
    return [letter for letter in map(chr, range(0x20, 0xAC00)) if inside(letter) and static.normalize(letter) == letter]


def rows_of_letters(vocabulary: Vocabulary) -> list[int]:
    """Rows of single characters that are no ASCII and no Han: parts of words, which alone say nothing."""
    han = re.compile(f"[{static.HAN}]").match
    return sorted(
        {
            row
            for entry, row in vocabulary.entries.items()
            if len(letter := entry.removeprefix("##")) == 1 and not letter.isascii() and not han(letter)
        }
    )


def _owners_of_characters(owners: dict[str, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for word, number in owners.items():
        for letter in set(word):
            counts[letter] += number
    return counts


def _pieces(owners: dict[str, int], words: set[str]) -> list[str]:
    """Beginnings and continuations, two to six characters long, that save most cuts in words too rare for the table."""
    saved: Counter[str] = Counter()
    for word, number in owners.items():
        if word in words or len(word) < 3 or word.isdigit():
            continue
        for start in range(len(word)):
            for end in range(start + 2, min(len(word), start + 6) + 1):
                part = word[start:end]
                saved[part if start == 0 else f"##{part}"] += number * (end - start - 1)
    numbers = [f"##{number:0{width}}" for width in (2,) for number in range(10**width)]
    ranked = [piece for piece, _ in sorted(saved.items(), key=lambda item: (-item[1], item[0])) if piece not in words]
    return list(dict.fromkeys([*numbers, *ranked[:PIECES]]))


def write_tokenizer(vocabulary: Vocabulary, path: Path) -> None:
    """``tokenizer.json``: the rule of `cardscope.embedders.static` in the words of Hugging Face's tokenizers."""
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
    from tokenizers.models import WordPiece

    ids = {entry: number for number, entry in enumerate(vocabulary.entries)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token=UNKNOWN, max_input_chars_per_word=static.LONGEST_RUN))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Replace(Regex(_plain(static.RECENT_PATTERN)), " "),
        normalizers.NFKD(),
        normalizers.Replace(Regex(_plain(static.ACCENT_PATTERN)), ""),
        normalizers.Lowercase(),
        normalizers.Replace("ς", "σ"),
    ])  # fmt: skip
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_plain(static.WORD_PATTERN)), "removed", invert=True)
    tokenizer.save(str(path), pretty=False)


def _plain(pattern: str) -> str:
    """Python's escapes as the characters they mean: the other engine writes them differently."""
    return re.sub(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})", lambda match: chr(int(match[1] or match[2], 16)), pattern)
