"""What the launch files have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.ros.running.launching import (
    controllers_file,
    describes_robot,
    existing_file,
    solver_of,
    urdf_text,
)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A folder is none; the message says which argument and what came."""
    file = tmp_path / "mine.yaml"
    file.touch()
    assert existing_file(str(file)) == str(file)
    for path in (tmp_path, tmp_path / "mine.yml"):
        with pytest.raises(
            ValueError, match=r"a file of parameters as params_file, got '.*': there is no such"
        ):
            existing_file(str(path))


def test_arguments_choose_the_robot(root: Path, tmp_path: Path) -> None:
    """A packaged arm, a model's folder, or a URDF with its links and a task; the description is theirs."""
    none = dict.fromkeys(("arm", "urdf", "base", "tip", "task", "model"), "")
    given = {**none, "arm": "panda"}
    solver, text = solver_of(given.__getitem__), urdf_text(given.__getitem__)
    assert (solver.arm, solver.task.kind, text) == (load_robot("panda"), "pose", load_robot("panda").urdf)

    solver.save(tmp_path / "model")
    given = {**none, "arm": "two_link", "model": str(tmp_path / "model")}
    assert solver_of(given.__getitem__).arm == load_robot("panda")
    assert urdf_text(given.__getitem__) == text

    urdf = root / "test" / "urdf" / "puma560.urdf"
    given = {**none, "arm": "two_link", "urdf": str(urdf), "task": "pointing"}
    solver = solver_of(given.__getitem__)
    assert solver.task.kind == "pointing"
    assert solver.arm == IKSolver.from_urdf(urdf).arm
    assert urdf_text(given.__getitem__) == urdf.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_controllers_that_are_made_are_like_the_packaged_ones(root: Path, name: str) -> None:
    """A robot of one's own gets what the three arms have as files."""
    made = Path(controllers_file(load_robot(name).joint_names)).read_text(encoding="utf-8")
    packaged = (root / "config" / f"{name}_controllers.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(made) == yaml.safe_load(packaged)


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("/**: {ros__parameters: {robot_description_topic: robot_description}}", True),
        ("/arm: {ik_node: {ros__parameters: {robot_description: <robot/>}}, manager: {rate: 500}}", True),
        ("/arm: {manager: {ros__parameters: {rate: 500}}}\n/**: {ros__parameters: {task: pose}}", False),
        ("robot_description: <robot/>", False),
        ("- 3", False),
    ],
)
def test_a_description_is_found_in_whichever_section(tmp_path: Path, text: str, has: bool) -> None:
    """Nodes of a namespace may have theirs below it, and other nodes' sections may be beside them."""
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    assert describes_robot(str(file)) == has
