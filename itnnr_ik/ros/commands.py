"""What a controller is sent: trajectories and arrays of positions that it accepts by every rule it checks.

A joint_trajectory_controller checks names, lengths and times, but neither limits nor how far a position is
from the present one, and a forward_command_controller checks next to nothing: that is done here.
"""

from __future__ import annotations

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
#: average one.
PEAK = 1.5
#: How long a trajectory that moves on through a solution takes to come to rest on it [s].
STOP_TIME = 0.2
#: A cubic that starts and ends at one point leaves it by this share of its first speed times its duration.
_EXCURSION = 4.0 / 27.0
#: How much of a new interval between solutions goes into its running mean.
_NEW_SHARE = 0.2


def check_step(positions: np.ndarray, current: np.ndarray, max_joint_step: float) -> None:
    """Refuse positions (n,) [rad] that lie too far from the current ones (n,) [rad].

    Raises:
        RejectedError: A joint would move by more than ``max_joint_step`` [rad] (``step_too_large``).
    """
    step = float(np.abs(positions - current).max())
    if not step <= max_joint_step:
        raise RejectedError(
            Code.STEP_TOO_LARGE,
            f"the solution is {step:.6g} rad from the current joint positions, expected at most "
            f"max_joint_step = {max_joint_step:g} rad; nothing was sent",
        )


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
    seconds = _duration(positions, current, max_velocity)
    return _trajectory(joint_names, [(positions, np.zeros(len(positions)), seconds)])


def make_moving_trajectory(
    positions: np.ndarray,
    velocities: np.ndarray,
    interval: float,
    current: np.ndarray,
    joint_names: Sequence[str],
    limits: np.ndarray,
    max_velocity: float,
) -> JointTrajectory:
    """Through the solution with its joints' velocities, and back to rest on it if nothing else comes.

    A controller that is given the next trajectory in time never begins the second part, so that a stream of
    solutions is one smooth motion. Velocities are reduced where that part would leave the joint limits.

    Args:
        positions: The solution (n,) [rad].
        velocities: There (n,) [rad/s].
        interval: When the next solution is due, in [s].
        current: Where from (n,) [rad].
        joint_names: The controller's joints.
        limits: (2, n) [rad].
        max_velocity: Of every joint, in [rad/s].

    Returns:
        A trajectory of two points that starts when it is received (stamp 0).
    """
    room = np.minimum(positions - limits[0], limits[1] - positions).clip(min=0.0)
    largest = np.minimum(max_velocity, room / (_EXCURSION * STOP_TIME))
    # All by one factor: the tip goes on in its direction.
    speed = np.abs(velocities)
    ratios = [most / v for v, most in zip(speed.tolist(), largest.tolist(), strict=True) if v > 0.0]
    factor = min([1.0, *ratios])
    there = max(interval, _duration(positions, current, max_velocity))
    rest = np.zeros(len(positions))
    return _trajectory(
        joint_names, [(positions, factor * velocities, there), (positions, rest, there + STOP_TIME)]
    )


class CommandMaker:
    """Makes the commands of one stream of solutions.

    Args:
        command_type: One of `COMMAND_TYPES`.
        joint_names: The controller's joints, base to tip.
        limits: Their limits (2, n) [rad].
    """

    def __init__(self, command_type: str, joint_names: Sequence[str], limits: np.ndarray) -> None:
        self._trajectories = COMMAND_TYPES[command_type][0] is JointTrajectory
        self._joint_names = joint_names
        self._limits = limits
        self._last: tuple[np.ndarray, float] | None = None
        self._interval: float | None = None

    def make(
        self, positions: np.ndarray, current: np.ndarray, max_velocity: float
    ) -> JointTrajectory | Float64MultiArray:
        """The command that brings the joints from ``current`` to ``positions`` (n,) [rad], and to rest."""
        if self._trajectories:
            return make_trajectory(positions, current, self._joint_names, max_velocity)
        return Float64MultiArray(data=positions.tolist())

    def make_moving(
        self, positions: np.ndarray, current: np.ndarray, max_velocity: float, now: float, gap: float
    ) -> JointTrajectory:
        """The command of a stream: through ``positions``, at the speed at which solutions come.

        Args:
            positions: The solution (n,) [rad].
            current: Where the joints are (n,) [rad].
            max_velocity: Of every joint, in [rad/s].
            now: Time of the solution in [s].
            gap: Seconds after which a solution begins a new stream; 0: none does.
        """
        last, self._last = self._last, (positions, now)
        elapsed = 0.0 if last is None else now - last[1]
        if last is None or elapsed <= 0.0 or 0.0 < gap < elapsed:
            self._interval = None
            return make_trajectory(positions, current, self._joint_names, max_velocity)
        if self._interval is None:
            self._interval = elapsed
        # Solutions come unevenly, and a velocity over one short interval would be that of the jitter.
        self._interval += _NEW_SHARE * (elapsed - self._interval)
        interval = max(self._interval, SHORTEST)
        velocities = (positions - last[0]) / interval
        return make_moving_trajectory(
            positions, velocities, interval, current, self._joint_names, self._limits, max_velocity
        )


def _duration(positions: np.ndarray, current: np.ndarray, max_velocity: float) -> float:
    """Seconds for a cubic from rest to rest that stays within ``max_velocity``."""
    return max(SHORTEST, PEAK * float(np.abs(positions - current).max()) / max_velocity)


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
