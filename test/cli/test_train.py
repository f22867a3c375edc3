"""Training a model for an arm from its URDF, and the models that come with the package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from itnnr_ik import IKSolver
from itnnr_ik.cli import main
from itnnr_ik.robot import KinematicChain, load_robot
from itnnr_ik.solver.model import trained_models


def _solves_all(solver: IKSolver, count: int = 200) -> bool:
    """Whether random reachable targets are met from random states, within the limits."""
    rng = np.random.default_rng(0)
    targets = solver.target_at(solver.arm.sample(count, rng))
    found = solver.solve_batch(targets, solver.arm.sample(count, rng))
    within = (found.positions >= solver.arm.lower) & (found.positions <= solver.arm.upper)
    return bool(found.converged.all() and within.all())


@pytest.fixture
def urdf(root: Path) -> Path:
    """A robot that is not packaged: six joints, spherical wrist."""
    return root / "test" / "urdf" / "puma560.urdf"


def test_the_command_trains_a_solver_for_a_urdf(
    urdf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links, task, tool and limits given on the command line are those of the model, and it solves."""
    pytest.importorskip("torch", reason="training needs torch")
    folder, whole = tmp_path / "puma", KinematicChain.from_urdf(urdf)
    joint = whole.joint_names[1]
    command = (
        f"train --urdf {urdf} --base {whole.base_link} --tip {whole.tip_link} --task pointing --steps 60"
    )
    tool = f"--tool-position 0 0 0.1 --tool-orientation 0 0 0 1 --limits {joint}=-2,1.5"
    assert main([*command.split(), *tool.split(), "--output", str(folder)]) == 0
    assert str(folder) in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {"model.json", "weights.safetensors", "arm.urdf"}
    solver = IKSolver.load(folder)
    assert solver.arm == KinematicChain.from_urdf(urdf, limits={joint: (-2.0, 1.5)})
    assert (solver.task.kind, solver.task.tool[:3, 3].tolist()) == ("pointing", [0.0, 0.0, 0.1])
    assert json.loads((folder / "model.json").read_text())["training"]["schedule"]["steps"] == 60
    assert _solves_all(solver)


def test_the_command_trains_a_packaged_arm_with_other_limits_and_names(tmp_path: Path) -> None:
    """Limits go by the joint names of the URDF, and new names are given from base to tip."""
    pytest.importorskip("torch", reason="training needs torch")
    folder = tmp_path / "planar"
    limits = "--limits joint_1=-1.9,0.1 --limits joint_2=-1.8,0.2"
    command = f"train --arm two_link {limits} --joints a,b --steps 150"
    assert main([*command.split(), "--output", str(folder)]) == 0
    solver = IKSolver.load(folder)
    assert solver.arm.joint_names == ("a", "b")
    assert (solver.arm.lower.tolist(), solver.arm.upper.tolist()) == ([-1.9, -1.8], [0.1, 0.2])
    assert _solves_all(solver)


def test_the_same_seed_trains_the_same_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs write the same weights, another seed others; no progress bar goes to a file."""
    pytest.importorskip("torch", reason="training needs torch")
    weights = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = ["--steps", "20", "--seed", str(seed), "--output", str(tmp_path / name)]
        assert main(["train", "--arm", "two_link", *options]) == 0
        weights.append((tmp_path / name / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--arm two_link --steps 0", "--steps must be at least 1, got 0"),
        ("--arm two_link --joints a,b,c", "two_link needs 2 joint names, got ('a', 'b', 'c')"),
        ("--arm two_link --tip tool0", "no link 'tool0' in two_link; links: base_link, "),
        ("--arm two_link --limits elbow=0,1", "limits names 'elbow'"),
        (
            "--arm two_link --limits joint_1=0,1 --limits joint_1=0,2",
            "--limits names joint_1 2 times, expected each joint once",
        ),
        ("--arm two_link --limits joint_1=1,0", "must have lower < upper, got [1, 0]"),
        ("--arm panda --tool-orientation 0 0 0 0", "tool must be"),
        ("--urdf nowhere.urdf", "cannot read URDF file 'nowhere.urdf'"),
        ("--urdf robot.urdf.xacro", "is xacro, not URDF: run `ros2 run xacro xacro"),
    ],
)
def test_what_cannot_be_trained_is_one_clear_line(
    options: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 1, nothing is trained, and no folder is left behind."""
    folder = tmp_path / "model"
    assert main(["train", *options.split(), "--output", str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("itnnr-ik train: ")
    assert message in error
    assert error.count("\n") == 1
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", ".."])
def test_a_robots_name_does_not_choose_a_folder_elsewhere(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default folder is one within ``models``, whatever the URDF is called."""
    monkeypatch.chdir(tmp_path)
    urdf = load_robot("two_link").urdf.replace('name="two_link"', f'name="{name}"')
    Path("arm.urdf").write_text(urdf, encoding="utf-8")
    assert main(["train", "--urdf", "arm.urdf", "--steps", "2"]) == 1
    assert f"the robot's name '{name}' is no name of a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["arm.urdf"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "one of the arguments --urdf --arm is required"),
        ("--arm two_link --urdf robot.urdf", "not allowed with argument --arm"),
        ("--arm robot", "invalid choice: 'robot'"),
        ("--arm panda --limits elbow", "expected JOINT=LOWER,UPPER, got 'elbow'"),
        ("--arm panda --limits elbow=1", "expected JOINT=LOWER,UPPER, got 'elbow=1'"),
    ],
)
def test_options_that_do_not_fit_are_explained(
    options: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status is 2, and the usage is printed."""
    with pytest.raises(SystemExit) as ended:
        main(["train", *options.split()])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", trained_models())
def test_a_packaged_model_is_small_and_says_how_good_it_is(name: str, root: Path) -> None:
    """A packaged model is below 2 MB, is for the arm of its name, and has the metrics of one pass of F."""
    folder = root / "itnnr_ik" / "models" / name
    assert all(path.stat().st_size < 2_000_000 for path in folder.iterdir())
    assert IKSolver.load(name).arm == load_robot(name)
    metadata: dict[str, Any] = json.loads((folder / "model.json").read_text())
    assert metadata["version"] == 3
    metrics = metadata["metrics"]
    assert metrics["best_of_5_median_m"] < 0.1 * metrics["nearest_anchor_median_m"]


def test_the_papers_arms_have_packaged_models(root: Path) -> None:
    """The paper's arms, which `make train` trains again, have packaged models."""
    assert trained_models() == ["three_link", "two_link", "yaw_pitch_pitch"]
    trained = next(line for line in (root / "Makefile").read_text().splitlines() if line.startswith("ARMS"))
    assert sorted(trained.split(":=")[1].split()) == trained_models()
