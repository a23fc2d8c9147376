"""What ``--embedder`` names, looked at before any work begins, so that a wrong name neither ends it nor goes unseen."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from cardscope.cli.lean import load_nlp
from cardscope.errors import InvalidModelId, MissingExtra, Unreachable, UsageError

if TYPE_CHECKING:
    from cardscope.plugins import Embedder

#: Any of these makes a folder one that Sentence Transformers can read.
_MARKS = ("modules.json", "config.json")
_HINT = "give static, lexical, the id of a Sentence Transformers model on the Hub, or a folder that holds one"
#: Where a name without an owner is looked for, as Sentence Transformers itself does.
_OWNER = "sentence-transformers"


def loader(name: str) -> Callable[[], Embedder]:
    """Loads an embedder once, when it is first needed; one that is not built in at once, since only that proves it.

    Raises:
        UsageError, MissingExtra: As `check`, and for a model that is there and cannot be loaded.
    """
    from cardscope.embedders import load_embedder

    check(name)
    load = cache(partial(load_embedder, name))
    if not _is_known(name):
        load()

    def load_for_a_parent() -> Embedder:
        # Sections of a parent are compared next, sentence by sentence.
        load_nlp()
        return load()

    return load_for_a_parent


def check(name: str) -> None:
    """Refuses what cannot be an embedder, without loading any; asks the Hub at most two questions.

    Raises:
        UsageError: No embedder, folder or model has that name.
        Unreachable: It could be a model on the Hub, which does not answer, and the client's cache holds none of it.
        MissingExtra: It takes sentence-transformers, which is not installed.
    """
    from importlib.util import find_spec

    if _is_known(name) and name != "neural":
        return
    if name != "neural" and not _is_folder(name):
        _check_hub(name)
    if find_spec("sentence_transformers") is None:
        raise MissingExtra("sentence_transformers", extra="neural")


def _is_known(name: str) -> bool:
    from cardscope.plugins import available

    return name in available("embedder")


def _is_folder(name: str) -> bool:
    """Whether it is a folder with a model; otherwise it may be the id of one."""
    from cardscope.types import model_id

    path = Path(name).expanduser()
    if path.is_dir():
        if not any((path / mark).is_file() for mark in _MARKS):
            raise UsageError("is a folder without a Sentence Transformers model", subject=name, hint=_HINT)
        return True
    try:
        model_id(name)
        is_path = path.exists() or name[:1] in (".", "~", "/")
    except InvalidModelId:
        is_path = True
    if is_path:
        raise UsageError("is neither an embedder nor a folder with one", subject=name, hint=_HINT)
    return False


def _check_hub(name: str) -> None:
    """A clear no counts; of a Hub that cannot be reached only what the client's cache holds, which is all there is."""
    from cardscope.plugins import load
    from cardscope.sources.pages import is_down
    from cardscope.types import ModelId, SkippedCard, SkipReason

    hub = load("source", "hub")()
    ids = [ModelId(known) for known in (name, *(() if "/" in name else (f"{_OWNER}/{name}",)))]
    reasons = [answer.reason for answer in map(hub.info, ids) if isinstance(answer, SkippedCard)]
    if len(reasons) < len(ids):
        return
    if all(reason is SkipReason.NOT_FOUND for reason in reasons):
        raise UsageError("is neither an embedder nor a model on the Hub", subject=name, hint=_HINT)
    # Asking in vain once more for each of its files would take minutes.
    if all(map(is_down, reasons)) and not any(hub.cached(each, None, mark) for each in ids for mark in _MARKS):
        raise Unreachable("is not in the client's cache, and the Hub cannot be asked for it", subject=name, hint=_HINT)
