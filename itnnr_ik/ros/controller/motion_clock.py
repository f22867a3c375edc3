"""The time of the motion, and ages of messages on it."""

from __future__ import annotations

import time
from typing import Any

from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType

from itnnr_ik.ros.control import ClockOffset, SimulatedTime

#: For what is to go on while the node's clock stands still.
STEADY = Clock(clock_type=ClockType.STEADY_TIME)


class MotionClock:
    """Steady, as system time jumps; or simulated, where the node's clock is.

    Args:
        clock: The node's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._simulated_time = clock, SimulatedTime()

    @property
    def simulated(self) -> bool:
        """Whether the node's clock is simulated."""
        return isinstance(self._clock, ROSClock) and bool(self._clock.ros_time_is_active)

    @property
    def node_time(self) -> float:
        """Time [s] on the node's clock."""
        return float(self._clock.now().nanoseconds * 1e-9)

    @property
    def now(self) -> float:
        """Time [s] of the motion."""
        return self._simulated_time.at(self.node_time) if self.simulated else time.monotonic()

    @property
    def stamp(self) -> float:
        """The same time as `now` [s], on the clock of timestamps."""
        return self.now if self.simulated else self.node_time

    @property
    def timer_clock(self) -> Clock:
        """What a timer of the motion goes by."""
        return self._clock if self.simulated else STEADY

    def age(self, stamp: Any, reception_age: float, offset: ClockOffset) -> float:
        """Age [s] of a controller's message: by its timestamp or its reception, the larger.

        Args:
            stamp: Its timestamp.
            reception_age: Real time since it was received, in [s].
            offset: Of the controller's clock; is updated.
        """
        seconds, now = float(stamp.sec + 1e-9 * stamp.nanosec), self.node_time
        if self.simulated:
            now, reception_age = self._simulated_time.at(now, seconds), 0.0
        offset.add(seconds, now - reception_age)
        if offset.seconds is None or seconds <= 0.0:
            return reception_age
        return max(reception_age, now + offset.seconds - seconds)
