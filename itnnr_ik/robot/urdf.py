"""Reading URDF: from a path or a text to links and joints, or one clear error."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from itnnr_ik.files import read_bytes
from itnnr_ik.forms import listed, shown
from itnnr_ik.robot.description import Description, check_name, check_tree
from itnnr_ik.robot.joint import TYPES, Joint
from itnnr_ik.robot.xml import parse_xml

#: Largest URDF [characters of a text, bytes of a file]: ten times that of a humanoid with hands.
_MAX_SIZE = 4 * 2**20
#: Characters of a tag that a message quotes.
_SHOWN_TAG = 80
_XACRO_HINT = "is xacro, not URDF: run `ros2 run xacro xacro FILE.xacro > FILE.urdf` and give FILE.urdf"


def read_urdf(urdf: str | os.PathLike[str]) -> tuple[str, str]:
    """URDF text and what to call it in messages, from a text (it begins with ``<``) or the path of a file.

    Raises:
        ValueError: There is no such file, or it cannot be URDF; the message says why.
    """
    if not isinstance(urdf, str | os.PathLike):
        raise ValueError(f"urdf must be URDF text or the path of a file, got {type(urdf).__name__}")
    text = urdf.lstrip("\ufeff \t\r\n") if isinstance(urdf, str) else ""
    if text.startswith("<"):
        if len(text) > _MAX_SIZE:
            raise ValueError(f"urdf must have at most {_MAX_SIZE} characters, got {len(text)}")
        return text, "URDF text"
    if not os.fspath(urdf).strip():
        raise ValueError("urdf is empty: expected URDF text or the path of a file")
    path = Path(urdf)
    if path.suffix == ".xacro":
        raise ValueError(f"{path.name} {_XACRO_HINT}")
    try:
        text = read_bytes(path, _MAX_SIZE).decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a URDF file: it is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot read URDF file {os.fspath(urdf)[:200]!r}: {reason}") from None
    return text, path.name


def parse_urdf(text: str, label: str) -> Description:
    """The robot that URDF text describes; ``label`` stands for it in messages.

    Raises:
        ValueError: It is not XML, not URDF, uses what is refused (document types, entities, XInclude, xacro),
            or its links and joints make no tree; the message says where.
    """
    root = parse_xml(text, label)
    joint_parts = [part for element in root.findall("joint") for part in element.iter()]
    if any(map(_is_xacro, (*root, *joint_parts))):
        raise ValueError(f"{label} {_XACRO_HINT}")
    if root.tag != "robot":
        raise ValueError(f"{label} must have <robot> as its outermost element, got <{root.tag[:_SHOWN_TAG]}>")
    name = root.get("name") or "robot"
    check_name(f"the robot in {label}", name)
    links = tuple(element.get("name", "") for element in root.findall("link"))
    if not links:
        raise ValueError(f"{label} has no <link>")
    for link in links:
        check_name(f"a link in {label}", link)
    joints = [_joint(element, label) for element in root.findall("joint")]
    for kind, names in (("link", links), ("joint", [joint.name for joint in joints])):
        if not all(names):
            raise ValueError(f"{label} has a <{kind}> without a name")
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"{label} has more than one {kind} named {listed(map(repr, repeated))}")
    check_tree(links, joints, label)
    return Description(name, links, {joint.name: joint for joint in joints})


def _is_xacro(element: ElementTree.Element) -> bool:
    """Whether an element is still to be expanded by xacro.

    Expanded files may still declare the prefix, and use it in their visuals.
    """
    return element.tag.startswith("xacro:") or any("${" in value for value in element.attrib.values())


def _joint(element: ElementTree.Element, label: str) -> Joint:
    """A joint with its place in the tree."""
    name, kind = element.get("name", ""), element.get("type", "")
    check_name(f"a joint in {label}", name)
    if kind not in TYPES:
        raise ValueError(
            f"type of joint {name!r} in {label} must be one of {listed(TYPES)}, got {shown(kind)}"
        )
    ends = {"parent": "", "child": ""}
    for tag in ends:
        end = element.find(tag)
        ends[tag] = "" if end is None else end.get("link", "")
        if not ends[tag]:
            raise ValueError(f"joint {name!r} in {label} has no <{tag} link=…>")
    return Joint(name, kind, ends["parent"], ends["child"], element)


def rename_joints(text: str, names: Mapping[str, str]) -> str:
    """URDF text with joints renamed wherever it refers to them: mimics, transmissions, ros2_control, …

    Raises:
        ValueError: Its elements are nested too deeply.
    """
    root = parse_xml(text, "URDF text")
    links = {element.get("name") for element in root.findall("link")}
    for element in root.iter():
        key = {"joint": "name", "mimic": "joint", "gazebo": "reference"}.get(element.tag, "")
        old = element.get(key, "")
        if old in names and not (element.tag == "gazebo" and old in links):
            element.set(key, names[old])
    try:
        return ElementTree.tostring(root, encoding="unicode")
    except RecursionError:
        raise ValueError("URDF text has elements that are nested too deeply to rename joints in it") from None
