"""A URDF for Gazebo with ros2_control. No ROS needed: what it names is found when Gazebo reads it."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from itnnr_ik.arms import Arm, to_urdf

_SYSTEM = "gz_ros2_control/GazeboSimSystem"
_PLUGIN = {"filename": "gz_ros2_control-system", "name": "gz_ros2_control::GazeboSimROS2ControlPlugin"}


def to_gazebo_urdf(arm: Arm, controllers_file: str, positions: np.ndarray) -> str:
    """`to_urdf`, with its base fixed to the world and every joint under ros2_control.

    Args:
        arm: Gives links and joints.
        controllers_file: Parameters of the controller manager and its controllers.
        positions: Where the joints start (n,) [rad].

    Returns:
        URDF text with a position command interface, and position and velocity state interfaces, per joint.
    """
    robot = ElementTree.fromstring(to_urdf(arm))
    base = robot.find(f"link[@name='{arm.base_link}']")
    assert base is not None
    # Gazebo drops a link without mass, and what hangs on it.
    inertial = ElementTree.SubElement(base, "inertial")
    ElementTree.SubElement(inertial, "mass", value="1")
    moments = dict.fromkeys(("ixx", "iyy", "izz"), "0.01")
    ElementTree.SubElement(inertial, "inertia", moments, ixy="0", ixz="0", iyz="0")
    ElementTree.SubElement(robot, "link", name="world")
    anchor = ElementTree.SubElement(robot, "joint", name="world_joint", type="fixed")
    ElementTree.SubElement(anchor, "parent", link="world")
    ElementTree.SubElement(anchor, "child", link=arm.base_link)

    control = ElementTree.SubElement(robot, "ros2_control", name="GazeboSimSystem", type="system")
    hardware = ElementTree.SubElement(control, "hardware")
    ElementTree.SubElement(hardware, "plugin").text = _SYSTEM
    for name, start in zip(arm.joint_names, positions, strict=True):
        joint = ElementTree.SubElement(control, "joint", name=name)
        ElementTree.SubElement(joint, "command_interface", name="position")
        state = ElementTree.SubElement(joint, "state_interface", name="position")
        ElementTree.SubElement(state, "param", name="initial_value").text = f"{start:.6f}"
        ElementTree.SubElement(joint, "state_interface", name="velocity")
    plugin = ElementTree.SubElement(ElementTree.SubElement(robot, "gazebo"), "plugin", _PLUGIN)
    ElementTree.SubElement(plugin, "parameters").text = controllers_file
    ElementTree.indent(robot)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(robot, encoding="unicode") + "\n"
