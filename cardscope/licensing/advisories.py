"""Things worth doing that change no verdict: names to carry, words to show, limits to know of (section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cardscope.licensing.drift import said_flags
from cardscope.licensing.evidence import Side
from cardscope.licensing.table import License, normalize
from cardscope.licensing.terms import labels_shown, shown_words, shows
from cardscope.text.clean import clean
from cardscope.types import Card, LicenseVerdict, Problem, Relation

#: Codes, in the order in which they are given.
CODES = (
    "naming-prefix",
    "naming-words",
    "user-threshold",
    "territory-limits",
    "adapter-base-limits",
    "stricter-child",
    "quantized-relabelled",
    "data-license-on-weights",
    "code-license-on-weights",
    "other-unnamed",
    "license-text-missing",
)
_JOINTS = re.compile(r"[^a-z0-9]+")
_TEXT_TRAVELS = ("notice", "license-copy", "notice+license-copy")


def upstream_advisories(verdict: LicenseVerdict, above: Side, below: Side, card: Card | None) -> tuple[Problem, ...]:
    """What the terms of one ancestor ask of the child beside its label.

    Words to be shown are only looked for when there is a card; a name is only looked at when the child has one.
    """
    rows = [label.license for label in above.labels if label.license is not None]
    found: list[Problem] = []
    for row in rows:
        found += _naming(row, above, below, card)
        found += _limits(row, verdict.relation)
    if verdict.drift == "tightened":
        gained = said_flags(verdict.drift_flags, "+")
        words = (
            f"{labels_shown(below.labels)} is stricter than the upstream {labels_shown(above.labels)}: it adds {gained}"
        )
        found.append(Problem("stricter-child", clean(words, 240)))
    if verdict.relation is Relation.QUANTIZED and _other_label(above, below):
        words = f"a quantised copy labelled {labels_shown(below.labels)}, its upstream {labels_shown(above.labels)}"
        found.append(Problem("quantized-relabelled", clean(words, 240)))
    return tuple({problem.code + problem.message: problem for problem in found}.values())


def _other_label(above: Side, below: Side) -> bool:
    if any(label.matched == "missing" for label in (*above.labels, *below.labels)):
        return False
    return {label.name for label in above.labels} != {label.name for label in below.labels}


def _naming(row: License, above: Side, below: Side, card: Card | None) -> Iterator[Problem]:
    if row.naming_only and row.naming_only not in above.who.lower():
        return
    name = below.who.rpartition("/")[2]
    if row.naming_prefix and name and not _joined(name).startswith(_joined(row.naming_prefix)):
        words = f"{row.id} asks that the name of a derived model begins with “{row.naming_prefix}”"
        yield Problem("naming-prefix", words)
    if row.naming_words and card is not None:
        text = shown_words(card)
        if not any(shows(text, words) for words in row.naming_words):
            wanted = " or ".join(f"“{words}”" for words in row.naming_words)
            yield Problem("naming-words", f"{row.id} asks to show {wanted}; the card does not")


def _joined(name: str) -> str:
    return _JOINTS.sub("", name.lower())


def _limits(row: License, relation: Relation) -> Iterator[Problem]:
    if row.user_threshold:
        yield Problem("user-threshold", f"{row.id} has a line above which other terms apply: {row.user_threshold}")
    if row.territory_limits:
        yield Problem("territory-limits", f"{row.id} leaves out places or persons: {row.territory_limits}")
    if relation is Relation.ADAPTER and (limit := _limit_on_use(row)):
        words = f"nobody can run the adapter without its base, and {row.id} {limit}"
        yield Problem("adapter-base-limits", words)


def _limit_on_use(row: License) -> str:
    if row.commercial_use == "no":
        return "allows no commercial use"
    if row.commercial_use == "conditional":
        return "allows commercial use only under conditions"
    return "limits what it may be used for" if row.limits_use else ""


def own_advisories(below: Side, license_text: str | None) -> tuple[Problem, ...]:
    """What is odd about the child's own label, whatever stands above it.

    Args:
        license_text: The repository's licence file; empty when it is known to have none, ``None`` when nobody looked.
    """
    found: list[Problem] = []
    for label in below.labels:
        row = label.license
        if row is not None and row.made_for == "data":
            words = f"{row.id} was written for data; what it means for weights is unsettled"
            found.append(Problem("data-license-on-weights", words))
        elif row is not None and row.made_for:
            words = f"{row.id} was written for {row.made_for}; what counts as the source of weights is unsettled"
            found.append(Problem("code-license-on-weights", words))
        if row is not None and license_text == "" and row.attribution in _TEXT_TRAVELS and row.light:
            words = f"{row.id} asks that its text travels along, and the repository holds no licence file"
            found.append(Problem("license-text-missing", words))
    if any(normalize(entry) == "other" for entry in below.raw.license):
        lacking = [key for key in ("license_name", "license_link") if not getattr(below.raw, key)]
        if lacking:
            words = f"`license: other` without {' and '.join(f'`{key}`' for key in lacking)} tells its reader nothing"
            found.append(Problem("other-unnamed", words))
    return tuple(dict.fromkeys(found))
