"""Which parameters choose the robot, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learned import elbow_up_solver
from probe import Probe
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from itnnr_ik import IKSolver
from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.ros.setup.robot import solver_from_parameters

PANDA = load_robot("panda").urdf

MakeNode = Callable[..., Node]


@pytest.fixture
def node(probe: Probe) -> Iterator[MakeNode]:
    """``node(model=…)`` is a node with these parameters."""
    made = []

    def make(**values: Any) -> Node:
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        made.append(Node("robot", namespace=probe.namespace, parameter_overrides=overrides))
        return made[-1]

    yield make
    for each in made:
        each.destroy_node()


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_arm_by_its_name(node: MakeNode, name: str) -> None:
    """With its own chain and the task that suits it, and the two-link arm where nothing is said."""
    expected = IKSolver.load(name)
    solver = solver_from_parameters(node(model=name), 1e-5, 1e-4)
    assert solver.arm == expected.arm
    assert solver.task.kind == expected.task.kind
    assert (solver.tolerance, solver.orientation_tolerance) == (1e-5, 1e-4)
    assert solver_from_parameters(node()).arm == load_robot("two_link")


def test_a_description_and_two_links_choose_the_chain(node: MakeNode) -> None:
    """Any two of the URDF's, and the task by the number of joints unless it is given."""
    solver = solver_from_parameters(node(robot_description=PANDA))
    assert solver.arm == load_robot("panda")
    assert solver.task.kind == "pose"
    part = {"robot_base_link": "panda_link1", "end_effector_link": "panda_link6"}
    solver = solver_from_parameters(node(robot_description=PANDA, **part))
    assert solver.arm.joint_names == tuple(f"panda_joint{i}" for i in range(2, 7))
    assert (solver.arm.base_link, solver.arm.tip_link) == ("panda_link1", "panda_link6")
    assert solver.task.kind == "pointing"
    solver = solver_from_parameters(node(robot_description=PANDA, task="position", **part))
    assert solver.task.kind == "position"
    # A link of a model's robot does, too.
    assert solver_from_parameters(node(model="panda", **part)).arm.n_joints == 5


def test_other_names_are_those_of_a_models_ends(node: MakeNode) -> None:
    """As the robot calls them."""
    solver = solver_from_parameters(node(robot_base_link="pedestal", end_effector_link="pen"))
    assert solver.arm == load_robot("two_link")


def test_the_tool(node: MakeNode) -> None:
    """Seen from the tip: by its position, by its orientation, or both."""
    chain, q = load_robot("panda"), np.linspace(0.1, 0.7, 7) * [1, 1, 1, -1, 1, 3, 1]
    tip = chain.transforms(q)
    half = np.sqrt(0.5)
    turned = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    for values, position, rotation in (
        ({"tool_position": [0.1, 0.0, 0.2]}, [0.1, 0.0, 0.2], np.eye(3)),
        ({"tool_orientation": [0.0, 0.0, 2.0 * half, 2.0 * half]}, [0.0] * 3, turned),
        ({"tool_position": [0, 0, 1], "tool_orientation": [0.0, 0.0, half, half]}, [0, 0, 1], turned),
    ):
        tool = np.eye(4)
        tool[:3, 3], tool[:3, :3] = position, rotation
        solver = solver_from_parameters(node(model="panda", **values))
        expected = tip @ tool
        np.testing.assert_allclose(solver.forward(q)[:3], expected[:3, 3], atol=1e-12)
        np.testing.assert_allclose(solver.task.tool, tool, atol=1e-12)


def test_the_trained_network_is_used_where_it_was_trained_for(node: MakeNode, tmp_path: Path) -> None:
    """For the model's own task, also with the description of the same robot; else the arm needs none."""

    def has_network(**values: Any) -> bool:
        solver = solver_from_parameters(node(**values))
        solver.save(tmp_path / str(len(list(tmp_path.iterdir()))))
        return solver.twin is not None

    urdf = load_robot("two_link").urdf
    assert has_network(model="two_link")
    assert has_network(model="two_link", task="position", tool_position=[0.0, 0.0, 0.0])
    assert has_network(model="two_link", robot_description=urdf)
    assert not has_network(robot_description=urdf)
    assert not has_network(model="two_link", tool_position=[0.1, 0.0, 0.0])
    IKSolver.load("two_link").save(tmp_path / "mine")
    assert has_network(model=str(tmp_path / "mine"), robot_description=urdf)
    text = r"'model' must be trained for the task 'position' with the tool at \[0.1, 0.0, 0.0, 0.0, "
    with pytest.raises(ValueError, match=text):
        solver_from_parameters(node(model=str(tmp_path / "mine"), tool_position=[0.1, 0.0, 0.0]))


def test_a_models_own_task_is_kept(node: MakeNode, tmp_path: Path) -> None:
    """Its tool and the axis that counts, unless others are given."""
    made = IKSolver.from_urdf(PANDA, task="pointing", tool=(0.0, 0.0, 0.1), tool_axis=(1.0, 0.0, 0.0))
    made.save(tmp_path)
    for values in ({}, {"task": "pointing"}, {"robot_description": PANDA}):
        task = solver_from_parameters(node(model=str(tmp_path), **values)).task
        assert task.kind == "pointing"
        np.testing.assert_array_equal(task.tool_axis, (1.0, 0.0, 0.0))
        assert task.tool[2, 3] == 0.1
    assert solver_from_parameters(node(model=str(tmp_path), task="pose")).task.kind == "pose"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("panda_joint3", "elbow"), r"joint_names of the chain are \[.*'elbow'.*, the model's \['panda_"),
        (('lower="-2.8973"', 'lower="-2.5"'), r"lower limits of the chain are \[-2\.5, .* model's \[-2\.89"),
        (("0.333", "0.334"), r"the chain has its tip at \[.*\], the model at \[.*\]"),
    ],
)
def test_a_model_of_another_robot_is_refused(node: MakeNode, change: tuple[str, str], text: str) -> None:
    """With what differs: names, limits or kinematics."""
    assert change[0] in PANDA
    with pytest.raises(ValueError, match=f"model 'panda' is not of the chain from .*: .*{text}"):
        solver_from_parameters(node(model="panda", robot_description=PANDA.replace(*change)))


def test_a_chain_between_other_links_is_not_the_models(node: MakeNode) -> None:
    """Nor is what was trained for the whole arm used for a part of it."""
    with pytest.raises(ValueError, match="not of the chain from 'panda_link1' to 'panda_link8' in panda"):
        solver_from_parameters(node(model="panda", robot_description=PANDA, robot_base_link="panda_link1"))
    with pytest.raises(ValueError, match="model 'two_link' is not of the chain from 'link_1' to 'tip'"):
        solver_from_parameters(node(model="two_link", robot_base_link="link_1"))


def test_the_same_robot_may_be_written_otherwise(node: MakeNode) -> None:
    """Numbers of six digits, and links that a fixed joint holds."""
    urdf = PANDA.replace('xyz="0 0 0.333"', 'xyz="0 0 0.3330000001"')
    assert urdf != PANDA
    assert solver_from_parameters(node(model="panda", robot_description=urdf)).arm.n_joints == 7


def test_an_arm_learned_from_a_recording(node: MakeNode, tmp_path: Path) -> None:
    """Is solved for positions of its tip, and has neither a chain nor a description."""
    elbow_up_solver().save(tmp_path)
    model = str(tmp_path)
    assert solver_from_parameters(node(model=model)).coverage is not None
    for values, text in (
        ({"task": "pose"}, "'task' must be position or empty"),
        ({"tool_position": [0.1, 0.0, 0.0]}, "'tool_position' must be empty"),
        ({"robot_description": load_robot("two_link").urdf}, "was learned from a recording"),
    ):
        with pytest.raises(ValueError, match=text):
            solver_from_parameters(node(model=model, **values))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"robot_description": "a.urdf"}, "'robot_description' must be URDF text, .* got 'a.urdf'"),
        ({"robot_description": "<robot"}, "robot description: "),
        (
            {"robot_description": PANDA, "end_effector_link": "hand"},
            r"no link 'hand' in panda; links: panda_link0, .* tip is end_effector_link = 'hand'\)",
        ),
        ({"model": "panda", "tool_position": [0.1]}, "'tool_position' must be a list of 3 finite numbers"),
        ({"model": "panda", "tool_orientation": [0.0] * 4}, "'tool_orientation' must be a quaternion"),
        ({"model": "panda", "task": "grasp"}, r"'task' must be one of \['', 'position', 'pointing', 'pose'"),
        ({"model": "five_link"}, "no model 'five_link': expected one of two_link, "),
    ],
)
def test_what_is_no_robot_is_refused(node: MakeNode, values: dict[str, Any], text: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(ValueError, match=text):
        solver_from_parameters(node(**values))


def test_a_description_from_a_latched_topic(probe: Probe, node: MakeNode) -> None:
    """Of a publisher that came before; the parameter goes first."""
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = probe.node.create_publisher(String, "robot_description", latched)
    publisher.publish(String(data=PANDA))
    topic = {"robot_description_topic": "robot_description", "robot_description_timeout": 30}
    assert solver_from_parameters(node(**topic)).arm == load_robot("panda")
    text = load_robot("scara").urdf
    assert solver_from_parameters(node(robot_description=text, **topic)).arm == load_robot("scara")
    with pytest.raises(ValueError, match="model 'ur5e' is not of the chain"):
        solver_from_parameters(node(model="ur5e", **topic))
    probe.node.destroy_publisher(publisher)


def test_a_description_that_does_not_come(probe: Probe, node: MakeNode) -> None:
    """Is waited for as long as was said, and then the topic is named; a model does not stand in for it."""
    begin = time.monotonic()
    with pytest.raises(
        ValueError, match=rf"came on {probe.namespace}/description within 0\.3 s: expected the robot's URDF"
    ):
        solver_from_parameters(
            node(model="panda", robot_description_topic="description", robot_description_timeout=0.3)
        )
    assert 0.3 <= time.monotonic() - begin < 5.0
    assert isinstance(load_robot("panda"), KinematicChain)
