"""What the joints may do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Share of the velocity, and margin to the position limits [rad, m], that leave a controller room for what it
#: adds.
ROOM, _MARGIN = 0.45, 0.002


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

    def with_room(self) -> Limits:
        """For a controller whose clock is not known.

        Its first cycle after a message moves two cycles' way, and a cubic of its own leads it to the first
        point. Joints without position limits, whose middle is not a number, stay without.
        """
        with np.errstate(invalid="ignore"):
            middle = 0.5 * (self.lower + self.upper)
        lower = np.fmin(self.lower + _MARGIN, middle)
        upper = np.fmax(self.upper - _MARGIN, middle)
        return replace(self, lower=lower, upper=upper, velocity=ROOM * self.velocity)

    def gentler(self, share: float) -> Limits:
        """The same with ``share`` of acceleration and jerk."""
        return replace(self, acceleration=share * self.acceleration, jerk=share * self.jerk)

    def inside(self, positions: Array) -> Array:
        """Positions (…, n), or the nearest within the limits."""
        return positions.clip(self.lower, self.upper)
