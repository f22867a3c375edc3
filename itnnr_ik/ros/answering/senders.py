"""Detection of several publishers on one topic, and of joint states that cannot be of one robot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from itnnr_ik.ros.receiving import MessageInfo

#: Publishers that alternate within this time [s] are two, and a joint that jumps to and fro within it is one
#: of two robots; both are reported for as long.
_WINDOW = 1.0
#: A jump is a change larger than this [rad, m], which noise and delays may cause at any velocity, plus
_JUMP_MARGIN = 0.05
#: this many times what the velocity limit allows in the interval, as that is not exactly known.
_VELOCITY_FACTOR = 2.0


def sender_of(info: MessageInfo | None) -> bytes | None:
    """Who published a message; None where rclpy does not say, as before Kilted."""
    publisher = (info or {}).get("publisher_gid")
    return None if publisher is None else bytes(publisher["data"])


class Senders:
    """Tells two publishers that alternate from one that was restarted.

    Attributes:
        several_at: When two last alternated, in [s]; -inf for never.
    """

    def __init__(self) -> None:
        self.several_at = -math.inf
        self._heard: dict[bytes, float] = {}
        self._last: bytes | None = None

    def take(self, sender: bytes | None, now: float) -> None:
        """Take a message at a time [s]; without its sender it is ignored."""
        if sender is None:
            return
        if sender == self._last:
            self._heard[sender] = now
            return
        self._heard = {one: at for one, at in self._heard.items() if 0.0 <= now - at <= _WINDOW}
        if sender in self._heard:
            self.several_at = now
        self._heard[sender], self._last = now, sender

    def several(self, now: float) -> bool:
        """Whether there were two within the last second before a time [s]."""
        return 0.0 <= now - self.several_at <= _WINDOW


class ConsistencyCheck:
    """Detects joint states that are not of one arm: they jump to and fro faster than it can move.

    Args:
        velocity: Velocity limits (n,) [rad/s, m/s].
    """

    def __init__(self, velocity: np.ndarray) -> None:
        # Infinity times an interval of 0 would be NaN.
        self._max_velocity = [_VELOCITY_FACTOR * min(bound, 1e300) for bound in velocity.tolist()]
        self._positions = [math.nan] * len(velocity)
        self._times = [0.0] * len(velocity)
        #: When each joint last jumped, either way.
        self._jumped_up = [-math.inf] * len(velocity)
        self._jumped_down = [-math.inf] * len(velocity)
        self._violated_at = -math.inf

    def take(self, positions: Sequence[float], now: float, joints: Iterable[int] | None = None) -> None:
        """Take positions (n,) [rad, m] at a time [s].

        Args:
            positions: Of all joints.
            now: Their reception time.
            joints: Indices of those received then; None for all. The others are unchanged.
        """
        for joint in range(len(positions)) if joints is None else joints:
            change, since = positions[joint] - self._positions[joint], now - self._times[joint]
            # A comparison with NaN, for a joint not received before, is false.
            if since >= 0.0 and abs(change) > self._max_velocity[joint] * since + _JUMP_MARGIN:
                (self._jumped_up if change > 0.0 else self._jumped_down)[joint] = now
                if min(self._jumped_up[joint], self._jumped_down[joint]) >= now - _WINDOW:
                    self._violated_at = now
            self._positions[joint], self._times[joint] = positions[joint], now

    def violated(self, now: float) -> bool:
        """Whether joint states were inconsistent within the last second before a time [s]."""
        return 0.0 <= now - self._violated_at <= _WINDOW
