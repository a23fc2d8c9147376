"""What softens a licence verdict, on a family that a Hub serves: one owner, and terms named in the child's own text.

The whole way in real processes: `cardscope analyze` asks a server that speaks the Hub's protocol.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.hub.server import HubServer
from tests.hub.world import HubModel

BASE = "acme/heron-7b"


def model(name: str, label: str, parent: str = "", relation: str = "finetune", body: str = "") -> HubModel:
    data: dict[str, Any] = {"license": label}
    if parent:
        data |= {"base_model": [parent], "base_model_relation": relation}
    head = "".join(f"{key}: {json.dumps(value)}\n" for key, value in data.items())
    readme = f"---\n{head}---\n# {name.partition('/')[2]}\n\nIt counts herons.\n\n{body}"
    links = ((relation, parent),) if parent else ()
    return HubModel(name, readme.encode(), card_data=data, base_models=links, tags=(f"license:{label}",))


TOLD = "## License\n\nUse of this model is governed by the Llama 2 Community License Agreement of its base.\n"
MENTIONED = "## License\n\nThis model is not licensed under the Llama 2 Community License; it is free of it.\n"
FENCED = "## License\n\nMIT.\n"
MODELS = (
    model(BASE, "llama2"),
    model("acme/heron-7b-chat", "mit", BASE),
    model("ACME/heron-7b-gguf", "mit", BASE, "quantized"),
    model("stranger/heron-told", "mit", BASE, body=TOLD),
    model("stranger/heron-denied", "mit", BASE, body=MENTIONED),
    model("stranger/heron-silent", "mit", BASE, body=FENCED),
    model("stranger/heron-chat-gguf", "mit", "acme/heron-7b-chat", "quantized"),
    model("stranger/heron-chat-told", "mit", "acme/heron-7b-chat", body=TOLD),
    model("stranger/kept", "llama2", BASE),
    replace(model("stranger/filed", "mit", BASE), files={"LICENSE.txt": b"LLAMA 2 COMMUNITY LICENSE AGREEMENT\n"}),
    replace(model("stranger/heron-other-file", "mit", BASE), files={"LICENSE": b"MIT License\n"}),
)


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with HubServer(MODELS) as server:
        yield server


def verdicts(hub: HubServer, tmp_path: Path, name: str) -> list[tuple[str, str, str]]:
    kept = {key: value for key, value in os.environ.items() if key != "HF_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "cardscope", "analyze", name, "--format", "json"],
        capture_output=True,
        env={**kept, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")},
    )
    assert done.returncode == 0, done.stderr
    return [(one["ancestor"], one["outcome"], one["reason"]) for one in json.loads(done.stdout)["licenses"]]


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("acme/heron-7b-chat", "needs-review", "SAME_OWNER_RELICENSE"),
        ("ACME/heron-7b-gguf", "needs-review", "SAME_OWNER_RELICENSE"),
        ("stranger/heron-told", "needs-review", "TERMS_IN_TEXT"),
        ("stranger/heron-denied", "incompatible", "COMMUNITY_TERMS_DROPPED"),
        ("stranger/heron-silent", "incompatible", "COMMUNITY_TERMS_DROPPED"),
        ("stranger/kept", "compatible", "SAME_LICENSE"),
        ("stranger/filed", "needs-review", "TERMS_IN_TEXT"),
        ("stranger/heron-other-file", "incompatible", "COMMUNITY_TERMS_DROPPED"),
    ],
)
def test_child_of_a_base(hub: HubServer, tmp_path: Path, name: str, outcome: str, reason: str) -> None:
    assert verdicts(hub, tmp_path, name) == [(BASE, outcome, reason)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("stranger/heron-chat-gguf", "COMMUNITY_TERMS_DROPPED"),
        ("stranger/heron-chat-told", "TERMS_IN_TEXT"),
    ],
)
def test_grandchild_cannot_hide_behind_a_parent_of_the_base_s_owner(
    hub: HubServer, tmp_path: Path, name: str, reason: str
) -> None:
    nearest, far = verdicts(hub, tmp_path, name)
    assert nearest == ("acme/heron-7b-chat", "compatible", "SAME_LICENSE")
    assert (far[0], far[2]) == (BASE, reason)
    assert far[1] == ("needs-review" if reason == "TERMS_IN_TEXT" else "incompatible")
