"""How a drawn arm gets from one posture to another: in a moment, and not at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Joint changes up to this [rad, m] are drawn at once: a dragged target makes many small ones.
_AT_ONCE = 0.25
#: How long a motion takes for each radian or metre of its largest joint change, and its bounds, in [s].
_PER_RADIAN, _SHORTEST, _LONGEST = 0.35, 0.35, 1.2


class Motion:
    """A drawn posture that arrives smoothly where the arm is, even while that moves on.

    It is the arm's posture plus an offset that fades.

    Args:
        positions: Where the arm is, joint positions (n,) in [rad] or [m].
    """

    def __init__(self, positions: Array) -> None:
        self._goal = np.array(positions)
        self._offset = np.zeros_like(self._goal)
        self._start, self._duration = 0.0, _SHORTEST

    def go(self, positions: Array, now: float) -> None:
        """The arm is at ``positions`` (n,) from now on [s]; a large change is drawn as a motion."""
        away = self.at(now) - positions
        if np.abs(positions - self._goal).max() > _AT_ONCE:
            largest = float(np.abs(away).max())
            self._offset, self._start = away, now
            self._duration = min(max(_PER_RADIAN * largest, _SHORTEST), _LONGEST)
        self._goal = np.array(positions)

    def at(self, now: float) -> Array:
        """The posture (n,) to draw at time ``now`` [s]."""
        share = min(max((now - self._start) / self._duration, 0.0), 1.0)
        left = 1.0 - share * share * (3.0 - 2.0 * share)
        posture: Array = self._goal + left * self._offset
        return posture

    def moving(self, now: float) -> bool:
        """Whether the drawn posture is still on its way."""
        return now < self._start + self._duration and bool(self._offset.any())
