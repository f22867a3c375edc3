"""Animates large changes of a drawn arm's posture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Joint changes up to this [rad, m] are drawn without animation: a dragged target makes many small ones.
_MAX_INSTANT_CHANGE = 0.25
#: Duration of an animation per radian or metre of its largest joint change, and its bounds, in [s].
_SECONDS_PER_RADIAN, _MIN_DURATION, _MAX_DURATION = 0.35, 0.35, 1.2


class Motion:
    """A drawn posture that approaches that of the arm smoothly, even while the arm moves.

    It is the arm's posture plus an offset that decays to zero.

    Args:
        positions: Initial joint positions (n,) in [rad] or [m].
    """

    def __init__(self, positions: Array) -> None:
        self._goal = np.array(positions)
        self._offset = np.zeros_like(self._goal)
        self._start, self._duration = 0.0, _MIN_DURATION

    def move_to(self, positions: Array, now: float) -> None:
        """Set the arm's ``positions`` (n,) at time ``now`` [s]; a large change starts an animation."""
        offset = self.at(now) - positions
        if np.abs(positions - self._goal).max() > _MAX_INSTANT_CHANGE:
            largest = float(np.abs(offset).max())
            self._offset, self._start = offset, now
            self._duration = min(max(_SECONDS_PER_RADIAN * largest, _MIN_DURATION), _MAX_DURATION)
        self._goal = np.array(positions)

    def at(self, now: float) -> Array:
        """The posture (n,) to draw at time ``now`` [s]."""
        share = min(max((now - self._start) / self._duration, 0.0), 1.0)
        remaining = 1.0 - share * share * (3.0 - 2.0 * share)
        posture: Array = self._goal + remaining * self._offset
        return posture

    def moving(self, now: float) -> bool:
        """Whether an animation is in progress at time ``now`` [s]."""
        return now < self._start + self._duration and bool(self._offset.any())
