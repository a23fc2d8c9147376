"""Fixtures for tests that talk to a Hub; `tests/conftest.py` makes them known everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.hub.server import HubServer
from tests.hub.world import HubModel

StartHub = Callable[..., HubServer]


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and no login for the client in this process, as on a fresh machine."""
    from huggingface_hub import constants

    cache = tmp_path / "hf" / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return cache


@pytest.fixture
def hub_server(hub_cache: Path) -> Iterator[StartHub]:
    """Starts Hubs on 127.0.0.1 that end with the test: ``hub_server(models, tokens=..., rate_limit=...)``."""
    with ExitStack() as stack:

        def start(models: Iterable[HubModel] = (), **how: Any) -> HubServer:
            return stack.enter_context(HubServer(models, **how))

        yield start
