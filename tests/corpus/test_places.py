"""Nothing is written where it is read from, by whatever path either is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cardscope.corpus.batch import run_batch
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.importing import import_corpus
from cardscope.corpus.inspect import sample
from cardscope.corpus.places import keep_apart
from cardscope.corpus.simulate import simulate
from cardscope.corpus.store import Corpus
from cardscope.errors import UsageError


def files(path: Path) -> dict[str, bytes]:
    return {str(entry.relative_to(path)): entry.read_bytes() for entry in path.rglob("*") if entry.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("places") / "c"
    simulate(path, models=100, seed=2, workers=1)
    (path.parent / "linked").symlink_to(path)
    return path


@pytest.mark.parametrize("name", ["c", "c/", "linked", "c/../c"])
@pytest.mark.parametrize(
    "write",
    [
        lambda source, destination: sample(Corpus(source), destination, 5),
        lambda source, destination: import_corpus(str(source), destination),
        lambda source, destination: run_batch(Corpus(source), str(destination), LocalEngine(1)),
    ],
    ids=["sample", "import", "score"],
)
def test_what_is_read_is_not_written_to(folder: Path, name: str, write: Callable[[Path, Path], object]) -> None:
    before = files(folder)
    with pytest.raises(UsageError, match="would be written into itself"):
        write(folder, folder.parent / name)
    assert files(folder) == before


def test_no_sample_lies_in_its_corpus(folder: Path) -> None:
    before = files(folder)
    with pytest.raises(UsageError, match="which is read"):
        sample(Corpus(folder), folder / "texts" / "small", 5)
    assert files(folder) == before
    assert sample(Corpus(folder), folder.parent / "c-small", 5).counts["cards"] == 5


def test_corpus_beside_the_tables_it_is_made_of_is_allowed(folder: Path, tmp_path: Path) -> None:
    readme = tmp_path / "own" / "model" / "README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("# Model\n")
    assert import_corpus(str(tmp_path), tmp_path / "c").counts["cards"] == 1


def test_tree_is_left_as_it_was_when_it_is_its_own_destination(tmp_path: Path) -> None:
    readme = tmp_path / "own" / "model" / "README.md"
    readme.parent.mkdir(parents=True)
    readme.write_text("# Model\n")
    with pytest.raises(UsageError, match="into itself"):
        import_corpus(str(tmp_path), tmp_path)
    assert list(files(tmp_path)) == ["own/model/README.md"]


def test_corpus_is_not_imported_but_copied_or_sampled(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a corpus already") as caught:
        import_corpus(str(folder), tmp_path / "d")
    assert "corpus sample" in caught.value.hint
    assert not (tmp_path / "d").exists()


def test_addresses_are_compared_as_they_are_written() -> None:
    keep_apart("s3://a/b", "b")
    with pytest.raises(UsageError):
        keep_apart("s3://a/b", "s3://a/b/")
