"""A corpus and a run on an object store: a real S3 protocol over HTTP, read and written by real workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cardscope.corpus.batch import rows_paths, run_batch
from cardscope.corpus.engines.local import LocalEngine
from cardscope.corpus.inspect import verify
from cardscope.corpus.rows import MapOptions
from cardscope.corpus.score import timeline_of
from cardscope.corpus.simulate import simulate
from cardscope.corpus.source import StoreSource
from cardscope.corpus.store import Corpus, filesystem
from cardscope.errors import InvalidCorpus
from cardscope.reporters.timeline import to_dict
from cardscope.types import Edition, Period, RawCard


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An empty bucket on a server of this machine, which the environment names for this process and its children."""
    server_module = pytest.importorskip("moto.server", reason="the S3 server is part of the extra dev")
    s3fs = pytest.importorskip("s3fs", reason="s3:// needs the extra cluster")
    server = server_module.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("cards")
        yield "s3://cards"
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def test_rows_on_an_object_store_are_those_of_a_folder(bucket: str, tmp_path: Path) -> None:
    import s3fs

    simulate(tmp_path / "c", models=300, seed=5, workers=1)
    s3fs.S3FileSystem().put(str(tmp_path / "c"), "cards/c", recursive=True)
    engine = LocalEngine(2)
    there = run_batch(Corpus(f"{bucket}/c"), f"{bucket}/run", engine, MapOptions())
    here = run_batch(Corpus(tmp_path / "c"), str(tmp_path / "run"), engine, MapOptions())
    assert (there.done, there.failed, there.problems) == (here.done, here.failed, here.problems)
    names = [path.rpartition("/")[2] for path in rows_paths(str(tmp_path / "run"))]
    assert [path.rpartition("/")[2] for path in rows_paths(f"{bucket}/run")] == names
    for name in names:
        fs, path = filesystem(f"{bucket}/run/rows/{name}")
        with fs.open_input_file(path) as stream:
            assert pq.read_table(stream).equals(pq.read_table(tmp_path / "run" / "rows" / name))
    options = {"of": Edition.FIRST, "by": Period.YEAR}
    far = timeline_of(f"{bucket}/run", there, **options)  # type: ignore[arg-type]
    near = timeline_of(str(tmp_path / "run"), here, **options)  # type: ignore[arg-type]
    assert to_dict(far) == to_dict(near)
    assert verify(Corpus(f"{bucket}/c")) == ()
    again = run_batch(Corpus(f"{bucket}/c"), f"{bucket}/run", engine, MapOptions())
    assert again.reused == again.shards


def test_a_corpus_that_is_not_there_is_told(bucket: str) -> None:
    with pytest.raises(InvalidCorpus, match=r"no readable corpus\.toml") as told:
        Corpus(f"{bucket}/nothing")
    assert "may you read it" in (told.value.hint or "")


def test_one_model_of_a_corpus_on_an_object_store(bucket: str, tmp_path: Path) -> None:
    import s3fs

    simulate(tmp_path / "c", models=100, seed=6, workers=1)
    s3fs.S3FileSystem().put(str(tmp_path / "c"), "cards/one", recursive=True)
    here = StoreSource(tmp_path / "c")
    model = next(card.model_id for card in here.iter() if isinstance(card, RawCard))
    assert model is not None
    there = StoreSource(f"{bucket}/one")
    found, wanted = there.get(model), here.get(model)
    assert isinstance(found, RawCard)
    assert isinstance(wanted, RawCard)
    assert found.content == wanted.content
    assert there.info(model) == here.info(model)
