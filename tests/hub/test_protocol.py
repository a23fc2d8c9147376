"""The server is held to the client's own methods: what `HfApi` reads from the Hub, it must read here."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from huggingface_hub import HfApi, ModelCard
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.hub.fixtures import StartHub
from tests.hub.server import HubServer, models_of
from tests.hub.world import HubModel, Revision, blob_id

TOKEN = "hf_" + "Example" * 5
OLD = Revision(b"# First\n", datetime(2024, 1, 2, tzinfo=UTC))
MODELS = (
    HubModel(
        "acme/base", b"---\nlicense: mit\n---\n# Base\n", tags=("license:mit",), downloads=9, likes=1, history=(OLD,),
        card_data={"license": "mit"}, files={"config.json": b"{}"}, renamed_from=("gone/base", "base"),
    ),
    HubModel("kin/tuned", base_models=(("finetune", "acme/base"),), downloads=3, likes=5, pipeline_tag="fill-mask"),
    HubModel("shut/gated", gated="auto"),
    HubModel("shut/private", private=True),
    HubModel("odd/no-readme", None),
)  # fmt: skip


@pytest.fixture
def hub(hub_server: StartHub) -> HubServer:
    return hub_server(MODELS, tokens={TOKEN: ["*"]})


@pytest.fixture
def api(hub: HubServer) -> HfApi:
    return HfApi(endpoint=hub.url, token=False)


def test_model_info(api: HfApi) -> None:
    info = api.model_info("acme/base", expand=["baseModels", "childrenModelCount", "cardData", "sha", "siblings"])
    assert (info.sha, info.card_data.license) == (MODELS[0].sha, "mit")
    # The shapes the Hub really sends, which are not the annotated ones.
    assert info.children_model_count == {"adapter": 0, "finetune": 1, "merge": 0, "quantized": 0}
    assert [entry.rfilename for entry in info.siblings] == [".gitattributes", "README.md", "config.json"]
    child = api.model_info("kin/tuned", expand=["baseModels"])
    assert child.base_models["relation"] == "finetune"
    assert [entry["id"] for entry in child.base_models["models"]] == ["acme/base"]
    assert child.likes is None


@pytest.mark.parametrize("former", ["gone/base", "base"])
def test_former_names_redirect(api: HfApi, former: str) -> None:
    assert api.model_info(former, revision="main").id == "acme/base"
    assert Path(api.hf_hub_download(former, "README.md")).read_bytes() == MODELS[0].readme


def test_listings(api: HfApi) -> None:
    def names(**how: object) -> list[str]:
        return [info.id for info in api.list_models(**how)]

    assert names() == ["acme/base", "kin/tuned", "odd/no-readme", "shut/gated"]
    assert names(author="KIN") == ["kin/tuned"]
    assert names(search="base") == ["acme/base"]
    assert names(sort="likes", limit=2) == ["kin/tuned", "acme/base"]
    assert names(filter=["base_model:finetune:acme/base", "fill-mask"]) == ["kin/tuned"]
    assert names(filter=["base_model:finetune:acme/base", "license:mit"]) == []
    assert names(filter="base_model:acme/base") == ["kin/tuned"]
    assert "shut/private" in [info.id for info in api.list_models(token=TOKEN)]
    full = next(iter(api.list_models(full=True, cardData=True)))
    assert (full.sha, full.card_data.license) == (MODELS[0].sha, "mit")


def test_pages_of_a_listing(hub_server: StartHub) -> None:
    server = hub_server(HubModel(f"many/model-{number:04d}") for number in range(2500))
    assert len({info.id for info in HfApi(endpoint=server.url, token=False).list_models()}) == 2500
    assert len(server.requests("/api/models")) == 3


def test_trees_and_commits(api: HfApi) -> None:
    files = {entry.path: entry.blob_id for entry in api.list_repo_tree("acme/base")}
    assert files["README.md"] == blob_id(MODELS[0].readme or b"")
    old = {entry.path: entry.blob_id for entry in api.list_repo_tree("acme/base", revision=OLD.sha("acme/base"))}
    assert old["README.md"] == blob_id(b"# First\n")
    assert [entry.commit_id for entry in api.list_repo_commits("acme/base")] == [MODELS[0].sha, OLD.sha("acme/base")]


def test_errors_are_the_clients_own(api: HfApi, hub: HubServer) -> None:
    for token in (False, TOKEN):
        with pytest.raises(RepositoryNotFoundError):
            api.model_info("acme/nothing", token=token)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("shut/private")
    with pytest.raises(RevisionNotFoundError):
        api.model_info("acme/base", revision="nothing")
    with pytest.raises(GatedRepoError):
        api.hf_hub_download("shut/gated", "README.md")
    with pytest.raises(RemoteEntryNotFoundError):
        api.hf_hub_download("odd/no-readme", "README.md")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        api.model_info("acme/base", token="hf_" + "Stranger" * 4)
    assert api.whoami(token=TOKEN)["name"] == "tester"
    hub.faults.too_many(times=1, reset=7)
    with pytest.raises(HfHubHTTPError, match="Retry after 7 seconds"):
        api.model_info("acme/base")


def test_a_card_is_loaded(hub: HubServer, api: HfApi) -> None:
    assert ModelCard(Path(api.hf_hub_download("acme/base", "README.md")).read_text()).data.license == "mit"
    with urllib.request.urlopen(f"{hub.url}/acme/base/raw/main/README.md") as answer:
        assert answer.read() == MODELS[0].readme


def test_a_rate_limit_counts_requests(hub_server: StartHub) -> None:
    server = hub_server(MODELS, rate_limit=(2, 60))
    api = HfApi(endpoint=server.url, token=False)
    api.model_info("acme/base")
    api.model_info("acme/base")
    with pytest.raises(HfHubHTTPError, match="0/2 requests remaining in current 60s window"):
        api.model_info("acme/base")


def test_many_at_once(hub: HubServer, api: HfApi) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: api.model_info("acme/base").sha, range(200)))
    assert set(found) == {MODELS[0].sha}
    assert len(hub.log) == 200


def test_the_log_has_no_token(hub: HubServer, api: HfApi) -> None:
    api.model_info("acme/base", token=TOKEN)
    assert hub.log[0].authenticated
    assert TOKEN not in repr(hub.log)


def test_a_server_of_the_demo_runs_on_its_own() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, str(root / "tests" / "hub" / "server.py"), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stderr is not None
            kill = threading.Timer(30, process.kill)
            kill.start()
            line = process.stderr.readline()
            kill.cancel()
            assert " models at http://" in line
            with urllib.request.urlopen(line.split()[-1] + "/api/models?limit=3") as answer:
                assert len(json.load(answer)) == 3
        finally:
            process.kill()


def test_the_demo_is_served_as_it_is() -> None:
    models = {model.id: model for model in models_of(Path(__file__).parents[2] / "corpora" / "demo")}
    assert len(models) > 150
    assert any(model.readme is None for model in models.values())
    assert any(model.gated for model in models.values())
    assert any(model.base_models for model in models.values())
