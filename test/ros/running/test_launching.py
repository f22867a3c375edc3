"""What the launch files have in common."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
import rclpy
import yaml

from itnnr_ik import IKSolver
from itnnr_ik.robot import load_robot
from itnnr_ik.ros.running.launching import (
    controllers,
    describes_robot,
    existing_file,
    first_sections,
    frame_of,
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


NONE = {**dict.fromkeys(("urdf", "base", "tip", "task", "model", "params_file"), ""), "arm": "two_link"}


def test_arguments_choose_the_robot(root: Path, tmp_path: Path) -> None:
    """A packaged arm, a model's folder, or a URDF with its links and a task; the description is theirs."""
    given = {**NONE, "arm": "panda"}
    solver, text = solver_of(given.__getitem__), urdf_text(given.__getitem__)
    assert (solver.arm, solver.task.kind, text) == (load_robot("panda"), "pose", load_robot("panda").urdf)

    solver.save(tmp_path / "model")
    given = {**NONE, "model": str(tmp_path / "model")}
    assert solver_of(given.__getitem__).arm == load_robot("panda")
    assert urdf_text(given.__getitem__) == text

    urdf = root / "test" / "urdf" / "puma560.urdf"
    given = {**NONE, "urdf": str(urdf), "task": "pointing"}
    solver = solver_of(given.__getitem__)
    assert solver.task.kind == "pointing"
    assert solver.arm == IKSolver.from_urdf(urdf).arm
    assert urdf_text(given.__getitem__) == urdf.read_text(encoding="utf-8")


def test_what_no_argument_says_the_parameter_file_does(root: Path, tmp_path: Path) -> None:
    """Of ik_node, whose own section wins; other nodes' sections do not count, and arguments win."""
    file = tmp_path / "mine.yaml"
    given = {**NONE, "params_file": str(file)}

    def chosen(content: object, **more: str) -> tuple[str, str, str, str]:
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        argument = {**given, **more}.__getitem__
        solver = solver_of(argument)
        assert f'name="{solver.arm.name}"' in urdf_text(argument)
        return solver.arm.name, solver.arm.tip_link, solver.task.kind, frame_of(argument)

    def section(name: str, **parameters: str) -> dict[str, object]:
        return {name: {"ros__parameters": parameters}}

    both = {**section("itnnr_ik", model="panda"), **section("/**", model="scara", max_velocity="1.0")}
    panda = chosen(both)
    assert panda == ("panda", load_robot("panda").tip_link, "pose", "panda_link0")
    assert chosen({"/arm": {**both, **section("rosbag", model="ur5e")}}) == panda
    assert chosen(both, model="two_link")[0] == "two_link"
    assert chosen(section("/other", model="panda"))[0] == "two_link"
    text = (root / "test" / "urdf" / "puma560.urdf").read_text(encoding="utf-8")
    name, _, kind, _ = chosen(section("/**", robot_description=text, task="pointing"))
    assert (name, kind) == (IKSolver.from_urdf(text).arm.name, "pointing")
    # Names that are no links of a model's robot are the robot's own for its ends, as the node has it.
    named = section("/**", robot_base_link="world", end_effector_link="flange_of_mine")
    assert chosen(named, arm="panda") == (*panda[:3], "world")
    assert chosen(named, arm="panda", tip="panda_link5")[1] == "panda_link5"


def parameters(folder: Path, *contents: dict[str, object]) -> dict[str, object]:
    """Those that ``/itnnr_ik`` is given by files with these contents."""
    arguments = ["--ros-args"]
    for number, content in enumerate(contents):
        file = folder / f"{number}.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        arguments += ["--params-file", str(file)]
    context = rclpy.Context()
    context.init(arguments)
    node = rclpy.create_node("itnnr_ik", context=context)
    given = {name: parameter.value for name, parameter in node._parameter_overrides.items()}
    node.destroy_node()
    context.shutdown()
    return given


OTHER = {"/itnnr_ik": {"ros__parameters": {"max_jerk": 9.0}}}
ROBOTS = {"ros__parameters": {"command_out_topic": "robot/commands", "model": "scara"}}


@pytest.mark.parametrize(
    "mine",
    [
        {"/**": ROBOTS},
        {**OTHER, "/**": ROBOTS},
        {**OTHER, "/*": ROBOTS},
        {**OTHER, "/**/itnnr_ik": ROBOTS},
        {**OTHER, "/**": {"itnnr_ik": ROBOTS}},
        {"itnnr_ik": ROBOTS},
    ],
)
def test_what_a_launch_file_gives_a_node_wins(tmp_path: Path, mine: dict[str, object]) -> None:
    """Over the user's file, whichever sections that has in whichever order; and that over an arm's name."""
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(mine, sort_keys=False), encoding="utf-8")
    launched = {"/itnnr_ik": {"ros__parameters": {"command_out_topic": "simulated/commands"}}}
    first = first_sections(str(file), {"model": "panda"})
    given = parameters(tmp_path, first, mine, launched)
    assert given["command_out_topic"] == "simulated/commands"
    assert given["model"] == "scara"
    assert parameters(tmp_path, first_sections(None, {"model": "panda"}), launched)["model"] == "panda"


@pytest.mark.parametrize("names", [*permutations(["/**", "/*", "/**/itnnr_ik"])], ids=" ".join)
def test_the_robot_is_the_one_that_the_node_is_given(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Where several sections of the user's file name one, as ROS has it."""
    arms = ("panda", "scara", "three_link")
    mine = {name: {"ros__parameters": {"model": arm}} for name, arm in zip(names, arms, strict=True)}
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(mine, sort_keys=False), encoding="utf-8")
    given = parameters(tmp_path, first_sections(str(file), {}), mine)
    assert solver_of({**NONE, "params_file": str(file)}.__getitem__).arm.name == given["model"]


@pytest.mark.parametrize("name", ["two_link", "three_link", "yaw_pitch_pitch"])
def test_controllers_that_are_made_are_like_the_packaged_ones(root: Path, name: str) -> None:
    """A robot of one's own gets what the three arms have as files."""
    packaged = (root / "config" / f"{name}_controllers.yaml").read_text(encoding="utf-8")
    assert controllers(load_robot(name).joint_names) == yaml.safe_load(packaged)


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
