"""Commands to controllers: trajectories anchored in time, or positions at an even rate."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.control.limits import REDUCED_SHARE, Array, Limits
from itnnr_ik.ros.control.set_points import SetPoints
from itnnr_ik.ros.time_messages import time_of

#: An anchored trajectory begins this long before now [s]: the controller joins it at the present set-points.
_PAST = 0.04
#: Time of its first point from the start [s], which must be above 0.
_FIRST_POINT_OFFSET = 0.01
#: If the controller's clock is not known, the first point is this much later than now [s].
_UNANCHORED_DELAY = 0.03
#: A message may come earlier by this than a period after the previous one [s].
_PERIOD_TOLERANCE = 1e-3
#: A trajectory ends this long from now or later [s]: one that has ended on reception is refused.
_MIN_REMAINING_TIME = 0.3
#: Minimum duration of an approach [s].
_MIN_APPROACH_TIME = 0.1
#: A trajectory that is neither new nor anchored is sent again after this [s], as one may have been lost.
_RESEND_PERIOD = 0.1
#: Positions are sent for this long after the motion [s].
_HOLD_TIME = 0.2
#: Longest time step of positions, in periods, when the timer is late.
_MAX_PERIOD_FACTOR = 1.05


class Output(ABC):
    """One kind of message. Times are in [s], positions (n,) in [rad] or [m].

    Args:
        period: Between two messages.

    Attributes:
        timed: Messages have times: a controller executes them to their end, and they may be sent at any time.
        sent_at: Time of the last message; -inf for none.
        dead_time: From a new goal to its first effect, by which the message has arrived even if it is late.
    """

    timed: bool
    dead_time: float

    def __init__(self, period: float) -> None:
        self._period = period
        self.sent_at = -math.inf

    def due(self, now: float, changed: bool) -> bool:
        """Whether it is time for a message; ``changed`` if it would differ from the last one."""
        return True

    def delay(self, set_points: SetPoints, now: float) -> float:
        """By how much to delay the set-points [s], so that they do not run ahead of what was sent."""
        return 0.0

    @abstractmethod
    def approach(self, last: SetPoints, goal: Array, box: Array, now: float, limits: Limits) -> SetPoints:
        """Set-points to ``goal`` (n,) for a controller at rest anywhere in a box (2, n).

        Messages so far were made of the ``last`` ones. If the new ones begin in the future, the approach
        lasts until then.
        """

    @abstractmethod
    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """The message, None for none.

        Args:
            set_points: What it is made of.
            now: The time.
            stamp: The same on the controller's clock, None if that is not known.
            turns: Whole turns (n,) [rad] that the robot counts more of its joints; added to positions.
        """


class TrajectoryOutput(Output):
    """``trajectory_msgs/JointTrajectory``, for a joint_trajectory_controller.

    An anchored trajectory begins before now, on the set-points being executed, so that neither a late or lost
    message nor the controller's starting point makes a difference.

    Args:
        joint_names: The controller's joints, base to tip.
        period: Minimum time between two messages, in [s].
    """

    timed, dead_time = True, 0.025

    def __init__(self, joint_names: Sequence[str], period: float) -> None:
        super().__init__(period)
        self._joint_names = list(joint_names)
        self._approach_sent = False

    def due(self, now: float, changed: bool) -> bool:
        """See `Output`."""
        return now - self.sent_at > (self._period if changed else _RESEND_PERIOD) - _PERIOD_TOLERANCE

    def approach(self, last: SetPoints, goal: Array, box: Array, now: float, limits: Limits) -> SetPoints:
        """See `Output`: a cubic from rest over d has the speed 1.5 d / T and the acceleration 6 d / T²."""
        distance = np.abs(box - goal).max(axis=0)
        by_speed = 1.5 * distance / (REDUCED_SHARE * limits.velocity)
        by_acceleration = np.sqrt(6.0 * distance / (REDUCED_SHARE * limits.acceleration))
        duration = max(_MIN_APPROACH_TIME, by_speed.max(), by_acceleration.max())
        self.sent_at, self._approach_sent = -math.inf, False  # due at once
        return SetPoints(goal, now + duration, limits)

    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """See `Output`; an approach is sent once: each time, the first cycle is a double step.

        Where the controller begins at the measured state, joints that sag would sink. If it is lost, another
        one follows after its time.
        """
        approaching = now < set_points.start
        if self._approach_sent if approaching else self.sent_at > set_points.end:
            return None
        self.sent_at, self._approach_sent = now, approaching
        times = set_points.knots(now - _PAST if stamp is not None else now + _UNANCHORED_DELAY)
        if not approaching and times[-1] < now + _MIN_REMAINING_TIME:  # an approach is one point
            times = np.append(times, now + _MIN_REMAINING_TIME)
        positions, velocities, _ = set_points.at(times)
        trajectory = JointTrajectory(joint_names=self._joint_names)
        start = now
        if stamp is not None:
            start = times[0] - _FIRST_POINT_OFFSET
            trajectory.header.stamp = time_of(round(1e9 * (stamp + start - now)))
        points = zip((positions + turns).tolist(), velocities.tolist(), (times - start).tolist(), strict=True)
        trajectory.points = [_point(*point) for point in points]
        return trajectory


def _point(positions: list[float], velocities: list[float], time: float) -> JointTrajectoryPoint:
    """A point of a trajectory at a time from its start [s]."""
    point = JointTrajectoryPoint(positions=positions, velocities=velocities)
    # Set in place: a new Duration would take as long as all the rest, and there are many points.
    offset = point.time_from_start
    offset.sec, offset.nanosec = divmod(round(1e9 * time), 10**9)
    return point


class PositionOutput(Output):
    """``std_msgs/Float64MultiArray``, for a forward_command_controller: one a period while joints move."""

    timed, dead_time = False, 0.0

    def delay(self, set_points: SetPoints, now: float) -> float:
        """See `Output`: by as much as the timer is late."""
        moving = -math.inf < self.sent_at < set_points.end
        return max(0.0, now - self.sent_at - _MAX_PERIOD_FACTOR * self._period) if moving else 0.0

    def approach(self, last: SetPoints, goal: Array, box: Array, now: float, limits: Limits) -> SetPoints:
        """See `Output`: from the last positions that were sent, where an active controller is."""
        set_points = SetPoints(last.at(self.sent_at)[0], now, limits)
        set_points.set_goal(goal, now, limits)
        self.sent_at = now
        return set_points

    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """See `Output`."""
        if now > set_points.end + _HOLD_TIME:
            return None
        self.sent_at = now
        return Float64MultiArray(data=(set_points.at(now)[0] + turns).tolist())
