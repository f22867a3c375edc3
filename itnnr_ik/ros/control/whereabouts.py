"""Whether a controller is where the set-points are: by its own state, or else by that of the joints."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from itnnr_ik.ros.control.limits import Array
from itnnr_ik.ros.control.set_points import SetPoints

#: How late [s] joints may be that have not been seen to follow yet.
_LATEST = 0.25
#: A controller whose state comes no more for so long [s], and for so many times its interval, is not active;
#: after the last time [s] it is taken for one that does not tell its state.
_SILENT, _INTERVALS, _GONE = 0.05, 4.0, 2.0
#: How far [rad, m] and how long [s] a controller's own set-point may be off: a message may be on its way.
_OFF, _ON_ITS_WAY = 0.01, 0.06
#: Joints have been seen to follow that have moved this far [rad, m], by this share of their set-points' way.
_FAR, _ALONG = 0.015, 0.4
#: How far set-points may be from joints that have not [rad, m].
_LEASH = 0.02
#: How far joints whose lag is known may be off: so far in any case [rad, m], so much for the square of the
#: lag [rad/s²], which is not quite a delay, and so many times the root of the mean square error.
_LEAST_OFF, _BY_LAG, _BY_ERROR, _MOST_ERROR = 0.01, 5.0, 3.0, 0.007
#: Shares of a new value in the means of lag and squared error (after as many values as that is the plain
#: mean), of the error of joints that move and at rest, and of the interval of a controller's states.
_NEW, _NEW_ERROR, _NEW_ERROR_AT_REST, _NEW_INTERVAL = 0.002, 0.002, 0.05, 0.02
_MOVING = 0.02  # [rad/s, m/s]


class Controller(str, Enum):
    """Where the controller's set-point is."""

    #: Nothing is known: it has just been found, or nobody heard what was sent.
    UNKNOWN = "unknown"
    #: It or the joints have been seen elsewhere than where the set-points were.
    NOT_FOLLOWING = "not following"
    #: It is where the set-points are.
    FOLLOWING = "following"


class Whereabouts:
    """Compares what is seen of the joints and of the controller with the set-points.

    Joints lag by a time and, as servos without an integral part do under load, by an error; both are learnt
    while they follow. What a controller tells of its set-point counts more than the joints.

    Args:
        tolerance: How far joints that follow may be from where they should be, in [rad] or [m].

    Attributes:
        controller: What is known of it.
        seen: The joints have been seen to move with the set-points since they began.
        joints: The last joint state (n,) [rad, m].
        reference: The controller's own set-point (n,), None where it does not tell.
    """

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.controller = Controller.UNKNOWN
        self.seen = False
        self.joints: Array = np.zeros(0)
        self.joints_at = -np.inf
        self.reference: Array | None = None
        self._reference_at, self._interval = -np.inf, 0.0
        self._lag, self._lag_by, self._error = 0.0, np.zeros(2), np.zeros(1)
        self._mean_square, self._moves = 0.0, 0
        #: What the controller follows, and where it was when that began.
        self._set_points: SetPoints | None = None
        self._began = np.zeros(0)

    def begin(self, set_points: SetPoints, now: float) -> None:
        """The controller is where the set-points are."""
        self.controller, self.seen, self._set_points = Controller.FOLLOWING, False, set_points
        self._began = set_points.at(now)[0]
        self._error = (self.joints - self._began).clip(-self.tolerance, self.tolerance)

    def lose(self, controller: Controller) -> None:
        """The controller is not where the set-points are."""
        self.controller, self._set_points = controller, None

    def forget(self) -> None:
        """What was heard so far is of another time."""
        self.lose(Controller.UNKNOWN)
        self.reference, self.joints_at, self._reference_at = None, -np.inf, -np.inf

    def silent(self, now: float) -> bool:
        """Whether a controller that told its state is not active."""
        if now - self._reference_at > _GONE:
            self.reference = None
        silent = max(_SILENT, _INTERVALS * self._interval)
        return self.reference is not None and now - self._reference_at > silent

    def follows_reference(self, positions: Array, time: float) -> bool:
        """Count the controller's own set-point (n,) [rad, m] of a time [s]: is it where it should be?"""
        if self.reference is not None:
            self._interval += _NEW_INTERVAL * (min(time - self._reference_at, _SILENT) - self._interval)
        self.reference, self._reference_at = positions, time
        if self._set_points is None:
            return True
        around = self._set_points.at([time - _ON_ITS_WAY, time, time + _ON_ITS_WAY])[0]
        return _beyond(positions, around) <= _OFF

    def follows_joints(self, positions: Array, time: float) -> bool:
        """Count joint positions (n,) [rad, m] of a time [s]: are they where they should be?"""
        self.joints, self.joints_at = positions, time
        set_points = self._set_points
        if set_points is None or self.reference is not None:
            return True
        if self.seen:
            width = 0.01 + 0.5 * self._lag
            where = set_points.at([time - self._lag + share * width for share in (-1.0, 0.0, 1.0)])[0]
            margin = _LEAST_OFF + _BY_LAG * self._lag**2 + _BY_ERROR * math.sqrt(self._mean_square)
            off = _beyond(positions - self._error, where) > min(margin, self.tolerance)
        else:
            where = set_points.at(np.linspace(time - _LATEST, time, 6))[0]
            off = _beyond(positions, where) > self.tolerance
        if not off:
            self._learn(positions, time, set_points)
        return not off

    @property
    def seen_at(self) -> float:
        """When the controller, or else the joints, were last heard of, in [s]."""
        return self.joints_at if self.reference is None else self._reference_at

    def near(self, positions: Array) -> bool:
        """Whether the controller, or else the joints, are at ``positions`` (n,)."""
        seen, off = (self.joints, self.tolerance) if self.reference is None else (self.reference, _OFF)
        return bool(np.abs(seen - positions).max() <= off)

    @property
    def tied(self) -> bool:
        """Whether the joints may not follow, so that set-points must stay near them."""
        return not self.seen and self.reference is None

    def leash(self, goal: Array, present: Array) -> Array:
        """``goal`` (n,) [rad, m], or from ``present`` as far there as is safe where joints may not follow."""
        if not self.tied:
            return goal
        middle = self.joints - self._error
        return np.clip(goal, np.minimum(present, middle - _LEASH), np.maximum(present, middle + _LEASH))

    def _learn(self, positions: Array, time: float, set_points: SetPoints) -> None:
        """Lag and error of joints that follow, and whether they have been seen to."""
        expected, velocity, _ = set_points.at(time)
        at_once = positions - self._error
        moving = bool(np.abs(velocity).max() > _MOVING)
        if moving:
            self._moves += 1
            new = max(_NEW, 1.0 / self._moves)
            late = expected - at_once
            self._lag_by += new * (np.array([late @ velocity, velocity @ velocity]) - self._lag_by)
            self._lag = float(np.clip(self._lag_by[0] / self._lag_by[1], 0.0, _LATEST))
        if not self.seen:
            moved, came = expected - self._began, at_once - self._began
            j = int(np.abs(moved).argmax())
            self.seen = bool(abs(moved[j]) >= _FAR and came[j] / moved[j] >= _ALONG)
            return
        off = at_once - set_points.at(time - self._lag)[0]
        if moving:
            self._mean_square += new * (min(float(off @ off), _MOST_ERROR**2) - self._mean_square)
        error = self._error + (_NEW_ERROR if moving else _NEW_ERROR_AT_REST) * off
        self._error = error.clip(-self.tolerance, self.tolerance)


def _beyond(positions: Array, where: Array) -> float:
    """How far positions (n,) are outside the box around others (k, n)."""
    return float(np.maximum(where.min(axis=0) - positions, positions - where.max(axis=0)).max())
