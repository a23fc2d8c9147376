"""The licence rows, and how a label from a card finds its row: by id, by alias, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any

from cardscope.errors import InvalidTable
from cardscope.tables import on_overlay, read_table
from cardscope.text.clean import clean
from cardscope.types import LicenseFields

#: How the notation writes a card without a licence.
MISSING = "(missing)"
_GAPS = re.compile(r"[\s_]+")
_LISTS = frozenset({"relicense_ok", "relicense_review", "relicense_no", "aliases", "naming_words", "text_names"})
#: Cells that decide: a value that no rule knows would be judged by the rule for the rest.
_VALUES = {
    "family": frozenset({
        "permissive", "public-domain", "weak-copyleft", "strong-copyleft", "network-copyleft", "rail", "community",
        "non-commercial", "no-derivatives", "data", "proprietary", "unknown",
    }),
    "ambiguity": frozenset({"exact", "family", "none"}),
    "commercial_use": frozenset({"yes", "no", "conditional", "unknown"}),
    "derivatives": frozenset({"yes", "no", "unknown"}),
    "share_alike": frozenset({
        "none", "file", "same", "restrictions-only", "conditional", "terms-follow", "same-agreement", "unknown",
    }),
    "derivative_scope": frozenset({"copyright", "contract-broad"}),
    "pass_down_restrictions": frozenset({"yes", "no", "unknown"}),
    "attribution": frozenset({
        "none", "notice", "license-copy", "notice+license-copy", "credit", "agreement-copy+notice", "unknown",
    }),
    "confidence": frozenset({"high", "medium", "low"}),
}  # fmt: skip
#: A row without these would be judged by defaults, and no default is safe.
_REQUIRED = ("family", "commercial_use", "derivatives", "share_alike")
_LONGEST = 200


@dataclass(frozen=True, slots=True, eq=False)
class License:
    """One row of ``tables/licenses.toml``; compared by identity, because a row is one object for the whole run.

    Attributes:
        kind: ``hub`` for the Hub's own ids, ``name`` for names given next to ``other``.
        family: ``permissive``, ``public-domain``, three kinds of copyleft, ``rail``, ``community``,
            ``non-commercial``, ``no-derivatives``, ``data``, ``proprietary``, ``unknown``.
        ambiguity: ``exact``, ``family`` (a group of texts) or ``none`` (no text at all).
        commercial_use: ``yes``, ``no``, ``conditional``, ``unknown``.
        derivatives: Whether changed versions may be handed on: ``yes``, ``no``, ``unknown``.
        share_alike: What is asked of a derivative's licence: ``none``, ``file``, ``same``, ``restrictions-only``,
            ``conditional``, ``terms-follow``, ``same-agreement``, ``unknown``.
        relicense_ok: Child licences the text itself allows besides itself.
        relicense_review: Child licences that depend on what no label shows; ``*`` for all.
        relicense_no: Near relatives known not to fit.
        derivative_scope: ``contract-broad`` where the text itself says that adapters are derivatives.
        pass_down_restrictions: Whether limits on use must reach the next user.
        attribution: What must travel along.
        naming_prefix: How the name of a derived model must begin; empty if it need not.
        naming_words: One of these must be shown.
        naming_only: The naming duty holds only below models with this word in their name.
        user_threshold: Size line or duty to register, in words.
        made_for: ``data``, ``software``, ``documents``, ``fonts`` where the text was not written for models.
        text_names: Further names and addresses under which cards speak of this text.
        confidence: ``high``, ``medium``, ``low`` (secondary sources).
    """

    id: str
    kind: str = "name"
    spdx_id: str = ""
    name: str = ""
    family: str = ""
    ambiguity: str = "exact"
    commercial_use: str = ""
    derivatives: str = ""
    share_alike: str = ""
    relicense_ok: tuple[str, ...] = ()
    relicense_review: tuple[str, ...] = ()
    relicense_no: tuple[str, ...] = ()
    derivative_scope: str = "copyright"
    pass_down_restrictions: str = "unknown"  # noqa: S105 - a column
    attribution: str = "unknown"
    naming_requirement: str = ""
    naming_prefix: str = ""
    naming_words: tuple[str, ...] = ()
    naming_only: str = ""
    user_threshold: str = ""
    output_training: str = "unspecified"
    patent_grant: str = "unknown"
    revocable: str = "unknown"
    territory_limits: str = ""
    made_for: str = ""
    source_url: str = ""
    aliases: tuple[str, ...] = ()
    text_names: tuple[str, ...] = ()
    confidence: str = "low"
    notes: str = ""

    @property
    def limits_use(self) -> bool:
        """Whether limits on use must reach the next user."""
        return self.pass_down_restrictions in ("yes",)

    @property
    def light(self) -> bool:
        """Whether a derivative may carry any licence and be used by anyone."""
        return self.share_alike == "none" and self.commercial_use != "no"


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """One licence as a card names it, and what it was read as.

    Attributes:
        text: As it stands in the card, cut at 200 characters.
        name: Id of the row, else the name in normal form; empty for ``other`` without a name.
        matched: ``id``, ``alias``, ``custom``, ``missing``, ``unknown``.
        license: The row; ``None`` for custom, missing and unknown.
    """

    text: str
    name: str
    matched: str
    license: License | None = None

    @property
    def written(self) -> str:
        """The label as a name: the row's id, else what stands in the card."""
        return self.license.id if self.license is not None else clean(self.text, 80)

    @property
    def shown(self) -> str:
        """The label inside a sentence."""
        if self.license is not None:
            return self.license.id
        if self.matched == "missing":
            return "an unstated licence"
        if self.matched == "unknown":
            return "a licence said to be unknown"
        return f"the custom licence {self.name}" if self.name else "a custom licence without a name"


@cache
def licenses() -> dict[str, License]:
    """All rows by id, a user's overlay included.

    Raises:
        InvalidTable: A row has an unknown key, a value of the wrong kind, or lacks a cell that decides.
    """
    found: dict[str, License] = {}
    for key, cells in read_table("licenses").get("licenses", {}).items():
        row = _row(normalize(key), cells)
        found[row.id] = row
    return found


@cache
def _aliases() -> dict[str, str]:
    return {normalize(alias): row.id for row in licenses().values() for alias in row.aliases}


_COLUMNS = frozenset(entry.name for entry in fields(License)) - {"id"}


def _row(name: str, cells: Any) -> License:  # noqa: ANN401 - whatever a TOML file holds
    if not isinstance(cells, dict):
        raise InvalidTable(f"licence {name} is not a table", subject="licenses")
    if missing := [key for key in _REQUIRED if not cells.get(key)]:
        raise InvalidTable(f"licence {name} lacks {', '.join(missing)}", subject="licenses")
    values: dict[str, Any] = {}
    for key, value in cells.items():
        if key not in _COLUMNS:
            raise InvalidTable(f"licence {name} has an unknown key {key}", subject="licenses")
        wanted = list if key in _LISTS else str
        if not isinstance(value, wanted):
            raise InvalidTable(f"licence {name}: {key} must be {wanted.__name__}", subject="licenses")
        if key in _VALUES and value not in _VALUES[key]:
            known = ", ".join(sorted(_VALUES[key]))
            raise InvalidTable(f"licence {name}: {key} cannot be {value[:40]!r}; known: {known}", subject="licenses")
        values[key] = tuple(str(entry) for entry in value) if wanted is list else value
    return License(id=name, **values)


def normalize(text: str) -> str:
    """Spelling in which rows are looked up.

    >>> normalize("  Apache_License 2.0 ")
    'apache-license-2.0'
    """
    return _GAPS.sub("-", text.strip().lower())


@lru_cache(maxsize=65536)
def find(text: str) -> Label:
    """Reads one licence in the rules' notation: an id, ``other``, ``other:NAME``, ``(missing)``, ``unknown``.

    An id that no row has is taken for a custom name written straight into ``license``.

    >>> find("Apache 2.0").license.id, find("other:hai-def").matched, find("house-terms").matched
    ('apache-2.0', 'alias', 'custom')
    """
    text = text.strip()[:_LONGEST]
    name = normalize(text)
    if name in ("", MISSING):
        return Label(text or MISSING, "", "missing")
    if name.startswith("other:"):
        name = name[len("other:") :].strip("-")
    row = licenses().get(name)
    matched = "id"
    if row is None and (alias := _aliases().get(name)) is not None:
        row, matched = licenses()[alias], "alias"
    if name in ("", "other"):
        return Label(text, "", "custom")
    if row is None:
        return Label(text, name, "custom")
    if row.id == "unknown":
        return Label(text, row.id, "unknown")
    return Label(text, row.id, matched, row)


#: Licences of one card that are told apart; every one is held against every one of the other card.
_MOST_LABELS = 200


def labels_of(raw: LicenseFields) -> tuple[Label, ...]:
    """What the fields of a card amount to, one label for each entry; one "missing" label when there is none.

    A ``license_name`` counts next to ``other``, and alone when ``license`` is absent.
    """
    named = f"other:{raw.license_name}" if raw.license_name else "other"
    entries = [entry for entry in raw.license if entry.strip()]
    if not entries:
        return (find(named if raw.license_name else MISSING),)
    return _distinct(find(named if normalize(entry) == "other" else entry) for entry in entries)


def labels_in(notation: str) -> tuple[Label, ...]:
    """A card's licence in the rules' notation; ``a|b`` is a list, an empty text is a missing licence.

    >>> [label.name for label in labels_in("mit | Apache 2.0")]
    ['mit', 'apache-2.0']
    """
    entries = [entry for entry in notation.split("|") if entry.strip()]
    return _distinct(map(find, entries)) or (find(MISSING),)


def _distinct(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Each licence once, in order: a list that says one twice says no more. Real cards list two at most."""
    found: dict[tuple[str, str], Label] = {}
    for label in labels:
        found.setdefault((label.name, label.matched), label)
        if len(found) == _MOST_LABELS:
            break
    return tuple(found.values())


def fields_in(notation: str) -> LicenseFields:
    """The card fields that the notation stands for."""
    entries, name = [], None
    for entry in (part.strip() for part in notation.split("|")):
        if entry.lower().startswith("other:"):
            name = name or entry[len("other:") :].strip() or None
            entry = "other"
        if entry and entry.lower() != MISSING:
            entries.append(entry)
    return LicenseFields(tuple(entries), name)


for _cached in (licenses, _aliases, find):
    on_overlay(_cached.cache_clear)
