"""Cards on this machine: a README, a folder that holds one, a tree of them, or stdin.

Also decides what a word on a command line stands for (`resolve_target`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from cardscope.errors import InvalidModelId, UsageError
from cardscope.sources.answers import LARGEST_README, LICENSE_FILES, license_in, skip, unless_empty
from cardscope.types import ModelId, RawCard, SkippedCard, SkipReason, model_id

STDIN = "-"
_README = "README.md"
_BARE_HUB = re.compile(r"(?:www\.)?(?:huggingface\.co|hf\.co)/", re.IGNORECASE)
_REVISION_VERBS = frozenset({"blob", "tree", "resolve", "raw", "blame", "edit", "commits", "commit"})
_NO_MODELS = frozenset({"datasets", "spaces", "docs", "blog", "papers", "collections", "learn", "buckets", "kernels"})


class Target(NamedTuple):
    """What a word on the command line was taken for.

    Attributes:
        kind: ``id`` is looked up in a source; ``path`` and ``stdin`` are read here.
        value: The id, the path as it was given, or ``-``.
        revision: From the address of a page at a branch, tag or commit.
    """

    kind: Literal["id", "path", "stdin"]
    value: str
    revision: str | None = None


def resolve_target(text: str, *, prefer_id: bool = False) -> Target:
    """Decides what a target is, by how it is written first and by what lies on the disk second.

    1. ``-`` is stdin.
    2. An address (``https://...``, ``hf.co/...``, ``hf://...``) is the model of that page, with its revision.
    3. What is written as a path (begins with ``.``, ``/`` or ``~``, ends in ``.md``, has a backslash) is one, whether
       it exists or not, and so is what exists as a file.
    4. Any other word is an id, except when a folder of that name here holds a README.md: then it is that folder. Write
       the address of the page, or give a source (``prefer_id``), to have the model on the Hub instead.

    Raises:
        UsageError: An address that is not a model's, or a word that is neither a path here nor can be an id.
    """
    word = text.strip()
    if word == STDIN:
        return Target("stdin", STDIN)
    if "://" in word or _BARE_HUB.match(word):
        try:
            is_file = word.lower().startswith("file://")
            return Target("path", unquote(urlsplit(word).path)) if is_file else _from_address(word)
        except UsageError:
            raise
        except ValueError as error:  # a bracket that is not closed, for one
            raise UsageError("is no address", subject=word[:200], hint="give the address of a model's page") from error
    if word.startswith((".", "/", "~")) or word.lower().endswith((".md", ".markdown")) or "\\" in word:
        return Target("path", word)
    path = Path(word)
    if word and not prefer_id and (_is(path, Path.is_file) or _is(path / _README, Path.is_file)):
        return Target("path", word)
    try:
        return Target("id", model_id(word))
    except InvalidModelId as error:
        hint = "write owner/name for a model, or ./ before a path"
        if word and _is(path, Path.is_dir):
            raise UsageError(f"is a folder without a {_README}", subject=word[:200], hint=hint) from error
        raise InvalidModelId("is neither the id of a model nor a file here", subject=word[:200], hint=hint) from error


def _from_address(address: str) -> Target:
    scheme, _, rest = address.rpartition("://")
    if scheme.lower() == "hf":
        parts = [part for part in rest.split("/") if part]
    else:
        parts = [part for part in urlsplit(f"//{rest}").path.split("/") if part]
    parts = [unquote(part) for part in parts]
    if parts[:2] == ["api", "models"]:
        parts = parts[1:]
    if parts[:1] == ["models"]:
        parts = parts[1:]
    if parts[:1] and parts[0] in _NO_MODELS:
        hint = "give the address of a model's page, or owner/name"
        raise UsageError(f"is a page under {parts[0]}, not a model's", subject=address[:200], hint=hint)
    # A model without an owner has its verb in second place: /gpt2/blob/main/README.md
    place = 1 if parts[1:2] and parts[1] in _REVISION_VERBS and len(parts) > 2 else 2
    name, _, pinned = "/".join(parts[:place]).partition("@")
    revision = pinned or None
    if len(parts) > place + 1 and parts[place] in {*_REVISION_VERBS, "revision"}:
        revision = parts[place + 1]
        if revision == "refs" and len(parts) > place + 3:
            revision = "/".join(parts[place + 1 : place + 4])
    return Target("id", model_id(name), revision)


class FolderSource:
    """Cards under a path.

    Args:
        path: A README, a folder with a README.md (a cloned repository), a tree ``owner/name/README.md``, or ``-``.
    """

    def __init__(self, path: str | Path) -> None:
        self.stdin = str(path) == STDIN
        try:
            self.path = Path(path).expanduser()
        except RuntimeError:  # ~somebody whom this machine does not know
            self.path = Path(path)

    def only(self) -> RawCard | SkippedCard:
        """The one card of a file, a folder or stdin; local cards have no id, as nothing on the disk vouches for one."""
        if self.stdin:
            return _from_stream(sys.stdin.buffer)
        if not _is(self.path, Path.is_dir):
            return _from_file(self.path)
        try:
            if (self.path / _README).exists():
                return _from_file(self.path / _README)
            hint = _near_name(self.path)
        except OSError as error:
            return _unreadable(None, self.path, error)
        return skip(None, SkipReason.NO_README, f"has no {_README}", hint, subject=self.path)

    def get(self, model: ModelId, revision: str | None = None) -> RawCard | SkippedCard:
        """The card at ``owner/name/README.md`` under the path."""
        if revision is not None:
            message = f"has no revision {revision[:80]} here: a folder holds one state of each card"
            return skip(model, SkipReason.NOT_FOUND, message, "leave the revision out")
        folder = self.path / model
        if not folder.is_dir():
            return skip(model, SkipReason.NOT_FOUND, f"is not under {self.path}", f"expected {folder / _README}")
        if not (folder / _README).exists():
            return skip(model, SkipReason.NO_README, f"has no {_README}", _near_name(folder))
        return _from_file(folder / _README, model)

    def iter(self) -> Iterator[RawCard | SkippedCard]:
        """Every README.md of the path, of its folders and of theirs, by name; folders too odd for an id have none."""
        if self.stdin or not _is(self.path, Path.is_dir) or (self.path / _README).exists():
            yield self.only()
            return
        for pattern in (f"*/{_README}", f"*/*/{_README}"):
            for readme in sorted(self.path.glob(pattern)):
                try:
                    name = model_id(readme.parent.relative_to(self.path).as_posix())
                except InvalidModelId:
                    name = None
                yield _from_file(readme, name)


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    """Whether a path is of a kind; one too long or too odd for the system to be asked about is of none."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def _from_file(path: Path, model: ModelId | None = None) -> RawCard | SkippedCard:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_README + 1)
    except FileNotFoundError:
        hint = "check the path; a model on the Hub is written owner/name"
        return skip(model, SkipReason.NOT_FOUND, "is no file here", hint, subject=path)
    except (OSError, ValueError) as error:
        return _unreadable(model, path, error)
    if len(content) > LARGEST_README:
        return skip(model, SkipReason.UNREADABLE, "is too large to be a card", _too_large(), subject=path)
    return unless_empty(RawCard(content, model, origin=str(path), license_text=_license_beside(path)))


def _unreadable(model: ModelId | None, path: Path, error: OSError | ValueError) -> SkippedCard:
    reason = getattr(error, "strerror", None) or "not a path"
    hint = "check what it is, and its rights"
    return skip(model, SkipReason.UNREADABLE, f"cannot be read ({reason})", hint, subject=path)


def _from_stream(stream: BinaryIO) -> RawCard | SkippedCard:
    content = stream.read(LARGEST_README + 1)
    if len(content) > LARGEST_README:
        return skip(None, SkipReason.UNREADABLE, "is too large to be a card", _too_large(), subject="stdin")
    return unless_empty(RawCard(content, origin="stdin"))


def _license_beside(readme: Path) -> str | None:
    texts = (license_in(readme.parent / name) for name in LICENSE_FILES)
    return next((text for text in texts if text is not None), None)


def _near_name(folder: Path) -> str:
    """The Hub reads README.md in exactly these letters; a near miss is worth a word."""
    near = sorted(
        entry.name for entry in folder.iterdir() if entry.name.lower() in ("readme.md", "readme", "readme.txt")
    )
    return f"there is {near[0]}; the Hub reads {_README} only" if near else "give the folder of a model, or the file"


def _too_large() -> str:
    return f"at most {LARGEST_README // 1024 // 1024} MB are read"
