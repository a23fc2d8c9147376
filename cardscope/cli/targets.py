"""What ``analyze`` is given to read: words of its line, lines of a list, and the sources they are looked up in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cardscope.cli import output
from cardscope.errors import UsageError

if TYPE_CHECKING:
    from cardscope.options import Options
    from cardscope.pipeline import Listener
    from cardscope.plugins import CardSource, Embedder, ModelIndex
    from cardscope.sources.folder import Target
    from cardscope.types import CardAnalysis, SkippedCard

    class Models(CardSource, ModelIndex):
        """A source that also knows of the models it holds."""


#: Bytes of a line that are looked at: no path is longer, and what is no list at all may have no line breaks.
_LONGEST = 4096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def listed(path: Path) -> Iterator[str]:
    """The targets of a list, each when it is asked for; blank lines and those that begin with ``#`` are none.

    Args:
        path: A file, or ``-`` for stdin.

    Raises:
        UsageError: The file cannot be opened.
    """
    if str(path) == "-":
        return _lines(sys.stdin.buffer, "stdin")
    try:
        return _lines(path.expanduser().open("rb"), str(path))
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        hint = "give a file with a target a line, or - for stdin"
        raise UsageError(f"cannot be read ({reason})", subject=str(path), hint=hint) from error


def _lines(stream: BinaryIO, name: str) -> Iterator[str]:
    is_empty, is_rest = True, False
    mark = _BYTE_ORDER_MARK
    with stream:
        while line := stream.readline(_LONGEST):
            text = line.removeprefix(mark).decode("utf-8", "surrogateescape").strip()
            mark = b""
            if text and not text.startswith("#") and not is_rest:
                is_empty = False
                yield text
            is_rest = not line.endswith(b"\n")
    if is_empty:
        output.tell(f"{name}: holds no targets")


class Reader:
    """Analyses one target after the other; a source is opened once, when the first target needs it.

    Args:
        where: Source of models, as ``--source`` names it.
        alone: There is one target, and the caller is wrong when it can be none; among several it is only skipped.
        listing: Stdin holds the list of targets, so no card.
    """

    def __init__(
        self,
        where: str | None,
        token: str | None,
        options: Options,
        embedder: Callable[[], Embedder],
        listener: Listener,
        *,
        alone: bool = True,
        listing: bool = False,
    ) -> None:
        self._where = where
        self._token = token
        self._options = options
        self._embedder = embedder
        self._listener = listener
        self._alone = alone
        self._stdin_is_read = listing
        self._models = cache(self._open)

    def read(self, target: str) -> CardAnalysis | SkippedCard:
        """The analysis of a target, or why there is none.

        Raises:
            UsageError: It can be no target, and there is no other one; or there can be no such source.
            SourceError, InvalidCorpus: The source itself is broken.
        """
        from cardscope.pipeline import Analyzer
        from cardscope.sources.answers import skip
        from cardscope.sources.folder import FolderSource
        from cardscope.types import RawCard, SkipReason, model_id

        try:
            place = self._place(target)
        except UsageError as error:
            if self._alone:
                raise
            return skip(None, SkipReason.NOT_FOUND, error.message, error.hint, subject=target.strip() or "''")
        where = self._where or ("hub" if place.kind == "id" else None)
        models = self._models(where) if where else None
        # One of its own for each: what it says of the embedder is what this card was compared with.
        analyzer = Analyzer(models, models, embedder=self._embedder, options=self._options, listener=self._listener)
        if place.kind == "id":
            return analyzer.analyze(model_id(place.value), self._options.source.revision or place.revision)
        raw = FolderSource(place.value).only()
        return analyzer.analyze_raw(raw) if isinstance(raw, RawCard) else raw

    def _place(self, target: str) -> Target:
        from cardscope.sources.folder import resolve_target

        place = resolve_target(target, prefer_id=self._where is not None)
        if place.kind != "id" and self._options.source.revision:
            raise UsageError("a card at hand has no revisions", subject=target, hint="leave --revision out")
        if place.kind == "stdin":
            if self._stdin_is_read:
                raise UsageError("stdin was read already", subject=target, hint="give - once, for a card or for a list")
            self._stdin_is_read = True
        return place

    def _open(self, where: str) -> Models:
        from cardscope.plugins import load

        if where == "hub":
            models: Models = load("source", "hub")(self._options.source, token=self._token)
            return models
        # A corpus of many shards is known by its manifest; an address can be nothing else.
        many = "://" in where or (Path(where).expanduser() / "corpus.toml").is_file()
        corpus: Models = load("source", "store" if many else "corpus")(where)
        return corpus
