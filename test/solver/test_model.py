"""Models of arms on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.arms import ARMS, to_urdf
from itnnr_ik.solver import model as models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the model of the two-link arm."""
    arm, inverse, metadata, _ = models.load_model("two_link")
    models.save_model(tmp_path / "copy", arm, inverse, {"metrics": metadata["metrics"]})
    return tmp_path / "copy"


def _change_arm(folder: Path, **changes: Any) -> None:
    path = folder / "model.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["arm"].update(changes)
    path.write_text(json.dumps(metadata), encoding="utf-8")


@pytest.mark.parametrize("name", ARMS)
def test_every_packaged_model_is_small_and_says_how_good_it_is(root: Path, name: str) -> None:
    """Less than 2 MB in all, no pickle, trained for the default arm, with configuration and metrics."""
    folder = root / "itnnr_ik" / "models" / name
    assert {path.name for path in folder.iterdir()} == {"arm.urdf", "model.json", "weights.safetensors"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000
    arm, inverse, metadata, _ = models.load_model(name)
    assert arm == ARMS[name]
    assert len(inverse.anchors) == metadata["metrics"]["anchors"]
    metrics = metadata["metrics"]
    assert 0.0 < metrics["best_of_5_median_m"] < 0.1 * metrics["nearest_anchor_median_m"]
    assert metrics["best_of_5_rmse_m"] < 0.01
    assert metrics["training_seconds"] > 0.0
    assert {"seed", "radius", "loss", "schedule"} <= set(metadata["training"])


def test_the_packaged_models_are_the_three_arms() -> None:
    """By name, in alphabetical order."""
    assert models.packaged_models() == sorted(ARMS)


def test_a_model_folder_is_loaded_as_it_was_saved(folder: Path) -> None:
    """The copy gives the bits of the original, by string and by path, and has the arm's URDF beside it."""
    original = IKSolver.load("two_link").solve([1.2, 0.4], [0.1, 0.2])
    for path in (folder, str(folder)):
        solver = IKSolver.load(path)
        assert solver.metadata["metrics"]["anchors"] == 2**14
        copied = solver.solve([1.2, 0.4], [0.1, 0.2])
        assert copied.positions.tobytes() == original.positions.tobytes()
    assert (folder / "arm.urdf").read_text(encoding="utf-8") == to_urdf(ARMS["two_link"])


@pytest.mark.parametrize("name", ["four_link", "no/such/folder", ""])
def test_an_unknown_model_is_answered_with_the_packaged_ones(tmp_path: Path, name: str) -> None:
    """The message has the name that was asked for and the names that there are."""
    asked = name or str(tmp_path / "missing")
    with pytest.raises(ValueError, match="three_link, two_link, yaw_pitch_pitch or a model folder") as error:
        IKSolver.load(asked)
    assert asked in str(error.value)


def test_anchors_of_another_arm_are_refused(folder: Path) -> None:
    """A model whose file claims other link lengths than it was trained for."""
    _change_arm(folder, link_lengths=[1.0, 1.1])
    with pytest.raises(
        ValueError, match=r"made for another arm: .*0\.1 m from where two_link with links \(1.0, 1.1\)"
    ):
        IKSolver.load(folder)


def test_a_network_of_another_arm_is_refused(folder: Path) -> None:
    """The weights of the three-link arm beside the description of the two-link arm."""
    three_link = Path(models.__file__).parents[1] / "models" / "three_link"
    shutil.copy(three_link / "weights.safetensors", folder)
    with pytest.raises(ValueError, match=str(folder)):
        IKSolver.load(folder)


def test_a_description_of_another_arm_is_refused(folder: Path) -> None:
    """The three-link arm's description in the model of the two-link arm."""
    _change_arm(folder, **ARMS["three_link"].to_dict())
    with pytest.raises(ValueError, match=f"{folder} was made for another arm: three_link has 3 joints"):
        IKSolver.load(folder)


@pytest.mark.parametrize(
    "change", [{"family": "scara"}, {"lower": [1.0]}, {"colour": "red"}, {"upper": None}]
)
def test_an_impossible_description_is_refused(folder: Path, change: dict[str, Any]) -> None:
    """The message names the folder."""
    _change_arm(folder, **change)
    with pytest.raises(ValueError, match=f"{folder} does not say which arm it is for"):
        IKSolver.load(folder)


def test_the_limits_of_the_file_are_kept(folder: Path) -> None:
    """Narrower limits in the description hold for every answer."""
    _change_arm(folder, lower=[-0.5, 0.2], upper=[0.5, 1.2])
    solver = IKSolver.load(folder)
    targets = solver.arm.forward(solver.arm.sample(200, np.random.default_rng(0)))
    for target in targets:
        solution = solver.solve(target)
        assert solution.converged
        assert (solution.positions >= solver.arm.lower).all()
        assert (solution.positions <= solver.arm.upper).all()
