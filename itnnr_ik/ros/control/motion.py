"""The motion of the joints: from solutions, joint states and a controller's state to commands for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from itnnr_ik.ros.control.clock import ClockOffset
from itnnr_ik.ros.control.limits import Array, Limits
from itnnr_ik.ros.control.outputs import Output
from itnnr_ik.ros.control.set_points import HISTORY, SetPoints
from itnnr_ik.ros.control.stream import StreamVelocity
from itnnr_ik.ros.control.tracking_monitor import TrackingMonitor, TrackingState
from itnnr_ik.ros.status import Code, RejectedError

#: From the end of an approach until joints at the goal are observed there [s].
_SETTLING_TIME = 0.05
#: Number of past set-points at any of which a controller that did not follow may have stopped.
_STOP_SAMPLES = 20
#: Goals closer than this are the same [rad, m], and slower ones are at rest [rad/s, m/s].
_GOAL_TOLERANCE, _MIN_SPEED = 1e-6, 1e-3


class _Goal(NamedTuple):
    """Joint positions (n,) [rad, m] as of a time [s], and the velocity (n,) there; None for rest."""

    positions: Array
    time: float
    velocity: Array | None


class Motion:
    """Plans set-points to each solution within the limits, and makes the commands to send at any time.

    A controller that is not known to be at the set-points first approaches the joints' position, slowly
    enough from every position that it may have. Times are in [s] on one clock; if that is set back, all
    is reset.

    Args:
        output: Makes the messages.
        joint_names, units: Of the joints, base to tip, for error texts.
        limits: Of the joints; may be replaced at any time.
        tolerance: Largest tracking error of joints that follow, in [rad] or [m].

    Attributes:
        clock: Offset of the controller's clock.
        replaces: The controller has ``allow_trajectory_replacement``: trajectories cannot be anchored.
        monitor: Whether the controller follows the set-points.
    """

    def __init__(
        self,
        output: Output,
        joint_names: Sequence[str],
        units: Sequence[str],
        limits: Limits,
        tolerance: float,
    ) -> None:
        self.limits = limits
        self.clock = ClockOffset()
        self.replaces = False
        self.monitor = TrackingMonitor(tolerance)
        self._output, self._joint_names, self._units = output, joint_names, units
        self._stream_velocity = StreamVelocity()
        self._now = -math.inf
        self._goal: _Goal | None = None
        #: Whether the goal is not planned for yet; the limits of the last plan, and whether it was anchored.
        self._goal_changed = False
        self._planned_within: tuple[Limits, bool] | None = None
        self._set_points: SetPoints | None = None
        #: Whether the controller is approaching them, and the box (2, n) of positions that it may have.
        self._approaching = False
        self._uncertainty: Array | None = None

    def stop(self) -> None:
        """Drop the goal; what was sent is still executed to its end."""
        self._stream_velocity.reset()
        self._goal = None

    def restart(self, state: TrackingState = TrackingState.UNKNOWN) -> None:
        """Drop the goal, and let the next one begin with an approach."""
        self.stop()
        self.monitor.stop(state)
        self._approaching = False

    def reset(self) -> None:
        """Restart and forget what was sent: nobody received it, or the clock was set back."""
        self.restart()
        self._set_points = self._uncertainty = None

    def take_joints(self, positions: Array, time: float) -> None:
        """Take the joint state (n,) [rad, m] of a time."""
        unwatched = time - self.monitor.joints_at > HISTORY
        if not self.monitor.update_joints(positions, time):
            self.restart(TrackingState.UNKNOWN if unwatched else TrackingState.NOT_FOLLOWING)

    def take_reference(self, positions: Array, time: float) -> None:
        """Take the controller's own set-point (n,) [rad, m] at a time."""
        if not self.monitor.update_reference(positions, time):
            self.restart(TrackingState.NOT_FOLLOWING)

    def set_goal(self, solution: Array, now: float, streaming: bool) -> None:
        """Make a solution the goal.

        Args:
            solution: Joint positions (n,) [rad, m].
            now: Time in [s].
            streaming: Pass through it at the velocity of the stream of solutions.

        Raises:
            RejectedError: It is too far away (``step_too_large``).
        """
        self._check_clock(now)
        step = np.abs(solution - self.monitor.joints)
        if self._set_points is not None and self.monitor.state is TrackingState.FOLLOWING:
            step = np.maximum(step, np.abs(solution - self._set_points.at(now)[0]))
        self._check_step(step)
        velocity = self._stream_velocity.add(solution, now)
        moves = streaming and velocity is not None and np.abs(velocity).max() > _MIN_SPEED
        self._goal, self._goal_changed = _Goal(solution, now, velocity if moves else None), True

    def message(self, now: float, clock: float, turns: Array) -> Any:
        """The command to send now, None for none; to be called once a period.

        Where messages are `timed`, also after each `set_goal`.

        Args:
            now: Time in [s].
            clock: The same on the node's clock, which the controller's may agree with.
            turns: Whole turns (n,) [rad] that the robot counts more of its joints; added to positions.
        """
        self._check_clock(now)
        if not len(self.monitor.joints):
            return None
        if self.monitor.timed_out(now):
            self.restart()
            return None
        self._check_arrival(now)
        following = self.monitor.state is TrackingState.FOLLOWING
        if following and self._goal is None and self.timed:
            return None  # it executes what it was sent to the end
        if not following and not self._approaching:
            if not self._approach_is_due(now):
                return None
            self._begin_approach(now)
        elif not following and not self.moving:
            return None  # the approach has ended, and is judged by the next state
        set_points = self._set_points
        assert set_points is not None, "a controller that follows, or approaches"
        offset = self.clock.seconds if following and not self.replaces else None
        if not self._output.due(now, following and (self._goal_changed or offset is not None)):
            return None
        set_points.delay(self._output.delay(set_points, now))
        if following:
            self._plan(set_points, now + self._output.dead_time, offset is not None)
        return self._output.message(set_points, now, None if offset is None else clock + offset, turns)

    @property
    def timed(self) -> bool:
        """Whether messages have times, and may be sent at any time; else once a period."""
        return self._output.timed

    @property
    def timing(self) -> str:
        """How messages are timed, as text for the status."""
        if self.replaces:
            return "from receipt: the controller has allow_trajectory_replacement"
        return self.clock.timing

    def set_point(self, now: float) -> Array | None:
        """The set-point (n,) [rad, m] at a time [s]; None before the first goal."""
        return None if self._set_points is None else self._set_points.at(now)[0]

    @property
    def moving(self) -> bool:
        """Whether the set-points are not at rest yet."""
        return self._set_points is not None and self._now < self._set_points.end

    def _check_clock(self, now: float) -> None:
        if now < self._now:  # it was set back
            self.reset()
            self.monitor.reset()
        self._now = now

    def _check_arrival(self, now: float) -> None:
        """Judge an approach that has ended by the first state received after it."""
        set_points = self._set_points
        if not self._approaching or set_points is None or now < set_points.end + _SETTLING_TIME:
            return
        if self.monitor.updated_at >= set_points.end:
            self._approaching = False  # if the controller is not there, another approach begins
            if self.monitor.is_at(set_points.goal):
                self._uncertainty = None
                self.monitor.start(set_points, now)

    def _approach_is_due(self, now: float) -> bool:
        if not self.timed:
            return self._goal is not None or self.monitor.state is TrackingState.NOT_FOLLOWING
        # The controller executes what it was sent, and then stays.
        at_rest = self._set_points is None or now >= self._set_points.end + _SETTLING_TIME
        return at_rest and self._goal is not None

    def _begin_approach(self, now: float) -> None:
        """Approach the joints' position."""
        measured = self.monitor.joints if self.monitor.reference is None else self.monitor.reference
        from_receipt = self.timed and (self.replaces or self.clock.seconds is None)
        goal = (self.limits.reduced() if from_receipt else self.limits).clip(measured)
        last = self._set_points
        if last is None or self._moved_unwatched(last, now):
            last = SetPoints(goal, now, self.limits)
        box, self._approaching = self._possible_positions(measured), True
        self._set_points = self._output.approach(last, goal, box, now, self.limits)

    def _plan(self, set_points: SetPoints, start: float, anchored: bool) -> None:
        """Replan the set-points from a time [s] on, where the goal or the limits have changed."""
        goal, time, velocity = self._goal or _Goal(set_points.goal, start, None)
        goal = self.limits.clip(self.monitor.restrict(goal, set_points.at(start)[0]))
        differs = np.abs(goal - set_points.goal).max() > _GOAL_TOLERANCE
        moved_on = self._goal_changed and velocity is not None
        within = self.limits, anchored
        if differs or moved_on or within != self._planned_within:
            limits = self.limits if anchored or not self.timed else self.limits.reduced()
            set_points.set_goal(goal, start, limits, None if self.monitor.restricted else velocity, time)
        self._goal_changed, self._planned_within = False, within

    def _moved_unwatched(self, last: SetPoints, now: float) -> bool:
        """Whether the joints are no more where they were sent long ago, and nobody saw how they left.

        A controller that was switched on again meanwhile would go back there at once.
        """
        sent_at = self._output.sent_at
        if self.monitor.state is not TrackingState.UNKNOWN or now - sent_at <= HISTORY:
            return False
        return bool(np.abs(self.monitor.joints - last.at(sent_at)[0]).max() > self.monitor.tolerance)

    def _possible_positions(self, measured: Array) -> Array:
        """The box (2, n) of positions that a controller may have, given its reference or the joints' (n,)."""
        if self.monitor.reference is not None:
            return np.stack([measured, measured])
        possible = [measured - self.monitor.tolerance, measured + self.monitor.tolerance]
        if self._set_points is not None:
            end = self._set_points.end
            possible.extend(self._set_points.at(np.linspace(end - HISTORY, end, _STOP_SAMPLES))[0])
        if self._uncertainty is not None:
            possible.extend(self._uncertainty)
        self._uncertainty = np.array([np.min(possible, axis=0), np.max(possible, axis=0)])
        return self._uncertainty

    def _check_step(self, step: Array) -> None:
        refused = ~(step <= self.limits.step)
        if refused.any():
            j = int(np.argmax(np.where(refused, step / self.limits.step, 0.0)))
            name, unit = self._joint_names[j], self._units[j]
            raise RejectedError(
                Code.STEP_TOO_LARGE,
                f"the solution of joint {name!r} is {step[j]:.6g} {unit} from where the joints may be, "
                f"expected at most max_joint_step = {self.limits.step[j]:g} {unit}; nothing was sent",
            )
