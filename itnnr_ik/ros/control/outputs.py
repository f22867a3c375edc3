"""What controllers are sent: trajectories anchored in time, or positions at an even rate."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.control.limits import Array, Limits
from itnnr_ik.ros.control.set_points import SetPoints, State
from itnnr_ik.ros.moments import duration_of, time_of

#: How long [s] before now a trajectory begins: a controller joins it where the set-points are by now.
_BEFORE = 0.04
#: The time from the start of the first point [s], which must be above 0.
_START = 0.01
#: Where the controller's clock is not known, its first cycle after a message moves two cycles' way, and a
#: cubic of its own leads it to the first point, so much later [s]: there is room for that below the largest
#: speed, and in the position limits [rad, m].
_ROOM, _FIRST, _MARGIN = 0.45, 0.03, 0.002
#: A message may be sooner by this than a period after the one before [s].
_EARLY = 1e-3
#: A trajectory ends no sooner than this [s]: one that has ended when it comes is refused. And how long an
#: approach takes at least [s].
_LEAST, _APPROACH = 0.3, 0.1
#: While joints move, a trajectory is sent again, as one may have been lost: once a period, but for
#: controllers whose clock is not known after this [s].
_AGAIN = 0.1
#: Positions are sent on for this long [s] at rest.
_AT_REST = 0.2
#: By how much a time step may be longer than the period, where the machine is late.
_LATE = 1.05


class Approach(NamedTuple):
    """Set-points for a controller that is not where they are, and from when until when it gets there [s]."""

    set_points: SetPoints
    began: float
    end: float


class Output(ABC):
    """One kind of message. Times are in [s], positions (n,) in [rad] or [m].

    Args:
        period: Least time between two messages.

    Attributes:
        goes_on: A controller goes on to the end of what it was sent.
        lead: A new goal makes a difference this much later: by then the message is there, also if it is late.
    """

    goes_on: bool
    lead: float

    def __init__(self, period: float) -> None:
        self._period = period
        self._sent_at = -math.inf

    def limits(self, limits: Limits, anchored: bool) -> Limits:
        """What set-points must keep so that the joints keep ``limits``; ``anchored`` as in `due`."""
        return limits

    def late(self, set_points: SetPoints, now: float) -> float:
        """How much later set-points are to be [s], so that they do not run ahead of what was sent."""
        return 0.0

    @abstractmethod
    def due(self, changed: bool, now: float, anchored: bool) -> bool:
        """Whether it is time for a message; ``anchored`` where the controller's clock is known."""

    @abstractmethod
    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """The message, None where the joints rest.

        Args:
            set_points: Which it is made of.
            now: The time.
            stamp: The same on the controller's clock, None where that is not known.
            turns: What is added to positions: whole turns by which the robot counts joints otherwise.
        """

    @abstractmethod
    def approach(
        self, set_points: SetPoints, goal: Array, box: Array, now: float, limits: Limits
    ) -> Approach:
        """How to bring a controller that rests anywhere in a box (2, n) to ``goal`` (n,)."""

    @abstractmethod
    def approach_message(self, approach: Approach, now: float, turns: Array) -> Any:
        """What brings it there, None where nothing is to be sent now."""


class TrajectoryOutput(Output):
    """``trajectory_msgs/JointTrajectory``, for a joint_trajectory_controller.

    A trajectory begins before now, on the set-points that are under way, so that neither a message that is
    late or lost nor where the controller begins it makes a difference.

    Args:
        joint_names: The controller's joints, base to tip.
        period: Least time between two messages, in [s].
    """

    goes_on, lead = True, 0.025

    def __init__(self, joint_names: Sequence[str], period: float) -> None:
        super().__init__(period)
        self._joint_names = list(joint_names)

    def limits(self, limits: Limits, anchored: bool) -> Limits:
        """See `Output`."""
        return limits if anchored else limits.slower(_ROOM).narrower(_MARGIN)

    def approach(
        self, set_points: SetPoints, goal: Array, box: Array, now: float, limits: Limits
    ) -> Approach:
        """See `Output`: a cubic from rest over d has the speed 1.5 d / T and the acceleration 6 d / T²."""
        farthest = np.abs(box - goal).max(axis=0)
        by_speed = 1.5 * farthest / (_ROOM * limits.velocity)
        by_acceleration = np.sqrt(6.0 * farthest / (_ROOM * limits.acceleration))
        end = now + max(_APPROACH, float(np.maximum(by_speed, by_acceleration).max()))
        return Approach(SetPoints(goal, end, limits), now, end)

    def approach_message(self, approach: Approach, now: float, turns: Array) -> Any:
        """See `Output`: the same again and again, until little time is left, as one may be lost."""
        set_points, began, end = approach
        if now - self._sent_at < self._period or end - now < 0.4 * (end - began):
            return None
        self._sent_at = now
        goal = set_points.goal
        rest = np.zeros(len(goal))
        return self._trajectory(None, [end - now], [(goal, rest, rest)], turns)

    def due(self, changed: bool, now: float, anchored: bool) -> bool:
        """See `Output`."""
        period = self._period if changed or anchored else _AGAIN
        return now - self._sent_at > period - _EARLY

    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """See `Output`."""
        if self._sent_at > set_points.end:
            return None
        self._sent_at = now
        first = now - _BEFORE if stamp is not None else now + _FIRST
        times = set_points.knots(first)
        if times[-1] < now + _LEAST:
            times = np.append(times, now + _LEAST)
        states = [set_points.at(time) for time in times.tolist()]
        return self._trajectory(stamp, (times - now).tolist(), states, turns)

    def _trajectory(
        self, stamp: float | None, times: Sequence[float], states: Sequence[State], turns: Array
    ) -> JointTrajectory:
        """Points at ``times`` [s] from now, which ``stamp`` [s] is on the controller's clock."""
        start = 0.0 if stamp is None else times[0] - _START
        trajectory = JointTrajectory(joint_names=self._joint_names)
        if stamp is not None:
            trajectory.header.stamp = time_of(round(1e9 * (stamp + start)))
        for time, (positions, velocities, _) in zip(times, states, strict=True):
            point = JointTrajectoryPoint(time_from_start=duration_of(round(1e9 * (time - start))))
            point.positions = array("d", positions + turns)
            point.velocities = array("d", velocities)
            trajectory.points.append(point)
        return trajectory


class PositionOutput(Output):
    """``std_msgs/Float64MultiArray``, for a forward_command_controller: one a period while joints move.

    Args:
        period: Between two messages, in [s].
    """

    goes_on, lead = False, 0.0

    def __init__(self, period: float) -> None:
        super().__init__(period)
        self._next = -math.inf

    def late(self, set_points: SetPoints, now: float) -> float:
        """See `Output`: by as much as the last message was."""
        moving = -math.inf < self._sent_at < set_points.end
        return max(0.0, now - self._sent_at - _LATE * self._period) if moving else 0.0

    def approach(
        self, set_points: SetPoints, goal: Array, box: Array, now: float, limits: Limits
    ) -> Approach:
        """See `Output`: from the last position that was sent, where an active controller stands."""
        if not math.isfinite(self._sent_at):
            return Approach(set_points, now, -math.inf)
        set_points = SetPoints(set_points.at(self._sent_at)[0], now, limits)
        set_points.aim(goal, now, limits)
        return Approach(set_points, now, set_points.end)

    def approach_message(self, approach: Approach, now: float, turns: Array) -> Any:
        """See `Output`."""
        return self.message(approach.set_points, now, None, turns) if self.due(False, now, False) else None

    def due(self, changed: bool, now: float, anchored: bool) -> bool:
        """See `Output`."""
        return now >= self._next - _EARLY

    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """See `Output`."""
        if now > set_points.end + _AT_REST:
            return None
        after_rest = now > self._next + self._period
        soonest = 0.9 if after_rest else 0.5
        self._sent_at, self._next = now, max(self._next + self._period, now + soonest * self._period)
        return Float64MultiArray(data=array("d", set_points.at(now)[0] + turns))
