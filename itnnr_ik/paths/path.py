"""Joint positions for all targets of a path at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from itnnr_ik.paths.curves import find_curves
from itnnr_ik.paths.gaps import OPEN, explain, fill
from itnnr_ik.paths.kinematics import Kinematics, displacement
from itnnr_ik.paths.planner import CLOSURE_TOLERANCE, Planner
from itnnr_ik.paths.solution import Gap, PathSolution, SlowDown, Stretch
from itnnr_ik.paths.timing import keep_velocities
from itnnr_ik.paths.tracks import Tracks, read_joints

Array = NDArray[np.float64]

#: How often branches are searched for again where stretches end, and the largest share of targets for that.
_MAX_REPAIRS, _MAX_ENDS_SHARE = 2, 0.05


def solve_path(
    arm: Kinematics,
    current: Array | None = None,
    times: Array | None = None,
    velocity: Array | None = None,
    closed: bool = False,
) -> PathSolution:
    """Joint positions for all targets of ``arm``; see `itnnr_ik.IKSolver.solve_path`.

    Args:
        current: State (n,) before the first target.
        times: (m,) [s] of the targets.
        velocity: Limits (n,) in [rad/s] or [m/s], with times.
        closed: The last posture is to be the first.
    """
    closed = closed and arm.count > 1  # one target ends where it begins
    stretches = (find_curves if arm.spare else _branches)(arm, current, closed)
    positions = np.clip(fill(arm, stretches, current), arm.lower, arm.upper)
    residual, angle, converged = arm.errors(positions)
    gaps = explain(arm, stretches, positions, residual, angle, converged)
    jump = float(displacement(arm.weights, positions[-1] - positions[0]))
    if closed and jump > CLOSURE_TOLERANCE:
        gaps = (*gaps, Gap(arm.count - 1, 0, OPEN, jump, "rad"))
    slow: tuple[SlowDown, ...] = ()
    if times is not None and velocity is not None:
        times, slow = keep_velocities(positions, times, velocity)
    return PathSolution(positions, residual, angle, converged, times, gaps, slow)


def _branches(arm: Kinematics, current: Array | None, closed: bool) -> list[Stretch]:
    """Stretches of an arm without spare joints."""
    joints = read_joints(arm, current)
    tracks = Tracks(arm, joints)
    tracks.find()
    stretches = Planner(arm, joints, tracks.layers()).join(current, closed)
    for _ in range(_MAX_REPAIRS):
        ends = {stretch.first for stretch in stretches} | {stretch.end for stretch in stretches}
        ends |= {end - 1 for end in ends}
        if not stretches or len(ends) > max(4, _MAX_ENDS_SHARE * arm.count):
            break
        if len(stretches) == 1 and len(stretches[0].positions) == arm.count:
            break
        found = [tracks.add(end) for end in sorted(ends) if 0 <= end < arm.count]
        if not any(found):
            break
        stretches = Planner(arm, joints, tracks.layers()).join(current, closed)
    return stretches
