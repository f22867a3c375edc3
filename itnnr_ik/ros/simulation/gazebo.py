"""A URDF for Gazebo with ros2_control. No ROS needed: plugins are found when Gazebo reads it."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from itnnr_ik.robot import KinematicChain
from itnnr_ik.robot.urdf import parse_urdf
from itnnr_ik.robot.xml import parse_xml
from itnnr_ik.ros.simulation.link_masses import inertial_of

#: The link that Gazebo fixes in space.
_WORLD = "world"
_SYSTEM = "gz_ros2_control/GazeboSimSystem"
_PLUGIN = {"filename": "gz_ros2_control-system", "name": "gz_ros2_control::GazeboSimROS2ControlPlugin"}


def to_gazebo_urdf(arm: KinematicChain, controllers_file: str, positions: np.ndarray) -> str:
    """The arm's URDF, with its root fixed to the world and every joint of the arm under ros2_control.

    Args:
        arm: Gives the URDF and the joints. The URDF's own elements for Gazebo and ros2_control are left out,
            and links without mass, which Gazebo would drop, get a small one.
        controllers_file: Parameters of the controller manager and its controllers.
        positions: Where the joints start (n,) in [rad] or [m].

    Returns:
        URDF text with a position command interface, and position and velocity state interfaces, per joint.
    """
    robot = parse_xml(arm.urdf, arm.name)
    for element in robot.findall("*"):
        if element.tag not in ("link", "joint", "material"):
            robot.remove(element)
    for link in robot.findall("link"):
        inertial = inertial_of(link, arm.reach)
        for given in link.findall("inertial"):
            link.remove(given)
        link.append(inertial)
    description = parse_urdf(arm.urdf, arm.name)
    children = {joint.child for joint in description.joints.values()}
    (root, *_) = (link for link in description.links if link not in children)
    if root != _WORLD:
        ElementTree.SubElement(robot, "link", name=_WORLD)
        anchor = ElementTree.SubElement(robot, "joint", name=f"{_WORLD}_joint", type="fixed")
        ElementTree.SubElement(anchor, "parent", link=_WORLD)
        ElementTree.SubElement(anchor, "child", link=root)

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
