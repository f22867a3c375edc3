"""A model of ros2_control's joint_trajectory_controller, cycle by cycle. No node needed.

It reproduces ros2_controllers 5.17 with its oddities (one position command interface, position and velocity
state interfaces, parameters at their defaults but for `interpolate_from_desired_state`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.messages import quote_all
from itnnr_ik.ros.simulation.sampled_trajectory import Point, SampledTrajectory
from itnnr_ik.ros.time_messages import nanoseconds_of

#: Largest velocity of the last point [rad/s, m/s].
_MAX_END_VELOCITY = float(np.finfo(np.float32).eps)


class TrajectoryController:
    """Set-points along the newest accepted trajectory.

    A cycle samples the set-points of the next one. A new trajectory takes effect with the next cycle, and
    begins at the measured state, or at the last set-points. These were for the end of their cycle, but the
    controller stores them with the time of its beginning, so that the first cycle after each replacement
    moves by two cycles' motion.

    A trajectory whose points cover the present is joined at the present time. Numbers that are not finite are
    accepted; so are a negative first time, positions beyond limits, and a joint that is named twice, while
    another one gets the values sorted before.

    Args:
        joint_names: The controller's joints.
        update_rate: Cycles a second, in [Hz].
        interpolate_from_desired_state: Begin a trajectory at the last set-points.
    """

    def __init__(
        self, joint_names: Sequence[str], update_rate: float, interpolate_from_desired_state: bool = False
    ) -> None:
        self._joint_names = tuple(joint_names)
        self._cycle = round(1e9 / update_rate)
        self._from_set_points = interpolate_from_desired_state
        self._sorted = np.zeros(len(self._joint_names))
        #: The last set-points that were finite (n,) in [rad] or [m]; None before the first.
        self.output: np.ndarray | None = None
        self._new: JointTrajectory | None = None

    def activate(self, positions: np.ndarray, velocities: np.ndarray) -> None:
        """Hold the joints at the previous set-points, or else at the measured positions.

        Args:
            positions: Measured (n,) in [rad] or [m].
            velocities: Measured (n,) in [rad/s] or [m/s].
        """
        held = np.array(positions if self.output is None else self.output, dtype=float)
        self._new = None
        self._trajectory = SampledTrajectory(0, [0], [Point(held)])
        self._last, self._last_time = Point(held, velocities), 0
        #: The trajectory at the beginning of the cycle.
        self.reference = Point(held, np.zeros_like(held), np.zeros_like(held))

    def follow(self, trajectory: JointTrajectory, now: int) -> None:
        """Replace the present trajectory from the next cycle on.

        Args:
            trajectory: It starts at its timestamp, or with its first cycle if that is 0.
            now: Time in [ns], on the clock of the timestamps.

        Raises:
            ValueError: It breaks a rule that a joint_trajectory_controller checks. The present one continues.
        """
        self._check(trajectory, now)
        self._new = trajectory

    def update(self, now: int, period: int, positions: np.ndarray, velocities: np.ndarray) -> np.ndarray:
        """The set-points (n,) [rad, m] that the joints are to reach by the next cycle.

        Args:
            now: Time of this cycle in [ns].
            period: Since the previous one, in [ns].
            positions: Measured (n,) in [rad] or [m].
            velocities: Measured (n,) in [rad/s] or [m/s].
        """
        if self._new is not None:
            self._trajectory, self._new = self._in_controller_order(self._new), None
        if self._trajectory.start is None:
            since, before = now, Point(positions, velocities)
            if self._from_set_points:
                since, before = self._last_time or now, self._last
            self._trajectory.begin(now, since, before)
            self._time = now
        else:
            self._time += period
        self.reference = self._trajectory.sample(self._time) or self.reference
        command = self._trajectory.sample(self._time + self._cycle)
        if command is not None:
            self._last, self._last_time = command, now
        if np.isfinite(self._last.positions).all():
            self.output = self._last.positions
        return self._last.positions

    @property
    def time_from_start(self) -> int:
        """Time [ns] of `reference` from the start of its trajectory."""
        return 0 if self._trajectory.start is None else self._time - self._trajectory.start

    def _check(self, trajectory: JointTrajectory, now: int) -> None:
        names, points = trajectory.joint_names, trajectory.points
        if len(names) != len(self._joint_names) or not set(names) <= set(self._joint_names):
            raise ValueError(
                f"expected joints {quote_all(self._joint_names)} in any order, got {quote_all(names)}"
            )
        if not points:
            raise ValueError("expected at least one point, got none")
        if any(abs(velocity) > _MAX_END_VELOCITY for velocity in points[-1].velocities):
            raise ValueError(
                f"expected the last point at rest or without velocities, got {list(points[-1].velocities)}"
            )
        offsets = [nanoseconds_of(point.time_from_start) for point in points]
        stamp = nanoseconds_of(trajectory.header.stamp)
        if stamp < 0:  # the real controller crashes here
            raise ValueError(f"expected a stamp of 0 or later, got {1e-9 * stamp:g} s")
        if stamp and stamp + offsets[-1] < now:
            raise ValueError(
                f"expected a trajectory that ends in the future, this one ended "
                f"{1e-9 * (now - stamp - offsets[-1]):.3g} s ago"
            )
        if any(after <= before for before, after in pairwise(offsets)):
            raise ValueError(
                "expected time_from_start to rise strictly, "
                f"got {[1e-9 * offset for offset in offsets[:12]]} s"
            )
        for i, point in enumerate(points):
            self._check_lengths(i, point)

    def _check_lengths(self, index: int, point: JointTrajectoryPoint) -> None:
        n = len(self._joint_names)
        lengths = [len(values) for values in (point.positions, point.velocities, point.accelerations)]
        if lengths[0] != n or any(length not in (0, n) for length in lengths[1:]):
            raise ValueError(
                f"expected {n} positions and as many velocities and accelerations or none in point {index}, "
                f"got {', '.join(map(str, lengths))}"
            )
        if len(point.effort):
            raise ValueError(f"expected no effort in point {index}, got {len(point.effort)} values")

    def _in_controller_order(self, trajectory: JointTrajectory) -> SampledTrajectory:
        """The message with its joints in the controller's order."""
        order = [self._joint_names.index(name) for name in trajectory.joint_names]

        def in_order(values: Sequence[float]) -> np.ndarray | None:
            if not len(values):
                return None
            # One array for all: if a joint is named twice, another one keeps the values sorted before.
            for i, value in zip(order, values, strict=True):
                self._sorted[i] = value
            return np.array(self._sorted)

        points = []
        for point in trajectory.points:
            positions = in_order(point.positions)
            assert positions is not None
            points.append(Point(positions, in_order(point.velocities), in_order(point.accelerations)))
        offsets = [nanoseconds_of(point.time_from_start) for point in trajectory.points]
        return SampledTrajectory(nanoseconds_of(trajectory.header.stamp), offsets, points)
