"""An arm's URDF prepared for MuJoCo: masses for all links, only the chain's joints movable, no mesh files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np

from itnnr_ik.forms import reason
from itnnr_ik.robot import KinematicChain
from itnnr_ik.robot.description import Description
from itnnr_ik.robot.joint import Joint
from itnnr_ik.robot.mimic import Drive, find_drive
from itnnr_ik.robot.urdf import parse_urdf
from itnnr_ik.robot.xml import parse_xml
from itnnr_ik.ros.simulation.link_masses import inertial_of

#: Keep visuals, and links at fixed joints, which MuJoCo drops by default; and correct moments of inertia that
#: no body can have, as many URDFs have for small links.
_COMPILER = {"discardvisual": "false", "fusestatic": "false", "balanceinertia": "true"}
#: Visual geometries without a file.
_SHAPES = ("box", "cylinder", "sphere")


def load_mujoco() -> Any:
    """The module ``mujoco``.

    Raises:
        ImportError: It is not installed, or cannot be loaded; the text says what to install.
    """
    try:
        return importlib.import_module("mujoco")
    except (ImportError, OSError, AttributeError) as error:  # the last where EGL is asked for and missing
        raise ImportError(
            f"this needs MuJoCo, which cannot be loaded ({error}): pip install 'itnnr_ik[mujoco]'"
        ) from error


def arm_spec(arm: KinematicChain) -> Any:
    """The robot of an arm as an ``mjSpec``, with its simple visual shapes and its tip frame.

    The chain's joints move within the chain's limits, and mimic joints in it follow. All others are fixed:
    locked ones at their locked positions, the rest at 0.

    Raises:
        ImportError: MuJoCo cannot be loaded.
        ValueError: It refuses the robot.
    """
    mujoco = load_mujoco()
    robot = parse_urdf(arm.urdf, arm.name)
    path = [joint for joint in robot.path(arm.base_link, arm.tip_link) if joint.moves]
    drives = {joint.name: find_drive(robot, joint, arm.locked) for joint in path}
    try:
        spec = mujoco.MjSpec.from_string(_simplified(arm, robot, drives))
        for name, drive in drives.items():
            if drive.leader not in (None, name):
                follow = spec.add_equality(type=mujoco.mjtEq.mjEQ_JOINT, name1=name, name2=drive.leader)
                follow.data[:5] = [drive.offset, drive.ratio, 0.0, 0.0, 0.0]
    except ValueError as error:
        raise ValueError(f"MuJoCo cannot simulate {arm.name}: {reason(error)}") from error
    return spec


def _simplified(arm: KinematicChain, robot: Description, drives: Mapping[str, Drive]) -> str:
    """URDF text of links with mass and simple shapes, and of joints that move or are fixed."""
    root = ElementTree.Element("robot", name=arm.name)
    ElementTree.SubElement(ElementTree.SubElement(root, "mujoco"), "compiler", _COMPILER)
    given = parse_xml(arm.urdf, arm.name)
    for link in given.findall("link"):
        root.append(_link(link, arm.reach))
    for joint in robot.joints.values():
        drive = drives.get(joint.name)
        if drive is None or drive.leader is None:
            root.append(_fixed(joint, 0.0 if drive is None else drive.offset))
        else:
            root.append(_moving(joint, arm))
    return ElementTree.tostring(root, encoding="unicode")


def _link(given: ElementTree.Element, reach: float) -> ElementTree.Element:
    link = ElementTree.Element("link", name=given.get("name", ""))
    link.append(inertial_of(given, reach))
    for visual in given.findall("visual"):
        geometry = visual.find("geometry")
        if geometry is not None and any(geometry.find(shape) is not None for shape in _SHAPES):
            drawn = ElementTree.SubElement(link, "visual")
            drawn.extend([part for part in (visual.find("origin"), geometry) if part is not None])
    return link


def _joint(joint: Joint, kind: str, origin: np.ndarray) -> ElementTree.Element:
    element = ElementTree.Element("joint", name=joint.name, type=kind)
    ElementTree.SubElement(element, "origin", xyz=_vector(origin[:3, 3]), rpy=_vector(_rpy(origin[:3, :3])))
    ElementTree.SubElement(element, "parent", link=joint.parent)
    ElementTree.SubElement(element, "child", link=joint.child)
    return element


def _fixed(joint: Joint, value: float) -> ElementTree.Element:
    """A joint fixed at ``value`` in [rad] or [m]."""
    return _joint(joint, "fixed", joint.origin() @ joint.motion(value))


def _moving(joint: Joint, arm: KinematicChain) -> ElementTree.Element:
    """A joint of the chain with its limits there; a mimic joint needs none."""
    leads = joint.name in arm.joint_names
    i = arm.joint_names.index(joint.name) if leads else -1
    limited = leads and np.isfinite(arm.lower[i]) and np.isfinite(arm.upper[i])
    turns = joint.type != "prismatic"
    kind = ("revolute" if limited else "continuous") if turns else "prismatic"
    element = _joint(joint, kind, joint.origin())
    ElementTree.SubElement(element, "axis", xyz=_vector(joint.axis()))
    limits = {"lower": repr(float(arm.lower[i])), "upper": repr(float(arm.upper[i]))} if limited else {}
    given = joint.element.find("limit")
    effort = "0" if given is None else given.get("effort", "0")
    if limited or float(effort) > 0.0:
        ElementTree.SubElement(element, "limit", {**limits, "effort": effort, "velocity": "0"})
    return element


def _rpy(rotation: np.ndarray) -> np.ndarray:
    """Roll, pitch and yaw [rad] of a rotation (3, 3), by the URDF's convention."""
    across = float(np.hypot(rotation[0, 0], rotation[1, 0]))
    pitch = np.arctan2(-rotation[2, 0], across)
    if across < 1e-9:  # roll and yaw turn about the same axis
        return np.array([np.arctan2(-rotation[1, 2], rotation[1, 1]), pitch, 0.0])
    return np.array(
        [np.arctan2(rotation[2, 1], rotation[2, 2]), pitch, np.arctan2(rotation[1, 0], rotation[0, 0])]
    )


def _vector(values: np.ndarray) -> str:
    return " ".join(repr(float(value)) for value in values)
