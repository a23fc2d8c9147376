"""The wheel alone, in an empty environment outside the checkout: help, and the main job on the demo hub."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

PRESENT = (
    "import importlib.util as u; print([n for n in ('torch', 'datasets', 'dask', 'distributed') if u.find_spec(n)])"
)
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return next(folder.glob("*.whl"))


def test_everything_that_is_data_ships(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tables = {
        f"cardscope/{path.relative_to(ROOT / 'cardscope')}"
        for path in (ROOT / "cardscope/tables").rglob("*.*")
        if "__pycache__" not in path.parts
    }
    assert len(tables) > 8
    assert tables <= names
    assert "cardscope/_shipped/corpora/demo/cards.parquet" in names
    assert any(
        name.startswith("cardscope/_shipped/models/card-encoder/") and name.endswith(".safetensors") for name in names
    )
    assert "cardscope/py.typed" in names


@pytest.mark.slow
def test_installs_alone_and_does_the_main_job(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=True, symlinks=True)
    python = home / "bin" / "python"
    install = subprocess.run(
        [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel], capture_output=True, text=True
    )
    assert install.returncode == 0, install.stderr[-2000:]
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
    flagship = tomllib.loads((ROOT / "corpora/demo/demo.toml").read_text(encoding="utf-8"))["flagship"]
    for words, expected in (
        (["--help"], "analyze"),
        (["analyze", flagship, "--source", "demo"], "Where it comes from"),
    ):
        done = subprocess.run(
            [home / "bin" / "cardscope", *words], capture_output=True, text=True, cwd=tmp_path, env=clean
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert expected in done.stdout
    heavy = subprocess.run(
        [python, "-c", PRESENT],
        capture_output=True, text=True, cwd=tmp_path, env=clean,
    )  # fmt: skip
    assert heavy.stdout.strip() == "[]"
