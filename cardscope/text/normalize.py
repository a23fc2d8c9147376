"""When two texts count as the same: markup, case, line breaks and typography away, words and numbers kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: Targets of links and images go, their visible words stay. Both parts are bounded, so the scan is linear.
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}(?:[ \t]+\"[^\"\n]{0,300}\")?\)")
_AUTOLINK = re.compile(r"<(?:https?://|mailto:)[^<>\s]{0,2000}>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6});")
#: One ideograph or kana is taken for a word: these scripts have no blanks to count by.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
#: Words that turn a sentence round, in the languages of the heading lexicon.
_NEGATION = re.compile(
    r"\b(?:not?|never|none|neither|nor|cannot|without|isn t|aren t|don t|doesn t|can t|won t|nicht|kein\w{0,2}|nie"
    r"|ne|pas|jamais|sin|nunca|não|sem|не|нет|нельзя)\b|[不没沒无無勿未]|ません|ない|않|마세요"
)
_HUB = r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/)?"


def visible(text: str) -> str:
    """What a reader of the rendered page sees of a piece of Markdown, nearly: link targets and tags are gone."""
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub(" ", _AUTOLINK.sub(" ", text))
    return _ENTITY.sub(" ", text) if "&" in text else text


def words(text: str) -> list[str]:
    """The words and numbers of a text in one case; punctuation and markup only separate them.

    >>> words("**Does** not work_well at 0.1 %: 不要")
    ['does', 'not', 'work', 'well', 'at', '0', '1', '不', '要']
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def key(text: str) -> str:
    """The form under which two sentences or lines are the same one; empty for a text without words.

    >>> key("- Do **not** use [it](https://x.example/a)!") == key("do not use it")
    True
    """
    return " ".join(words(visible(text)))


def turns(text_key: str) -> tuple[str, ...]:
    """The negations and numbers of a `key`, in order: two sentences that differ in these do not say the same.

    >>> turns("it is not safe below 18")
    ('not', '18')
    """
    numbers = [(match.start(), match.group()) for match in re.finditer(r"\d+", text_key)]
    negations = [(match.start(), match.group()) for match in _NEGATION.finditer(text_key)]
    return tuple(word for _, word in sorted(numbers + negations))


def without_lineage(text: str, ids: Iterable[str]) -> str:
    """The text without the names of these models, so that naming a parent is not mistaken for being like it.

    Gone are Hub addresses of the models, their ids, their names without the owner, and the names written with blanks
    as titles write them. A name that could be a plain word (no digit, no hyphen, dot or underscore) only goes as part
    of its id.

    Args:
        text: Any text.
        ids: ``owner/name`` or ``name``; what is not an id is ignored.

    >>> without_lineage("# Fjord 7B Chat, from hf.co/n/fjord-7b and n/fjord-7b", ["n/fjord-7b", "q/fjord-7b-chat"])
    '#  , from   and  '
    """
    pattern, stems = _lineage_pattern(tuple(ids))
    if pattern is None:
        return text
    lowered = text.lower()
    # Most lines name no model; asking for the longest piece of each name is ten times cheaper than the pattern.
    return pattern.sub(" ", text) if any(stem in lowered for stem in stems) else text


@lru_cache(maxsize=256)
def _lineage_pattern(ids: tuple[str, ...]) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """What to look for, and pieces of text of which at least one stands in every match, in lower case."""
    forms: set[str] = set()
    stems: set[str] = set()
    for entry in ids[:50]:
        owner, _, name = entry.rpartition("/")
        stem = max(re.split(r"[-_.]", name.lower()), key=len)
        if not stem or not stem.isascii() or len(entry) > 200:
            continue
        stems.add(stem)
        spaced = "[-_. ]".join(re.escape(part) for part in re.split(r"[-_.]", name))
        if owner:
            address = rf"{re.escape(owner)}/{spaced}"
            forms.add(address)
            forms.add(rf"{_HUB}{address}(?:/[^\s)\]>\"']{{0,300}})?")
        if len(name) >= 4 and re.search(r"[\d._-]", name):
            forms.add(rf"(?:{_HUB})?{spaced}")
    if not forms:
        return None, ()
    longest_first = "|".join(sorted(forms, key=lambda form: (-len(form), form)))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{longest_first})(?![A-Za-z0-9])", re.IGNORECASE)
    return pattern, tuple(sorted(stems))
