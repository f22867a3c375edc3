"""From the joints of a URDF to the arrays of a chain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from itnnr_ik.forms import listed
from itnnr_ik.robot.description import Description
from itnnr_ik.robot.joint import Joint
from itnnr_ik.robot.limits import Limits, find_ranges, locked_position
from itnnr_ik.robot.mimic import Drive, find_drive
from itnnr_ik.robot.transforms import Array, about_z, along_z, of_rotation, turning_z_to

MAX_JOINTS = 10
#: Most elements of a chain: independent joints and those that mimic one.
_MAX_ELEMENTS = 256
#: Largest length in a chain, and largest distance of its tip from the base [m]: up to here, coordinates in
#: double precision are finer than the default tolerances.
MAX_LENGTH = 1e9


@dataclass(frozen=True)
class ChainArrays:
    """Arrays of a chain, as `KinematicChain` documents them."""

    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    lower: Array
    upper: Array
    velocity: Array
    elements: Array


def assemble(
    robot: Description, path: Sequence[Joint], limits: Limits, locked: Mapping[str, float]
) -> ChainArrays:
    """Arrays of the chain along ``path``.

    Raises:
        ValueError: See `KinematicChain.from_urdf`.
    """
    chain = f"the chain from {path[0].parent!r} to {path[-1].child!r} in {robot.name}"
    moving = [joint for joint in path if joint.moves]
    _check_types(path, chain)
    if len(moving) > _MAX_ELEMENTS:
        raise ValueError(f"{chain} can have {_MAX_ELEMENTS} joints that move, got {len(moving)}")
    _check_locked(robot, [joint.name for joint in moving], locked, chain)
    locked = {name: locked_position(robot.joints[name], value, limits) for name, value in locked.items()}
    drives = {joint.name: find_drive(robot, joint, locked) for joint in moving}
    _check_limited(drives, limits, locked, chain)
    leaders = [name for name, drive in drives.items() if drive.leader == name]
    for name, drive in drives.items():
        if drive.leader is not None and drive.leader not in leaders:
            raise ValueError(
                f"joint {name!r} mimics {drive.leader!r}, which is not in {chain}; "
                f"lock it: locked={{{drive.leader!r}: value}}"
            )
    if not 1 <= len(leaders) <= MAX_JOINTS:
        raise ValueError(
            f"{chain} must have 1 to {MAX_JOINTS} moving joints, got {len(leaders)}: {listed(leaders)}"
        )
    ranges = find_ranges(robot, drives, leaders, limits)
    elements = _elements(moving, path, drives)
    if not (abs(elements) <= MAX_LENGTH).all():
        raise ValueError(f"{chain} has lengths, multipliers or offsets beyond {MAX_LENGTH:g}")
    return ChainArrays(
        joint_names=tuple(leaders),
        joint_types=tuple(_type(robot.joints[name], ranges[name].lower) for name in leaders),
        lower=np.array([ranges[name].lower for name in leaders]),
        upper=np.array([ranges[name].upper for name in leaders]),
        velocity=np.array([ranges[name].velocity for name in leaders]),
        elements=elements,
    )


def _check_types(path: Iterable[Joint], chain: str) -> None:
    """Raise a ValueError where a joint has several degrees of freedom."""
    for joint in path:
        if not joint.moves and joint.type != "fixed":
            raise ValueError(
                f"joint {joint.name!r} is {joint.type}, and {chain} can have revolute, continuous, prismatic "
                "and fixed joints only; choose base and tip on one side of it"
            )


def _check_locked(robot: Description, moving: Sequence[str], locked: Iterable[str], chain: str) -> None:
    """Raise a ValueError where ``locked`` names a joint that cannot be locked."""
    for name in locked:
        joint = robot.joint(name, "locked")
        if not joint.moves:
            raise ValueError(
                f"locked names {name!r}, which is {joint.type} and cannot be locked; "
                f"moving joints of {chain}: {listed(moving)}"
            )


def _check_limited(
    drives: Mapping[str, Drive], limits: Iterable[str], locked: Iterable[str], chain: str
) -> None:
    """Raise a ValueError where ``limits`` names a joint whose limits do not matter.

    Those of a joint between a mimic joint of the chain and what drives it do, wherever it is itself.
    """
    between = {joint.name for drive in drives.values() for joint in drive.followers}
    for name in limits:
        if name not in drives and name not in locked and name not in between:
            raise ValueError(
                f"limits names {name!r}, which is no moving joint of {chain}; moving joints: {listed(drives)}"
            )


def _type(joint: Joint, lower: float) -> str:
    """A joint's type: with limits, a continuous joint is a revolute one."""
    return "revolute" if joint.type == "continuous" and math.isfinite(lower) else joint.type


@np.errstate(over="ignore", invalid="ignore")
def _elements(moving: Sequence[Joint], path: Iterable[Joint], drives: Mapping[str, Drive]) -> Array:
    """The array `KinematicChain.elements`; constant joints are multiplied into the transforms between."""
    leaders = [joint.name for joint in moving if drives[joint.name].leader == joint.name]
    rows = []
    fixed = np.eye(4)
    for joint in path:
        fixed = fixed @ joint.origin()
        if not joint.moves:
            continue
        drive = drives[joint.name]
        prismatic = joint.type == "prismatic"
        turned = of_rotation(turning_z_to(joint.axis()))
        fixed = fixed @ turned
        if drive.leader is None:
            fixed = fixed @ (along_z(drive.offset) if prismatic else about_z(drive.offset))
        else:
            motion = (float(prismatic), float(leaders.index(drive.leader)), drive.ratio, drive.offset)
            rows.append([*fixed[:3].ravel(), *motion])
            fixed = np.eye(4)
        fixed = fixed @ turned.T
    rows.append([*fixed[:3].ravel(), 0.0, 0.0, 0.0, 0.0])
    return np.array(rows)
