"""URDF of an arm, from the same data as its formula."""

from __future__ import annotations

from xml.etree import ElementTree

from itnnr_ik.arms.arm import Arm

_LINK_RADIUS = 0.04  # [m], drawn and collided
_JOINT_RADIUS = 0.06  # [m], drawn
_DENSITY = 1.0  # [kg/m] of link length, light enough for a small simulated motor
_EFFORT = 200.0  # [N m]
_VELOCITY = 2.0  # [rad/s]


def _vector(*values: float) -> str:
    return " ".join(f"{value:.10g}" for value in values)


def _add_body(link: ElementTree.Element, length: float) -> None:
    """Mass, a rod along x and a round joint at its start."""
    rod = max(length, 1e-3)
    mass = _DENSITY * rod
    across = mass * (3 * _LINK_RADIUS**2 + rod**2) / 12
    inertial = ElementTree.SubElement(link, "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=_vector(length / 2, 0, 0))
    ElementTree.SubElement(inertial, "mass", value=_vector(mass))
    ElementTree.SubElement(
        inertial,
        "inertia",
        ixx=_vector(mass * _LINK_RADIUS**2 / 2),
        iyy=_vector(across),
        izz=_vector(across),
        ixy="0",
        ixz="0",
        iyz="0",
    )
    visual = ElementTree.SubElement(link, "visual")
    ElementTree.SubElement(visual, "origin", xyz=_vector(length / 2, 0, 0), rpy="0 1.5707963268 0")
    geometry = ElementTree.SubElement(visual, "geometry")
    ElementTree.SubElement(geometry, "cylinder", radius=_vector(_LINK_RADIUS), length=_vector(rod))
    joint_visual = ElementTree.SubElement(link, "visual")
    geometry = ElementTree.SubElement(joint_visual, "geometry")
    ElementTree.SubElement(geometry, "sphere", radius=_vector(_JOINT_RADIUS))


def to_urdf(arm: Arm) -> str:
    """URDF text whose tip frame moves as ``arm.forward`` says.

    Planar joints turn about +z; the pitch joints turn about −y, so that a positive pitch raises the tip.
    """
    robot = ElementTree.Element("robot", name=arm.name)
    ElementTree.SubElement(robot, "link", name=arm.base_link)
    # A yaw joint carries no link of the paper's formula: its own link has length zero.
    lengths = (0.0,) * (arm.n_joints - len(arm.link_lengths)) + arm.link_lengths
    start = 0.0
    for i, (joint_name, length) in enumerate(zip(arm.joint_names, lengths, strict=True)):
        joint = ElementTree.SubElement(robot, "joint", name=joint_name, type="revolute")
        ElementTree.SubElement(joint, "parent", link=arm.link_names[i])
        ElementTree.SubElement(joint, "child", link=arm.link_names[i + 1])
        ElementTree.SubElement(joint, "origin", xyz=_vector(start, 0, 0))
        pitches = arm.family == "yaw_pitch" and i > 0
        ElementTree.SubElement(joint, "axis", xyz="0 -1 0" if pitches else "0 0 1")
        ElementTree.SubElement(
            joint,
            "limit",
            lower=_vector(arm.lower[i]),
            upper=_vector(arm.upper[i]),
            effort=_vector(_EFFORT),
            velocity=_vector(_VELOCITY),
        )
        _add_body(ElementTree.SubElement(robot, "link", name=arm.link_names[i + 1]), length)
        start = length
    ElementTree.SubElement(robot, "link", name=arm.tip_name)
    tip = ElementTree.SubElement(robot, "joint", name=f"{arm.tip_name}_joint", type="fixed")
    ElementTree.SubElement(tip, "parent", link=arm.link_names[-1])
    ElementTree.SubElement(tip, "child", link=arm.tip_name)
    ElementTree.SubElement(tip, "origin", xyz=_vector(start, 0, 0))
    ElementTree.indent(robot)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(robot, encoding="unicode") + "\n"
