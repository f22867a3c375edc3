"""Whether a controller tracks the set-points: by the state that it publishes, or else by the joint states."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from itnnr_ik.ros.control.limits import Array
from itnnr_ik.ros.control.set_points import SetPoints

#: Largest lag [s] of the joints behind their set-points.
_MAX_LAG = 0.25
#: A controller's state times out after this time [s] or this many of its mean intervals, whichever is longer;
#: after the last time [s] the controller counts as one that publishes none.
_MIN_TIMEOUT, _TIMEOUT_INTERVALS, _NO_STATE_TIME = 0.05, 4.0, 2.0
#: Tolerance of a controller's reference [rad, m] to the set-points within the transport delay [s].
_REFERENCE_TOLERANCE, _MAX_TRANSPORT_DELAY = 0.01, 0.06
#: Joints are confirmed to follow once a set-point has moved this far [rad, m] and its joint this share of it;
#: until then, set-points lead the joints by at most the last [rad, m].
_MIN_TRAVEL, _MIN_TRAVEL_SHARE, _MAX_UNCONFIRMED_LEAD = 0.015, 0.4, 0.02
#: Tolerance of joints with a known lag: at least this [rad, m], plus this times the lag squared [rad/s²], as
#: the lag is not quite a dead time, plus this many times the root mean square of the tracking error, in which
#: larger errors [rad, m] count as the last.
_MIN_TOLERANCE, _LAG_FACTOR, _ERROR_FACTOR, _MAX_ERROR = 0.01, 5.0, 3.0, 0.007
#: Smoothing factors of the exponential means: of the lag and the squared tracking error (whose first values
#: are averaged plainly), of the offset of moving joints and at rest, and of the interval of the states.
_LAG_SMOOTHING, _OFFSET_SMOOTHING, _OFFSET_SMOOTHING_AT_REST, _INTERVAL_SMOOTHING = 0.002, 0.002, 0.05, 0.02
#: Joints with slower set-points are at rest [rad/s, m/s].
_MIN_SPEED = 0.02


class TrackingState(str, Enum):
    """Whether the controller follows the set-points."""

    #: It has just been found, nobody received what was sent, or the joints were not observed for a second and
    #: are elsewhere now.
    UNKNOWN = "unknown"
    #: It, or the joints, were observed elsewhere.
    NOT_FOLLOWING = "not following"
    FOLLOWING = "following"


class TrackingMonitor:
    """Compares joint states and the controller's own reference with the set-points.

    Joints have a lag and, like servos without integral action under load, a steady offset; both are estimated
    while they follow. The reference takes precedence over the joints.

    Args:
        tolerance: Largest tracking error of joints that follow, in [rad] or [m].

    Attributes:
        state: Whether the controller follows the set-points.
        confirmed: The joints have moved with the set-points since `start`.
        joints: The last joint state (n,) [rad, m].
        reference: The set-point (n,) that the controller published last, None where it publishes none.
    """

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.state = TrackingState.UNKNOWN
        self.confirmed = False
        self.joints: Array = np.zeros(0)
        self.joints_at = -np.inf
        self.reference: Array | None = None
        self._reference_at, self._interval = -np.inf, 0.0
        self._offset = np.zeros(1)
        #: The lag [s] by least squares, the ratio of two means: of error · velocity, and of velocity².
        self._lag, self._lag_means = 0.0, np.zeros(2)
        self._mean_square_error, self._moving_samples = 0.0, 0
        #: What the controller follows, and where it was at the start.
        self._set_points: SetPoints | None = None
        self._start = np.zeros(0)

    def start(self, set_points: SetPoints, now: float) -> None:
        """From now [s] on the controller follows the set-points."""
        self.state, self.confirmed, self._set_points = TrackingState.FOLLOWING, False, set_points
        self._start = set_points.at(now)[0]
        self._offset = (self.joints - self._start).clip(-self.tolerance, self.tolerance)

    def stop(self, state: TrackingState) -> None:
        """The controller does not follow the set-points any more."""
        self.state, self._set_points = state, None

    def reset(self) -> None:
        """Forget all that was received: the clock was set back."""
        self.stop(TrackingState.UNKNOWN)
        self.reference, self.joints_at, self._reference_at = None, -np.inf, -np.inf

    def timed_out(self, now: float) -> bool:
        """Whether a controller that published its state has ceased to, and so is not active."""
        if now - self._reference_at > _NO_STATE_TIME:
            self.reference = None
        timeout = max(_MIN_TIMEOUT, _TIMEOUT_INTERVALS * self._interval)
        return self.reference is not None and now - self._reference_at > timeout

    def update_reference(self, positions: Array, time: float) -> bool:
        """Take the controller's reference (n,) [rad, m] at a time [s]; whether it is at the set-points."""
        if self.reference is not None:
            interval = min(time - self._reference_at, _MIN_TIMEOUT)
            self._interval += _INTERVAL_SMOOTHING * (interval - self._interval)
        self.reference, self._reference_at = positions, time
        if self._set_points is None:
            return True
        around = self._set_points.at([time - _MAX_TRANSPORT_DELAY, time, time + _MAX_TRANSPORT_DELAY])[0]
        return _distance_outside(positions, around) <= _REFERENCE_TOLERANCE

    def update_joints(self, positions: Array, time: float) -> bool:
        """Take joint positions (n,) [rad, m] at a time [s]; whether they follow the set-points."""
        self.joints, self.joints_at = positions, time
        set_points = self._set_points
        if set_points is None or self.reference is not None:
            return True
        if self.confirmed:
            width, rms_error = 0.01 + 0.5 * self._lag, math.sqrt(self._mean_square_error)
            expected = set_points.at([time - self._lag + share * width for share in (-1.0, 0.0, 1.0)])[0]
            tolerance = _MIN_TOLERANCE + _LAG_FACTOR * self._lag**2 + _ERROR_FACTOR * rms_error
            lost = _distance_outside(positions - self._offset, expected) > min(tolerance, self.tolerance)
        else:
            expected = set_points.at(np.linspace(time - _MAX_LAG, time, 6))[0]
            lost = _distance_outside(positions, expected) > self.tolerance
        if not lost:
            self._estimate(positions, time, set_points)
        return not lost

    @property
    def updated_at(self) -> float:
        """Time [s] of the last reference, or else of the last joint state."""
        return self.joints_at if self.reference is None else self._reference_at

    def is_at(self, positions: Array) -> bool:
        """Whether the reference, or else the joints, are at ``positions`` (n,)."""
        if self.reference is not None:
            return bool(np.abs(self.reference - positions).max() <= _REFERENCE_TOLERANCE)
        return bool(np.abs(self.joints - positions).max() <= self.tolerance)

    @property
    def restricted(self) -> bool:
        """Whether set-points must stay near the joints, which are not confirmed to follow."""
        return not self.confirmed and self.reference is None

    def restrict(self, goal: Array, present: Array) -> Array:
        """``goal`` (n,) [rad, m], clipped while `restricted`; ``present`` is the present set-point (n,)."""
        if not self.restricted:
            return goal
        joints, lead = self.joints - self._offset, _MAX_UNCONFIRMED_LEAD
        return np.clip(goal, np.minimum(present, joints - lead), np.maximum(present, joints + lead))

    def _estimate(self, positions: Array, time: float, set_points: SetPoints) -> None:
        """Update lag, offset and tracking error of joints that follow, and whether that is confirmed."""
        expected, velocity, _ = set_points.at(time)
        without_offset = positions - self._offset
        moving = bool(np.abs(velocity).max() > _MIN_SPEED)
        if moving:
            self._moving_samples += 1
            smoothing = max(_LAG_SMOOTHING, 1.0 / self._moving_samples)
            error = expected - without_offset
            products = np.array([error @ velocity, velocity @ velocity])
            self._lag_means += smoothing * (products - self._lag_means)
            self._lag = float(np.clip(self._lag_means[0] / self._lag_means[1], 0.0, _MAX_LAG))
        if not self.confirmed:
            travel, moved = expected - self._start, without_offset - self._start
            j = int(np.abs(travel).argmax())
            self.confirmed = bool(abs(travel[j]) >= _MIN_TRAVEL and moved[j] / travel[j] >= _MIN_TRAVEL_SHARE)
            return
        error = without_offset - set_points.at(time - self._lag)[0]
        if moving:
            square = min(float(error @ error), _MAX_ERROR**2)
            self._mean_square_error += smoothing * (square - self._mean_square_error)
        offset = self._offset + (_OFFSET_SMOOTHING if moving else _OFFSET_SMOOTHING_AT_REST) * error
        self._offset = offset.clip(-self.tolerance, self.tolerance)


def _distance_outside(positions: Array, others: Array) -> float:
    """Largest distance [rad, m] of positions (n,) from the bounding box of others (k, n)."""
    return float(np.maximum(others.min(axis=0) - positions, positions - others.max(axis=0)).max())
