"""Converts recorded poses to targets of a task, and targets to the poses that are published."""

from __future__ import annotations

import numpy as np

from itnnr_ik.recording.pairing import Array
from itnnr_ik.recording.records import RecordedPose
from itnnr_ik.robot.joint import MAX_MAGNITUDE
from itnnr_ik.solver import IKSolver


def rejection_reason(solver: IKSolver, pose: RecordedPose) -> str:
    """Why a recorded pose cannot be a target of the task; empty if it can."""
    if not is_plausible(pose.position):
        return "pose not finite" if not np.isfinite(pose.position).all() else "pose beyond all reach"
    if not solver.task.has_orientation:
        return ""
    if np.isnan(pose.orientation).all():
        return "pose without an orientation, which counts here (not with --task position)"
    if not np.isfinite(pose.orientation).all():
        return "pose not finite"
    return "" if pose.orientation.any() else "pose whose quaternion is zero"


def target_of(solver: IKSolver, pose: RecordedPose) -> Array:
    """The target (2, 3 or 7) of a recorded pose, whose quaternion must not be zero if orientation counts."""
    if not solver.task.has_orientation:
        return np.array(pose.position[: solver.task.n_coordinates])
    # With a largest component of 1 the squared norm neither underflows nor overflows.
    quaternion = pose.orientation / np.abs(pose.orientation).max()
    return np.concatenate([pose.position, quaternion / np.linalg.norm(quaternion)])


def is_plausible(position: Array) -> bool:
    """Whether a point (3,) [m] is finite and within the largest coordinates that are accepted."""
    return bool((np.abs(position) <= MAX_MAGNITUDE).all())


def pose_of(solver: IKSolver, targets: Array) -> Array:
    """Targets (…, 2, 3 or 7) for a PoseStamped: points (…, 3) in [m], or poses (…, 7)."""
    return targets if solver.task.has_orientation else solver.in_space(targets)
