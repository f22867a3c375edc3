"""The motion of the joints: from solutions, joint states and what a controller tells to messages for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from itnnr_ik.ros.control.clock import ClockOffset
from itnnr_ik.ros.control.limits import Array, Limits
from itnnr_ik.ros.control.outputs import Output
from itnnr_ik.ros.control.set_points import MEMORY, SetPoints
from itnnr_ik.ros.control.stream import Stream
from itnnr_ik.ros.control.whereabouts import Controller, Whereabouts
from itnnr_ik.ros.status import Code, RejectedError

#: A controller that was sent to a place is seen there by so much later [s].
_SETTLING = 0.05
#: Set-points before the end at any of which a controller that did not follow may have stopped.
_POINTS = 20
#: Goals closer than this are the same [rad, m], and slower than this they stand still [rad/s, m/s].
_SAME, _STANDS = 1e-6, 1e-3


class _Goal(NamedTuple):
    """Where to go (n,) [rad, m], when that was said [s], and with what velocity (n,) to move on there."""

    positions: Array
    given: float
    through: Array | None


class Motion:
    """Leads the set-point generator to solutions, and gives what is to be sent, at any time.

    A controller of which it is not known where it is, or that has been seen elsewhere, is first brought to
    the joints' position, slowly enough from everywhere where it may be. Times are in [s] on one clock; where
    that is set back, everything begins anew.

    Args:
        output: What is sent.
        joint_names, units: The joints', base to tip, for texts.
        limits: Of the joints; may be replaced at any time.
        tolerance: How far joints that follow may be from where they should be, in [rad] or [m].

    Attributes:
        clock: How the controller's clock goes.
        where: What is known of the controller.
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
        self.where = Whereabouts(tolerance)
        self._output, self._joint_names, self._units = output, joint_names, units
        self._stream = Stream()
        self._now = -math.inf
        self._goal: _Goal | None = None
        #: Whether the set-points have not been led to the goal yet; within which limits they have been led,
        #: and whether the controller's clock was known.
        self._changed = False
        self._within: tuple[Limits, bool] | None = None
        self._set_points: SetPoints | None = None
        #: Whether a controller is on its way to them from elsewhere, and the box (2, n) in which it may be.
        self._approaching = False
        self._box: Array | None = None

    def stop(self) -> None:
        """Nobody wants to go anywhere any more; what was sent comes to its end."""
        self._stream.interrupt()
        self._goal = None

    def restart(self, controller: Controller = Controller.UNKNOWN) -> None:
        """Where the controller is has to be found out: it is not known to be where the set-points are."""
        self.stop()
        self.where.lose(controller)
        self._approaching = False

    def forget(self) -> None:
        """What was sent was heard by nobody, or is of another time."""
        self.restart()
        self._output.sent_at = -math.inf
        self._set_points = self._box = None

    def take_joints(self, positions: Array, time: float) -> None:
        """Count a joint state (n,) [rad, m] of a time."""
        if not self.where.follows_joints(positions, time):
            self.restart(Controller.NOT_FOLLOWING)

    def take_reference(self, positions: Array, time: float) -> None:
        """Count the set-point (n,) [rad, m] that the controller says it has at a time."""
        if not self.where.follows_reference(positions, time):
            self.restart(Controller.NOT_FOLLOWING)

    def go(self, solution: Array, now: float, streaming: bool) -> None:
        """Go to a solution.

        Args:
            solution: Joint positions (n,) [rad, m].
            now: Time in [s].
            streaming: Move on through it at the speed at which solutions come.

        Raises:
            RejectedError: It is too far away (``step_too_large``).
        """
        self._tick(now)
        step = np.abs(solution - self.where.joints)
        if self._set_points is not None and self.where.controller is Controller.FOLLOWING:
            step = np.maximum(step, np.abs(solution - self._set_points.at(now)[0]))
        self._check(step)
        velocity = self._stream.add(solution, now)
        moves = streaming and velocity is not None and np.abs(velocity).max() > _STANDS
        self._goal, self._changed = _Goal(solution, now, velocity if moves else None), True

    def message(self, now: float, clock: float, turns: Array) -> Any:
        """What is to be sent now, None for nothing; to be called once a period.

        Where messages are `timed`, also after each `go`.

        Args:
            now: Time in [s].
            clock: The same on the node's clock, which the controller's may agree with.
            turns: What is added to positions (n,): whole turns by which the robot counts joints otherwise.
        """
        self._tick(now)
        if not len(self.where.joints):
            return None
        if self.where.silent(now):
            self.restart()
            return None
        self._arrive(now)
        following = self.where.controller is Controller.FOLLOWING
        if following and self._goal is None and self.timed:
            return None  # it goes on to the end of what it was sent
        if not following and not self._bring(now):
            return None
        set_points, offset = self._set_points, self.clock.seconds if following else None
        assert set_points is not None, "a controller that follows, or is on its way"
        anchored = offset is not None
        if not self._output.due(now, self._changed or anchored or not following):
            return None
        set_points.delay(self._output.late(set_points, now))
        if following:
            self._aim(set_points, now + self._output.lead, anchored)
        return self._output.message(set_points, now, None if offset is None else clock + offset, turns)

    @property
    def timed(self) -> bool:
        """Whether messages may be sent at any time; else once a period."""
        return self._output.timed

    def set_point(self, now: float) -> Array | None:
        """Where a controller that follows is at a time [s], (n,) [rad, m]; None before the first goal."""
        return None if self._set_points is None else self._set_points.at(now)[0]

    @property
    def moving(self) -> bool:
        """Whether set-points that were led there are not at rest yet."""
        return self._set_points is not None and self._now < self._set_points.end

    def _tick(self, now: float) -> None:
        if now < self._now:
            self.forget()
            self.where.forget()
        self._now = now

    def _arrive(self, now: float) -> None:
        """See whether a controller that was brought to the set-points is there, once it is heard of again."""
        set_points = self._set_points
        if not self._approaching or set_points is None or now < set_points.end + _SETTLING:
            return
        if self.where.seen_at >= set_points.end:
            self._approaching = False  # if it is not there, another one is begun
            if self.where.near(set_points.goal):
                self._box = None
                self.where.begin(set_points, now)

    def _bring(self, now: float) -> bool:
        """Bring the controller to the joints' position, from wherever it is; whether it is on its way."""
        end = -math.inf if self._set_points is None else self._set_points.end
        if self._approaching:
            return now < end
        if self.timed:  # it goes on with what it was sent, and then stays
            begins = self._goal is not None and now >= end + _SETTLING
        else:
            begins = self._goal is not None or self.where.controller is Controller.NOT_FOLLOWING
        if begins:
            here = self.where.joints if self.where.reference is None else self.where.reference
            goal = self.limits.inside(here)
            last, box = self._set_points or SetPoints(goal, now, self.limits), self._everywhere(here)
            self._set_points = self._output.approach(last, goal, box, now, self.limits)
            self._approaching = True
        return begins

    def _aim(self, set_points: SetPoints, start: float, anchored: bool) -> None:
        """Lead the set-points to the goal, or to their own within other limits, from a time [s] on."""
        goal, given, through = self._goal or _Goal(set_points.goal, start, None)
        goal = self.limits.inside(self.where.leash(goal, set_points.at(start)[0]))
        far = np.abs(goal - set_points.goal).max() > _SAME
        moves_on = self._changed and through is not None
        within = self.limits, anchored
        if far or moves_on or within != self._within:
            limits = self.limits if anchored or not self.timed else self.limits.with_room()
            set_points.aim(goal, start, limits, None if self.where.tied else through, given)
        self._changed, self._within = False, within

    def _everywhere(self, here: Array) -> Array:
        """The box (2, n) in which the controller may be, if it is not known to be ``here`` (n,)."""
        if self.where.reference is not None:
            return np.stack([here, here])
        places = [here - self.where.tolerance, here + self.where.tolerance]
        if self._set_points is not None:
            end = self._set_points.end
            places.extend(self._set_points.at(np.linspace(end - MEMORY, end, _POINTS))[0])
        if self._box is not None:
            places.extend(self._box)
        self._box = np.array([np.min(places, axis=0), np.max(places, axis=0)])
        return self._box

    def _check(self, step: Array) -> None:
        refused = ~(step <= self.limits.step)
        if refused.any():
            j = int(np.argmax(np.where(refused, step / self.limits.step, 0.0)))
            name, unit = self._joint_names[j], self._units[j]
            raise RejectedError(
                Code.STEP_TOO_LARGE,
                f"the solution of joint {name!r} is {step[j]:.6g} {unit} from where the joints may be, "
                f"expected at most max_joint_step = {self.limits.step[j]:g} {unit}; nothing was sent",
            )
