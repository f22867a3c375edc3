"""What Gazebo is given: the arm's URDF under ros2_control, and its controllers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from itnnr_ik.robot import PACKAGED, KinematicChain, load_robot
from itnnr_ik.ros.simulation.gazebo import to_gazebo_urdf

#: The arms that have a file of controllers.
ARMS = ("two_link", "three_link", "yaw_pitch_pitch")


@pytest.mark.parametrize("name", PACKAGED)
def test_the_urdf_is_the_arms_with_control_of_every_joint(name: str) -> None:
    """Links and joints are those of its URDF, the base is fixed, all have mass, and joints start as told."""
    arm = load_robot(name)
    start = np.linspace(0.1, 0.3, arm.n_joints)
    robot = ElementTree.fromstring(to_gazebo_urdf(arm, "controllers.yaml", start))
    plain = ElementTree.fromstring(arm.urdf)
    for kind, added in (("link", "world"), ("joint", "world_joint")):
        names = [element.get("name") for element in plain.findall(kind)]
        assert [element.get("name") for element in robot.findall(kind)] == [*names, added]
    masses = robot.findall("link/inertial/mass")
    assert len(masses) == len(plain.findall("link"))
    assert min(float(mass.get("value", "0")) for mass in masses) > 0.0
    for link in plain.findall("link[inertial]"):
        (given, kept) = (r.find(f"link[@name='{link.get('name')}']/inertial/mass") for r in (plain, robot))
        assert given is not None
        assert kept is not None
        assert kept.get("value") == given.get("value")
    control = robot.find("ros2_control")
    assert control is not None
    assert control.findtext("hardware/plugin") == "gz_ros2_control/GazeboSimSystem"
    joints = control.findall("joint")
    assert tuple(joint.get("name") for joint in joints) == arm.joint_names
    for joint, position in zip(joints, start, strict=True):
        assert [i.get("name") for i in joint.findall("command_interface")] == ["position"]
        assert [i.get("name") for i in joint.findall("state_interface")] == ["position", "velocity"]
        assert float(joint.findtext("state_interface/param") or "nan") == pytest.approx(position, abs=1e-6)
    assert robot.findtext("gazebo/plugin/parameters") == "controllers.yaml"


@pytest.mark.parametrize("name", ARMS)
def test_the_controllers_have_the_arms_joints(root: Path, name: str) -> None:
    """And the interfaces that the URDF offers."""
    text = (root / "config" / f"{name}_controllers.yaml").read_text(encoding="utf-8")
    controllers = {node: section["ros__parameters"] for node, section in yaml.safe_load(text).items()}
    trajectories = controllers["joint_trajectory_controller"]
    assert tuple(trajectories["joints"]) == load_robot(name).joint_names
    assert trajectories["command_interfaces"] == ["position"]
    assert trajectories["state_interfaces"] == ["position", "velocity"]
    assert set(controllers["controller_manager"]) == {
        *("update_rate", "joint_state_broadcaster", "joint_trajectory_controller")
    }


def test_a_robots_own_world_and_control_are_respected() -> None:
    """A URDF that is fixed to a world link already gets no second one, nor a second ros2_control."""
    urdf = """<robot name="r"><link name="world"/><link name="base"/><link name="tip"/>
      <joint name="fix" type="fixed"><parent link="world"/><child link="base"/></joint>
      <joint name="j" type="revolute"><parent link="base"/><child link="tip"/>
        <limit lower="-1" upper="1" velocity="1" effort="1"/></joint>
      <ros2_control name="own" type="system"/><gazebo/></robot>"""
    arm = KinematicChain.from_urdf(urdf, "base", "tip")
    robot = ElementTree.fromstring(to_gazebo_urdf(arm, "controllers.yaml", np.zeros(1)))
    assert [link.get("name") for link in robot.findall("link")] == ["world", "base", "tip"]
    assert [joint.get("name") for joint in robot.findall("joint")] == ["fix", "j"]
    assert [control.get("name") for control in robot.findall("ros2_control")] == ["GazeboSimSystem"]
    assert len(robot.findall("gazebo")) == 1
