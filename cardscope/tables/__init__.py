"""Knowledge as data: the tables, read once, with a user's overlay laid over them key by key.

Every table is a TOML file with a ``[table]`` head (``version``, ``source``, ``retrieved``) and, below it, rows by id.
A user's folder holds files of the same names; a row given there replaces the keys it names and leaves the rest.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cardscope.errors import InvalidTable

_HERE = Path(__file__).parent
_overlay_folder: Path | None = None


def use_overlay(folder: Path | None) -> None:
    """Lays the tables of ``folder`` over the shipped ones for the rest of the process; ``None`` takes it away.

    Raises:
        InvalidTable: There is no such folder, or it holds nothing that would be laid over a table (a misspelt name).
    """
    global _overlay_folder  # noqa: PLW0603 - one overlay a process: it is the user's --tables
    if folder is not None and not folder.is_dir():
        raise InvalidTable("is not a folder with tables", subject=str(folder))
    if folder is not None:
        _check_names(folder)
    _overlay_folder = folder
    for cached in _dependents:
        cached()
    read_table.cache_clear()


def _check_names(folder: Path) -> None:
    """A table under a name that nobody reads would change nothing and say nothing."""
    known = sorted(path.stem for path in _HERE.glob("*.toml"))
    hint = f"known: {', '.join(known)}, and any name in generators/"
    found = [path.stem for path in sorted(folder.glob("*.toml"))]
    if stranger := next((stem for stem in found if stem not in known), None):
        raise InvalidTable(f"{stranger}.toml is the name of no table", subject=str(folder), hint=hint)
    if not found and not any((folder / "generators").glob("*.toml")):
        raise InvalidTable("holds no table", subject=str(folder), hint=hint)


_dependents: list[Any] = []


def on_overlay(clear: Any) -> None:  # noqa: ANN401 - a cache_clear method
    """Registers the ``cache_clear`` of something that was compiled out of a table."""
    _dependents.append(clear)


@cache
def read_table(name: str) -> Mapping[str, Any]:
    """One table, for instance ``sections`` or ``generators/trainers``, overlay included.

    Raises:
        InvalidTable: The file is no TOML or has no ``[table]`` head with a version.
    """
    table = _read(_HERE / f"{name}.toml")
    if _overlay_folder is not None and (extra := _overlay_folder / f"{name}.toml").exists():
        table = merge(table, _read(extra, head=False))
    return table


def names(folder: str) -> tuple[str, ...]:
    """Names of the tables in a folder of tables, overlay included, for instance all of ``generators``."""
    found = {path.stem for path in (_HERE / folder).glob("*.toml")}
    if _overlay_folder is not None:
        found.update(path.stem for path in (_overlay_folder / folder).glob("*.toml"))
    return tuple(f"{folder}/{stem}" for stem in sorted(found))


def version(name: str) -> str:
    """The version in a table's head, as it goes into the ``versions`` of a result."""
    return str(read_table(name)["table"]["version"])


def digest() -> str:
    """Of every row of every table, overlay included: two results can be compared only under equal tables.

    A version says what its author meant to say; this says what was read.
    """
    every = sorted(path.relative_to(_HERE).with_suffix("").as_posix() for path in _HERE.rglob("*.toml"))
    if _overlay_folder is not None:
        every = sorted({*every, *(name for folder in ("generators",) for name in names(folder))})
    content = json.dumps([(name, read_table(name)) for name in every], sort_keys=True, default=str)
    return sha256(content.encode()).hexdigest()[:16]


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``above`` laid over ``below``, table by table; anything that is not a table is replaced whole.

    >>> merge({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
    {'a': {'x': 1, 'y': 3}}
    """
    result = dict(below)
    for key, value in above.items():
        current = result.get(key)
        result[key] = merge(current, value) if isinstance(current, Mapping) and isinstance(value, Mapping) else value
    return result


def _read(path: Path, *, head: bool = True) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = tomllib.load(stream)
    except FileNotFoundError:
        if not head:
            raise
        # A table may exist in the user's folder only.
        return {"table": {"version": "user", "source": "user", "retrieved": ""}}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidTable(f"cannot be read as a table ({error})", subject=str(path)) from error
    if head and "version" not in content.get("table", {}):
        raise InvalidTable("has no [table] head with a version", subject=str(path))
    return content
