"""Simulated controllers of ros2_control for `bench motion`: their set-points, cycle by cycle."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class CycleController(Protocol):
    """Receives messages and computes a set-point in each control cycle."""

    active: bool
    set_point: Array

    def receive(self, message: Any, now: float) -> None:
        """Receive a message at the time ``now`` [s] of the controller's clock."""

    def activate(self, joints: Array) -> None:
        """Hold the joint positions (n,), and discard all messages received before."""

    def cycle(self, now: float, joints: Array) -> None:
        """Compute the next set-point at ``now`` [s], with the measured joint positions (n,)."""


class SimulatedTrajectoryController:
    """A joint_trajectory_controller as of ros2_controllers 5.17.

    A trajectory begins at its stamp or, without one, in the first cycle after its reception. The set-point of
    a cycle is the trajectory one period ahead. Interpolation to the first point begins at the last set-point,
    at the time of its cycle, with ``interpolate_from_desired_state``, otherwise at the measured position.

    After 6.9, with ``allow_trajectory_replacement``, one that replaces a trajectory of several points begins
    in that cycle, whatever earlier stamp it has, at the reference of the cycle before.

    Args:
        joints: Initial joint positions (n,) [rad].
        period: Duration of a cycle [s].
        from_set_point: ``interpolate_from_desired_state``.
        replaces: ``allow_trajectory_replacement``.
    """

    def __init__(self, joints: Array, period: float, from_set_point: bool, replaces: bool = False) -> None:
        self.active, self.set_point, self._period = True, joints, period
        self._from_set_point, self._replaces = from_set_point, replaces
        self._pending: Any = None
        #: Times [s] on the controller's clock, positions and velocities.
        self._knots: list[tuple[float, Any, Any]] = []
        self._n_points = 0
        self._last_desired: tuple[float, Array, Array] | None = None

    @property
    def reference(self) -> Array:
        """The reference (n,) at the time of the cycle, as published in ``controller_state``."""
        return self._reference

    def receive(self, message: Any, now: float) -> None:
        """See `CycleController`; a trajectory that ends in the past is rejected."""
        if not self.active:
            return
        stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        last = message.points[-1].time_from_start
        if stamp and stamp + last.sec + 1e-9 * last.nanosec < now:
            return
        self._pending = message

    def activate(self, joints: Array) -> None:
        """See `CycleController`."""
        self.active, self.set_point = True, joints
        self._reference, self._reference_velocity = joints, np.zeros(len(joints))
        self._pending, self._knots, self._n_points, self._last_desired = None, [], 0, None

    def cycle(self, now: float, joints: Array) -> None:
        """See `CycleController`."""
        if not self.active:
            return
        if self._pending is not None:
            self._start(now, joints)
        velocity = np.zeros(len(joints))
        if self._knots:
            self._reference, self._reference_velocity = self._sample(now)
            self.set_point, velocity = self._sample(now + self._period)
        self._last_desired = now, self.set_point, velocity

    def _start(self, now: float, joints: Array) -> None:
        message, self._pending = self._pending, None
        stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        blends = self._replaces and self._n_points > 1
        start = now if blends else stamp or now
        before = now, joints, np.zeros(len(joints))
        if self._from_set_point and self._last_desired is not None:
            before = self._last_desired
        elif self._from_set_point:
            before = now, self.set_point, np.zeros(len(joints))
        points = [
            (start + p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec, p.positions, p.velocities)
            for p in message.points
        ]
        if blends:
            points.insert(0, (now, self._reference, self._reference_velocity))
        self._n_points = len(points)
        self._knots = [before, *points] if before[0] < points[0][0] else points

    def _sample(self, now: float) -> tuple[Array, Array]:
        """Position and velocity (n,) at the time ``now``, by cubic interpolation between the knots."""
        knots = self._knots
        if now >= knots[-1][0]:
            return np.array(knots[-1][1]), np.zeros(len(knots[-1][1]))
        i = max(1, bisect_right(knots, now, key=itemgetter(0)))
        (t0, *before), (t1, *after) = knots[i - 1], knots[i]
        (p0, v0), (p1, v1) = np.array(before), np.array(after)
        h, s = t1 - t0, now - t0
        slope = (p1 - p0) / h
        c2, c3 = (3.0 * slope - 2.0 * v0 - v1) / h, (v0 + v1 - 2.0 * slope) / h**2
        return p0 + s * (v0 + s * (c2 + s * c3)), v0 + s * (2.0 * c2 + 3.0 * s * c3)


class SimulatedPositionController:
    """A forward_command_controller: its set-point is the newest command.

    Args:
        joints: Initial joint positions (n,) [rad].
    """

    def __init__(self, joints: Array) -> None:
        self.active, self.set_point = True, joints
        self._pending: Array | None = None

    def receive(self, message: Any, now: float) -> None:
        """See `CycleController`."""
        if self.active:
            self._pending = np.array(message.data)

    def activate(self, joints: Array) -> None:
        """See `CycleController`."""
        self.active, self.set_point, self._pending = True, joints, None

    def cycle(self, now: float, joints: Array) -> None:
        """See `CycleController`."""
        if self.active and self._pending is not None:
            self.set_point = self._pending
