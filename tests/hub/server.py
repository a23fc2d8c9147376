"""A small server that speaks the Hub's protocol over real HTTP, so that the real client can be run against it.

python tests/hub/server.py --corpus corpora/demo --port 8765
HF_ENDPOINT=http://127.0.0.1:8765 cardscope analyze OWNER/NAME
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hub.faults import Fault, Faults, RateLimit
from tests.hub.world import HubModel, World, blob_id, iso

BASIC = ("likes", "downloads", "private", "tags", "pipeline_tag", "library_name", "createdAt")
FULL = (*BASIC, "author", "gated", "lastModified", "sha", "siblings", "disabled")
LARGEST_PAGE = 1000
VERBS = {"resolve", "raw"}


@dataclass(frozen=True)
class Logged:
    """A request as it came in; of the token only whether there was one."""

    method: str
    path: str
    query: str
    authenticated: bool
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class HubServer:
    """A Hub on 127.0.0.1, used as a context manager.

    Args:
        models: What it holds; ``server.world.put`` changes it while it runs.
        tokens: Token -> ids of gated and private models it opens (``*`` opens all).
        rate_limit: Requests and seconds of a fixed window; ``None`` never refuses.
        resolver_limit: Another one for files, which the Hub counts by themselves.
        resolve_cache: Send files from a second address, as the Hub does with small ones.

    ``faults`` makes things go wrong, ``log`` keeps every request, ``shift`` moves each next page of a listing by so
    many models (positive: models come twice, negative: models are passed over), as when a Hub changes underneath.
    """

    def __init__(
        self,
        models: Iterable[HubModel] = (),
        *,
        tokens: Mapping[str, Iterable[str]] | None = None,
        rate_limit: tuple[int, int] | None = None,
        resolver_limit: tuple[int, int] | None = None,
        resolve_cache: bool = False,
        port: int = 0,
    ) -> None:
        self.world = World(models)
        self.tokens = {token: frozenset(ids) for token, ids in (tokens or {}).items()}
        self.rate_limit = RateLimit(*rate_limit) if rate_limit else None
        self.resolver_limit = RateLimit(*resolver_limit, name="resolvers") if resolver_limit else None
        self.resolve_cache = resolve_cache
        self.faults = Faults()
        self.log: list[Logged] = []
        self.shift = 0
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.hub = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def requests(self, contains: str = "", method: str = "") -> list[Logged]:
        """Requests whose path holds a text, in the order they came."""
        return [entry for entry in self.log if contains in entry.path and method in ("", entry.method)]

    # --- answers --------------------------------------------------------------------------------------------------

    def answer(
        self, path: str, query: dict[str, list[str]], token: str | None, host: str, known: str | None = None
    ) -> Answer:
        """What the Hub would say to this request; ``known`` is the ETag that the asker has already."""
        answer = self._answer(path, query, token, host)
        if known is not None and answer.status == 200 and ("ETag", known) in answer.headers:
            return Answer(304, b"", answer.headers)
        return answer

    def _answer(self, path: str, query: dict[str, list[str]], token: str | None, host: str) -> Answer:
        if token is not None and token not in self.tokens:
            return _error(401, None, "Invalid credentials in Authorization header")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[:1] == ["api"]:
            if parts[1:] == ["whoami-v2"]:
                return (
                    _json({"type": "user", "name": "tester"})
                    if token
                    else _error(401, None, "Invalid username or password.")
                )
            if parts[1:] == ["models"]:
                return self._list(query, token, host)
            if parts[1:2] in (["users"], ["organizations"]) and parts[3:] == ["overview"]:
                # Every account here is an organisation.
                known = parts[1] == "organizations" and parts[2] in self.world.accounts()
                return _json({"name": parts[2]}) if known else _error(404, None, "This account does not exist")
            if parts[1:3] == ["resolve-cache", "models"]:
                place = next((i for i, part in enumerate(parts) if i > 3 and len(part) == 40), 4)
                return self._file("/".join(parts[3:place]), "cached", parts[place], "/".join(parts[place + 1 :]), token)
            if parts[1:2] == ["models"]:
                return self._api(parts[2:], query, token)
        for place, part in enumerate(parts):
            if part in VERBS and place in (1, 2) and len(parts) > place + 2:
                return self._file("/".join(parts[:place]), part, parts[place + 1], "/".join(parts[place + 2 :]), token)
        return _error(404, None, "Sorry, we can't find the page you are looking for.")

    def _access(self, token: str | None) -> frozenset[str]:
        return self.tokens.get(token, frozenset()) if token else frozenset()

    def _find(self, name: str, token: str | None) -> HubModel | Answer:
        model = self.world.models.get(name)
        if model is None and (moved := self.world.moved(name)) is not None:
            return Answer(307, b"Temporary Redirect", (("Location", moved),))
        allowed = model is not None and (not model.private or self._opens(model, token))
        if model is None or not allowed:
            # Without a token the Hub does not say whether a repository is missing or private.
            if token is None:
                return _error(401, "RepoNotFound", "Invalid username or password.")
            return _error(404, "RepoNotFound", "Repository not found")
        if model.state == "disabled":
            return _error(403, None, "Access to this resource is disabled.")
        return model

    def _opens(self, model: HubModel, token: str | None) -> bool:
        return bool({"*", model.id} & self._access(token))

    def _api(self, parts: list[str], query: dict[str, list[str]], token: str | None) -> Answer:
        place = next((i for i, part in enumerate(parts) if i and part in ("revision", "tree", "commits")), len(parts))
        name, rest = "/".join(parts[:place]), parts[place:]
        model = self._find(name, token)
        if isinstance(model, Answer):
            return _redirected(model, f"/api/models/{{}}{''.join('/' + quote(part, safe='') for part in rest)}", query)
        found = model.at("/".join(rest[1:]) if rest else None)
        if found is None:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {'/'.join(rest[1:])}")
        sha, entry = found
        if rest[:1] == ["tree"]:
            files = sorted(model.content(entry).items())
            return _json(
                [{"type": "file", "oid": blob_id(data), "size": len(data), "path": path} for path, data in files]
            )
        if rest[:1] == ["commits"]:
            commits = [
                {"id": one.sha(model.id), "title": "Update", "message": "", "authors": [], "date": iso(one.date)}
                for one in model.revisions
            ]
            return _json(commits)
        expand = query.get("expand")
        wanted = expand or (*FULL, "cardData")
        return _json(self.world.describe(model, sha, wanted))

    def _list(self, query: dict[str, list[str]], token: str | None, host: str) -> Answer:
        def first(name: str) -> str | None:
            return query.get(name, [None])[0]

        found = self.world.listing(
            query.get("filter", []),
            first("author"),
            first("search"),
            first("sort"),
            first("direction") == "1",
            self.world.models if "*" in self._access(token) else self._access(token),
        )
        size = min(int(first("limit") or LARGEST_PAGE), LARGEST_PAGE)
        begin = json.loads(base64.urlsafe_b64decode(first("cursor") or "MA=="))
        page = found[begin : begin + size]
        wanted = query.get("expand") or (FULL if first("full") else BASIC)
        wanted = (*wanted, "cardData") if first("cardData") else wanted
        headers: tuple[tuple[str, str], ...] = ()
        if begin + size < len(found):
            following = max(begin + size - self.shift, begin + 1)
            cursor = base64.urlsafe_b64encode(json.dumps(following).encode()).decode()
            again = urlencode({**query, "cursor": [cursor]}, doseq=True)
            headers = (("Link", f'<http://{host}/api/models?{again}>; rel="next"'),)
        return _json([self.world.describe(model, model.sha, wanted) for model in page], headers)

    def _file(self, name: str, verb: str, revision: str, path: str, token: str | None) -> Answer:
        model = self._find(name, token)
        if isinstance(model, Answer):
            return _redirected(model, f"/{{}}/{verb}/{quote(revision, safe='')}/{quote(path)}", {})
        found = model.at(revision)
        if found is None:
            return _error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if model.gated and not self._opens(model, token):
            status, what = (401, "You must have access to it and be authenticated to access it. Please log in.")
            if token is not None:
                status, what = (403, f"Visit https://huggingface.co/{model.id} to ask for access.")
            return _error(status, "GatedRepo", f"Access to model {model.id} is restricted. {what}")
        sha, entry = found
        content = model.content(entry).get(path)
        commit = (("X-Repo-Commit", sha),)
        if content is None:
            return _error(404, "EntryNotFound", "Entry not found", commit)
        if verb == "resolve" and self.resolve_cache:
            return Answer(
                307, b"", (*commit, ("Location", f"/api/resolve-cache/models/{model.id}/{sha}/{quote(path)}"))
            )
        tag = f'"{blob_id(content)}"'
        kind = ("Content-Type", "text/plain; charset=utf-8")
        return Answer(200, content, (*commit, ("ETag", tag), kind, ("X-Linked-Size", str(len(content)))))


def _json(value: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(200, body, (("Content-Type", "application/json; charset=utf-8"), *headers))


def _error(status: int, code: str | None, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    named = (("X-Error-Code", code),) if code else ()
    body = json.dumps({"error": message}).encode()
    return Answer(status, body, (("Content-Type", "application/json"), *named, ("X-Error-Message", message), *headers))


def _redirected(answer: Answer, pattern: str, query: Mapping[str, list[str]]) -> Answer:
    """Fills the place a model moved to into the address that was asked for; other answers stay as they are."""
    if answer.status != 307:
        return answer
    asked = "?" + urlencode(query, doseq=True) if query else ""
    return Answer(307, answer.body, (("Location", pattern.format(answer.headers[0][1]) + asked),))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    hub: HubServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that went away is no news.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, *_: object) -> None:
        """Says nothing: requests are kept in the server's log."""

    def do_GET(self) -> None:
        hub = self.server.hub
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        secret = headers.pop("authorization", None)
        hub.log.append(Logged(self.command, url.path, url.query, secret is not None, headers))
        extra: dict[str, str] = {}
        limit = hub.rate_limit
        if hub.resolver_limit is not None and ("/resolve/" in url.path or "/resolve-cache/" in url.path):
            limit = hub.resolver_limit
        if limit is not None:
            allowed, extra = limit.count()
            if not allowed:
                return self._send(_error(429, None, "Too many requests"), extra)
        fault = hub.faults.take(self.command, self.path)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault is not None and fault.kind == "status":
            return self._send(Answer(fault.status, fault.body, tuple(fault.headers.items())), extra)
        token = secret.removeprefix("Bearer ") if secret else None
        host = headers.get("host", "")
        answer = hub.answer(
            url.path, parse_qs(url.query, keep_blank_values=True), token, host, headers.get("if-none-match")
        )
        return self._send(answer, extra, fault)

    do_HEAD = do_GET  # noqa: N815

    def _send(self, answer: Answer, extra: Mapping[str, str], fault: Fault | None = None) -> None:
        body, kind = answer.body, fault.kind if fault else ""
        if kind == "close":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if kind in ("bad-json", "html"):
            body = b'{"id": "half' if kind == "bad-json" else b"<html><body>Please sign in to the network</body></html>"
        self.send_response_only(answer.status)
        for name, value in (*answer.headers, *extra.items()):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if kind == "cut" else body)
        self.wfile.flush()
        if kind == "cut":
            self.close_connection = True


def models_of(corpus: Path) -> Iterable[HubModel]:
    """Every model of a corpus (`cardscope.sources.corpus`), as a Hub would hold it."""
    from cardscope.sources.corpus import CorpusSource
    from cardscope.types import ModelInfo, RawCard, SkipReason

    source = CorpusSource(corpus)
    for card in source.iter():
        if card.model_id is None:
            continue
        info = source.info(card.model_id)
        known = info if isinstance(info, ModelInfo) else ModelInfo(card.model_id)
        reason = None if isinstance(card, RawCard) else card.reason
        if reason is SkipReason.NOT_FOUND:
            continue
        yield HubModel(
            id=card.model_id,
            readme=card.content if isinstance(card, RawCard) else b"" if reason is SkipReason.EMPTY_README else None,
            tags=known.tags,
            downloads=known.downloads or 0,
            likes=known.likes or 0,
            created_at=known.dates.created or HubModel.created_at,
            last_modified=known.dates.modified or HubModel.last_modified,
            pipeline_tag=known.pipeline_tag,
            library_name=known.library_name,
            gated=known.gated or ("manual" if reason is SkipReason.GATED else False),
            private=bool(known.private) or reason is SkipReason.PRIVATE,
            card_data=known.card_data,
            base_models=tuple((str(relation), parent) for parent, relation in known.base_models),
            renamed_from=source.former_ids(card.model_id),
        )


def main() -> None:
    """Serves a corpus until it is interrupted."""
    parser = argparse.ArgumentParser(description="A small Hub, fed from a corpus.")
    parser.add_argument("--corpus", type=Path, default=Path(__file__).resolve().parents[2] / "corpora" / "demo")
    parser.add_argument("--port", type=int, default=8765)
    chosen = parser.parse_args()
    with HubServer(models_of(chosen.corpus), port=chosen.port) as server:
        sys.stderr.write(f"{len(server.world.models)} models at {server.url}\n")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stderr.write("\n")


if __name__ == "__main__":
    main()
