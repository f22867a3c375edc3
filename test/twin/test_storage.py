"""A twin on disk: what was written comes back, what is damaged or foreign is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from networks import random_evaluator

from itnnr_ik.twin.anchors import Anchors
from itnnr_ik.twin.inference import TwinInverse
from itnnr_ik.twin.spec import NetworkSpec
from itnnr_ik.twin.storage import load_twin, save_twin

SPEC = NetworkSpec(2, 2, (8, 8), "silu", zero_anchored=True, periodic=True, y_scale=0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved twin with random weights."""
    x = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32).astype(float)
    save_twin(tmp_path / "model", TwinInverse(random_evaluator(SPEC), Anchors(x, 2.0 * x)), {"who": "me"})
    return tmp_path / "model"


def test_what_was_saved_comes_back(folder: Path) -> None:
    """Spec, metadata, anchors and predictions, bit by bit."""
    inverse, metadata = load_twin(folder)
    again, _ = load_twin(folder)
    assert inverse.evaluator.spec == SPEC
    assert metadata["who"] == "me"
    y = np.random.default_rng(1).normal(size=(10, 2))
    assert (inverse.predictions(y) == again.predictions(y)).all()
    original = random_evaluator(SPEC).adjust(y, inverse.anchors.y[:10], inverse.anchors.x[:10])
    assert (inverse.evaluator.adjust(y, inverse.anchors.y[:10], inverse.anchors.x[:10]) == original).all()


def test_no_pickle_is_written(folder: Path) -> None:
    """Two files: tensors as safetensors, the rest as readable JSON."""
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "weights.safetensors"]
    assert json.loads((folder / "model.json").read_text())["network"]["hidden"] == [8, 8]


def truncate(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def replace_by_text(folder: Path) -> None:
    (folder / "weights.safetensors").write_text("not tensors")


def drop_weights(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()


def drop_metadata(folder: Path) -> None:
    (folder / "model.json").unlink()


def break_json(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text()[:-10])


def change(folder: Path, **values: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def foreign_json(folder: Path) -> None:
    change(folder, format="somebody else's")


def other_version(folder: Path) -> None:
    change(folder, version=99)


def other_network(folder: Path) -> None:
    change(folder, network=NetworkSpec(2, 2, (9, 8), "silu", True, True).to_dict())


def no_network(folder: Path) -> None:
    change(folder, network=None)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (truncate, "weights.safetensors is damaged"),
        (replace_by_text, "weights.safetensors is damaged"),
        (drop_weights, "weights.safetensors is missing"),
        (drop_metadata, "model.json is missing"),
        (break_json, "model.json is damaged"),
        (foreign_json, "does not describe a model of this package"),
        (other_version, "format version 99, this package reads version 1"),
        (other_network, "does not hold a usable model: network weights do not fit"),
        (no_network, "does not hold a usable model"),
    ],
)
def test_a_damaged_or_foreign_model_is_named(folder: Path, damage, text: str) -> None:  # type: ignore[no-untyped-def]
    """One clear line with the folder in it."""
    damage(folder)
    with pytest.raises(ValueError, match=text) as refused:
        load_twin(folder)
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value).split("network weights")[0]
