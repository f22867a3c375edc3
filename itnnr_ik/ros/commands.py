"""What a controller is sent: trajectories and arrays of positions that it accepts by every rule it checks.

A joint_trajectory_controller checks names, lengths and times, but neither limits nor how far a position is
from the present one, and a forward_command_controller checks next to nothing: that is done here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from itnnr_ik.ros.following import Following
from itnnr_ik.ros.motion import SHORTEST, Bounds, Motion, is_jump_from_rest, make_motion
from itnnr_ik.ros.status import Code, RejectedError

NONE = "none"
#: Message of each ``command_out_type``, and the topic where its controller listens by default.
COMMAND_TYPES: dict[str, tuple[Any, str]] = {
    "trajectory_msgs/JointTrajectory": (JointTrajectory, "joint_trajectory_controller/joint_trajectory"),
    "std_msgs/Float64MultiArray": (Float64MultiArray, "forward_position_controller/commands"),
}

#: Where a controller begins a new trajectory: at the joints' measured state, or where the one before has it.
JOINT_STATE, SET_POINT = TRAJECTORY_STARTS = "joint_state", "set_point"
#: A solution that comes later than this after the one before begins a new stream [s].
STREAM_GAP = 0.3
#: Positions without a time may step as far as the joints move in this time at full speed [s].
BURST = 0.1
#: A joint state that came so long [s] after a command, or after the end of its motion, shows what it did.
SHOWN = 0.1
#: How much of a new interval between solutions goes into the running mean.
_NEW_SHARE = 0.2


@dataclass(frozen=True)
class Allowed:
    """What each joint may do, (n,) each, in [rad] or [m] and seconds.

    Args:
        step: How far it may be sent from where it may be.
        velocity: Its largest speed.
        acceleration: Its largest acceleration along a trajectory; infinite where it is not limited.
    """

    step: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray


class CommandMaker:
    """Makes the commands for a sequence of solutions, none of them a jump from where the joints may be.

    That is anywhere between the last joint state and where the last command has sent them by now, if a
    controller follows it. It may be inactive, and begin with any command of a stream.

    Args:
        command_type: One of `COMMAND_TYPES`.
        joint_names: The controller's joints, base to tip.
        limits: Their limits (2, n) [rad, m]; ∓inf for those that turn on and on.
        trajectory_start: One of `TRAJECTORY_STARTS`.
        units: Of the joints, ``rad`` or ``m`` each, for texts; None for angles.
    """

    def __init__(
        self,
        command_type: str,
        joint_names: Sequence[str],
        limits: np.ndarray,
        trajectory_start: str,
        units: Sequence[str] | None = None,
    ) -> None:
        self._trajectories = COMMAND_TYPES[command_type][0] is JointTrajectory
        self._joint_names = joint_names
        self._units = units or ("rad",) * len(joint_names)
        self._limits = limits
        self._from_set_point = trajectory_start == SET_POINT
        self._fastest = np.zeros(len(joint_names))
        self._sent: np.ndarray | None = None
        self._sent_at = -math.inf
        self._motion: Motion | None = None
        self._following = Following()
        self._mean_change: np.ndarray | None = None
        self._mean_interval = 0.0
        self._counted: tuple[np.ndarray | None, float] = None, -math.inf
        self._allowance, self._allowed_at = np.zeros(len(joint_names)), -math.inf

    def interrupt(self) -> None:
        """The stream of solutions has ended: the next one begins another."""
        self._mean_change = None

    def forget(self) -> None:
        """What was sent was heard by nobody, or is of another time."""
        self.interrupt()
        self._sent, self._sent_at, self._motion = None, -math.inf, None
        self._counted = None, -math.inf

    def make(
        self,
        positions: np.ndarray,
        current: np.ndarray,
        velocities: np.ndarray,
        age: float,
        now: float,
        allowed: Allowed,
        streaming: bool,
        turns: np.ndarray | float = 0.0,
    ) -> JointTrajectory | Float64MultiArray:
        """The command that brings the joints to a solution.

        Args:
            positions: The solution (n,) [rad, m].
            current: The last joint state (n,) [rad, m].
            velocities: Those that came with it (n,) [rad/s, m/s].
            age: How long ago that came, in [s].
            now: Time in [s] on the clock that the controller goes by.
            allowed: What each joint may do.
            streaming: Trajectories move on through the solution.
            turns: What is added (n,) [rad] to the positions in the message: the whole turns by which the
                robot counts joints otherwise than here.

        Raises:
            RejectedError: The step is too large (``step_too_large``); nothing is to be sent.
        """
        if now < self._sent_at:  # a simulation or a recording that began again
            self.forget()
        commanded = self._commanded(now - age, now)
        step = np.abs(positions - current)
        if commanded is not None:
            step = np.maximum(step, np.abs(positions - commanded))
        self._check_step(step, allowed.step, "max_joint_step")
        command: JointTrajectory | Float64MultiArray
        if not self._trajectories:
            self._spend(positions, current, age, now, allowed.velocity)
            command = Float64MultiArray(data=(positions + turns).tolist())
        else:
            bounds = Bounds(self._limits, allowed.velocity, allowed.acceleration)
            through, interval = self._stream(positions, now) if streaming else (None, SHORTEST)
            start, speed, elsewhere = self._start(
                current, velocities, commanded, now - age, now, allowed.velocity
            )
            motion = make_motion(start, speed, positions, bounds, interval, through, elsewhere)
            if elsewhere is current and is_jump_from_rest(motion, current, bounds):
                off = np.abs(start - current)
                j = int(off.argmax())
                raise RejectedError(
                    Code.STEP_TOO_LARGE,
                    f"joint {self._joint_names[j]!r} is {off[j]:.6g} {self._units[j]} from where the "
                    "controller should have it by now; if it does not follow, this would be a jump; nothing "
                    "was sent",
                )
            self._motion = motion
            command = _trajectory(self._joint_names, self._motion, turns)
        self._sent, self._sent_at = positions, now
        return command

    def _commanded(self, received: float, now: float) -> np.ndarray | None:
        """Where the last command has sent the joints by now (n,), None where the joint state tells that."""
        if self._sent is None:
            return None
        seconds = 0.0 if self._motion is None else self._motion.duration
        if received >= self._sent_at + seconds + SHOWN:
            return None
        return self._sent if self._motion is None else self._motion.at(now - self._sent_at)[0]

    def _start(
        self,
        current: np.ndarray,
        velocities: np.ndarray,
        commanded: np.ndarray | None,
        received: float,
        now: float,
        max_velocity: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Where the controller begins (n,) [rad, m], how fast (n,), and where else the joints may be."""
        if self._from_set_point and self._motion is not None:
            motion, sent_at = self._motion, self._sent_at
            elapsed = now - sent_at
            start, speed = motion.at(elapsed)
            seen = self._following.is_seen(current, received, lambda time: motion.at(time - sent_at)[0], now)
            if seen is not False:
                if elapsed < motion.duration:
                    return start, speed, None if seen else current
                if elapsed > motion.duration + SHOWN:
                    # At rest nothing shows whether it is still there to follow.
                    self._following.begin(current, now)
                return start, speed, current
            # Or they hang below where it holds them: the next motion is slow enough from both places.
            self._following.begin(current, now)
            return current, np.zeros_like(velocities), start
        self._following.begin(current, now)
        # Noise is not to be taken for a speed that the joints were never sent to.
        self._fastest = np.maximum(self._fastest, max_velocity)
        return current, velocities.clip(-self._fastest, self._fastest), commanded

    def _spend(
        self, positions: np.ndarray, current: np.ndarray, age: float, now: float, max_velocity: np.ndarray
    ) -> None:
        """Refuse a step that on the whole would be faster than ``max_velocity``: positions have no times."""
        follows = self._sent is not None and now - self._sent_at <= STREAM_GAP
        step = np.abs(positions - (self._sent if follows and self._sent is not None else current))
        gained = max(0.0, now - self._allowed_at) * max_velocity
        self._allowance = np.minimum(BURST * max_velocity, self._allowance + gained)
        self._allowed_at = now
        name = "what its largest speed allows by now"
        self._check_step(step, self._allowance, name)
        # Joints that follow are no farther behind; those that do not would be where the stream is at once.
        self._check_step(np.abs(positions - current), (BURST + SHOWN + age) * max_velocity, name)
        self._allowance = self._allowance - step

    def _check_step(self, steps: np.ndarray, allowed: np.ndarray, name: str) -> None:
        """Raise a RejectedError where a joint's step (n,) is not up to ``allowed`` (n,)."""
        refused = ~(steps <= allowed)
        if not refused.any():
            return
        j = int(np.argmax(np.where(refused, steps / allowed, 0.0)))
        unit = self._units[j]
        raise RejectedError(
            Code.STEP_TOO_LARGE,
            f"the solution of joint {self._joint_names[j]!r} is {steps[j]:.6g} {unit} from where the joints "
            f"may be, expected at most {name} = {allowed[j]:g} {unit}; nothing was sent",
        )

    def _stream(self, positions: np.ndarray, now: float) -> tuple[np.ndarray | None, float]:
        """At what speed (n,) [rad/s, m/s] solutions come, and in what time [s] the next one is due."""
        (last, at), self._counted = self._counted, (positions, now)
        elapsed = now - at
        if last is None or elapsed > STREAM_GAP:
            self.interrupt()
            return None, SHORTEST
        if elapsed <= 0.0:  # a clock that ticks more slowly than solutions come, or stands still
            self._counted = last, at
            mean = None if self._mean_change is None else self._mean_change / self._mean_interval
            return mean, max(self._mean_interval, SHORTEST)
        # Solutions come unevenly, and a velocity over one short interval would be that of the jitter.
        change = positions - last
        if self._mean_change is None:
            self._mean_change, self._mean_interval = change, elapsed
        self._mean_change = self._mean_change + _NEW_SHARE * (change - self._mean_change)
        self._mean_interval += _NEW_SHARE * (elapsed - self._mean_interval)
        return self._mean_change / self._mean_interval, max(self._mean_interval, SHORTEST)


def _trajectory(joint_names: Sequence[str], motion: Motion, turns: np.ndarray | float) -> JointTrajectory:
    """A message of the knots of a motion but the first, to be started when it is received (stamp 0)."""
    points = []
    knots = zip(motion.times[1:], motion.positions[1:], motion.velocities[1:], strict=True)
    for seconds, positions, velocities in knots:
        nanoseconds = math.ceil(seconds * 1e9)
        points.append(
            JointTrajectoryPoint(
                positions=(positions + turns).tolist(),
                velocities=velocities.tolist(),
                time_from_start=Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9),
            )
        )
    return JointTrajectory(joint_names=list(joint_names), points=points)
