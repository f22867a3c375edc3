"""What a controller is sent: trajectories and arrays of positions that it accepts by every rule it checks.

A joint_trajectory_controller checks names, lengths and times, but neither limits nor how far a position is
from the present one, and a forward_command_controller checks next to nothing: that is done here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.status import Code, RejectedError

NONE = "none"
#: Message of each ``command_out_type``, and the topic where its controller listens by default.
COMMAND_TYPES: dict[str, tuple[Any, str]] = {
    "trajectory_msgs/JointTrajectory": (JointTrajectory, "joint_trajectory_controller/joint_trajectory"),
    "std_msgs/Float64MultiArray": (Float64MultiArray, "forward_position_controller/commands"),
}

#: A motion is given at least this long [s]: none is to be made at once.
SHORTEST = 0.01
#: Between two points a controller moves along a cubic; from rest to rest its peak speed is so many times the
#: average one, and from full speed in the other direction so many times.
PEAK, REVERSED_PEAK = 1.5, 2.25
#: How long a trajectory that moves on through a solution takes to come to rest on it [s].
STOP_TIME = 0.2
#: A solution that comes later than this after the one before begins a new stream [s].
STREAM_GAP = 0.3
#: Positions without a time may step as far as the joints move in this time at full speed [s].
BURST = 0.1
#: A joint that arrives with so many times its way to the limit, per the longest time that its next cubic may
#: take without a long way to go, does not overshoot it.
_ROOM_SHARE = 3.0
#: A cubic to where a joint stands leaves it by this share of its first speed times its duration.
_EXCURSION = 4.0 / 27.0
#: How much of a new interval between solutions goes into the running mean.
_NEW_SHARE = 0.2


def make_trajectory(
    positions: np.ndarray, current: np.ndarray, joint_names: Sequence[str], max_velocity: float
) -> JointTrajectory:
    """One point to be reached at rest, from rest at no more than ``max_velocity`` [rad/s].

    Args:
        positions: Where to (n,) [rad].
        current: Where from (n,) [rad].
        joint_names: The controller's joints.
        max_velocity: Of every joint.

    Returns:
        A trajectory that starts when it is received (stamp 0).
    """
    seconds = _duration(_largest(positions - current), max_velocity)
    return _trajectory(joint_names, [(positions, np.zeros(len(positions)), seconds)])


def make_moving_trajectory(
    positions: np.ndarray,
    velocities: np.ndarray,
    interval: float,
    current: np.ndarray,
    joint_names: Sequence[str],
    limits: np.ndarray,
    max_velocity: float,
    before: np.ndarray | None = None,
) -> JointTrajectory:
    """Through the solution with its joints' velocities, and back to rest on it if nothing else comes.

    A controller that is given the next trajectory in time never begins the second part, so that a stream of
    solutions is one smooth motion. Velocities are reduced where either part would leave the joint limits or
    exceed ``max_velocity``.

    Args:
        positions: The solution (n,) [rad].
        velocities: There (n,) [rad/s].
        interval: When the next solution is due, in [s].
        current: Where from (n,) [rad].
        joint_names: The controller's joints.
        limits: (2, n) [rad].
        max_velocity: Of every joint, in [rad/s].
        before: Velocities (n,) [rad/s] that the joints were last sent to; None from rest.

    Returns:
        A trajectory of two points that starts when it is received (stamp 0).
    """
    way = positions - current
    room = np.minimum(positions - limits[0], limits[1] - positions).clip(min=0.0)
    if (room < _EXCURSION * max_velocity * max(interval, STOP_TIME)).any():
        # Near a limit as soon as may be: a joint that arrives moving overshoots by its speed times the time.
        interval = SHORTEST
    reverses = before is not None and bool((before * way < 0.0).any())
    there = max(interval, _duration(_largest(way), max_velocity, REVERSED_PEAK if reverses else PEAK))
    # A cubic from rest whose last speed is at most its peak's share neither overshoots nor is faster.
    largest = np.minimum(
        np.minimum(max_velocity, _ROOM_SHARE * room / STREAM_GAP), PEAK * np.abs(way) / there
    )
    along = np.where(velocities * way > 0.0, velocities, 0.0)
    rest = np.zeros(len(positions))
    return _trajectory(
        joint_names,
        [(positions, np.clip(along, -largest, largest), there), (positions, rest, there + STOP_TIME)],
    )


class CommandMaker:
    """Makes the commands for a sequence of solutions, none of them a jump from where the joints may be.

    Until the next joint state comes, the joints may be anywhere between the last one and what was sent since.

    Args:
        command_type: One of `COMMAND_TYPES`.
        joint_names: The controller's joints, base to tip.
        limits: Their limits (2, n) [rad].
    """

    def __init__(self, command_type: str, joint_names: Sequence[str], limits: np.ndarray) -> None:
        self._trajectories = COMMAND_TYPES[command_type][0] is JointTrajectory
        self._joint_names = joint_names
        self._limits = limits
        self._sent: np.ndarray | None = None
        self._sent_at = -math.inf
        self._velocities: np.ndarray | None = None
        self._mean_way: np.ndarray | None = None
        self._mean_interval = 0.0
        self._allowance, self._allowed_at = 0.0, -math.inf

    def interrupt(self) -> None:
        """The stream of solutions has ended: the next one begins another."""
        self._mean_way = self._velocities = None

    def make(
        self,
        positions: np.ndarray,
        current: np.ndarray,
        received: float,
        now: float,
        max_joint_step: float,
        max_velocity: float,
        streaming: bool,
    ) -> JointTrajectory | Float64MultiArray:
        """The command that brings the joints to a solution.

        Args:
            positions: The solution (n,) [rad].
            current: The last joint state (n,) [rad].
            received: When that came, in [s] on a clock that never jumps.
            now: Time in [s] on that clock.
            max_joint_step: How far a joint may be sent, in [rad].
            max_velocity: Of every joint, in [rad/s].
            streaming: Trajectories move on through the solution.

        Raises:
            RejectedError: The step is too large (``step_too_large``); nothing is to be sent.
        """
        way = positions - current
        if self._sent is not None and self._sent_at >= received:
            since = positions - self._sent
            way = np.where(np.abs(since) > np.abs(way), since, way)
        _check_step(_largest(way), max_joint_step, "max_joint_step")
        command: JointTrajectory | Float64MultiArray
        if not self._trajectories:
            self._spend(positions, current, now, max_velocity)
            command = Float64MultiArray(data=positions.tolist())
        elif streaming:
            command = self._moving(positions, positions - way, now, max_velocity)
        else:
            command = make_trajectory(positions, positions - way, self._joint_names, max_velocity)
        self._sent, self._sent_at = positions, now
        return command

    def _spend(self, positions: np.ndarray, current: np.ndarray, now: float, max_velocity: float) -> None:
        """Refuse a step that on the whole would be faster than ``max_velocity``: positions have no times."""
        follows = self._sent is not None and now - self._sent_at <= STREAM_GAP
        step = _largest(positions - (self._sent if follows and self._sent is not None else current))
        gained = (now - self._allowed_at) * max_velocity
        self._allowance = min(BURST * max_velocity, self._allowance + gained)
        self._allowed_at = now
        _check_step(step, self._allowance, f"what max_velocity = {max_velocity:g} rad/s allows by now")
        self._allowance -= step

    def _moving(
        self, positions: np.ndarray, start: np.ndarray, now: float, max_velocity: float
    ) -> JointTrajectory:
        """Through ``positions`` (n,) [rad] at the speed at which solutions come."""
        elapsed = now - self._sent_at
        if self._sent is None or elapsed > STREAM_GAP:
            self.interrupt()
        else:
            # Solutions come unevenly, and a velocity over one short interval would be that of the jitter.
            way = positions - self._sent
            if self._mean_way is None:
                self._mean_way, self._mean_interval = way, elapsed
            self._mean_way = self._mean_way + _NEW_SHARE * (way - self._mean_way)
            self._mean_interval += _NEW_SHARE * (elapsed - self._mean_interval)
        if self._mean_way is None:
            return make_trajectory(positions, start, self._joint_names, max_velocity)
        interval = max(self._mean_interval, SHORTEST)
        trajectory = make_moving_trajectory(
            positions,
            self._mean_way / interval,
            interval,
            start,
            self._joint_names,
            self._limits,
            max_velocity,
            self._velocities,
        )
        self._velocities = np.array(trajectory.points[0].velocities)
        return trajectory


def _largest(way: np.ndarray) -> float:
    return float(np.abs(way).max())


def _check_step(step: float, allowed: float, name: str) -> None:
    if not step <= allowed:
        raise RejectedError(
            Code.STEP_TOO_LARGE,
            f"the solution is {step:.6g} rad from where the joints may be, expected at most "
            f"{name} = {allowed:g} rad; nothing was sent",
        )


def _duration(way: float, max_velocity: float, peak: float = PEAK) -> float:
    """Seconds for a cubic over ``way`` [rad] that stays within ``max_velocity`` [rad/s]."""
    return max(SHORTEST, peak * way / max_velocity)


def _trajectory(
    joint_names: Sequence[str], points: Sequence[tuple[np.ndarray, np.ndarray, float]]
) -> JointTrajectory:
    """A message of points: positions (n,) [rad], velocities (n,) [rad/s] and time from the start [s]."""
    made = []
    for positions, velocities, seconds in points:
        nanoseconds = int(np.ceil(seconds * 1e9))
        made.append(
            JointTrajectoryPoint(
                positions=positions.tolist(),
                velocities=velocities.tolist(),
                time_from_start=Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9),
            )
        )
    return JointTrajectory(joint_names=list(joint_names), points=made)
