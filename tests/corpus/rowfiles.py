"""Row files of a run, told apart by their bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cardscope.corpus.batch import rows_paths


def digests(run: str) -> dict[str, str]:
    return {Path(path).name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in rows_paths(run)}
