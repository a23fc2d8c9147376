"""Data sets of the Hub, streamed row by row: the only door to the library ``datasets``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cardscope.errors import MissingExtra, SourceError


def stream_rows(name: str, config: str = "") -> tuple[tuple[str, ...] | None, Iterator[Mapping[str, Any]]]:
    """Columns and rows of the first split of a data set; nothing is downloaded but what is read.

    Args:
        name: ``owner/name`` on the Hub, or a local folder the library can load.

    Raises:
        MissingExtra: ``datasets`` is not installed.
        SourceError: There is no such data set, or it cannot be read.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("datasets", extra="datasets") from error
    try:
        splits = datasets.load_dataset(name, config or None, streaming=True)
        split = next(iter(splits.values()))
        return tuple(split.column_names) if split.column_names else None, iter(split)
    except (OSError, ValueError, RuntimeError, KeyError, StopIteration) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise SourceError(
            f"cannot be read as a data set ({reason})", subject=name, hint="check the name and configuration"
        ) from error
