"""One verdict with all that section 6 of the rules wants beside it: raw values, rows, cells, sources, confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cardscope.licensing.drift import drift
from cardscope.licensing.reasons import confidence_of, outcome_of, sentence, severity_of
from cardscope.licensing.rules import Ruling
from cardscope.licensing.table import Label, License, fields_in, labels_in, labels_of
from cardscope.text.clean import clean
from cardscope.types import LicenseEvidence, LicenseFields, LicenseVerdict, Relation

_NO_CELLS: Mapping[str, str] = {}
#: Entries of a card's list that are shown as they stand there.
_MOST_RAW = 50


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One model on one end of an edge, with its licence labels.

    Attributes:
        who: Id of the model; empty when only a label is judged.
    """

    who: str
    raw: LicenseFields
    labels: tuple[Label, ...]

    @property
    def name(self) -> str:
        """The id, or the labels where there is none."""
        return self.who or " | ".join(label.written for label in self.labels)

    @classmethod
    def of(cls, who: str, raw: LicenseFields | None) -> Side:
        """A model and what its card says; ``None`` for a card that could not be read."""
        raw = raw or LicenseFields()
        return cls(who, _shortened(raw), labels_of(raw))

    @classmethod
    def written(cls, notation: str) -> Side:
        """A label in the rules' notation."""
        return cls("", _shortened(fields_in(notation)), labels_in(notation))


def _shortened(raw: LicenseFields) -> LicenseFields:
    """The first entries of a list: it stands beside every verdict, and a card can list thousands."""
    return replace(raw, license=raw.license[:_MOST_RAW]) if len(raw.license) > _MOST_RAW else raw


def pair_verdict(
    above: Side, relation: Relation, below: Side, pair: tuple[Label, Label], ruling: Ruling
) -> LicenseVerdict:
    """The verdict on one entry of the parent's licence and one of the child's."""
    parent, child = pair
    moved: tuple[str, tuple[str, ...]] = ("", ())
    if parent.license is not None and child.license is not None:
        moved = drift(parent.license, child.license)
    return LicenseVerdict(
        outcome=outcome_of(ruling.reason),
        reason=ruling.reason,
        severity=severity_of(ruling.reason, relation, parent, child),
        ancestor=above.who,
        relation=relation,
        message=message(ruling.reason, relation, (parent,), (child,)),
        path=(above.who or parent.written, below.who or child.written),
        evidence=(
            side_evidence("parent", above, parent, ruling.above),
            side_evidence("child", below, child, ruling.below),
        ),
        confidence=confidence_of(parent, child),
        drift=moved[0],
        drift_flags=moved[1],
    )


def side_evidence(role: str, side: Side, label: Label, columns: tuple[str, ...] = ()) -> LicenseEvidence:
    """One side: what stands in the card, and the row it was read as."""
    row = label.license
    return LicenseEvidence(
        role=role,
        model_id=side.who,
        raw=side.raw,
        row=label.name,
        matched=label.matched,
        cells=_cells(row, columns) if row is not None else _NO_CELLS,
        source_url=row.source_url if row is not None else "",
        confidence=row.confidence if row is not None else "",
    )


def _cells(row: License, columns: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for column in columns:
        value = getattr(row, column)
        found[column] = ";".join(value) if isinstance(value, tuple) else value
    return found


def message(code: str, relation: Relation, above: Iterable[Label], below: Iterable[Label]) -> str:
    """The reason for a person, with what makes it less sure."""
    parents, children = tuple(above), tuple(below)
    words = sentence(code, _shown(parents), _shown(children))
    if relation is Relation.UNKNOWN:
        words += " (how the child was made is not stated; judged as a fine-tune)"
    unsure = dict.fromkeys(
        label.license.id for label in (*parents, *children) if label.license and label.license.confidence == "low"
    )
    if unsure:
        words += f" (what is known of {' and '.join(unsure)} is from secondary sources, so this weighs a step less)"
    return words


def _shown(labels: tuple[Label, ...]) -> str:
    return clean(" or ".join(dict.fromkeys(label.shown for label in labels)), 160)
