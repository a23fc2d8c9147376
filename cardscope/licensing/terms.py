"""Two things that soften a verdict: one owner for both models, and upstream terms named in the child's own text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from cardscope.licensing.evidence import Side, message
from cardscope.licensing.reasons import outcome_of, reasons, severity_of
from cardscope.licensing.table import Label, License
from cardscope.tables import on_overlay
from cardscope.types import Card, LicenseOutcome, LicenseVerdict

#: What a text can mend: the label is wrong, but the terms may have been handed on.
MENDED_BY_TEXT = frozenset(
    {"COMMUNITY_TERMS_DROPPED", "COMMUNITY_TERMS_REPLACED", "USE_RESTRICTIONS_DROPPED", "NC_DROPPED"}
)
#: Characters around a name in which a word must say that the terms apply; measured from the name outwards.
_BEFORE, _AFTER = 120, 80
#: A licence file is read this far: names stand in the first lines, and files of strangers can be of any length.
_LONGEST = 400_000
_APPLIES = re.compile(
    r"subject to|\bgovern(?:s|ed)?\b|licen[cs]ed under|released under|distributed under|provided under|\bunder\b"
    r"|compl(?:y|ies|iance)|appl(?:y|ies|icable)|bound by|abide|adhere|accordance|agree|inherit|covered by|retain"
    r"|licen[cs]e\s*:|terms of use\s*:|must (?:also )?(?:follow|accept|respect)"
)
_DENIES = re.compile(
    r"\bnot (?:under|licen[cs]ed|subject|governed|bound|covered|apply|inherit|required)|\bno longer\b|\binstead of\b"
    r"|\bdropped\b|\bremoved?\b|\breplace[sd]?\b"
    r"|\bunlike\b|\brather than\b|\bdoes(?: not|n't) (?:apply|fall)|\bfree (?:of|from)\b|\bpreviously\b"
)
_GAPS = re.compile(r"[\s_\-*`\"“”]+")
_NAMES_A_TEXT = re.compile(r"licen[cs]e|terms|agreement|open-?rail")
#: Words that are written in one and in two, and the part of them that stands there either way.
_COMPOUNDS = {"noncommercial": "commercial", "noderivatives": "derivatives", "sharealike": "alike", "openrail": "rail"}
_IN_TWO = re.compile(r"\b(non|no|share|open) (commercial|derivatives|alike|rail)\b")


def same_owner(above: str, below: str) -> bool:
    """Whether two ids belong to one account; an id without an account belongs to nobody.

    >>> same_owner("Acme/base", "acme/child"), same_owner("base", "acme/child")
    (True, False)
    """
    first, slash, _ = above.partition("/")
    second, other_slash, _ = below.partition("/")
    return bool(slash and other_slash and first) and first.casefold() == second.casefold()


def soften(
    verdict: LicenseVerdict, above: Side, below: Side, card: Card | None, license_text: str | None
) -> LicenseVerdict:
    """An incompatible verdict turned into one to review where the owner is one, or the text names the terms."""
    if verdict.outcome is not LicenseOutcome.INCOMPATIBLE:
        return verdict
    if same_owner(above.who, below.who):
        return _turned(verdict, "SAME_OWNER_RELICENSE", above, below)
    if verdict.reason in MENDED_BY_TEXT and any(
        names_terms(label.license, card, license_text) for label in above.labels if label.license is not None
    ):
        return _turned(verdict, "TERMS_IN_TEXT", above, below)
    return verdict


def may_be_mended(verdicts: Iterable[LicenseVerdict]) -> bool:
    """Whether a licence file, not looked at so far, could soften any of the verdicts."""
    return any(
        verdict.outcome is LicenseOutcome.INCOMPATIBLE and verdict.reason in MENDED_BY_TEXT for verdict in verdicts
    )


def _turned(verdict: LicenseVerdict, code: str, above: Side, below: Side) -> LicenseVerdict:
    parent, child = above.labels[0], below.labels[0]
    words = f"{message(code, verdict.relation, above.labels, below.labels)} (by the labels alone: {verdict.reason})"
    return replace(
        verdict,
        outcome=outcome_of(code),
        reason=reasons()[code].code,
        severity=severity_of(code, verdict.relation, parent, child),
        message=words,
    )


def names_terms(row: License, card: Card | None, license_text: str | None) -> bool:
    """Whether the child's text says that the upstream terms apply, or its licence file holds them.

    In the card a bare mention is not enough: near the name (or the address) of the terms a word must say that they
    apply, and none that they do not. Front matter does not count: the label is what is in question.
    """
    if license_text:
        phrases, text = _search(row, license_text)
        if any(_found(text, phrase) for phrase in phrases):
            return True
    if card is None or card.body is None:
        return False
    phrases, text = _search(row, "\n".join(card.lines[card.body.first - 1 : card.body.last]))
    return any(_applies(text, start, start + len(phrase)) for phrase in phrases for start in _found_at(text, phrase))


def _search(row: License, text: str) -> tuple[tuple[str, ...], str]:
    """The phrases that can be in a text at all, and the text in the spelling in which they are looked for.

    Most texts hold none of the words, and bringing them into that spelling is what costs (150 µs a card).
    """
    lowered = text[:_LONGEST].lower()
    phrases = tuple(
        phrase for phrase in _phrases(row) if all(_COMPOUNDS.get(word, word) in lowered for word in phrase.split())
    )
    return phrases, _plain(lowered) if phrases else ""


def _found(text: str, phrase: str) -> bool:
    return next(_found_at(text, phrase), None) is not None


def _found_at(text: str, phrase: str) -> Iterator[int]:
    """Places of a phrase as whole words."""
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not before.isalnum() and not after.isalnum():
            yield start
        start = text.find(phrase, end)


def _applies(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - _BEFORE) : start], text[end : end + _AFTER]
    # Only what stands in the same sentence speaks of these terms.
    before, after = before.rsplit(". ", 1)[-1], after.split(". ", 1)[0]
    if _DENIES.search(before) or _DENIES.search(after):
        return False
    return bool(_APPLIES.search(before) or _APPLIES.search(after))


@cache
def _phrases(row: License) -> tuple[str, ...]:
    """Names that can only mean this text: its full name, aliases that say licence or terms, its address."""
    names = [
        row.name,
        row.spdx_id.split("|")[0],
        *row.text_names,
        *(name for name in (row.id, *row.aliases) if _specific(name)),
    ]
    address = row.source_url.partition("://")[2].rstrip("/")
    found = [_plain(name).removesuffix(" agreement") for name in names if name]
    found += [_plain(address)] if "/" in address else []
    return tuple(dict.fromkeys(phrase for phrase in found if (len(phrase) >= 6 and " " in phrase) or "/" in phrase))


def _specific(name: str) -> bool:
    return bool(_NAMES_A_TEXT.search(name)) or name.startswith("cc-by-")


def _plain(text: str) -> str:
    r"""Lower case, one blank where names are joined in any way, and compounds in one word.

    >>> _plain("Attribution-NonCommercial"), _plain("Attribution Non Commercial")
    ('attribution noncommercial', 'attribution noncommercial')
    """
    return _IN_TWO.sub(r"\1\2", _GAPS.sub(" ", text.lower()).strip())


def shown_words(card: Card | None) -> str:
    """The body of a card in the spelling in which phrases are looked for."""
    if card is None or card.body is None:
        return ""
    return _plain("\n".join(card.lines[card.body.first - 1 : card.body.last]))


def shows(text: str, words: str) -> bool:
    """Whether a text from `shown_words` holds these words."""
    return _plain(words) in text


def labels_shown(labels: tuple[Label, ...]) -> str:
    """Labels in a sentence."""
    return " or ".join(dict.fromkeys(label.shown for label in labels))


on_overlay(_phrases.cache_clear)
