"""How fast solutions move from one to the next, where they come one after the other."""

from __future__ import annotations

import math

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
        self._last: tuple[Array, float] | None = None
        self._mean: tuple[Array, float] | None = None

    def add(self, positions: Array, now: float) -> Array | None:
        """The velocity (n,) [rad/s, m/s] of a stream, None at its beginning.

        Args:
            positions: The newest solution (n,) [rad, m].
            now: When it came, in [s].
        """
        if self._last is not None and not 0.0 <= now - self._last[1] <= GAP:
            self.interrupt()
        if self._last is None:
            self._last = positions, now
            return None
        interval = now - self._last[1]
        if interval > 0.0:  # a clock may tick more slowly than solutions come
            change = positions - self._last[0]
            self._last = positions, now
            share = 1.0 if self._mean is None else -math.expm1(-interval / _MEAN)
            mean_change, mean_interval = self._mean or (change, interval)
            self._mean = (
                mean_change + share * (change - mean_change),
                mean_interval + share * (interval - mean_interval),
            )
        if self._mean is None:
            return None
        return self._mean[0] / self._mean[1]
