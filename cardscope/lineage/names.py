"""What people write where the id of a base model belongs: ids, addresses, bare names, paths on their own disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cardscope.errors import InvalidModelId
from cardscope.text.clean import clean
from cardscope.types import ModelId, Problem, model_id

#: Hosts whose pages are pages of the Hub; the mirror forwards to it.
HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_WEIGHTS = re.compile(r"\.(?:safetensors|gguf|ggml|bin|ckpt|pth?|onnx|h5)\Z", re.IGNORECASE)
_NOT_MODELS = ("datasets", "spaces", "collections", "papers", "docs", "blog")
#: No id is longer (two parts of up to 200 characters); what is longer is not read further.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class ParentName:
    """A base model as it was written, read.

    Attributes:
        name: Id where it can be one, else the text as written, cut and cleaned.
    """

    name: str
    problems: tuple[Problem, ...] = ()


def read_parent(text: str) -> ParentName:
    """Reads one name of a parent and says what is wrong with it; only addresses of the Hub lose their wrapping.

    >>> read_parent("https://huggingface.co/maker/fjord-7b").name
    'maker/fjord-7b'
    >>> read_parent("/content/drive/fjord").problems[0].code
    'local-path'
    """
    return _read(text.strip()[:_LONGEST])


@lru_cache(maxsize=8192)
def _read(written: str) -> ParentName:
    """Kept, because a few thousand models are the parents of most; the length is bound, so the memory is too."""
    shown = clean(written, 120)
    if _is_address(written):
        return _address(written, shown)
    if _is_path(written):
        return ParentName(shown, (_problem("local-path", f"{shown} is a path on somebody's disk"),))
    # A revision after the id is no part of it.
    name = written.partition("@")[0]
    try:
        found = model_id(name)
    except InvalidModelId:
        if "/" in written:
            return ParentName(shown, (_problem("dead", f"{shown} cannot be the id of a model"),))
        return ParentName(shown, (_problem("bare", f"{shown} is a name and not the id of a model"),))
    if "/" not in found:
        return ParentName(found, (_problem("bare", f"{found} is a name without the account that holds it"),))
    return ParentName(found)


def lookable(name: str) -> ModelId | None:
    """The id behind the name of an edge, for an index to be asked; ``None`` for addresses elsewhere and for paths."""
    if _is_address(name) or _is_path(name):
        return None
    try:
        return model_id(name)
    except InvalidModelId:
        return None


def _is_address(text: str) -> bool:
    return "://" in text or text.lower().startswith(tuple(f"{host}/" for host in HUB_HOSTS))


def _address(written: str, shown: str) -> ParentName:
    bare = written.partition("://")[2] if "://" in written else written
    host, _, path = bare.partition("/")
    problem = _problem("url", f"{shown} is an address, not an id")
    if host.lower() not in HUB_HOSTS or path.partition("/")[0].lower() in _NOT_MODELS:
        return ParentName(shown, (problem,))
    try:
        found = model_id(f"https://{bare}")
    except InvalidModelId:
        return ParentName(shown, (problem,))
    return ParentName(found, (problem,))


def _is_path(text: str) -> bool:
    if text.startswith((".", "/", "~", "\\")) or "\\" in text or _DRIVE.match(text):
        return True
    return text.count("/") > 1 or text.endswith("/") or bool(_WEIGHTS.search(text))


def _problem(code: str, words: str) -> Problem:
    return Problem(code, words)
