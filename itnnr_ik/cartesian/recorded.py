"""Reads Cartesian paths from recordings, and makes trajectories of joint paths to record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.cartesian.joined import joined_rows
from itnnr_ik.cartesian.table import Array, CartesianPath
from itnnr_ik.evaluation.pose_targets import rejection_reason, target_of
from itnnr_ik.paths import PathSolution
from itnnr_ik.recording.pose_messages import POSE_TYPES
from itnnr_ik.recording.reader import Bag
from itnnr_ik.recording.records import PATH, POSE_STAMPED, RecordedPose
from itnnr_ik.recording.writer import WrittenTrajectory
from itnnr_ik.robot.frame_names import without_slash
from itnnr_ik.solver import IKSolver


def read_recorded(
    recording: Path,
    solver: IKSolver,
    topic: str | None = None,
    frame: str | None = None,
    pose_index: int | None = None,
) -> CartesianPath:
    """The poses of a topic at their times of reception, or the last message of a Path topic.

    A Path has times if the stamps of its poses increase. Times begin at zero.

    Args:
        recording: Any recording that `Bag` reads.
        solver: The arm and the task of the path.
        topic: Of type Path or any in `POSE_TYPES`; None: the only PoseStamped, or else Path, or else other.
        frame: Frame of the poses that is the arm's base; None: the base link.
        pose_index: Index of a pose of a PoseArray.

    Raises:
        ValueError: There is no such topic or no pose; or a pose is in another frame, of another child frame
            than the first, or no valid target.
    """
    notes: list[str] = []
    with Bag(recording, warn=notes.append) as bag:
        found = bag.find_topic([POSE_STAMPED, PATH, *POSE_TYPES[1:]], topic)
        if found.msgtype == PATH and pose_index is not None:
            raise ValueError(f"{found.name} is a Path: --pose-index goes with a PoseArray")
        if found.msgtype == PATH:
            poses = bag.last_path(found.name)
            times = _path_times(poses)
        else:
            poses = list(bag.poses(found.name, pose_index))
            order = np.arange(len(poses))  # makes times increase where poses were received at the same time
            received = np.array([pose.received for pose in poses], dtype=np.int64)
            times = _seconds(np.maximum.accumulate(received - order) + order)
    if not poses:
        raise ValueError(f"expected at least one pose on {found.name} of {recording}, got none")
    base = without_slash(solver.arm.base_link if frame is None else frame)
    _check_poses(poses, solver, found.name, base)
    return CartesianPath(np.array([target_of(solver, pose) for pose in poses]), times, tuple(notes))


def _check_poses(poses: list[RecordedPose], solver: IKSolver, topic: str, base: str) -> None:
    """Raise ValueError unless all poses are targets, in the frame ``base`` and of one child frame."""
    for index, pose in enumerate(poses):
        where = f"pose {index} of {topic}"
        if pose.frame != base:
            raise ValueError(
                f"expected poses in frame {base!r}, got {where} in {pose.frame!r}; "
                "where that is the arm's base, say so with --frame"
            )
        if pose.child != poses[0].child:
            raise ValueError(
                f"expected poses of one frame on {topic}, got those of {poses[0].child!r} and of "
                f"{pose.child!r}"
            )
        flaw = rejection_reason(solver, pose)
        if flaw:
            raise ValueError(f"expected targets, got {where}: {flaw}")


def trajectories(found: PathSolution) -> list[WrittenTrajectory]:
    """A trajectory for each part of the path between gaps, so that none jumps.

    Raises:
        ValueError: The path has no times.
    """
    if found.times is None:
        raise ValueError("expected a path with times, got one without")
    return [WrittenTrajectory(found.times[rows], found.positions[rows]) for rows in joined_rows(found)]


def _path_times(poses: list[RecordedPose]) -> Array | None:
    stamps = np.array([pose.stamp for pose in poses], dtype=np.int64)
    return _seconds(stamps) if (np.diff(stamps) > 0).all() else None


def _seconds(nanoseconds: NDArray[np.int64]) -> Array:
    return np.asarray(nanoseconds - nanoseconds[:1], dtype=np.float64) / 1e9
