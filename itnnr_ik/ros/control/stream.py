"""The velocity of a stream of solutions."""

from __future__ import annotations

import math

import numpy as np

from itnnr_ik.ros.control.limits import Array

#: A solution later than this after the previous one begins a new stream [s].
MAX_GAP = 0.3
#: Time constant [s] of the exponential means of change and interval: solutions come unevenly.
_TIME_CONSTANT = 0.035


class StreamVelocity:
    """The ratio of the mean change to the mean interval of the last solutions."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The next solution begins another stream."""
        self._last, self._at = np.zeros(0), -math.inf
        #: Changes (n,) and the interval, in one array.
        self._mean: Array | None = None

    def add(self, positions: Array, now: float) -> Array | None:
        """The velocity (n,) [rad/s, m/s] of a stream, None at its beginning.

        Args:
            positions: The newest solution (n,) [rad, m].
            now: Its time, in [s].
        """
        interval = now - self._at
        if not 0.0 <= interval <= MAX_GAP:
            self.reset()
        elif interval > 0.0:  # the clock may tick more slowly than solutions come
            new = np.append(positions - self._last, interval)
            mean = new if self._mean is None else self._mean
            self._mean = mean - math.expm1(-interval / _TIME_CONSTANT) * (new - mean)
        if interval != 0.0:
            self._last, self._at = positions, now
        return None if self._mean is None else self._mean[:-1] / self._mean[-1]
