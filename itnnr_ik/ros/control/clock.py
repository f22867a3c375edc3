"""How a controller's clock goes, by the stamps of what it publishes."""

from __future__ import annotations

import math
from collections import deque

#: Clocks farther apart than this are not believed to measure the same time [s].
AGREES = 0.05
#: Stamps are kept for so long, one in every so many seconds [s].
_WINDOW, _EVERY = 2.0, 0.03


class ClockOffset:
    """By how much a controller's clock is ahead of the node's.

    A message is never early: the largest of the differences between stamp and receipt of the last two seconds
    is that of the message that was on its way for the shortest time.

    Attributes:
        seconds: The offset [s], None where there are no stamps or the clocks do not agree.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._differences: deque[tuple[float, float]] = deque()

    def add(self, stamp: float, received: float) -> None:
        """Count a message.

        Args:
            stamp: In [s]; 0 says nothing.
            received: When it came on the node's clock, in [s].
        """
        differences = self._differences
        if differences and received < differences[-1][0]:  # a clock that was set back
            differences.clear()
        if stamp > 0.0:
            self._count(stamp - received, received)
        offset = max((difference for _, difference in differences), default=math.inf)
        self.seconds = offset if abs(offset) <= AGREES else None

    def _count(self, difference: float, received: float) -> None:
        differences = self._differences
        if differences and received - differences[-1][0] < _EVERY:
            start, largest = differences.pop()
            differences.append((start, max(largest, difference)))
            return
        differences.append((received, difference))
        while differences[0][0] < received - _WINDOW:
            differences.popleft()

    @property
    def text(self) -> str:
        """Why it is not known."""
        return "no stamps" if not self._differences else f"clocks more than {AGREES:g} s apart"
