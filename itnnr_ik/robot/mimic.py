"""Mimic joints resolved: which joint drives a joint, if any, and by which ratio and offset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from itnnr_ik.robot.description import Description
from itnnr_ik.robot.joint import Joint

#: Longest chain of mimic joints: the product of so many multipliers is still finite and not 0.
_MAX_MIMIC_CHAIN = 32


class Drive(NamedTuple):
    """A joint's position is ratio · (that of ``leader``) + offset; without a leader it is constant at offset.

    ``followers`` are the joint and those between it and the leader; none where it leads itself.
    """

    leader: str | None
    ratio: float
    offset: float
    followers: tuple[Joint, ...] = ()


def find_drive(robot: Description, joint: Joint, locked: Mapping[str, float]) -> Drive:
    """The drive of a joint, through all mimics; joints in ``locked`` are at constant positions [rad] or [m].

    Raises:
        ValueError: A mimic names no joint, one that has no single position, or in the end itself.
    """
    ratio, offset, followers = 1.0, 0.0, [joint]
    while True:
        current = followers[-1]
        if current.name in locked:
            return Drive(None, 0.0, ratio * locked[current.name] + offset)
        if current.type == "fixed":  # stays at 0, and so does what mimics it
            return Drive(None, 0.0, offset)
        mimic = current.mimic()
        if mimic is None:
            break
        leader = robot.joint(mimic.joint, f"<mimic> of joint {current.name!r}")
        if not leader.moves and leader.type != "fixed":
            raise ValueError(f"joint {current.name!r} mimics {leader.name!r}, which is {leader.type}")
        if leader in followers:
            round_trip = " → ".join(repr(each.name) for each in (*followers, leader))
            raise ValueError(f"joint {joint.name!r} mimics itself in the end: {round_trip}")
        if len(followers) > _MAX_MIMIC_CHAIN:
            raise ValueError(
                f"joint {joint.name!r} mimics another through more than {_MAX_MIMIC_CHAIN} joints"
            )
        offset += ratio * mimic.offset
        ratio *= mimic.multiplier
        followers.append(leader)
    if ratio == 0.0:
        return Drive(None, 0.0, offset)
    return Drive(current.name, ratio, offset, tuple(followers[:-1]))
