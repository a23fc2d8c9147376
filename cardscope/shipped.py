"""Where the encoder and the demo hub lie: inside the wheel, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).with_name("_shipped")
_CHECKOUT = Path(__file__).parent.parent


def shipped(relative: str) -> Path:
    """Path of a shipped file or folder, for instance ``models/card-encoder``.

    Raises:
        FileNotFoundError: The installation is broken: what every wheel carries is not there.
    """
    for root in (_INSTALLED, _CHECKOUT):
        path = root / relative
        if path.exists():
            return path
    raise FileNotFoundError(f"{relative} is missing from this installation of cardscope")
