"""What comes back from the Hub: pages of a listing, READMEs, and where an answer was in the end found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from cardscope.errors import InvalidModelId
from cardscope.types import ModelId, ModelInfo, SkipReason, model_id

# Files that are not large come by way of a second address of the Hub: /api/resolve-cache/models/OWNER/NAME/COMMIT/FILE
_RESOLVED = re.compile(r"/([^/]+(?:/[^/]+)?)/resolve/|/resolve-cache/models/([^/]+(?:/[^/]+)?)/[0-9a-f]{40}/")

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

_NO_JSON = frozenset({"JSONDecodeError", "UnicodeDecodeError"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    Attributes:
        cursor: Continues the listing after this page, also in another process; ``None`` on the last page.
        without_readme: Models whose list of files has no README.md; empty unless ``files`` were asked for.
    """

    models: tuple[ModelInfo, ...]
    cursor: str | None
    without_readme: frozenset[ModelId] = frozenset()


@dataclass(frozen=True, slots=True)
class Readme:
    """A README as the Hub has it at a commit.

    Attributes:
        content: ``None`` when it is the one that was known already.
        model_id: What the model is called now.
        blob_id: Git's name of the content, or the SHA-256 of a large file; as the Hub's ETag says it.
    """

    content: bytes | None
    model_id: ModelId
    revision: str | None
    blob_id: str | None


class Found(NamedTuple):
    """A file in the client's cache.

    Attributes:
        model_id: What the model is called now.
        unheard: The Hub was not asked or did not answer, and the revision is no commit, so it may have changed since.
    """

    path: Path
    model_id: ModelId
    unheard: bool


def found_at(path: Path, addresses: Sequence[str], asked: ModelId, revision: str | None) -> Found:
    """What the addresses that answered (none, when nobody did) tell of a file of the cache."""
    return Found(path, now_called(addresses, asked), not addresses and not _COMMIT.fullmatch(revision or ""))


def is_blob(content: bytes, blob_id: str | None) -> bool:
    """Whether bytes are those an ETag names, as far as it tells: Git's id of them, their SHA-1 or their SHA-256.

    The Hub says the first of small files and the last of large ones, some mirrors the second; what has another form
    names nothing that could be checked.
    """
    if blob_id is None or not _DIGEST.fullmatch(blob_id):
        return True
    if len(blob_id) == 64:
        return hashlib.sha256(content).hexdigest() == blob_id
    written = (b"blob %d\0" % len(content) + content, content)
    return any(hashlib.sha1(form, usedforsecurity=False).hexdigest() == blob_id for form in written)


def now_called(addresses: Sequence[str], asked: ModelId) -> ModelId:
    """The id in the address the README came from: another one than was asked for when the model was renamed."""
    for address in reversed(addresses):
        if found := _RESOLVED.search(urlsplit(address).path):
            try:
                return model_id(unquote(found[1] or found[2]))
            except InvalidModelId:
                return asked
    return asked


def is_down(reason: SkipReason) -> bool:
    """The Hub is not there at the moment, which says nothing about the model: a cached card may stand in."""
    return reason in (SkipReason.OFFLINE, SkipReason.TIMEOUT, SkipReason.SERVER_ERROR)


def is_foreign(error: Exception) -> bool:
    """Whether something answered that is no Hub (a sign-in page, a proxy's notice), as opposed to a bug of ours.

    JSON that is none, redirects that never end, and a file of another size than was announced: the client raises the
    last as an ``OSError`` without a number, which those of the disk have.
    """
    kind = type(error).__name__
    if isinstance(error, OSError):
        return error.errno is None
    return kind == "TooManyRedirects" or (isinstance(error, ValueError) and kind in _NO_JSON)
