"""What Gazebo is given: the arm's URDF under ros2_control, and its controllers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from itnnr_ik.arms import ARMS, to_urdf
from itnnr_ik.ros.gazebo import to_gazebo_urdf


@pytest.mark.parametrize("name", ARMS)
def test_the_urdf_is_the_arms_with_control_of_every_joint(name: str) -> None:
    """Links and joints are those of `to_urdf`, the base is fixed and has mass, and joints start as told."""
    arm = ARMS[name]
    start = np.linspace(0.1, 0.3, arm.n_joints)
    robot = ElementTree.fromstring(to_gazebo_urdf(arm, "controllers.yaml", start))
    plain = ElementTree.fromstring(to_urdf(arm))
    for kind, added in (("link", "world"), ("joint", "world_joint")):
        names = [element.get("name") for element in plain.findall(kind)]
        assert [element.get("name") for element in robot.findall(kind)] == [*names, added]
    assert robot.find(f"link[@name='{arm.base_link}']/inertial/mass") is not None
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
    assert tuple(trajectories["joints"]) == ARMS[name].joint_names
    assert trajectories["command_interfaces"] == ["position"]
    assert trajectories["state_interfaces"] == ["position", "velocity"]
    assert set(controllers["controller_manager"]) == {
        *("update_rate", "joint_state_broadcaster", "joint_trajectory_controller")
    }
