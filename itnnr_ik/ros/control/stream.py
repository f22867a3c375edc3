"""How fast solutions move from one to the next, where they come one after the other."""

from __future__ import annotations

import math

import numpy as np

from itnnr_ik.ros.control.limits import Array

#: A solution that comes later than this after the one before begins a new stream [s].
GAP = 0.3
#: Solutions come unevenly: change and interval are means over about this time [s].
_MEAN = 0.035


class Stream:
    """Means over the last solutions."""

    def __init__(self) -> None:
        self.interrupt()

    def interrupt(self) -> None:
        """The next solution begins another stream."""
        self._last, self._at = np.zeros(0), -math.inf
        #: Changes (n,) and the interval, in one array.
        self._mean: Array | None = None

    def add(self, positions: Array, now: float) -> Array | None:
        """The velocity (n,) [rad/s, m/s] of a stream, None at its beginning.

        Args:
            positions: The newest solution (n,) [rad, m].
            now: When it came, in [s].
        """
        interval = now - self._at
        if not 0.0 <= interval <= GAP:
            self.interrupt()
        elif interval > 0.0:  # a clock may tick more slowly than solutions come
            new = np.append(positions - self._last, interval)
            mean = new if self._mean is None else self._mean
            self._mean = mean - math.expm1(-interval / _MEAN) * (new - mean)
        if interval != 0.0:
            self._last, self._at = positions, now
        return None if self._mean is None else self._mean[:-1] / self._mean[-1]
