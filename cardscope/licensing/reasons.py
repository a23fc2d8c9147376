"""What a reason code means: its outcome, how much it weighs, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cardscope.errors import InvalidTable
from cardscope.licensing.table import Label
from cardscope.tables import on_overlay, read_table
from cardscope.types import LicenseOutcome, Relation, Severity

#: Worst first: the order of section 4.
RANK = {outcome: rank for rank, outcome in enumerate(LicenseOutcome)}
_STEP_DOWN = {Severity.HIGH: Severity.MEDIUM, Severity.MEDIUM: Severity.LOW, Severity.LOW: Severity.INFO}
_CONFIDENCE = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of ``tables/license_reasons.toml``."""

    code: str
    outcome: LicenseOutcome
    severity: Severity
    sentence: str


@cache
def reasons() -> dict[str, Reason]:
    """All reasons by code.

    Raises:
        InvalidTable: A row lacks a cell, or names an outcome or severity that does not exist.
    """
    found = {}
    for code, cells in read_table("license_reasons").get("reasons", {}).items():
        try:
            found[code] = Reason(
                code, LicenseOutcome(cells["outcome"]), Severity(cells["severity"]), str(cells["sentence"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidTable(f"reason {code} is not complete ({error})", subject="license_reasons") from error
    return found


on_overlay(reasons.cache_clear)


def outcome_of(code: str) -> LicenseOutcome:
    """The outcome a reason stands for."""
    return reasons()[code].outcome


def confidence_of(*labels: Label) -> str:
    """The least sure of the rows; a label without a row takes nothing away."""
    ranks = [_CONFIDENCE.index(label.license.confidence) for label in labels if label.license is not None]
    return _CONFIDENCE[min(ranks, default=2)]


def severity_of(code: str, relation: Relation, parent: Label, child: Label) -> Severity:
    """Section 5 with its three exceptions: a repeated custom name, adapters of restricted bases, unsure rows.

    A verdict that says something keeps at least ``info``: an unsure row never makes it vanish.
    """
    severity = reasons()[code].severity
    if code == "PARENT_CUSTOM_LICENSE" and parent.name and parent.name == child.name:
        severity = Severity.LOW
    elif code == "ADAPTER_DERIVATIVE_UNSETTLED" and _restricted(parent) and child.license and not _restricted(child):
        severity = Severity.HIGH
    return step_down(severity) if confidence_of(parent, child) == "low" else severity


def step_down(severity: Severity) -> Severity:
    """One step less; ``info`` and ``none`` stay."""
    return _STEP_DOWN.get(severity, severity)


def _restricted(label: Label) -> bool:
    row = label.license
    return row is not None and (row.commercial_use == "no" or row.derivatives == "no")


def sentence(code: str, parent: str, child: str) -> str:
    """The reason's sentence with both labels in it, first letter as the label has it.

    >>> sentence("NC_DROPPED", "cc-by-nc-4.0", "mit")
    "cc-by-nc-4.0 forbids commercial use; the child's mit allows it"
    """
    # Split first, so that a label that holds a placeholder's text is never filled in again.
    parts = reasons()[code].sentence.split("{parent}")
    return parent.join(part.replace("{child}", child) for part in parts)
