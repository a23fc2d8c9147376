"""What a Hub holds: models with their histories, and the questions a Hub answers about them, without any network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

RELATIONS = ("adapter", "finetune", "merge", "quantized")


@dataclass(frozen=True)
class Revision:
    """One commit of a repository: its README (``None`` when there was none) and when it was made."""

    readme: bytes | None
    date: datetime

    def sha(self, model: str) -> str:
        return hashlib.sha1(
            b"\0".join((model.encode(), self.date.isoformat().encode(), self.readme or b"-"))
        ).hexdigest()


@dataclass(frozen=True)
class HubModel:
    """A repository as the Hub knows it.

    ``state``: ``open``, ``disabled``. ``history``: older revisions, newest first. ``base_models``: (relation, id).
    """

    id: str
    readme: bytes | None = b"# A model\n"
    tags: tuple[str, ...] = ()
    downloads: int = 0
    likes: int = 0
    created_at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    last_modified: datetime = datetime(2024, 6, 1, tzinfo=UTC)
    pipeline_tag: str | None = None
    library_name: str | None = None
    gated: str | bool = False
    private: bool = False
    card_data: Mapping[str, Any] | None = None
    base_models: tuple[tuple[str, str], ...] = ()
    renamed_from: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    history: tuple[Revision, ...] = ()
    branches: Mapping[str, str] = field(default_factory=dict)
    state: str = "open"

    @property
    def revisions(self) -> tuple[Revision, ...]:
        return (Revision(self.readme, self.last_modified), *self.history)

    @property
    def sha(self) -> str:
        return self.revisions[0].sha(self.id)

    def at(self, revision: str | None) -> tuple[str, Revision] | None:
        """Commit and content of a branch, tag or commit; ``None`` when the repository has no such revision."""
        if revision in (None, "main", "HEAD"):
            return self.sha, self.revisions[0]
        wanted = self.branches.get(revision or "", revision or "")
        for entry in self.revisions:
            sha = entry.sha(self.id)
            if sha == wanted or (len(wanted) >= 7 and sha.startswith(wanted)):
                return sha, entry
        return None

    def content(self, entry: Revision) -> dict[str, bytes]:
        readme = {} if entry.readme is None else {"README.md": entry.readme}
        return {".gitattributes": b"", **readme, **self.files}

    def all_tags(self) -> tuple[str, ...]:
        links = [f"base_model:{parent}" for _, parent in self.base_models]
        links += [f"base_model:{relation}:{parent}" for relation, parent in self.base_models if relation != "unknown"]
        given = dict.fromkeys(self.tags)
        return tuple({**given, **dict.fromkeys(links)})


def blob_id(content: bytes) -> str:
    """Name git gives to a file of that content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def iso(date: datetime) -> str:
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{date.microsecond // 1000:03d}Z"


class World:
    """All models of a server, by id and by former id; may be changed while it is being asked."""

    def __init__(self, models: Iterable[HubModel] = ()) -> None:
        self._lock = threading.RLock()
        self.models: dict[str, HubModel] = {}
        self.former: dict[str, str] = {}
        self._children: dict[str, dict[str, int]] | None = None
        for model in models:
            self.put(model)

    def put(self, model: HubModel) -> None:
        """Adds a model, or puts a newer state of it in its place."""
        with self._lock:
            self.models[model.id] = model
            self.former.update(dict.fromkeys(model.renamed_from, model.id))
            self._children = None

    def moved(self, name: str) -> str | None:
        """Present id of a model asked for by a former name or in other capitals."""
        with self._lock:
            if name in self.former:
                return self.former[name]
            return next((known for known in self.models if known.lower() == name.lower() and known != name), None)

    def accounts(self) -> set[str]:
        return {name.split("/")[0] for name in self.models if "/" in name}

    def remove(self, model: str) -> None:
        with self._lock:
            self.models.pop(model, None)
            self._children = None

    def children(self, model: str) -> dict[str, int]:
        with self._lock:
            if self._children is None:
                self._children = {}
                for child in self.models.values():
                    for relation, parent in child.base_models:
                        if relation in RELATIONS and not child.private:
                            counts = self._children.setdefault(parent, {})
                            counts[relation] = counts.get(relation, 0) + 1
            return self._children.get(model, {})

    def describe(self, model: HubModel, sha: str, wanted: Iterable[str]) -> dict[str, Any]:
        """The JSON of one model, with the shapes the Hub really sends, not the ones its client annotates."""
        makers: dict[str, Any] = {
            "author": lambda: model.id.split("/")[0] if "/" in model.id else None,
            "baseModels": lambda: self._base_models(model),
            "cardData": lambda: dict(model.card_data) if model.card_data is not None else None,
            "childrenModelCount": lambda: {key: self.children(model.id).get(key, 0) for key in RELATIONS},
            "createdAt": lambda: iso(model.created_at),
            "disabled": lambda: model.state == "disabled",
            "downloads": lambda: model.downloads,
            "gated": lambda: model.gated,
            "lastModified": lambda: iso(model.last_modified),
            "library_name": lambda: model.library_name,
            "likes": lambda: model.likes,
            "pipeline_tag": lambda: model.pipeline_tag,
            "private": lambda: model.private,
            "sha": lambda: sha,
            "siblings": lambda: [{"rfilename": name} for name in sorted(model.content(model.revisions[0]))],
            "tags": lambda: list(model.all_tags()),
            "trendingScore": lambda: 0,
        }
        answer: dict[str, Any] = {"_id": hashlib.md5(model.id.encode()).hexdigest()[:24], "id": model.id}
        for name in wanted:
            value = makers[name]() if name in makers else None
            if value is not None:
                answer[name] = value
        return answer

    def _base_models(self, model: HubModel) -> dict[str, Any] | None:
        if not model.base_models:
            return None
        relation = model.base_models[0][0]
        parents = [{"_id": hashlib.md5(name.encode()).hexdigest()[:24], "id": name} for _, name in model.base_models]
        return {"relation": relation, "models": parents}

    def listing(
        self,
        filters: Iterable[str] = (),
        author: str | None = None,
        search: str | None = None,
        sort: str | None = None,
        ascending: bool = False,
        access: Iterable[str] = (),
    ) -> list[HubModel]:
        """Models that match every filter, as the Hub sorts them; private ones only for who may see them."""
        with self._lock:
            found = list(self.models.values())
        wanted, seen = set(filters), set(access)
        found = [
            model
            for model in found
            if (not model.private or model.id in seen)
            and (author is None or model.id.split("/")[0].lower() == author.lower())
            and (search is None or search.lower() in model.id.lower())
            and (not wanted or wanted <= self._facets(model))
        ]
        keys: dict[str, Any] = {
            "downloads": lambda model: model.downloads,
            "likes": lambda model: model.likes,
            "createdAt": lambda model: model.created_at,
            "lastModified": lambda model: model.last_modified,
        }
        found.sort(key=lambda model: model.id)
        if sort in keys:
            found.sort(key=keys[sort], reverse=not ascending)
        return found

    @staticmethod
    def _facets(model: HubModel) -> set[str]:
        return {*model.all_tags(), *filter(None, (model.pipeline_tag, model.library_name))}
