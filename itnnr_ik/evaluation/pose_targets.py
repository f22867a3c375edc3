"""Recorded poses as targets, and targets as the poses that are sent: what of them counts is the task's."""

from __future__ import annotations

import numpy as np

from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.records import RecordedPose
from itnnr_ik.robot.joint import LARGEST
from itnnr_ik.solver import IKSolver


def flaw_of(solver: IKSolver, pose: RecordedPose) -> str:
    """Why a recorded pose is no target: what counts of it is not there, or no number; empty if it is one."""
    if not is_somewhere(pose.position):
        return "pose not finite" if not np.isfinite(pose.position).all() else "pose beyond all reach"
    if not solver.task.has_orientation:
        return ""
    if np.isnan(pose.orientation).all():
        return "pose without an orientation, which counts here (not with --task position)"
    if not np.isfinite(pose.orientation).all():
        return "pose not finite"
    return "" if pose.orientation.any() else "pose whose quaternion is zero"


def target_of(solver: IKSolver, pose: RecordedPose) -> Array:
    """The target (2, 3 or 7) that a recorded pose is; its quaternion must not be zero where it counts."""
    if not solver.task.has_orientation:
        return np.array(pose.position[: solver.task.n_coordinates])
    # Of a largest coordinate of 1 the square is neither zero nor infinite.
    quaternion = pose.orientation / np.abs(pose.orientation).max()
    return np.concatenate([pose.position, quaternion / np.linalg.norm(quaternion)])


def is_somewhere(position: Array) -> bool:
    """Whether a point (3,) [m] is finite, and near enough that distances from it are."""
    return bool((np.abs(position) <= LARGEST).all())


def pose_of(solver: IKSolver, targets: Array) -> Array:
    """Targets (…, 2, 3 or 7) as PoseStamped has them: points (…, 3) in [m], or poses (…, 7)."""
    return targets if solver.task.has_orientation else solver.in_space(targets)
