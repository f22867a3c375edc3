"""Streams of targets with their times: along a curve, at random, or out of a recording. No node needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from itnnr_ik.arms import Arm
from itnnr_ik.bags import JOINT_STATE, POSE_STAMPED, Bag, RecordedJoints
from itnnr_ik.bags.pairing import joint_track
from itnnr_ik.targets import Curve, random_targets

_BLOCK = 256


@dataclass(frozen=True)
class TimedTarget:
    """A target and when it is due.

    Attributes:
        time: Seconds since the stream's first target.
        position: Position (3,) in [m].
        joints: For a target made from recorded joints, the joint state recorded just before its own.
    """

    time: float
    position: np.ndarray
    joints: RecordedJoints | None = None


def along_curve(arm: Arm, curve: Curve, rate: float, period: float) -> Iterator[TimedTarget]:
    """Points of an arm's curve without end, ``rate`` a second, a lap every ``period`` seconds."""
    for i in count():
        time = i / rate
        yield TimedTarget(time, arm.in_space(curve.at(2.0 * np.pi * time / period)))


def at_random(arm: Arm, rate: float, seed: int) -> Iterator[TimedTarget]:
    """Reachable points without end, ``rate`` a second; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    for start in count(step=_BLOCK):
        for i, target in enumerate(random_targets(arm, _BLOCK, rng)):
            yield TimedTarget((start + i) / rate, arm.in_space(target))


def from_bag(
    path: str | Path, topic: str | None, arm: Arm, joints: Sequence[str], speed: float
) -> list[TimedTarget]:
    """Recorded poses, or the arm's tip at recorded joint states, at ``speed`` times their recorded pace.

    The pace is that of receipt, because a header's stamp may be of a clock that stood still or jumped. Each
    joint state but the first gives a target; the one before it is where the arm stood when it was due. Those
    without all of the arm's joints, such as a gripper's, are left out.

    Args:
        path: The recording.
        topic: A PoseStamped or JointState topic; None takes the only one, poses first.
        arm: The arm whose forward kinematics turns joint states into targets.
        joints: Names of the arm's joints in the recording, base to tip; poses need none.
        speed: 1.0 is the recorded pace.

    Raises:
        ValueError: The recording cannot be read, has no such topic, or lacks a joint.
    """
    with Bag(path) as bag:
        found = bag.find_topic([POSE_STAMPED, JOINT_STATE], topic)
        recorded: list[tuple[int, np.ndarray, RecordedJoints | None]]
        if found.msgtype == POSE_STAMPED:
            recorded = [(pose.received, pose.position, None) for pose in bag.poses(found.name)]
        else:
            states = list(bag.joint_states(found.name))
            track, _ = joint_track(states, joints)
            tips = arm.in_space(arm.forward(track.positions))
            recorded = [
                (int(received), target, states[before])
                for received, target, before in zip(
                    track.received[1:], tips[1:], track.messages[:-1], strict=True
                )
            ]
    start = recorded[0][0] if recorded else 0
    return [
        TimedTarget(1e-9 * (received - start) / speed, position, before)
        for received, position, before in recorded
    ]
