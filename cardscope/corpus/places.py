"""Whether what is read and what is written are two places; links and dots do not hide that they are one."""

from __future__ import annotations

from pathlib import Path

from cardscope.errors import UsageError


def keep_apart(source: str | Path, destination: str | Path, *, within: bool = False) -> None:
    """Refuses to write where is read from; addresses are compared as they are written.

    Args:
        within: Also refuse to write into a folder below the source, as a corpus is nobody's but its writer's.

    Raises:
        UsageError: Both are one place, or (``within``) the destination lies in the source.
    """
    left, right = str(source), str(destination)
    hint = "choose a new folder to write to"
    if "://" in left or "://" in right:
        if left.rstrip("/") == right.rstrip("/"):
            raise UsageError("would be written into itself", subject=right, hint=hint)
        return
    read, written = Path(left).resolve(), Path(right).resolve()
    if read == written:
        raise UsageError("would be written into itself", subject=right, hint=hint)
    if within and read in written.parents:
        raise UsageError(f"lies in {left}, which is read", subject=right, hint=hint)
