"""A crawl over real HTTP: each card once, whatever the Hub, the network and the machine do meanwhile."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cardscope.cli.main import main
from cardscope.corpus import inspect
from cardscope.corpus.crawl import Crawled, crawl, hub_for, plan
from cardscope.corpus.journal import Journal
from cardscope.corpus.plan import Progress, Request, shares
from cardscope.corpus.store import Corpus, text_id
from cardscope.errors import InvalidCorpus, OutputError, SourceError, UsageError
from cardscope.sources.pace import Pace
from tests.hub.faults import Fault
from tests.hub.fixtures import StartHub
from tests.hub.server import HubServer
from tests.hub.world import HubModel, blob_id

ROOT = Path(__file__).parents[2]
TOKEN = "hf_" + "Crawler" * 4
EVERYTHING = Request()
START = datetime(2023, 1, 10, tzinfo=UTC)


def made(number: int, **how: Any) -> HubModel:
    """A model; the order by creation is another one than that by change."""
    changed = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=(number * 7919) % 100_003)
    readme = f"# Model {number}\n\nIt counts to {number}.\n".encode()
    name = f"owner-{number % 5}/model-{number:04d}"
    facts = {"readme": readme, "created_at": START + timedelta(days=number), "last_modified": changed, **how}
    return HubModel(name, **facts)


def many(count: int) -> list[HubModel]:
    return [made(number) for number in range(count)]


def run(destination: Path, server: HubServer, request: Request = EVERYTHING, token: str | bool = False) -> Crawled:
    return crawl(destination, request, hub_for(server.url, token), connections=4)


def asked(server: HubServer, since: int = 0) -> Counter[str]:
    """How often the README of each model was asked for."""
    paths = [entry.path for entry in server.log[since:] if "/resolve/" in entry.path and entry.path.endswith(".md")]
    return Counter(path.partition("/resolve/")[0].strip("/") for path in paths)


def cards(destination: Path) -> dict[str, list[dict[str, Any]]]:
    corpus, found = Corpus(destination), {}
    for shard in corpus.shards():
        for row in corpus.cards(shard).to_pylist():
            found.setdefault(row["model_id"], []).append(row)
    return found


def tombstones(destination: Path) -> dict[str, str]:
    rows = Corpus(destination).table("models").to_pylist()
    return {row["model_id"]: row["removed"] for row in rows if row["removed"]}


def holds_exactly(destination: Path, models: Iterable[HubModel]) -> None:
    """Every model's README is there, once, byte for byte, and nothing else is."""
    wanted = {model.id: model for model in models}
    found = cards(destination)
    assert found.keys() == wanted.keys()
    for name, rows in found.items():
        assert len(rows) == 1
        assert rows[0]["text_id"] == text_id(wanted[name].readme or b"")
        assert rows[0]["revision"] == wanted[name].sha
        assert rows[0]["modified_at"] == wanted[name].last_modified
    assert inspect.verify(Corpus(destination)) == ()


# --- the whole way ------------------------------------------------------------------------------------------------


def test_everything_once(tmp_path: Path, hub_server: StartHub) -> None:
    parent = made(1)
    child = made(2, base_models=(("adapter", parent.id),), tags=("license:mit",), downloads=7, gated=False)
    models = [parent, child, *(made(number) for number in range(3, 60))]
    server = hub_server(models)
    done = run(tmp_path / "c", server)
    holds_exactly(tmp_path / "c", models)
    assert (done.cards, done.failed, done.absent) == (59, 0, {})
    assert set(asked(server).values()) == {1}
    corpus = Corpus(tmp_path / "c")
    assert [(row["child"], row["parent"], row["relation"]) for row in corpus.table("edges").to_pylist()] == [
        (child.id, parent.id, "adapter")
    ]
    snapshot = next(row for row in corpus.table("models").to_pylist() if row["model_id"] == child.id)
    assert (snapshot["license"], snapshot["downloads"], snapshot["removed"]) == ("mit", 7, None)
    assert snapshot["blob_id"] == blob_id(child.readme or b"")


def test_nothing_is_asked_twice_when_nothing_changed(tmp_path: Path, hub_server: StartHub) -> None:
    server = hub_server(many(40))
    run(tmp_path / "c", server)
    digest, before = Corpus(tmp_path / "c").manifest, len(server.log)
    done = run(tmp_path / "c", server)
    assert (done.cards, done.unchanged) == (0, 0)
    assert not asked(server, before)
    assert len(server.log) - before <= 3
    assert Corpus(tmp_path / "c").manifest == digest


def test_only_what_changed_is_sent_again(tmp_path: Path, hub_server: StartHub) -> None:
    models = many(30)
    server = hub_server(models)
    run(tmp_path / "c", server)
    later = datetime(2025, 9, 1, tzinfo=UTC)
    rewritten = dataclasses.replace(models[3], readme=b"# Rewritten\n", last_modified=later)
    touched = dataclasses.replace(models[4], last_modified=later)
    new = made(500, last_modified=later)
    for model in (rewritten, touched, new):
        server.world.put(model)
    before = len(server.log)
    done = run(tmp_path / "c", server, Request(sweep=False))
    assert (done.cards, done.unchanged) == (2, 1)
    assert asked(server, before) == {rewritten.id: 1, touched.id: 1, new.id: 1}
    known = {
        entry.path.partition("/resolve/")[0][1:]: entry.headers.get("if-none-match") for entry in server.log[before:]
    }
    assert known[touched.id] == f'"{blob_id(touched.readme or b"")}"'
    found = cards(tmp_path / "c")
    assert [len(found[name]) for name in (rewritten.id, touched.id, new.id)] == [2, 1, 1]
    snapshots = Counter(Corpus(tmp_path / "c").table("models")["model_id"].to_pylist())
    assert {name for name, times in snapshots.items() if times == 2} == {rewritten.id, touched.id}


def test_what_is_not_there_is_a_tombstone(tmp_path: Path, hub_server: StartHub) -> None:
    models = [made(1), made(2, gated="manual"), made(3, readme=None), made(4, state="disabled"), made(5)]
    server = hub_server(models)
    done = run(tmp_path / "c", server)
    assert done.absent == {"gated": 1, "no-readme": 1, "unreadable": 1}
    assert tombstones(tmp_path / "c") == {models[1].id: "gated", models[2].id: "no-readme", models[3].id: "unreadable"}
    # The list of files says that there is no README: nothing is asked.
    assert models[2].id not in asked(server)
    server.world.remove(models[0].id)
    server.world.remove(models[4].id)
    server.world.put(dataclasses.replace(models[4], id="owner-9/new-name", renamed_from=(models[4].id,)))
    before = len(server.log)
    run(tmp_path / "c", server)
    gone = tombstones(tmp_path / "c")
    assert (gone[models[0].id], gone[models[4].id]) == ("not-found", "renamed")
    assert "owner-9/new-name" in cards(tmp_path / "c")
    assert set(asked(server, before)) <= {"owner-9/new-name"}
    rows = Corpus(tmp_path / "c").table("models").num_rows
    run(tmp_path / "c", server)
    assert Corpus(tmp_path / "c").table("models").num_rows == rows
    server.world.put(models[0])
    run(tmp_path / "c", server)
    assert len(cards(tmp_path / "c")[models[0].id]) == 1


def test_the_gated_open_for_who_was_let_in(tmp_path: Path, hub_server: StartHub) -> None:
    model = made(1, gated="auto")
    server = hub_server([model], tokens={TOKEN: {model.id}})
    assert run(tmp_path / "c", server).absent == {"gated": 1}
    before = len(server.log)
    run(tmp_path / "c", server, Request(), TOKEN)
    assert not asked(server, before)
    assert run(tmp_path / "c", server, Request(gated=True), TOKEN).cards == 1


def test_removed_between_the_listing_and_the_question(tmp_path: Path, hub_server: StartHub) -> None:
    models = many(3)
    server = hub_server(models)
    hub = hub_for(server.url, False)
    list_models = hub.pages

    def pages(**how: Any) -> Any:
        for page in list_models(**how):
            server.world.remove(models[1].id)
            yield page

    hub.pages = pages  # type: ignore[method-assign]
    done = crawl(tmp_path / "c", Request(sweep=False), hub)
    assert (done.cards, done.absent) == (2, {"not-found": 1})
    assert tombstones(tmp_path / "c") == {models[1].id: "not-found"}


# --- choosing -----------------------------------------------------------------------------------------------------


def test_author_filter_since_and_limit(tmp_path: Path, hub_server: StartHub) -> None:
    models = [made(number, tags=("fr",) if number % 2 else ()) for number in range(40)]
    server = hub_server(models)
    run(tmp_path / "author", server, Request(author="owner-3", filters=("fr",)))
    holds_exactly(tmp_path / "author", [model for model in models if model.id[:7] == "owner-3" and model.tags])
    since = sorted(model.last_modified for model in models)[25]
    run(tmp_path / "since", server, Request(since=since))
    holds_exactly(tmp_path / "since", [model for model in models if model.last_modified >= since])
    newest = sorted(models, key=lambda model: model.created_at)[-9:]
    run(tmp_path / "limit", server, Request(limit=9))
    holds_exactly(tmp_path / "limit", newest)
    before = len(server.log)
    run(tmp_path / "limit", server, Request(limit=9))
    assert not asked(server, before)
    # A wider question to the same corpus: the mark of the narrow one is not taken for it.
    run(tmp_path / "since", server)
    holds_exactly(tmp_path / "since", models)
    assert run(tmp_path / "limit", server).cards == 31


def test_a_sample_is_even_by_month_and_stays_the_same(tmp_path: Path, hub_server: StartHub) -> None:
    months = {1: 40, 2: 3, 3: 12, 4: 40}
    models = [
        made(100 * month + day, created_at=datetime(2024, month, 1 + day % 28, tzinfo=UTC))
        for month, count in months.items()
        for day in range(count)
    ]
    server = hub_server(models)
    done = run(tmp_path / "c", server, Request(sample=33))
    drawn = Counter(row["created_at"].month for rows in cards(tmp_path / "c").values() for row in rows)
    assert drawn == {1: 10, 2: 3, 3: 10, 4: 10}
    assert (done.cards, done.frame) == (33, 95)
    before = len(server.log)
    assert run(tmp_path / "c", server, Request(sample=33)).cards == 0
    assert not asked(server, before)
    run(tmp_path / "other", server, Request(sample=33))
    assert cards(tmp_path / "c").keys() == cards(tmp_path / "other").keys()
    # More of a sample holds the smaller one.
    assert run(tmp_path / "c", server, Request(sample=43)).cards == 10
    assert run(tmp_path / "c", server).cards == 52


@pytest.mark.parametrize(
    ("sizes", "sample", "wanted"),
    [
        ({"a": 5, "b": 5}, 4, {"a": 2, "b": 2}),
        ({"a": 1, "b": 50, "c": 50}, 11, {"a": 1, "b": 5, "c": 5}),
        ({"a": 2, "b": 1}, 10, {"a": 2, "b": 1}),
        ({"a": 9, "b": 9}, 1, {"a": 0, "b": 1}),
        ({}, 3, {}),
    ],
)
def test_shares_of_a_sample(sizes: Mapping[str, int], sample: int, wanted: Mapping[str, int]) -> None:
    assert shares(sizes, sample) == wanted


@pytest.mark.parametrize("how", [{"limit": 0}, {"sample": -1}])
def test_requests_that_cannot_be(how: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Request(**how)


@pytest.mark.parametrize("how", [{"author": ""}, {"author": " "}, {"filters": ("",)}])
def test_a_variable_that_was_not_set_does_not_crawl_everything(how: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="cannot be empty"):
        Request(**how)


# --- a Hub that is not as it should be ----------------------------------------------------------------------------


def test_faults_cost_no_card(tmp_path: Path, hub_server: StartHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cardscope.sources.wire._FIRST_PAUSE", 0.02)
    models = many(60)
    server = hub_server(models, resolve_cache=True)
    server.faults.failing(2, 503, path="/api/models")
    server.faults.add(Fault("bad-json", 1, "/api/models"))
    server.faults.add(Fault("cut", 3, "resolve-cache"))
    server.faults.add(Fault("html", 2, r"resolve-cache.*README"))
    server.faults.add(Fault("close", 3, "README"))
    server.faults.add(Fault("slow", 3, "README", seconds=0.3))
    server.faults.failing(3, 500, path="README")
    server.faults.too_many(2, reset=1, path="README")
    server.faults.too_many(1, reset=None, retry_after="1", path="README")
    with pytest.raises(SourceError, match="no Hub gives"):
        run(tmp_path / "c", server)
    run(tmp_path / "c", server)
    holds_exactly(tmp_path / "c", models)


def test_a_hub_that_is_down_stops_the_crawl_and_loses_nothing(
    tmp_path: Path, hub_server: StartHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cardscope.sources.wire._FIRST_PAUSE", 0.001)
    models = many(120)
    server = hub_server(models)
    for number in range(20):
        server.faults.add(Fault("slow", 1, f"model-{number:04d}/resolve", seconds=0.001))
    server.faults.add(Fault("status", 100_000, r"model-0(0[2-9]|1)\d/resolve", status=503))
    with pytest.raises(SourceError, match="does not answer any more"):
        run(tmp_path / "c", server)
    kept = cards(tmp_path / "c").keys()
    assert kept
    server.faults.clear()
    before = len(server.log)
    run(tmp_path / "c", server)
    holds_exactly(tmp_path / "c", models)
    assert not kept & asked(server, before).keys()


@pytest.mark.parametrize("shift", [5, -3])
def test_pages_that_overlap_or_leave_gaps(tmp_path: Path, hub_server: StartHub, shift: int) -> None:
    models = many(2300)
    server = hub_server(models)
    server.shift = shift
    with Journal(tmp_path) as journal:
        from cardscope.corpus.listing import Lister

        scope = journal.scope("all")
        Lister(journal, hub_for(server.url, False), Request(), scope, lambda _: None).run()
        assert journal.size(scope) == 2300
        assert journal.choose(scope, since=None, limit=None, sample=None) == 2300
        assert [job.id for job in journal.jobs(scope)] == sorted(model.id for model in models)


def test_models_that_change_while_pages_are_turned(tmp_path: Path, hub_server: StartHub) -> None:
    """What moves to the front during a listing is found by the next one, with its new README."""
    models = many(25)
    server = hub_server(models)
    hub = hub_for(server.url, False)
    turned, plain = [], hub._json
    moved = dataclasses.replace(models[7], readme=b"# Moved\n", last_modified=datetime(2026, 1, 1, tzinfo=UTC))

    def json_of(path: str, query: Any) -> Any:
        answer = plain(path, {**query, "limit": 10})
        turned.append(path)
        if len(turned) == 5:
            server.world.put(moved)
        return answer

    hub._json = json_of  # type: ignore[method-assign]
    crawl(tmp_path / "c", Request(sweep=False), hub)
    run(tmp_path / "c", server, Request(sweep=False))
    found = cards(tmp_path / "c")
    assert len(found) == 25
    assert text_id(b"# Moved\n") in {row["text_id"] for row in found[moved.id]}


# --- limits -------------------------------------------------------------------------------------------------------


def test_the_limit_is_never_exceeded(tmp_path: Path, hub_server: StartHub) -> None:
    models = many(30)
    server = hub_server(models, rate_limit=(25, 1), resolve_cache=True)
    crawl(tmp_path / "c", Request(), hub_for(server.url, False), connections=8)
    holds_exactly(tmp_path / "c", models)
    assert server.rate_limit is not None
    assert server.rate_limit.refused == 0


def test_two_limits_are_kept_apart(tmp_path: Path, hub_server: StartHub) -> None:
    models = many(30)
    server = hub_server(models, rate_limit=(4, 60), resolver_limit=(20, 1))
    hub = hub_for(server.url, False)
    crawl(tmp_path / "c", Request(sweep=False), hub, connections=8)
    holds_exactly(tmp_path / "c", models)
    assert server.rate_limit is not None
    assert server.resolver_limit is not None
    assert (server.rate_limit.refused, server.resolver_limit.refused) == (0, 0)
    assert hub.pace is not None
    known = hub.pace.limit("api")
    assert known is not None
    assert (known.name, known.quota, known.window, known.left) == ("api", 4, 60, 2)


def test_a_gate_hands_out_no_more_than_is_left() -> None:
    pace = Pace()
    probe = pace.enter("/api/models")
    pace.leave(probe, {"ratelimit": '"api";r=2;t=60', "ratelimit-policy": '"fixed window";"api";q=3;w=60'})
    tickets = [pace.enter("/api/models") for _ in range(2)]
    assert pace.waiting() > 50
    pace.leave(tickets[1], {"ratelimit": '"api";r=0;t=60'})
    pace.leave(tickets[0], {"ratelimit": '"api";r=1;t=60'})
    limit = pace.limit("api")
    assert limit is not None
    assert (limit.left, limit.quota) == (0, 3)


def test_a_dry_run_asks_for_no_readme(tmp_path: Path, hub_server: StartHub) -> None:
    models = [*many(30), made(900, readme=None)]
    server = hub_server(models, rate_limit=(50, 60), resolver_limit=(8, 300), resolve_cache=True)
    found = plan(tmp_path / "c", Request(), hub_for(server.url, False))
    assert (found.models, found.changed, found.bare, found.listing, found.calls) == (31, 31, 1, 1, 60)
    # 2 of 8 are used by the question about the limit: 6 now, 54 more in 7 windows.
    assert found.limit is not None
    assert (found.limit.quota, found.limit.left) == (8, 6)
    assert found.seconds == pytest.approx(found.limit.reset + 6 * 300)
    assert not asked(server)
    assert not (tmp_path / "c").exists()
    server.rate_limit = None
    process = start(tmp_path / "c", server, "--dry-run", "--sample", "4")
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()
    assert out.decode().splitlines()[0].startswith("4 models, 4 new or changed")
    assert b"READMEs: 6 calls, limit 8 each 300 s (4 left)" in out
    assert b"no wait" not in out
    assert not asked(server)


def test_a_dry_run_knows_what_is_there_already(tmp_path: Path, hub_server: StartHub) -> None:
    models = many(10)
    server = hub_server(models)
    run(tmp_path / "c", server)
    server.world.put(dataclasses.replace(models[2], readme=b"# Two\n", last_modified=datetime(2026, 1, 1, tzinfo=UTC)))
    state = (tmp_path / "c" / "corpus.toml").read_bytes()
    found = plan(tmp_path / "c", Request(), hub_for(server.url, False))
    assert (found.models, found.changed, found.calls, found.limit, found.seconds) == (10, 1, 1, None, 0)
    assert "no wait" in str(found)
    assert (tmp_path / "c" / "corpus.toml").read_bytes() == state
    assert run(tmp_path / "c", server).cards == 1


def test_progress_in_words() -> None:
    assert str(Progress("fetch", 1500, 4500, 25.0)) == "1,500 of 4,500 cards, 25.0/s, 2 min left"
    assert str(Progress("list", 1500, 0, 25.0, 12.4)) == "1,500 models, 25.0/s (rate limit: 12 s)"


# --- killed -------------------------------------------------------------------------------------------------------


def start(destination: Path, server: HubServer, *options: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "HF_ENDPOINT": server.url, "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment.pop("HF_TOKEN", None)
    command = [sys.executable, "-m", "cardscope", "corpus", "crawl", str(destination), "--connections", "4", *options]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def finished(destination: Path) -> set[str]:
    """Models whose outcome the journal holds."""
    path = destination / ".crawl" / "journal.sqlite"
    if not path.exists():
        return set()
    base = sqlite3.connect(path)
    try:
        return {row[0] for row in base.execute("select id from models where done is version")}
    except sqlite3.OperationalError:
        return set()
    finally:
        base.close()


def settle(server: HubServer) -> None:
    """Waits until the server has logged what a killed process still had on its way: it is no second question."""
    seen = -1
    while seen != len(server.log):
        seen = len(server.log)
        time.sleep(0.1)


def test_killed_again_and_again(tmp_path: Path, hub_server: StartHub) -> None:
    chance = random.Random(5)
    # So many that the kills come before the end even where a fast machine fetches a thousand a second.
    models = many(1200)
    server = hub_server(models)
    destination, kills = tmp_path / "c", 0
    for turn in range(14):
        done, before = finished(destination), len(server.log)
        process = start(destination, server)
        # Somewhere in the listing, among the cards, or while the corpus is written.
        wanted = 1 if turn == 0 else chance.randrange(2, 45) if turn < 11 else 1200
        end = time.monotonic() + 20
        while process.poll() is None and len(server.log) - before < wanted and time.monotonic() < end:
            if turn >= 11 and list(destination.rglob("*.partial")):
                break
            time.sleep(0.002)
        time.sleep(chance.random() * 0.03)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
        settle(server)
        assert not done & asked(server, before).keys()
        assert set(asked(server, before).values()) <= {1}
    assert kills >= 10
    done, before = finished(destination), len(server.log)
    last = start(destination, server)
    _, said = last.communicate(timeout=60)
    assert last.returncode == 0, said.decode()
    assert not done & asked(server, before).keys()
    holds_exactly(destination, models)
    counts = Corpus(destination).manifest.counts
    assert (counts["cards"], counts["models"], counts["repeated"]) == (1200, 1200, 0)
    # At most what was on its way at a kill was asked for twice: two for each connection.
    assert sum(asked(server).values()) <= 1200 + kills * 8


@pytest.mark.parametrize("written", [False, True])
def test_killed_between_the_corpus_and_the_journal(tmp_path: Path, hub_server: StartHub, written: bool) -> None:
    models = [made(1), made(2, base_models=(("merge", made(1).id),))]
    server = hub_server(models)
    hub = hub_for(server.url, False)
    end = Journal.end_telling

    class Dead(Exception):
        pass

    def dies(self: Journal, parents: Iterable[tuple[str, str]]) -> None:
        raise Dead

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "end_telling" if written else "cards", dies if written else lambda self: dies(self, ()))
        with pytest.raises(Dead):
            crawl(tmp_path / "c", Request(), hub)
    assert Journal.end_telling is end
    assert Corpus(tmp_path / "c").manifest.counts.get("cards", 0) == (2 if written else 0)
    before = len(server.log)
    run(tmp_path / "c", server)
    holds_exactly(tmp_path / "c", models)
    counts = Corpus(tmp_path / "c").manifest.counts
    assert (counts["models"], counts["edges"], counts["repeated"]) == (2, 1, 0)
    assert not asked(server, before)


def test_two_at_a_time_are_refused(tmp_path: Path, hub_server: StartHub) -> None:
    server = hub_server(many(3))
    run(tmp_path / "c", server)
    with Journal(tmp_path / "c" / ".crawl"), pytest.raises(InvalidCorpus, match="another crawl is at work"):
        run(tmp_path / "c", server)
    run(tmp_path / "c", server)


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path, hub_server: StartHub) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    server = hub_server(many(1))
    with pytest.raises(InvalidCorpus, match="not empty"):
        run(tmp_path, server)
    assert {entry.name for entry in tmp_path.iterdir()} <= {"thesis.txt", ".lock", "hf"}
    assert not server.log


def test_a_full_disk_keeps_what_was_finished(tmp_path: Path, hub_server: StartHub) -> None:
    models = [made(number, readme=random.Random(number).randbytes(4000)) for number in range(90)]
    server = hub_server(models)
    with pytest.MonkeyPatch.context() as patch:
        choose = Journal.choose

        def then_fills_up(self: Journal, scope: int, **how: Any) -> int:
            chosen = choose(self, scope, **how)
            self._base.execute("pragma max_page_count=60")
            return chosen

        patch.setattr(Journal, "choose", then_fills_up)
        with pytest.raises(OutputError, match="cannot be written"):
            run(tmp_path / "c", server)
    kept = finished(tmp_path / "c")
    assert 0 < len(kept) < 90
    before = len(server.log)
    run(tmp_path / "c", server)
    holds_exactly(tmp_path / "c", models)
    assert not kept & asked(server, before).keys()


def test_a_sweep_says_nothing_of_what_was_never_in_the_corpus(tmp_path: Path, hub_server: StartHub) -> None:
    models = many(6)
    server = hub_server(models)
    run(tmp_path / "c", server, Request(sample=2))
    inside = cards(tmp_path / "c").keys()
    for model in models:
        server.world.remove(model.id)
    run(tmp_path / "c", server, Request(sample=2))
    assert tombstones(tmp_path / "c") == dict.fromkeys(inside, "not-found")


def test_a_damaged_journal_says_what_to_do(tmp_path: Path, hub_server: StartHub) -> None:
    server = hub_server(many(2))
    run(tmp_path / "c", server)
    for left in (tmp_path / "c" / ".crawl").glob("journal.sqlite*"):
        left.write_bytes(b"no database at all" * 400)
    with pytest.raises(InvalidCorpus, match="journal cannot be read") as caught:
        run(tmp_path / "c", server)
    assert "move the journal away" in caught.value.hint


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_never_shows_the_token(tmp_path: Path, hub_server: StartHub) -> None:
    server = hub_server([*many(12), made(77, gated="auto")], tokens={TOKEN: ()})
    process = start(tmp_path / "c", server, "--token", TOKEN)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()
    assert b"12 new cards, 0 unchanged, 1 gated" in said
    assert TOKEN.encode() not in out + said
    assert all(entry.authenticated for entry in server.log)
    for path in (tmp_path / "c").rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()
    refused = start(tmp_path / "d", server, "--token", "hf_" + "Stranger" * 4)
    out, said = refused.communicate(timeout=60)
    assert refused.returncode == 3
    assert b"does not accept the token" in said
    assert b"Stranger" not in out + said


def test_the_help_is_light() -> None:
    code = "import sys, cardscope.cli.corpus; print(any(n in sys.modules for n in ('pyarrow', 'huggingface_hub')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "False\n"
    shown = CliRunner().invoke(main, ["corpus", "crawl", "--help"])
    assert "--dry-run" in shown.output
