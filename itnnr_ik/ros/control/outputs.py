"""What controllers are sent: trajectories anchored in time, or positions at an even rate."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.control.limits import ROOM, Array, Limits
from itnnr_ik.ros.control.set_points import SetPoints
from itnnr_ik.ros.moments import time_of

#: How long [s] before now a trajectory begins: a controller joins it where the set-points are by now.
_BEFORE = 0.04
#: The time from the start of the first point [s], which must be above 0.
_START = 0.01
#: Where the controller's clock is not known, a trajectory begins so much later than now [s].
_FIRST = 0.03
#: A message may be sooner by this than a period after the one before [s].
_EARLY = 1e-3
#: A trajectory ends no sooner than this [s]: one that has ended when it comes is refused.
_LEAST = 0.3
#: How long an approach takes at least [s], and the share of it in which it is sent.
_APPROACH, _SENT = 0.1, 0.6
#: While joints move, a trajectory is sent again, as one may have been lost: once a period, but for
#: controllers whose clock is not known after this [s].
_AGAIN = 0.1
#: Positions are sent on for this long [s] at rest.
_AT_REST = 0.2
#: By how much a time step may be longer than the period, where the machine is late.
_LATE = 1.05


class Output(ABC):
    """One kind of message. Times are in [s], positions (n,) in [rad] or [m].

    Args:
        period: Between two messages.

    Attributes:
        timed: Messages say when: a controller goes on to their end, and they may be sent at any time.
        sent_at: When the last message was made; -inf where none was that counts.
        lead: A new goal makes a difference this much later: by then the message is there, also if it is late.
    """

    timed: bool
    lead: float

    def __init__(self, period: float) -> None:
        self._period = period
        self.sent_at = -math.inf

    def due(self, now: float, news: bool) -> bool:
        """Whether it is time for a message; ``news`` where it would say more than the last one."""
        return True

    def late(self, set_points: SetPoints, now: float) -> float:
        """How much later set-points are to be [s], so that they do not run ahead of what was sent."""
        return 0.0

    @abstractmethod
    def approach(self, last: SetPoints, goal: Array, box: Array, now: float, limits: Limits) -> SetPoints:
        """Set-points that bring a controller that rests anywhere in a box (2, n) to ``goal`` (n,).

        Messages so far were made of the ``last`` ones. Where the new ones begin in the future, it is on its
        way until then.
        """

    @abstractmethod
    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """The message, None where there is nothing to say.

        Args:
            set_points: Which it is made of.
            now: The time.
            stamp: The same on the controller's clock, None where that is not known.
            turns: What is added to positions: whole turns by which the robot counts joints otherwise.
        """


class TrajectoryOutput(Output):
    """``trajectory_msgs/JointTrajectory``, for a joint_trajectory_controller.

    A trajectory begins before now, on the set-points that are under way, so that neither a message that is
    late or lost nor where the controller begins it makes a difference.

    Args:
        joint_names: The controller's joints, base to tip.
        period: Least time between two messages, in [s].
    """

    timed, lead = True, 0.025

    def __init__(self, joint_names: Sequence[str], period: float) -> None:
        super().__init__(period)
        self._joint_names = list(joint_names)
        self._approach_sent = -math.inf

    def due(self, now: float, news: bool) -> bool:
        """See `Output`."""
        return now - self.sent_at > (self._period if news else _AGAIN) - _EARLY

    def approach(self, last: SetPoints, goal: Array, box: Array, now: float, limits: Limits) -> SetPoints:
        """See `Output`: a cubic from rest over d has the speed 1.5 d / T and the acceleration 6 d / T²."""
        farthest = np.abs(box - goal).max(axis=0)
        by_speed = 1.5 * farthest / (ROOM * limits.velocity)
        by_acceleration = np.sqrt(6.0 * farthest / (ROOM * limits.acceleration))
        seconds = max(_APPROACH, by_speed.max(), by_acceleration.max())
        self._approach_sent = now + _SENT * seconds
        return SetPoints(goal, now + seconds, limits)

    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """See `Output`; an approach is sent again, until little time is left, as one may be lost."""
        if self.sent_at > set_points.end or self._approach_sent < now < set_points.start:
            return None
        self.sent_at = now
        times = set_points.knots(now - _BEFORE if stamp is not None else now + _FIRST)
        if set_points.start <= now and times[-1] < now + _LEAST:  # an approach is one point
            times = np.append(times, now + _LEAST)
        positions, velocities, _ = set_points.at(times)
        trajectory = JointTrajectory(joint_names=self._joint_names)
        start = now
        if stamp is not None:
            start = times[0] - _START
            trajectory.header.stamp = time_of(round(1e9 * (stamp + start - now)))
        points = zip((positions + turns).tolist(), velocities.tolist(), (times - start).tolist(), strict=True)
        trajectory.points = [_point(*point) for point in points]
        return trajectory


def _point(positions: list[float], velocities: list[float], time: float) -> JointTrajectoryPoint:
    """A point of a trajectory at a time from its start [s]."""
    point = JointTrajectoryPoint(positions=positions, velocities=velocities)
    # In the duration that it has: to make another takes as long as the rest, and there are many points.
    start = point.time_from_start
    start.sec, start.nanosec = divmod(round(1e9 * time), 10**9)
    return point


class PositionOutput(Output):
    """``std_msgs/Float64MultiArray``, for a forward_command_controller: one a period while joints move."""

    timed, lead = False, 0.0

    def late(self, set_points: SetPoints, now: float) -> float:
        """See `Output`: by as much as the last message was."""
        moving = -math.inf < self.sent_at < set_points.end
        return max(0.0, now - self.sent_at - _LATE * self._period) if moving else 0.0

    def approach(self, last: SetPoints, goal: Array, box: Array, now: float, limits: Limits) -> SetPoints:
        """See `Output`: from the last positions that were sent, where an active controller stands."""
        set_points = SetPoints(last.at(self.sent_at)[0], now, limits)
        set_points.aim(goal, now, limits)
        self.sent_at = now
        return set_points

    def message(self, set_points: SetPoints, now: float, stamp: float | None, turns: Array) -> Any:
        """See `Output`."""
        if now > set_points.end + _AT_REST:
            return None
        self.sent_at = now
        return Float64MultiArray(data=(set_points.at(now)[0] + turns).tolist())
