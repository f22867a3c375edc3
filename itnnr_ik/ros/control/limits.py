"""What the joints may do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Limits:
    """Limits of each joint, (n,) each, in [rad] or [m] and seconds.

    Attributes:
        lower, upper: Of the position; ∓inf for joints that turn on and on.
        velocity, acceleration, jerk: Of the set-point's derivatives.
        step: How far a new goal may be from the joints and from the set-point.
    """

    lower: Array
    upper: Array
    velocity: Array
    acceleration: Array
    jerk: Array
    step: Array

    def slower(self, share: float) -> Limits:
        """The same with ``share`` of the velocity."""
        return replace(self, velocity=share * self.velocity)

    def narrower(self, margin: float) -> Limits:
        """The same with a margin [rad, m] to the position limits, where there is room for one."""
        with np.errstate(invalid="ignore"):
            middle = 0.5 * (self.lower + self.upper)  # not a number where there are none, which stays so
        lower = np.fmin(self.lower + margin, middle)
        return replace(self, lower=lower, upper=np.fmax(self.upper - margin, middle))

    def gentler(self, share: float) -> Limits:
        """The same with ``share`` of acceleration and jerk."""
        return replace(self, acceleration=share * self.acceleration, jerk=share * self.jerk)

    def inside(self, positions: Array) -> Array:
        """Positions (…, n), or the nearest within the limits."""
        return positions.clip(self.lower, self.upper)
