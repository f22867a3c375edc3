"""Position and velocity limits of the independent joints of a chain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from itnnr_ik.forms import shown
from itnnr_ik.robot.description import Description
from itnnr_ik.robot.joint import MAX_MAGNITUDE, Joint
from itnnr_ik.robot.mimic import Drive

Limits = Mapping[str, Sequence[float]]

#: Tolerance [rad, m] for positions of mimic joints, which may exceed a limit by rounding.
_ROUNDING = 1e-9
_UNLIMITED = (-math.inf, math.inf)


class Range(NamedTuple):
    """Position limits in [rad] or [m], ∓inf where there are none, and velocity limit in [rad/s] or [m/s]."""

    lower: float
    upper: float
    velocity: float


def locked_position(joint: Joint, value: object, limits: Limits) -> float:
    """Position of a locked joint in [rad] or [m].

    Raises:
        ValueError: It is not finite or not within the joint's limits.
    """
    number = _finite(value, f"locked position of joint {joint.name!r}")
    lower, upper = _position_limits(joint, limits)
    if not lower <= number <= upper:
        raise ValueError(
            f"locked position of joint {joint.name!r} must be in [{lower:g}, {upper:g}], got {number:g}"
        )
    return number


def find_ranges(
    robot: Description, drives: Mapping[str, Drive], leaders: Sequence[str], limits: Limits
) -> dict[str, Range]:
    """Limits of each of ``leaders``, such that the joints that follow it stay within theirs, too.

    ``limits`` (lower, upper) by joint name take precedence over those in the URDF.

    Raises:
        ValueError: Limits are missing, not a pair of finite numbers, or leave nothing between them.
    """
    found = {name: _position_limits(robot.joints[name], limits) for name in leaders}
    unlimited = [name for name, pair in found.items() if pair == _UNLIMITED]
    if missing := [name for name in unlimited if robot.joints[name].type != "continuous"]:
        pairs = ", ".join(f"{name!r}: (lower, upper)" for name in missing)
        raise ValueError(
            f"{robot.name} has no limits for {', '.join(missing)}; "
            f"give limits={{{pairs}}} in rad, prismatic in m"
        )
    ranges = {}
    for name, pair in found.items():
        _check_order(name, pair)
        ranges[name] = Range(*pair, robot.joints[name].limit().velocity)
    for name, drive in drives.items():
        if drive.leader is None:
            _check_constant(robot.joints[name], drive.offset, limits)
        elif drive.followers:
            ranges[drive.leader] = _narrowed(ranges[drive.leader], drive.leader, drive.followers, limits)
    return ranges


def _narrowed(own: Range, leader: str, followers: Iterable[Joint], limits: Limits) -> Range:
    """The part of a leader's range where all of its followers are within their limits."""
    ratio, offset = 1.0, 0.0
    for joint in reversed(tuple(followers)):  # from the leader outwards: each has its own ratio and offset
        mimic = joint.mimic()
        assert mimic is not None
        ratio, offset = mimic.multiplier * ratio, mimic.multiplier * offset + mimic.offset
        pair = _position_limits(joint, limits)
        _check_order(joint.name, pair)
        low, high = sorted((end - offset) / ratio for end in pair)
        own = Range(
            max(own.lower, low), min(own.upper, high), min(own.velocity, joint.limit().velocity / abs(ratio))
        )
        if not own.lower < own.upper:
            raise ValueError(
                f"joint {joint.name!r} mimics {leader!r} and leaves it nowhere to move with its limits "
                f"[{pair[0]:g}, {pair[1]:g}]; give limits={{{joint.name!r}: (lower, upper)}}"
            )
    return own


def _check_order(name: str, pair: tuple[float, float]) -> None:
    """Raise a ValueError unless lower < upper."""
    if not pair[0] < pair[1]:
        raise ValueError(
            f"limits of joint {name!r} must have lower < upper, got [{pair[0]:g}, {pair[1]:g}]; "
            f"give limits={{{name!r}: (lower, upper)}} or lock it: locked={{{name!r}: value}}"
        )


def _check_constant(joint: Joint, position: float, limits: Limits) -> None:
    """Raise a ValueError where a joint's constant position is outside its limits."""
    lower, upper = _position_limits(joint, limits)
    if not lower - _ROUNDING <= position <= upper + _ROUNDING:
        raise ValueError(
            f"joint {joint.name!r} stays at {position:g} by what it mimics, outside its limits "
            f"[{lower:g}, {upper:g}]"
        )


def _position_limits(joint: Joint, limits: Limits) -> tuple[float, float]:
    """Limits given for a joint or else those in the URDF; ∓inf if continuous or where there are none."""
    if joint.name in limits:
        pair, what = limits[joint.name], f"limits of joint {joint.name!r}"
        try:
            lower, upper = () if isinstance(pair, str) else pair
        except (TypeError, ValueError):
            raise ValueError(f"{what} must be a pair (lower, upper), got {shown(pair)}") from None
        return _finite(lower, what), _finite(upper, what)
    if joint.type == "continuous":
        return _UNLIMITED
    own = joint.limit()
    return _UNLIMITED if own.lower is None or own.upper is None else (own.lower, own.upper)


def _finite(value: object, what: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= MAX_MAGNITUDE:
        large = f" and at most {MAX_MAGNITUDE:g} in size" if math.isfinite(number) else ""
        raise ValueError(f"{what} must be finite{large}, got {shown(value)}")
    return number
