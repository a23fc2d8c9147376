"""The Hub, or anything that speaks its protocol: the only door to ``huggingface_hub``.

The client is used for what it is good at: the session (proxies, ``HF_HUB_OFFLINE``), tokens, the cache of files under
``HF_HOME``, and its addresses. Answers of the API are read as JSON rather than through the client's ``ModelInfo``,
which passes an author's front matter to a constructor as keyword arguments (a card with the key ``self`` makes it
raise) and drops what it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from cardscope.errors import SourceError, UsageError
from cardscope.options import SourceOptions
from cardscope.sources.answers import LARGEST_README, LICENSE_FILES, license_in, skip, unless_empty
from cardscope.sources.pace import Pace
from cardscope.sources.pages import Found, Page, Readme, found_at, is_blob, is_down, is_foreign, now_called
from cardscope.sources.refusals import ENDPOINT_HINT, Reason, foreign, refusal, unanswered
from cardscope.sources.shapes import lacks, to_info
from cardscope.sources.wire import Broken, Refused, TooLarge, ask, guard
from cardscope.types import ModelId, ModelInfo, RawCard, Relation, SkippedCard, SkipReason

Query = Mapping[str, str | int | Sequence[str]]

_README = "README.md"
_FACTS = ("createdAt", "downloads", "gated", "lastModified", "likes", "private", "sha")
_LISTED = (*_FACTS, "library_name", "pipeline_tag", "tags")
#: What is asked of one model; a listing offers neither of the first two.
_EXPANDED = ("baseModels", "childrenModelCount", "cardData", *_LISTED)
#: Models of one page of a listing: what the Hub itself takes when it is not told.
_PAGE = 1000
_MOVED = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS = 10


class HubSource:
    """Cards and models of the Hub.

    Args:
        options: ``endpoint`` and how patient to be. ``revision`` is not looked at: it belongs to the one model that is
            asked about, and no parent of it has such a commit.
        token: A token; ``None`` takes ``HF_TOKEN`` or the stored login, ``False`` asks as nobody.
        pace: The gate that keeps many connections within the rate limit; `get` does not go through it.

    Raises:
        UsageError: The token holds characters no token has.
    """

    def __init__(
        self, options: SourceOptions | None = None, token: str | bool | None = None, pace: Pace | None = None
    ) -> None:
        self.options = options or SourceOptions()
        self.pace = pace
        if isinstance(token, str):
            token = token.strip() or None
        if isinstance(token, str) and not (token.isascii() and token.isprintable() and " " not in token):
            raise UsageError("the token has characters that no token has", hint="copy it again from its page")
        self._token = token

    def __repr__(self) -> str:
        return f"HubSource({self.options.endpoint or 'default endpoint'})"

    # --- cards ----------------------------------------------------------------------------------------------------

    def get(self, model: ModelId, revision: str | None = None) -> RawCard | SkippedCard:
        """The README at a revision, from the cache when the Hub cannot be reached.

        Raises:
            SourceError: The token is not accepted, so no answer about any model can be trusted.
        """
        found = self._file(model, revision, _README)
        return found.about(model) if isinstance(found, Reason) else self._read(model, *found)

    def license_text(self, model: ModelId, revision: str | None = None) -> str | None:
        """The licence file beside the README: empty when there is none, ``None`` when nobody could look.

        Raises:
            SourceError: The token is not accepted.
        """
        for name in LICENSE_FILES:
            found = self._file(model, revision, name)
            if not isinstance(found, Reason):
                return license_in(found.path)
            if found.reason is not SkipReason.NO_README:
                return None
        return ""

    def iter(self) -> Iterator[RawCard | SkippedCard]:
        """The card of every model, newest change first; millions on the Hub itself, one request or two for each."""
        for info in self.list_models():
            yield self.get(info.model_id, info.revision)

    def _file(self, model: ModelId, revision: str | None, name: str) -> Found | Reason:
        """Where a file lies in the client's cache and what its model is called now, or why it is not there."""
        try:
            path, exchange = ask(lambda: self._download(model, revision, name), self.options)
        except Exception as error:
            reason = self._explain(error, revision)
            cached = self.cached(model, revision, name) if is_down(reason.reason) else None
            return reason if cached is None else found_at(cached, (), model, revision)
        return found_at(path, exchange.addresses, model, revision)

    def _download(self, model: ModelId, revision: str | None, name: str) -> Path:
        from huggingface_hub import hf_hub_download

        guard(_session())
        with _no_bars():
            path = hf_hub_download(
                model,
                name,
                revision=revision,
                endpoint=self.options.endpoint,
                token=self._token,
                etag_timeout=self.options.timeout,
                library_name="cardscope",
            )
        return Path(path)

    def cached(self, model: ModelId, revision: str | None, name: str) -> Path | None:
        """A file of a model in the client's cache, without a question to anybody."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(model, name, revision=revision)
        return Path(found) if isinstance(found, str) else None

    def _read(self, asked: ModelId, path: Path, name: ModelId, unheard: bool) -> RawCard | SkippedCard:
        commit = path.parent.name  # snapshots/<commit>/README.md: the folder tells which commit a branch stood for
        try:
            if path.stat().st_size > LARGEST_README:
                return skip(asked, SkipReason.UNREADABLE, "has a README that is too large to be one")
            content = path.read_bytes()
        except OSError as error:
            hint = "look after the client's cache: HF_HOME"
            return skip(asked, SkipReason.UNREADABLE, f"cannot be read from the cache ({error.strerror})", hint)
        origin = f"{self._endpoint()}/{name}/blob/{commit}/{_README}"
        renamed = asked if asked != name else None
        return unless_empty(RawCard(content, name, commit, origin=origin, renamed_from=renamed, cached=unheard))

    def readme(self, model: ModelId, revision: str | None = None, known: str | None = None) -> Readme | SkippedCard:
        """The README without the client's cache: one request, and no body when it is still the ``known`` blob.

        Args:
            revision: A commit that is gone (the history was squashed) is read as the main branch.
            known: Blob id of the README that the caller has.

        Raises:
            SourceError: The token is not accepted.
        """
        address = f"{self._endpoint()}/{model}/resolve/{quote(revision or 'main', safe='')}/{_README}"
        wanted = {"If-None-Match": f'"{known}"'} if known else {}
        try:
            response, exchange = ask(lambda: self._get(address, {}, wanted), self.options, self.pace)
        except Exception as error:
            if revision and isinstance(error, Refused) and error.code == "RevisionNotFound":
                return self.readme(model, None, known)
            return self._explain(error, revision).about(model)
        if response.status_code == 404:
            return skip(model, SkipReason.NO_README, "has no README.md")
        blob = response.headers.get("etag", "").removeprefix("W/").strip('"')[:200] or known
        commit = response.headers.get("x-repo-commit") or revision
        unchanged = response.status_code == 304 or (known is not None and blob == known)
        named = "etag" in response.headers and "x-repo-commit" in response.headers
        if response.status_code == 200 and not (named and (unchanged or is_blob(response.content, blob))):
            # The client refuses what has no name as well: a sign-in page must never be kept as somebody's card.
            return foreign(self._endpoint()).about(model)
        return Readme(None if unchanged else response.content, now_called(exchange.addresses, model), commit, blob)

    def ask_limits(self, model: ModelId) -> int:
        """Lets the gate learn what the server allows of files, by a question about one that is no README.

        Returns:
            How many requests a file takes: the Hub sends small ones from a second address.
        """
        address = f"{self._endpoint()}/{model}/resolve/main/.gitattributes"
        try:
            return max(1, len(ask(lambda: self._get(address, {}), self.options, self.pace)[1].addresses))
        except (Refused, Broken):
            return 1

    # --- models ---------------------------------------------------------------------------------------------------

    def info(self, model: ModelId, revision: str | None = None) -> ModelInfo | SkippedCard:
        """What the Hub knows of a model, front matter, parents and counts of children included; raises as `get`."""
        at = f"/revision/{quote(revision, safe='')}" if revision else ""
        try:
            answer, _ = ask(
                lambda: self._json(f"/api/models/{model}{at}", {"expand": _EXPANDED})[0], self.options, self.pace
            )
        except Exception as error:
            return self._explain(error, revision).about(model)
        info = to_info(answer, model)
        if info is None:
            return skip(model, SkipReason.SERVER_ERROR, "got an answer that describes no model", ENDPOINT_HINT)
        return info

    def children(self, model: ModelId, relation: Relation, limit: int) -> Sequence[ModelInfo]:
        """The most downloaded models made out of this one; the Hub lists them by a tag, it has no endpoint for them.

        Raises:
            SourceError: The Hub did not answer, which is not the same as a model without children.
        """
        if limit <= 0:
            return ()
        link = model if relation is Relation.UNKNOWN else f"{relation.value}:{model}"
        listed = self.list_models(filters=(f"base_model:{link}",), sort="downloads", limit=limit)
        return tuple(listed)

    def has_account(self, account: str) -> bool | None:
        """Whether there is a user or an organisation of that name; ``None`` when the Hub did not say."""
        for kind in ("users", "organizations"):
            try:
                ask(lambda: self._json(f"/api/{kind}/{quote(account, safe='')}/overview", {}), self.options)  # noqa: B023
            except Refused as refused:
                if refused.status != 404:
                    return None
            except (Broken, OSError, ValueError):
                return None
            else:
                return True
        return False

    def list_models(
        self,
        *,
        author: str | None = None,
        filters: Sequence[str] = (),
        search: str | None = None,
        sort: str = "lastModified",
        since: datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Iterator[ModelInfo]:
        """Models of a listing, lazily; a page is asked for when its first model is.

        Args:
            author: A user or organisation.
            filters: Tags that all must be there, for instance ``base_model:adapter:owner/name``.
            search: Part of the id.
            sort: ``lastModified``, ``createdAt``, ``downloads`` or ``likes``, highest first.
            since: Ends at the first model last changed before; needs the sort ``lastModified``.
            limit: Most models.
            cursor: Of a `Page`, to go on where an earlier listing stopped.

        Raises:
            RateLimited: The Hub asks to wait longer than ``options.max_wait``.
            Unreachable: No answer after the last try.
            SourceError: Any other refusal.
        """
        left = limit
        size = _PAGE if limit is None else min(limit, _PAGE)
        for page in self.pages(author=author, filters=filters, search=search, sort=sort, size=size, cursor=cursor):
            for info in page.models:
                if left is not None and left <= 0:
                    return
                if since is not None and info.dates.modified is not None and info.dates.modified < since:
                    return
                yield info
                left = None if left is None else left - 1
            if left == 0:
                return

    def pages(
        self,
        *,
        author: str | None = None,
        filters: Sequence[str] = (),
        search: str | None = None,
        sort: str = "lastModified",
        size: int = _PAGE,
        cursor: str | None = None,
        files: bool = False,
    ) -> Iterator[Page]:
        """The same listing page by page, each with the cursor of the next; pages overlap when models move meanwhile.

        Args:
            files: Also learn which models have no README.md, which makes pages some times larger.

        Raises:
            RateLimited, Unreachable, SourceError: As `list_models`.
        """
        # The direction is said although the client leaves it out: the Hub's own description has ascending as default.
        wanted = (*_LISTED, "siblings") if files else _LISTED
        query: dict[str, str | int | Sequence[str]] = {"sort": sort, "direction": -1, "limit": size, "expand": wanted}
        query |= {key: value for key, value in (("author", author), ("search", search)) if value}
        if filters:
            query["filter"] = tuple(filters)
        if cursor:
            query["cursor"] = cursor
        while True:
            try:
                (answer, following), _ = ask(lambda: self._json("/api/models", query), self.options, self.pace)  # noqa: B023
            except Exception as error:
                raise self._explain(error).raised(self._endpoint()) from None
            if not isinstance(answer, list):
                raise SourceError("answered with no list of models", subject=self._endpoint(), hint=ENDPOINT_HINT)
            entries = [(info, entry) for entry in answer if (info := to_info(entry)) is not None]
            bare = frozenset(info.model_id for info, entry in entries if lacks(entry, _README))
            yield Page(tuple(info for info, _ in entries), following, bare)
            if following is None:
                return
            query = {**query, "cursor": following}

    # --- asking ---------------------------------------------------------------------------------------------------

    def _json(self, path: str, query: Query) -> tuple[Any, str | None]:
        """The JSON of one address, and the cursor of the next page when there is one."""
        response = self._get(self._endpoint() + path, query)
        if response.status_code >= 400:
            raise Refused(response.status_code, response.headers)
        # Of the next page's address only the cursor is taken: it may name another host, which must not get the token.
        following = dict(parse_qsl(urlsplit(response.links.get("next", {}).get("url", "")).query)).get("cursor")
        return response.json(), following

    def _get(self, address: str, query: Query, extra: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
        """An answer, redirects followed here so that each request is counted; the token stays with the Hub."""
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        home = urlsplit(self._endpoint())[:2]
        for _ in range(_MOST_HOPS):
            token = self._token if urlsplit(address)[:2] == home else False
            headers = {**build_hf_headers(token=token, library_name="cardscope"), **(extra or {})}
            response = guard(_session()).get(address, params=query or None, headers=headers, follow_redirects=False)
            if response.status_code not in _MOVED or "location" not in response.headers:
                return response
            address, query = urljoin(str(response.url), response.headers["location"]), {}
        raise Refused(508, {})

    @property
    def endpoint(self) -> str:
        """Address of the Hub, without a slash at its end."""
        return self._endpoint()

    def _endpoint(self) -> str:
        from huggingface_hub import constants

        return str(self.options.endpoint or constants.ENDPOINT).rstrip("/")

    # --- answers in words -----------------------------------------------------------------------------------------

    def _explain(self, error: Exception, revision: str | None = None) -> Reason:
        """A failure in words that hold nothing of the request's headers.

        Raises:
            SourceError: The token was not accepted.
            Exception: What is no failure of the Hub, so a bug, as it came.
        """
        from huggingface_hub.errors import (
            EntryNotFoundError,
            HFValidationError,
            LocalEntryNotFoundError,
            OfflineModeIsEnabled,
        )

        if isinstance(error, Refused):
            return refusal(error, self._endpoint(), self.options, revision)
        if isinstance(error, Broken):
            return unanswered(self._endpoint(), self.options.timeout if error.timeout else None)
        if isinstance(error, TooLarge):
            return Reason(SkipReason.UNREADABLE, "has a README that is too large to be one")
        if isinstance(error, HFValidationError):
            return Reason(SkipReason.NOT_FOUND, "has an id that the Hub gives to no model", "check the spelling")
        offline = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error
        if isinstance(offline, OfflineModeIsEnabled):
            message = "is not in the cache, and HF_HUB_OFFLINE forbids asking the Hub"
            return Reason(SkipReason.OFFLINE, message, "unset HF_HUB_OFFLINE, or fetch it once while online")
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            message = "has no README.md" + (f" at revision {revision[:80]}" if revision else "")
            return Reason(SkipReason.NO_README, message, "ask its author for a model card")
        if is_foreign(error):
            return foreign(self._endpoint())
        if isinstance(error, OSError):
            message = f"cannot be kept in the client's cache ({error.strerror or type(error).__name__})"
            return Reason(SkipReason.UNREADABLE, message, "look after the cache: HF_HOME")
        raise error


def _session() -> Any:  # noqa: ANN401 - an httpx client
    from huggingface_hub import get_session

    return get_session()


@contextmanager
def _no_bars() -> Iterator[None]:
    """A README is no download worth a progress bar; bars of other downloads stay as they were."""
    from huggingface_hub import utils as bars

    name = "huggingface_hub.http_get"
    was_off = bars.are_progress_bars_disabled(name)  # type: ignore[attr-defined]
    bars.disable_progress_bars(name)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if not was_off:
            bars.enable_progress_bars(name)  # type: ignore[attr-defined]
