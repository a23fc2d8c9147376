"""The shipped encoder, read with NumPy alone: a table of word vectors, the mean of a text's words, bent, length one.

The folder is in Sentence Transformers' format and the same file is read here without torch. What costs in such an
encoder is not the vectors but finding the words, so the words are found by one regular expression and looked up whole;
only a word that is not in the table is cut into pieces, once, and remembered. `WordTable` states the rule, and
``tokenizer.json`` states it a second time for Hugging Face's ``tokenizers``: a test holds the two together.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from cardscope.embedders import bend
from cardscope.errors import UsageError
from cardscope.shipped import shipped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from scipy import sparse

#: Letters of all scripts that write words as runs, as explicit ranges: what ``\w`` means differs between engines and
#: between Unicode versions. Punctuation of these scripts (÷ · ; ՚ ։ ־ ، ؛ ؟ ۔ । ་ ። and such) is left out.
LETTERS = (
    r"a-z0-9\u00df-\u00f6\u00f8-\u02af\u0370-\u037d\u037f-\u0386\u0388-\u0481\u048a-\u0559\u0560-\u0588\u0591-\u05bd"
    r"\u05bf-\u05f2\u0610-\u061a\u0620-\u0669\u066e-\u06d3\u06d5-\u06ff\u070f-\u0963\u0966-\u0e4e\u0e50-\u0f00"
    r"\u0f18-\u0f39\u0f40-\u1049\u1050-\u10fa\u10fc-\u135f\u1369-\u166c\u166f-\u169a\u16a0-\u17d3\u17dc-\u1fff"
    r"\u2c00-\u2cf8\u2d00-\u2ddf\ua640-\ua69f\ua720-\uabff"
)
KANA = r"\u3005\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff"
HAN = r"\u4e00-\u9fff"
#: Marks that say what kind of text this is: a fence, the rule under a table's head, a link, a share, an assignment.
MARKS = ("```", "|-", "|:-", "](", "%", "@", "=", "$", "\\")
#: A run longer than this is cut, so that no text can make the search for pieces quadratic.
LONGEST_RUN = 32
WORD_PATTERN = rf"[{LETTERS}]{{1,{LONGEST_RUN}}}|```|\|:?-|\]\(|[%@=$\\]|[{HAN}]|[{KANA}]{{1,{LONGEST_RUN}}}"
#: Accents and vowel points; gone after decomposition, so that "é" and "e" are one letter.
ACCENT_PATTERN = r"[\u0300-\u036f\u064b-\u065f\u0670]+"

#: Characters that came with Unicode 13 to 16: whether they have a lower case depends on who is asked.
RECENT_PATTERN = (
    r"[\u1c89\u1c8a\u32ff\ua7cb-\ua7f5\uab69\U00010570-\U000105bf\U00010780-\U000107bf"
    r"\U00010d50-\U00010d8f\U0001ccd6-\U0001ccff\U0001df00-\U0001dfff\U0001e030-\U0001e06d\U0001f16c\U0001fbf0-\U0001fbf9]"
)

_words = re.compile(WORD_PATTERN).findall
_strip_accents = re.compile(ACCENT_PATTERN).sub
_strip_recent = re.compile(RECENT_PATTERN).sub
_REMEMBERED = 200_000
#: Vectors that are added up at a time.
_STEP = 256

#: In ASCII, which most lines are, the same words are found without the expression: each mark becomes a capital between
#: blanks (there are no others in lower case), all else that is no letter a blank, and a split does the rest.
_CODES = {mark: chr(ord("A") + number) for number, mark in enumerate(MARKS)}
_MARK_OF = {code: mark for mark, code in _CODES.items()}
_CODED = tuple((mark, f" {code} ") for mark, code in _CODES.items())
_BLANKS = {number: " " for number in range(128) if not chr(number).isalnum()}
_SEPARATOR = "\x01"
_BLANKS_BUT_SEPARATOR = {number: blank for number, blank in _BLANKS.items() if chr(number) != _SEPARATOR}
#: Texts whose words are counted at once: the vectors of their distinct words stay in the cache.
_AT_ONCE = 512


def normalize(text: str) -> str:
    """Compatibility decomposition without accents, in lower case; the two sigmas are one.

    >>> normalize("Ｍodèle ΟΔΟΣ")
    'modele οδοσ'
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", _strip_recent(" ", text))
    return _strip_accents("", decomposed).lower().replace("ς", "σ")


def _ascii_words(text: str) -> list[str]:
    return _blanked(text.lower(), _BLANKS).split()


def _blanked(text: str, blanks: Mapping[int, str]) -> str:
    """A text of ASCII in lower case with nothing but its words, marks as their codes, and blanks between them."""
    for mark, coded in _CODED:
        if mark in text:
            text = text.replace(mark, coded)
    return text.translate(blanks)


def _words_apart(texts: Sequence[str]) -> list[str]:
    """Each text with nothing but its words and blanks between them; most are done in one go, put one behind the other.

    The character between them must survive and must not stand in any of them; else they are done one by one.
    """
    plain = [text for text in texts if text.isascii()]
    joined = _SEPARATOR.join(plain)
    if plain and joined.count(_SEPARATOR) == len(plain) - 1:
        done = iter(_blanked(joined.lower(), _BLANKS_BUT_SEPARATOR).split(_SEPARATOR))
    else:
        done = iter([_blanked(text.lower(), _BLANKS) for text in plain])
    return [next(done) if text.isascii() else " ".join(_mixed_words(text)) for text in texts]


def _mixed_words(text: str) -> list[str]:
    """Words of a text with letters outside ASCII; one of them must not send all lines down the slow way."""
    words: list[str] = []
    for plain, lines in groupby(text.split("\n"), str.isascii):
        part = "\n".join(lines)
        words += _ascii_words(part) if plain else _words(normalize(part))
    return words


class WordTable:
    """Text to rows of the table.

    Args:
        rows: The row of each entry; an entry that begins with ``##`` continues a word.
    """

    def __init__(self, rows: dict[str, int]) -> None:
        # An entry longer than any run is never found whole.
        self._rows = {entry: row for entry, row in rows.items() if len(entry) <= LONGEST_RUN or entry[:2] == "##"}
        self._rows |= {code: rows[mark] for mark, code in _CODES.items() if mark in rows}
        self._unknown = rows["[UNK]"]
        self._longest = max(map(len, rows))
        self._pieces: dict[str, tuple[int, ...]] = {}

    def find(self, text: str) -> list[int]:
        """Rows of the words of a text, in order; a word that is not in the table gives the rows of its pieces.

        The rows of lines put one behind the other are those of the text: no word reaches over a line end.
        """
        if text.isascii():
            return self._known_or_cut(_ascii_words(text))
        return self._known_or_cut(_mixed_words(text))

    def rows_of(self, word: str) -> tuple[int, ...]:
        """Rows of one word as `find` would see it in a text: in lower case, marks as codes; none for no word."""
        row = self._rows.get(word)
        if row is not None:
            return (row,)
        return self._rare(word) if word else ()

    def _known_or_cut(self, words: list[str]) -> list[int]:
        found = list(map(self._rows.get, words))
        gaps = found.count(None)
        if not gaps:
            return found  # type: ignore[return-value]  # just seen: no None in it
        result: list[int] = []
        at = 0
        for _ in range(gaps):
            gap = found.index(None, at)
            result += found[at:gap]  # type: ignore[arg-type]  # no None before the first one
            word = words[gap]
            result += self._rare(word)
            at = gap + 1
        return [*result, *found[at:]]  # type: ignore[list-item]  # none behind the last one

    def _rare(self, word: str) -> tuple[int, ...]:
        """Rows of a word that is no entry, kept from the last time or found now."""
        return self._pieces.get(word) or self._cut_runs(word)

    def _cut_runs(self, word: str) -> tuple[int, ...]:
        """For what is no entry by itself: a run that is too long to be one word, a mark under its code, a rare word."""
        if len(word) > LONGEST_RUN:
            runs = [word[start : start + LONGEST_RUN] for start in range(0, len(word), LONGEST_RUN)]
            return tuple([row for run in runs for row in self._whole_or_cut(run)])
        return self._cut(_MARK_OF.get(word, word))

    def _whole_or_cut(self, word: str) -> tuple[int, ...]:
        row = self._rows.get(word)
        return (row,) if row is not None else self._pieces.get(word) or self._cut(word)

    def _cut(self, word: str) -> tuple[int, ...]:
        """Longest piece first, as WordPiece does; a word with a part that no piece covers is one unknown word."""
        rows, pieces, start = self._rows, [], 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                row = rows.get(prefix + word[start:end])
                if row is not None:
                    pieces.append(row)
                    start = end
                    break
            else:
                pieces = [self._unknown]
                break
        if len(self._pieces) >= _REMEMBERED:
            self._pieces.clear()  # a corpus brings new rare words for ever; the frequent ones come back at once
        found = self._pieces[word] = tuple(pieces)
        return found


class StaticEmbedder:
    """Vectors of the shipped encoder: tens of thousands of sections a second on one core, the same bits every time.

    A text's vector depends on the text alone, never on what else is encoded with it.

    Args:
        path: Folder with ``model.safetensors``, ``tokenizer.json`` and two layers; the shipped one by default.

    Raises:
        UsageError: The folder does not hold such an encoder.
    """

    def __init__(self, path: Path | None = None) -> None:
        import numpy as np
        from safetensors import SafetensorError
        from safetensors.numpy import load

        folder = path or shipped("models/card-encoder")
        try:
            content = (folder / "model.safetensors").read_bytes()
            tensors = load(content)
            vocabulary: dict[str, int] = json.loads((folder / "tokenizer.json").read_bytes())["model"]["vocab"]
            rows = tensors["mapping"].tolist()
            scale = np.zeros(len(tensors["embeddings"]), dtype=np.float32)
            scale[tensors["mapping"]] = tensors["weights"]
            self._table: npt.NDArray[np.float32] = tensors["embeddings"].astype(np.float32) * scale[:, None]
            self._words = WordTable({entry: rows[number] for entry, number in vocabulary.items()})
            self._bend, layers = bend.read(folder)
        except (OSError, SafetensorError, KeyError, ValueError, IndexError) as error:
            raise UsageError(
                f"is not a folder with a static encoder of cardscope ({type(error).__name__})",
                subject=str(folder),
                hint="other Sentence Transformers models need the extra: pip install 'cardscope[neural]'",
            ) from error
        self.dimensions = int(self._table.shape[1])
        self.name = f"card-encoder@{hashlib.sha256(content + layers).hexdigest()[:12]}"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of shape ``(len(texts), dimensions)``, length 1, or 0 for a text without words."""
        return self._pool(map(self._words.find, texts), len(texts))

    def encode_parts(
        self, texts: Sequence[Sequence[tuple[bool, str]]]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        r"""Vectors of texts given as pieces of whole lines, and of their marked pieces alone; each word is added once.

        Both are what `encode` makes of the (marked) pieces joined by line ends, but for rounding: the words are added
        in another order.
        """
        import numpy as np

        sums = np.zeros((2 * len(texts), self.dimensions), dtype=np.float32)
        counts = np.zeros((2 * len(texts), 1), dtype=np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            found: list[str] = []
            ends = [0]
            for pieces in texts[start : start + _AT_ONCE]:
                for wanted in (True, False):
                    found += [piece for mark, piece in pieces if mark is wanted]
                    ends.append(len(found))
            places = slice(2 * start, 2 * start + len(ends) - 1)
            sums[places], counts[places, 0] = self._sums(found, ends)
        marked, others = sums[0::2], sums[1::2]
        both = self._vectors(marked + others, counts[0::2] + counts[1::2])
        return both, self._vectors(marked, counts[0::2])

    def _sums(
        self, pieces: Sequence[str], ends: Sequence[int]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Sums over runs of pieces and how many rows each adds up, in the order of the text, whatever stands beside it.

        Arrow cuts and numbers the words, so that of the millions in a batch only the distinct ones are ever strings.

        Args:
            ends: Where in ``pieces`` each run ends and the next begins, from 0.
        """
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        words = pc.ascii_split_whitespace(pa.array(_words_apart(pieces), pa.large_string()))
        coded = words.flatten().dictionary_encode()
        distinct = [self._words.rows_of(word) for word in coded.dictionary.to_pylist()]
        edges = np.cumsum([0, *map(len, distinct)])
        rows = np.fromiter(chain.from_iterable(distinct), np.int32, edges[-1])
        vectors = _added(rows, edges, len(self._table)) @ self._table
        ends_of_words = words.offsets.to_numpy()[ends]
        numbers = coded.indices.to_numpy(zero_copy_only=False)
        runs = _added(numbers, ends_of_words, len(distinct))
        return runs @ vectors, runs @ np.diff(edges).astype(np.float32)

    def _pool(self, found: Iterable[list[int]], count: int) -> npt.NDArray[np.float32]:
        import numpy as np

        # The same sums as `_sums`, but for rounding, without the time that Arrow and SciPy take to load.
        sums = np.zeros((count, self.dimensions), dtype=np.float32)
        counts = np.zeros((count, 1), dtype=np.float32)
        take, add = self._table.take, np.add.reduce
        # In steps through one buffer that stays in the cache: a third less than a new array for each text.
        buffer = np.empty((_STEP, self.dimensions), dtype=np.float32)
        for number, rows in enumerate(found):
            places = np.array(rows, dtype=np.intp)
            counts[number] = len(places)
            for start in range(0, len(places), _STEP):
                part = places[start : start + _STEP]
                vectors = buffer[: len(part)]
                take(part, axis=0, out=vectors, mode="clip")  # no row is out of range; other modes copy the buffer
                if start:
                    vectors[0] += sums[number]
                add(vectors, axis=0, out=sums[number])
        return self._vectors(sums, counts)

    def _vectors(self, sums: npt.NDArray[np.float32], counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Unit vectors out of sums of rows and the number of rows in each."""
        import numpy as np

        means = (sums / np.maximum(counts, 1.0)).astype(np.float32, copy=False)
        return _to_length_one(self._bend(means))


def _added(places: npt.NDArray[np.int32], edges: npt.NDArray[np.integer], width: int) -> sparse.csr_matrix:
    """The matrix that, times a table of ``width`` rows, adds up those at ``places`` between each two ``edges``."""
    import numpy as np
    from scipy import sparse

    return sparse.csr_matrix((np.ones(len(places), np.float32), places, edges), shape=(len(edges) - 1, width))


def _to_length_one(sums: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Rows over their length; a row of zeros stays one."""
    import numpy as np

    lengths = np.sqrt(np.add.reduce(np.square(sums, dtype=np.float64), axis=1, keepdims=True))
    lengths[lengths == 0.0] = 1.0
    return (sums / lengths).astype(np.float32)
