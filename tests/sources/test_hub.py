"""The Hub as a source, asked by the real client over real HTTP."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cardscope.errors import RateLimited, SourceError, Unreachable, UsageError
from cardscope.options import SourceOptions
from cardscope.sources.hub import HubSource
from cardscope.sources.pages import Readme, is_blob
from cardscope.types import ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason
from tests.hub.faults import Fault
from tests.hub.fixtures import StartHub
from tests.hub.server import HubServer
from tests.hub.world import HubModel, Revision

BASE = ModelId("acme/base")
README = b"---\nlicense: mit\n---\n# Base\n\nA model of the tests.\n"
TOKEN = "hf_" + "Example" * 5
OTHER_TOKEN = "hf_" + "Stranger" * 4

MODELS = (
    HubModel(
        "acme/base",
        README,
        tags=("license:mit", "en"),
        downloads=900,
        likes=7,
        created_at=datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
        last_modified=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        pipeline_tag="text-generation",
        library_name="transformers",
        card_data={"license": "mit", "self": "a key that a constructor would trip over"},
        renamed_from=("old/base",),
        history=(Revision(b"# Base, first words\n", datetime(2024, 2, 4, tzinfo=UTC)),),
        branches={"draft": Revision(b"# Base, first words\n", datetime(2024, 2, 4, tzinfo=UTC)).sha("acme/base")},
    ),
    HubModel("kin/tuned", b"# Tuned\n", base_models=(("finetune", "acme/base"),), downloads=5),
    HubModel("kin/tuned-more", b"# Tuned more\n", base_models=(("finetune", "acme/base"),), downloads=50),
    HubModel("kin/small", b"# Small\n", base_models=(("quantized", "acme/base"),), downloads=70),
    HubModel("kin/both", b"# Both\n", base_models=(("merge", "acme/base"), ("merge", "kin/tuned")), downloads=1),
    HubModel("shut/gated", b"# Gated\n", gated="manual", tags=("license:llama3",)),
    HubModel("shut/private", b"# Private\n", private=True),
    HubModel("shut/disabled", b"# Disabled\n", state="disabled"),
    HubModel("odd/no-readme", None),
    HubModel("odd/empty", b"\xef\xbb\xbf \r\n\n"),
)


def source(server: HubServer, token: str | bool | None = False, **how: Any) -> HubSource:
    return HubSource(SourceOptions(endpoint=server.url, **{"timeout": 2.0, "max_wait": 3.0, "tries": 2, **how}), token)


@pytest.fixture
def hub(hub_server: StartHub) -> HubServer:
    return hub_server(MODELS, tokens={TOKEN: ["*"], OTHER_TOKEN: []})


def skipped(answer: object) -> SkippedCard:
    assert isinstance(answer, SkippedCard), answer
    assert answer.message
    assert answer.hint
    return answer


# --- what is there ------------------------------------------------------------------------------------------------


def test_a_card_comes_as_it_was_written(hub: HubServer) -> None:
    card = source(hub).get(BASE)
    assert isinstance(card, RawCard)
    assert card.content == README
    assert (card.model_id, card.revision, card.renamed_from) == (BASE, MODELS[0].sha, None)
    assert card.origin == f"{hub.url}/acme/base/blob/{MODELS[0].sha}/README.md"


@pytest.mark.parametrize("revision", ["draft", MODELS[0].history[0].sha("acme/base")])
def test_a_revision_is_a_branch_or_a_commit(hub: HubServer, revision: str) -> None:
    old = MODELS[0].history[0]
    asked = source(hub).get(BASE, revision)
    assert isinstance(asked, RawCard)
    assert (asked.content, asked.revision) == (old.readme, old.sha("acme/base"))
    info = source(hub).info(BASE, revision)
    assert isinstance(info, ModelInfo)
    assert info.revision == old.sha("acme/base")


def test_the_revision_in_question_is_not_asked_of_its_parents(hub: HubServer) -> None:
    assert isinstance(source(hub, revision=MODELS[0].history[0].sha("acme/base")).get(ModelId("kin/tuned")), RawCard)


def test_a_pinned_commit_is_fetched_once(hub: HubServer) -> None:
    source(hub).get(BASE, MODELS[0].sha)
    before = len(hub.log)
    assert isinstance(source(hub).get(BASE, MODELS[0].sha), RawCard)
    assert len(hub.log) == before


def test_an_unchanged_card_is_not_sent_twice(hub: HubServer) -> None:
    source(hub).get(BASE)
    source(hub).get(BASE)
    assert [entry.method for entry in hub.requests("/resolve/")] == ["HEAD", "GET", "HEAD"]


def test_info_holds_all_that_was_asked_for(hub: HubServer) -> None:
    info = source(hub).info(BASE)
    assert isinstance(info, ModelInfo)
    assert info.dates.created == datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert info.dates.modified == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert (info.downloads, info.likes, info.gated, info.private) == (900, 7, False, False)
    assert (info.tags, info.library_name, info.pipeline_tag) == (
        ("license:mit", "en"),
        "transformers",
        "text-generation",
    )
    assert info.card_data == {"license": "mit", "self": "a key that a constructor would trip over"}
    assert info.children == {Relation.FINETUNE: 2, Relation.QUANTIZED: 1, Relation.MERGE: 1, Relation.ADAPTER: 0}
    assert len(hub.log) == 1


def test_parents_come_with_the_relation_the_hub_gives(hub: HubServer) -> None:
    info = source(hub).info(ModelId("kin/both"))
    assert isinstance(info, ModelInfo)
    assert info.base_models == (("acme/base", Relation.MERGE), ("kin/tuned", Relation.MERGE))


def test_children_are_listed_most_downloaded_first(hub: HubServer) -> None:
    asked = source(hub)
    assert [info.model_id for info in asked.children(BASE, Relation.FINETUNE, 5)] == ["kin/tuned-more", "kin/tuned"]
    assert [info.downloads for info in asked.children(BASE, Relation.FINETUNE, 1)] == [50]
    assert [info.model_id for info in asked.children(BASE, Relation.QUANTIZED, 5)] == ["kin/small"]
    assert list(asked.children(BASE, Relation.ADAPTER, 5)) == []
    assert list(asked.children(BASE, Relation.FINETUNE, 0)) == []


def test_a_renamed_model_is_found_under_its_new_name(hub: HubServer) -> None:
    old = ModelId("old/base")
    card, info = source(hub).get(old), source(hub).info(old)
    assert isinstance(card, RawCard)
    assert isinstance(info, ModelInfo)
    assert (card.model_id, card.renamed_from) == (BASE, old)
    assert (info.model_id, info.renamed_from) == (BASE, old)


def test_capitals_lead_to_the_model_as_it_is_spelt(hub: HubServer) -> None:
    card = source(hub).get(ModelId("Acme/BASE"))
    assert isinstance(card, RawCard)
    assert (card.model_id, card.renamed_from) == (BASE, "Acme/BASE")


def test_accounts_are_there_or_not(hub: HubServer) -> None:
    assert source(hub).has_account("acme") is True
    assert source(hub).has_account("nobody-of-that-name") is False
    hub.faults.failing(times=2)
    assert source(hub).has_account("acme") is None


@pytest.mark.parametrize("asked", ["acme/base", "old/base"])
def test_a_file_sent_from_the_hubs_second_address(hub_server: StartHub, asked: str) -> None:
    server = hub_server(MODELS, resolve_cache=True)
    card = source(server).get(ModelId(asked))
    assert isinstance(card, RawCard)
    assert (card.content, card.model_id, card.revision) == (README, BASE, MODELS[0].sha)
    assert len(server.requests("/api/resolve-cache/", "GET")) == 1


def test_every_card_of_a_listing(hub: HubServer) -> None:
    answers = list(source(hub).iter())
    cards = [answer for answer in answers if isinstance(answer, RawCard)]
    reasons = [answer.reason for answer in answers if isinstance(answer, SkippedCard)]
    assert len(cards) == 5
    assert sorted(reasons) == ["empty-readme", "gated", "no-readme", "unreadable"]


# --- what is not --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [False, OTHER_TOKEN])
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("acme/never-was", SkipReason.NOT_FOUND),
        ("shut/private", SkipReason.NOT_FOUND),
        ("shut/gated", SkipReason.GATED),
        ("shut/disabled", SkipReason.UNREADABLE),
        ("odd/no-readme", SkipReason.NO_README),
        ("odd/empty", SkipReason.EMPTY_README),
    ],
)
def test_why_there_is_no_card(hub: HubServer, token: str | bool, model: str, reason: SkipReason) -> None:
    answer = source(hub, token).get(ModelId(model))
    assert isinstance(answer, SkippedCard)
    assert (answer.model_id, answer.stage, answer.reason) == (model, "fetch", reason)
    assert answer.hint


@pytest.mark.parametrize("model", ["acme/" + "x" * 150, "acme/repository.git", "acme/name-", "acme/name."])
def test_ids_that_the_client_itself_refuses(hub: HubServer, model: str) -> None:
    for answer in (source(hub).get(ModelId(model)), source(hub).info(ModelId(model))):
        assert skipped(answer).reason is SkipReason.NOT_FOUND


def test_a_token_opens_what_it_may(hub: HubServer) -> None:
    for model in ("shut/gated", "shut/private"):
        assert isinstance(source(hub, TOKEN).get(ModelId(model)), RawCard)
        assert isinstance(source(hub, TOKEN).info(ModelId(model)), ModelInfo)


def test_a_gated_model_is_known_without_its_card(hub: HubServer) -> None:
    info = source(hub).info(ModelId("shut/gated"))
    assert isinstance(info, ModelInfo)
    assert (info.gated, info.tags) == ("manual", ("license:llama3",))
    assert "terms" in skipped(source(hub).get(ModelId("shut/gated"))).hint


def test_a_gate_that_was_closed_hides_the_cached_card(hub: HubServer) -> None:
    assert isinstance(source(hub, TOKEN).get(ModelId("shut/gated")), RawCard)
    assert skipped(source(hub).get(ModelId("shut/gated"))).reason is SkipReason.GATED


def test_a_deleted_model_is_not_taken_from_the_cache(hub: HubServer) -> None:
    assert isinstance(source(hub).get(BASE), RawCard)
    hub.world.remove("acme/base")
    assert skipped(source(hub).get(BASE)).reason is SkipReason.NOT_FOUND


def test_a_revision_that_is_not_there(hub: HubServer) -> None:
    for answer in (source(hub).get(BASE, "v9"), source(hub).info(BASE, "v9")):
        assert skipped(answer).reason is SkipReason.NOT_FOUND
        assert "v9" in skipped(answer).message


def test_a_token_nobody_knows_stops_the_run(hub: HubServer) -> None:
    secret = "hf_" + "Mistyped" * 4
    for call in (source(hub, secret).get, source(hub, secret).info):
        with pytest.raises(SourceError, match="token") as caught:
            call(BASE)
        assert secret not in str(caught.value) + caught.value.hint


# --- a Hub in trouble ---------------------------------------------------------------------------------------------


def test_a_rate_limit_is_waited_for(hub: HubServer) -> None:
    hub.faults.too_many(reset=1)
    began = time.monotonic()
    assert isinstance(source(hub).info(BASE), ModelInfo)
    assert time.monotonic() - began >= 1.0
    assert len(hub.log) == 2


@pytest.mark.parametrize("how", [{"reset": 1}, {"reset": None, "retry_after": "1"}])
def test_a_rate_limit_on_the_way_to_the_card(hub: HubServer, how: dict) -> None:
    hub.faults.too_many(path="/resolve/", method="GET", **how)
    assert isinstance(source(hub).get(BASE), RawCard)


@pytest.mark.parametrize("how", [{"reset": 60}, {"reset": None, "retry_after": "60"}])
def test_a_rate_limit_longer_than_allowed_is_not_waited_for(hub: HubServer, how: dict) -> None:
    hub.faults.too_many(times=9, **how)
    for answer in (source(hub).get(BASE), source(hub).info(BASE)):
        assert skipped(answer).reason is SkipReason.RATE_LIMITED
        assert "60 seconds" in skipped(answer).message
    assert len(hub.log) == 2
    with pytest.raises(RateLimited) as caught:
        list(source(hub).list_models())
    assert caught.value.retry_after == 60


def test_waiting_adds_up(hub: HubServer) -> None:
    hub.faults.too_many(times=9, reset=2)
    assert skipped(source(hub).info(BASE)).reason is SkipReason.RATE_LIMITED
    assert len(hub.log) == 2


def test_a_failing_server_is_tried_again(hub: HubServer) -> None:
    for path in ("/api/", "/resolve/"):
        hub.faults.failing(times=1, path=path)
    assert isinstance(source(hub).info(BASE), ModelInfo)
    assert isinstance(source(hub).get(BASE), RawCard)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_keeps_failing_is_given_up_on(hub: HubServer, status: int) -> None:
    hub.faults.failing(times=99, status=status)
    for answer in (source(hub, tries=1).get(BASE), source(hub, tries=2).info(BASE)):
        assert skipped(answer).reason is SkipReason.SERVER_ERROR
        assert str(status) in skipped(answer).message
    assert len(hub.log) == 3


@pytest.mark.parametrize("kind", ["cut", "close"])
def test_a_connection_that_breaks_is_tried_again(hub: HubServer, kind: str) -> None:
    hub.faults.add(Fault(kind, path="/resolve/", method="GET"))
    hub.faults.add(Fault(kind, path="/api/"))
    card = source(hub).get(BASE)
    assert isinstance(card, RawCard)
    assert card.content == README
    assert isinstance(source(hub).info(BASE), ModelInfo)


def test_a_silent_server_is_a_timeout(hub: HubServer) -> None:
    hub.faults.add(Fault("slow", times=9, seconds=1.0))
    for answer in (source(hub, timeout=0.2, tries=1).get(BASE), source(hub, timeout=0.2, tries=1).info(BASE)):
        assert skipped(answer).reason is SkipReason.TIMEOUT
        assert "0.2 seconds" in skipped(answer).message


@pytest.mark.parametrize("kind", ["bad-json", "html"])
def test_an_answer_that_is_no_hubs(hub: HubServer, kind: str) -> None:
    hub.faults.add(Fault(kind, times=2))
    assert skipped(source(hub).info(BASE)).reason is SkipReason.SERVER_ERROR
    with pytest.raises(Unreachable):
        list(source(hub).list_models())


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"id": "../../etc"}', b'"acme/base"'])
def test_json_that_describes_no_model(hub: HubServer, body: bytes) -> None:
    hub.faults.add(Fault("status", status=200, body=body))
    assert skipped(source(hub).info(BASE)).reason is SkipReason.SERVER_ERROR


PORTAL = b"<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", times=9, path="/resolve/"),
        Fault("html", times=9, path="/resolve/", method="GET"),
        Fault("bad-json", times=9, path="/resolve/", method="GET"),
        Fault("status", times=9, status=200, path="/resolve/", body=PORTAL, headers={"Content-Type": "text/html"}),
        Fault("status", times=99, status=302, body=b"", headers={"Location": "/login"}),
        Fault("status", times=9, status=511, path="/resolve/", body=PORTAL),
    ],
    ids=["page", "page-for-the-body", "half-json", "portal", "redirects-without-end", "status-511"],
)
def test_a_page_of_something_else_under_the_readme(hub: HubServer, fault: Fault, hub_cache: Path) -> None:
    hub.faults.add(fault)
    answer = skipped(source(hub).get(BASE))
    assert answer.reason is SkipReason.SERVER_ERROR
    assert answer.message == f"got an answer from {hub.url} that no Hub gives"
    assert "proxy" in answer.hint
    assert "HF_ENDPOINT" in answer.hint
    hub.faults.clear()
    card = source(hub).get(BASE)
    assert isinstance(card, RawCard)
    assert card.content == README, "nothing of the page may be left in the client's cache"


@pytest.mark.parametrize("status", [200, 302, 511])
def test_a_page_of_something_else_is_no_card_of_a_crawl(hub: HubServer, status: int) -> None:
    headers = {"Location": "/login"} if status == 302 else {"Content-Type": "text/html"}
    hub.faults.add(Fault("status", times=99, status=status, body=PORTAL, headers=headers))
    answer = source(hub).readme(BASE)
    assert isinstance(answer, SkippedCard)
    assert answer.reason is SkipReason.SERVER_ERROR
    assert answer.message.endswith("that no Hub gives")


def test_a_body_that_is_not_what_its_headers_name_is_no_card_of_a_crawl(hub: HubServer) -> None:
    hub.faults.add(Fault("html", path="/resolve/"))
    answer = source(hub).readme(BASE)
    assert isinstance(answer, SkippedCard)
    assert (answer.reason, answer.message.endswith("that no Hub gives")) == (SkipReason.SERVER_ERROR, True)
    found = source(hub).readme(BASE)
    assert isinstance(found, Readme)
    assert found.content == README
    hub.faults.add(Fault("html", path="/resolve/"))
    again = source(hub).readme(BASE, None, found.blob_id)
    assert isinstance(again, Readme)
    assert again.content is None, "what is known already is not read again, whatever came with it"


@pytest.mark.parametrize(
    ("blob_id", "fits"),
    [
        (hashlib.sha1(b"blob 4\0card").hexdigest(), True),
        (hashlib.sha1(b"card").hexdigest(), True),
        (hashlib.sha256(b"card").hexdigest(), True),
        (hashlib.sha1(b"blob 4\0cart").hexdigest(), False),
        (hashlib.sha256(b"cart").hexdigest(), False),
        (hashlib.md5(b"cart").hexdigest(), True),
        ("W/5f-18c", True),
        (None, True),
    ],
    ids=["git", "sha1", "sha256", "other-git", "other-sha256", "md5", "opaque", "none"],
)
def test_what_an_etag_names(blob_id: str | None, fits: bool) -> None:
    assert is_blob(b"card", blob_id) is fits


def test_nobody_listens(hub_cache: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = HubSource(SourceOptions(endpoint=f"http://127.0.0.1:{port}", tries=1), False)
    for answer in (asked.get(BASE), asked.info(BASE)):
        assert skipped(answer).reason is SkipReason.OFFLINE
        assert "cannot be reached" in skipped(answer).message
    with pytest.raises(Unreachable):
        asked.children(BASE, Relation.FINETUNE, 3)


def test_a_hub_that_went_away_leaves_its_cards(hub_server: StartHub) -> None:
    from huggingface_hub import close_session

    with HubServer(MODELS) as short_lived:
        assert isinstance(source(short_lived).get(BASE), RawCard)
    close_session()  # a connection that was kept open is still answered
    card = source(short_lived, tries=1).get(BASE)
    assert isinstance(card, RawCard)
    assert (card.content, card.revision, card.cached) == (README, MODELS[0].sha, True)


def test_a_card_the_hub_answered_for_is_no_cached_one(hub: HubServer) -> None:
    """Neither is one of a commit, although the client takes it out of its cache without asking: it cannot change."""
    for revision in (None, None, MODELS[0].sha, MODELS[0].sha):
        card = source(hub).get(BASE, revision)
        assert isinstance(card, RawCard)
        assert not card.cached
    hub.faults.failing(times=9)
    asked = {revision: source(hub, tries=1).get(BASE, revision) for revision in (None, MODELS[0].sha)}
    assert [isinstance(card, RawCard) and card.cached for card in asked.values()] == [True, False]


# --- listings -----------------------------------------------------------------------------------------------------


def fleet(count: int) -> list[HubModel]:
    return [
        HubModel(
            f"fleet/ship-{number:03d}", last_modified=datetime(2024, 1, 1 + number % 28, tzinfo=UTC), downloads=number
        )
        for number in range(count)
    ]


def test_a_listing_goes_from_page_to_page(hub_server: StartHub) -> None:
    server = hub_server(fleet(25))
    pages = list(source(server).pages(author="fleet", size=10))
    assert [len(page.models) for page in pages] == [10, 10, 5]
    assert pages[-1].cursor is None
    assert len({info.model_id for page in pages for info in page.models}) == 25
    assert all(info.revision and info.dates.modified for page in pages for info in page.models)


def test_a_listing_is_lazy_and_goes_on_at_a_cursor(hub_server: StartHub) -> None:
    server = hub_server(fleet(25))
    first = next(source(server).pages(size=10, sort="downloads"))
    assert len(server.log) == 1
    rest = list(source(server).list_models(cursor=first.cursor, sort="downloads"))
    assert [info.downloads for info in rest] == list(range(14, -1, -1))


def test_a_listing_ends_at_a_day_and_at_a_number(hub_server: StartHub) -> None:
    server = hub_server(fleet(28))
    since = datetime(2024, 1, 20, tzinfo=UTC)
    found = list(source(server).list_models(since=since))
    assert [info.dates.modified.day for info in found if info.dates.modified] == list(range(28, 19, -1))
    assert len(list(source(server).list_models(limit=3))) == 3


def test_the_next_page_of_a_foreign_host_is_not_followed(hub: HubServer) -> None:
    link = '<http://198.51.100.7/api/models?cursor=MQ%3D%3D>; rel="next"'
    hub.faults.add(Fault("status", status=200, body=b'[{"id": "kin/tuned"}]', headers={"Link": link}))
    found = list(source(hub, TOKEN, tries=1).list_models(sort="downloads"))
    assert found[0].model_id == "kin/tuned"
    assert len(hub.requests("/api/models")) == 2


def test_pages_that_shift_repeat_models(hub_server: StartHub) -> None:
    server = hub_server(fleet(25))
    server.shift = 2
    names = [info.model_id for page in source(server).pages(size=10) for info in page.models]
    assert len(names) > 25
    assert len(set(names)) == 25


# --- manners ------------------------------------------------------------------------------------------------------


def test_the_token_stays_where_it_belongs(
    hub: HubServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = source(hub, TOKEN, tries=1)
    hub.faults.failing(times=1)
    said = [repr(asked), repr(asked.get(BASE)), repr(asked.get(BASE)), repr(asked.info(BASE))]
    hub.faults.too_many(times=1, reset=60)
    said += [repr(asked.info(BASE)), repr(asked.get(ModelId("acme/never-was"))), caplog.text, *capfd.readouterr()]
    assert any(entry.authenticated for entry in hub.log)
    assert not any(TOKEN in text for text in said)


@pytest.mark.parametrize("token", ["hf_a\nX-Evil: 1", "hf ü", "two words"])
def test_a_token_that_is_none_is_refused_unseen(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        HubSource(SourceOptions(), token)
    assert token not in str(caught.value)


def test_other_users_of_the_client_are_left_alone(hub: HubServer) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    source(hub).get(BASE)
    assert HfApi(endpoint=hub.url, token=False).model_info("kin/tuned").id == "kin/tuned"
    with pytest.raises(RepositoryNotFoundError):
        HfApi(endpoint=hub.url, token=False).model_info("acme/never-was")


# --- the environment, as a user has it ------------------------------------------------------------------------------

SCRIPT = """
from cardscope.sources.hub import HubSource
from cardscope.sources.pages import Readme, is_blob
from cardscope.types import ModelId
source = HubSource()
for model in ("acme/base", "shut/private", "kin/small"):
    for answer in (source.get(ModelId(model)), source.info(ModelId(model))):
        print(type(answer).__name__, getattr(answer, "reason", getattr(answer, "revision", "")))
"""


def run(**environment: str) -> tuple[list[str], str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**kept, "HF_HUB_DISABLE_TELEMETRY": "1", **environment},
    )
    return done.stdout.splitlines(), done.stderr


def test_the_environment_means_what_it_means_to_the_client(hub: HubServer, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    lines, errors = run(HF_ENDPOINT=hub.url, HF_HOME=home, HF_TOKEN=TOKEN)
    assert [line.split()[0] for line in lines] == ["RawCard", "ModelInfo"] * 3
    assert (tmp_path / "home" / "hub" / "models--acme--base").is_dir()
    assert TOKEN not in errors
    seen = len(hub.log)
    lines, _ = run(HF_ENDPOINT=hub.url, HF_HOME=home, HF_HUB_OFFLINE="1")
    assert lines[0] == f"RawCard {MODELS[0].sha}"
    assert lines[1] == "SkippedCard offline"
    assert len(hub.log) == seen
    lines, _ = run(HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "elsewhere"), HF_HUB_OFFLINE="1")
    assert lines == ["SkippedCard offline"] * 6
