"""Controllers in control cycles, for `bench motion`: what joints are sent there, cycle by cycle."""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class CycleController(Protocol):
    """Takes messages and gives set-points, one a cycle."""

    active: bool
    set_point: Array

    def receive(self, message: Any, now: float) -> None:
        """Take a message at a time [s] of its own clock."""

    def activate(self, joints: Array) -> None:
        """Hold the joints (n,) where they are, and forget what was received."""

    def cycle(self, now: float, joints: Array) -> None:
        """Give the next set-point, with the joints' measured positions (n,)."""


class CyclicTrajectories:
    """A joint_trajectory_controller, as ros2_controllers 5.17 has it, by what it does at each cycle.

    A trajectory counts from its stamp, or from the cycle in which it is first looked at. The set-point of a
    cycle is the trajectory's one period ahead. What comes before the first point is, by
    ``interpolate_from_desired_state``, the last set-point under the time of the cycle that computed it, or
    the measured position.

    Args:
        joints: Where they rest (n,) [rad].
        period: Of a cycle, in [s].
        from_set_point: ``interpolate_from_desired_state``.
    """

    def __init__(self, joints: Array, period: float, from_set_point: bool) -> None:
        self.active, self.set_point, self._period = True, joints, period
        self._from_set_point = from_set_point
        self._waiting: Any = None
        #: Times, and positions and velocities as they came.
        self._knots: list[tuple[float, Any, Any]] = []
        self._last: tuple[float, Array, Array] | None = None

    @property
    def reference(self) -> Array:
        """The set-point (n,) of the present time, as ``controller_state`` has it."""
        return self._reference

    def receive(self, message: Any, now: float) -> None:
        """See `CycleController`; one that has ended is refused."""
        if not self.active:
            return
        stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        last = message.points[-1].time_from_start
        if stamp and stamp + last.sec + 1e-9 * last.nanosec < now:
            return
        self._waiting = message

    def activate(self, joints: Array) -> None:
        """See `CycleController`."""
        self.active, self.set_point, self._reference = True, joints, joints
        self._waiting, self._knots, self._last = None, [], None

    def cycle(self, now: float, joints: Array) -> None:
        """See `CycleController`."""
        if not self.active:
            return
        if self._waiting is not None:
            self._begin(now, joints)
        if self._knots:
            self._reference = self._sample(now)[0]
            self.set_point, velocity = self._sample(now + self._period)
            self._last = now, self.set_point, velocity

    def _begin(self, now: float, joints: Array) -> None:
        message, self._waiting = self._waiting, None
        stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        start = stamp or now
        before = now, joints, np.zeros(len(joints))
        if self._from_set_point and self._last is not None:
            before = self._last
        elif self._from_set_point:
            before = now, self.set_point, np.zeros(len(joints))
        points = [
            (start + p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec, p.positions, p.velocities)
            for p in message.points
        ]
        self._knots = [before, *points] if before[0] < points[0][0] else points

    def _sample(self, now: float) -> tuple[Array, Array]:
        """Position and velocity (n,) at a time, by cubics between the knots."""
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


class CyclicPositions:
    """A forward_command_controller: the newest positions, at once.

    Args:
        joints: Where they rest (n,) [rad].
    """

    def __init__(self, joints: Array) -> None:
        self.active, self.set_point = True, joints
        self._waiting: Array | None = None

    def receive(self, message: Any, now: float) -> None:
        """See `CycleController`."""
        if self.active:
            self._waiting = np.array(message.data)

    def activate(self, joints: Array) -> None:
        """See `CycleController`."""
        self.active, self.set_point, self._waiting = True, joints, None

    def cycle(self, now: float, joints: Array) -> None:
        """See `CycleController`."""
        if self.active and self._waiting is not None:
            self.set_point = self._waiting
