"""Limits of the joints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Share of the velocity and margin to the position limits [rad, m] that allow for what a controller adds.
REDUCED_SHARE, _POSITION_MARGIN = 0.42, 0.002


@dataclass(frozen=True, eq=False)
class Limits:
    """Limits of each joint, (n,) each, in [rad] or [m] and seconds.

    Attributes:
        lower, upper: Of the position; ∓inf for continuous joints.
        velocity, acceleration, jerk: Of the set-point.
        step: Largest distance of a new goal from the joint state and from the set-point.
    """

    lower: Array
    upper: Array
    velocity: Array
    acceleration: Array
    jerk: Array
    step: Array

    def reduced(self) -> Limits:
        """The limits for a controller whose clock is not known.

        It moves by two cycles' motion in the first cycle after a message, and interpolates a cubic to the
        first point. Joints without position limits, whose middle is NaN, stay without.
        """
        with np.errstate(invalid="ignore"):
            middle = 0.5 * (self.lower + self.upper)
        lower = np.fmin(self.lower + _POSITION_MARGIN, middle)
        upper = np.fmax(self.upper - _POSITION_MARGIN, middle)
        return replace(self, lower=lower, upper=upper, velocity=REDUCED_SHARE * self.velocity)

    def scaled(self, share: float) -> Limits:
        """These limits with a ``share`` of acceleration and jerk."""
        return replace(self, acceleration=share * self.acceleration, jerk=share * self.jerk)

    def clip(self, positions: Array) -> Array:
        """Positions (…, n) clipped to the limits."""
        return positions.clip(self.lower, self.upper)
