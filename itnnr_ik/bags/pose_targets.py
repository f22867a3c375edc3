"""Recorded poses as targets, and targets as the poses that are sent: what of them counts is the task's."""

from __future__ import annotations

import numpy as np

from itnnr_ik.bags.pairing import Array
from itnnr_ik.bags.records import RecordedPose
from itnnr_ik.solver import IKSolver


def is_finite(solver: IKSolver, pose: RecordedPose) -> bool:
    """Whether what counts of a recorded pose is numbers."""
    counts = (pose.position, *([pose.orientation] if solver.task.has_orientation else []))
    return all(np.isfinite(part).all() for part in counts)


def target_of(solver: IKSolver, pose: RecordedPose) -> Array:
    """The target (2, 3 or 7) that a recorded pose is; its quaternion must not be zero where it counts."""
    if not solver.task.has_orientation:
        return np.array(pose.position[: solver.task.n_coordinates])
    return np.concatenate([pose.position, pose.orientation / np.linalg.norm(pose.orientation)])


def pose_of(solver: IKSolver, targets: Array) -> Array:
    """Targets (…, 2, 3 or 7) as PoseStamped has them: points (…, 3) in [m], or poses (…, 7)."""
    return targets if solver.task.has_orientation else solver.in_space(targets)
