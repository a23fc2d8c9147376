"""The layers behind the encoder's table do what multiplying them out would do, one number at a time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from cardscope.embedders.bend import FOLDERS, Bend
from cardscope.embedders.static import StaticEmbedder
from cardscope.errors import UsageError
from cardscope.shipped import shipped


def multiplied(means: np.ndarray, into: np.ndarray, out_of: np.ndarray) -> np.ndarray:
    return np.tanh(means.astype(np.float64) @ into.T) @ out_of.T


def layers() -> tuple[np.ndarray, np.ndarray]:
    folder = shipped("models/card-encoder")
    into, out_of = (load_file(folder / name / "model.safetensors")["linear.weight"] for name in FOLDERS)
    return into.astype(np.float64), out_of.astype(np.float64)


def test_the_shipped_layers_are_their_matrices_multiplied_out() -> None:
    into, out_of = layers()
    means = np.random.default_rng(1).standard_normal((50, into.shape[1])).astype(np.float32)
    means[7] = 0.0
    bent = Bend(into, out_of)(means)
    np.testing.assert_allclose(bent, multiplied(means, into, out_of), atol=2e-5)
    assert bent.dtype == np.float32
    assert not bent[7].any()


@pytest.mark.parametrize("seed", range(20))
def test_any_layers_of_the_form_are_their_matrices_multiplied_out(seed: int) -> None:
    draw = np.random.default_rng(seed)
    numbers, more = int(draw.integers(1, 9)), int(draw.integers(0, 9))
    hidden = numbers + min(more, numbers)
    into = np.zeros((hidden, numbers))
    into[np.arange(hidden), draw.integers(0, numbers, hidden)] = draw.choice((-2.0, 0.5, 3.0), hidden)
    out_of = np.zeros((numbers, hidden))
    for number in range(numbers):
        out_of[number, draw.choice(hidden, 1 + (hidden > 1 and number % 2), replace=False)] = draw.normal()
    means = draw.standard_normal((5, numbers)).astype(np.float32)
    np.testing.assert_allclose(Bend(into, out_of)(means), multiplied(means, into, out_of), atol=1e-5)


def test_a_row_is_bent_alone_as_in_a_crowd() -> None:
    bend = Bend(*layers())
    means = np.random.default_rng(2).standard_normal((131, 256)).astype(np.float32)
    crowd = bend(means)
    for count in (1, 2, 7, 64):
        assert bend(means[:count]).tobytes() == crowd[:count].tobytes()


def test_a_topic_near_the_mean_card_counts_for_less_than_its_share() -> None:
    into, out_of = layers()
    slight, strong = np.zeros((2, 1, into.shape[1]), dtype=np.float32)
    unit = 1 / into[into.shape[1], 0]  # where the bend begins
    slight[0, 0], strong[0, 0] = unit / 2, 10 * unit
    bend = Bend(into, out_of)
    assert bend(strong)[0, 0] > 100 * bend(slight)[0, 0] > 0


@pytest.mark.parametrize(
    ("into", "out_of"),
    [
        ([[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]),
        ([[0.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]),
        ([[1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]]),
        ([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], [[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]),
        ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0]]),
    ],
    ids=["two into one", "none into one", "one out of none", "one out of three", "fewer numbers out"],
)
def test_other_layers_are_refused(into: list[list[float]], out_of: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="more than bend single numbers"):
        Bend(np.array(into), np.array(out_of))


def test_a_folder_with_other_layers_is_no_encoder(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(shipped("models/card-encoder"), folder)
    assert StaticEmbedder(folder).name == StaticEmbedder().name
    settings = json.loads((folder / FOLDERS[0] / "config.json").read_bytes())
    (folder / FOLDERS[0] / "config.json").write_text(json.dumps(settings | {"bias": True}))
    with pytest.raises(UsageError, match="static encoder"):
        StaticEmbedder(folder)
    (folder / FOLDERS[0] / "config.json").write_text(json.dumps(settings))
    save_file({"linear.weight": np.ones((280, 256), dtype=np.float16)}, folder / FOLDERS[0] / "model.safetensors")
    with pytest.raises(UsageError, match="static encoder"):
        StaticEmbedder(folder)
    shutil.rmtree(folder / FOLDERS[1])
    with pytest.raises(UsageError, match="static encoder"):
        StaticEmbedder(folder)


def test_the_name_changes_with_the_layers(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(shipped("models/card-encoder"), folder)
    out_of = load_file(folder / FOLDERS[1] / "model.safetensors")["linear.weight"]
    save_file({"linear.weight": out_of * np.float16(2)}, folder / FOLDERS[1] / "model.safetensors")
    assert StaticEmbedder(folder).name != StaticEmbedder().name
