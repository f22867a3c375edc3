"""Targets along straight lines from waypoint to waypoint."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation, Slerp

Array = NDArray[np.float64]

#: Largest rotation from target to target [rad] for each metre of the largest translation [rad/m].
ROTATION_PER_METRE = 3.5


def straight_lines(
    start: ArrayLike, waypoints: ArrayLike, max_step: float, max_targets: int
) -> tuple[Array, Array]:
    """Targets at most ``max_step`` apart: positions interpolated linearly, orientations by slerp.

    Args:
        start: The first target: a position (2,) or (3,) [m], or a pose (7,), x, y, z, qx, qy, qz, qw.
        waypoints: (k, 2, 3 or 7), one or more.
        max_step: Largest translation in [m]; the largest rotation in [rad] is 3.5 times as much.
        max_targets: Largest number of targets.

    Returns:
        Targets (m, 2, 3 or 7), and the progress (m,) at each: the number of waypoints passed, from 0 to k.

    Raises:
        ValueError: ``max_step`` is not positive, or so small that there would be too many targets.
    """
    if not (math.isfinite(max_step) and max_step > 0.0):
        raise ValueError(f"expected a max_step that is positive, in m, got {max_step:g}")
    ends = np.vstack([np.asarray(start, dtype=float), np.asarray(waypoints, dtype=float)])
    oriented = ends.shape[1] == 7
    steps = np.linalg.norm(np.diff(ends[:, :3], axis=0), axis=1) / max_step
    if oriented:
        turns = Rotation.from_quat(ends[:, 3:])
        steps = np.maximum(
            steps, (turns[:-1].inv() * turns[1:]).magnitude() / (ROTATION_PER_METRE * max_step)
        )
    # Rounding errors must not add a step.
    counts = np.maximum(np.ceil(steps - 1e-9), 1.0)
    if not counts.sum() < max_targets:
        raise ValueError(
            f"expected a max_step with which there are at most {max_targets} targets, got {max_step:g} m, "
            f"which makes {counts.sum() + 1:.0f}"
        )
    parts = [i + np.arange(1, count + 1) / count for i, count in enumerate(counts.astype(int).tolist())]
    along = np.concatenate([[0.0], *parts])
    knots = np.arange(len(ends))
    columns = [np.interp(along, knots, column) for column in ends[:, :3].T]
    if oriented:
        columns.extend(Slerp(knots, turns)(along).as_quat().T)
    return np.stack(columns, axis=1), along
