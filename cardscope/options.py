"""What a user may decide: one frozen record per stage, and a TOML file that can be laid over the defaults.

The environment is read by the command line only, never here.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from cardscope.errors import UsageError


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How to ask for cards.

    Attributes:
        endpoint: Address of the Hub; ``None`` takes the client's own default (and ``HF_ENDPOINT``).
        timeout: Seconds to wait for one answer.
        max_wait: Seconds in all to wait for a rate limit to pass before giving up on it.
        tries: How often a request that failed on the server's side is sent.
    """

    endpoint: str | None = None
    revision: str | None = None
    timeout: float = 10.0
    max_wait: float = 60.0
    tries: int = 3


@dataclass(frozen=True, slots=True)
class LineageOptions:
    """How far to follow a family.

    Attributes:
        depth: Generations upwards; the deepest family in the paper has 39.
        ancestors: Most models to look up on the way.
        children: Most children to name for each relation.
    """

    depth: int = 40
    ancestors: int = 100
    children: int = 3


@dataclass(frozen=True, slots=True)
class KinshipOptions:
    """When two sections count as the same one.

    Attributes:
        kept: Least similarity of a pair that was kept as it was.
        edited: Least similarity of a pair that is the same section, edited.
        parents: Most parents to compare with; a merge can have dozens.
    """

    kept: float = 0.98
    edited: float = 0.6
    parents: int = 8


@dataclass(frozen=True, slots=True)
class Options:
    """All stages together, as the pipeline takes them.

    Attributes:
        embedder: ``static`` (shipped), ``lexical``, or the name or path of a Sentence Transformers model.
        tables: Folder with tables that are laid over the shipped ones, key by key.
    """

    embedder: str = "static"
    tables: Path | None = None
    source: SourceOptions = SourceOptions()
    lineage: LineageOptions = LineageOptions()
    kinship: KinshipOptions = KinshipOptions()


def load_options(path: Path, base: Options | None = None) -> Options:
    """Lays a TOML file over ``base``; sections are the stages, a key that is not an option is an error.

    Raises:
        UsageError: The file cannot be read, or names something that is not an option.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot be read as options ({error})", subject=str(path)) from error
    options: Options = _overlay(base or Options(), content, str(path))
    return options


def _overlay(record: Any, content: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401 - any options record
    known = {entry.name: getattr(record, entry.name) for entry in fields(record)}
    changes: dict[str, Any] = {}
    for key, value in content.items():
        if key not in known:
            raise UsageError(f"{key} is not an option", subject=where, hint="known: " + ", ".join(known))
        current = known[key]
        if dataclasses.is_dataclass(current):
            if not isinstance(value, Mapping):
                raise UsageError(f"{key} must be a table", subject=where)
            changes[key] = _overlay(current, value, f"{where}: {key}")
        elif isinstance(current, bool) or isinstance(value, bool):
            if not isinstance(value, type(current)):
                raise UsageError(f"{key} takes true or false", subject=where)
            changes[key] = value
        elif isinstance(current, (int, float)):
            if not isinstance(value, (int, float)):
                raise UsageError(f"{key} takes a number", subject=where)
            changes[key] = type(current)(value)
        elif not isinstance(value, str):
            raise UsageError(f"{key} takes text", subject=where)
        else:
            changes[key] = Path(value) if key == "tables" else value
    return replace(record, **changes)
