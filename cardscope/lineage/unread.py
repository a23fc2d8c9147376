"""What stands under ``base_model`` and names nobody: kept as a problem, since it makes no edge."""

from __future__ import annotations

from cardscope.lineage.statements import names_in
from cardscope.types import FrontMatter, Problem, Value

_KINDS = {list: "a list inside the list", dict: "a mapping without a name", bool: "true or false"}


def unread_statements(front_matter: FrontMatter) -> tuple[Problem, ...]:
    """A problem of the code ``no-name`` for each kind of value that was passed over, with the lines of the field.

    Nothing at all (empty text, an empty list, null) states nothing and is no problem.

    >>> unread_statements(FrontMatter(fields={"base_model": [["owl/night"]]}))[0].message
    'base_model holds a list inside the list, which names no model'
    """
    value = front_matter.fields.get("base_model")
    entries: list[Value] = value if isinstance(value, list) else [value]
    span = front_matter.lines.get("base_model")
    found = dict.fromkeys(_KINDS[type(entry)] for entry in entries if _is_passed_over(entry))
    message = "base_model holds {}, which names no model"
    return tuple(Problem("no-name", message.format(kind), (span,) if span else ()) for kind in found)


def _is_passed_over(entry: Value) -> bool:
    if isinstance(entry, dict):
        return bool(entry) and next(names_in(entry), None) is None
    return isinstance(entry, bool) or (isinstance(entry, list) and bool(entry))
