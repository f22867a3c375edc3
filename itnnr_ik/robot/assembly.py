"""From the joints of a URDF to the arrays of a chain: mimics, locked joints and limits are resolved here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from itnnr_ik.robot.transforms import Array, about_z, along_z, of_rotation, turning_z_to
from itnnr_ik.robot.urdf import Description, Joint

MAX_JOINTS = 10

Limits = Mapping[str, Sequence[float]]
Locked = Mapping[str, float]


@dataclass(frozen=True)
class Assembly:
    """Arrays of a chain, as `KinematicChain` documents them."""

    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    lower: Array
    upper: Array
    velocity: Array
    elements: Array


class _Drive(NamedTuple):
    """What moves a joint: its position is ratio · (that of ``leader``) + offset; no leader: it stays."""

    leader: str | None
    ratio: float
    offset: float
    followers: tuple[Joint, ...]  # the joint itself and those that pass the motion on to it


@dataclass
class _Range:
    """Position and velocity limits of a joint, narrowed by those that follow it."""

    lower: float
    upper: float
    velocity: float

    def narrow(self, lower: float, upper: float, velocity: float) -> None:
        self.lower, self.upper = max(self.lower, lower), min(self.upper, upper)
        self.velocity = min(self.velocity, velocity)


def assemble(robot: Description, path: Sequence[Joint], limits: Limits, locked: Locked) -> Assembly:
    """Arrays of the chain along ``path``.

    Raises:
        ValueError: See `KinematicChain.from_urdf`.
    """
    for joint in path:
        if joint.type in ("floating", "planar"):
            raise ValueError(
                f"joint {joint.name!r} of {robot.name} is {joint.type}, and a chain takes revolute, "
                "continuous, prismatic and fixed joints only: choose base and tip on one side of it"
            )
    _check_names(robot, path, limits, locked)
    values = {name: _locked_value(robot.joints[name], value, limits) for name, value in locked.items()}
    drives = {joint.name: _drive(robot, joint, values) for joint in path if joint.moves}
    leaders = [name for name, drive in drives.items() if drive.leader == name]
    for name, drive in drives.items():
        if drive.leader is not None and drive.leader not in leaders:
            raise ValueError(
                f"joint {name!r} mimics {drive.leader!r}, which is not in the chain from {path[0].parent!r} to "
                f"{path[-1].child!r}: lock it, locked={{{drive.leader!r}: value}}"
            )
    if not 1 <= len(leaders) <= MAX_JOINTS:
        raise ValueError(
            f"a chain must have 1 to {MAX_JOINTS} moving joints, got {len(leaders)} from "
            f"{path[0].parent!r} to {path[-1].child!r} in {robot.name}: {', '.join(leaders) or 'none'}"
        )
    ranges = _ranges(robot, leaders, limits)
    _narrow(ranges, drives, limits)
    kinds = [robot.joints[name].type for name in leaders]
    return Assembly(
        joint_names=tuple(leaders),
        joint_types=tuple(
            "revolute" if kind == "continuous" and math.isfinite(ranges[name].lower) else kind
            for name, kind in zip(leaders, kinds, strict=True)
        ),
        lower=np.array([ranges[name].lower for name in leaders]),
        upper=np.array([ranges[name].upper for name in leaders]),
        velocity=np.array([ranges[name].velocity for name in leaders]),
        elements=_elements(path, drives, leaders),
    )


def _check_names(robot: Description, path: Sequence[Joint], limits: Limits, locked: Locked) -> None:
    """Raise a ValueError where ``limits`` or ``locked`` name a joint that they can do nothing to."""
    moving = [joint.name for joint in path if joint.moves]
    for name in limits:
        if name not in moving and name not in locked:
            raise ValueError(
                f"limits names {name!r}, which is no moving joint from {path[0].parent!r} to "
                f"{path[-1].child!r} in {robot.name}; moving joints: {', '.join(moving) or 'none'}"
            )
    for name in locked:
        if not robot.joint(name, "locked").moves:
            raise ValueError(f"locked names {name!r}, which is a {robot.joints[name].type} joint")


def _given_limits(joint: Joint, limits: Limits) -> tuple[float, float] | None:
    """Limits of a joint, those in ``limits`` before its own; ∓inf of a continuous one, None where missing."""
    if joint.name in limits:
        pair = limits[joint.name]
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise ValueError(f"limits of joint {joint.name!r} must be a pair (lower, upper), got {pair!r}")
        lower, upper = (_number(value, f"limits of joint {joint.name!r}") for value in pair)
    elif joint.type == "continuous":
        return -math.inf, math.inf
    else:
        own = joint.limit()
        if own.lower is None or own.upper is None:
            return None
        lower, upper = own.lower, own.upper
    return lower, upper


def _number(value: object, what: str) -> float:
    """A finite float, or a ValueError."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{what} must be finite, got {value!r}")
    return number


def _locked_value(joint: Joint, value: object, limits: Limits) -> float:
    """Position that a joint is locked at, once it is known to be within its limits."""
    number = _number(value, f"locked position of joint {joint.name!r}")
    lower, upper = _given_limits(joint, limits) or (-math.inf, math.inf)
    if not lower <= number <= upper:
        raise ValueError(
            f"locked position of joint {joint.name!r} must be in [{lower}, {upper}], got {number}"
        )
    return number


def _drive(robot: Description, joint: Joint, locked: Locked) -> _Drive:
    """What moves a joint in the end, through all mimics between."""
    ratio, offset, followers = 1.0, 0.0, [joint]
    while True:
        current = followers[-1]
        if current.name in locked:
            return _Drive(None, 0.0, ratio * locked[current.name] + offset, ())
        mimic = current.mimic()
        if mimic is None or not current.moves:
            break
        leader = robot.joint(mimic.joint, f"<mimic> of joint {current.name!r}")
        if leader in followers:
            raise ValueError(
                f"joint {joint.name!r} mimics itself: "
                + " → ".join(repr(each.name) for each in (*followers, leader))
            )
        offset += ratio * mimic.offset
        ratio *= mimic.multiplier
        followers.append(leader)
    if ratio == 0.0 or not current.moves:  # a fixed joint stays at 0, and so does what follows it
        return _Drive(None, 0.0, offset, ())
    return _Drive(current.name, ratio, offset, tuple(followers[:-1]))


def _ranges(robot: Description, leaders: Sequence[str], limits: Limits) -> dict[str, _Range]:
    """Own limits of the joints that move by themselves."""
    ranges = {}
    missing = []
    for name in leaders:
        joint = robot.joints[name]
        pair = _given_limits(joint, limits)
        if pair is None:
            missing.append(name)
            continue
        if not pair[0] < pair[1]:
            raise ValueError(
                f"limits of joint {name!r} must have lower < upper, got [{pair[0]}, {pair[1]}]: give "
                f"limits={{{name!r}: (lower, upper)}}, or lock it, locked={{{name!r}: value}}"
            )
        ranges[name] = _Range(*pair, joint.limit().velocity)
    if missing:
        pairs = ", ".join(f"{name!r}: (lower, upper)" for name in missing)
        raise ValueError(
            f"{robot.name} has no limits for {', '.join(missing)}: give limits={{{pairs}}} in rad (prismatic: m)"
        )
    return ranges


def _narrow(ranges: dict[str, _Range], drives: Mapping[str, _Drive], limits: Limits) -> None:
    """Keep every joint that moves by itself where all joints that follow it are within their limits."""
    for drive in drives.values():
        if drive.leader is None or not drive.followers:
            continue
        leader = ranges[drive.leader]
        ratio, offset = 1.0, 0.0
        # From the leader outwards, so that each joint between has its own ratio and offset.
        for joint in reversed(drive.followers):
            mimic = joint.mimic()
            assert mimic is not None
            ratio, offset = mimic.multiplier * ratio, mimic.multiplier * offset + mimic.offset
            pair = _given_limits(joint, limits)
            if pair is None:
                continue
            ends = sorted((end - offset) / ratio for end in pair)
            leader.narrow(*ends, joint.limit().velocity / abs(ratio))
            if not leader.lower < leader.upper:
                raise ValueError(
                    f"joint {joint.name!r} mimics {drive.leader!r}, whose limits leave its own "
                    f"[{pair[0]}, {pair[1]}] nowhere to move"
                )


def _elements(path: Sequence[Joint], drives: Mapping[str, _Drive], leaders: Sequence[str]) -> Array:
    """The array of `KinematicChain.elements`: whatever does not move is multiplied into fixed transforms."""
    rows = []
    fixed = np.eye(4)
    for joint in path:
        fixed = fixed @ joint.origin()
        if not joint.moves:
            continue
        turned = of_rotation(turning_z_to(joint.axis()))
        drive = drives[joint.name]
        prismatic = joint.type == "prismatic"
        fixed = fixed @ turned
        if drive.leader is None:
            fixed = fixed @ (along_z if prismatic else about_z)(drive.offset)
        else:
            motion = [float(prismatic), float(leaders.index(drive.leader)), drive.ratio, drive.offset]
            rows.append([*fixed[:3].ravel(), *motion])
            fixed = np.eye(4)
        fixed = fixed @ turned.T
    rows.append([*fixed[:3].ravel(), 0.0, 0.0, 0.0, 0.0])
    return np.array(rows)
