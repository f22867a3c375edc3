"""How a controller's clock goes, by the stamps of what it publishes."""

from __future__ import annotations

import math

#: Clocks farther apart than this are not believed to measure the same time [s].
AGREES = 0.05
#: Stamps of this and of so many intervals before it count; in [s].
_INTERVAL, _BEFORE = 0.5, 4


class ClockOffset:
    """By how much a controller's clock is ahead of the node's.

    A message is never early: the largest of the differences between stamp and receipt of the last two seconds
    is that of the message that was on its way for the shortest time.

    Attributes:
        seconds: The offset [s], None where there are no stamps or the clocks do not agree.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None
        #: The largest difference [s] of each interval.
        self._largest: dict[int, float] = {}

    def add(self, stamp: float, received: float) -> None:
        """Count a message.

        Args:
            stamp: In [s]; 0 says nothing.
            received: When it came on the node's clock, in [s].
        """
        now = math.floor(received / _INTERVAL)
        if now not in self._largest:  # those after now are from before the clock was set back
            self._largest = {i: largest for i, largest in self._largest.items() if 0 < now - i <= _BEFORE}
        if stamp > 0.0:
            self._largest[now] = max(stamp - received, self._largest.get(now, -math.inf))
        offset = max(self._largest.values(), default=math.inf)
        self.seconds = offset if abs(offset) <= AGREES else None

    @property
    def timing(self) -> str:
        """How trajectories are timed, for the status."""
        if self.seconds is not None:
            return "anchored"
        why = f"clocks more than {AGREES:g} s apart" if self._largest else "no stamps"
        return f"from receipt: {why}"
