"""Streams of targets with their times: along a curve, at random, or out of a recording. No node needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np

from itnnr_ik import IKSolver
from itnnr_ik.evaluation.pose_targets import pose_of
from itnnr_ik.recording import JOINT_STATE, POSE_STAMPED, Bag, RecordedJoints, RecordedPose
from itnnr_ik.recording.pairing import joint_track
from itnnr_ik.targets import Curve, random_targets

_BATCH_SIZE = 256


@dataclass(frozen=True)
class TimedTarget:
    """A target with its time.

    Attributes:
        time: Seconds since the stream's first target.
        pose: Position (3,) in [m] or, where its orientation counts, pose (7,) as x, y, z, qx, qy, qz, qw.
        joints: For a target made from recorded joints, the joint state recorded just before its own.
    """

    time: float
    pose: np.ndarray
    joints: RecordedJoints | None = None


def along_curve(solver: IKSolver, curve: Curve, rate: float, period: float) -> Iterator[TimedTarget]:
    """Endless targets on an arm's curve, ``rate`` a second, a lap every ``period`` seconds."""
    for i in count():
        time = i / rate
        yield TimedTarget(time, pose_of(solver, curve.at(2.0 * np.pi * time / period)))


def at_random(solver: IKSolver, rate: float, seed: int) -> Iterator[TimedTarget]:
    """Endless reachable targets, ``rate`` a second; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    for start in count(step=_BATCH_SIZE):
        for i, pose in enumerate(pose_of(solver, random_targets(solver, _BATCH_SIZE, rng))):
            yield TimedTarget((start + i) / rate, pose)


def from_bag(
    path: str | Path, topic: str | None, solver: IKSolver, joints: Sequence[str], speed: float
) -> list[TimedTarget]:
    """Recorded poses, or those of the arm's tool at recorded joint states, at a multiple of their pace.

    Times are reception times, because a header's timestamp may be of a clock that stood still or jumped. Each
    joint state but the first gives a target, with the previous one as the arm's state. Joint states without
    all of the arm's joints, such as a gripper's, are left out.

    Args:
        path: The recording.
        topic: A PoseStamped or JointState topic; None takes the only one, poses first.
        solver: Of the arm whose forward kinematics turns joint states into targets.
        joints: Names of the arm's joints in the recording, base to tip; poses need none.
        speed: 1.0 is the recorded pace.

    Raises:
        ValueError: The recording cannot be read, has no such topic, or lacks a joint.
    """
    with Bag(path) as bag:
        found = bag.find_topic([POSE_STAMPED, JOINT_STATE], topic)
        recorded: list[tuple[int, np.ndarray, RecordedJoints | None]]
        if found.msgtype == POSE_STAMPED:
            recorded = [(pose.received, _pose(solver, pose), None) for pose in bag.poses(found.name)]
        else:
            states = list(bag.joint_states(found.name))
            track, _ = joint_track(states, joints)
            poses = pose_of(solver, solver.target_at(track.positions))
            recorded = [
                (int(received), pose, states[before])
                for received, pose, before in zip(
                    track.received[1:], poses[1:], track.messages[:-1], strict=True
                )
            ]
    start = recorded[0][0] if recorded else 0
    return [
        TimedTarget(1e-9 * (received - start) / speed, pose, before) for received, pose, before in recorded
    ]


def _pose(solver: IKSolver, pose: RecordedPose) -> np.ndarray:
    """A recorded pose, unchecked, with its orientation if that counts."""
    parts = [pose.position, pose.orientation] if solver.task.has_orientation else [pose.position]
    return np.concatenate(parts)
