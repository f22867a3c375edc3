"""Models of arms on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learned import elbow_up_solver

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, load_robot
from itnnr_ik.solver import model as models

TRAINED = ("three_link", "two_link", "yaw_pitch_pitch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the model of the two-link arm."""
    arm, task, twin, metadata, _ = models.load_model("two_link")
    models.save_model(tmp_path / "copy", arm, task, twin, {"metrics": metadata["metrics"]})
    return tmp_path / "copy"


def _change(folder: Path, part: str, **changes: Any) -> None:
    path = folder / "model.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata[part].update(changes)
    path.write_text(json.dumps(metadata), encoding="utf-8")


@pytest.mark.parametrize("name", TRAINED)
def test_every_trained_model_is_small_and_says_how_good_it_is(root: Path, name: str) -> None:
    """Less than 2 MB in all, no pickle, trained for the packaged arm, with configuration and metrics."""
    folder = root / "itnnr_ik" / "models" / name
    assert {path.name for path in folder.iterdir()} == {"arm.urdf", "model.json", "weights.safetensors"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_000_000
    arm, task, twin, metadata, _ = models.load_model(name)
    assert arm == load_robot(name)
    assert task.kind == "position"
    assert twin is not None
    metrics = metadata["metrics"]
    assert len(twin.anchors) == metrics["anchors"]
    assert 0.0 < metrics["best_of_5_median_m"] < 0.1 * metrics["nearest_anchor_median_m"]
    assert metrics["best_of_5_rmse_m"] < 0.01
    assert metrics["training_seconds"] > 0.0
    assert {"seed", "radius", "loss", "schedule"} <= set(metadata["training"])


def test_the_trained_models_are_the_three_arms() -> None:
    """By name, in alphabetical order."""
    assert models.trained_models() == list(TRAINED)


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_arm_is_loaded_by_its_name(name: str) -> None:
    """With a network or without: a target it can reach is reached."""
    solver = IKSolver.load(name)
    assert solver.arm == load_robot(name)
    target = solver.target_at(solver.arm.sample(1, np.random.default_rng(0))[0])
    assert solver.solve(target).converged


@pytest.mark.parametrize("name", ["arm.urdf", "weights.safetensors", "model.json"])
def test_a_model_that_is_half_written_over_another_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whichever file the interruption meets, no old one is taken for a part of the new model."""
    write = Path.write_bytes

    def interrupted(path: Path, content: bytes) -> int:
        if path.name == name:
            raise KeyboardInterrupt
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        IKSolver.load("three_link").save(folder)
    with pytest.raises(ValueError, match=r"is not a model folder: model.json is missing"):
        IKSolver.load(folder)


def test_a_model_folder_is_loaded_as_it_was_saved(folder: Path) -> None:
    """The copy gives the bits of the original, by string and by path, and has the arm's URDF beside it."""
    original = IKSolver.load("two_link").solve([1.2, 0.4], [0.1, 0.2])
    for path in (folder, str(folder)):
        solver = IKSolver.load(path)
        assert solver.metadata["metrics"]["anchors"] == 2**8
        copied = solver.solve([1.2, 0.4], [0.1, 0.2])
        assert copied.positions.tobytes() == original.positions.tobytes()
    assert (folder / "arm.urdf").read_text(encoding="utf-8") == load_robot("two_link").urdf


def test_a_model_serves_another_task_of_its_arm_without_its_network(tmp_path: Path) -> None:
    """With its tool, by the arm's kinematics; what was learned for a task cannot be asked for another."""
    IKSolver.from_urdf(load_robot("panda").urdf, tool=[0.0, 0.0, 0.1]).save(tmp_path)
    pointing = IKSolver.load(tmp_path, 1e-5, task="pointing")
    assert (pointing.task.kind, pointing.tolerance, pointing.twin) == ("pointing", 1e-5, None)
    posture = pointing.arm.sample(1, np.random.default_rng(0))[0]
    assert pointing.forward(posture) == pytest.approx(IKSolver.load(tmp_path).forward(posture))
    assert pointing.solve(pointing.target_at(posture)).converged
    assert IKSolver.load("two_link", task="position").twin is not None
    elbow_up_solver().save(tmp_path / "learned")
    with pytest.raises(ValueError, match=r"learned for position tasks, got the task 'pose'"):
        IKSolver.load(tmp_path / "learned", task="pose")


def test_an_arm_without_a_network_is_saved_and_loaded(tmp_path: Path) -> None:
    """Tool, limits and locked joints included: the same bits."""
    solver = IKSolver.from_urdf(
        load_robot("panda").urdf,
        task="pose",
        tool=[0.0, 0.0, 0.1, 0.0, 0.0, 0.3826834323650898, 0.9238795325112867],
        limits={"panda_joint1": (-1.0, 1.0)},
    )
    solver.save(tmp_path / "panda")
    again = IKSolver.load(tmp_path / "panda")
    assert (again.arm.lower[0], again.arm.upper[0]) == (-1.0, 1.0)
    rng = np.random.default_rng(1)
    for posture, state in zip(solver.arm.sample(20, rng), solver.arm.sample(20, rng), strict=True):
        target = solver.target_at(posture)
        first, second = solver.solve(target, state), again.solve(target, state)
        assert first.positions.tobytes() == second.positions.tobytes()


def test_the_numbers_of_a_solver_are_saved_and_loaded(tmp_path: Path) -> None:
    """Tolerances, the posture preferred, what a metre counts: also through a second saving; else as given."""
    posture = [0.1, -0.4, 0.2, -2.0, 0.3, 1.9, 0.5]
    numbers = {"tolerance": 1e-4, "orientation_tolerance": 2e-3, "metre_in_rad": 3.0, "posture": posture}
    solver = IKSolver.from_urdf(load_robot("panda").urdf, **numbers)
    solver.save(tmp_path / "one")
    IKSolver.load(tmp_path / "one").save(tmp_path / "two")
    target = solver.target_at(posture)
    for again in (IKSolver.load(tmp_path / "one"), IKSolver.load(tmp_path / "two")):
        assert (again.tolerance, again.orientation_tolerance) == (1e-4, 2e-3)
        assert again.solve(target).positions.tobytes() == solver.solve(target).positions.tobytes()
    written = json.loads((tmp_path / "two" / "model.json").read_text(encoding="utf-8"))
    assert written["solver"] == numbers
    assert IKSolver.load(tmp_path / "one", 1e-5).tolerance == 1e-5


def test_a_model_that_says_nothing_of_the_solver_is_loaded(folder: Path) -> None:
    """As earlier versions wrote them."""
    path = folder / "model.json"
    metadata = json.loads(path.read_text(encoding="utf-8"))
    del metadata["solver"]
    path.write_text(json.dumps(metadata), encoding="utf-8")
    assert IKSolver.load(folder).tolerance == 1e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tolerance": -1.0}, "tolerance must be positive"),
        ({"tolerance": "1"}, "must be a finite number"),
        ({"posture": [0.0]}, r"a posture of shape \(2,\)"),
        ({"speed": 1.0}, "must have no 'speed'"),
    ],
)
def test_numbers_of_a_solver_that_are_none_are_refused(
    folder: Path, change: dict[str, Any], message: str
) -> None:
    """With the folder's name."""
    _change(folder, "solver", **change)
    with pytest.raises(ValueError, match=f"{folder}.*{message}"):
        IKSolver.load(folder)


@pytest.mark.parametrize("model", [None, 5, True, b"two_link", ["two_link"]])
def test_what_is_no_name_is_refused(model: Any) -> None:
    """With its type."""
    with pytest.raises(
        ValueError, match=f"name of a packaged arm or a model folder, got {type(model).__name__}$"
    ):
        IKSolver.load(model)


@pytest.mark.parametrize("name", ["four_link", "x" * 5000, "a\0b", "no/such/folder", ""])
def test_an_unknown_model_is_answered_with_the_packaged_ones(tmp_path: Path, name: str) -> None:
    """The message has the name that was asked for and the names that there are."""
    asked = name or str(tmp_path / "missing")
    with pytest.raises(ValueError, match=f"{', '.join(PACKAGED)} or a model folder") as error:
        IKSolver.load(asked)
    assert asked[:30] in str(error.value).replace(r"\x00", "\0")
    assert len(str(error.value)) < 400


def test_anchors_of_another_arm_are_refused(folder: Path) -> None:
    """A model beside a URDF with other link lengths than it was trained for."""
    path = folder / "arm.urdf"
    text = path.read_text(encoding="utf-8")
    assert 'xyz="1 0 0"' in text
    path.write_text(text.replace('xyz="1 0 0"', 'xyz="1.1 0 0"'), encoding="utf-8")
    with pytest.raises(ValueError, match=r"made for another arm: .*0\.\d+ m from where two_link"):
        IKSolver.load(folder)


def test_a_network_of_another_arm_is_refused(folder: Path) -> None:
    """The weights of the three-link arm beside the description of the two-link arm."""
    three_link = Path(models.__file__).parents[1] / "models" / "three_link"
    shutil.copy(three_link / "weights.safetensors", folder)
    with pytest.raises(ValueError, match=str(folder)):
        IKSolver.load(folder)


def test_a_description_of_another_arm_is_refused(folder: Path) -> None:
    """The three-link arm's URDF in the model of the two-link arm."""
    (folder / "arm.urdf").write_text(load_robot("three_link").urdf, encoding="utf-8")
    with pytest.raises(
        ValueError, match=f"{folder} was made for another arm: two_link has 3 open joints and 2"
    ):
        IKSolver.load(folder)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("task", {"kind": "hold"}),
        ("task", {"tool": [1.0]}),
        ("arm", {"base": "nowhere"}),
        ("arm", {"colour": "red"}),
    ],
)
def test_an_impossible_description_is_refused(folder: Path, part: str, change: dict[str, Any]) -> None:
    """The message names the folder."""
    _change(folder, part, **change)
    with pytest.raises(ValueError, match=f"{folder} does not say which arm it is for"):
        IKSolver.load(folder)
