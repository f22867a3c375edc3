"""The rules by which a joint_trajectory_controller (jazzy to rolling) accepts a trajectory, in its order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trajectory_msgs.msg import JointTrajectory


def acceptance_problems(
    trajectory: JointTrajectory, controller_joints: Sequence[str], now: float | None = None
) -> list[str]:
    """Which rules a trajectory breaks, and what the controller does not check but its sender must.

    Args:
        trajectory: What was sent.
        controller_joints: Those of the controller.
        now: The controller's time in [s], None where it does not matter.
    """
    names, points = list(trajectory.joint_names), list(trajectory.points)
    if not names or len(names) != len(controller_joints):
        return ["1, 2: one name for each of the controller's joints"]
    if not points:
        return ["3: at least one point"]
    n = len(names)
    times = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in points]
    stamp = trajectory.header.stamp
    checks = {
        "4: only the controller's joints": set(names) <= set(controller_joints),
        "5: at rest at the end": not any(points[-1].velocities),
        "6: stamp 0, or not ended yet": now is None
        or (stamp.sec == 0 and stamp.nanosec == 0)
        or stamp.sec + 1e-9 * stamp.nanosec + times[-1] >= now,
        "7: times rise from above 0": times[0] > 0.0 and times == sorted(set(times)),
        "8: lengths": all(
            len(p.positions) == n and len(p.velocities) in (0, n) and len(p.accelerations) in (0, n)
            for p in points
        ),
        "9: no effort": all(len(p.effort) == 0 for p in points),
        "finite": all(math.isfinite(v) for p in points for v in (*p.positions, *p.velocities)),
        "no duplicate": len(set(names)) == n,
    }
    return [rule for rule, holds in checks.items() if not holds]
