"""Whether joints follow the set-points that a controller is believed to give: it may be inactive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Joints that follow are where the set-points were not longer ago than this [s], but for an error [rad] as
#: that of servos without an integral part that hold an arm against gravity.
LAG, ERROR = 0.25, 0.05
#: Set-points are looked at every so often [s]: from one to the next a joint does not turn, or hardly.
_STEP = 0.02


class Following:
    """Compares joint states with the set-points of the last moments, which go from rest to rest."""

    def __init__(self) -> None:
        self._rest = np.zeros(0)
        self._set_points: deque[tuple[float, Array]] = deque()
        self._moved_at = np.inf

    def begin(self, positions: Array, now: float) -> None:
        """The joints rest at ``positions`` (n,) [rad], and nothing is known of the controller."""
        self._rest, self._moved_at = positions, np.inf
        self._set_points = deque([(now, positions)])

    def is_seen(
        self, positions: Array, received: float, set_points: Callable[[float], Array], now: float
    ) -> bool | None:
        """Whether the joints have been seen to follow for a while, None where that is not known yet.

        Args:
            positions: The last joint state (n,) [rad].
            received: When that came, in [s].
            set_points: Where the joints were to be (n,) [rad] at a time [s] since the last call.
            now: The latest time so far, in [s].
        """
        path = self._set_points
        since = max(path[-1][0] + _STEP, min(received, now) - LAG - _STEP)
        for time in [*np.arange(since, now, _STEP).tolist(), now]:
            path.append((time, set_points(time)))
        while len(path) > 1 and path[1][0] <= received - LAG:
            path.popleft()
        where = np.array([point for _, point in path])
        low, high = np.minimum.reduce(where), np.maximum.reduce(where)
        if (positions < low - ERROR).any() or (positions > high + ERROR).any():
            return False
        if np.abs(positions - self._rest).max() > ERROR:
            self._moved_at = min(self._moved_at, received)
        # A controller that was activated on the way takes as long to be where it is believed to be.
        return True if now > self._moved_at + LAG else None
