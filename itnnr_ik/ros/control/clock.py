"""The clock of a controller, by the stamps of what it publishes."""

from __future__ import annotations

import math

#: Clocks farther apart than this do not measure the same time [s].
MAX_OFFSET = 0.05
#: Length [s] of an interval of stamps, and the number of earlier intervals that count beside the present one.
_INTERVAL, _N_PREVIOUS = 0.5, 4
#: Simulated time may be behind the stamps by this [s].
_MAX_CLOCK_DELAY = 0.5


class ClockOffset:
    """How far a controller's clock is ahead of the node's.

    The largest difference between stamp and reception time over the last two seconds is that of the message
    with the shortest transport delay.

    Attributes:
        seconds: The offset [s], None if there are no stamps or it is above `MAX_OFFSET`.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None
        #: The largest difference [s] of each interval.
        self._largest: dict[int, float] = {}

    def add(self, stamp: float, received: float) -> None:
        """Take a message.

        Args:
            stamp: Timestamp in [s]; 0 for none.
            received: Reception time on the node's clock, in [s].
        """
        now = math.floor(received / _INTERVAL)
        if now not in self._largest:  # later ones are from before the clock was set back
            self._largest = {i: largest for i, largest in self._largest.items() if 0 < now - i <= _N_PREVIOUS}
        if stamp > 0.0:
            self._largest[now] = max(stamp - received, self._largest.get(now, -math.inf))
        offset = max(self._largest.values(), default=math.inf)
        self.seconds = offset if abs(offset) <= MAX_OFFSET else None

    @property
    def timing(self) -> str:
        """How trajectories are timed, as text for the status."""
        if self.seconds is not None:
            return "anchored"
        why = f"clocks more than {MAX_OFFSET:g} s apart" if self._largest else "no stamps"
        return f"from receipt: {why}"


class SimulatedTime:
    """Simulated time that is never behind the controller's messages.

    A node that was held up finds those of ``/clock`` waiting beside the others, which are served first.
    """

    def __init__(self) -> None:
        self._newest = -math.inf

    def at(self, clock: float, stamp: float = -math.inf) -> float:
        """The time [s] by the node's clock and a message's timestamp, both in [s]."""
        if stamp - clock <= _MAX_CLOCK_DELAY:
            self._newest = max(self._newest, stamp)
        if self._newest - clock > _MAX_CLOCK_DELAY:  # the clock was set back
            self._newest = -math.inf
        return max(clock, self._newest)
