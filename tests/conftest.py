"""What all tests may use: the real cards beside the checkout when they are there, and one plain parsed card."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hub.fixtures import hub_cache, hub_server  # noqa: F401 - fixtures for every test that talks to a Hub

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("CARDSCOPE_SHARED", ROOT.parent / "shared"))

# No test may reach the real Hub by accident: the client is pointed at servers of our own, never away from the machine.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real cards; skips the test, saying so, on a machine that has only the checkout."""
    if not (SHARED / "cards" / "cards.parquet").exists():
        pytest.skip("the real cards are not beside this checkout (../shared, or CARDSCOPE_SHARED)")
    return SHARED
