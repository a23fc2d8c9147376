"""What every source answers in the same way: limits, empty READMEs, and the words for a card that is not there."""

from __future__ import annotations

from pathlib import Path

from cardscope.types import ModelId, RawCard, SkippedCard, SkipReason

#: Largest README that is read, in bytes. The longest known card has 1.01 MB; the Hub refuses text files above 10 MB.
LARGEST_README = 32 * 1024 * 1024

#: Largest licence file that is read; the longest licence in use (GPL-3.0) has 35 kB.
LARGEST_LICENSE = 512 * 1024
#: What a repository calls it, the usual name first.
LICENSE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md")

_BLANK = b"\xef\xbb\xbf \t\r\n\x00"


def skip(
    model: ModelId | None, reason: SkipReason, message: str, hint: str = "", *, subject: str | Path = ""
) -> SkippedCard:
    """A card that could not be fetched; what has an id is named by it, everything else by its ``subject``."""
    return SkippedCard(model, "fetch", reason, message, hint, "" if model else str(subject))


def unless_empty(raw: RawCard) -> RawCard | SkippedCard:
    """The card itself, or the answer for a README in which nothing is written but white space.

    >>> unless_empty(RawCard(b" ")).reason
    <SkipReason.EMPTY_README: 'empty-readme'>
    """
    if raw.content.strip(_BLANK):
        return raw
    hint = "write a card: https://huggingface.co/docs/hub/model-cards"
    return skip(raw.model_id, SkipReason.EMPTY_README, "has an empty README", hint, subject=raw.origin)


def license_in(path: Path) -> str | None:
    """The beginning of a licence file, however it is encoded; ``None`` when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_LICENSE).decode("utf-8", "replace")
    except OSError:
        return None
