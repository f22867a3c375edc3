"""The tree of links and joints that a URDF describes, checked as it is read."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from itnnr_ik.robot.transforms import Array, from_quaternion, from_rpy
from itnnr_ik.robot.xml import parse_xml

MOVING = ("revolute", "continuous", "prismatic")
_TYPES = (*MOVING, "fixed", "floating", "planar")
_XACRO_HINT = "it is a xacro file; run `ros2 run xacro xacro {0}.xacro > {0}.urdf` first and give {0}.urdf"


class Limit(NamedTuple):
    """Position limits in [rad] or [m], None where there are none, and velocity limit in [rad/s] or [m/s]."""

    lower: float | None
    upper: float | None
    velocity: float


class Mimic(NamedTuple):
    """A joint follows another: its position is multiplier · (the other's) + offset."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """A joint of a URDF. Its numbers are read when they are asked for: only those of the chain matter.

    Each of `origin`, `axis`, `limit` and `mimic` raises a ValueError that names the joint and the attribute
    where a number is malformed, missing or not finite.
    """

    name: str
    type: str
    parent: str
    child: str
    element: ElementTree.Element

    @property
    def moves(self) -> bool:
        """Whether a chain can have it as an element: it has one degree of freedom."""
        return self.type in MOVING

    def origin(self) -> Array:
        """Transform (4, 4) from the parent link's frame to the joint's frame at position 0."""
        transform = np.eye(4)
        element = self.element.find("origin")
        if element is not None:
            transform[:3, 3] = self._vector(element, "xyz", (0.0, 0.0, 0.0))
            if "quat_xyzw" in element.attrib:
                quaternion = self._vector(element, "quat_xyzw", (0.0, 0.0, 0.0, 1.0))
                if "rpy" in element.attrib or not math.hypot(*quaternion) > 0.0:
                    raise ValueError(
                        f"origin of joint {self.name!r} must have either rpy or a quat_xyzw that is not zero"
                    )
                transform[:3, :3] = from_quaternion(*quaternion)
            else:
                transform[:3, :3] = from_rpy(*self._vector(element, "rpy", (0.0, 0.0, 0.0)))
        return transform

    def axis(self) -> Array:
        """Unit vector (3,) along the axis, in the joint's frame; x where the URDF has none."""
        element = self.element.find("axis")
        x_axis = (1.0, 0.0, 0.0)
        axis = np.array(x_axis if element is None else self._vector(element, "xyz", x_axis))
        length = math.hypot(*axis)
        if length < 1e-9:
            raise ValueError(f"axis of joint {self.name!r} must not be zero, got {axis.tolist()}")
        return axis / length

    def limit(self) -> Limit:
        """Limits; of lower and upper one alone makes the other 0, as the URDF format has it."""
        element = self.element.find("limit")
        if element is None:
            return Limit(None, None, math.inf)
        lower, upper = self._number(element, "lower"), self._number(element, "upper")
        if lower is not None or upper is not None:
            lower, upper = lower or 0.0, upper or 0.0
        velocity = self._number(element, "velocity", finite=False)
        if velocity is not None and not velocity >= 0.0:
            raise ValueError(f"velocity limit of joint {self.name!r} must not be negative, got {velocity}")
        # Exporters write 0 where they know none: a joint that cannot move would have no limit to speak of.
        return Limit(lower, upper, velocity or math.inf)

    def mimic(self) -> Mimic | None:
        """Which joint it follows, or None."""
        element = self.element.find("mimic")
        if element is None:
            return None
        leader = element.get("joint")
        if not leader:
            raise ValueError(f"<mimic> of joint {self.name!r} must name a joint")
        multiplier, offset = self._number(element, "multiplier"), self._number(element, "offset")
        return Mimic(leader, 1.0 if multiplier is None else multiplier, offset or 0.0)

    def _number(self, element: ElementTree.Element, key: str, finite: bool = True) -> float | None:
        text = element.get(key)
        value = None if text is None else _to_float(text)
        if value is not None and (math.isnan(value) or (finite and math.isinf(value))):
            raise ValueError(
                f"{key} in <{element.tag}> of joint {self.name!r} must be a finite number, got {text!r}"
            )
        return value

    def _vector(
        self, element: ElementTree.Element, key: str, default: tuple[float, ...]
    ) -> tuple[float, ...]:
        text = element.get(key)
        if text is None:
            return default
        values = tuple(map(_to_float, text.split()))
        if len(values) != len(default) or not all(map(math.isfinite, values)):
            raise ValueError(
                f"{key} in <{element.tag}> of joint {self.name!r} must be {len(default)} finite numbers, "
                f"got {text!r}"
            )
        return values


def _to_float(text: str) -> float:
    """The number that the text is, or NaN, which every caller refuses."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True)
class Description:
    """Links and joints of a URDF, by name, in the order of the file; a tree, or several."""

    name: str
    links: tuple[str, ...]
    joints: dict[str, Joint]

    def path(self, base: str | None, tip: str | None) -> list[Joint]:
        """Joints from ``base`` down to ``tip``, each of which may be left out where only one fits.

        Raises:
            ValueError: No such link, several that fit, or no way down from one to the other.
        """
        above = {joint.child: joint for joint in self.joints.values()}
        parents = {joint.parent for joint in self.joints.values()}
        base = self._pick("base", base, [link for link in self.links if link not in above])
        tip = self._pick("tip", tip, [link for link in self.links if link not in parents])
        path = _up(above, tip, base)
        if path and path[-1].parent == base:
            return path[::-1]
        if base == tip:
            raise ValueError(f"base and tip of {self.name} must be two links, got {base!r} for both")
        back = _up(above, base, tip)
        if back and back[-1].parent == tip:
            raise ValueError(f"tip {tip!r} is above base {base!r} in {self.name}: exchange them")
        ancestors = ", ".join(joint.parent for joint in path) or "none"
        raise ValueError(
            f"tip {tip!r} is not below base {base!r} in {self.name}; links above it: {ancestors}"
        )

    def joint(self, name: str, user: str) -> Joint:
        """The joint of that name, which ``user`` (for the message) refers to."""
        if name not in self.joints:
            raise ValueError(
                f"{user} names {name!r}, which is no joint of {self.name}; joints: {_names(self.joints)}"
            )
        return self.joints[name]

    def _pick(self, role: str, link: str | None, candidates: list[str]) -> str:
        if link is None:
            if len(candidates) != 1:
                raise ValueError(f"{self.name} has several links that may be the {role}; "
                                 f"give {role}= one of {_names(candidates)}")  # fmt: skip
            return candidates[0]
        if link not in self.links:
            raise ValueError(f"no link {link!r} in {self.name}; links: {_names(self.links)}")
        return link


def _up(above: dict[str, Joint], link: str, end: str) -> list[Joint]:
    """Joints from ``link`` upwards until ``end`` or a root."""
    joints: list[Joint] = []
    while link != end and link in above:
        joints.append(above[link])
        link = joints[-1].parent
    return joints


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def read_urdf(urdf: str | os.PathLike[str]) -> tuple[str, str]:
    """URDF text and what to call it in messages, from a text (it begins with ``<``) or the path of a file.

    Raises:
        ValueError: There is no such file, or it cannot be URDF; the message says why.
    """
    if not isinstance(urdf, str | os.PathLike):
        raise ValueError(f"urdf must be URDF text or the path of a file, got {type(urdf).__name__}")
    text = urdf.lstrip("\ufeff \t\r\n") if isinstance(urdf, str) else ""
    if text.startswith("<"):
        return text, "URDF text"
    if not os.fspath(urdf).strip():
        raise ValueError("urdf is empty: expected URDF text or the path of a file")
    path = Path(urdf)
    if path.suffix == ".xacro":
        raise ValueError(f"{path.name} cannot be read: " + _XACRO_HINT.format(path.name.split(".")[0]))
    try:
        text = path.read_bytes().decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a URDF file: it is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot read URDF file {os.fspath(urdf)[:200]!r}: {reason}") from None
    return text, path.name


def parse_urdf(text: str, label: str) -> Description:
    """The robot that URDF text describes; ``label`` stands for it in messages.

    Raises:
        ValueError: It is not XML, not URDF, uses what is refused (document types, entities, XInclude, xacro), or
            its links and joints make no tree; the message says where.
    """
    root = parse_xml(text, label)
    if any(element.tag.startswith("xacro:") for element in root.iter()):
        raise ValueError(f"{label} cannot be read: " + _XACRO_HINT.format("ROBOT"))
    if root.tag != "robot":
        raise ValueError(f"{label} must have <robot> as its outermost element, got <{root.tag}>")
    name = root.get("name") or "robot"
    links = tuple(element.get("name", "") for element in root.findall("link"))
    if not links:
        raise ValueError(f"{label} has no <link>")
    joints = [_joint(element, label) for element in root.findall("joint")]
    for kind, names in (("link", links), ("joint", [joint.name for joint in joints])):
        if not all(names):
            raise ValueError(f"{label} has a <{kind}> without a name")
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise ValueError(f"{label} has more than one {kind} named {_names(map(repr, repeated))}")
    _check_tree(links, joints, label)
    return Description(name, links, {joint.name: joint for joint in joints})


def _joint(element: ElementTree.Element, label: str) -> Joint:
    """A joint with its place in the tree."""
    name, kind = element.get("name", ""), element.get("type", "")
    if kind not in _TYPES:
        raise ValueError(f"type of joint {name!r} in {label} must be one of {_names(_TYPES)}, got {kind!r}")
    ends = []
    for tag in ("parent", "child"):
        end = element.find(tag)
        link = None if end is None else end.get("link")
        if not link:
            raise ValueError(f"joint {name!r} in {label} has no <{tag} link=…>")
        ends.append(link)
    return Joint(name, kind, *ends, element)


def _check_tree(links: tuple[str, ...], joints: list[Joint], label: str) -> None:
    """Raise a ValueError where a link is missing, has two parents, or is its own ancestor."""
    above: dict[str, Joint] = {}
    below: dict[str, list[str]] = {link: [] for link in links}
    for joint in joints:
        for role, link in (("parent", joint.parent), ("child", joint.child)):
            if link not in below:
                raise ValueError(
                    f"{role} of joint {joint.name!r} is {link!r}, which is no link of {label}; "
                    f"links: {_names(links)}"
                )
        if joint.child in above:
            raise ValueError(
                f"link {joint.child!r} in {label} has two parents: by joint {above[joint.child].name!r} and "
                f"by joint {joint.name!r}"
            )
        above[joint.child] = joint
        below[joint.parent].append(joint.child)
    # What no walk down from a root meets hangs on a ring.
    waiting = [link for link in links if link not in above]
    met = set(waiting)
    while waiting:
        children = below[waiting.pop()]
        waiting += children
        met.update(children)
    if ring := [link for link in links if link not in met]:
        raise ValueError(f"links of {label} go round in a ring: {_names(ring)}")


def rename_joints(text: str, names: Mapping[str, str]) -> str:
    """URDF text with joints renamed wherever it refers to them: in mimics, transmissions and simulators' tags too."""
    root = parse_xml(text, "URDF text")
    links = {element.get("name") for element in root.findall("link")}
    for element in root.iter():
        key = {"joint": "name", "mimic": "joint", "gazebo": "reference"}.get(element.tag)
        old = element.get(key) if key else None
        if key and old in names and not (element.tag == "gazebo" and old in links):
            element.set(key, names[old])
    return ElementTree.tostring(root, encoding="unicode")
