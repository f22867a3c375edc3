"""What a joint_trajectory_controller does with trajectories: accept, interpolate, hold. No node needed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from builtin_interfaces.msg import Duration, Time
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.messages import quote_all

#: Beyond this a position [rad, m] or a velocity [rad/s, m/s] is no arm's, and a product of two may overflow.
_LARGEST = 1e6


class TrajectoryController:
    """Gives set-points along the newest accepted trajectory, and where none runs, the last point reached.

    A trajectory that is accepted replaces the one that runs, from the position and velocity of its set-point
    at that time on. Between two points that both have velocities goes a cubic, otherwise a straight line;
    accelerations are not used. Points whose time is over are passed by.

    Args:
        joint_names: The controller's joints.
        positions: Where they are held at first (n,) in [rad] or [m].
    """

    def __init__(self, joint_names: Sequence[str], positions: Sequence[float] | np.ndarray) -> None:
        self._joint_names = tuple(joint_names)
        self._times = [0]
        self._positions = [np.array(positions, dtype=float)]
        self._velocities: list[np.ndarray | None] = [None]

    def follow(self, trajectory: JointTrajectory, now: int) -> None:
        """Replace what runs by ``trajectory``.

        Args:
            trajectory: It starts at its stamp, or at once where that is 0.
            now: Time in [ns], on the clock that stamps are of.

        Raises:
            ValueError: It breaks one of the rules that a joint_trajectory_controller checks, or names a joint
                twice or holds a number that is not finite, which that does not check. What runs goes on.
        """
        order = self._order(trajectory.joint_names)
        points = list(trajectory.points)
        if not points:
            raise ValueError("expected at least one point, got none")
        if any(points[-1].velocities):
            raise ValueError(
                f"expected the last point at rest or without velocities, got {list(points[-1].velocities)}"
            )
        offsets = [_nanoseconds(point.time_from_start) for point in points]
        stamp = _nanoseconds(trajectory.header.stamp)
        if stamp and stamp + offsets[-1] < now:
            raise ValueError(
                f"expected a trajectory that ends in the future, this one ended "
                f"{1e-9 * (now - stamp - offsets[-1]):.3g} s ago"
            )
        if offsets[0] < 0 or any(after <= before for before, after in pairwise(offsets)):
            raise ValueError(
                "expected time_from_start to rise strictly from 0 or later, "
                f"got {[1e-9 * offset for offset in offsets[:12]]} s"
            )
        for i, point in enumerate(points):
            self._check_point(i, point)
        position, velocity = self.sample(now)
        self._times, self._positions, self._velocities = [now], [position], [velocity]
        for offset, point in zip(offsets, points, strict=True):
            time = (stamp or now) + offset
            # At the last point's very time it is reached, by a step if it must be.
            if time > now or point is points[-1]:
                self._times.append(time)
                self._positions.append(np.array(point.positions)[order])
                self._velocities.append(np.array(point.velocities)[order] if point.velocities else None)

    def sample(self, now: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (n,) [rad, m] and velocities (n,) [rad/s, m/s] of the set-points at ``now`` [ns]."""
        after = bisect_right(self._times, now)
        if after in (0, len(self._times)):
            # All done, or a clock that was set back.
            position = self._positions[after - 1 if after else 0]
            return position, np.zeros_like(position)
        before = after - 1
        duration = 1e-9 * (self._times[after] - self._times[before])
        share = 1e-9 * (now - self._times[before]) / duration
        start, end = self._positions[before], self._positions[after]
        start_velocity, end_velocity = self._velocities[before], self._velocities[after]
        if start_velocity is None or end_velocity is None:
            return start + share * (end - start), (end - start) / duration
        # Hermite's cubic in powers of the share: p0 + p1 s + p2 s² + p3 s³.
        p1, leave = duration * start_velocity, duration * end_velocity
        p2 = 3.0 * (end - start) - 2.0 * p1 - leave
        p3 = 2.0 * (start - end) + p1 + leave
        position = start + share * (p1 + share * (p2 + share * p3))
        velocity = (p1 + share * (2.0 * p2 + 3.0 * share * p3)) / duration
        return position, velocity

    def _order(self, names: Sequence[str]) -> list[int]:
        """Where in the message each of the controller's joints is."""
        expected = f"expected joints {quote_all(self._joint_names)} in any order, got {quote_all(names)}"
        if len(names) != len(self._joint_names) or not set(names) <= set(self._joint_names):
            raise ValueError(expected)
        if len(set(names)) != len(names):
            raise ValueError(f"{expected}: a joint is named more than once")
        return [list(names).index(name) for name in self._joint_names]

    def _check_point(self, index: int, point: JointTrajectoryPoint) -> None:
        n = len(self._joint_names)
        lengths = [
            len(values) for values in (point.positions, point.velocities, point.accelerations, point.effort)
        ]
        if lengths[0] != n or any(length not in (0, n) for length in lengths[1:3]):
            raise ValueError(
                f"expected {n} positions and as many velocities and accelerations or none in point {index}, "
                f"got {', '.join(map(str, lengths[:3]))}"
            )
        if lengths[3]:
            raise ValueError(f"expected no effort in point {index}, got {lengths[3]} values")
        values = np.array([*point.positions, *point.velocities, *point.accelerations])
        if not (np.abs(values) <= _LARGEST).all():  # NaN is not either
            raise ValueError(
                f"expected finite numbers up to {_LARGEST:g} in point {index}, got {values.tolist()}"
            )


def _nanoseconds(time: Time | Duration) -> int:
    return int(time.sec) * 10**9 + int(time.nanosec)
