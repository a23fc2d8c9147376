"""Cards on this machine, and what a word on the command line stands for."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from cardscope.errors import InvalidModelId, UsageError
from cardscope.sources.answers import LARGEST_README
from cardscope.sources.folder import FolderSource, resolve_target
from cardscope.types import ModelId, RawCard, SkippedCard, SkipReason

CARD = b"---\nlicense: mit\r\n---\n# Caf\xe9\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("acme/base", "acme/tuned", "old-name"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "README.md").write_bytes(CARD)
    (tmp_path / "acme" / "no-card").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


HUB = "https://huggingface.co"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("-", ("stdin", "-", None)),
        ("owner/name", ("id", "owner/name", None)),
        (" gpt2 ", ("id", "gpt2", None)),
        (f"{HUB}/owner/name", ("id", "owner/name", None)),
        (f"{HUB}/owner/name/", ("id", "owner/name", None)),
        (f"{HUB}/owner/name/blob/main/README.md", ("id", "owner/name", "main")),
        (f"{HUB}/owner/name/resolve/v1.0/README.md?download=true", ("id", "owner/name", "v1.0")),
        (f"{HUB}/owner/name/tree/refs%2Fpr%2F3", ("id", "owner/name", "refs/pr/3")),
        (f"{HUB}/owner/name/tree/refs/pr/3", ("id", "owner/name", "refs/pr/3")),
        (f"{HUB}/owner/name/commit/0123abc", ("id", "owner/name", "0123abc")),
        (f"{HUB}/owner/name/discussions/3", ("id", "owner/name", None)),
        (f"{HUB}/owner/name#usage", ("id", "owner/name", None)),
        (f"{HUB}/gpt2", ("id", "gpt2", None)),
        (f"{HUB}/gpt2/blob/main/README.md", ("id", "gpt2", "main")),
        (f"{HUB}/api/models/owner/name/revision/v2", ("id", "owner/name", "v2")),
        (f"{HUB}/models/owner/name", ("id", "owner/name", None)),
        ("hf.co/owner/name", ("id", "owner/name", None)),
        ("huggingface.co/owner/name/raw/dev/README.md", ("id", "owner/name", "dev")),
        ("http://127.0.0.1:8000/owner/name/tree/main", ("id", "owner/name", "main")),
        ("hf://owner/name@v1", ("id", "owner/name", "v1")),
        ("./README.md", ("path", "./README.md", None)),
        ("/somewhere/else", ("path", "/somewhere/else", None)),
        ("~/models/x", ("path", "~/models/x", None)),
        ("..", ("path", "..", None)),
        ("docs/card.md", ("path", "docs/card.md", None)),
        ("C:\\models\\x", ("path", "C:\\models\\x", None)),
        ("file:///srv/a%20b/README.md", ("path", "/srv/a b/README.md", None)),
    ],
)
def test_what_a_word_stands_for(word: str, expected: tuple[str, str, str | None]) -> None:
    assert tuple(resolve_target(word)) == expected


def test_a_folder_with_a_card_goes_before_the_hub(tree: Path) -> None:
    assert resolve_target("acme/base").kind == "path"
    assert resolve_target("acme/base", prefer_id=True).kind == "id"
    assert resolve_target("acme/no-card").kind == "id"
    assert resolve_target("./acme/no-card").kind == "path"


def test_a_file_without_an_ending_is_a_path(tree: Path) -> None:
    (tree / "card").write_bytes(CARD)
    assert resolve_target("card").kind == "path"


@pytest.mark.parametrize("word", ["", "a b", "a/b/c", "x" * 500, "na..me", "a\0b", "--help--"])
def test_a_word_that_is_nothing(word: str) -> None:
    with pytest.raises(InvalidModelId, match="neither"):
        resolve_target(word)


@pytest.mark.parametrize(
    "word", [f"{HUB}/datasets/owner/name", f"{HUB}/spaces/owner/name", f"{HUB}/", "hf.co/", "https://[x", "file://[x"]
)
def test_an_address_that_is_no_models(word: str) -> None:
    with pytest.raises(UsageError):
        resolve_target(word)


def test_a_folder_without_a_card_that_can_be_no_id(tree: Path) -> None:
    (tree / "my models").mkdir()
    with pytest.raises(UsageError, match="folder without"):
        resolve_target("my models")


@pytest.mark.parametrize("where", ["acme/base", "acme/base/README.md"])
def test_the_bytes_are_kept(tree: Path, where: str) -> None:
    card = FolderSource(where).only()
    assert isinstance(card, RawCard)
    assert (card.content, card.model_id, card.license_text) == (CARD, None, None)
    assert card.origin.endswith("README.md")


def test_the_licence_beside_the_card(tree: Path) -> None:
    (tree / "acme" / "base" / "LICENSE").write_text("Terms of our own.")
    card = FolderSource(tree / "acme" / "base").only()
    assert isinstance(card, RawCard)
    assert card.license_text == "Terms of our own."


def test_a_tree(tree: Path) -> None:
    source = FolderSource(tree)
    assert [card.model_id for card in source.iter()] == ["old-name", "acme/base", "acme/tuned"]
    found = source.get(ModelId("acme/tuned"))
    assert isinstance(found, RawCard)
    assert found.model_id == "acme/tuned"


@pytest.mark.parametrize(
    ("model", "revision", "reason"),
    [
        ("acme/never-was", None, SkipReason.NOT_FOUND),
        ("acme/no-card", None, SkipReason.NO_README),
        ("acme/base", "v1", SkipReason.NOT_FOUND),
    ],
)
def test_what_a_tree_does_not_have(tree: Path, model: str, revision: str | None, reason: SkipReason) -> None:
    answer = FolderSource(tree).get(ModelId(model), revision)
    assert isinstance(answer, SkippedCard)
    assert (answer.model_id, answer.reason) == (model, reason)


def test_no_card_in_the_folder(tree: Path) -> None:
    (tree / "acme" / "no-card" / "readme.md").write_bytes(CARD)
    answer = FolderSource(tree / "acme" / "no-card").only()
    if isinstance(answer, RawCard):
        pytest.skip("this file system does not tell README.md from readme.md")
    assert answer.reason is SkipReason.NO_README
    assert "readme.md" in answer.hint


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\n"])
def test_an_empty_readme(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "README.md").write_bytes(content)
    answer = FolderSource(tmp_path).only()
    assert isinstance(answer, SkippedCard)
    assert (answer.reason, answer.subject) == (SkipReason.EMPTY_README, str(tmp_path / "README.md"))


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    answer = FolderSource(tmp_path).only()
    assert isinstance(answer, SkippedCard)
    assert (answer.reason, answer.subject) == (SkipReason.UNREADABLE, str(tmp_path))
    assert answer.message == "cannot be read (Permission denied)"


@pytest.mark.parametrize("path", ["missing.md", "missing/folder", "x" * 5000, "a\0b.md", "~no such user/x.md"])
def test_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    answer = FolderSource(path).only()
    assert isinstance(answer, SkippedCard)
    assert answer.reason in (SkipReason.NOT_FOUND, SkipReason.UNREADABLE)
    assert answer.subject == path


def test_a_folder_called_readme(tmp_path: Path) -> None:
    (tmp_path / "README.md").mkdir()
    answer = FolderSource(tmp_path).only()
    assert isinstance(answer, SkippedCard)
    assert answer.reason is SkipReason.UNREADABLE


def test_a_file_that_never_ends() -> None:
    if not os.path.exists("/dev/zero"):  # noqa: PTH110
        pytest.skip("there is no /dev/zero here")
    answer = FolderSource("/dev/zero").only()
    assert isinstance(answer, SkippedCard)
    assert (answer.reason, "too large" in answer.message) == (SkipReason.UNREADABLE, True)


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CARD)))
    card = FolderSource("-").only()
    assert isinstance(card, RawCard)
    assert (card.content, card.origin) == (CARD, "stdin")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * (LARGEST_README + 1))))
    answer = FolderSource("-").only()
    assert isinstance(answer, SkippedCard)
    assert answer.subject == "stdin"
